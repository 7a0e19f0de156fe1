//! `status`, `doctor`, `prompt` and the program without a command

use crate::environment::{Environment, finish};
use std::fs;
use std::os::unix::fs::PermissionsExt;

#[test]
fn without_a_command_the_status_is_printed_and_nothing_is_created() {
    let environment = Environment::new();
    let ran = environment.run([]).ends_with(0).says("Next: `homesync init`");
    assert!(ran.stdout.contains("not set up"), "{ran:?}");
    for command in [
        &["status", "--json"][..],
        &["status", "--short"],
        &["doctor"],
        &["prompt"],
        &["machine", "list"],
        &["config", "get"],
    ] {
        finish(environment.homesync().args(command)).ends_with(0);
    }
    assert_eq!(fs::read_dir(environment.home()).expect("readable").count(), 0);
}

#[test]
fn status_tells_how_things_stand() {
    let environment = Environment::ready();
    let json = environment.run(["status", "--json"]).ends_with(0).json();
    assert_eq!((&json["version"], &json["state"]), (&1.into(), &"ready".into()));
    assert_eq!(json["machine"]["name"], "attic");
    let short = environment.run(["status", "--short"]).ends_with(0).stdout;
    assert!(short.starts_with("attic  ") && short.lines().count() == 1, "{short}");
    environment.configure("broken");
    let json = environment.run(["status", "--json"]).ends_with(1).json();
    assert_eq!(json["state"], "problem");
    assert!(
        json["problems"][0]["message"].as_str().is_some_and(|message| message.contains("config.toml:1:")),
        "{json}"
    );
    let ran = environment.run(["status"]).ends_with(1);
    assert!(ran.stdout.contains("problem:") && ran.stdout.contains("next:"), "{ran:?}");
}

#[test]
fn the_prompt_is_the_prompt_file_and_nothing_else() {
    let environment = Environment::new();
    assert_eq!(environment.run(["prompt"]).ends_with(0).stdout, "");
    environment.run(["init"]).ends_with(0);
    assert_eq!(environment.run(["prompt"]).ends_with(0).stdout, "✓\n");
    assert_eq!(environment.run(["-q", "prompt"]).ends_with(0).stdout, "✓\n", "the long way says the same");
    environment.configure("broken");
    environment.run(["status"]).ends_with(1);
    assert_eq!(environment.run(["prompt"]).stdout, "✗\n", "a problem that status sees, the prompt shows");
    environment.configure("");
    environment.run(["status"]).ends_with(0);
    assert_eq!(environment.run(["prompt"]).stdout, "✓\n");
    environment.write(".local/state/homesync/prompt", "whatever stands there");
    assert_eq!(environment.run(["prompt"]).stdout, "whatever stands there");
    assert_eq!(finish(environment.homesync().arg("prompt").env_remove("HOME")).ends_with(0).stderr, "");
}

#[test]
fn a_prompt_that_is_no_file_does_not_stop_the_shell() {
    let environment = Environment::ready();
    let prompt = environment.path(".local/state/homesync/prompt");
    fs::rename(&prompt, environment.path("moved")).expect("moved");
    finish(environment.program("mkfifo").arg(&prompt)).ends_with(0);
    assert_eq!(environment.run(["prompt"]).ends_with(0).stdout, "");
}

#[test]
fn hints_are_commands_that_can_be_pasted() {
    let environment = Environment::new();
    let root = environment.path("my root");
    let hinted = format!("`homesync --root '{}' init`", root.display());
    finish(environment.homesync().arg("--root").arg(&root).arg("status")).ends_with(0).says(&hinted);
    finish(environment.homesync().arg("--root").arg(&root).args(["machine", "id", "--device"]))
        .ends_with(1)
        .says(&hinted);
    let doctor = finish(environment.homesync().arg("--root").arg(&root).arg("doctor"));
    assert!(doctor.stdout.contains(&hinted), "{doctor:?}");
}

#[test]
fn names_that_could_deceive_a_terminal_are_escaped() {
    let environment = Environment::new();
    let root = environment.path("q\u{1b}[31mX");
    fs::create_dir_all(root.join("state/lock")).expect("created");
    let ran = finish(environment.homesync().arg("--root").arg(&root).arg("init"))
        .ends_with(1)
        .says("q\\u{1b}[31mX");
    assert!(!ran.stderr.contains('\u{1b}'), "{ran:?}");
}

#[test]
fn doctor_finds_what_could_get_in_the_way() {
    let environment = Environment::ready();
    let healthy = environment.run(["doctor", "--json"]).ends_with(0).json();
    let findings = healthy["findings"].as_array().expect("a list");
    assert!(findings.iter().all(|finding| finding["verdict"] == "good"), "{healthy}");
    assert!(findings.iter().any(|finding| finding["subject"] == "git"));

    let key = environment.path(".local/share/homesync/identity/key.pem");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).expect("a mode");
    let ran = environment.run(["doctor"]).ends_with(1);
    assert!(ran.stdout.contains("others can reach") && ran.stdout.contains("chmod -R go="), "{ran:?}");

    let data = environment.path(".local/share/homesync");
    fs::set_permissions(&data, fs::Permissions::from_mode(0o777)).expect("a mode");
    assert!(environment.run(["doctor"]).ends_with(1).stdout.contains("chmod go-w"));
    environment.configure("[log]\nlevle = 1\n");
    let ran = environment.run(["doctor"]).ends_with(1);
    assert!(ran.stdout.contains("there is no setting `log.levle`"), "{ran:?}");
    environment.configure("[log");
    assert!(environment.run(["doctor"]).ends_with(1).stdout.contains("config.toml:1:"));
    let mut command = environment.homesync();
    assert!(finish(command.arg("doctor").env_remove("HOME")).ends_with(1).stdout.contains("HOME is not set"));
}

#[test]
fn doctor_looks_at_the_state_directory_and_at_the_version_of_git() {
    let environment = Environment::ready();
    let state = environment.path(".local/state/homesync");
    fs::set_permissions(&state, fs::Permissions::from_mode(0o777)).expect("a mode");
    let ran = environment.run(["doctor"]).ends_with(1);
    assert!(ran.stdout.contains("others can write to") && ran.stdout.contains("chmod go-w"), "{ran:?}");
    fs::set_permissions(&state, fs::Permissions::from_mode(0o700)).expect("a mode");

    fs::rename(state.join("lock"), state.join("old-lock")).expect("moved");
    fs::create_dir(state.join("lock")).expect("created");
    assert!(environment.run(["doctor"]).ends_with(1).stdout.contains("✗ lock"));
    fs::rename(&state, environment.path("elsewhere")).expect("moved");
    assert!(environment.run(["doctor"]).ends_with(0).stdout.contains("! state"));
    fs::write(&state, "").expect("written");
    assert!(environment.run(["doctor"]).ends_with(1).stdout.contains("is not a directory"));

    let git = environment.write("bin/git", "#!/bin/sh\necho git version 2.20.1\n");
    fs::set_permissions(&git, fs::Permissions::from_mode(0o755)).expect("a mode");
    let path = format!("{}:/usr/bin:/bin", environment.path("bin").display());
    let ran = finish(environment.homesync().arg("doctor").env("PATH", path));
    assert!(ran.stdout.contains("git version 2.20.1 is older than 2.38"), "{ran:?}");
}

#[test]
fn doctor_does_without_git_and_says_what_for_it_is_needed() {
    let environment = Environment::ready();
    let ran = finish(environment.homesync().arg("doctor").env("PATH", environment.home())).ends_with(0);
    assert!(ran.stdout.contains("! git"), "{ran:?}");
}

#[test]
fn mistakes_in_what_is_typed_end_with_2() {
    let environment = Environment::new();
    environment.run(["nonsense"]).ends_with(2).says("nonsense");
    environment.run(["statsu"]).ends_with(2).says("status");
    environment.run(["-v", "-q"]).ends_with(2);
    environment.run(["--root", "", "status"]).ends_with(2);
    environment.run(["config"]).ends_with(2);
}
