//! The process group of a running program.
//!
//! The group's id is its leader's process id. The system may give that number to somebody else only after the leader was reaped, so the
//! leader's end is first *seen* without reaping it; all signals are sent before it is reaped, and none after.

use std::io;
use std::process::{Child, ExitStatus};
use std::thread;

use rustix::io::Errno;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};

/// A group whose leader has not been reaped. Dropping it kills all of it, so that no way out of a function leaves a program behind.
pub(super) struct Group {
    leader: Option<Child>,
    id: Pid,
}

impl Group {
    /// `leader` must have been started as the leader of its own group.
    pub(super) fn new(leader: Child) -> Self {
        Self { id: Pid::from_child(&leader), leader: Some(leader) }
    }

    /// Signals every member. There may be none that can be signalled any more, which is as good.
    pub(super) fn signal(&self, signal: Signal) {
        let _ = kill_process_group(self.id, signal);
    }

    /// Whether the leader has ended. It stays a zombie that keeps its number.
    pub(super) fn has_ended(&self) -> io::Result<bool> {
        let look = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        match waitid(WaitId::Pid(self.id), look) {
            Ok(status) => Ok(status.is_some()),
            Err(Errno::INTR) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Ends the story of a leader that has ended. From here on the group is not signalled.
    pub(super) fn reap(mut self) -> io::Result<ExitStatus> {
        match self.leader.take() {
            Some(mut leader) => leader.wait(),
            None => Err(io::ErrorKind::NotFound.into()),
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        let Some(mut leader) = self.leader.take() else { return };
        let _ = kill_process_group(self.id, Signal::KILL);
        if !matches!(leader.try_wait(), Ok(None)) {
            return;
        }
        // Killed but not gone: it dies in a moment, or hangs in the kernel on a dead file system, for which nobody should wait. Should no
        // thread be had, the zombie stays until we end.
        let _ = thread::Builder::new().name("reaper".to_owned()).spawn(move || leader.wait());
    }
}
