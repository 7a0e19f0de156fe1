//! What a file system says about an object without its content being read.

use homesync_protocol::{Kind, Timestamp};

/// The marks by which an object is known again. Equal stamps mean "nobody touched it", as far as a file system can tell; what it cannot
/// tell is caught by the slower re-hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Stamp {
    /// What it is.
    pub kind: Kind,
    /// Bytes of a file; zero for everything else, because directories' sizes mean nothing.
    pub size: u64,
    /// When its content was last written; zero for directories and links, whose times are not kept.
    pub modified: Timestamp,
    /// When anything about it last changed. Programs cannot set it, so it catches an edit that puts the other times back. Moving an object changes it too.
    pub changed: Timestamp,
    /// Its number in the file system.
    pub inode: u64,
    /// Permission bits, the low twelve.
    pub permissions: u16,
}

impl Stamp {
    /// The same object with the same content, wherever it stands now: all that survives being moved.
    pub fn is_same_object(&self, other: &Self) -> bool {
        self.kind == other.kind && self.inode == other.inode && self.is_same_content(other)
    }

    /// The same object, and nobody has touched it, as far as can be told after it was moved.
    pub fn is_untouched_object(&self, other: &Self) -> bool {
        self.is_same_object(other) && self.permissions == other.permissions
    }

    /// A stamp that no object has: the file is read at the next look, whatever its times say.
    pub fn distrusted(self) -> Self {
        Self { changed: Timestamp::default(), ..self }
    }

    /// The next look reads the file.
    pub fn is_distrusted(&self) -> bool {
        self.kind == Kind::File && self.changed == Timestamp::default()
    }

    /// Nothing that goes with the content differs.
    pub fn is_same_content(&self, other: &Self) -> bool {
        self.kind == other.kind && self.size == other.size && self.modified == other.modified
    }
}
