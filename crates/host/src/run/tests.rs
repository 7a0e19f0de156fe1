//! The wrapper with real programs.

mod ends;
mod limits;
mod secrets;
mod streams;

use super::*;

/// A script for `sh`, which stands in for all foreign programs.
fn script(text: &str) -> Program {
    Program::new("sh").arguments(["-c", text])
}
