//! The calls by name, and which of them can be made to fail.

use rustix::io::Errno;

/// A call of the trait.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "each is the call of the trait with the same name")]
pub enum Call {
    Root,
    OpenDirectory,
    List,
    Status,
    DirectoryStatus,
    FileStatus,
    CreateDirectory,
    CreateFile,
    CreateLink,
    OpenFile,
    OpenFileForWriting,
    ReadLink,
    ReadAt,
    WriteAt,
    SetLength,
    CloneContent,
    SetFilePermissions,
    SetDirectoryPermissions,
    SetModified,
    AttributeNames,
    Attribute,
    SetAttribute,
    RemoveAttribute,
    SetOwner,
    SetLinkOwner,
    SynchronizeFile,
    SynchronizeDirectory,
    SynchronizeEverything,
    RenameNoReplace,
    Exchange,
    RemoveFile,
    RemoveDirectory,
    Space,
}

impl Call {
    /// Every call.
    pub const ALL: [Self; 33] = [
        Self::Root,
        Self::OpenDirectory,
        Self::List,
        Self::Status,
        Self::DirectoryStatus,
        Self::FileStatus,
        Self::CreateDirectory,
        Self::CreateFile,
        Self::CreateLink,
        Self::OpenFile,
        Self::OpenFileForWriting,
        Self::ReadLink,
        Self::ReadAt,
        Self::WriteAt,
        Self::SetLength,
        Self::CloneContent,
        Self::SetFilePermissions,
        Self::SetDirectoryPermissions,
        Self::SetModified,
        Self::AttributeNames,
        Self::Attribute,
        Self::SetAttribute,
        Self::RemoveAttribute,
        Self::SetOwner,
        Self::SetLinkOwner,
        Self::SynchronizeFile,
        Self::SynchronizeDirectory,
        Self::SynchronizeEverything,
        Self::RenameNoReplace,
        Self::Exchange,
        Self::RemoveFile,
        Self::RemoveDirectory,
        Self::Space,
    ];

    /// It changes what calls see.
    pub fn mutates(self) -> bool {
        Calls::MUTATING.contains(self)
    }
}

/// A set of calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Calls(u64);

impl Calls {
    /// All of them.
    pub const ALL: Self = Self(u64::MAX);

    /// Those that give out a handle: what `EMFILE` concerns.
    pub const OPENING: Self = Self::of(&[
        Call::Root,
        Call::OpenDirectory,
        Call::CreateFile,
        Call::OpenFile,
        Call::OpenFileForWriting,
        Call::List,
    ]);

    /// Those that change what calls see: what `EROFS` concerns.
    pub const MUTATING: Self = Self::of(&[
        Call::CreateDirectory,
        Call::CreateFile,
        Call::CreateLink,
        Call::WriteAt,
        Call::SetLength,
        Call::CloneContent,
        Call::SetFilePermissions,
        Call::SetDirectoryPermissions,
        Call::SetModified,
        Call::SetAttribute,
        Call::RemoveAttribute,
        Call::SetOwner,
        Call::SetLinkOwner,
        Call::RenameNoReplace,
        Call::Exchange,
        Call::RemoveFile,
        Call::RemoveDirectory,
    ]);

    /// Those that set owner and attributes: a refusal of one is believed until somebody says something else.
    pub const DRESSING: Self =
        Self::of(&[Call::SetAttribute, Call::RemoveAttribute, Call::SetOwner, Call::SetLinkOwner]);

    /// Those that take room: what `ENOSPC` concerns.
    pub const GROWING: Self = Self::of(&[
        Call::CreateDirectory,
        Call::CreateFile,
        Call::CreateLink,
        Call::WriteAt,
        Call::CloneContent,
        Call::RenameNoReplace,
        Call::Exchange,
    ]);

    /// Those that make durable.
    pub const SYNCHRONIZING: Self =
        Self::of(&[Call::SynchronizeFile, Call::SynchronizeDirectory, Call::SynchronizeEverything]);

    /// These.
    pub const fn of(calls: &[Call]) -> Self {
        let mut bits = 0;
        let mut index = 0;
        while index < calls.len() {
            bits |= 1 << calls[index] as u64;
            index += 1;
        }
        Self(bits)
    }

    /// These, but not those.
    pub const fn without(self, others: Self) -> Self {
        Self(self.0 & !others.0)
    }

    /// It is one of them.
    pub fn contains(self, call: Call) -> bool {
        self.0 & (1 << call as u64) != 0
    }
}

/// When a fault strikes, among the calls that it concerns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// At the call with this number, whose kind must fit.
    At(u64),
    /// At every call from this number on.
    From(u64),
    /// By choice, once in so many calls; at most every second one.
    OneIn(u64),
}

/// Makes calls fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Which calls.
    pub calls: Calls,
    /// With which error.
    pub errno: Errno,
    /// When.
    pub when: When,
    /// Once it has struck it strikes at every call that it concerns, until the faults are set anew.
    pub stays: bool,
}

/// What goes wrong in a run. A call that fails has done nothing; only `EIO` at `synchronize_file` and `synchronize_everything` has an
/// effect: what was written and not durable never will be, though it can still be read.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Faults {
    /// Looked at in this order at each call; the first that strikes decides.
    pub faults: Vec<Fault>,
    /// By choice, once in so many calls, a read gives fewer bytes than asked for; 0 means never.
    pub short_reads_one_in: u64,
    /// The same for writes.
    pub short_writes_one_in: u64,
}
