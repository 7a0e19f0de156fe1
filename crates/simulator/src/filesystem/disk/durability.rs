//! How effects reach the durable image: by calls that ask for it, and by a power cut.

use super::{Answer, Disk};
use crate::choices::Choices;
use crate::filesystem::crash;
use crate::filesystem::effect::{Effect, with_needs};
use crate::filesystem::image::{Node, Object};
use std::collections::BTreeSet;

impl Disk {
    /// Content and metadata of a file. A journal takes everything along that was done to names before.
    pub(in crate::filesystem) fn synchronize_content(&mut self, object: Object) -> Answer<()> {
        let is_mine = |effect: &Effect| effect.inner_object() == Some(object);
        if self.settings.ordered {
            self.commit_journal(Some(object));
        }
        if self.damaged.contains(&object) {
            self.make_known(object);
            let chosen: Vec<bool> = self.waiting.iter().map(is_mine).collect();
            self.make_durable(&chosen);
            return Ok(());
        }
        self.waiting.retain(|effect| !is_mine(effect));
        let node = self.node(object)?.clone();
        self.durable.insert(object, node);
        Ok(())
    }

    /// An object's content and metadata may be durable before its name is.
    fn make_known(&mut self, object: Object) {
        let made = self.waiting.iter().find_map(|effect| match effect {
            Effect::Create { object: created, initial, .. } if *created == object => Some(initial.clone()),
            _ => None,
        });
        if let (None, Some(initial)) = (self.durable.get(object), made) {
            self.durable.insert(object, *initial);
        }
    }

    fn commit_journal(&mut self, object: Option<Object>) {
        let unwritten: BTreeSet<Object> =
            self.waiting.iter().filter(|effect| effect.is_write()).filter_map(Effect::inner_object).collect();
        let stays = |other: Object| Some(other) != object && unwritten.contains(&other);
        let chosen: Vec<bool> =
            self.waiting.iter().map(|effect| !effect.inner_object().is_some_and(stays)).collect();
        self.make_durable(&chosen);
    }

    /// The names in a directory, with all that they need.
    pub(in crate::filesystem) fn synchronize_names(&mut self, directory: Object) -> Answer<()> {
        self.node(directory)?;
        if self.settings.ordered {
            self.commit_journal(None);
            return Ok(());
        }
        self.make_known(directory);
        let wanted = |effect: &Effect| effect.is_in(directory) || effect.inner_object() == Some(directory);
        let chosen = with_needs(&self.waiting, wanted);
        self.make_durable(&chosen);
        Ok(())
    }

    pub(in crate::filesystem) fn synchronize_all(&mut self) {
        let chosen = vec![true; self.waiting.len()];
        self.make_durable(&chosen);
    }

    fn make_durable(&mut self, chosen: &[bool]) {
        let mut chosen = chosen.iter();
        let mut kept = Vec::new();
        for effect in std::mem::take(&mut self.waiting) {
            if !chosen.next().is_some_and(|chosen| *chosen) {
                kept.push(effect);
                continue;
            }
            effect.apply(&mut self.durable);
            if let Effect::Write { object, offset, bytes } = &effect
                && let Some(content) = self.durable.content_mut(*object)
            {
                content.write(*offset, bytes);
            }
        }
        self.waiting = kept;
    }

    /// What was written to a file since it was last synchronized never reaches the disk, although it can still be read: what an
    /// error of the device while synchronizing means.
    pub(in crate::filesystem) fn lose_writes(&mut self, object: Object) {
        let before = self.waiting.len();
        self.waiting.retain(|effect| !(effect.is_write() && effect.inner_object() == Some(object)));
        if self.waiting.len() < before {
            self.damaged.insert(object);
        }
    }

    /// The same for every file.
    pub(in crate::filesystem) fn lose_all_writes(&mut self) {
        let written = self.waiting.iter().filter(|effect| effect.is_write());
        let objects: BTreeSet<Object> = written.filter_map(Effect::inner_object).collect();
        for object in objects {
            self.lose_writes(object);
        }
    }

    /// The process that had them open is gone.
    pub(in crate::filesystem) fn close_handles(&mut self) {
        for object in 0..self.cached.next_object() {
            if let Some(node) = self.cached.get_mut(object).filter(|node| node.handles > 0) {
                node.handles = 0;
                self.release(object);
            }
        }
    }

    /// The machine loses its power and starts again.
    pub(in crate::filesystem) fn cut_power(&mut self, choices: &mut dyn Choices) {
        let waiting = std::mem::take(&mut self.waiting);
        crash::survive(&mut self.durable, &waiting, self.settings.ordered, choices);
        self.durable.settle();
        // An object that did not survive leaves its place in the table empty, so that no later one is taken for it.
        let next = self.cached.next_object();
        self.cached = self.durable.clone();
        self.cached.reserve(next);
        self.damaged.clear();
        self.refused.retain(|object, _| self.durable.get(*object).is_some());
        self.used = self.cached.nodes().map(Node::allocated).sum();
        self.objects = self.cached.nodes().count() as u64;
        let taken: BTreeSet<u64> = self.cached.nodes().map(|node| node.number).collect();
        self.free_numbers.retain(|number| !taken.contains(number));
    }
}
