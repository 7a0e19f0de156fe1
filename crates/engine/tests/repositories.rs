//! Git repositories inside folders: which objects stay, and what git does by itself is no removal of a person.

mod support {
    pub mod trees;
}

use homesync_engine::FolderKind;
use homesync_protocol::{Entry, Validity};
use support::trees::{DIRECTORY, GONE, Machine, THEM, THIRD, US, entry, path, text, with_validity, words};

const NONE: [&str; 0] = [];
const OBJECT: &str = "r/.git/objects/ab/cdef";
const BRANCH: &str = "r/.git/refs/heads/main";

/// Everybody has a repository with one object and a branch of this version here.
fn with_branch(branch: Entry) -> Machine {
    let directories =
        ["r", "r/.git", "r/.git/objects", "r/.git/objects/ab", "r/.git/refs", "r/.git/refs/heads"];
    let machine = directories
        .iter()
        .fold(Machine::new(), |machine, directory| machine.shares(entry(directory, DIRECTORY, &[(US, 1)])));
    machine.has(branch)
}

fn removed() -> Entry {
    entry(OBJECT, GONE, &[(US, 1), (THEM, 2)])
}

#[test]
fn an_object_goes_where_the_remover_knows_all_references() {
    let branch = entry(BRANCH, text("one"), &[(US, 1)]);
    let machine = with_branch(branch.clone())
        .has(entry(OBJECT, text("object"), &[(US, 1)]))
        .hears(THEM, branch)
        .hears(THEM, removed());
    assert_eq!(words(&machine.plan()), [format!("{OBJECT} removed")]);
}

#[test]
fn an_object_stays_where_something_may_need_it_that_the_remover_has_not_seen() {
    let machine = with_branch(entry(BRANCH, text("two"), &[(US, 2)]))
        .has(entry(OBJECT, text("object"), &[(US, 1)]))
        .hears(THEM, entry(BRANCH, text("one"), &[(US, 1)]))
        // That a third machine knows the branch says nothing about the one that removed.
        .hears(THIRD, entry(BRANCH, text("two"), &[(US, 2)]))
        .hears(THEM, removed());
    let plan = machine.plan();
    assert_eq!(words(&plan), [format!("{OBJECT} recorded")]);
    let kept = &plan.recorded[0].entry;
    assert!(kept.is_present() && kept.version.relation(&removed().version).has_seen());
}

#[test]
fn no_object_goes_while_there_is_news_of_the_repository() {
    let branch = entry(BRANCH, text("one"), &[(US, 1)]);
    let mut machine = with_branch(branch.clone())
        .has(entry(OBJECT, text("object"), &[(US, 1)]))
        .hears(THEM, branch)
        .hears(THEM, removed());
    machine.situation.restless.insert(path("r/.git"));
    assert_eq!(words(&machine.plan()), [format!("{OBJECT} held Busy")]);
}

#[test]
fn what_was_removed_here_comes_back_with_a_reference_that_may_need_it() {
    let machine = with_branch(entry(BRANCH, text("one"), &[(US, 1)]))
        .has(entry(OBJECT, GONE, &[(US, 2)]))
        .hears(THEM, entry(OBJECT, text("object"), &[(US, 1)]))
        .hears(THEM, entry(BRANCH, text("two"), &[(US, 1), (THEM, 2)]));
    let plan = machine.plan();
    assert_eq!(words(&plan), [format!("{OBJECT} put"), format!("{BRANCH} replaced")]);
    assert!(plan.operations.iter().all(|operation| operation.unit == Some(path("r/.git"))));
    // Who has seen that it went here needs it no more.
    let machine = with_branch(entry(BRANCH, text("one"), &[(US, 1)]))
        .has(entry(OBJECT, GONE, &[(US, 2)]))
        .hears(THEM, entry(OBJECT, GONE, &[(US, 2)]))
        .hears(THEM, entry(BRANCH, text("two"), &[(US, 1), (THEM, 2)]));
    assert_eq!(words(&machine.plan()), [format!("{BRANCH} replaced")]);
}

#[test]
fn in_a_folder_that_only_sends_a_damaged_branch_waits_for_no_object() {
    let branch = entry(BRANCH, text("one"), &[(US, 1)]);
    let mut machine = with_branch(with_validity(branch.clone(), Validity::Suspect))
        .hears(THEM, branch)
        .hears(THEM, entry(OBJECT, text("object"), &[(THEM, 1)]));
    assert_eq!(words(&machine.plan()), [format!("{OBJECT} put"), format!("{BRANCH} replaced")]);
    machine.rules.kind = FolderKind::SendOnly;
    // The object never comes, and the branch is what this machine had before.
    assert_eq!(words(&machine.plan()), [format!("{BRANCH} replaced"), format!("{OBJECT} held SendOnly")]);
}

#[test]
fn what_only_a_running_git_uses_takes_no_part() {
    let branch = entry(BRANCH, text("one"), &[(US, 1)]);
    for name in ["r/.git/index.lock", "r/.git/gc.pid", "r/.git/objects/ab/tmp_obj_1"] {
        let machine = with_branch(branch.clone()).hears(THEM, entry(name, text("lock"), &[(THEM, 1)]));
        assert_eq!(words(&machine.plan()), NONE, "{name}");
    }
}

#[test]
fn that_git_tidies_up_asks_nobody() {
    let tidied = |head: Entry| {
        let branch = entry(BRANCH, text("one"), &[(US, 1)]);
        let head_here = entry("r/.git/HEAD", text("head"), &[(US, 1)]);
        let mut machine = with_branch(branch.clone()).has(head_here).hears(THEM, branch).hears(THEM, head);
        for number in 0..60 {
            let object = format!("r/.git/objects/ab/{number}");
            machine = machine
                .has(entry(&object, text("object"), &[(US, 1)]))
                .hears(THEM, entry(&object, GONE, &[(US, 1), (THEM, 2)]));
        }
        machine.plan()
    };
    let stays = tidied(entry("r/.git/HEAD", text("head"), &[(US, 1)]));
    assert!(stays.guarded.is_empty() && stays.operations.len() == 60, "{:?}", words(&stays));
    let goes = tidied(entry("r/.git/HEAD", GONE, &[(US, 1), (THEM, 2)]));
    assert_eq!(goes.guarded.len(), 61, "the repository itself is removed: {:?}", words(&goes));
}
