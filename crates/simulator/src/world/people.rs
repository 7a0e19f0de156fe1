//! People, and the programs that they use: they write, move and remove, at any moment.

use super::ledger::Ledger;
use crate::choices::Choices;
use crate::filesystem::SimFs;
use homesync_protocol::Timestamp;

/// Where people keep their things. Some names are used as a file and as a directory.
const PATHS: &[&str] = &[
    "a",
    "b",
    "c.txt",
    "d/a",
    "d/b.tar.gz",
    "d/e/a",
    "d/e/b",
    "f/x",
    "f/y",
    "f/g/h",
    "d",
    "f",
    "d/e",
    "r/.git/HEAD",
    "r/.git/refs/heads/m",
    "r/.git/objects/ab",
    "k.ign",
    "d/k.ign",
];

/// Seldom a file has more than one block; never many more, because each costs time.
const TWO_BLOCKS: usize = (128 << 10) + 8;

/// Directories that people make, move and remove whole.
const DIRECTORIES: &[&str] = &["d", "f", "d/e", "f/g", "h", "r"];

/// One deed of a person on a machine. Answers what it was, for whoever reads the run, and which paths it touched.
pub fn act(
    machine: usize,
    disk: &SimFs,
    ledger: &mut Ledger,
    choices: &mut dyn Choices,
) -> Option<(String, Vec<String>)> {
    let deed = draw(machine, disk, ledger, choices);
    for path in deed.iter().flat_map(|(_, paths)| paths) {
        ledger.touches(machine, disk, path);
    }
    deed
}

/// A person writes once more to a file that was looked at a moment ago.
pub fn write_again(
    machine: usize,
    disk: &SimFs,
    ledger: &mut Ledger,
    path: &str,
) -> Option<(String, Vec<String>)> {
    let deed = write_in_place(machine, disk, ledger, path)?;
    ledger.touches(machine, disk, path);
    Some(deed)
}

fn draw(
    machine: usize,
    disk: &SimFs,
    ledger: &mut Ledger,
    choices: &mut dyn Choices,
) -> Option<(String, Vec<String>)> {
    let deed = choices.choose(if ledger.owners { 20 } else { 16 }, "what a person does");
    let path = PATHS[choices.choose(PATHS.len() as u64, "where") as usize];
    let directory = DIRECTORIES[choices.choose(DIRECTORIES.len() as u64, "in which directory") as usize];
    match deed {
        0 => None,
        1..=4 => write(machine, disk, ledger, path, choices),
        5 => write_in_place(machine, disk, ledger, path),
        6 | 7 => remove(machine, disk, ledger, path),
        8 => remove(machine, disk, ledger, directory),
        9 | 10 => {
            let to = PATHS[choices.choose(PATHS.len() as u64, "where to") as usize];
            rename(machine, disk, ledger, path, to)
        }
        11 => {
            let to = DIRECTORIES[choices.choose(DIRECTORIES.len() as u64, "to which directory") as usize];
            rename(machine, disk, ledger, directory, to)
        }
        12 => {
            disk.user_mkdir(directory).ok()?;
            done(format!("mkdir {directory}"), &[directory])
        }
        13 => {
            if disk.status_of(path).is_ok() {
                return None;
            }
            let target = PATHS[choices.choose(PATHS.len() as u64, "link to") as usize];
            disk.user_symlink(path, target).ok()?;
            done(format!("ln -s {target} {path}"), &[path])
        }
        14 => {
            let is_directory = disk.status_of(path).ok()?.kind
                == homesync_disk::ObjectKind::Kept(homesync_protocol::Kind::Directory);
            let which: [u16; 4] =
                if is_directory { [0o755, 0o700, 0o555, 0o500] } else { [0o644, 0o600, 0o755, 0o700] };
            let permissions = which[choices.choose(4, "permissions") as usize];
            disk.user_chmod(path, permissions).ok()?;
            done(format!("chmod {permissions:o} {path}"), &[path])
        }
        16 | 17 => {
            let number = 2_000 + choices.choose(3, "to whom") as u32;
            disk.user_chown(path, number, number).ok()?;
            done(format!("chown {number} {path}"), &[path])
        }
        18 | 19 => {
            let value = [choices.choose(3, "what is written on it") as u8];
            let is_link = disk.status_of(path).ok()?.kind
                == homesync_disk::ObjectKind::Kept(homesync_protocol::Kind::Link);
            if is_link {
                return None;
            }
            disk.user_set_attribute(path, "user.note", (value[0] > 0).then_some(&value[..])).ok()?;
            done(format!("setfattr {} {path}", value[0]), &[path])
        }
        _ => {
            let time = Timestamp::at(1_600_000_000 + choices.choose(1_000_000, "time") as i64);
            disk.read(path).ok()?;
            disk.user_set_mtime(path, time).ok()?;
            done(format!("touch {path}"), &[path])
        }
    }
}

fn done(what: String, paths: &[&str]) -> Option<(String, Vec<String>)> {
    Some((what, paths.iter().map(|path| (*path).to_string()).collect()))
}

fn write(
    machine: usize,
    disk: &SimFs,
    ledger: &mut Ledger,
    path: &str,
    choices: &mut dyn Choices,
) -> Option<(String, Vec<String>)> {
    let is_there = disk.read(path).is_ok();
    // A directory of that name, or a file where a directory would have to be, stops a person.
    if !is_there && (disk.status_of(path).is_ok() || is_blocked(disk, path)) {
        return None;
    }
    if is_there {
        ledger.takes(machine, disk, path);
    }
    let size = match choices.choose(64, "how large") {
        60..=63 => TWO_BLOCKS,
        other => 8 + other as usize,
    };
    let content = ledger.write(machine, size);
    if disk.user_write(path, &content).is_err() {
        ledger.forget(&content);
        return None;
    }
    if choices.choose(2, "and makes it durable") == 0 {
        disk.user_sync();
    }
    done(format!("write {path}: {}", String::from_utf8_lossy(&content[..8])), &[path])
}

fn write_in_place(
    machine: usize,
    disk: &SimFs,
    ledger: &mut Ledger,
    path: &str,
) -> Option<(String, Vec<String>)> {
    let old = disk.read(path).ok()?;
    ledger.id_of(&old)?;
    ledger.takes(machine, disk, path);
    // As long as before, to be as hard to notice as can be.
    let content = ledger.write(machine, old.len());
    let before = disk.status_of(path).ok()?;
    if disk.user_write_in_place(path, &content).is_err() {
        ledger.forget(&content);
        return None;
    }
    let after = disk.status_of(path).ok()?;
    if (before.modified, before.changed) == (after.modified, after.changed) {
        ledger.leaves_no_trace(&content);
    }
    done(format!("write into {path}: {}", String::from_utf8_lossy(&content[..8])), &[path])
}

fn remove(machine: usize, disk: &SimFs, ledger: &mut Ledger, path: &str) -> Option<(String, Vec<String>)> {
    disk.status_of(path).ok()?;
    ledger.takes(machine, disk, path);
    disk.user_remove_tree(path).ok()?;
    done(format!("rm -r {path}"), &[path])
}

fn rename(
    machine: usize,
    disk: &SimFs,
    ledger: &mut Ledger,
    from: &str,
    to: &str,
) -> Option<(String, Vec<String>)> {
    let is_inside = to.starts_with(&format!("{from}/"));
    if from == to || is_inside || disk.status_of(from).is_err() || is_blocked(disk, to) {
        return None;
    }
    let target = disk.status_of(to);
    let is_directory = |status: &homesync_disk::Status| {
        status.kind == homesync_disk::ObjectKind::Kept(homesync_protocol::Kind::Directory)
    };
    if target.as_ref().is_ok_and(is_directory)
        || (target.is_ok() && disk.status_of(from).as_ref().is_ok_and(is_directory))
    {
        return None;
    }
    if target.is_ok() {
        ledger.takes(machine, disk, to);
    }
    disk.user_rename(from, to).ok()?;
    done(format!("mv {from} {to}"), &[from, to])
}

/// Something above the path is no directory.
fn is_blocked(disk: &SimFs, path: &str) -> bool {
    let above = path.match_indices('/').map(|(at, _)| &path[..at]);
    let mut is_file = above.map(|above| {
        disk.status_of(above).is_ok_and(|status| {
            status.kind != homesync_disk::ObjectKind::Kept(homesync_protocol::Kind::Directory)
        })
    });
    is_file.any(|is_file| is_file)
}
