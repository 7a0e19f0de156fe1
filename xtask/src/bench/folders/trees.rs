//! Trees to measure with, made the same way each time, and what differs between two.

use crate::outcome::{Context, Outcome};
use std::fs::{self, File, Metadata};
use std::io::Write;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// Numbers that look random and are the same each time.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }
}

/// Files of mixed sizes: most small, some of a few hundred kilobytes, a few of megabytes. Answers how many bytes they have.
pub(super) fn mixed(root: &Path, files: usize, bytes: u64) -> Outcome<u64> {
    let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15);
    let sizes: Vec<u64> = (0..files)
        .map(|_| match numbers.below(1_000) {
            0..800 => numbers.below(16_000),
            800..985 => 16_000 + numbers.below(184_000),
            _ => 500_000 + numbers.below(4_500_000),
        })
        .collect();
    let sum: u64 = sizes.iter().sum();
    let noise: Vec<u8> = (0..1_usize << 21).flat_map(|_| numbers.next().to_le_bytes()).collect();
    let mut written = 0;
    for (number, size) in sizes.iter().enumerate() {
        let size = size * bytes / sum.max(1);
        let directory = root.join(format!("{:03}/{}", number % 200, number % 7));
        fs::create_dir_all(&directory).context("cannot create a directory")?;
        let from = numbers.below(noise.len() as u64 / 2) as usize;
        let mut file =
            File::create(directory.join(format!("file-{number}"))).context("cannot create a file")?;
        file.write_all(&(number as u64).to_le_bytes()).context("cannot write a file")?;
        let mut left = size;
        while left > 0 {
            let piece = left.min((noise.len() - from) as u64);
            file.write_all(&noise[from..from + piece as usize]).context("cannot write a file")?;
            left -= piece;
        }
        written += size + 8;
    }
    Ok(written)
}

/// Very many files that say they are larger than the room that they take.
pub(super) fn many(root: &Path, files: usize, each: u64) -> Outcome {
    for number in 0..files {
        let directory = root.join(format!("{:03}/{:02}", number / 1_000, number / 25 % 40));
        if number % 25 == 0 {
            fs::create_dir_all(&directory).context("cannot create a directory")?;
        }
        let path = directory.join(format!("file-{number}.txt"));
        let mut file = File::create(path).context("cannot create a file")?;
        file.write_all(number.to_string().as_bytes()).context("cannot write a file")?;
        file.set_len(each).context("cannot lengthen a file")?;
    }
    Ok(())
}

/// The first thing that differs: type, mode, size, content, link target or time.
pub(super) fn difference(one: &Path, other: &Path) -> Outcome<Option<String>> {
    let names = |root: &Path| -> Outcome<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(root).context(format!("cannot list {}", root.display()))? {
            let entry = entry.context("cannot list a directory")?;
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
        names.retain(|name| name != ".homesync" && name != ".stfolder");
        names.sort_unstable();
        Ok(names)
    };
    let (ours, theirs) = (names(one)?, names(other)?);
    if ours != theirs {
        return Ok(Some(format!("the names in {}", other.display())));
    }
    for name in ours {
        let (ours, theirs) = (one.join(&name), other.join(&name));
        let looked =
            |path: &Path| fs::symlink_metadata(path).context(format!("cannot look at {}", path.display()));
        let (first, second) = (looked(&ours)?, looked(&theirs)?);
        let is_same = first.mode() == second.mode()
            && match (first.is_dir(), first.is_file()) {
                (true, _) => true,
                (_, true) => is_same_file(&ours, &first, &theirs, &second)?,
                _ => fs::read_link(&ours).ok() == fs::read_link(&theirs).ok(),
            };
        if !is_same {
            return Ok(Some(theirs.display().to_string()));
        }
        if first.is_dir()
            && let Some(difference) = difference(&ours, &theirs)?
        {
            return Ok(Some(difference));
        }
    }
    Ok(None)
}

fn is_same_file(one: &Path, first: &Metadata, other: &Path, second: &Metadata) -> Outcome<bool> {
    let time = |metadata: &Metadata| (metadata.mtime(), metadata.mtime_nsec());
    let read = |path: &Path| fs::read(path).context(format!("cannot read {}", path.display()));
    Ok(first.len() == second.len() && time(first) == time(second) && read(one)? == read(other)?)
}
