//! Completions and manual pages, read by the programs they are for.

use crate::environment::{Environment, finish};
use std::fs;

#[test]
fn each_shell_accepts_its_completions() {
    let environment = Environment::new();
    for shell in ["bash", "zsh", "fish"] {
        let script = environment.run(["completions", shell]).ends_with(0).stdout;
        assert!(script.contains("doctor") && script.contains("no-input"), "{shell}");
        let path = environment.write(&format!("completions.{shell}"), script);
        finish(environment.program(shell).arg("-n").arg(path)).ends_with(0);
    }
    environment.run(["completions", "tcsh"]).ends_with(2).says("bash, zsh, fish");
}

#[test]
fn bash_completes_a_command_with_them() {
    let environment = Environment::new();
    let script = environment.write("completions.bash", environment.run(["completions", "bash"]).stdout);
    let ask = "source \"$1\"; COMP_WORDS=(homesync mach); COMP_CWORD=1; _homesync homesync mach homesync; echo \"${COMPREPLY[@]}\"";
    let ran = finish(environment.program("bash").args(["--norc", "-c", ask, "ask"]).arg(script)).ends_with(0);
    assert_eq!(ran.stdout.trim(), "machine");
}

#[test]
fn there_is_a_manual_page_for_every_command() {
    let environment = Environment::new();
    environment.run(["man", "--dry-run"]).ends_with(0).says("Would write");
    environment.run(["man"]).ends_with(0).says(".local/share/man/man1");
    for page in ["homesync.1", "homesync-init.1", "homesync-config-set.1", "homesync-machine-id.1"] {
        let text = fs::read_to_string(environment.path(".local/share/man/man1").join(page)).expect("a page");
        assert!(text.contains(".TH") && text.contains("NAME"), "{page}");
    }
    let pages = environment.path("pages");
    finish(environment.homesync().arg("man").arg(&pages)).ends_with(0);
    assert!(pages.join("homesync-up.1").exists());
    let rendered = finish(
        environment
            .program("man")
            .args(["--local-file", "--warnings", "-E", "UTF-8"])
            .arg(pages.join("homesync-config-set.1")),
    );
    let rendered = rendered.ends_with(0);
    assert!(
        rendered.stdout.contains("comments and order stay") && rendered.stdout.contains("what failed"),
        "{rendered:?}"
    );
}

#[test]
fn many_can_write_the_pages_at_once() {
    let environment = Environment::new();
    let running: Vec<_> =
        (0..8).map(|_| environment.homesync().args(["man", "-q"]).spawn().expect("it runs")).collect();
    for mut child in running {
        assert!(child.wait().expect("it ends").success());
    }
}
