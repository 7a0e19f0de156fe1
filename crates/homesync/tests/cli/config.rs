//! `config get`, `set`, `edit` and `check`

use crate::environment::{Environment, finish};
use std::fs;
use std::os::unix::fs::PermissionsExt;

#[test]
fn a_setting_can_be_read_and_changed() {
    let environment = Environment::new();
    assert_eq!(environment.run(["config", "get", "lock.timeout"]).ends_with(0).stdout, "5m\n");
    environment.run(["config", "set", "lock.timeout", "10s"]).ends_with(0).says("lock.timeout is set in");
    assert_eq!(environment.run(["config", "get", "lock.timeout"]).stdout, "10s\n");
    assert_eq!(
        environment.run(["config", "get", "network.listen"]).stdout,
        "tcp://0.0.0.0:22000\nquic://0.0.0.0:22000\n"
    );
    environment.run(["config", "set", "network.listen", "tcp://127.0.0.1:0"]).ends_with(0);
    assert_eq!(environment.run(["config", "get", "network.listen"]).stdout, "tcp://127.0.0.1:0\n");
    assert_eq!(environment.run(["config", "get", "machine.name"]).ends_with(0).stdout, "");
    let json = environment.run(["config", "get", "sync.auto_push", "--json"]).json();
    assert_eq!((&json["version"], &json["value"]), (&1.into(), &true.into()));
    let json = environment.run(["config", "get", "--json"]).json();
    assert_eq!(json["settings"]["lock.timeout"], "10s");
}

#[test]
fn the_list_of_all_settings_is_itself_a_configuration() {
    let environment = Environment::new();
    let listed = environment.run(["config", "get"]).ends_with(0).stdout;
    let copy = environment.write("copy.toml", listed);
    finish(environment.homesync().args(["config", "check"]).arg(copy)).ends_with(0).says("is right");
}

#[test]
fn a_wrong_name_ends_with_2_and_names_the_nearest() {
    let environment = Environment::new();
    environment.run(["config", "set", "network.nonsense", "1"]).ends_with(2).says("`network.listen`");
    environment.run(["config", "get", "log.levle"]).ends_with(2).says("`log.level`");
    environment.run(["config", "set", "sync.interval", "5s"]).ends_with(2).says("at least 60 seconds");
    environment.run(["config", "set", "backup.retention_days", "-1"]).ends_with(2).says("at least 1 day");
    assert_eq!(
        fs::read_dir(environment.home()).expect("readable").count(),
        0,
        "nothing is created by a mistake"
    );
}

#[test]
fn a_dry_run_writes_nothing() {
    let environment = Environment::new();
    environment.run(["config", "set", "-n", "log.level", "debug"]).ends_with(0).says("Would write");
    assert_eq!(fs::read_dir(environment.home()).expect("readable").count(), 0);
}

#[test]
fn check_tells_what_is_wrong_and_where() {
    let environment = Environment::new();
    environment.run(["config", "check"]).ends_with(0).says("everything has its default");
    environment.configure("[log]\nlevel = \"info\"\nlevle = 1\n");
    environment
        .run(["config", "check"])
        .ends_with(0)
        .says("config.toml:3:1: there is no setting `log.levle`");
    let json = environment.run(["config", "check", "--json"]).json();
    assert_eq!(json["warnings"][0]["nearest"], "log.level");
    let older = environment.write("older.yml", "sync_interval: 5\nlog_level: loud\n");
    finish(environment.homesync().args(["config", "check"]).arg(older))
        .ends_with(2)
        .says("older.yml:1:16")
        .says("older.yml:2:12");
    environment.configure("[log]\nlevel = 5\n");
    let json = environment.run(["config", "check", "--json"]).ends_with(2).json();
    assert_eq!(
        (&json["right"], &json["problems"][0]["line"], &json["problems"][0]["column"]),
        (&false.into(), &2.into(), &9.into())
    );
    environment.run(["config", "check"]).ends_with(2).says("config.toml:2:9: invalid type: integer `5`");
    environment.run(["config", "check", "/nowhere.toml"]).ends_with(1).says("there is no file /nowhere.toml");
}

#[test]
fn k4_a_file_that_was_broken_by_hand_is_reported_and_left_as_it_is() {
    let environment = Environment::ready();
    let broken = "[log]\nlevel = \"inf";
    let path = environment.configure(broken);
    for command in [&["config", "set", "log.level", "info"][..], &["init"], &["machine", "list"]] {
        finish(environment.homesync().args(command)).ends_with(2).says("config.toml:2:");
    }
    environment.run(["status"]).ends_with(1);
    assert_eq!(fs::read_to_string(path).expect("readable"), broken);
    assert_eq!(
        environment.run(["prompt"]).ends_with(0).stdout,
        "✗\n",
        "status told the prompt, which reads no settings"
    );
}

#[test]
fn k4_unknown_settings_are_warned_about_and_kept() {
    let environment = Environment::new();
    let path = environment.configure("# mine\n[future]\nflag = true # keep\n");
    environment.run(["config", "set", "log.level", "debug"]).ends_with(0);
    environment.run(["status"]).ends_with(0).says("config.toml:2:2: there is no setting `future`");
    let text = fs::read_to_string(path).expect("readable");
    assert_eq!(text, "# mine\n[future]\nflag = true # keep\n\n[log]\nlevel = \"debug\"\n");
}

/// An editor that is a shell script.
fn edit_with(environment: &Environment, script: &str) -> crate::environment::Ran {
    let path = environment.write("editor", format!("#!/bin/sh\n{script}\n"));
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("a mode");
    finish(environment.homesync().args(["config", "edit"]).env("EDITOR", &path))
}

/// The texts of all drafts that were kept.
fn drafts(environment: &Environment) -> Vec<String> {
    let files =
        environment.files(".local/state/homesync").into_iter().filter(|path| path.contains("config-draft-"));
    files.map(|path| fs::read_to_string(environment.path(&path)).expect("readable")).collect()
}

#[test]
fn what_was_typed_is_kept_whatever_goes_wrong_afterwards() {
    let environment = Environment::ready();
    let typed = "printf '# typed\\n' >> \"$1\"";
    edit_with(&environment, &format!("{typed}; exit 3")).ends_with(1).says("your text is in");
    let configuration = environment.configuration();
    let by_hand = format!("{typed}; printf '# by hand\\n' >> {}", configuration.display());
    edit_with(&environment, &by_hand).ends_with(3).says("changed by somebody else").says("your text is in");
    let text = fs::read_to_string(&configuration).expect("readable");
    assert!(text.contains("# by hand") && !text.contains("# typed"), "{text}");
    let in_the_way = format!(
        "{typed}; mkdir {}/.config.toml.homesync-new",
        configuration.parent().expect("a parent").display()
    );
    edit_with(&environment, &in_the_way).ends_with(1).says("your text is in");
    let drafts = drafts(&environment);
    assert_eq!(drafts.len(), 3);
    assert!(drafts.iter().all(|draft| draft.contains("# typed")), "{drafts:?}");
}

#[test]
fn a_dry_run_of_an_edit_tells_and_changes_nothing() {
    let environment = Environment::ready();
    let before = fs::read(environment.configuration()).expect("readable");
    let editor = environment.write("editor", "#!/bin/sh\nprintf '# typed\\n' >> \"$1\"\n");
    fs::set_permissions(&editor, fs::Permissions::from_mode(0o755)).expect("a mode");
    let mut command = environment.homesync();
    finish(command.args(["config", "edit", "--dry-run"]).env("EDITOR", format!("'{}'", editor.display())))
        .ends_with(0)
        .says("Would write");
    assert_eq!(fs::read(environment.configuration()).expect("readable"), before);
}

#[test]
fn what_an_editor_saves_is_taken_over_when_it_is_right() {
    let environment = Environment::ready();
    edit_with(&environment, "exit 0").ends_with(0).says("Nothing was changed");
    edit_with(&environment, "printf '[log]\\nlevel = \"debug\"\\n' >> \"$1\"")
        .ends_with(0)
        .says("is changed");
    assert_eq!(environment.run(["config", "get", "log.level"]).stdout, "debug\n");
    edit_with(&environment, "exit 3").ends_with(1).says("the editor").says("not changed");
    edit_with(&environment, "rm \"$1\"").ends_with(1).says("removed the draft");
    assert!(drafts(&environment).is_empty());
}

#[test]
fn k4_what_an_editor_saves_wrongly_leaves_the_last_good_settings_active() {
    let environment = Environment::ready();
    let before = fs::read(environment.configuration()).expect("readable");
    let ran = edit_with(&environment, "echo 'log = 5' > \"$1\"")
        .ends_with(2)
        .says(":1:7: ")
        .says("the old settings hold");
    assert_eq!(fs::read(environment.configuration()).expect("readable"), before);
    assert_eq!(drafts(&environment), ["log = 5\n"], "what was typed is kept");
    assert!(ran.stderr.contains(".local/state/homesync/config-draft-"), "{ran:?}");
    edit_with(&environment, "exit 0").ends_with(0);
    assert_eq!(drafts(&environment), ["log = 5\n"], "also by the next edit");
}

#[test]
fn k4_an_editor_is_how_a_broken_file_is_mended() {
    let environment = Environment::new();
    environment.configure("[log\n");
    edit_with(&environment, "echo '[log]' > \"$1\"").ends_with(0);
    environment.run(["config", "check"]).ends_with(0).says("is right");
}

#[test]
fn ctrl_c_in_the_editor_is_the_editors_business() {
    let environment = Environment::ready();
    let script = "kill -INT $PPID; printf '[log]\\nlevel = \"debug\"\\n' >> \"$1\"";
    edit_with(&environment, script).ends_with(0).says("is changed");
    assert_eq!(environment.run(["config", "get", "log.level"]).stdout, "debug\n");
}

#[test]
fn a_request_to_end_while_editing_keeps_the_text_and_ends_the_run() {
    let environment = Environment::ready();
    let before = fs::read(environment.configuration()).expect("readable");
    let ran = edit_with(&environment, "printf '# typed\\n' >> \"$1\"; kill -TERM $PPID");
    assert_eq!(ran.code, -1, "ended by the signal: {ran:?}");
    assert_eq!(fs::read(environment.configuration()).expect("readable"), before);
    assert_eq!(drafts(&environment).len(), 1);
}

#[test]
fn editing_needs_an_editor_and_a_person() {
    let environment = Environment::new();
    environment.run(["--no-input", "config", "edit"]).ends_with(3).says("config set");
    let mut command = environment.homesync();
    finish(command.args(["config", "edit"]).env("EDITOR", "/nowhere/editor")).ends_with(1).says("$EDITOR");
    environment.run(["config", "edit"]).ends_with(3).says("a person at an editor");
    let mut command = environment.homesync();
    finish(command.args(["config", "edit"]).env("EDITOR", "sh -c 'exit"))
        .ends_with(2)
        .says("a quote without its end");
}

#[test]
fn a_configuration_that_is_a_link_stays_one() {
    let environment = Environment::new();
    let real = environment.write("dotfiles/homesync.toml", "");
    fs::create_dir_all(environment.path(".config/homesync")).expect("created");
    std::os::unix::fs::symlink(&real, environment.configuration()).expect("a link");
    environment.run(["config", "set", "log.level", "debug"]).ends_with(0);
    assert!(environment.configuration().is_symlink());
    assert!(fs::read_to_string(real).expect("readable").contains("debug"));
}
