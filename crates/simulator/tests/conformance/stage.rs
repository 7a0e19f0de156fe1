//! The two places where scripts are played, with what the trait itself cannot do.

use homesync_disk::{LocalFs, Name, Opened, Vfs};
use homesync_simulator::filesystem::{Settings, SimFs};
use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// A file system and the hands of a person on it.
pub trait Stage {
    /// The file system.
    type FileSystem: Vfs;

    /// The calls.
    fn calls(&self) -> &Self::FileSystem;

    /// Makes a socket: the one special object that needs neither rights nor another program.
    fn make_socket(&self, path: &[u8]) -> io::Result<()>;

    /// Gives a file a further name.
    fn hard_link(&self, path: &[u8], new_path: &[u8]) -> io::Result<()>;

    /// Returns when a change made now has another time than one made before.
    fn let_time_pass(&self);
}

/// What not all file systems and not all users can do.
#[derive(Clone, Copy)]
pub struct Can {
    /// Files can begin as clones.
    pub clones: bool,
    /// Objects have attributes.
    pub attributes: bool,
    /// They can be given away.
    pub gives: bool,
    /// Whose everything is that is made.
    pub maker: (u32, u32),
}

/// In memory.
pub struct SimulatedStage(SimFs);

impl SimulatedStage {
    /// An empty one, that can do what the real one can.
    pub fn new(can: Can) -> Self {
        let Can { clones, attributes, gives, maker: (owner, group) } = can;
        Self(SimFs::new(Settings { clones, attributes, gives, owner, group, ..Settings::default() }))
    }
}

impl Stage for SimulatedStage {
    type FileSystem = SimFs;

    fn calls(&self) -> &SimFs {
        &self.0
    }

    fn make_socket(&self, path: &[u8]) -> io::Result<()> {
        self.0.user_special(path)
    }

    fn hard_link(&self, path: &[u8], new_path: &[u8]) -> io::Result<()> {
        self.0.user_hard_link(path, new_path)
    }

    fn let_time_pass(&self) {}
}

/// In a temporary directory.
pub struct RealStage {
    calls: LocalFs,
    root: TempDir,
}

impl RealStage {
    /// An empty one.
    pub fn new(parent: &Path) -> Self {
        let root = tempfile::tempdir_in(parent).expect("a temporary directory can be made");
        Self { calls: LocalFs::open(root.path()).expect("it can be opened"), root }
    }

    /// What can be done there is tried out.
    pub fn can(&self) -> Can {
        let create = |name: &[u8]| {
            let root = self.calls.root()?;
            self.calls.create_file(&root, Name::new(name)?, 0o600)
        };
        let (from, to) = (create(b"from").expect("a file"), create(b"to").expect("a file"));
        let status = self.calls.file_status(&to).expect("a status");
        Can {
            clones: self.calls.clone_content(&from, &to).is_ok(),
            attributes: self.calls.set_attribute(Opened::File(&to), "user.a", b"").is_ok(),
            gives: self.calls.set_owner(Opened::File(&to), Some(status.owner ^ 1), None).is_ok(),
            maker: (status.owner, status.group),
        }
    }

    fn path(&self, path: &[u8]) -> PathBuf {
        self.root.path().join(OsStr::from_bytes(path))
    }

    fn time_of_a_new_file(&self) -> (i64, i64) {
        let file = tempfile::tempfile_in(self.root.path().parent().expect("it has a parent"));
        let metadata = file.and_then(|file| file.metadata()).expect("a file can be made");
        (metadata.ctime(), metadata.ctime_nsec())
    }
}

impl Stage for RealStage {
    type FileSystem = LocalFs;

    fn calls(&self) -> &LocalFs {
        &self.calls
    }

    fn make_socket(&self, path: &[u8]) -> io::Result<()> {
        std::os::unix::net::UnixListener::bind(self.path(path))?;
        // The process's mask decided until now.
        std::fs::set_permissions(self.path(path), std::fs::Permissions::from_mode(0o644))
    }

    fn hard_link(&self, path: &[u8], new_path: &[u8]) -> io::Result<()> {
        std::fs::hard_link(self.path(path), self.path(new_path))
    }

    fn let_time_pass(&self) {
        let before = self.time_of_a_new_file();
        while self.time_of_a_new_file() <= before {}
    }
}
