//! What a person sees.

use super::*;

fn shown(terminal: LevelFilter, color: bool, act: impl FnOnce()) -> String {
    logged(LogSettings { terminal, color, ..LogSettings::default() }, act).0
}

#[test]
fn one_line_per_event_from_the_chosen_level_up() {
    let text = shown(LevelFilter::INFO, false, || {
        tracing::error!(path = "/x", code = 5, "cannot read");
        tracing::warn!("odd");
        tracing::info!(empty = "", list = "a, b", truth = true, less = -1_i64, "done");
        tracing::debug!("hidden");
    });
    let expected = "error: cannot read (path=/x, code=5)\nwarning: odd\ninfo: done (empty=\"\", list=\"a, b\", truth=true, less=-1)\n";
    assert_eq!(text, expected);
}

#[test]
fn fine_levels_say_where_they_come_from_and_spans_add_their_fields() {
    let text = shown(LevelFilter::TRACE, false, || {
        let span = tracing::info_span!("folder", name = "photos", files = tracing::field::Empty);
        let _inside = span.enter();
        span.record("files", 3);
        span.record("name", "pictures");
        tracing::debug!(step = 1, "scan");
    });
    assert_eq!(text, "debug: homesync_host::log::tests::terminal: scan (name=pictures, files=3, step=1)\n");
}

#[test]
fn colours_come_only_when_asked_for() {
    let act = || tracing::warn!("odd");
    assert_eq!(shown(LevelFilter::INFO, true, act), "\u{1b}[1;33mwarning:\u{1b}[0m odd\n");
    assert_eq!(shown(LevelFilter::INFO, false, act), "warning: odd\n");
    let all = shown(LevelFilter::TRACE, true, || {
        tracing::error!("x");
        tracing::info!("x");
        tracing::debug!("x");
        tracing::trace!("x");
    });
    assert_eq!(all.lines().filter(|line| line.starts_with("\u{1b}[")).count(), 4);
}

#[test]
fn hostile_names_cannot_speak_to_the_terminal() {
    let hostile = "a\u{1b}]0;title\u{7}\r\nerror: forged\u{202e}";
    let text = shown(LevelFilter::INFO, false, || tracing::info!(name = hostile, "saw {hostile}"));
    assert_eq!(text.lines().count(), 1);
    assert!(!text.trim_end().contains(|each: char| each.is_control() || each == '\u{202e}'), "{text:?}");
}

#[test]
fn other_crates_are_heard_from_warnings_up() {
    let text = shown(LevelFilter::TRACE, false, || {
        tracing::info!(target: "rustls", "chatter");
        tracing::warn!(target: "rustls", "trouble");
    });
    assert_eq!(text, "warning: trouble\n");
}

#[test]
fn errors_are_shown_with_their_causes() {
    let error = crate::lock::LockError::Open { path: "/x".into(), source: io::Error::other("no luck") };
    let text = shown(LevelFilter::INFO, false, || {
        tracing::error!(error = &error as &dyn std::error::Error, "failed");
    });
    assert_eq!(text, "error: failed (error=cannot open the lock file /x: no luck)\n");
}

#[test]
fn a_screaming_event_is_cut() {
    let text = shown(LevelFilter::INFO, false, || {
        tracing::info!(field = "ü".repeat(100_000), "{}", "ä".repeat(100_000))
    });
    assert!(text.len() < 25_000 && text.contains('…'), "{}", text.len());
}

#[test]
fn k9_a_closed_terminal_is_no_error() {
    struct Closed;
    impl Write for Closed {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let (subscriber, guard) = build(LogSettings::default(), Box::new(Closed));
    with_default(subscriber, || tracing::warn!("nobody listens"));
    assert_eq!(guard.lost_lines(), 1);
}

/// Not a test by itself: starts logging for a whole process, which can be done only once.
#[test]
fn starting_process() {
    if std::env::var_os(crate::testing::AGAIN).is_none() {
        return;
    }
    let guard = start(LogSettings::default()).expect("the first time");
    tracing::warn!("to standard error");
    assert!(matches!(start(LogSettings::default()), Err(LogError::AlreadyStarted(_))));
    assert_eq!(guard.lost_lines(), 0);
}

#[test]
fn it_is_started_once_for_the_whole_process() {
    let program = crate::testing::again("log::tests::terminal::starting_process", "x".as_ref());
    let output = program.run().expect("runs").check().expect("succeeds");
    assert_eq!(output.stderr_text(), "warning: to standard error");
}
