//! The state of one simulated disk and the steps that change it. Calls and people's actions are made of these.

mod durability;

use super::content::Content;
use super::effect::{Attributes, Effect};
use super::image::{Body, Image, Node, Object, Place, ROOT, Slot};
use super::settings::Settings;
use homesync_disk::{Space, Status};
use homesync_protocol::Timestamp;
use rustix::io::Errno;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

pub(super) type Answer<T> = Result<T, Errno>;

/// The longest name in a directory.
const LONGEST_NAME: usize = 255;

const NANOSECONDS: i128 = 1_000_000_000;

pub(super) struct Disk {
    pub(super) settings: Settings,
    pub(super) cached: Image,
    pub(super) durable: Image,
    pub(super) waiting: Vec<Effect>,
    /// Files of which a write was lost for good: their cached content is not what synchronizing makes durable.
    pub(super) damaged: BTreeSet<Object>,
    /// Objects that refuse to be used, with the error.
    pub(super) refused: BTreeMap<Object, Errno>,
    /// Directories over which another file system is mounted, with its number.
    pub(super) mounted: BTreeMap<Object, u64>,
    pub(super) used: u64,
    pub(super) objects: u64,
    now: Timestamp,
    next_number: u64,
    free_numbers: Vec<u64>,
}

impl Disk {
    pub(super) fn new(settings: Settings) -> Self {
        let mut disk = Self {
            settings,
            cached: Image::default(),
            durable: Image::default(),
            waiting: Vec::new(),
            damaged: BTreeSet::new(),
            refused: BTreeMap::new(),
            mounted: BTreeMap::new(),
            used: 0,
            objects: 0,
            now: settings.now,
            next_number: 2,
            free_numbers: Vec::new(),
        };
        let root = disk.new_node(Body::Directory(BTreeMap::new()), 0o755, 1);
        disk.objects = 1;
        disk.durable.insert(ROOT, root.clone());
        disk.cached.insert(ROOT, root);
        disk
    }

    pub(super) fn set_now(&mut self, now: Timestamp) {
        self.now = now;
    }

    /// Time passes with everything that is done.
    pub(super) fn tick(&mut self) {
        let nanoseconds = u64::from(self.now.nanoseconds) + self.settings.tick_nanoseconds;
        self.now = timestamp(i128::from(self.now.seconds) * NANOSECONDS + i128::from(nanoseconds));
    }

    pub(super) fn rounded(&self, time: Timestamp) -> Timestamp {
        let granularity = i128::from(self.settings.granularity_nanoseconds.max(1));
        let exact = i128::from(time.seconds) * NANOSECONDS + i128::from(time.nanoseconds);
        timestamp(exact.div_euclid(granularity) * granularity)
    }

    pub(super) fn now(&self) -> Timestamp {
        if self.settings.granularity_nanoseconds <= 1 { self.now } else { self.rounded(self.now) }
    }

    fn new_node(&mut self, body: Body, permissions: u16, names: u32) -> Node {
        let number = match self.free_numbers.pop() {
            Some(number) if self.settings.reuses_numbers => number,
            _ => {
                self.next_number += 1;
                self.next_number - 1
            }
        };
        let now = self.now();
        Node {
            number,
            body,
            permissions,
            owner: (self.settings.owner, self.settings.group),
            attributes: Rc::default(),
            modified: now,
            changed: now,
            names,
            parent: ROOT,
            handles: 0,
        }
    }

    pub(super) fn node(&self, object: Object) -> Answer<&Node> {
        self.cached.get(object).ok_or(Errno::STALE)
    }

    pub(super) fn node_mut(&mut self, object: Object) -> Answer<&mut Node> {
        self.cached.get_mut(object).ok_or(Errno::STALE)
    }

    /// The form in which a name is looked up. A directory that was taken away holds nothing and takes nothing.
    pub(super) fn place(&self, directory: Object, name: &[u8]) -> Answer<Place> {
        match self.refused.get(&directory) {
            Some(errno) => Err(*errno),
            None => self.any_place(directory, name),
        }
    }

    /// The same where the name is to change.
    pub(super) fn writable_place(&self, directory: Object, name: &[u8]) -> Answer<Place> {
        self.may_write(directory)?;
        self.place(directory, name)
    }

    /// An ordinary user changes names and attributes only where the owner may write.
    pub(super) fn may_write(&self, object: Object) -> Answer<()> {
        let is_closed = self.settings.is_bound && self.node(object)?.permissions & 0o200 == 0;
        if is_closed { Err(Errno::ACCESS) } else { Ok(()) }
    }

    /// A directory that gets another one above it changes itself.
    pub(super) fn may_move(&self, object: Object, from: Object, to: Object) -> Answer<()> {
        let is_changed = from != to && self.node(object)?.is_directory();
        if is_changed { self.may_write(object) } else { Ok(()) }
    }

    /// The same for people, who are not concerned by what a directory refuses to us.
    pub(super) fn any_place(&self, directory: Object, name: &[u8]) -> Answer<Place> {
        let node = self.node(directory)?;
        if node.names == 0 {
            return Err(Errno::NOENT);
        }
        if name.len() > LONGEST_NAME {
            return Err(Errno::NAMETOOLONG);
        }
        let name: Rc<[u8]> = Rc::from(name);
        let folds = self.settings.folds_case && name.iter().any(u8::is_ascii_uppercase);
        let key = if folds { Rc::from(name.to_ascii_lowercase()) } else { Rc::clone(&name) };
        Ok(Place { directory, key, name })
    }

    pub(super) fn slot(&self, place: &Place) -> Option<&Slot> {
        self.cached.children(place.directory)?.get(&place.key)
    }

    pub(super) fn find(&self, place: &Place) -> Answer<Object> {
        self.slot(place).map(|slot| slot.object).ok_or(Errno::NOENT)
    }

    pub(super) fn lookup(&self, directory: Object, name: &[u8]) -> Answer<Object> {
        self.find(&self.place(directory, name)?)
    }

    pub(super) fn status(&self, object: Object) -> Answer<Status> {
        let device = self.mounted.get(&object).copied().unwrap_or(self.settings.device);
        self.cached.status(object, device).ok_or(Errno::STALE)
    }

    pub(super) fn space(&self) -> Space {
        let total = self.settings.capacity;
        Space { free: total.saturating_sub(self.used), total }
    }

    fn effect(&mut self, effect: Effect) {
        effect.apply(&mut self.cached);
        self.waiting.push(effect);
    }

    pub(super) fn create(&mut self, place: Place, body: Body, permissions: u16) -> Answer<Object> {
        if self.slot(&place).is_some() {
            return Err(Errno::EXIST);
        }
        if self.objects >= self.settings.objects {
            return Err(Errno::NOSPC);
        }
        self.objects += 1;
        let object = self.cached.next_object();
        let mut node = self.new_node(body, permissions, 1);
        node.parent = place.directory;
        let at = self.now();
        self.effect(Effect::Create { place, object, initial: Box::new(node), at });
        Ok(object)
    }

    pub(super) fn add_name(&mut self, place: Place, object: Object) -> Answer<()> {
        if self.slot(&place).is_some() {
            return Err(Errno::EXIST);
        }
        let mut node = self.node(object)?.clone();
        if node.is_directory() {
            return Err(Errno::PERM);
        }
        node.handles = 0;
        let at = self.now();
        self.node_mut(object)?.names += 1;
        self.effect(Effect::Create { place, object, initial: Box::new(node), at });
        Ok(())
    }

    pub(super) fn is_below(&self, object: Object, ancestor: Object) -> bool {
        let mut at = object;
        while at != ancestor {
            match self.cached.get(at) {
                Some(node) if at != ROOT => at = node.parent,
                _ => return false,
            }
        }
        true
    }

    /// Moves an object to another name; what had that name loses it.
    pub(super) fn rename(&mut self, from: Place, to: Place, object: Object) -> Answer<()> {
        let is_directory = self.node(object)?.is_directory();
        let displaced = self.slot(&to).map(|slot| slot.object);
        let at = self.now();
        let directory = to.directory;
        self.effect(Effect::Rename { from, to, object, is_directory, at });
        self.node_mut(object)?.parent = directory;
        if let Some(displaced) = displaced.filter(|displaced| *displaced != object) {
            self.lose_name(displaced);
        }
        Ok(())
    }

    pub(super) fn exchange(&mut self, one: Place, two: Place, objects: (Object, Object)) -> Answer<()> {
        let has_directory = self.node(objects.0)?.is_directory() || self.node(objects.1)?.is_directory();
        let (first, second) = (one.directory, two.directory);
        let at = self.now();
        self.effect(Effect::Exchange { one, two, objects, has_directory, at });
        self.node_mut(objects.0)?.parent = second;
        self.node_mut(objects.1)?.parent = first;
        Ok(())
    }

    pub(super) fn remove(&mut self, place: Place, object: Object) {
        let at = self.now();
        self.effect(Effect::Remove { place, object, at });
        self.lose_name(object);
    }

    fn lose_name(&mut self, object: Object) {
        let now = self.now();
        if let Some(node) = self.cached.get_mut(object) {
            node.names -= 1;
            node.changed = now;
        }
        self.release(object);
    }

    /// Gives back the room of an object that no name and no handle leads to.
    pub(super) fn release(&mut self, object: Object) {
        let Some(node) = self.cached.get(object) else { return };
        if node.names > 0 || node.handles > 0 {
            return;
        }
        self.used = self.used.saturating_sub(node.allocated());
        self.objects = self.objects.saturating_sub(1);
        self.free_numbers.push(node.number);
        self.refused.remove(&object);
        self.cached.forget(object);
    }

    /// Notes that an object's metadata has changed.
    pub(super) fn inode_changed(&mut self, object: Object, cut: Option<u64>) -> Answer<()> {
        let node = self.node(object)?;
        let length = if let Body::File(content) = &node.body { content.length() } else { 0 };
        let attributes = Attributes {
            permissions: node.permissions,
            owner: node.owner,
            extended: Rc::clone(&node.attributes),
            modified: node.modified,
            changed: node.changed,
            length,
        };
        self.waiting.push(Effect::Inode { object, attributes, cut });
        Ok(())
    }

    pub(super) fn set_permissions(&mut self, object: Object, permissions: u16) -> Answer<()> {
        let now = self.now();
        let node = self.node_mut(object)?;
        (node.permissions, node.changed) = (permissions & 0o7777, now);
        self.inode_changed(object, None)
    }

    pub(super) fn set_owner(&mut self, object: Object, user: Option<u32>, group: Option<u32>) -> Answer<()> {
        if user == Some(u32::MAX) || group == Some(u32::MAX) {
            return Err(Errno::INVAL);
        }
        if !self.settings.gives {
            return Err(Errno::PERM);
        }
        let before = self.node(object)?.owner;
        self.give_to(object, (user.unwrap_or(before.0), group.unwrap_or(before.1)))
    }

    /// The same by people, of whom one may be root.
    pub(super) fn give_to(&mut self, object: Object, owner: (u32, u32)) -> Answer<()> {
        let now = self.now();
        let node = self.node_mut(object)?;
        (node.owner, node.changed) = (owner, now);
        self.inode_changed(object, None)
    }

    /// Nothing takes the attribute away.
    pub(super) fn set_attribute(&mut self, object: Object, name: &[u8], value: Option<&[u8]>) -> Answer<()> {
        if !self.settings.attributes {
            return Err(Errno::OPNOTSUPP);
        }
        let now = self.now();
        let node = self.node_mut(object)?;
        let attributes = Rc::make_mut(&mut node.attributes);
        match value {
            Some(value) => drop(attributes.insert(name.to_vec(), value.to_vec())),
            None if attributes.remove(name).is_none() => return Ok(()),
            None => {}
        }
        node.changed = now;
        self.inode_changed(object, None)
    }

    pub(super) fn set_modified(&mut self, object: Object, modified: Timestamp) -> Answer<()> {
        let (now, modified) = (self.now(), self.rounded(modified));
        let node = self.node_mut(object)?;
        (node.modified, node.changed) = (modified, now);
        self.inode_changed(object, None)
    }

    pub(super) fn content(&self, object: Object) -> Answer<&Content> {
        match &self.node(object)?.body {
            Body::File(content) => Ok(content),
            Body::Directory(_) => Err(Errno::ISDIR),
            Body::Link(_) | Body::Special => Err(Errno::INVAL),
        }
    }

    /// As much as there is room for; `ENOSPC` if that is nothing.
    pub(super) fn write(&mut self, object: Object, offset: u64, from: &[u8]) -> Answer<usize> {
        let end = Content::end_of_write(offset, from.len())?;
        if from.is_empty() {
            return Ok(0);
        }
        let content = self.content(object)?;
        let (before, mut after) = (content.allocated(), content.allocated_up_to(end));
        let mut from = from;
        let room = self.space().free;
        if after - before > room {
            after = before + room / 4096 * 4096;
            let many = usize::try_from(after.saturating_sub(offset)).unwrap_or(0).min(from.len());
            from = &from[..many];
        }
        if from.is_empty() {
            return Err(Errno::NOSPC);
        }
        let now = self.now();
        let node = self.node_mut(object)?;
        (node.modified, node.changed) = (now, now);
        if let Body::File(content) = &mut node.body {
            content.write(offset, from);
        }
        self.used += after - before;
        self.waiting.push(Effect::Write { object, offset, bytes: Rc::from(from) });
        self.inode_changed(object, None)?;
        Ok(from.len())
    }

    pub(super) fn set_length(&mut self, object: Object, length: u64) -> Answer<()> {
        if i64::try_from(length).is_err() {
            return Err(Errno::INVAL);
        }
        let before = self.content(object)?.allocated();
        let now = self.now();
        let node = self.node_mut(object)?;
        (node.modified, node.changed) = (now, now);
        let mut cut = None;
        if let Body::File(content) = &mut node.body {
            cut = Some(length).filter(|length| *length < content.length());
            content.set_length(length);
        }
        let after = self.content(object)?.allocated();
        self.used = (self.used + after).saturating_sub(before);
        self.inode_changed(object, cut)
    }
}

fn timestamp(nanoseconds: i128) -> Timestamp {
    Timestamp {
        seconds: i64::try_from(nanoseconds.div_euclid(NANOSECONDS)).unwrap_or(i64::MAX),
        nanoseconds: u32::try_from(nanoseconds.rem_euclid(NANOSECONDS)).unwrap_or(0),
    }
}
