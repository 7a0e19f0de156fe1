//! The file of the real index, on a simulated disk.
//!
//! The database library wants storage that can go to other threads, and a simulated disk cannot. So the library gets a number, and what
//! the number stands for stays with its thread: called from another one, or after the machine that had it is gone, every call fails.

use crate::filesystem::{SimFile, SimFs};
use homesync_disk::Vfs;
use homesync_index::StorageBackend;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::io;
use std::rc::Rc;

thread_local! {
    static PLUGGED: RefCell<BTreeMap<u64, Rc<Storage>>> = const { RefCell::new(BTreeMap::new()) };
    static NEXT: Cell<u64> = const { Cell::new(0) };
}

/// A file on a disk that stops together with its machine.
struct Storage {
    disk: SimFs,
    machine: SimFs,
    file: SimFile,
}

impl Storage {
    /// Either disk that is off takes the other along: it is one machine.
    fn stop_together(&self) {
        if self.machine.has_crashed() {
            self.disk.crash();
        } else if self.disk.has_crashed() {
            self.machine.crash();
        }
    }
}

/// As long as it lives, its backend works. Without it nothing reaches the disk any more, as when the process is gone.
pub struct Plug(u64);

impl Plug {
    /// Connects a file with a backend.
    pub fn of(disk: &SimFs, machine: &SimFs, file: SimFile) -> (Self, Backend) {
        let number = NEXT.replace(NEXT.get() + 1);
        let storage = Storage { disk: disk.clone(), machine: machine.clone(), file };
        PLUGGED.with_borrow_mut(|plugged| plugged.insert(number, Rc::new(storage)));
        (Self(number), Backend(number))
    }
}

impl Drop for Plug {
    fn drop(&mut self) {
        // The file's handle is dropped outside of the borrow, because that calls the disk.
        let storage = PLUGGED.with_borrow_mut(|plugged| plugged.remove(&self.0));
        drop(storage);
    }
}

/// What the database library is given.
#[derive(Debug)]
pub struct Backend(u64);

impl Backend {
    fn with<T>(&self, work: impl FnOnce(&SimFs, &SimFile) -> io::Result<T>) -> io::Result<T> {
        let storage = PLUGGED.with_borrow(|plugged| plugged.get(&self.0).cloned());
        let storage = storage.ok_or_else(|| io::Error::other("the process that had this file is gone"))?;
        storage.stop_together();
        let answer = work(&storage.disk, &storage.file);
        storage.stop_together();
        answer
    }
}

impl StorageBackend for Backend {
    fn len(&self) -> io::Result<u64> {
        self.with(|disk, file| Ok(disk.file_status(file)?.size))
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.with(|disk, file| {
            let mut filled = 0;
            while filled < out.len() {
                match disk.read_at(file, offset + filled as u64, &mut out[filled..])? {
                    0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                    many => filled += many,
                }
            }
            Ok(())
        })
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.with(|disk, file| disk.set_length(file, len))
    }

    fn sync_data(&self) -> io::Result<()> {
        self.with(|disk, file| disk.synchronize_file(file))
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.with(|disk, file| {
            let mut written = 0;
            while written < data.len() {
                written += disk.write_at(file, offset + written as u64, &data[written..])?;
            }
            Ok(())
        })
    }
}
