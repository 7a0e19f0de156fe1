//! A simulated disk and what it takes to give the executor an operation.
#![expect(clippy::unwrap_used, reason = "helpers of tests say what they expect by failing")]

use homesync_disk::{Executor, Staging};
use homesync_engine::{Displaced, Expected, Intent, Journal, Operation, Outcome, Step};
use homesync_paths::RelativePath;
use homesync_protocol::{BlockList, Content, Entry, Kind, ShortId, Timestamp, Validity, Version};
use homesync_simulator::filesystem::{Call, SimFs};

/// When the batches are.
pub const NOW: Timestamp = Timestamp::at(1_700_000_000);
/// What the index says about files' times.
pub const WRITTEN: Timestamp = Timestamp::at(1_600_000_000);

#[derive(Default)]
pub struct Notes {
    pub next: u64,
    pub open: Vec<Intent>,
}

impl Journal for Notes {
    type Error = &'static str;

    fn reserve(&mut self, many: u64) -> Result<u64, Self::Error> {
        self.next += many;
        Ok(self.next - many)
    }

    fn begin(&mut self, intents: &[Intent]) -> Result<(), Self::Error> {
        self.open.extend_from_slice(intents);
        Ok(())
    }
}

#[derive(Default)]
pub struct Bench {
    pub fs: SimFs,
    pub notes: Notes,
}

impl Bench {
    /// With these files, durable.
    pub fn with(files: &[(&str, &str)]) -> Self {
        let bench = Self::default();
        for (path, text) in files {
            bench.fs.user_write(path, text.as_bytes()).unwrap();
        }
        bench.fs.user_sync();
        bench
    }

    pub fn expected(&self, path: &str) -> Expected {
        let stamp = self.fs.status_of(path).ok().and_then(|status| status.stamp());
        stamp.map_or(Expected::Absent, Expected::Object)
    }

    /// Puts content here, in place of what is there now.
    pub fn put(&self, path: &str, content: Content) -> Operation {
        let step = Step::Put { displaced: Displaced::Recovery };
        let entry = entry(path, content);
        Operation { path: parse(path), expected: self.expected(path), step, entry, unit: None }
    }

    pub fn remove(&self, path: &str) -> Operation {
        let entry = entry(path, Content::Deleted(Kind::File));
        Operation { path: parse(path), expected: self.expected(path), step: Step::Remove, entry, unit: None }
    }

    /// Stages the bytes of an entry; answers which blocks were missing.
    pub fn stage(&self, entry: &Entry, bytes: &[u8]) -> Vec<u32> {
        let staging = Staging::new(&self.fs);
        let missing = staging.prepare(entry, &[]).unwrap();
        for number in &missing {
            let (start, size) = entry.content.blocks().unwrap().extent(*number as usize);
            let bytes = &bytes[start as usize..start as usize + size as usize];
            assert!(staging.write_block(entry, *number, bytes).unwrap());
        }
        missing
    }

    pub fn put_file(&self, path: &str, text: &str) -> Operation {
        let operation = self.put(path, file(text));
        self.stage(&operation.entry, text.as_bytes());
        operation
    }

    /// What has this text for a path, or takes the path away. Nothing if the disk stops meanwhile.
    pub fn put_or_remove(&mut self, path: &str, text: Option<&str>) -> Option<Operation> {
        let Some(text) = text else { return Some(self.remove(path)) };
        let operation = self.put(path, file(text));
        let staging = Staging::new(&self.fs);
        staging.prepare(&operation.entry, &[]).ok()?;
        staging.write_block(&operation.entry, 0, text.as_bytes()).ok()?;
        Some(operation)
    }

    pub fn execute(&mut self, operations: Vec<Operation>) -> Vec<Outcome> {
        Executor::new(&self.fs, &|_| false, NOW).execute(operations, &mut self.notes)
    }

    pub fn settle(&self) {
        Executor::new(&self.fs, &|_| false, NOW).settle(&self.notes.open).unwrap();
    }

    /// A person does this just before the next call of a kind.
    pub fn before(&self, call: Call, act: impl Fn(&SimFs) + 'static) {
        let mut is_done = false;
        self.fs.set_hook(Box::new(move |fs, _, next| {
            if next == call && !is_done {
                is_done = true;
                act(fs);
            }
        }));
    }

    pub fn text(&self, path: &str) -> Option<String> {
        self.fs.read(path).ok().map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
    }

    /// The texts of all files in the recovery area.
    pub fn kept(&self) -> Vec<String> {
        let found = self.fs.walk().into_iter();
        let kept = found.filter(|found| found.path.starts_with(b".homesync/recovery/"));
        kept.filter(|found| !found.content.is_empty())
            .map(|found| String::from_utf8_lossy(&found.content).into_owned())
            .collect()
    }

    /// Plays `act` on a new disk with a crash at each call in turn, until one comes through; `check` looks at what each left.
    pub fn at_every_call(
        new: impl Fn() -> Self,
        power: bool,
        act: impl Fn(&mut Self),
        check: impl Fn(&Self, u64),
    ) {
        for call in 1..1_000 {
            let mut bench = new();
            bench.fs.set_crash_at(Some(bench.fs.calls() + call));
            act(&mut bench);
            let has_crashed = bench.fs.has_crashed();
            if power {
                bench.fs.reboot();
            } else {
                bench.fs.restart();
            }
            bench.fs.set_crash_at(None);
            bench.settle();
            check(&bench, call);
            if !has_crashed {
                return;
            }
        }
        panic!("it never comes through");
    }
}

pub fn parse(path: &str) -> RelativePath {
    RelativePath::parse(path).unwrap()
}

pub fn file(text: &str) -> Content {
    Content::File(BlockList::of(text.as_bytes()))
}

pub fn entry(path: &str, content: Content) -> Entry {
    Entry {
        path: parse(path),
        content,
        validity: Validity::Valid,
        version: Version::empty(),
        modified: WRITTEN,
        modified_by: ShortId(1),
        permissions: Some(0o640),
        sequence: 0,
        previous: None,
        metadata: None,
    }
}
