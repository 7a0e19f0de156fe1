//! What goes in and what comes out.

use super::*;

#[test]
fn stdin_is_empty() {
    let output = Program::new("cat").run().expect("ends at once");
    assert!(output.status.success() && output.stdout.is_empty());
}

#[test]
fn large_input_and_large_output_do_not_block_each_other() {
    let input: Vec<u8> = (0..8_000_000_u32).map(|each| (each % 251) as u8).collect();
    let output = script("tee /dev/stderr").input_on_stdin(input.clone()).run().expect("runs");
    assert!(output.stdout == input && output.stderr == input && !output.truncated);
}

#[test]
fn a_program_that_does_not_read_is_no_error() {
    let input = vec![b'x'; 4_000_000];
    let output = script("exec <&-; echo done").input_on_stdin(input.clone()).run().expect("runs");
    assert_eq!(output.check().expect("succeeds").stdout, b"done\n");
    let output = script("head -c 3; exec <&-; echo").input_on_stdin(input).run().expect("runs");
    assert_eq!(output.stdout, b"xxx\n");
}

#[test]
fn an_empty_input_is_an_end_of_file() {
    assert!(Program::new("cat").input_on_stdin("").run().expect("ends at once").stdout.is_empty());
}

#[test]
fn output_is_capped_and_the_rest_is_dropped() {
    let output = script("yes | head -c 20000000; echo end >&2").output_cap(1000).run().expect("runs");
    assert!(output.status.success(), "it could write everything: {:?}", output.status);
    assert_eq!((output.stdout.len(), output.truncated), (1000, true));
    assert_eq!(output.stderr, b"end\n");
}

#[test]
fn the_default_cap_is_sixteen_mebibytes() {
    let output = script("yes | head -c 17000000").run().expect("runs");
    assert_eq!((output.stdout.len(), output.truncated), (16 * 1024 * 1024, true));
}

#[test]
fn an_output_does_not_show_its_content() {
    let output = script("echo content").run().expect("runs");
    assert!(!format!("{output:?}").contains("content\\n"), "{output:?}");
    assert_eq!(output.stdout_text(), "content");
}
