//! The system lets a user watch so many directories and no more.

use super::listener::Listener;
use homesync_disk::Noticed;
use homesync_paths::RelativePath;
use std::fs;
use std::process::Command;

/// Set in the child in which the limit is low.
const LOW: &str = "HOMESYNC_TEST_LOW_LIMIT";

/// The limit belongs to a user namespace, so a child has a low one of its own, and nobody else is disturbed.
#[test]
fn c7_where_the_system_watches_no_more_directories_it_is_said_which() {
    if std::env::var_os(LOW).is_some() {
        return in_a_child();
    }
    let program = std::env::current_exe().expect("this program");
    let script = "echo 8 > /proc/sys/user/max_inotify_watches && exec \"$0\" --exact --nocapture \
        watch::limit::c7_where_the_system_watches_no_more_directories_it_is_said_which";
    #[expect(clippy::disallowed_methods, reason = "a limit that concerns nobody else needs a namespace")]
    let child = Command::new("unshare")
        .args(["--user", "--map-root-user", "sh", "-c", script])
        .arg(program)
        .env(LOW, "1")
        .output()
        .expect("`unshare`: see `cargo xtask setup`");
    let text = String::from_utf8_lossy(&child.stdout);
    assert!(
        child.status.success() && text.contains("1 passed"),
        "{text}{}",
        String::from_utf8_lossy(&child.stderr)
    );
}

fn in_a_child() {
    let listener = Listener::after(|root| {
        // With the root that makes eight at the second level.
        for directory in ["a/1/deep", "a/2", "b/1", "b/2", "c"] {
            fs::create_dir_all(root.join(directory)).expect("directories");
        }
    });
    let (directories, limit) = unwatched(&listener);
    assert_eq!((directories, limit), (vec!["a/1/deep".to_string()], Some(8)));
    // The upper ones are watched all the same.
    fs::write(listener.path("b/2/f"), "text").expect("written");
    listener.expect(&["b/2/f"]);
    fs::create_dir_all(listener.path("c/new")).expect("a directory");
    assert_eq!(unwatched(&listener).0, ["a/1/deep", "c/new"]);
    listener.expect(&["c/new"]);
}

fn unwatched(listener: &Listener) -> (Vec<String>, Option<u64>) {
    match listener.expect_other() {
        Noticed::Unwatched { directories, limit, advice } => {
            assert!(advice.contains("sysctl fs.inotify.max_user_watches="), "{advice}");
            (directories.iter().map(|path: &RelativePath| path.as_str().to_string()).collect(), limit)
        }
        other => panic!("{other:?}"),
    }
}
