//! Letting go of versions that have had their time: beside the recovery area's collector the only place that unlinks what was a person's,
//! and it does so only below the versions' own directory.

use super::{VERSIONS, Versioning, VersioningKind};
use crate::tree::Tree;
use crate::vfs::{Name, ObjectKind, Vfs};
use homesync_protocol::Kind;
use std::collections::BTreeMap;
use std::io;

impl Versioning {
    /// Takes away versions that have had their time, and directories in which none is left. Answers which are gone, by their paths below
    /// the versions' directory. A name that is no version's is nobody's business here.
    pub fn clean<V: Vfs>(&self, vfs: &V, now: i64) -> io::Result<Vec<String>> {
        let mut gone = Vec::new();
        let root = Tree::new(vfs).root()?;
        let versions = match vfs.open_directory(&root, Name::new(VERSIONS.as_bytes())?) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(gone),
            opened => opened?,
        };
        self.clean_directory(vfs, &versions, "", now, &mut gone)?;
        Ok(gone)
    }

    fn clean_directory<V: Vfs>(
        &self,
        vfs: &V,
        directory: &V::Directory,
        above: &str,
        now: i64,
        gone: &mut Vec<String>,
    ) -> io::Result<()> {
        let mut files: BTreeMap<String, Vec<(i64, Vec<u8>)>> = BTreeMap::new();
        for (bytes, kind) in vfs.list(directory)? {
            let name = Name::new(&bytes)?;
            if kind == ObjectKind::Kept(Kind::Directory) {
                let path = format!("{above}{}/", String::from_utf8_lossy(&bytes));
                let inside = vfs.open_directory(directory, name)?;
                self.clean_directory(vfs, &inside, &path, now, gone)?;
                match vfs.remove_directory(directory, name) {
                    Err(error)
                        if !matches!(
                            error.kind(),
                            io::ErrorKind::DirectoryNotEmpty | io::ErrorKind::NotFound
                        ) =>
                    {
                        return Err(error);
                    }
                    _ => {}
                }
            } else if kind == ObjectKind::Kept(Kind::File)
                && let Some((original, made)) = self.made(vfs, directory, name)?
            {
                files.entry(original).or_default().push((made, bytes));
            }
        }
        for mut versions in files.into_values() {
            versions.sort();
            let made: Vec<i64> = versions.iter().map(|(made, _)| *made).collect();
            for number in self.expired(&made, now) {
                let bytes = &versions[number].1;
                vfs.remove_file(directory, Name::new(bytes)?)?;
                gone.push(format!("{above}{}", String::from_utf8_lossy(bytes)));
            }
        }
        Ok(())
    }

    /// Of which file it is a version, and since when.
    fn made<V: Vfs>(
        &self,
        vfs: &V,
        directory: &V::Directory,
        name: Name<'_>,
    ) -> io::Result<Option<(String, i64)>> {
        let Ok(text) = std::str::from_utf8(name.as_bytes()) else { return Ok(None) };
        if !matches!(self.kind, VersioningKind::TrashCan { .. }) {
            return Ok(self.original_of(text));
        }
        // The file keeps its own time until that of its coming is set. When it got its name tells that too, and cannot be too early.
        let status = vfs.status(directory, name)?;
        Ok(Some((text.to_string(), status.modified.seconds.max(status.changed.seconds))))
    }
}
