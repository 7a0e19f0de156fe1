//! Git repositories inside folders: never torn, and where both sides went on, both histories are kept.

use crate::fleet::{Fleet, tree};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::atomic::{AtomicBool, Ordering};

/// The real git, with nothing of this machine's settings.
pub fn try_git(repository: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new("git");
    command.arg("-C").arg(repository).args(["-c", "protocol.file.allow=always"]).args(arguments);
    for (name, value) in [
        ("GIT_CONFIG_GLOBAL", "/dev/null"),
        ("GIT_CONFIG_SYSTEM", "/dev/null"),
        ("GIT_AUTHOR_NAME", "A Person"),
        ("GIT_AUTHOR_EMAIL", "person@example.org"),
        ("GIT_COMMITTER_NAME", "A Person"),
        ("GIT_COMMITTER_EMAIL", "person@example.org"),
        ("GIT_EDITOR", "true"),
        // A look may not write the index anew.
        ("GIT_OPTIONAL_LOCKS", "0"),
        ("LC_ALL", "C"),
    ] {
        command.env(name, value);
    }
    command.output().unwrap()
}

/// It succeeds; what it says.
#[track_caller]
pub fn git(repository: &Path, arguments: &[&str]) -> String {
    let output = try_git(repository, arguments);
    assert!(output.status.success(), "git {arguments:?}: {output:?}");
    String::from_utf8_lossy(&output.stdout).trim().to_string()
}

/// A new repository.
pub fn new_repository(at: &Path) {
    fs::create_dir_all(at).unwrap();
    git(at, &["init", "--quiet", "--initial-branch=main"]);
}

/// Writes a file and commits it.
pub fn commit(repository: &Path, name: &str, content: &str) {
    fs::write(repository.join(name), content).unwrap();
    git(repository, &["add", "--all"]);
    git(repository, &["commit", "--quiet", "--message", &format!("{name}: {content}")]);
}

/// Everything that something points to is there, and whole.
#[track_caller]
pub fn is_whole(repository: &Path) {
    git(repository, &["fsck", "--full", "--strict"]);
}

/// What is missing; nothing if it is no repository yet.
fn missing(repository: &Path) -> Option<String> {
    let look = || try_git(repository, &["fsck", "--connectivity-only", "--no-dangling"]);
    let is_one = [".git/HEAD", ".git/objects", ".git/refs"].iter().all(|name| repository.join(name).exists());
    if !is_one || look().status.success() {
        return None;
    }
    // While git looked, objects may have gone from files into a pack: only what is missing still is missing.
    let again = look();
    (!again.status.success()).then(|| format!("{again:?}"))
}

fn references(repository: &Path) -> String {
    git(repository, &["for-each-ref"]) + "\n" + &git(repository, &["rev-parse", "HEAD"])
}

/// The folders agree, the repository is whole everywhere, and git sees the same.
#[track_caller]
fn same_and_whole(fleet: &Fleet, name: &str) {
    fleet.in_step();
    let at = |machine| fleet.folder(machine).join(name);
    assert_eq!(references(&at(0)), references(&at(1)));
    for machine in 0..2 {
        is_whole(&at(machine));
        assert_eq!(git(&at(machine), &["status", "--porcelain"]), "", "on {machine}");
        assert_eq!(locks(&at(machine).join(".git")), Vec::<String>::new());
    }
}

fn locks(git: &Path) -> Vec<String> {
    tree(git).into_keys().filter(|name| name.ends_with(".lock") && !name.starts_with("refs/")).collect()
}

/// What a person does in a repository on a busy day.
fn work(repository: &Path, round: usize) {
    let name = |of: &str| format!("{of}-{round}");
    for number in 0..4 {
        commit(repository, &format!("file-{}", number % 3), &format!("{round} {number}"));
    }
    git(repository, &["switch", "--quiet", "--create", &name("topic"), "HEAD~2"]);
    commit(repository, &name("topic"), "on the topic");
    match round % 6 {
        0 => git(repository, &["gc", "--quiet"]),
        1 => git(repository, &["repack", "-a", "-d", "--quiet"]),
        2 => git(repository, &["rebase", "--quiet", "main"]),
        3 => git(repository, &["tag", "--annotate", "--message", "a tag", &name("v")]),
        4 => {
            fs::write(repository.join("file-1"), name("not ready")).unwrap();
            git(repository, &["stash", "push", "--quiet"]);
            git(repository, &["stash", "pop", "--quiet"]);
            git(repository, &["checkout", "--quiet", "--", "file-1"])
        }
        _ => git(repository, &["gc", "--quiet", "--prune=now"]),
    };
    git(repository, &["switch", "--quiet", "main"]);
    git(repository, &["merge", "--quiet", "--no-edit", &name("topic")]);
    git(repository, &["branch", "--quiet", "--delete", "--force", &name("topic")]);
}

#[test]
fn a_repository_arrives_whole_while_a_person_works_in_it() {
    let fleet = Fleet::running(2);
    let (here, there) = (fleet.folder(0).join("project"), fleet.folder(1).join("project"));
    new_repository(&here);
    (0..200).for_each(|number| commit(&here, &format!("file-{}", number % 20), &format!("{number}")));
    let is_working = AtomicBool::new(true);
    let (mut looks, mut heads) = (0, BTreeMap::new());
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for round in 0..24 {
                work(&here, round);
                if round % 4 == 3 {
                    // Now and then a person stops to think.
                    let head = |at: &Path| try_git(at, &["rev-parse", "HEAD"]).stdout;
                    fleet.until("the other side has followed", || head(&here) == head(&there));
                    assert_eq!(missing(&there), None);
                }
            }
            is_working.store(false, Ordering::Relaxed);
        });
        let mut looks_left = 20;
        while looks_left > 0 {
            looks_left -= usize::from(!is_working.load(Ordering::Relaxed));
            if let Some(missing) = missing(&there) {
                panic!("torn after {looks} looks: {missing}\n{}", fleet.logs());
            }
            looks += 1;
            let head = try_git(&there, &["rev-parse", "--verify", "--quiet", "HEAD"]);
            *heads.entry(head.stdout).or_insert(0) += 1;
        }
    });
    same_and_whole(&fleet, "project");
    assert!(heads.len() > 6, "it waited for the end of the day: {looks} looks saw {} states", heads.len());
}

#[test]
fn while_git_is_at_work_nothing_of_the_repository_travels() {
    let fleet = Fleet::running(2);
    let (here, there) = (fleet.folder(0).join("project"), fleet.folder(1).join("project"));
    new_repository(&here);
    commit(&here, "one", "1");
    same_and_whole(&fleet, "project");
    let before = git(&there, &["rev-parse", "HEAD"]);
    for lock in ["index.lock", "refs/heads/main.lock", "packed-refs.lock", "HEAD.lock"] {
        let file = here.join(".git").join(lock);
        // As git does it: the lock is there before anything changes.
        fs::write(&file, "").unwrap();
        fs::write(here.join(".git/description"), lock).unwrap();
        fs::write(here.join("outside"), lock).unwrap();
        fleet.until("what is beside the repository arrives", || {
            fs::read_to_string(there.join("outside")).is_ok_and(|text| text == lock)
        });
        assert_ne!(fs::read_to_string(there.join(".git/description")).unwrap(), lock);
        fs::remove_file(&file).unwrap();
        fleet.until("what is in it follows", || {
            assert!(!there.join(".git").join(lock).exists());
            fs::read_to_string(there.join(".git/description")).is_ok_and(|text| text == lock)
        });
    }
    assert_eq!(git(&there, &["rev-parse", "HEAD"]), before);
    git(&here, &["add", "--all"]);
    git(&here, &["commit", "--quiet", "--message", "outside"]);
    same_and_whole(&fleet, "project");
}

/// Both sides have gone on with the same branch while they were apart, and have met again.
fn both_went_on(is_packed: bool) -> (Fleet, [String; 2]) {
    let fleet = Fleet::running(2);
    let at = |machine| fleet.folder(machine).join("project");
    new_repository(&at(0));
    commit(&at(0), "shared", "1");
    same_and_whole(&fleet, "project");
    fleet.network.pull(1);
    for (machine, name) in ["a", "b"].into_iter().enumerate() {
        (0..5).for_each(|number| commit(&at(machine), &format!("of-{name}"), &format!("{number}")));
        commit(&at(machine), "shared", &format!("2 of {name}"));
    }
    if is_packed {
        git(&at(0), &["gc", "--quiet", "--prune=now"]);
    }
    fleet.run(0, &["sync", "--wait", "--timeout", "3s"]);
    let tips = [0, 1].map(|machine| git(&at(machine), &["rev-parse", "HEAD"]));
    fleet.network.plug(1);
    (fleet, tips)
}

/// Both histories are on both machines, and can be merged.
fn both_are_kept(fleet: &Fleet, tips: &[String; 2]) {
    let at = |machine| fleet.folder(machine).join("project");
    let kept = |machine: usize| {
        let found = git(&at(machine), &["for-each-ref", "--format=%(refname)", "refs/homesync"]);
        found.lines().map(String::from).collect::<Vec<String>>()
    };
    fleet.until("the loser is kept on both", || kept(0).len() == 1 && kept(1).len() == 1);
    fleet.in_step();
    for machine in 0..2 {
        is_whole(&at(machine));
        let winner = git(&at(machine), &["rev-parse", "refs/heads/main"]);
        let loser = tips.iter().position(|tip| *tip != winner).unwrap();
        assert!(tips.contains(&winner));
        assert_eq!(kept(machine), [format!("refs/homesync/{}/heads/main", ["a", "b"][loser])]);
        assert_eq!(git(&at(machine), &["rev-parse", &kept(machine)[0]]), tips[loser]);
        for tip in tips {
            git(&at(machine), &["rev-list", "--objects", tip]);
        }
    }
    let copies = tree(&at(0)).into_keys().filter(|name| name.contains("sync-conflict-"));
    assert!(copies.into_iter().any(|name| name.starts_with("shared.sync-conflict-")));
    // A person resolves it on one of them, and it is resolved on both.
    git(&at(0), &["reset", "--quiet", "--hard"]);
    git(&at(0), &["clean", "--quiet", "--force"]);
    let kept = kept(0).remove(0);
    try_git(&at(0), &["merge", "--quiet", &kept]);
    fs::write(at(0).join("shared"), "2 of both").unwrap();
    git(&at(0), &["add", "shared"]);
    git(&at(0), &["commit", "--quiet", "--message", "both"]);
    git(&at(0), &["update-ref", "-d", &kept]);
    same_and_whole(fleet, "project");
    assert_eq!(git(&at(1), &["for-each-ref", "refs/homesync"]), "");
    for tip in tips {
        git(&at(1), &["merge-base", "--is-ancestor", tip, "HEAD"]);
    }
}

#[test]
fn where_both_sides_commit_both_histories_are_kept() {
    for is_packed in [false, true] {
        let (fleet, tips) = both_went_on(is_packed);
        both_are_kept(&fleet, &tips);
    }
}

#[test]
fn what_one_side_drops_stays_where_the_other_goes_on_from_it() {
    let mut fleet = Fleet::running(2);
    let at = |fleet: &Fleet, machine| fleet.folder(machine).join("project");
    new_repository(&at(&fleet, 0));
    for name in ["one", "two", "three"] {
        commit(&at(&fleet, 0), name, name);
    }
    git(&at(&fleet, 0), &["branch", "idea"]);
    git(&at(&fleet, 0), &["reset", "--quiet", "--hard", "HEAD~2"]);
    same_and_whole(&fleet, "project");
    fleet.stop(0);
    fleet.stop(1);
    // One of them gives the idea up for good; the other one goes on with it.
    git(&at(&fleet, 0), &["branch", "--quiet", "--delete", "--force", "idea"]);
    git(&at(&fleet, 0), &["reflog", "expire", "--expire=now", "--all"]);
    git(&at(&fleet, 0), &["gc", "--quiet", "--prune=now"]);
    git(&at(&fleet, 1), &["switch", "--quiet", "idea"]);
    commit(&at(&fleet, 1), "four", "four");
    let tip = git(&at(&fleet, 1), &["rev-parse", "HEAD"]);
    (0..2).for_each(|machine| fleet.start(machine));
    fleet.until("the idea is on both", || {
        for machine in 0..2 {
            if let Some(missing) = missing(&at(&fleet, machine)) {
                panic!("torn on {machine}: {missing}\n{}", fleet.logs());
            }
        }
        let has = |machine| try_git(&at(&fleet, machine), &["rev-parse", "refs/heads/idea"]).stdout;
        (0..2).all(|machine| String::from_utf8_lossy(&has(machine)).trim() == tip)
    });
    fleet.in_step();
    (0..2).for_each(|machine| is_whole(&at(&fleet, machine)));
    git(&at(&fleet, 0), &["rev-list", "--objects", &tip]);
}

#[test]
fn a_submodule_arrives_whole() {
    let fleet = Fleet::running(2);
    let (library, here) = (fleet.place("library"), fleet.folder(0).join("project"));
    new_repository(&library);
    commit(&library, "library", "1");
    new_repository(&here);
    git(&here, &["submodule", "--quiet", "add", library.to_str().unwrap(), "library"]);
    git(&here, &["commit", "--quiet", "--message", "with a library"]);
    git(&here, &["worktree", "add", "--quiet", "../beside"]);
    commit(&here.join("library"), "library", "2");
    fleet.in_step();
    is_whole(&fleet.folder(1).join("project"));
    is_whole(&fleet.folder(1).join("project/library"));
    assert_eq!(git(&fleet.folder(1).join("project"), &["status", "--porcelain"]), "M library");
}
