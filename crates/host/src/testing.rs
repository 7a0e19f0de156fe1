//! Helpers for this crate's tests.

use std::time::{Duration, Instant};

use crate::run::Program;

/// More than anything here takes on a busy machine.
pub(crate) const DEADLINE: Duration = Duration::from_secs(30);

/// Waits until the condition holds, without a fixed sleep.
pub(crate) fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + DEADLINE;
    while !condition() {
        assert!(Instant::now() < deadline, "waited too long: {what}");
        std::thread::park_timeout(Duration::from_millis(2));
    }
}

/// This test program once more, as another process that runs one test of the given name. That test acts only when it finds the variable
/// [`AGAIN`], and does nothing when it runs among the others.
pub(crate) fn again(test: &str, message: &std::ffi::OsStr) -> Program {
    let ourselves = std::env::current_exe().expect("the path of this program");
    Program::new(ourselves).arguments([test, "--exact", "--nocapture"]).variable(AGAIN, message)
}

/// The variable that tells a test that it runs in another process, and what to do there.
pub(crate) const AGAIN: &str = "HOMESYNC_TEST_AGAIN";

/// A named pipe, as something that is no plain file.
pub(crate) fn make_pipe(path: &std::path::Path) {
    let output = Program::new("mkfifo").paths([path]).run().expect("runs");
    output.check().expect("makes a pipe");
}
