//! The program as a person or a script runs it: what is typed, what is printed, how it ends, and what is on disk afterwards.

#![allow(clippy::disallowed_methods, reason = "tests run programs, and remove what they made")]

mod bad_input;
mod config;
mod crash;
mod documents;
mod environment;
mod identity;
mod import;
mod init;
mod lock;
mod logs;
mod older_name;
mod pipes;
#[path = "../common/ran.rs"]
mod ran;
mod status;
