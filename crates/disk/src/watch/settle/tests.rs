//! Time goes as the tests say.

use super::*;

const SECOND: u64 = 1_000;

fn at(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

fn path(text: &str) -> RelativePath {
    RelativePath::parse(text).expect("a path")
}

/// Runs until the time is over, with what happens when; answers when which paths were told.
fn run(until: u64, mut happens: impl FnMut(u64, &mut Settler)) -> Vec<(u64, Vec<String>)> {
    let mut settler = Settler::new(Settle::default());
    let mut told = Vec::new();
    for now in 0..until {
        happens(now, &mut settler);
        if settler.wake().is_none_or(|wake| at(now) < wake) {
            continue;
        }
        while let Some(ripe) = settler.take(at(now)) {
            told.push(match ripe {
                Ripe::Paths(paths) => (now, paths.iter().map(|path| path.as_str().to_string()).collect()),
                Ripe::Everything(reason) => (now, vec![format!("everything: {reason}")]),
            });
        }
        assert!(settler.wake().is_none_or(|wake| wake > at(now)), "it would be asked again and again");
    }
    told
}

fn times(told: &[(u64, Vec<String>)], path: &str) -> Vec<u64> {
    told.iter().filter(|(_, paths)| paths.iter().any(|told| told == path)).map(|(time, _)| *time).collect()
}

#[test]
fn one_saved_file_is_told_soon() {
    let told = run(SECOND, |now, settler| match now {
        100 | 110 => settler.note(at(now), path("f"), Change::Written),
        120 => settler.note(at(now), path("f"), Change::Saved),
        _ => {}
    });
    assert_eq!(told, [(150, vec!["f".to_string()])]);
}

#[test]
fn a_file_that_stays_open_is_told_when_it_is_quiet() {
    let told = run(SECOND, |now, settler| {
        if matches!(now, 100 | 180 | 260) {
            settler.note(at(now), path("f"), Change::Written);
        }
    });
    assert_eq!(told, [(360, vec!["f".to_string()])]);
}

#[test]
fn c5_what_is_gone_and_comes_back_is_told_once_and_there() {
    let told = run(SECOND, |now, settler| match now {
        100 => settler.note(at(now), path("f"), Change::Gone),
        250 => settler.note(at(now), path("f"), Change::Written),
        260 => settler.note(at(now), path("f"), Change::Saved),
        _ => {}
    });
    assert_eq!(told, [(290, vec!["f".to_string()])]);
}

#[test]
fn what_is_gone_is_told_within_half_a_second() {
    let told = run(SECOND, |now, settler| {
        if now == 100 {
            settler.note(at(now), path("f"), Change::Gone);
        }
    });
    assert_eq!(told, [(400, vec!["f".to_string()])]);
}

#[test]
fn many_are_told_in_batches() {
    let told = run(4 * SECOND, |now, settler| {
        if now < 3 * SECOND {
            settler.note(at(now), path(&format!("f{now}")), Change::Saved);
        }
    });
    assert_eq!(told.iter().map(|(_, paths)| paths.len()).sum::<usize>(), 3_000, "each is told once");
    assert!(told.len() <= 9, "{} batches", told.len());
    let gaps = told.windows(2).map(|pair| pair[1].0 - pair[0].0);
    assert!(gaps.into_iter().all(|gap| (499..=600).contains(&gap)), "{told:?}");
}

#[test]
fn a_few_do_not_wait_for_each_other() {
    let told = run(SECOND, |now, settler| {
        if now % 150 == 0 && now < 900 {
            settler.note(at(now), path(&format!("f{now}")), Change::Saved);
        }
    });
    assert_eq!(told.iter().map(|(time, _)| *time).collect::<Vec<_>>(), [30, 180, 330, 480, 630, 780]);
}

/// After 5 seconds, then after twice as long, at last each minute.
#[test]
fn c11_what_is_written_all_the_time_is_told_seldom_and_holds_up_nothing() {
    let told = run(300 * SECOND, |now, settler| {
        if now % 20 == 0 {
            settler.note(at(now), path("log"), Change::Written);
        }
        if now % (7 * SECOND) == 0 {
            settler.note(at(now), path("saved"), Change::Saved);
        }
    });
    let seconds: Vec<u64> = times(&told, "log").iter().map(|time| (time + 500) / SECOND).collect();
    assert_eq!(seconds, [5, 15, 35, 75, 135, 195, 255]);
    let saved = times(&told, "saved");
    assert_eq!(saved.len(), 43);
    assert!(saved.iter().all(|time| time % (7 * SECOND) <= 30), "{saved:?}");
}

/// Each line is finished, but there is no end of lines.
#[test]
fn c11_a_log_that_gets_a_line_each_second_is_told_less_and_less_often() {
    let told = run(300 * SECOND, |now, settler| {
        if now % SECOND == 0 {
            settler.note(at(now), path("log"), Change::Written);
        }
    });
    let log = times(&told, "log");
    assert!((8..=14).contains(&log.len()), "{log:?}");
}

/// A person who saves again and again does not wait for minutes.
#[test]
fn a_file_that_is_saved_each_two_seconds_waits_for_a_few_seconds_at_most() {
    let told = run(120 * SECOND, |now, settler| {
        if now % (2 * SECOND) == 0 {
            settler.note(at(now), path("f"), Change::Saved);
        }
    });
    let saved = times(&told, "f");
    assert!(saved.windows(2).all(|pair| pair[1] - pair[0] <= 7 * SECOND), "{saved:?}");
    let (before, after) = (told.len(), saved[..5].iter().all(|time| time % (2 * SECOND) == 30));
    assert!(after && before < 40, "{saved:?}");
}

#[test]
fn what_was_busy_begins_anew_after_a_rest() {
    let told = run(400 * SECOND, |now, settler| {
        if now % 20 == 0 && now < 100 * SECOND || now == 390 * SECOND {
            settler.note(at(now), path("f"), Change::Written);
        }
    });
    assert_eq!(times(&told, "f").last(), Some(&(390 * SECOND + 100)));
}

#[test]
fn a_new_directory_stands_for_what_is_below_it() {
    let told = run(SECOND, |now, settler| {
        if now == 10 {
            settler.note(at(now), path("a"), Change::Directory);
            settler.note(at(now), path("a/b"), Change::Directory);
            settler.note(at(now), path("a/b/f"), Change::Saved);
            settler.note(at(now), path("a-b"), Change::Saved);
        }
    });
    assert_eq!(told, [(40, vec!["a".to_string(), "a-b".to_string()])]);
}

#[test]
fn a_loss_is_told_at_once_and_a_flood_of_them_seldom() {
    let told = run(200 * SECOND, |now, settler| {
        if now % 100 == 50 && now < 150 * SECOND {
            settler.note(at(now), path("f"), Change::Saved);
            settler.lost(at(now), "flood".to_string());
        }
    });
    let everything: Vec<u64> = times(&told, "everything: flood").iter().map(|time| time / SECOND).collect();
    assert_eq!(everything, [0, 5, 15, 35, 75, 135, 195]);
}

#[test]
fn what_it_remembers_is_bounded() {
    let mut settler = Settler::new(Settle::default());
    for number in 0..10_000 {
        settler.note(at(0), path(&format!("f{number}")), Change::Saved);
    }
    assert!(matches!(settler.take(at(40)), Some(Ripe::Paths(paths)) if paths.len() == 10_000));
    assert!(settler.waiting.is_empty() && settler.told.len() <= MANY && settler.wake().is_none());
}
