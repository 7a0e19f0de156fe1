//! What there is of versions, to be looked at and brought back.

use super::{VERSIONS, Versioning, VersioningKind};
use crate::tree::Tree;
use crate::vfs::{Name, ObjectKind, Vfs};
use homesync_paths::{RelativePath, is_control_path};
use homesync_protocol::Kind;
use std::io;

/// A version of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptVersion {
    /// Where the file was.
    pub path: RelativePath,
    /// Where its version is.
    pub version: RelativePath,
    /// Since when, in seconds since 1970.
    pub made: i64,
    /// Bytes of it.
    pub size: u64,
    /// It was written to after it became a version.
    pub is_late: bool,
}

impl Versioning {
    /// Every version that can be brought back. Those of other ways to keep versions are among them: a folder's settings change.
    pub fn list<V: Vfs>(&self, vfs: &V) -> io::Result<Vec<KeptVersion>> {
        let mut found = Vec::new();
        let root = Tree::new(vfs).root()?;
        match vfs.open_directory(&root, Name::new(VERSIONS.as_bytes())?) {
            // Somebody's own file of that name holds no versions.
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {}
            opened => self.list_directory(vfs, &opened?, "", &mut found)?,
        }
        Ok(found)
    }

    fn list_directory<V: Vfs>(
        &self,
        vfs: &V,
        directory: &V::Directory,
        above: &str,
        found: &mut Vec<KeptVersion>,
    ) -> io::Result<()> {
        for (bytes, kind) in vfs.list(directory)? {
            // No file whose name is no text was ever kept in step.
            let Ok(text) = std::str::from_utf8(&bytes) else { continue };
            let name = Name::new(&bytes)?;
            match kind {
                ObjectKind::Kept(Kind::Directory) => {
                    let inside = vfs.open_directory(directory, name)?;
                    self.list_directory(vfs, &inside, &format!("{above}{text}/"), found)?;
                }
                ObjectKind::Kept(Kind::File) => {
                    let status = vfs.status(directory, name)?;
                    let modified = status.modified.seconds;
                    // What has no tag is in the trash can, where its time says since when.
                    let (original, made) = self.tag_of(text).unwrap_or((text.to_string(), modified));
                    let path = RelativePath::parse(&format!("{above}{original}"));
                    let version = RelativePath::parse(&format!("{VERSIONS}/{above}{text}"));
                    if let (Ok(path), Ok(version)) = (path, version)
                        && !is_control_path(&path)
                    {
                        let is_late = modified > made;
                        found.push(KeptVersion { path, version, made, size: status.size, is_late });
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// A trash can gives no tags: whatever looks like one is a part of the name there.
    fn tag_of(&self, name: &str) -> Option<(String, i64)> {
        match self.kind {
            VersioningKind::TrashCan { .. } => None,
            VersioningKind::Simple { .. } | VersioningKind::Staggered { .. } => self.original_of(name),
        }
    }
}
