//! The three streams of a running program, all served at once so that none can block another.

use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use rustix::io::Errno;

const CHUNK: usize = 64 * 1024;

/// One output stream: kept up to a cap, then read and dropped.
pub(super) struct Capture<R> {
    source: Option<R>,
    pub(super) kept: Vec<u8>,
    pub(super) truncated: bool,
}

impl<R: Read> Capture<R> {
    fn new(source: Option<R>) -> Self {
        Self { source, kept: Vec::new(), truncated: false }
    }

    /// Reads what is there, once; it is known that this does not block. Returns whether there was something.
    fn read(&mut self, buffer: &mut [u8], cap: usize) -> bool {
        let Some(source) = &mut self.source else { return false };
        match source.read(buffer) {
            Err(error) if matches!(error.kind(), io::ErrorKind::Interrupted | io::ErrorKind::WouldBlock) => {
                false
            }
            Ok(0) | Err(_) => {
                self.source = None;
                false
            }
            Ok(length) => {
                let room = cap.saturating_sub(self.kept.len()).min(length);
                self.kept.extend_from_slice(&buffer[..room]);
                self.truncated |= room < length;
                true
            }
        }
    }

    /// Gives up on a stream that somebody else keeps open.
    fn abandon(&mut self) {
        self.truncated |= self.source.take().is_some();
    }
}

/// All three.
pub(super) struct Streams<'input> {
    stdin: Option<ChildStdin>,
    unsent: &'input [u8],
    pub(super) stdout: Capture<ChildStdout>,
    pub(super) stderr: Capture<ChildStderr>,
    cap: usize,
    buffer: Vec<u8>,
}

impl<'input> Streams<'input> {
    pub(super) fn new(child: &mut Child, input: &'input [u8], cap: usize) -> io::Result<Self> {
        let stdin = child.stdin.take();
        if let Some(stdin) = &stdin {
            // Writing must never wait for a program that itself waits for us to read. Only our end of the pipe is changed by this.
            fcntl_setfl(stdin, fcntl_getfl(stdin)? | OFlags::NONBLOCK)?;
        }
        let (stdout, stderr) = (Capture::new(child.stdout.take()), Capture::new(child.stderr.take()));
        Ok(Self { stdin, unsent: input, stdout, stderr, cap, buffer: vec![0; CHUNK] })
    }

    /// Whether both outputs were closed by everyone who had them.
    pub(super) fn are_finished(&self) -> bool {
        self.stdout.source.is_none() && self.stderr.source.is_none()
    }

    /// Stops feeding and reading.
    pub(super) fn abandon(&mut self) {
        self.stdin = None;
        self.stdout.abandon();
        self.stderr.abandon();
    }

    /// Moves what can be moved, waiting at most `longest` for something to move. Returns whether the program wrote anything.
    pub(super) fn exchange(&mut self, longest: Duration) -> io::Result<bool> {
        let ready = self.wait(longest)?;
        if ready[0] {
            self.feed();
        }
        let mut progress = false;
        if ready[1] {
            progress |= self.stdout.read(&mut self.buffer, self.cap);
        }
        if ready[2] {
            progress |= self.stderr.read(&mut self.buffer, self.cap);
        }
        Ok(progress)
    }

    /// Which of standard input, output and error have something to do.
    fn wait(&self, longest: Duration) -> io::Result<[bool; 3]> {
        let mut entries = Vec::with_capacity(3);
        let descriptors = [
            (self.stdin.as_ref().map(AsFd::as_fd), PollFlags::OUT),
            (self.stdout.source.as_ref().map(AsFd::as_fd), PollFlags::IN),
            (self.stderr.source.as_ref().map(AsFd::as_fd), PollFlags::IN),
        ];
        for (descriptor, flags) in &descriptors {
            if let Some(descriptor) = descriptor {
                entries.push(PollFd::from_borrowed_fd(*descriptor, *flags));
            }
        }
        let timeout = Timespec {
            tv_sec: i64::try_from(longest.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: longest.subsec_nanos().into(),
        };
        match poll(&mut entries, Some(&timeout)) {
            Ok(_) => {}
            Err(Errno::INTR) => return Ok([false; 3]),
            Err(error) => return Err(error.into()),
        }
        let mut entries = entries.iter();
        // Any answer counts, also an error or hang-up: the read or write then says what it is.
        Ok(descriptors.map(|(descriptor, _)| {
            descriptor.is_some() && entries.next().is_some_and(|entry| !entry.revents().is_empty())
        }))
    }

    /// Writes what fits into the pipe. A program that does not want all of its input is no error.
    fn feed(&mut self) {
        let Some(stdin) = &mut self.stdin else { return };
        match stdin.write(self.unsent) {
            Ok(length) => self.unsent = &self.unsent[length..],
            Err(error) if matches!(error.kind(), io::ErrorKind::Interrupted | io::ErrorKind::WouldBlock) => {}
            Err(_) => self.unsent = &[],
        }
        if self.unsent.is_empty() {
            self.stdin = None;
        }
    }
}
