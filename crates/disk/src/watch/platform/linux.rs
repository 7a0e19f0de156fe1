//! Linux: inotify, one watch for each directory.
//!
//! A directory is watched first and listed afterwards, so what is made in it meanwhile is seen by one or the other. It is told only after
//! that, so whoever is told and looks misses nothing either. A directory that was moved is forgotten at its old place and watched anew at
//! its new one.

use super::super::{Change, Skips};
use super::descriptors::{Descriptors, Number};
use super::unwatched::Unwatched;
use super::walk::{DirectoryNames, Opened, directories_in, open_in};
use super::{Heard, Listened, is_ours};
use homesync_paths::RelativePath;
use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec, eventfd, poll};
use rustix::fd::{AsRawFd, OwnedFd};
use rustix::fs::inotify::{self, CreateFlags, ReadFlags, Reader, WatchFlags};
use rustix::fs::{self, Mode, OFlags};
use rustix::io::{Errno, retry_on_intr};
use std::collections::VecDeque;
use std::io;
use std::mem::MaybeUninit;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Room for what is read at a time: a few thousand events.
const BUFFER: usize = 128 << 10;

/// What is heard of a directory.
const MASK: WatchFlags = WatchFlags::CREATE
    .union(WatchFlags::DELETE)
    .union(WatchFlags::MODIFY)
    .union(WatchFlags::CLOSE_WRITE)
    .union(WatchFlags::ATTRIB)
    .union(WatchFlags::MOVE)
    .union(WatchFlags::ONLYDIR)
    .union(WatchFlags::EXCL_UNLINK);
/// And of the root besides.
const ROOT_MASK: WatchFlags = MASK.union(WatchFlags::MOVE_SELF).union(WatchFlags::DELETE_SELF);
/// What happened to the root itself.
const ROOT_GONE: ReadFlags =
    ReadFlags::MOVE_SELF.union(ReadFlags::DELETE_SELF).union(ReadFlags::UNMOUNT).union(ReadFlags::IGNORED);
const CAME: ReadFlags = ReadFlags::CREATE.union(ReadFlags::MOVED_TO);
const WENT: ReadFlags = ReadFlags::DELETE.union(ReadFlags::MOVED_FROM);
const FINISHED: ReadFlags = ReadFlags::CLOSE_WRITE.union(ReadFlags::MOVED_TO);

/// Where changes are heard.
pub(in crate::watch) struct Source {
    root: OwnedFd,
    device: u64,
    inotify: OwnedFd,
    stop: Arc<Stop>,
    descriptors: Descriptors,
    unwatched: Unwatched,
    /// What was moved away last, and the number that its arrival has too.
    moved: Option<(u32, RelativePath)>,
    buffer: Box<[MaybeUninit<u8>]>,
}

/// Ends the listening, from any thread.
#[derive(Debug)]
pub(in crate::watch) struct Stopper(Arc<Stop>);

/// That somebody asked for the end: for who waits, and for who is at work.
#[derive(Debug)]
struct Stop {
    event: OwnedFd,
    is_asked: AtomicBool,
}

impl Stopper {
    pub(in crate::watch) fn stop(&self) {
        self.0.is_asked.store(true, Ordering::Relaxed);
        // It can only fail when it was asked a great many times already.
        let _ = rustix::io::write(&self.0.event, &1_u64.to_ne_bytes());
    }
}

/// One event, out of the buffer.
struct Event {
    number: Number,
    flags: ReadFlags,
    cookie: u32,
    name: Option<Box<[u8]>>,
}

/// Opens the root; nothing is watched yet.
pub(in crate::watch) fn open(root: &Path) -> io::Result<(Source, Stopper)> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let root = retry_on_intr(|| fs::open(root, flags, Mode::empty()))?;
    let device = device_of(&root)?;
    let event = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
    let stop = Arc::new(Stop { event, is_asked: AtomicBool::new(false) });
    let source = Source {
        root,
        device,
        inotify: new_inotify()?,
        stop: stop.clone(),
        descriptors: Descriptors::default(),
        unwatched: Unwatched::default(),
        moved: None,
        buffer: vec![MaybeUninit::uninit(); BUFFER].into_boxed_slice(),
    };
    Ok((source, Stopper(stop)))
}

fn new_inotify() -> io::Result<OwnedFd> {
    match inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK) {
        Err(Errno::MFILE) => Err(io::Error::other(
            "this user has too many watchers or open files: raise fs.inotify.max_user_instances with sysctl",
        )),
        made => Ok(made?),
    }
}

#[allow(clippy::unnecessary_cast, reason = "necessary on another processor")]
fn device_of(directory: &OwnedFd) -> Result<u64, Errno> {
    Ok(retry_on_intr(|| fs::fstat(directory))?.st_dev as u64)
}

impl Source {
    /// Watches the root and all below it, anew if they were watched before.
    pub(in crate::watch) fn watch_all(
        &mut self,
        skips: &Skips,
        hear: &mut dyn FnMut(Heard),
    ) -> io::Result<()> {
        // Closing the old one takes all its watches and all that waits in it; it must go first, because it counts.
        self.descriptors = Descriptors::default();
        self.unwatched = Unwatched::default();
        self.moved = None;
        self.inotify = new_inotify()?;
        let root = match self.add_watch(&self.root, ROOT_MASK) {
            Ok(root) => root,
            Err(Errno::NOSPC) => {
                return Err(io::Error::other(format!(
                    "the system watches no more directories: {}",
                    super::unwatched::ADVICE
                )));
            }
            Err(errno) => return Err(errno.into()),
        };
        self.descriptors = Descriptors::new(root);
        let below = directories_in(&self.root)?;
        self.cover(below.into_iter().map(|name| (root, name)).collect(), skips, hear);
        Ok(())
    }

    /// Waits for changes, for an end, or until the time is over.
    pub(in crate::watch) fn listen(
        &mut self,
        wait: Option<Duration>,
        skips: &Skips,
        hear: &mut dyn FnMut(Heard),
    ) -> io::Result<Listened> {
        let wait = wait.and_then(|wait| Timespec::try_from(wait).ok());
        let mut polled =
            [PollFd::new(&self.stop.event, PollFlags::IN), PollFd::new(&self.inotify, PollFlags::IN)];
        match poll(&mut polled, wait.as_ref()) {
            Ok(_) => {}
            Err(Errno::INTR) => return Ok(Listened::GoOn),
            Err(errno) => return Err(errno.into()),
        }
        if !polled[0].revents().is_empty() {
            return Ok(Listened::Stopped);
        }
        if polled[1].revents().is_empty() {
            return Ok(Listened::GoOn);
        }
        let events = self.read()?;
        if events.iter().any(|event| event.flags.contains(ReadFlags::QUEUE_OVERFLOW)) {
            // A directory that was made or moved may be among what is lost.
            self.watch_all(skips, hear)?;
            hear(Heard::Lost("more changed than the system could tell".to_string()));
            return Ok(Listened::GoOn);
        }
        for event in events {
            self.handle(event, skips, hear);
        }
        Ok(Listened::GoOn)
    }

    /// One buffer full of events, and not all that there are: whoever floods us must not keep us from telling.
    fn read(&mut self) -> io::Result<Vec<Event>> {
        let mut reader = Reader::new(&self.inotify, &mut self.buffer);
        let mut events = Vec::new();
        loop {
            match reader.next() {
                Ok(event) => events.push(Event {
                    number: event.wd(),
                    flags: event.events(),
                    cookie: event.cookie(),
                    name: event.file_name().map(|name| name.to_bytes().into()),
                }),
                Err(Errno::AGAIN) => return Ok(events),
                Err(Errno::INTR) => continue,
                Err(errno) => return Err(errno.into()),
            }
            if reader.is_buffer_empty() {
                return Ok(events);
            }
        }
    }

    fn handle(&mut self, event: Event, skips: &Skips, hear: &mut dyn FnMut(Heard)) {
        let Event { number, flags, cookie, name } = event;
        if !self.descriptors.knows(number) {
            return;
        }
        if number == self.descriptors.root() && flags.intersects(ROOT_GONE) {
            hear(Heard::Lost("the folder's own directory was moved, removed or unmounted".to_string()));
            return;
        }
        if flags.contains(ReadFlags::IGNORED) {
            self.forget(number);
            return;
        }
        let Some(name) = name else { return };
        let Some(path) = self.descriptors.path(number, &name).filter(|path| !is_ours(path)) else { return };
        let is_directory = flags.contains(ReadFlags::ISDIR);
        if flags.intersects(WENT) {
            if let Some(gone) = self.descriptors.find(number, &name).filter(|_| is_directory) {
                self.forget(gone);
            }
            self.unwatched.remove(&path);
            if flags.contains(ReadFlags::MOVED_FROM) {
                self.moved = Some((cookie, path.clone()));
            }
            hear(Heard::Change(path, Change::Gone));
            return;
        }
        // It was not removed but has another name: both are told together.
        if let Some((_, from)) = self.moved.take_if(|(moved, _)| *moved == cookie && cookie != 0) {
            hear(Heard::Change(from, Change::Saved));
        }
        let is_new = is_directory
            && (flags.intersects(CAME) || self.descriptors.find(number, &name).is_none())
            && self.cover(VecDeque::from([(number, name)]), skips, hear);
        let change = match () {
            () if is_new || is_directory && flags.intersects(CAME) => Change::Directory,
            () if flags.intersects(FINISHED) => Change::Saved,
            () => Change::Written,
        };
        hear(Heard::Change(path, change));
    }

    /// Watches directories and all below them, the upper ones first: if there are too many, those below are left. Answers whether any is
    /// watched that was not before.
    fn cover(
        &mut self,
        mut waiting: VecDeque<(Number, Box<[u8]>)>,
        skips: &Skips,
        hear: &mut dyn FnMut(Heard),
    ) -> bool {
        // A handle of its own, because the rest is changed meanwhile.
        let Ok(root) = rustix::io::fcntl_dupfd_cloexec(&self.root, 0) else { return false };
        let mut opened = Opened::new(&root);
        let mut is_new = false;
        while let Some((above, name)) = waiting.pop_front() {
            if self.stop.is_asked.load(Ordering::Relaxed) {
                return is_new;
            }
            let Some(path) = self.descriptors.path(above, &name) else { continue };
            if is_ours(&path) || skips(&path) {
                continue;
            }
            match self.watch(&mut opened, above, &name) {
                Ok(Some((number, below))) => {
                    is_new = true;
                    self.unwatched.remove(&path);
                    waiting.extend(below.into_iter().map(|name| (number, name)));
                }
                // Gone by now or something else, which is told of on its own; or nobody may look into it.
                Ok(None) | Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP | Errno::ACCESS) => {}
                Err(_) => self.unwatched.insert(path),
            }
        }
        if let Some(noticed) = self.unwatched.news() {
            hear(Heard::Unwatched(noticed));
        }
        is_new
    }

    /// Watches one directory, and answers what is in it. Nothing if that was so before, or another file system begins there.
    fn watch(
        &mut self,
        opened: &mut Opened<'_>,
        above: Number,
        name: &[u8],
    ) -> Result<Option<(Number, DirectoryNames)>, Errno> {
        let directory = open_in(opened.directory(&self.descriptors, above)?, name)?;
        if device_of(&directory)? != self.device {
            return Ok(None);
        }
        let mut number = self.add_watch(&directory, MASK)?;
        let before = self.descriptors.find(above, name);
        if before == Some(number) {
            return Ok(None);
        }
        if let Some(before) = before {
            self.forget(before);
        }
        if number == self.descriptors.root() {
            // The root below itself: only a second mount of it can look like that.
            return Ok(None);
        }
        if self.descriptors.knows(number) {
            // It is at another place now, of which will be told: with all below it, it begins anew here.
            self.forget(number);
            number = self.add_watch(&directory, MASK)?;
        }
        self.descriptors.insert(number, above, name);
        Ok(Some((number, directories_in(&directory)?)))
    }

    /// The open directory itself is watched, whatever has its name by now.
    fn add_watch(&self, directory: &OwnedFd, mask: WatchFlags) -> Result<Number, Errno> {
        let path = format!("/proc/self/fd/{}", directory.as_raw_fd());
        retry_on_intr(|| inotify::add_watch(&self.inotify, path.as_str(), mask))
    }

    fn forget(&mut self, number: Number) {
        for gone in self.descriptors.remove(number) {
            // It may be gone with its directory.
            let _ = inotify::remove_watch(&self.inotify, gone);
        }
    }
}
