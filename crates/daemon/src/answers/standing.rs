//! How things stand, put together from what the folders and the connections say.

use super::{Answers, View};
use crate::differences::Side;
use crate::exchange::{Link, Links};
use crate::folder::{Held, Named, Shared, Standing};
use crate::partial::Partial;
use crate::report::{
    FolderReport, FolderState, HeldReport, ListReport, MachineReport, OfferReport, QuestionReport, Report,
    UnknownReport, WithReport, items,
};
use homesync_engine::{FolderKind, Question, Reason};
use homesync_index::Index;
use homesync_protocol::DeviceId;
use std::time::{SystemTime, UNIX_EPOCH};

/// So many of the items that wait are shown.
const MOST_HELD: usize = 100;

impl Answers {
    /// How everything stands.
    pub(crate) fn report(&self) -> Report {
        let (view, links) = (self.view(), self.exchange.links());
        let mut problems = view.problems.clone();
        for (address, error) in &links.cannot_listen {
            problems.push(format!("cannot listen at {address}: {error}"));
        }
        let machines = links.machines.iter().map(|(device, link)| machine(&view, *device, link)).collect();
        let folders = view.fleet.folders.values().map(|plan| match view.folders.get(&plan.id) {
            Some(folder) => self.folder_report(&view, folder),
            None => FolderReport {
                name: plan.name.clone(),
                id: plan.id.clone(),
                path: plan.path.display().to_string(),
                state: FolderState::Error,
                reason: Some("it does not run".to_string()),
                ..FolderReport::default()
            },
        });
        Report {
            process: std::process::id(),
            folders: folders.collect(),
            machines,
            problems,
            offered: offered(&view, &links),
            unknown: unknown(&links),
            listening: links.listening,
        }
    }

    /// How a folder stands. What is read while the engine is at work does not fit together: then it is not at rest, whatever was read.
    pub(super) fn folder_report(&self, view: &View, folder: &Shared) -> FolderReport {
        let (plan, standing) = (folder.plan(), folder.standing());
        let (here, only_here, partial) = {
            let differences = folder.differences();
            (differences.lacking(Side::Here), differences.only_here(), partial(differences.partial()))
        };
        let with = plan.with.iter().map(|device| self.with_report(view, folder, &standing, *device));
        let with = with.collect();
        let held = standing.held.iter().filter(|held| held.reason != Reason::SendOnly);
        let hangs = folder.hangs_for().map(|quiet| {
            format!("its disk has not answered for {} seconds: is it a mount that hangs?", quiet.as_secs())
        });
        let is_hanging = hangs.is_some();
        let halted = standing.halted.clone().filter(|_| !standing.is_resting);
        let reason = standing.problem.clone().or(halted).or(hangs);
        FolderReport {
            name: plan.name.clone(),
            id: plan.id.clone(),
            path: plan.path.display().to_string(),
            state: match state_of(&standing, here.items, plan.kind) {
                FolderState::Paused => FolderState::Paused,
                _ if is_hanging => FolderState::Error,
                state => state,
            },
            reason: reason.filter(|_| !standing.is_paused),
            resting: standing.is_resting,
            advice: standing.advice.clone(),
            items: standing.items,
            needed_items: here.items,
            needed_bytes: here.bytes,
            only_here,
            with,
            questions: standing.questions.iter().map(|asked| question(&plan.name, asked)).collect(),
            held: held.clone().take(MOST_HELD).map(held_report).collect(),
            held_items: match plan.kind {
                FolderKind::SendOnly => held.count() as u64,
                _ => standing.held_count as u64,
            },
            passing_items: standing.held.iter().filter(|held| held.is_passing()).count() as u64,
            unread: list(&standing.unread),
            unsyncable: list(&standing.unsyncable),
            special: list(&standing.special),
            partial,
            sequence: standing.sequence,
            at_rest: standing.is_at_rest() && folder.turns() == standing.turns,
            looks: standing.looks,
        }
    }

    fn with_report(&self, view: &View, folder: &Shared, standing: &Standing, device: DeviceId) -> WithReport {
        let sharing = self.exchange.sharing(&folder.id, device);
        let lacking = folder.differences().lacking(Side::Other(device));
        let position = folder.index.read(|index| index.others_position(device)).ok().flatten();
        let sequence = position.map_or(0, |position| position.sequence);
        // What it said it has when it was shared must have been heard.
        let is_heard = match (sharing.met, position) {
            (Some(theirs), position) => {
                theirs.sequence == 0
                    || position.is_some_and(|known| {
                        known.index_id == theirs.index_id && known.sequence >= theirs.sequence
                    })
            }
            (None, position) => position.is_some(),
        };
        let turned_away = standing.turned_away.get(&device).cloned();
        // And what there is here must have been told.
        let is_told = sharing.told.is_none_or(|told| told >= standing.sequence);
        WithReport {
            machine: view.fleet.name_of(device),
            connected: sharing.is_open && standing.connected.contains(&device),
            was_met: sharing.met.is_some() && folder.plan().is_manual,
            needed_items: lacking.items,
            needed_bytes: lacking.bytes,
            in_step: is_heard && is_told && lacking.items == 0 && turned_away.is_none(),
            sequence,
            turned_away,
        }
    }
}

/// What it does, in one word.
fn state_of(standing: &Standing, lacking: u64, kind: FolderKind) -> FolderState {
    let waits_for_ever = lacking > 0
        && standing.is_known
        && standing.held_count as u64 >= lacking
        && !standing.held.iter().any(Held::is_passing);
    if standing.is_paused {
        FolderState::Paused
    } else if !standing.questions.is_empty() {
        FolderState::WaitingForYou
    } else if standing.problem.is_some() || standing.halted.is_some() && !standing.is_resting {
        FolderState::Error
    } else if !standing.is_known || standing.is_scanning {
        FolderState::Scanning
    } else if kind == FolderKind::SendOnly && !standing.is_operating {
        FolderState::Idle
    } else if waits_for_ever && !standing.is_operating {
        FolderState::Error
    } else if lacking > 0 || standing.is_operating {
        FolderState::Syncing
    } else {
        FolderState::Idle
    }
}

fn removed(many: usize, place: &str, other: &str) -> String {
    let (were, are_they) = if many == 1 { ("was", "Is it") } else { ("were", "Are they") };
    format!("{} {were} removed {place}. {are_they} to be removed {other}?", items(many as u64))
}

fn question(folder: &str, question: &Question) -> QuestionReport {
    let answer = |words: &str, does: &str| format!("`homesync folder {words} {folder}`: {does}");
    let (question, answers) = match question {
        Question::RemovedHere(many) => (
            removed(*many, "here", "everywhere"),
            vec![
                answer("approve", "yes, remove them everywhere"),
                answer("refuse", "no, bring them back from the other machines"),
            ],
        ),
        Question::RemovedElsewhere(many) => (
            removed(*many, "on another machine", "here"),
            vec![answer("approve", "yes, move them to the recovery area")],
        ),
        Question::Root(change) => (
            change.to_string(),
            vec![answer("accept-root", "it is right as it is now; until then nothing is changed anywhere")],
        ),
        Question::Damaged(paths) => (
            format!("{} files are damaged here, and no other machine has them as they were", paths.len()),
            vec![
                answer("keep-damaged", "they are right as they are, and count as edits"),
                answer("discard-damaged", "take what the other machines have, even if it is older"),
            ],
        ),
    };
    QuestionReport { question, answers }
}

/// An item that waits.
pub(super) fn held_report(held: &Held) -> HeldReport {
    let reason = match held.reason {
        Reason::Backoff | Reason::Refused if held.words.is_some() => {
            held.words.as_deref().unwrap_or_default()
        }
        Reason::Unknown => "it could not be read",
        Reason::SendOnly => "the folder only sends",
        Reason::Blocked => "something else stands where its directory should be",
        Reason::Refused => "this file system cannot hold its name",
        Reason::IgnoredBelow => "its directory holds things that are left out of the folder",
        Reason::Suspect => "what is here is damaged, and no other machine has it",
        Reason::Guard => "many removals wait for your yes",
        Reason::Busy => "a git command is at work in its repository",
        Reason::Backoff => "it failed and is tried again later",
    };
    HeldReport { path: held.path.as_str().to_string(), reason: reason.to_string() }
}

fn partial(partial: &Partial) -> ListReport {
    let report = |(path, reason): (&str, &str)| HeldReport { path: path.into(), reason: reason.into() };
    ListReport { items: partial.many(), first: partial.first().take(MOST_HELD).map(report).collect() }
}

fn list(named: &Named) -> ListReport {
    let report =
        |(path, reason): &(String, String)| HeldReport { path: path.clone(), reason: reason.clone() };
    ListReport { items: named.many, first: named.first.iter().map(report).collect() }
}

fn machine(view: &View, device: DeviceId, link: &Link) -> MachineReport {
    let newest = link.connections.last();
    let sum = |of: fn(&homesync_network::Traffic) -> u64| {
        link.connections.iter().map(|connection| of(connection.traffic())).sum()
    };
    MachineReport {
        name: view.fleet.name_of(device),
        device_id: device.to_string(),
        connected: newest.is_some(),
        address: newest.map(|connection| connection.address().to_string()),
        client: newest.map(|connection| {
            let hello = connection.hello();
            format!("{} {}", hello.client_name, hello.client_version)
        }),
        unreachable: link.unreachable.clone(),
        last_seen: link.last_seen.map(seconds_of),
        received: sum(homesync_network::Traffic::received),
        sent: sum(homesync_network::Traffic::sent),
    }
}

fn offered(view: &View, links: &Links) -> Vec<OfferReport> {
    let report = |((device, id), offer): (&(DeviceId, String), &crate::exchange::Offer)| OfferReport {
        id: id.clone(),
        label: offer.label.clone(),
        machine: view.fleet.name_of(*device),
    };
    links.offered.iter().map(report).collect()
}

fn unknown(links: &Links) -> Vec<UnknownReport> {
    let report = |(device, stranger): (&DeviceId, &crate::exchange::Stranger)| UnknownReport {
        device_id: device.to_string(),
        name: stranger.name.clone(),
        address: stranger.address.clone(),
    };
    links.unknown.iter().map(report).collect()
}

fn seconds_of(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
