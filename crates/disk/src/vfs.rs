//! The calls on a file system, as few as the executor and the scanner need.
//!
//! Everything is relative to an open directory and one name in it, so no call can be led elsewhere by a link that somebody puts into
//! the path meanwhile. No call follows a symbolic link. The real file system and the simulated one keep the same contract, which a
//! table of scripts replays on both.

use homesync_engine::Stamp;
use homesync_protocol::{Kind, Timestamp};
use std::fmt;
use std::io;

/// One name in a directory: not empty, not `.` or `..`, without `/` and NUL. File systems know bytes, not text.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name<'a>(&'a [u8]);

impl<'a> Name<'a> {
    /// Accepts one name, and nothing that would lead out of its directory.
    pub fn new(bytes: &'a [u8]) -> io::Result<Self> {
        if matches!(bytes, b"" | b"." | b"..") || bytes.iter().any(|byte| matches!(byte, b'/' | 0)) {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                format!("{bytes:?} is not a name in a directory"),
            ));
        }
        Ok(Self(bytes))
    }

    /// The bytes, as the file system stores them.
    pub fn as_bytes(self) -> &'a [u8] {
        self.0
    }
}

impl fmt::Debug for Name<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&String::from_utf8_lossy(self.0), formatter)
    }
}

/// What an object is, as far as the scanner cares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ObjectKind {
    /// One of those that are kept in step.
    Kept(Kind),
    /// A device, socket or pipe: listed for the person, never opened.
    Special,
}

/// What the file system says about an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Status {
    /// What it is.
    pub kind: ObjectKind,
    /// Bytes of a file; zero for everything else.
    pub size: u64,
    /// Bytes that it takes up on the disk.
    pub allocated: u64,
    /// When its content was last written.
    pub modified: Timestamp,
    /// When anything about it last changed.
    pub changed: Timestamp,
    /// Its number in the file system.
    pub inode: u64,
    /// Which file system it is on.
    pub device: u64,
    /// How many names it has.
    pub links: u64,
    /// Permission bits, the low twelve.
    pub permissions: u16,
    /// Who owns it.
    pub owner: u32,
    /// Its group.
    pub group: u32,
}

impl Status {
    /// The marks by which it is known again, if it is of a kind that is kept in step. Directories' and links' times are not kept.
    pub fn stamp(&self) -> Option<Stamp> {
        let ObjectKind::Kept(kind) = self.kind else { return None };
        let is_file = kind == Kind::File;
        Some(Stamp {
            kind,
            size: if is_file { self.size } else { 0 },
            modified: if is_file { self.modified } else { Timestamp::default() },
            changed: if kind == Kind::Directory { Timestamp::default() } else { self.changed },
            inode: self.inode,
            permissions: self.permissions,
        })
    }
}

/// Room on a file system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Space {
    /// Bytes that this user may still write.
    pub free: u64,
    /// Bytes in all.
    pub total: u64,
}

/// An open object.
pub enum Opened<'o, V: Vfs> {
    /// A file.
    File(&'o V::File),
    /// A directory.
    Directory(&'o V::Directory),
}

impl<V: Vfs> Clone for Opened<'_, V> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<V: Vfs> Copy for Opened<'_, V> {}

/// Whose number or name it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Whose {
    /// A user's.
    User,
    /// A group's.
    Group,
}

/// What a file system can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Abilities {
    /// Two names can change places in one step.
    pub exchange: bool,
    /// `a` and `A` are one name.
    pub folds_case: bool,
}

/// A file system below one root. Handles keep pointing at the object they were opened for, whatever happens to its name.
///
/// Errors are the system's own, with its number in `raw_os_error`, so that both implementations can be compared.
pub trait Vfs: Sized {
    /// An open directory.
    type Directory;
    /// An open file.
    type File;

    /// Opens the folder's root itself.
    fn root(&self) -> io::Result<Self::Directory>;

    /// What the file system below the root can do.
    fn abilities(&self) -> Abilities;

    /// Who we are, if permissions bind us; nobody if we are above them.
    fn bound_user(&self) -> Option<u32>;

    /// Opens a directory in a directory. A link, even to a directory, is refused (`ELOOP` or `ENOTDIR`).
    fn open_directory(&self, directory: &Self::Directory, name: Name<'_>) -> io::Result<Self::Directory>;

    /// Every name in a directory, sorted by bytes, without `.` and `..`. The kind is what the listing says and may be old by now.
    fn list(&self, directory: &Self::Directory) -> io::Result<Vec<(Vec<u8>, ObjectKind)>>;

    /// What stands at a name, without following a link.
    fn status(&self, directory: &Self::Directory, name: Name<'_>) -> io::Result<Status>;

    /// What an open directory is.
    fn directory_status(&self, directory: &Self::Directory) -> io::Result<Status>;

    /// What an open file is now.
    fn file_status(&self, file: &Self::File) -> io::Result<Status>;

    /// Makes a directory with exactly these permissions. `EEXIST` if the name is taken.
    fn create_directory(
        &self,
        directory: &Self::Directory,
        name: Name<'_>,
        permissions: u16,
    ) -> io::Result<()>;

    /// Makes an empty file with exactly these permissions, open for reading and writing. `EEXIST` if the name is taken.
    fn create_file(
        &self,
        directory: &Self::Directory,
        name: Name<'_>,
        permissions: u16,
    ) -> io::Result<Self::File>;

    /// Makes a symbolic link. `EEXIST` if the name is taken.
    fn create_link(&self, directory: &Self::Directory, name: Name<'_>, target: &[u8]) -> io::Result<()>;

    /// Opens a regular file for reading. A link is refused with `ELOOP`; nothing else than a file is ever opened, so no pipe can block.
    fn open_file(&self, directory: &Self::Directory, name: Name<'_>) -> io::Result<Self::File>;

    /// Opens a regular file for reading and writing: a temporary one of ours, which may have permissions already that stand against that.
    fn open_file_for_writing(&self, directory: &Self::Directory, name: Name<'_>) -> io::Result<Self::File>;

    /// Where a link leads, as it is stored.
    fn read_link(&self, directory: &Self::Directory, name: Name<'_>) -> io::Result<Vec<u8>>;

    /// Reads at a place; fewer bytes than asked for are no error, none means the end.
    fn read_at(&self, file: &Self::File, offset: u64, into: &mut [u8]) -> io::Result<usize>;

    /// Writes at a place; fewer bytes than given are no error.
    fn write_at(&self, file: &Self::File, offset: u64, from: &[u8]) -> io::Result<usize>;

    /// Cuts a file or lengthens it with zeros that take no room.
    fn set_length(&self, file: &Self::File, length: u64) -> io::Result<()>;

    /// Lets a file, open for writing, hold what another holds, sharing its room until either is written to. `EOPNOTSUPP` where the file
    /// system cannot; after any error it may hold anything.
    fn clone_content(&self, from: &Self::File, to: &Self::File) -> io::Result<()>;

    /// Sets the permission bits of an open file.
    fn set_file_permissions(&self, file: &Self::File, permissions: u16) -> io::Result<()>;

    /// Sets the permission bits of an open directory.
    fn set_directory_permissions(&self, directory: &Self::Directory, permissions: u16) -> io::Result<()>;

    /// Sets the time of modification of an open file.
    fn set_modified(&self, file: &Self::File, modified: Timestamp) -> io::Result<()>;

    /// The names of an open object's attributes, sorted. `EOPNOTSUPP` where the file system has none.
    fn attribute_names(&self, of: Opened<'_, Self>) -> io::Result<Vec<Vec<u8>>>;

    /// What an attribute holds; nothing if there is none of this name, or it holds more than `most` bytes.
    fn attribute(&self, of: Opened<'_, Self>, name: &str, most: usize) -> io::Result<Option<Vec<u8>>>;

    /// Sets an attribute, whether it is there or not. An access control list changes the permission bits as well.
    fn set_attribute(&self, of: Opened<'_, Self>, name: &str, value: &[u8]) -> io::Result<()>;

    /// Takes an attribute away. One that is not there is no error.
    fn remove_attribute(&self, of: Opened<'_, Self>, name: &str) -> io::Result<()>;

    /// Gives an open object another user or group; what is not given stays.
    fn set_owner(&self, of: Opened<'_, Self>, user: Option<u32>, group: Option<u32>) -> io::Result<()>;

    /// The same for a link by its name, which is not followed.
    fn set_link_owner(
        &self,
        directory: &Self::Directory,
        name: Name<'_>,
        user: Option<u32>,
        group: Option<u32>,
    ) -> io::Result<()>;

    /// What this machine calls a user or a group; nothing if it knows none of this number.
    fn name_of(&self, whose: Whose, number: u32) -> Option<String>;

    /// The number of a user or a group here; nothing if nobody is called so.
    fn number_of(&self, whose: Whose, name: &str) -> Option<u32>;

    /// Makes a file's content and its own metadata durable; not its name.
    fn synchronize_file(&self, file: &Self::File) -> io::Result<()>;

    /// Makes the names in a directory durable.
    fn synchronize_directory(&self, directory: &Self::Directory) -> io::Result<()>;

    /// Makes everything on the root's file system durable, content and names: cheaper than one by one when there are many.
    fn synchronize_everything(&self) -> io::Result<()>;

    /// Gives an object another name. `EEXIST` if that name is taken.
    fn rename_no_replace(
        &self,
        from: &Self::Directory,
        name: Name<'_>,
        to: &Self::Directory,
        new_name: Name<'_>,
    ) -> io::Result<()>;

    /// Lets two objects change names in one step that nobody can see half of. `ENOENT` if either is missing.
    fn exchange(
        &self,
        one: &Self::Directory,
        name: Name<'_>,
        two: &Self::Directory,
        other: Name<'_>,
    ) -> io::Result<()>;

    /// Takes away a name that is not a directory. Only for temporary files of ours and the recovery area's garbage collector.
    fn remove_file(&self, directory: &Self::Directory, name: Name<'_>) -> io::Result<()>;

    /// Takes away an empty directory; `ENOTEMPTY` if anything is in it, looked at and done in one step.
    fn remove_directory(&self, directory: &Self::Directory, name: Name<'_>) -> io::Result<()>;

    /// How much room there is.
    fn space(&self) -> io::Result<Space>;
}
