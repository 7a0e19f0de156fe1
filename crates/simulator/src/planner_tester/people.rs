//! What people do, and what accidents do.

use super::case::Case;
use super::contents;
use homesync_paths::RelativePath;
use homesync_protocol::{Content, Timestamp, Validity};

impl Case {
    /// One deed of a person, which is seen at once.
    pub(super) fn person_acts(&mut self, number: usize) -> Result<(), String> {
        let wanted = &self.choose_path();
        let path = &self.machines[number].disk.spelled(wanted).unwrap_or_else(|| wanted.clone());
        let is_there = self.machines[number].disk.get(path).is_some();
        match self.choose(12) {
            0 => return Ok(()),
            1..=3 => {
                let content = self.new_content();
                self.write(number, path, content);
            }
            4 => {
                let content = contents::file(self.choose(self.written.max(1) as u64) as usize);
                self.written = self.written.max(1);
                self.write(number, path, content);
            }
            5 => self.write(number, path, Content::Directory),
            6 => self.write(number, path, Content::Link("elsewhere".into())),
            7 | 8 => {
                self.say(|| format!("{number}: rm -r {}", path.as_str()));
                self.remove(number, path);
            }
            9 | 10 if is_there => self.rename(number, path),
            11 if is_there && self.swarm.owners && self.choose(3) > 0 => self.give(number, path),
            11 if is_there => self.touch(number, path),
            _ => return Ok(()),
        }
        self.machines[number].scan().map_err(|error| error.to_string())
    }

    fn choose_path(&mut self) -> RelativePath {
        let favours = self.swarm.favours;
        if !favours.is_empty()
            && self.choose(2) == 1
            && let Ok(path) = RelativePath::parse(favours[self.choose(favours.len() as u64) as usize])
        {
            return path;
        }
        let paths = self.paths();
        paths[self.choose(paths.len() as u64) as usize].clone()
    }

    fn clock(&self) -> Timestamp {
        Timestamp::at(self.now as i64)
    }

    fn write(&mut self, number: usize, path: &RelativePath, content: Content) {
        for above in path.ancestors().collect::<Vec<_>>().into_iter().rev() {
            let there = self.machines[number].disk.get(&above).map(|object| object.content.clone());
            if there != Some(Content::Directory) {
                self.remove(number, &above);
                self.machines[number].disk.put(&above, Content::Directory, Timestamp::default(), 0o755);
            }
        }
        let there = self.machines[number].disk.get(path).map(|object| object.content.kind());
        if there == Some(homesync_protocol::Kind::Directory) && content == Content::Directory {
            return;
        }
        self.say(|| format!("{number}: writes {} {content:?}", path.as_str()));
        if there.is_some_and(|kind| kind != content.kind()) {
            self.reach("type flip");
        }
        self.remove(number, path);
        self.may_go(path, &content);
        let (clock, mode) = (self.clock(), if content == Content::Directory { 0o755 } else { 0o644 });
        self.machines[number].disk.put(path, content, clock, mode);
    }

    fn remove(&mut self, number: usize, path: &RelativePath) {
        for (_, object) in self.machines[number].disk.take(path) {
            self.supersede(&object.content);
        }
    }

    /// A pattern says that what has this name may go with its directory.
    fn may_go(&mut self, path: &RelativePath, content: &Content) {
        if contents::patterns().decide(path).deletable {
            self.supersede(content);
        }
    }

    /// A person took this content away, so nobody else has to keep it.
    fn supersede(&mut self, content: &Content) {
        if let Some(number) = content.blocks().and_then(|blocks| contents::number(blocks.digest())) {
            self.superseded[number] = true;
        }
    }

    fn rename(&mut self, number: usize, path: &RelativePath) {
        let to = &self.choose_path();
        let disk = &self.machines[number].disk;
        let is_other_case = disk.spelled(to).as_ref() == Some(path) && to != path;
        if to.is_at_or_below(path) || path.is_at_or_below(to) || !disk.has_place_for(to) {
            return;
        }
        self.say(|| format!("{number}: mv {} {}", path.as_str(), to.as_str()));
        if is_other_case {
            self.reach("case rename");
        } else {
            self.remove(number, to);
        }
        for (place, content) in self.machines[number].disk.renamed(path, to) {
            self.may_go(&place, &content);
        }
        self.machines[number].disk.rename(path, to);
    }

    fn touch(&mut self, number: usize, path: &RelativePath) {
        let is_mode = self.choose(2) == 1;
        let clock = self.clock();
        self.say(|| format!("{number}: {} {}", if is_mode { "chmod" } else { "touch" }, path.as_str()));
        self.machines[number].disk.change(path, |object| match is_mode {
            true => object.stamp.permissions ^= 0o100,
            false if object.content.blocks().is_some() => object.stamp.modified = clock,
            false => {}
        });
    }

    /// What no person does.
    pub(super) fn accident(&mut self, number: usize) -> Result<(), String> {
        if self.swarm.unread {
            let path = ["d", "d/e", "f", "a"][self.choose(4) as usize];
            self.say(|| format!("{number}: {path} cannot be read"));
            self.machines[number].situation.unknown.extend(RelativePath::parse(path));
        } else if self.swarm.rot {
            self.rot(number)?;
        } else if self.swarm.stops {
            self.say(|| format!("{number}: is stopped before its index hears of what it does"));
            self.reach("stopped before the index");
            self.work(number, false)?;
            self.machines[number].scan().map_err(|error| error.to_string())?;
        } else if self.swarm.special_names {
            self.say(|| format!("{number}: git is at work"));
            self.machines[number].situation.busy.extend(RelativePath::parse("r/.git"));
        }
        Ok(())
    }

    /// A file is full of zeros after a power cut, with the time that was set.
    fn rot(&mut self, number: usize) -> Result<(), String> {
        let machine = &self.machines[number];
        let whole = machine.trees.locals().filter(|own| {
            own.entry.validity == Validity::Valid
                && own.stamp.is_some()
                && own.entry.content.blocks().is_some()
        });
        let paths: Vec<RelativePath> = whole.map(|own| own.entry.path.clone()).collect();
        if paths.is_empty() {
            return Ok(());
        }
        let path = &paths[self.choose(paths.len() as u64) as usize];
        let Some(object) = self.machines[number].disk.get(path).cloned() else { return Ok(()) };
        self.say(|| format!("{number}: {} is full of zeros", path.as_str()));
        self.reach("rot");
        self.supersede(&object.content);
        self.machines[number].disk.change(path, |object| {
            object.content = contents::blank().clone();
            object.stamp.size = 10;
        });
        self.machines[number].scan().map_err(|error| error.to_string())
    }
}
