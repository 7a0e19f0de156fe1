//! Items that are here, but not wholly as others have them: the system did not let their owner or their attributes be set.

use crate::differences::short;
use homesync_engine::{Candidates, MetadataRules};
use std::collections::{BTreeMap, HashSet};

/// So many of them are named. The others are only counted: on a machine that may not give files away it can be all.
const MOST_NAMED: usize = 1_000;

/// Those of one folder.
#[derive(Debug, Default)]
pub(crate) struct Partial {
    rules: MetadataRules,
    all: HashSet<u128>,
    named: BTreeMap<String, String>,
}

impl Partial {
    /// None is known yet.
    pub(crate) fn new(rules: MetadataRules) -> Self {
        Self { rules, ..Self::default() }
    }

    /// Looks at what is known of a path here.
    pub(crate) fn look(&mut self, path: &str, candidates: &Candidates) {
        let why = candidates.own.as_ref().and_then(|own| self.rules.why_partial(own));
        let Some(why) = why else {
            if !self.all.is_empty() && self.all.remove(&short(path)) {
                self.named.remove(path);
            }
            return;
        };
        self.all.insert(short(path));
        if self.named.len() < MOST_NAMED || self.named.contains_key(path) {
            self.named.insert(path.to_string(), why.to_string());
        }
    }

    /// How many there are.
    pub(crate) fn many(&self) -> u64 {
        self.all.len() as u64
    }

    /// The first of them, and why they are.
    pub(crate) fn first(&self) -> impl Iterator<Item = (&str, &str)> {
        self.named.iter().map(|(path, why)| (path.as_str(), why.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use homesync_engine::{Carry, Found, Local, Stamp};
    use homesync_paths::RelativePath;
    use homesync_protocol::{Content, Entry, Kind, Metadata, Owner, ShortId, Timestamp, Validity, Version};
    use std::sync::Arc;

    fn owned_by(number: u32) -> Arc<Metadata> {
        let owner = Owner { user_number: number, ..Owner::default() };
        Arc::new(Metadata::new(Some(owner), None))
    }

    fn candidates(refused: Option<&str>) -> Candidates {
        let entry = Entry {
            path: RelativePath::parse("a").unwrap(),
            content: Content::Directory,
            validity: Validity::Valid,
            version: Version::empty(),
            modified: Timestamp::default(),
            modified_by: ShortId(1),
            permissions: None,
            sequence: 1,
            previous: None,
            metadata: Some(owned_by(5)),
        };
        let time = Timestamp::default();
        let stamp = Stamp {
            kind: Kind::Directory,
            size: 0,
            modified: time,
            changed: time,
            inode: 1,
            permissions: 0o755,
        };
        let metadata = owned_by(if refused.is_some() { 0 } else { 5 });
        let found = Some(Arc::new(Found { metadata, refused: refused.map(Into::into) }));
        Candidates { own: Some(Local { entry, stamp: Some(stamp), found }), others: Vec::new() }
    }

    #[test]
    fn d17_what_could_not_be_set_is_named_with_its_reason_until_it_can() {
        let rules = MetadataRules { owner: Carry::Sync, ..MetadataRules::default() };
        let mut partial = Partial::new(rules);
        partial.look("a", &candidates(Some("its owner: not permitted")));
        assert_eq!((partial.many(), partial.first().next()), (1, Some(("a", "its owner: not permitted"))));
        partial.look("a", &candidates(None));
        assert_eq!((partial.many(), partial.first().next()), (0, None));
        let mut sends = Partial::new(MetadataRules { owner: Carry::Send, ..rules });
        sends.look("a", &candidates(Some("its owner: not permitted")));
        assert_eq!(sends.many(), 0, "who does not want it set misses nothing");
    }
}
