//! What there is to say about owner and attributes of an item.

use homesync_engine::{Carry, Local, MetadataRules};
use homesync_protocol::Owner;

/// Why they are not as they should be, and who is not known here.
pub(super) fn says(rules: &MetadataRules, own: &Local) -> Vec<String> {
    let mut says = Vec::new();
    says.extend(rules.why_partial(own).map(|why| format!("partial: {why}")));
    let said = own.entry.metadata.as_ref().and_then(|said| said.owner.as_ref());
    let found = own.found.as_ref().and_then(|found| found.metadata.owner.as_ref());
    if let (Some(said), Some(found), Carry::Sync) = (said, found, rules.owner) {
        says.extend(by_number(said, found));
    }
    says
}

/// Whom nobody here is called, and to whom it belongs by number.
fn by_number(said: &Owner, found: &Owner) -> Option<String> {
    let is_strange = |said: &str, found: &str, same: bool| !said.is_empty() && said != found && same;
    let user = is_strange(&said.user, &found.user, said.user_number == found.user_number)
        .then(|| format!("user {} as number {}", said.user, said.user_number));
    let group = is_strange(&said.group, &found.group, said.group_number == found.group_number)
        .then(|| format!("group {} as number {}", said.group, said.group_number));
    let all: Vec<String> = user.into_iter().chain(group).collect();
    (!all.is_empty())
        .then(|| format!("nobody here has that name, so it is kept by number: {}", all.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owner(user: &str, user_number: u32, group: &str, group_number: u32) -> Owner {
        Owner { user: user.into(), group: group.into(), user_number, group_number }
    }

    #[test]
    fn d19_an_owner_that_is_not_known_here_is_told_of() {
        let said = owner("ann", 1_234, "staff", 50);
        let text = by_number(&said, &owner("", 1_234, "staff", 20)).unwrap();
        assert_eq!(text, "nobody here has that name, so it is kept by number: user ann as number 1234");
        assert_eq!(by_number(&said, &owner("ann", 501, "staff", 20)), None);
        assert_eq!(by_number(&said, &owner("root", 0, "root", 0)), None, "it was not given to anybody");
    }
}
