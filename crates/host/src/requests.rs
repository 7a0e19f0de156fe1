//! What a long-running process is asked for by signals: to end, or to read its settings again.
//!
//! The handlers only write a byte into a pipe, so that nothing happens inside of them.

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::low_level::pipe;
use std::io::{self, Read};
use std::os::unix::net::UnixStream;

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AskedFor {
    /// To end.
    End,
    /// To read the settings again.
    Reload,
}

/// Where requests arrive. From its making on, the signals do nothing else.
#[derive(Debug)]
pub struct Requests {
    end: UnixStream,
    reload: UnixStream,
}

impl Requests {
    /// Begins to listen.
    pub fn listen() -> io::Result<Self> {
        let (end, of_end) = UnixStream::pair()?;
        let (reload, of_reload) = UnixStream::pair()?;
        for signal in [SIGINT, SIGTERM] {
            pipe::register(signal, of_end.try_clone()?)?;
        }
        pipe::register(SIGHUP, of_reload)?;
        crate::interrupt::hand_over();
        for stream in [&end, &reload] {
            stream.set_nonblocking(true)?;
        }
        Ok(Self { end, reload })
    }

    /// Waits for the next request. Several that came meanwhile count as one.
    pub fn next_request(&mut self) -> io::Result<AskedFor> {
        loop {
            let mut ready = [PollFd::new(&self.end, PollFlags::IN), PollFd::new(&self.reload, PollFlags::IN)];
            match poll(&mut ready, None) {
                Ok(_) | Err(Errno::INTR) => {}
                Err(errno) => return Err(errno.into()),
            }
            if is_taken(&mut self.end)? {
                return Ok(AskedFor::End);
            }
            if is_taken(&mut self.reload)? {
                return Ok(AskedFor::Reload);
            }
        }
    }
}

/// Takes everything that came; answers whether anything had.
fn is_taken(stream: &mut UnixStream) -> io::Result<bool> {
    let mut any = false;
    let mut bytes = [0; 64];
    loop {
        match stream.read(&mut bytes) {
            Ok(0) => return Ok(any),
            Ok(_) => any = true,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(any),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::{Limit, Program};
    use crate::testing::{AGAIN, DEADLINE, again, eventually};
    use rustix::process::{Pid, Signal, kill_process};
    use std::path::Path;
    use std::{fs, thread};

    /// Not a test by itself: a process that runs programs, and hears requests all the same.
    #[test]
    fn listening_process() {
        let Some(place) = std::env::var_os(AGAIN) else { return };
        let place = Path::new(&place);
        Program::new("true").run().expect("it runs");
        let mut requests = Requests::listen().expect("it listens");
        Program::new("true").run().expect("it runs");
        fs::write(place.join("us.new"), std::process::id().to_string()).expect("written");
        fs::rename(place.join("us.new"), place.join("us")).expect("named");
        assert_eq!(requests.next_request().expect("a request"), AskedFor::Reload);
        Program::new("true").run().expect("it runs").check().expect("nobody stopped it");
        fs::write(place.join("reloaded"), "").expect("written");
        assert_eq!(requests.next_request().expect("a request"), AskedFor::End);
        fs::write(place.join("ended"), "").expect("written");
    }

    #[test]
    fn requests_are_heard_and_end_nothing_where_it_stands() {
        for last in [Signal::TERM, Signal::INT] {
            let place = tempfile::tempdir().expect("a directory");
            let message = place.path().as_os_str().to_owned();
            let limit = Limit::total(DEADLINE * 2);
            let other = thread::spawn(move || {
                again("requests::tests::listening_process", &message).limit(limit).run()
            });
            eventually("it listens", || place.path().join("us").is_file());
            let us = fs::read_to_string(place.path().join("us")).expect("a number");
            let us = us.trim().parse().ok().and_then(Pid::from_raw).expect("a process");
            kill_process(us, Signal::HUP).expect("asked");
            eventually("it heard", || place.path().join("reloaded").is_file());
            kill_process(us, last).expect("asked");
            let ended = other.join().expect("no panic").expect("it was run");
            assert!(ended.status.success() && place.path().join("ended").is_file(), "{ended:?}");
        }
    }
}
