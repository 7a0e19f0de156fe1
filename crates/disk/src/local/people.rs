//! What users and groups are called here. The system's database may be a file, a directory on the net or a Mac's, so the system is asked.

use crate::Whose;
use nix::unistd::{Gid, Group, Uid, User};
use rustix::io::Errno;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Whoever is made or renamed is known after so long.
const FRESH: Duration = Duration::from_secs(60);

/// Answers of a short while ago: many items have few owners, and each question may go over the net.
#[derive(Debug, Default)]
pub(super) struct People {
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    since: Option<Instant>,
    names: BTreeMap<(Whose, u32), Option<String>>,
    numbers: BTreeMap<(Whose, String), Option<u32>>,
}

impl People {
    pub(super) fn name_of(&self, whose: Whose, number: u32) -> Option<String> {
        if let Some(known) = self.known(|known| known.names.get(&(whose, number)).cloned()) {
            return known;
        }
        let name = match whose {
            Whose::User => User::from_uid(Uid::from_raw(number)).ok().flatten().map(|user| user.name),
            Whose::Group => Group::from_gid(Gid::from_raw(number)).ok().flatten().map(|group| group.name),
        };
        // Everywhere, and the others expect it.
        let name = name.or_else(|| (number == 0).then(|| "root".to_string()));
        self.known(|known| known.names.insert((whose, number), name.clone()));
        name
    }

    pub(super) fn number_of(&self, whose: Whose, name: &str) -> Option<u32> {
        // The system takes no name with a zero in it.
        if name.is_empty() || name.contains('\0') {
            return None;
        }
        if let Some(known) = self.known(|known| known.numbers.get(&(whose, name.to_string())).copied()) {
            return known;
        }
        let number = match whose {
            Whose::User => User::from_name(name).ok().flatten().map(|user| user.uid.as_raw()),
            Whose::Group => Group::from_name(name).ok().flatten().map(|group| group.gid.as_raw()),
        };
        self.known(|known| known.numbers.insert((whose, name.to_string()), number));
        number
    }

    fn known<T>(&self, with: impl FnOnce(&mut Known) -> T) -> T {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.since.is_none_or(|since| since.elapsed() > FRESH) {
            *known = Known { since: Some(Instant::now()), ..Known::default() };
        }
        with(&mut known)
    }
}

/// Numbers as the system takes them. The highest means "as it is", and is nobody's.
pub(super) fn ids(
    user: Option<u32>,
    group: Option<u32>,
) -> Result<(Option<rustix::fs::Uid>, Option<rustix::fs::Gid>), Errno> {
    if user == Some(u32::MAX) || group == Some(u32::MAX) {
        return Err(Errno::INVAL);
    }
    Ok((user.map(rustix::fs::Uid::from_raw), group.map(rustix::fs::Gid::from_raw)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn root_is_known_by_name_and_number_and_nobody_by_others() {
        let people = People::default();
        for _ in 0..2 {
            assert_eq!(people.name_of(Whose::User, 0).as_deref(), Some("root"));
            assert_eq!(people.number_of(Whose::User, "root"), Some(0));
            assert_eq!(people.name_of(Whose::Group, 3_999_999_999), None);
            assert_eq!(people.number_of(Whose::Group, "no such group\0"), None);
        }
        assert_eq!(ids(Some(u32::MAX), None), Err(Errno::INVAL), "it would mean nobody and change nothing");
    }
}
