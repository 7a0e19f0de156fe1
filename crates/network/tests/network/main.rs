//! Real networks on this machine's own addresses: each test starts the machines that it needs.

#![allow(clippy::unwrap_used, reason = "a test says what it expects by failing")]

mod connect;
mod discovery;
mod flow;
mod namespace;
mod places;
mod raw;
mod refuse;
mod support;
