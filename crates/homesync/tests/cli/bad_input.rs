//! Places and files that are not as they should be. Each is a clear error with the right code, and nothing is half made.

use crate::environment::{Environment, NOBODY, Ran, executable, finish, must_be_root};
use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::Path;

/// Runs the program as a user who owns nothing, from a copy that this user can reach.
fn run_as_nobody(environment: &Environment, arguments: &[&str]) -> Ran {
    must_be_root();
    let copy = environment.path("homesync");
    if !copy.exists() {
        fs::copy(executable(), &copy).expect("copied");
    }
    let mut command = environment.program("setpriv");
    command.args([format!("--reuid={NOBODY}"), format!("--regid={NOBODY}"), "--clear-groups".to_owned()]);
    finish(command.arg(copy).args(arguments))
}

fn give_to_nobody(path: &Path) {
    chown(path, Some(NOBODY), Some(NOBODY)).expect("root may do that");
}

/// A file system of its own, of so many blocks of 4 KiB, with a shell running in front of it. The place is below the home.
fn run_on_small_disk(environment: &Environment, blocks: u32, script: &str) -> Ran {
    must_be_root();
    let place = environment.path("disk");
    fs::create_dir_all(&place).expect("created");
    let script = format!("mount -t tmpfs -o nr_blocks={blocks} tmpfs \"$1\" || exit 99\n{script}");
    let mut command = environment.program("unshare");
    command.args(["--mount", "sh", "-c", &script, "small-disk"]).arg(place).arg(executable());
    finish(&mut command)
}

#[test]
fn configurations_that_are_no_configuration() {
    let huge = vec![b'#'; (1 << 20) + 1];
    for (bytes, code, said) in [
        (&b"[log]\nlevel = \"inf"[..], 2, "config.toml:2:"),
        (b"[log]\nlevel = \"\xff\"\n", 2, "config.toml:2:10: the file is not UTF-8"),
        (b"\0\0\0\0", 2, "config.toml:1:"),
        (&huge, 1, "larger than 1048576 bytes"),
    ] {
        let environment = Environment::new();
        let path = environment.configure(bytes);
        for command in [&["config", "check"][..], &["init"], &["config", "set", "log.level", "info"]] {
            finish(environment.homesync().args(command)).ends_with(code).says(said);
        }
        assert_eq!(fs::read(path).expect("readable"), bytes, "it is left as it is");
        assert!(!environment.path(".local/share/homesync/identity").exists(), "nothing is half made");
    }
}

#[test]
fn a_directory_or_a_pipe_in_the_place_of_the_configuration() {
    let environment = Environment::new();
    fs::create_dir_all(environment.configuration()).expect("created");
    environment.run(["config", "check"]).ends_with(1).says("it is a directory").says("ls -ld");
    environment.run(["config", "set", "log.level", "info"]).ends_with(1).says("it is a directory");

    let environment = Environment::new();
    fs::create_dir_all(environment.path(".config/homesync")).expect("created");
    finish(environment.program("mkfifo").arg(environment.configuration())).ends_with(0);
    environment.run(["config", "check"]).ends_with(1).says("not a regular file");
}

#[test]
fn a_configuration_that_cannot_be_read_or_written() {
    let environment = Environment::new();
    let path = environment.configure("[log]\nlevel = \"info\"\n");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("a mode");
    run_as_nobody(&environment, &["config", "check"]).ends_with(1).says("Permission denied").says("ls -ld");
    run_as_nobody(&environment, &["status"]).ends_with(1);
    run_as_nobody(&environment, &["config", "set", "log.level", "debug"]).ends_with(1);

    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).expect("a mode");
    run_as_nobody(&environment, &["config", "check"]).ends_with(0);
    run_as_nobody(&environment, &["config", "set", "log.level", "debug"])
        .ends_with(1)
        .says("belongs to user 0");
    assert_eq!(fs::read_to_string(path).expect("readable"), "[log]\nlevel = \"info\"\n");
}

#[test]
fn a_home_where_nothing_may_be_created() {
    let environment = Environment::new();
    run_as_nobody(&environment, &["init"]).ends_with(1).says("Permission denied");
    run_as_nobody(&environment, &["config", "set", "log.level", "debug"])
        .ends_with(1)
        .says("Permission denied");
    assert_eq!(environment.files(""), ["homesync"]);
}

#[test]
fn a_state_directory_of_another_user() {
    let environment = Environment::new();
    let state = environment.path(".local/state/homesync");
    fs::create_dir_all(&state).expect("created");
    run_as_nobody(&environment, &["init"])
        .ends_with(1)
        .says("belongs to user 0, but this is user 65534")
        .says("--root");
    assert_eq!(environment.files(""), ["homesync"]);
}

#[test]
fn k5_root_creates_nothing_in_a_users_tree() {
    must_be_root();
    let environment = Environment::new();
    give_to_nobody(environment.home());
    for command in
        [&["init"][..], &["up"], &["config", "set", "log.level", "debug"], &["config", "edit"], &["man"]]
    {
        finish(environment.homesync().args(command))
            .ends_with(1)
            .says("belongs to user 65534")
            .says("sudo -u");
    }
    // Reading is allowed, and leaves no trace either.
    environment.run(["status"]).ends_with(0);
    environment.run(["doctor"]).ends_with(1);
    assert_eq!(fs::read_dir(environment.home()).expect("readable").count(), 0);

    run_as_nobody(&environment, &["init", "--name", "attic"]).ends_with(0);
    let before = environment.files("");
    environment.run(["init"]).ends_with(1).says("belongs to user 65534");
    environment.run(["status"]).ends_with(0);
    assert_eq!(environment.files(""), before, "not even a log is written");
}

#[test]
fn k5_without_a_home_there_is_an_error_and_a_way_out() {
    let environment = Environment::new();
    for command in [&["init"][..], &["status"], &["config", "get"], &["machine", "id"]] {
        let ran = finish(environment.homesync().args(command).env_remove("HOME"));
        ran.ends_with(1).says("HOME is not set").says("--root DIR");
    }
    finish(environment.homesync().arg("init").env("HOME", "")).ends_with(1).says("HOME is empty");
    assert_eq!(fs::read_dir(environment.home()).expect("readable").count(), 0);
}

#[test]
fn k5_a_home_that_was_moved_still_works() {
    let environment = Environment::new();
    let (old, new) = (environment.path("old"), environment.path("new"));
    fs::create_dir(&old).expect("created");
    finish(environment.homesync().args(["init", "--name", "attic"]).env("HOME", &old)).ends_with(0);
    let id = finish(environment.homesync().args(["machine", "id", "--device"]).env("HOME", &old)).stdout;
    fs::rename(&old, &new).expect("moved");
    finish(environment.homesync().arg("init").env("HOME", &new))
        .ends_with(0)
        .says("This machine is set up: attic");
    assert_eq!(
        finish(environment.homesync().args(["machine", "id", "--device"]).env("HOME", &new)).stdout,
        id
    );
    assert!(!old.exists(), "nothing is created in the old place");
}

#[test]
fn a_file_system_that_can_only_be_read() {
    let environment = Environment::new();
    let ran =
        run_on_small_disk(&environment, 64, "mount -o remount,ro \"$1\" && exec \"$2\" --root \"$1/r\" init");
    ran.ends_with(1).says("Read-only file system").says("mount it for writing");
    let script = "\"$2\" --root \"$1/r\" init -q && mount -o remount,ro \"$1\" && \"$2\" --root \"$1/r\" status -q && exec \"$2\" --root \"$1/r\" config set log.level debug";
    run_on_small_disk(&environment, 64, script).ends_with(1).says("Read-only file system");
}

#[test]
fn a_disk_that_fills_up_during_init_leaves_nothing_half_made() {
    let environment = Environment::new();
    let (mut failed, mut done) = (0, 0);
    for blocks in 2..=24 {
        let script = "\"$2\" --root \"$1/r\" init; echo \"code $?\"; cd \"$1\"; find . -type f -size +0 | sort; find . -name '*new*'";
        let ran = run_on_small_disk(&environment, blocks, script).ends_with(0);
        let files: Vec<&str> = ran
            .stdout
            .lines()
            .skip(1)
            .filter(|file| file.contains("/identity/") || file.contains("/config/"))
            .collect();
        match ran.stdout.lines().next() {
            Some("code 0") => {
                done += 1;
                assert_eq!(files.len(), 4, "{blocks} blocks: {ran:#?}");
            }
            Some("code 1") => {
                failed += 1;
                assert!(
                    ran.stderr.contains("No space left on device") && ran.stderr.contains("make room"),
                    "{ran:#?}"
                );
                assert!(files.is_empty(), "{blocks} blocks: {ran:#?}");
            }
            other => panic!("{other:?} with {blocks} blocks: {ran:#?}"),
        }
    }
    assert!(failed >= 2 && done >= 2, "both ends were seen: {failed} and {done}");
}

#[test]
fn a_disk_that_fills_up_keeps_the_old_settings() {
    let environment = Environment::new();
    let script = "\"$2\" --root \"$1/r\" init -q --name attic; dd if=/dev/zero of=\"$1/filler\" bs=4096 2>/dev/null; \
        \"$2\" --root \"$1/r\" config set log.level debug; echo \"code $?\"; \"$2\" --root \"$1/r\" config get machine.name; \
        find \"$1/r/config\" -type f | wc -l";
    let ran = run_on_small_disk(&environment, 64, script).says("No space left on device");
    assert_eq!(ran.stdout.split_whitespace().collect::<Vec<_>>(), ["code", "1", "attic", "1"], "{ran:#?}");
}

#[test]
fn k5_root_leaves_a_users_file_alone_also_behind_a_link_or_by_name() {
    must_be_root();
    let environment = Environment::new();
    let theirs = environment.write("theirs/homesync.toml", "# theirs\n");
    give_to_nobody(&theirs);
    give_to_nobody(&environment.path("theirs"));
    fs::create_dir_all(environment.path(".config/homesync")).expect("created");
    std::os::unix::fs::symlink(&theirs, environment.configuration()).expect("a link");
    environment.run(["config", "set", "log.level", "debug"]).ends_with(1).says("belongs to user 65534");
    assert_eq!(fs::read_to_string(&theirs).expect("readable"), "# theirs\n");
    finish(environment.homesync().arg("man").arg(environment.path("theirs/man")))
        .ends_with(1)
        .says("sudo -u");

    // A home that is not root's stays closed to root, also when directories of root's are in it already.
    let environment = Environment::new();
    fs::create_dir_all(environment.path(".config")).expect("created");
    fs::create_dir_all(environment.path(".local/share")).expect("created");
    fs::create_dir_all(environment.path(".local/state")).expect("created");
    give_to_nobody(environment.home());
    environment.run(["init"]).ends_with(1).says("belongs to user 65534");
}

#[test]
fn k5_a_home_that_is_not_there_is_not_created() {
    let environment = Environment::new();
    let missing = environment.path("no/such/home");
    for command in [&["init"][..], &["up"], &["config", "set", "log.level", "debug"], &["import", "config"]] {
        finish(environment.homesync().args(command).env("HOME", &missing))
            .ends_with(1)
            .says("does not exist")
            .says("--root");
    }
    finish(environment.homesync().arg("status").env("HOME", &missing)).ends_with(0);
    assert_eq!(fs::read_dir(environment.home()).expect("readable").count(), 0);
}

#[test]
fn a_place_that_cannot_be_looked_at_is_not_taken_for_empty() {
    must_be_root();
    let environment = Environment::new();
    for directory in [".config/home-sync", ".config/homesync"] {
        environment.write(&format!("{directory}/config.yml"), "sync_interval: 600\n");
        let directory = environment.path(directory);
        fs::set_permissions(&directory, fs::Permissions::from_mode(0o700)).expect("a mode");
        run_as_nobody(&environment, &["import", "config"]).ends_with(1);
        run_as_nobody(&environment, &["import", "config", "--dry-run"]).ends_with(1);
        run_as_nobody(&environment, &["config", "get"]).ends_with(1).says("Permission denied");
    }
    let environment = Environment::new();
    fs::create_dir_all(environment.path(".config/homesync")).expect("created");
    std::os::unix::fs::symlink("nowhere", environment.configuration()).expect("a link");
    for command in [&["init"][..], &["config", "check"], &["config", "set", "log.level", "info"]] {
        finish(environment.homesync().args(command))
            .ends_with(1)
            .says("a link to something that is not there");
    }
    environment.run(["status"]).ends_with(1);
}

#[test]
fn init_works_where_the_system_cannot_rename_without_replacing() {
    let environment = Environment::new();
    let mut command = environment.program("strace");
    command.args([
        "-f",
        "-qq",
        "-o",
        "/dev/null",
        "-e",
        "trace=renameat2",
        "-e",
        "inject=renameat2:error=EINVAL",
    ]);
    finish(command.arg(executable()).args(["init", "--name", "attic"])).ends_with(0);
    environment.run(["status"]).ends_with(0);
}
