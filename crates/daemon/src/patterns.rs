//! The list of what is left out of a folder, as it stands in `.stignore` in its root.

use homesync_host::file::{self, FileError};
use homesync_paths::{IgnoreError, IgnoreRules};
use std::path::{Path, PathBuf};

/// The longest list.
const MOST_BYTES: u64 = 16 << 20;

/// Where it stands.
pub fn place_of(root: &Path) -> PathBuf {
    root.join(".stignore")
}

/// Its bytes; none where there is none.
pub fn read(root: &Path) -> Result<Vec<u8>, FileError> {
    Ok(file::read_bounded(&place_of(root), MOST_BYTES)?.unwrap_or_default())
}

/// What it means, with the files that it includes.
pub fn compile(root: &Path, text: &str) -> Result<IgnoreRules, IgnoreError> {
    let mut include = |path: &str| {
        let bytes = file::read_bounded(&root.join(path), MOST_BYTES).map_err(|error| error.to_string())?;
        String::from_utf8(bytes.ok_or("there is no such file")?).map_err(|error| error.to_string())
    };
    IgnoreRules::compile(text, &mut include)
}

#[cfg(test)]
mod tests {
    use super::*;
    use homesync_paths::RelativePath;
    use std::fs;

    #[test]
    fn a_list_is_read_with_what_it_includes_and_none_leaves_nothing_out() {
        let root = tempfile::tempdir().unwrap();
        assert_eq!(read(root.path()).unwrap(), b"");
        fs::write(place_of(root.path()), "#include more\n").unwrap();
        let text = String::from_utf8(read(root.path()).unwrap()).unwrap();
        assert!(compile(root.path(), &text).is_err(), "what cannot be read is not nothing");
        fs::write(root.path().join("more"), "/build\n").unwrap();
        let rules = compile(root.path(), &text).unwrap();
        assert!(rules.decide(&RelativePath::parse("build").unwrap()).ignored);
    }
}
