//! Plays a script on a stage and writes down every answer.
//!
//! A path is walked from the root, or from an open directory: `@d/name`. `mark` remembers an object and `since` says what has changed.

use super::script::bytes;
use super::stage::Stage;
use homesync_disk::{Name, ObjectKind, Opened, Status, Vfs};
use homesync_protocol::{Kind, Timestamp};
use rustix::io::Errno;
use std::collections::BTreeMap;
use std::io;

/// What came of a command.
#[derive(Debug, PartialEq, Eq)]
pub struct Answer {
    /// The command.
    pub command: String,
    /// Its result, or its error.
    pub text: String,
    /// It is no error.
    pub is_success: bool,
    /// It is part of what the script is about.
    pub counts: bool,
}

/// All answers of a script.
pub fn play<S: Stage>(script: &[String], stage: &S) -> Vec<Answer> {
    let root = stage.calls().root().expect("the root can be opened");
    let mut player =
        Player { stage, root, files: BTreeMap::new(), directories: BTreeMap::new(), marks: BTreeMap::new() };
    let mut answers = Vec::new();
    for command in script {
        let words: Vec<&str> = command.split_whitespace().collect();
        let result = player.run(&words);
        let is_success = result.is_ok();
        let text = result.unwrap_or_else(|error| match Errno::from_io_error(&error) {
            Some(errno) => format!("{errno:?}"),
            None => error.to_string(),
        });
        let counts = !matches!(words[0], "zoo" | "tree" | "mark");
        answers.push(Answer { command: command.clone(), text, is_success, counts });
    }
    answers
}

struct Player<'a, S: Stage> {
    stage: &'a S,
    root: Directory<S>,
    files: BTreeMap<String, File<S>>,
    directories: BTreeMap<String, Directory<S>>,
    marks: BTreeMap<String, Status>,
}

type Directory<S> = <<S as Stage>::FileSystem as Vfs>::Directory;
type File<S> = <<S as Stage>::FileSystem as Vfs>::File;

impl<S: Stage> Player<'_, S> {
    fn run(&mut self, words: &[&str]) -> io::Result<String> {
        match words {
            ["zoo"] => self.make_zoo(),
            ["tree"] => self.tree(),
            ["mkdir" | "create" | "link" | "socket" | "hard", ..] => self.make(words),
            ["open" | "openw" | "close" | "dir" | "undir", ..] => self.open(words),
            ["read" | "write" | "fill" | "length" | "clone" | "cat", ..] => self.content(words),
            ["chmod" | "mtime" | "fsync" | "dsync" | "sync", ..] => self.metadata(words),
            ["attrs" | "getattr" | "setattr" | "delattr" | "chown" | "lchown" | "owned", ..] => {
                self.marks(words)
            }
            ["mark" | "since", ..] => self.compare(words),
            _ => self.names(words),
        }
    }

    /// Runs a call in the directory that a path leads to, with its last name.
    fn at<T>(
        &self,
        path: &str,
        call: impl FnOnce(&S::FileSystem, &Directory<S>, Name<'_>) -> io::Result<T>,
    ) -> io::Result<T> {
        let calls = self.stage.calls();
        let (start, path) = match path.strip_prefix('@') {
            Some(rest) => {
                let (slot, path) = rest.split_once('/').expect("a name follows the open directory");
                (self.directory(slot)?, path)
            }
            None => (&self.root, path),
        };
        let names: Vec<Vec<u8>> = path.split('/').map(bytes).collect();
        let (last, parents) = names.split_last().expect("there is a name");
        let mut opened: Option<Directory<S>> = None;
        for parent in parents {
            opened = Some(calls.open_directory(opened.as_ref().unwrap_or(start), Name::new(parent)?)?);
        }
        call(calls, opened.as_ref().unwrap_or(start), Name::new(last)?)
    }

    /// Runs a call on the directory at a path, an open one or the root (`/`).
    fn in_directory<T>(
        &self,
        path: &str,
        call: impl FnOnce(&S::FileSystem, &Directory<S>) -> io::Result<T>,
    ) -> io::Result<T> {
        let calls = self.stage.calls();
        match path.strip_prefix('@') {
            _ if path == "/" => call(calls, &self.root),
            Some(slot) if !slot.contains('/') => call(calls, self.directory(slot)?),
            _ => {
                let directory = self.at(path, |calls, parent, name| calls.open_directory(parent, name))?;
                call(calls, &directory)
            }
        }
    }

    fn directory(&self, slot: &str) -> io::Result<&Directory<S>> {
        self.directories.get(slot).ok_or_else(|| io::Error::other("no such open directory"))
    }

    fn file(&self, slot: &str) -> io::Result<&File<S>> {
        self.files.get(slot).ok_or_else(|| io::Error::other("no such open file"))
    }

    fn make(&mut self, words: &[&str]) -> io::Result<String> {
        match words {
            ["mkdir", path, mode] => {
                self.at(path, |calls, parent, name| calls.create_directory(parent, name, octal(mode)))?;
            }
            ["create", path, mode, slot @ ..] => {
                let file =
                    self.at(path, |calls, parent, name| calls.create_file(parent, name, octal(mode)))?;
                if let [slot] = slot {
                    self.files.insert(slot.to_string(), file);
                }
            }
            ["link", path, target] => {
                let target = if *target == "nothing" { Vec::new() } else { bytes(target) };
                self.at(path, |calls, parent, name| calls.create_link(parent, name, &target))?;
            }
            ["socket", path] => self.stage.make_socket(&bytes(path))?,
            ["hard", path, new_path] => self.stage.hard_link(&bytes(path), &bytes(new_path))?,
            _ => panic!("no such command: {words:?}"),
        }
        Ok("made".into())
    }

    fn open(&mut self, words: &[&str]) -> io::Result<String> {
        match words {
            ["open", slot, path] => {
                let file = self.at(path, |calls, parent, name| calls.open_file(parent, name))?;
                self.files.insert(slot.to_string(), file);
            }
            ["openw", slot, path] => {
                let file = self.at(path, |calls, parent, name| calls.open_file_for_writing(parent, name))?;
                self.files.insert(slot.to_string(), file);
            }
            ["dir", slot, path] => {
                let directory = self.at(path, |calls, parent, name| calls.open_directory(parent, name))?;
                self.directories.insert(slot.to_string(), directory);
            }
            ["close", slot] => drop(self.files.remove(*slot)),
            ["undir", slot] => drop(self.directories.remove(*slot)),
            _ => panic!("no such command: {words:?}"),
        }
        Ok("opened".into())
    }

    fn content(&self, words: &[&str]) -> io::Result<String> {
        let calls = self.stage.calls();
        match words {
            ["read", slot, offset, many] => {
                let mut buffer = vec![b'?'; number(many)];
                let many = calls.read_at(self.file(slot)?, large(offset), &mut buffer)?;
                Ok(buffer[..many].escape_ascii().to_string())
            }
            ["write", slot, offset, text @ ..] => {
                let text = bytes(text.first().unwrap_or(&""));
                Ok(calls.write_at(self.file(slot)?, large(offset), &text)?.to_string())
            }
            ["fill", slot, offset, many] => {
                Ok(calls.write_at(self.file(slot)?, large(offset), &vec![b'f'; number(many)])?.to_string())
            }
            ["length", slot, length] => {
                calls.set_length(self.file(slot)?, large(length)).map(|()| "set".into())
            }
            ["clone", from, to] => {
                calls.clone_content(self.file(from)?, self.file(to)?).map(|()| "cloned".into())
            }
            ["cat", path] => self.at(path, |calls, parent, name| {
                let file = calls.open_file(parent, name)?;
                read_all(calls, &file)
            }),
            _ => panic!("no such command: {words:?}"),
        }
    }

    fn metadata(&self, words: &[&str]) -> io::Result<String> {
        let calls = self.stage.calls();
        match words {
            ["chmod", path, mode] if path.starts_with(['@', '/']) || !self.files.contains_key(*path) => {
                self.in_directory(path, |calls, directory| {
                    calls.set_directory_permissions(directory, octal(mode))
                })?;
            }
            ["chmod", slot, mode] => calls.set_file_permissions(self.file(slot)?, octal(mode))?,
            ["mtime", slot, seconds, nanoseconds] => {
                let seconds = seconds.parse().expect("it is a number");
                let nanoseconds = nanoseconds.parse().expect("it is a number");
                calls.set_modified(self.file(slot)?, Timestamp { seconds, nanoseconds })?;
            }
            ["fsync", slot] => calls.synchronize_file(self.file(slot)?)?,
            ["dsync", path] => {
                self.in_directory(path, |calls, directory| calls.synchronize_directory(directory))?;
            }
            ["sync"] => calls.synchronize_everything()?,
            _ => panic!("no such command: {words:?}"),
        }
        Ok("done".into())
    }

    /// Owner and attributes, of an open file (`h`) or directory (`@d`).
    fn marks(&self, words: &[&str]) -> io::Result<String> {
        let calls = self.stage.calls();
        let opened = |slot: &str| match slot.strip_prefix('@') {
            Some(slot) => self.directory(slot).map(Opened::Directory),
            None => self.file(slot).map(Opened::File),
        };
        let whose = |word: &str| (word != "-").then(|| word.parse().expect("it is a number"));
        match words {
            ["attrs", slot] => {
                let names = calls.attribute_names(opened(slot)?)?;
                // The system may keep some of its own.
                let names = names.into_iter().filter(|name| name.starts_with(b"user."));
                return Ok(names.map(|name| name.escape_ascii().to_string()).collect::<Vec<_>>().join(" "));
            }
            ["getattr", slot, name, most] => {
                let value = calls.attribute(opened(slot)?, name, number(most))?;
                return Ok(value.map_or("nothing".into(), |value| value.escape_ascii().to_string()));
            }
            ["setattr", slot, name, value] => calls.set_attribute(opened(slot)?, name, &bytes(value))?,
            ["delattr", slot, name] => calls.remove_attribute(opened(slot)?, name)?,
            ["chown", slot, user, group] => calls.set_owner(opened(slot)?, whose(user), whose(group))?,
            ["lchown", path, user, group] => self.at(path, |calls, parent, name| {
                calls.set_link_owner(parent, name, whose(user), whose(group))
            })?,
            ["owned", path] => {
                let status = self.at(path, |calls, parent, name| calls.status(parent, name))?;
                return Ok(format!("{} {}", status.owner, status.group));
            }
            _ => panic!("no such command: {words:?}"),
        }
        Ok("done".into())
    }

    fn names(&self, words: &[&str]) -> io::Result<String> {
        match words {
            ["status", path] => Ok(shown(self.at(path, |calls, parent, name| calls.status(parent, name))?)),
            ["fstatus", slot] => Ok(shown(self.stage.calls().file_status(self.file(slot)?)?)),
            ["dstatus", path] => {
                self.in_directory(path, |calls, directory| calls.directory_status(directory)).map(shown)
            }
            ["room", path] => {
                let status = self.at(path, |calls, parent, name| calls.status(parent, name))?;
                Ok(format!("takes room: {}", status.allocated > 0))
            }
            ["modified", slot] => {
                Ok(format!("{:?}", self.stage.calls().file_status(self.file(slot)?)?.modified))
            }
            ["list", path] => {
                let names = self.in_directory(path, |calls, directory| calls.list(directory))?;
                let name = |(name, kind): &(Vec<u8>, ObjectKind)| format!("{} {kind:?}", name.escape_ascii());
                Ok(names.iter().map(name).collect::<Vec<_>>().join(", "))
            }
            ["readlink", path] => {
                let target = self.at(path, |calls, parent, name| calls.read_link(parent, name))?;
                Ok(target.escape_ascii().to_string())
            }
            ["rename", from, to] => self.two(from, to, S::FileSystem::rename_no_replace),
            ["exchange", one, two] => self.two(one, two, S::FileSystem::exchange),
            ["rm", path] => self.at(path, S::FileSystem::remove_file).map(|()| "removed".into()),
            ["rmdir", path] => self.at(path, S::FileSystem::remove_directory).map(|()| "removed".into()),
            ["space"] => self
                .stage
                .calls()
                .space()
                .map(|space| format!("some: {}", space.free > 0 && space.free <= space.total)),
            _ => panic!("no such command: {words:?}"),
        }
    }

    fn two(
        &self,
        one: &str,
        two: &str,
        call: impl Fn(&S::FileSystem, &Directory<S>, Name<'_>, &Directory<S>, Name<'_>) -> io::Result<()>,
    ) -> io::Result<String> {
        self.at(one, |calls, directory, name| {
            self.at(two, |_, other, new_name| call(calls, directory, name, other, new_name))
        })?;
        Ok("moved".into())
    }

    fn compare(&mut self, words: &[&str]) -> io::Result<String> {
        let status = match words[2].strip_prefix('=') {
            Some(slot) => self.stage.calls().file_status(self.file(slot)?)?,
            None if words[2] == "/" => self.stage.calls().directory_status(&self.root)?,
            None => self.at(words[2], |calls, parent, name| calls.status(parent, name))?,
        };
        if words[0] == "mark" {
            self.marks.insert(words[1].to_string(), status);
            self.stage.let_time_pass();
            return Ok("marked".into());
        }
        let before = self.marks.get(words[1]).ok_or_else(|| io::Error::other("no such mark"))?;
        let same = |same: bool| if same { "same" } else { "other" };
        Ok(format!(
            "{} object, {} modified, {} changed, {} content stamp",
            same(before.inode == status.inode && before.device == status.device),
            same(before.modified == status.modified),
            same(before.changed == status.changed),
            same(before.stamp() == status.stamp()),
        ))
    }

    fn make_zoo(&mut self) -> io::Result<String> {
        for command in [
            "create file 644 zoo",
            "write zoo 0 content",
            "mkdir empty 755",
            "mkdir full 755",
            "create full/inner 600",
            "link link-to-file file",
            "link link-to-directory full",
            "link dangling nowhere",
            "socket socket",
        ] {
            self.run(&command.split(' ').collect::<Vec<_>>())?;
        }
        self.files.remove("zoo");
        Ok("made".into())
    }

    /// Everything that can be seen.
    fn tree(&self) -> io::Result<String> {
        let mut lines = Vec::new();
        let mut waiting = vec![(self.stage.calls().root()?, String::new())];
        while let Some((directory, path)) = waiting.pop() {
            let calls = self.stage.calls();
            for (name, _) in calls.list(&directory)? {
                let path = format!("{path}/{}", name.escape_ascii());
                let name = Name::new(&name)?;
                let status = calls.status(&directory, name)?;
                let inside = match status.kind {
                    ObjectKind::Kept(Kind::File) => read_all(calls, &calls.open_file(&directory, name)?)?,
                    ObjectKind::Kept(Kind::Link) => {
                        calls.read_link(&directory, name)?.escape_ascii().to_string()
                    }
                    ObjectKind::Kept(Kind::Directory) => {
                        waiting.push((calls.open_directory(&directory, name)?, path.clone()));
                        String::new()
                    }
                    ObjectKind::Special => String::new(),
                };
                lines.push(format!("{path} {} {inside}", shown(status)));
            }
        }
        lines.sort();
        Ok(lines.join(" | "))
    }
}

fn read_all<V: Vfs>(calls: &V, file: &V::File) -> io::Result<String> {
    let mut buffer = vec![0; 1 << 16];
    let many = calls.read_at(file, 0, &mut buffer)?;
    Ok(buffer[..many].escape_ascii().to_string())
}

/// What has to agree: not times and numbers, which are compared by `since`, and not how directories' names are counted, which differs
/// between real file systems.
fn shown(status: Status) -> String {
    let links = if status.kind == ObjectKind::Kept(Kind::Directory) { 0 } else { status.links };
    format!("{:?} {} bytes {:o} {links} names", status.kind, status.size, status.permissions)
}

fn octal(word: &str) -> u16 {
    u16::from_str_radix(word, 8).expect("it is an octal number")
}

fn number(word: &str) -> usize {
    word.parse().expect("it is a number")
}

fn large(word: &str) -> u64 {
    word.parse().expect("it is a number")
}
