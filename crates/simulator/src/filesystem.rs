//! A file system in memory that forgets, on a power cut, what was not made durable.
//!
//! There are two images of everything: *cached*, which calls see, and *durable*. Each step of a call (a name made, moved, exchanged or
//! taken away; an object's metadata; bytes written) waits as an *effect* until something makes it durable. A power cut keeps some of the
//! waiting effects: each whole or not at all, none without those that it builds on; bytes in pieces of at least 512. So a renamed file
//! may be empty, full of zeros or torn after a power cut, unless its content was made durable before.
//!
//! It is deterministic and for one thread. What can go either way is asked of [`Choices`](crate::choices::Choices), where zero is
//! benign. People's actions (`user_…`) are neither counted nor made to fail.

mod call;
mod calls;
mod content;
mod crash;
mod disk;
mod effect;
mod gate;
mod handle;
mod image;
mod settings;
mod trace;
mod user;

#[cfg(test)]
mod tests;

pub use call::{Call, Calls, Fault, Faults, When};
pub use gate::is_crash;
pub use handle::{SimDirectory, SimFile};
pub use settings::Settings;
pub use user::Found;

use crate::choices::{Benign, SharedChoices};
use disk::Disk;
use homesync_protocol::Timestamp;
use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;
use trace::Trace;

/// Called between two calls, with the number and kind of the one that comes next.
pub type Hook = Box<dyn FnMut(&SimFs, u64, Call)>;

/// The simulated file system. A clone is the same disk.
#[derive(Clone)]
pub struct SimFs {
    shared: Rc<Shared>,
}

struct Shared {
    state: RefCell<State>,
    hook: RefCell<Option<Hook>>,
}

struct State {
    disk: Disk,
    calls: u64,
    changing: u64,
    crash_at: Option<u64>,
    crashed: bool,
    generation: u32,
    /// Handles that are open.
    open: u64,
    faults: Faults,
    /// Which of the faults have struck and stay.
    struck: u64,
    choices: Option<SharedChoices>,
    trace: Trace,
    log: Option<Vec<String>>,
}

impl Default for SimFs {
    fn default() -> Self {
        Self::new(Settings::default())
    }
}

impl fmt::Debug for SimFs {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "SimFs after {} calls", self.calls())
    }
}

impl SimFs {
    /// An empty disk on which everything goes well.
    pub fn new(settings: Settings) -> Self {
        let state = State {
            disk: Disk::new(settings),
            calls: 0,
            changing: 0,
            crash_at: None,
            crashed: false,
            generation: 0,
            open: 0,
            faults: Faults::default(),
            struck: 0,
            choices: None,
            trace: Trace::default(),
            log: None,
        };
        Self { shared: Rc::new(Shared { state: RefCell::new(state), hook: RefCell::new(None) }) }
    }

    /// Who decides what can go either way: power cuts, faults by chance, short reads and writes. Without it all is benign.
    pub fn set_choices(&self, choices: SharedChoices) {
        self.shared.state.borrow_mut().choices = Some(choices);
    }

    /// What goes wrong from now on.
    pub fn set_faults(&self, faults: Faults) {
        let mut state = self.shared.state.borrow_mut();
        (state.faults, state.struck) = (faults, 0);
    }

    /// The properties of the file system.
    pub fn settings(&self) -> Settings {
        self.shared.state.borrow().disk.settings
    }

    /// Changes the properties in the middle of a run: the disk gets full, or has room again. Not `folds_case`, `owner` and `device`
    /// of a disk with content.
    pub fn set_settings(&self, settings: Settings) {
        self.shared.state.borrow_mut().disk.settings = settings;
    }

    /// Sets the clock. It moves on by itself by `tick_nanoseconds` with each call.
    pub fn set_now(&self, now: Timestamp) {
        self.shared.state.borrow_mut().disk.set_now(now);
    }

    /// Asks this to be called before each call. It may do what people do, also to the object that the call is about; its own
    /// calls do not call it again. It cannot take itself away.
    pub fn set_hook(&self, hook: Hook) {
        *self.shared.hook.borrow_mut() = Some(hook);
    }

    /// Nobody is called any more.
    pub fn clear_hook(&self) {
        *self.shared.hook.borrow_mut() = None;
    }

    /// How many calls there have been. The first has number 1.
    pub fn calls(&self) -> u64 {
        self.shared.state.borrow().calls
    }

    /// How many of the calls may have changed something.
    pub fn changing_calls(&self) -> u64 {
        self.shared.state.borrow().changing
    }

    /// The call with this number is not carried out: it and all later ones fail with an error that [`is_crash`] knows, until
    /// [`reboot`](Self::reboot) or [`restart`](Self::restart).
    pub fn set_crash_at(&self, call: Option<u64>) {
        self.shared.state.borrow_mut().crash_at = call;
    }

    /// Everything fails from now on, until the machine or the program starts again.
    pub fn crash(&self) {
        self.shared.state.borrow_mut().crashed = true;
    }

    /// It has crashed and was not started again.
    pub fn has_crashed(&self) -> bool {
        self.shared.state.borrow().crashed
    }

    /// The power goes and comes back: handles are dead (`EBADF`), and by choice some of what was not durable is lost. With benign
    /// choices nothing is.
    pub fn reboot(&self) {
        let state = &mut *self.shared.state.borrow_mut();
        match state.choices.clone() {
            Some(mut choices) => state.disk.cut_power(&mut choices),
            None => state.disk.cut_power(&mut Benign),
        }
        state.trace.word(u64::from(state.generation));
        state.start_again();
    }

    /// Only the program was killed: handles are dead, everything that calls saw stays, durable or not.
    pub fn restart(&self) {
        let state = &mut *self.shared.state.borrow_mut();
        state.disk.close_handles();
        state.start_again();
    }

    /// Effects that are not durable yet. None means that a power cut changes nothing.
    pub fn waiting_effects(&self) -> usize {
        self.shared.state.borrow().disk.waiting.len()
    }

    /// A number over all calls, their arguments and results: equal for equal runs.
    pub fn trace_hash(&self) -> u64 {
        self.shared.state.borrow().trace.0
    }

    /// From now on calls are also written down as text.
    pub fn keep_log(&self) {
        self.shared.state.borrow_mut().log.get_or_insert_default();
    }

    /// The calls since [`keep_log`](Self::keep_log), one line each.
    pub fn log(&self) -> Vec<String> {
        self.shared.state.borrow().log.clone().unwrap_or_default()
    }
}

impl State {
    fn start_again(&mut self) {
        self.generation += 1;
        self.open = 0;
        (self.crashed, self.crash_at) = (false, None);
    }
}
