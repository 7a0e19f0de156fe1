//! What is in the way of folders being in step, in words, and whether it goes away by itself.

use super::waiting::Patience;
use crate::report::{FolderReport, FolderState, HeldReport, WithReport, items};

/// What sort of thing is in the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// It goes away by itself.
    Work,
    /// A machine is not connected, or something cannot be read: that may go away, but is not waited for as long as it may take.
    Passing,
    /// A person has to decide.
    Decision,
    /// It stays until something changes.
    Trouble,
}

/// Something that is in the way.
pub(super) struct Obstacle {
    pub(super) kind: Kind,
    pub(super) text: String,
}

impl Obstacle {
    /// Waiting does not help.
    pub(super) fn is_lasting(&self, patience: Patience) -> bool {
        match self.kind {
            Kind::Work => false,
            Kind::Passing => patience.is_late(),
            Kind::Decision | Kind::Trouble => true,
        }
    }
}

/// What keeps a folder from being the same everywhere, or here and on one machine.
pub(super) fn in_the_way(report: &FolderReport, machine: Option<&str>) -> Vec<Obstacle> {
    let mut all = Vec::new();
    let mut add = |kind, text: String| {
        all.push(Obstacle { kind, text: format!("folder {}: {text}", report.name) });
    };
    for question in &report.questions {
        add(Kind::Decision, question.question.clone());
    }
    match report.state {
        FolderState::Paused => add(Kind::Trouble, "it is paused".to_string()),
        _ if report.resting => {
            add(Kind::Trouble, "it rests by its mode; `homesync sync` lets it travel".to_string());
        }
        FolderState::Error if report.reason.is_some() => {
            add(Kind::Trouble, report.reason.clone().unwrap_or_default());
        }
        _ => {}
    }
    if report.only_here > 0 {
        add(Kind::Decision, format!("{} kept to this machine", are(report.only_here)));
    }
    let waits = report.held_items > 0 && report.held_items >= report.needed_items;
    if let Some(held) = report.held.first().filter(|_| report.held_items > 0) {
        let goes_on = !waits || report.passing_items > 0 || report.state == FolderState::Syncing;
        let kind = if goes_on { Kind::Work } else { Kind::Trouble };
        add(kind, among(report.held_items, held, "waits", "wait"));
    }
    for (kind, list, what) in [
        (Kind::Passing, &report.unread, "could not be read"),
        (Kind::Trouble, &report.unsyncable, "cannot travel"),
    ] {
        if let Some(first) = list.first.first() {
            add(kind, among(list.items, first, what, what));
        }
    }
    if report.needed_items > report.held_items {
        add(Kind::Work, format!("{} still to come", are(report.needed_items)));
    } else if !report.at_rest && report.questions.is_empty() && !waits && report.unread.items == 0 {
        add(Kind::Work, "it is being looked at".to_string());
    }
    // Of a folder that stands still it says nothing that no machine is connected for it.
    let is_still = report.state == FolderState::Paused || report.resting;
    let asked = |with: &&WithReport| !is_still && machine.is_none_or(|machine| with.machine == machine);
    for (kind, text) in report.with.iter().filter(asked).filter_map(at_machine) {
        add(kind, text);
    }
    all
}

/// What is in the way of another machine being in step.
fn at_machine(with: &WithReport) -> Option<(Kind, String)> {
    let machine = &with.machine;
    Some(match with {
        WithReport { turned_away: Some(why), .. } => {
            (Kind::Trouble, format!("{machine} is turned away: {why}"))
        }
        // A folder that rests by its mode closes as soon as either side is done: then it counts that they met, however shortly.
        WithReport { in_step: true, was_met: true, .. }
        | WithReport { in_step: true, connected: true, .. } => {
            return None;
        }
        WithReport { connected: false, .. } => (Kind::Passing, format!("{machine} is not connected")),
        _ => (Kind::Work, format!("{} still to go to {machine}", are(with.needed_items))),
    })
}

/// What so many items do, of which this is the first: in words for one, and for several.
fn among(many: u64, first: &HeldReport, one_does: &str, several_do: &str) -> String {
    let HeldReport { path, reason } = first;
    match many {
        1 => format!("{path} {one_does}: {reason}"),
        _ => format!("{many} items {several_do}, {path} among them: {reason}"),
    }
}

/// So many items are.
fn are(many: u64) -> String {
    format!("{} {}", items(many), if many == 1 { "is" } else { "are" })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder in which one item is still to come, and waits.
    fn with_one_that_waits(passing_items: u64, state: FolderState) -> FolderReport {
        let held = HeldReport { path: "shared".to_string(), reason: "it failed".to_string() };
        FolderReport {
            name: "work".to_string(),
            state,
            needed_items: 1,
            held: vec![held],
            held_items: 1,
            passing_items,
            at_rest: true,
            ..FolderReport::default()
        }
    }

    #[test]
    fn what_is_tried_again_in_a_moment_is_waited_for_and_what_lasts_is_not() {
        let patience = Patience::of(None);
        let open = in_the_way(&with_one_that_waits(1, FolderState::Syncing), None);
        assert!(open.iter().any(|obstacle| !obstacle.is_lasting(patience)));
        let open = in_the_way(&with_one_that_waits(0, FolderState::Error), None);
        assert!(!open.is_empty() && open.iter().all(|obstacle| obstacle.is_lasting(patience)));
    }
}
