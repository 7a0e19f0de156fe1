//! What goes over the line: known bytes, everything that can be said and back, and what nobody may say (chapter F of the failure catalogue).
#![allow(clippy::unwrap_used, reason = "a test may say what it expects by failing")]

mod greeting;
mod hostile;
mod items;
mod known_bytes;
mod random;
mod support;
