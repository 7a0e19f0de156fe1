//! The calls on the real file system.

mod attributes;
mod open;
mod people;
mod platform;
mod probe;

pub use platform::SYSTEM;

use crate::{Abilities, Name, ObjectKind, Opened, Space, Status, Vfs, Whose};
use homesync_protocol::{Kind, Timestamp};
use open::{create_and_open, kind_at, open_directory, open_regular};
use people::People;
use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::fs::{self, AtFlags, Dir, FileType, Mode, OFlags, RenameFlags, Timespec, Timestamps};
use rustix::io::{Errno, retry_on_intr};
use std::ffi::CString;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

/// A tree on the real file system, with its root open: what happens to the root's own name does not concern it.
#[derive(Debug)]
pub struct LocalFs {
    root: OwnedFd,
    exchange: AtomicBool,
    folds_case: bool,
    people: People,
}

/// An open directory.
#[derive(Debug)]
pub struct LocalDirectory(OwnedFd);

/// An open file.
#[derive(Debug)]
pub struct LocalFile(OwnedFd);

impl LocalFs {
    /// Opens a root. Links on the way to it are followed: where a folder is, its owner decides.
    ///
    /// What the file system can do is tried out in `.homesync/probe` if the root has a directory `.homesync`, because nothing of ours
    /// is made outside of it. Before that it is what the system's own file systems can do.
    pub fn open(root: &Path) -> io::Result<Self> {
        let root = open_root(root)?;
        let usual = Abilities { exchange: true, folds_case: platform::USUALLY_FOLDS_CASE };
        let abilities = probe::abilities(&root)?.unwrap_or(usual);
        let (exchange, people) = (AtomicBool::new(abilities.exchange), People::default());
        Ok(Self { root, exchange, folds_case: abilities.folds_case, people })
    }
}

impl LocalFs {
    /// By which the root is known again: its file system's own id, which outlives a restart where device numbers may not, and its number there.
    pub fn identity(&self) -> io::Result<(u64, u64)> {
        identity_of(&self.root)
    }

    /// The same for whatever a path leads to now, without trying out anything there: it is asked before every write.
    pub fn identity_at(root: &Path) -> io::Result<(u64, u64)> {
        identity_of(&open_root(root)?)
    }
}

fn open_root(root: &Path) -> io::Result<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    Ok(retry_on_intr(|| fs::open(root, flags, Mode::empty()))?)
}

fn identity_of(root: &OwnedFd) -> io::Result<(u64, u64)> {
    let stat = retry_on_intr(|| fs::fstat(root))?;
    let file_system = retry_on_intr(|| fs::fstatvfs(root))?.f_fsid;
    let file_system = if file_system == 0 { stat.st_dev as u64 } else { file_system };
    Ok((file_system, stat.st_ino))
}

impl Vfs for LocalFs {
    type Directory = LocalDirectory;
    type File = LocalFile;

    fn root(&self) -> io::Result<LocalDirectory> {
        Ok(LocalDirectory(rustix::io::fcntl_dupfd_cloexec(&self.root, 0)?))
    }

    fn abilities(&self) -> Abilities {
        Abilities { exchange: self.exchange.load(Ordering::Relaxed), folds_case: self.folds_case }
    }

    fn bound_user(&self) -> Option<u32> {
        let user = rustix::process::geteuid();
        (!user.is_root()).then_some(user.as_raw())
    }

    fn open_directory(&self, directory: &LocalDirectory, name: Name<'_>) -> io::Result<LocalDirectory> {
        Ok(LocalDirectory(open_directory(&directory.0, name)?))
    }

    fn list(&self, directory: &LocalDirectory) -> io::Result<Vec<(Vec<u8>, ObjectKind)>> {
        let mut found = Vec::new();
        for entry in retry_on_intr(|| Dir::read_from(&directory.0))? {
            let entry = entry?;
            let Ok(name) = Name::new(entry.file_name().to_bytes()) else { continue };
            let kind = match entry.file_type() {
                // Some file systems do not say; an object that is gone by now need not be listed.
                FileType::Unknown => match kind_at(&directory.0, name) {
                    Ok(kind) => kind,
                    Err(Errno::NOENT) => continue,
                    Err(errno) => return Err(errno.into()),
                },
                known => kind(known),
            };
            found.push((name.as_bytes().to_vec(), kind));
        }
        found.sort_unstable();
        Ok(found)
    }

    fn status(&self, directory: &LocalDirectory, name: Name<'_>) -> io::Result<Status> {
        let stat = retry_on_intr(|| fs::statat(&directory.0, name.as_bytes(), AtFlags::SYMLINK_NOFOLLOW))?;
        Ok(status(&stat))
    }

    fn directory_status(&self, directory: &LocalDirectory) -> io::Result<Status> {
        Ok(status(&retry_on_intr(|| fs::fstat(&directory.0))?))
    }

    fn file_status(&self, file: &LocalFile) -> io::Result<Status> {
        Ok(status(&retry_on_intr(|| fs::fstat(&file.0))?))
    }

    /// RACE: if somebody replaces the new directory by another one within these three calls, that one gets the permissions.
    fn create_directory(
        &self,
        directory: &LocalDirectory,
        name: Name<'_>,
        permissions: u16,
    ) -> io::Result<()> {
        retry_on_intr(|| fs::mkdirat(&directory.0, name.as_bytes(), Mode::RWXU))?;
        // The process's mask does not apply to this.
        let exact =
            open_directory(&directory.0, name).and_then(|made| change_mode(made.as_fd(), permissions));
        exact.map_err(|errno| {
            // Only ours can be empty and of this name; if it cannot be taken away either, it is an empty directory too many.
            let _ = fs::unlinkat(&directory.0, name.as_bytes(), AtFlags::REMOVEDIR);
            errno.into()
        })
    }

    fn create_file(
        &self,
        directory: &LocalDirectory,
        name: Name<'_>,
        permissions: u16,
    ) -> io::Result<LocalFile> {
        let file = create_and_open(&directory.0, name)?;
        match change_mode(file.as_fd(), permissions) {
            Ok(()) => Ok(LocalFile(file)),
            Err(errno) => {
                let _ = fs::unlinkat(&directory.0, name.as_bytes(), AtFlags::empty());
                Err(errno.into())
            }
        }
    }

    fn create_link(&self, directory: &LocalDirectory, name: Name<'_>, target: &[u8]) -> io::Result<()> {
        // Made once: both calls would fail with `EINVAL` on a NUL in it.
        let target = CString::new(target).map_err(|_| Errno::INVAL)?;
        Ok(retry_on_intr(|| fs::symlinkat(&target, &directory.0, name.as_bytes()))?)
    }

    fn open_file(&self, directory: &LocalDirectory, name: Name<'_>) -> io::Result<LocalFile> {
        Ok(LocalFile(open_regular(&directory.0, name, OFlags::RDONLY)?))
    }

    fn open_file_for_writing(&self, directory: &LocalDirectory, name: Name<'_>) -> io::Result<LocalFile> {
        let open = || open_regular(&directory.0, name, OFlags::RDWR);
        let opened = match open() {
            // It was ready to be put in place, and was not. Nobody else writes where our temporary files are, so it is still the same one.
            Err(Errno::ACCESS) => {
                let (own, how) = (Mode::RUSR | Mode::WUSR, AtFlags::empty());
                retry_on_intr(|| fs::chmodat(&directory.0, name.as_bytes(), own, how))?;
                open()
            }
            opened => opened,
        };
        Ok(LocalFile(opened?))
    }

    fn read_link(&self, directory: &LocalDirectory, name: Name<'_>) -> io::Result<Vec<u8>> {
        let target = retry_on_intr(|| fs::readlinkat(&directory.0, name.as_bytes(), Vec::new()))?;
        Ok(target.into_bytes())
    }

    fn read_at(&self, file: &LocalFile, offset: u64, into: &mut [u8]) -> io::Result<usize> {
        Ok(retry_on_intr(|| rustix::io::pread(&file.0, &mut *into, offset))?)
    }

    fn write_at(&self, file: &LocalFile, offset: u64, from: &[u8]) -> io::Result<usize> {
        Ok(retry_on_intr(|| rustix::io::pwrite(&file.0, from, offset))?)
    }

    fn set_length(&self, file: &LocalFile, length: u64) -> io::Result<()> {
        Ok(retry_on_intr(|| fs::ftruncate(&file.0, length))?)
    }

    fn clone_content(&self, from: &LocalFile, to: &LocalFile) -> io::Result<()> {
        Ok(platform::clone_content(from.0.as_fd(), to.0.as_fd())?)
    }

    fn set_file_permissions(&self, file: &LocalFile, permissions: u16) -> io::Result<()> {
        Ok(change_mode(file.0.as_fd(), permissions)?)
    }

    fn set_directory_permissions(&self, directory: &LocalDirectory, permissions: u16) -> io::Result<()> {
        Ok(change_mode(directory.0.as_fd(), permissions)?)
    }

    fn set_modified(&self, file: &LocalFile, modified: Timestamp) -> io::Result<()> {
        let times = Timestamps {
            last_access: Timespec { tv_sec: 0, tv_nsec: fs::UTIME_OMIT },
            last_modification: Timespec { tv_sec: modified.seconds, tv_nsec: modified.nanoseconds.into() },
        };
        Ok(retry_on_intr(|| fs::futimens(&file.0, &times))?)
    }

    fn attribute_names(&self, of: Opened<'_, Self>) -> io::Result<Vec<Vec<u8>>> {
        Ok(attributes::names(descriptor(of))?)
    }

    fn attribute(&self, of: Opened<'_, Self>, name: &str, most: usize) -> io::Result<Option<Vec<u8>>> {
        Ok(attributes::value(descriptor(of), name, most)?)
    }

    fn set_attribute(&self, of: Opened<'_, Self>, name: &str, value: &[u8]) -> io::Result<()> {
        Ok(attributes::set(descriptor(of), name, value)?)
    }

    fn remove_attribute(&self, of: Opened<'_, Self>, name: &str) -> io::Result<()> {
        Ok(attributes::remove(descriptor(of), name)?)
    }

    fn set_owner(&self, of: Opened<'_, Self>, user: Option<u32>, group: Option<u32>) -> io::Result<()> {
        let (user, group) = people::ids(user, group)?;
        Ok(retry_on_intr(|| fs::fchown(descriptor(of), user, group))?)
    }

    fn set_link_owner(
        &self,
        directory: &LocalDirectory,
        name: Name<'_>,
        user: Option<u32>,
        group: Option<u32>,
    ) -> io::Result<()> {
        let (user, group) = people::ids(user, group)?;
        // Opened before it is looked at: what somebody puts in its place in that moment may be another name of a file elsewhere.
        let flags = platform::OPENS_LINK | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let link = retry_on_intr(|| fs::openat(&directory.0, name.as_bytes(), flags, Mode::empty()))?;
        let is_link = FileType::from_raw_mode(retry_on_intr(|| fs::fstat(&link))?.st_mode).is_symlink();
        if !is_link {
            return Err(Errno::NOENT.into());
        }
        Ok(platform::change_link_owner(link.as_fd(), user, group)?)
    }

    fn name_of(&self, whose: Whose, number: u32) -> Option<String> {
        self.people.name_of(whose, number)
    }

    fn number_of(&self, whose: Whose, name: &str) -> Option<u32> {
        self.people.number_of(whose, name)
    }

    fn synchronize_file(&self, file: &LocalFile) -> io::Result<()> {
        // Not repeated on an error, least of all on EIO: a second call would succeed although the first one's bytes are lost.
        Ok(platform::synchronize(file.0.as_fd())?)
    }

    fn synchronize_directory(&self, directory: &LocalDirectory) -> io::Result<()> {
        Ok(platform::synchronize(directory.0.as_fd())?)
    }

    fn synchronize_everything(&self) -> io::Result<()> {
        Ok(platform::synchronize_file_system(self.root.as_fd())?)
    }

    fn rename_no_replace(
        &self,
        from: &LocalDirectory,
        name: Name<'_>,
        to: &LocalDirectory,
        new_name: Name<'_>,
    ) -> io::Result<()> {
        Ok(rename(from, name, to, new_name, RenameFlags::NOREPLACE)?)
    }

    fn exchange(
        &self,
        one: &LocalDirectory,
        name: Name<'_>,
        two: &LocalDirectory,
        other: Name<'_>,
    ) -> io::Result<()> {
        let result = rename(one, name, two, other, RenameFlags::EXCHANGE);
        if matches!(result, Err(Errno::NOSYS | Errno::NOTSUP)) {
            self.exchange.store(false, Ordering::Relaxed);
        }
        Ok(result?)
    }

    fn remove_file(&self, directory: &LocalDirectory, name: Name<'_>) -> io::Result<()> {
        Ok(retry_on_intr(|| fs::unlinkat(&directory.0, name.as_bytes(), AtFlags::empty()))?)
    }

    fn remove_directory(&self, directory: &LocalDirectory, name: Name<'_>) -> io::Result<()> {
        Ok(retry_on_intr(|| fs::unlinkat(&directory.0, name.as_bytes(), AtFlags::REMOVEDIR))?)
    }

    fn space(&self) -> io::Result<Space> {
        let space = retry_on_intr(|| fs::fstatvfs(&self.root))?;
        // Some do not tell how large they are. That is not to be taken for full.
        if space.f_blocks == 0 {
            return Ok(Space { free: u64::MAX, total: u64::MAX });
        }
        Ok(Space {
            free: space.f_bavail.saturating_mul(space.f_frsize),
            total: space.f_blocks.saturating_mul(space.f_frsize),
        })
    }
}

fn rename(
    from: &LocalDirectory,
    name: Name<'_>,
    to: &LocalDirectory,
    new_name: Name<'_>,
    how: RenameFlags,
) -> Result<(), Errno> {
    retry_on_intr(|| fs::renameat_with(&from.0, name.as_bytes(), &to.0, new_name.as_bytes(), how))
}

fn descriptor(of: Opened<'_, LocalFs>) -> BorrowedFd<'_> {
    match of {
        Opened::File(file) => file.0.as_fd(),
        Opened::Directory(directory) => directory.0.as_fd(),
    }
}

fn change_mode(file: BorrowedFd<'_>, permissions: u16) -> Result<(), Errno> {
    let mode = Mode::from_bits_retain((permissions & 0o7777).into());
    retry_on_intr(|| fs::fchmod(file, mode))
}

fn kind(file_type: FileType) -> ObjectKind {
    match file_type {
        FileType::RegularFile => ObjectKind::Kept(Kind::File),
        FileType::Directory => ObjectKind::Kept(Kind::Directory),
        FileType::Symlink => ObjectKind::Kept(Kind::Link),
        _ => ObjectKind::Special,
    }
}

fn status(stat: &fs::Stat) -> Status {
    let kind = kind(FileType::from_raw_mode(stat.st_mode));
    let numbers = platform::numbers(stat);
    let is_file = kind == ObjectKind::Kept(Kind::File);
    Status { kind, size: if is_file { numbers.size } else { 0 }, ..numbers }
}
