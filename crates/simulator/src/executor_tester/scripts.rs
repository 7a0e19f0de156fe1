//! Scenarios written by hand, each with a crash at every call, and in its recovery again at every call.

use super::play::play;
use super::scenario::{Content, Crash, Expectation, Planned, Scenario, Wish};
use super::thing::{Marks, Thing};
use crate::choices::Tape;
use crate::filesystem::Settings;
use homesync_protocol::Kind;
use std::cell::RefCell;
use std::rc::Rc;

/// What the exhaustive mode found.
#[derive(Clone, Debug, Default)]
pub struct Exhausted {
    /// All runs.
    pub runs: u64,
    /// The first that failed, with its scenario.
    pub failure: Option<String>,
}

/// A crash at every call of every script, by kill and by power cut with several choices of what survives, and again at every `step`th call of
/// the recovery.
pub fn exhaust(step: u64) -> Exhausted {
    let mut exhausted = Exhausted::default();
    for script in scripts() {
        for exchange in [true, false] {
            let settings = Settings { exchange, reuses_numbers: true, ..Settings::default() };
            let mut scenario = script.clone();
            scenario.settings = settings;
            if exhausted.failure.is_none() {
                exhausted.failure = at_every_call(&scenario, step, &mut exhausted.runs);
            }
        }
    }
    exhausted
}

/// Which of the effects survive a power cut: all, none, or some by chance.
const SURVIVORS: u8 = 4;

fn at_every_call(scenario: &Scenario, step: u64, runs: &mut u64) -> Option<String> {
    let mut first = 1;
    loop {
        let mut is_over = true;
        for survivors in 0..=SURVIVORS {
            let mut second = 1;
            loop {
                let crashes = [first, second].map(|after| Crash { after, power: survivors > 0 });
                let scenario = Scenario { crashes: crashes.to_vec(), ..scenario.clone() };
                let played = play(&scenario, survivors_of(survivors, first), false).0;
                *runs += 1;
                if let Some(failure) = played.failure {
                    return Some(format!("{}\nsurvivors {survivors}\n{failure}", scenario.text()));
                }
                is_over &= !played.reached.contains_key("kill") && !played.reached.contains_key("power cut");
                if !played.reached.contains_key("crash in recovery") {
                    break;
                }
                second += step;
            }
        }
        if is_over {
            return None;
        }
        first += 1;
    }
}

fn survivors_of(survivors: u8, seed: u64) -> crate::choices::SharedChoices {
    let tape = match survivors {
        0 | 1 => Tape::default(),
        2 => Tape { bytes: vec![0x40; 64] },
        _ => {
            let mut tape = Tape::from_seed(seed << 8 | u64::from(survivors), 64);
            // Some of them, each by chance.
            tape.bytes[0] = 0xff;
            tape
        }
    };
    Rc::new(RefCell::new(tape.reader()))
}

fn file(content: u32) -> Thing {
    Thing { kind: Kind::File, content, mode: 0o644, marks: Marks::default() }
}

fn directory() -> Thing {
    Thing { kind: Kind::Directory, content: 0, mode: 0o755, marks: Marks::default() }
}

fn link(content: u32) -> Thing {
    Thing { kind: Kind::Link, content, mode: 0o777, marks: Marks::default() }
}

fn planned(path: &str, step: Wish) -> Planned {
    Planned {
        path: path.to_string(),
        step,
        expectation: Expectation::Right,
        staged: Content::Whole,
        unit: false,
    }
}

fn put(path: &str, wanted: Thing) -> Planned {
    planned(path, Wish::Put { wanted, copies: None })
}

fn put_aside(path: &str, wanted: Thing, copies: &[&str]) -> Planned {
    let copies = Some(copies.iter().map(|copy| (*copy).to_string()).collect());
    planned(path, Wish::Put { wanted, copies })
}

fn remove(path: &str) -> Planned {
    planned(path, Wish::Remove)
}

fn script(tree: &[(&str, Thing)], batch: Vec<Planned>) -> Scenario {
    let tree = tree.iter().map(|(path, thing)| ((*path).to_string(), *thing)).collect();
    Scenario { tree, batch, ..Scenario::default() }
}

/// The same, of somebody else and with something written on it.
fn marked(thing: Thing, owner: u8, attribute: u8) -> Thing {
    Thing { marks: Marks { owner, attribute }, ..thing }
}

fn dress(path: &str, owner: u8, attribute: u8) -> Planned {
    planned(path, Wish::Dress { marks: Marks { owner, attribute } })
}

/// D17, D22: owners and attributes come with what is put in place, and to what is there.
fn scripts_of_marks() -> Vec<Scenario> {
    let scripts = [
        script(&[("a", marked(file(1), 1, 1))], vec![put("a", marked(file(2), 2, 2))]),
        script(
            &[("a", marked(file(1), 1, 1)), ("d", marked(directory(), 0, 2)), ("l", link(1))],
            vec![dress("a", 2, 0), dress("d", 1, 1), dress("l", 2, 0)],
        ),
        script(
            &[("a", marked(file(1), 1, 1))],
            vec![
                planned("a", Wish::Adjust { mode: 0o600 }),
                put("d", marked(directory(), 1, 2)),
                put("d/b", marked(file(2), 2, 1)),
                put("d/l", marked(link(3), 1, 0)),
            ],
        ),
    ];
    scripts.into_iter().map(|script| Scenario { carries: true, ..script }).collect()
}

fn scripts() -> Vec<Scenario> {
    let mut scripts = scripts_without_marks();
    scripts.extend(scripts_of_marks());
    scripts
}

fn scripts_without_marks() -> Vec<Scenario> {
    vec![
        script(&[("a", file(1))], vec![put("a", file(2))]),
        script(&[("a", file(1)), ("copy", file(3))], vec![put_aside("a", file(2), &["copy", "other"])]),
        script(&[("d", directory()), ("d/a", file(1))], vec![put_aside("d", file(2), &["copy"])]),
        script(&[("a", file(1))], vec![put("a", directory()), put("a/b", file(2))]),
        script(
            &[("d", directory()), ("d/a", file(1)), ("d/junk", file(2))],
            vec![remove("d/a"), remove("d")],
        ),
        script(
            &[("d", directory()), ("d/a", link(1))],
            vec![remove("d/a"), put("d", link(2)), put("e", directory()), put("e/f", file(3))],
        ),
        script(
            &[("a", file(1)), ("b", file(2))],
            vec![
                planned("c", Wish::Move { from: "a".to_string() }),
                planned("b", Wish::Adjust { mode: 0o600 }),
            ],
        ),
        script(
            &[("a", link(1)), ("b", link(2))],
            vec![put("a", file(3)), put("b", link(4)), put("c", link(5))],
        ),
        script(
            &[("d", directory())],
            vec![
                planned("d", Wish::Adjust { mode: 0o700 }),
                put("d/a", file(5_000)),
                put("d/b", directory()),
            ],
        ),
    ]
}
