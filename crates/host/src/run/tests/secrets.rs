//! Secrets reach the program and nobody else.

use super::*;
use crate::secret::Secret;

const CANARY: &str = "canary-5f0c2b";

fn canary() -> Secret<Vec<u8>> {
    Secret::new(CANARY.as_bytes().to_vec())
}

#[test]
fn g7_a_secret_on_stdin_is_not_in_the_process_table() {
    let text = "read -r word; cat /proc/$$/cmdline /proc/$$/environ; test -n \"$word\"";
    let output =
        script(text).secret_on_stdin(Secret::new(format!("{CANARY}\n").into_bytes())).run().expect("runs");
    let output = output.check().expect("it was there to be read");
    assert!(!output.stdout.is_empty());
    assert!(!String::from_utf8_lossy(&output.stdout).contains(CANARY));
}

#[test]
fn g7_a_secret_can_be_read_as_a_file() {
    let output =
        Program::new("cat").argument(Program::SECRET_PATH).secret_on_stdin(canary()).run().expect("runs");
    assert_eq!(output.stdout, CANARY.as_bytes());
}

#[test]
fn g7_an_echoing_child_is_redacted_in_errors() {
    let output = script("tee /dev/stderr; exit 1").secret_on_stdin(canary()).run().expect("runs");
    assert!(!format!("{output:?}").contains(CANARY));
    assert_eq!((output.stderr_text(), output.stdout_text()), ("[secret]".into(), "[secret]".into()));
    let error = output.check().expect_err("fails");
    assert!(!format!("{error} {error:?}").contains(CANARY), "{error:?}");
    assert!(error.to_string().ends_with("ended with status 1: [secret]"), "{error}");
}

#[test]
fn g7_an_echoing_child_is_redacted_when_it_is_stopped() {
    let limit = Limit::silence(std::time::Duration::from_millis(1500));
    let program = script("cat >&2; sleep 60").secret_on_stdin(canary()).limit(limit);
    let error = program.run().expect_err("stopped");
    assert!(error.to_string().ends_with("and was stopped: [secret]"), "{error}");
}

#[test]
fn g7_a_secret_that_the_cap_cut_is_redacted() {
    let output = Program::new("cat").secret_on_stdin(canary()).output_cap(8).run().expect("runs");
    assert_eq!(output.stdout_text(), "[secret]");
}

#[test]
fn g7_a_secret_in_an_argument_does_not_reach_errors() {
    let output = script("exit 1").argument(CANARY).secret_on_stdin(canary()).run().expect("runs");
    let error = output.check().expect_err("fails");
    assert_eq!(error.program(), "sh -c 'exit 1' [secret]");
}
