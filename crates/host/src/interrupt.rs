//! Ctrl-C, and the polite requests to end (`TERM`, `HUP`).
//!
//! Usually they end this process where it stands, which is safe: everything that is replaced is replaced whole. While another program runs
//! for us that is not enough. One that we supervise would run on without us; one that has the terminal would fight our caller for the
//! keyboard. So whoever runs a program *defers* the request: the program is stopped, what we were doing ends with an error, and at its very
//! end the binary [carries the request out](carry_out), so that our caller sees a process that a signal ended.

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::{flag, low_level};
use std::io;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

/// The flags that the signal handlers read and write.
struct Flags {
    /// Whether a request ends this process where it stands.
    at_once: Arc<AtomicBool>,
    /// Whether Ctrl-C was pressed since requests were first deferred.
    interrupted: Arc<AtomicBool>,
    /// Whether this process was asked to end since then.
    ended: Arc<AtomicBool>,
    /// How many defer requests now.
    deferred: AtomicUsize,
}

static FLAGS: OnceLock<Flags> = OnceLock::new();
/// The signal that was deferred and still has to be carried out, or 0.
static PENDING: AtomicI32 = AtomicI32::new(0);

/// Requests are heard elsewhere, and none of them ends this process where it stands.
static HANDED_OVER: AtomicBool = AtomicBool::new(false);

/// From now on requests are the business of [`crate::requests`], also while programs run for us.
pub(crate) fn hand_over() {
    HANDED_OVER.store(true, Ordering::SeqCst);
    if let Some(flags) = FLAGS.get() {
        flags.at_once.store(false, Ordering::SeqCst);
    }
}

fn is_handed_over() -> bool {
    HANDED_OVER.load(Ordering::SeqCst)
}

/// Whose business Ctrl-C is while requests are deferred.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keyboard {
    /// Ours: it is a request to end like the others.
    Ours,
    /// The program's that has the terminal: an editor has its own meaning for it.
    Theirs,
}

/// While it lives, a request to end is remembered instead of carried out.
#[derive(Debug)]
pub struct Deferred(Keyboard);

impl Deferred {
    /// Begins to defer.
    pub fn begin(keyboard: Keyboard) -> io::Result<Self> {
        if is_handed_over() {
            return Ok(Self(keyboard));
        }
        let flags = match FLAGS.get() {
            Some(flags) => flags,
            None => {
                let flags = install()?;
                FLAGS.get_or_init(|| flags)
            }
        };
        if flags.deferred.fetch_add(1, Ordering::SeqCst) == 0 {
            flags.interrupted.store(false, Ordering::SeqCst);
            flags.ended.store(false, Ordering::SeqCst);
        }
        flags.at_once.store(false, Ordering::SeqCst);
        Ok(Self(keyboard))
    }

    /// Whether somebody asked this process to end in the meantime.
    pub fn was_asked(&self) -> bool {
        self.signal().is_some()
    }

    fn signal(&self) -> Option<i32> {
        let flags = FLAGS.get().filter(|_| !is_handed_over())?;
        let interrupted = self.0 == Keyboard::Ours && flags.interrupted.load(Ordering::SeqCst);
        let ended = flags.ended.load(Ordering::SeqCst);
        interrupted.then_some(SIGINT).or(ended.then_some(SIGTERM))
    }
}

impl Drop for Deferred {
    fn drop(&mut self) {
        if let Some(signal) = self.signal() {
            PENDING.store(signal, Ordering::SeqCst);
        }
        if let Some(flags) = FLAGS.get().filter(|_| !is_handed_over())
            && flags.deferred.fetch_sub(1, Ordering::SeqCst) == 1
        {
            flags.at_once.store(true, Ordering::SeqCst);
        }
    }
}

/// Carries out a request that was deferred, if there was one: this process ends as if it had not been. Called when everything else is done.
pub fn carry_out() {
    let signal = PENDING.swap(0, Ordering::SeqCst);
    if signal != 0 {
        // It returns only where it failed, and then we end in our own way.
        let _ = low_level::emulate_default_handler(signal);
    }
}

fn install() -> io::Result<Flags> {
    let new = || Arc::new(AtomicBool::new(false));
    let flags = Flags { at_once: new(), interrupted: new(), ended: new(), deferred: AtomicUsize::new(0) };
    for (signal, asked) in [(SIGINT, &flags.interrupted), (SIGTERM, &flags.ended), (SIGHUP, &flags.ended)] {
        flag::register_conditional_default(signal, Arc::clone(&flags.at_once))?;
        flag::register(signal, Arc::clone(asked))?;
    }
    Ok(flags)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::{Limit, Program, RunError};
    use crate::testing::{AGAIN, DEADLINE, again, eventually};
    use rustix::process::{Pid, Signal, kill_process};
    use std::path::Path;
    use std::{fs, thread};

    /// Not a test by itself: a process that runs a long program, and says how that ended.
    #[test]
    fn running_process() {
        let Some(place) = std::env::var_os(AGAIN) else { return };
        let place = Path::new(&place);
        let script = "echo $$ > \"$1/child.new\" && mv \"$1/child.new\" \"$1/child\"; exec sleep 600";
        let program = Program::new("sh").arguments(["-c", script, "sh"]).argument(place);
        fs::write(place.join("us"), std::process::id().to_string()).expect("written");
        let ended = program.limit(Limit::total(DEADLINE * 4)).run();
        assert!(matches!(ended, Err(RunError::Cancelled { .. })), "{ended:?}");
        fs::write(place.join("cancelled"), "").expect("written");
        carry_out();
        unreachable!("the signal ends this process");
    }

    fn number_in(path: &Path) -> Option<Pid> {
        Pid::from_raw(fs::read_to_string(path).ok()?.trim().parse().ok()?)
    }

    #[test]
    fn a_request_to_end_takes_the_running_program_with_it_and_then_us() {
        for signal in [Signal::INT, Signal::TERM, Signal::HUP] {
            let place = tempfile::tempdir().expect("a directory");
            let message = place.path().as_os_str().to_owned();
            let other = thread::spawn(move || {
                again("interrupt::tests::running_process", &message).limit(Limit::total(DEADLINE * 2)).run()
            });
            eventually("the program runs", || place.path().join("child").is_file());
            let us = number_in(&place.path().join("us")).expect("a process");
            let child = number_in(&place.path().join("child")).expect("a process");
            kill_process(us, signal).expect("asked");
            let ended = other.join().expect("no panic").expect("it was run");
            assert!(place.path().join("cancelled").is_file(), "{ended:?}");
            assert!(!ended.status.success() && ended.status.code().is_none(), "ended by a signal: {ended:?}");
            eventually("the program is gone", || rustix::process::test_kill_process(child).is_err());
        }
    }

    #[test]
    fn what_is_deferred_twice_is_deferred_until_both_are_done() {
        let outer = Deferred::begin(Keyboard::Ours).expect("handlers");
        drop(Deferred::begin(Keyboard::Ours).expect("handlers"));
        let flags = FLAGS.get().expect("installed");
        assert!(!flags.at_once.load(Ordering::SeqCst));
        drop(outer);
    }
}
