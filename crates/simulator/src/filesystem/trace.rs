//! What happened, as a number that two runs can compare, and as text when somebody wants to read it.

use super::handle::{SimDirectory, SimFile};
use super::image::Object;
use homesync_disk::{ObjectKind, Space, Status};
use homesync_protocol::Kind;
use std::fmt::Debug;

/// A hash over everything so far: FNV-1a over words instead of bytes, with a rotation so that high bits come down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Trace(pub(super) u64);

impl Default for Trace {
    fn default() -> Self {
        Self(0xCBF2_9CE4_8422_2325)
    }
}

impl Trace {
    pub(super) fn word(&mut self, word: u64) {
        self.0 = (self.0 ^ word).wrapping_mul(0x0000_0100_0000_01B3).rotate_left(23);
    }

    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        self.word(bytes.len() as u64);
        let mut words = bytes.chunks_exact(8);
        for word in &mut words {
            self.word(word.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)));
        }
        self.word(words.remainder().iter().fold(0, |number, byte| number << 8 | u64::from(*byte)));
    }
}

/// What a call is about.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Arguments<'a> {
    pub(super) objects: [Object; 2],
    pub(super) names: [&'a [u8]; 2],
    pub(super) numbers: [u64; 2],
}

impl Arguments<'_> {
    pub(super) fn trace(&self, trace: &mut Trace) {
        trace.word(u64::from(self.objects[0]) << 32 | u64::from(self.objects[1]));
        trace.word(self.numbers[0]);
        trace.word(self.numbers[1]);
        trace.bytes(self.names[0]);
        trace.bytes(self.names[1]);
    }

    pub(super) fn text(&self) -> String {
        let names = self.names.map(|name| String::from_utf8_lossy(&name[..name.len().min(60)]).into_owned());
        format!("#{:?} {names:?} {:?}", self.objects, self.numbers)
    }
}

/// The answer of a call.
pub(super) trait Traced: Debug {
    fn trace(&self, trace: &mut Trace);
}

impl Traced for () {
    fn trace(&self, trace: &mut Trace) {
        trace.word(1);
    }
}

impl Traced for usize {
    fn trace(&self, trace: &mut Trace) {
        trace.word(*self as u64);
    }
}

impl Traced for Vec<u8> {
    fn trace(&self, trace: &mut Trace) {
        trace.bytes(self);
    }
}

impl Traced for Vec<Vec<u8>> {
    fn trace(&self, trace: &mut Trace) {
        self.iter().for_each(|name| trace.bytes(name));
    }
}

impl Traced for Option<Vec<u8>> {
    fn trace(&self, trace: &mut Trace) {
        trace.word(u64::from(self.is_some()));
        self.iter().for_each(|value| trace.bytes(value));
    }
}

impl Traced for Vec<(Vec<u8>, ObjectKind)> {
    fn trace(&self, trace: &mut Trace) {
        for (name, kind) in self {
            trace.bytes(name);
            trace.word(number_of(*kind));
        }
    }
}

impl Traced for Status {
    fn trace(&self, trace: &mut Trace) {
        for word in [number_of(self.kind), self.size, self.inode, self.links, u64::from(self.permissions)] {
            trace.word(word);
        }
        for time in [self.modified, self.changed] {
            trace.word(time.seconds.cast_unsigned());
            trace.word(u64::from(time.nanoseconds));
        }
    }
}

impl Traced for Space {
    fn trace(&self, trace: &mut Trace) {
        trace.word(self.free);
    }
}

impl Traced for SimDirectory {
    fn trace(&self, trace: &mut Trace) {
        trace.word(u64::from(self.0.object));
    }
}

impl Traced for SimFile {
    fn trace(&self, trace: &mut Trace) {
        trace.word(u64::from(self.handle.object));
    }
}

fn number_of(kind: ObjectKind) -> u64 {
    match kind {
        ObjectKind::Special => 0,
        ObjectKind::Kept(Kind::File) => 1,
        ObjectKind::Kept(Kind::Directory) => 2,
        ObjectKind::Kept(Kind::Link) => 3,
    }
}
