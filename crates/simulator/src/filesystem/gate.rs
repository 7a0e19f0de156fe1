//! What every call goes through: people act, the machine crashes, the device fails, or the call is carried out; then it is noted.

use super::call::{Call, Fault, When};
use super::disk::{Answer, Disk};
use super::handle::{Handle, SimDirectory, SimFile};
use super::image::Object;
use super::trace::{Arguments, Traced};
use super::{Shared, SimFs, State};
use crate::choices::Choices;
use rustix::io::Errno;
use std::fmt;
use std::io;
use std::rc::Rc;

/// The machine is off.
#[derive(Debug)]
struct Crashed;

impl fmt::Display for Crashed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the simulated machine has crashed")
    }
}

impl std::error::Error for Crashed {}

/// The error says that the machine has crashed. A program can do nothing about it but end.
pub fn is_crash(error: &io::Error) -> bool {
    error.get_ref().is_some_and(|inner| inner.is::<Crashed>())
}

impl SimFs {
    /// Carries out a call, or lets it fail.
    pub(super) fn call<T: Traced>(
        &self,
        call: Call,
        arguments: Arguments<'_>,
        carry_out: impl FnOnce(&mut State, &Rc<Shared>) -> Answer<T>,
    ) -> io::Result<T> {
        self.run_hook(call);
        let state = &mut *self.shared.state.borrow_mut();
        state.calls += 1;
        state.changing += u64::from(call.mutates());
        state.crashed |= state.crash_at.is_some_and(|at| state.calls >= at);
        if state.crashed {
            return Err(io::Error::other(Crashed));
        }
        state.disk.tick();
        let answer = match state.fault(call) {
            Some(errno) => {
                match (call, errno) {
                    (Call::SynchronizeFile, Errno::IO) => state.disk.lose_writes(arguments.objects[0]),
                    (Call::SynchronizeEverything, Errno::IO) => state.disk.lose_all_writes(),
                    _ => {}
                }
                Err(errno)
            }
            None => carry_out(state, &self.shared),
        };
        state.note(call, arguments, &answer);
        answer.map_err(io::Error::from)
    }

    fn run_hook(&self, call: Call) {
        // Taken out while it runs, so that calls of its own do not call it again.
        let Some(mut hook) = self.shared.hook.borrow_mut().take() else { return };
        let (next, crashed) = {
            let state = self.shared.state.borrow();
            (state.calls + 1, state.crashed)
        };
        if !crashed {
            hook(self, next, call);
        }
        self.shared.hook.borrow_mut().get_or_insert(hook);
    }
}

impl State {
    fn fault(&mut self, call: Call) -> Option<Errno> {
        for index in 0..self.faults.faults.len() {
            let fault = self.faults.faults[index];
            if fault.calls.contains(call) && self.strikes(index, fault) {
                return Some(fault.errno);
            }
        }
        None
    }

    fn strikes(&mut self, index: usize, fault: Fault) -> bool {
        let bit = 1_u64.checked_shl(u32::try_from(index).unwrap_or(u32::MAX)).unwrap_or(0);
        if self.struck & bit != 0 {
            return true;
        }
        let strikes = match fault.when {
            When::At(number) => self.calls == number,
            When::From(number) => self.calls >= number,
            When::OneIn(many) => self.choose_one_in(many, "a call fails"),
        };
        if strikes && fault.stays {
            self.struck |= bit;
        }
        strikes
    }

    fn choose(&mut self, below: u64, what: &'static str) -> u64 {
        self.choices.as_mut().map_or(0, |choices| choices.choose(below, what))
    }

    fn choose_one_in(&mut self, many: u64, what: &'static str) -> bool {
        // The last of the choices and not the first, because zero is benign. So it cannot be at every call.
        let below = many.max(2);
        many > 0 && self.choose(below, what) + 1 == below
    }

    /// How many bytes are read or written of so many: all, or by choice fewer, but at least one.
    pub(super) fn shortened(&mut self, many: usize, call: Call) -> usize {
        let one_in = match call {
            Call::ReadAt => self.faults.short_reads_one_in,
            _ => self.faults.short_writes_one_in,
        };
        if many > 1 && self.choose_one_in(one_in, "fewer bytes than asked for") {
            let less = 1 + self.choose(many as u64 - 1, "how many fewer");
            many - usize::try_from(less).unwrap_or(1)
        } else {
            many
        }
    }

    fn note<T: Traced>(&mut self, call: Call, arguments: Arguments<'_>, answer: &Answer<T>) {
        self.trace.word(call as u64);
        arguments.trace(&mut self.trace);
        match answer {
            Ok(value) => value.trace(&mut self.trace),
            Err(errno) => self.trace.word(!u64::from(errno.raw_os_error().unsigned_abs())),
        }
        if let Some(log) = &mut self.log {
            log.push(format!("{} {call:?} {} -> {answer:?}", self.calls, arguments.text()));
        }
    }

    /// The object that a handle was opened for.
    pub(super) fn object(&self, handle: &Handle) -> Answer<Object> {
        if handle.generation == self.generation { Ok(handle.object) } else { Err(Errno::BADF) }
    }

    pub(super) fn open(&mut self, shared: &Rc<Shared>, object: Object) -> Answer<Handle> {
        if self.open >= self.disk.settings.handles {
            return Err(Errno::MFILE);
        }
        self.disk.node_mut(object)?.handles += 1;
        self.open += 1;
        Ok(Handle { shared: Rc::clone(shared), object, generation: self.generation })
    }

    pub(super) fn disk_at(&mut self, directory: &SimDirectory) -> Answer<(&mut Disk, Object)> {
        let object = self.object(&directory.0)?;
        Ok((&mut self.disk, object))
    }

    pub(super) fn disk_of(&mut self, file: &SimFile) -> Answer<(&mut Disk, Object)> {
        let object = self.object(&file.handle)?;
        Ok((&mut self.disk, object))
    }
}
