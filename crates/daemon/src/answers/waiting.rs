//! Waiting until folders were looked at, are in step, or are all on another machine.

use super::obstacles::{Kind, Obstacle, in_the_way};
use super::{Answers, View};
use crate::clock::seconds;
use crate::control::{Answer, Progress, Refusal, RefusalKind, Tell, Waited};
use crate::differences::lacks;
use crate::folder::{Input, Shared};
use crate::report::{FolderReport, HandoffFolder, HandoffReport, HeldReport};
use homesync_engine::{Candidates, FolderKind, View as _};
use homesync_index::Index;
use homesync_protocol::DeviceId;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A machine that has not been connected for so long while somebody waits is not waited for any longer.
const CONNECT: Duration = Duration::from_secs(30);
/// How often it is looked, and said how far it is, when nothing happens.
const STEP: Duration = Duration::from_millis(500);
/// So many open items are named.
const MOST_OPEN: usize = 100;

/// How long to wait.
#[derive(Clone, Copy)]
pub(super) struct Patience {
    since: Instant,
    timeout: Option<Duration>,
}

impl Patience {
    pub(super) fn of(timeout: Option<u64>) -> Self {
        Self { since: Instant::now(), timeout: timeout.map(Duration::from_secs) }
    }

    fn is_over(self) -> bool {
        self.timeout.is_some_and(|timeout| self.since.elapsed() >= timeout)
    }

    /// Nobody who is not connected by now is waited for.
    pub(super) fn is_late(self) -> bool {
        self.since.elapsed() >= CONNECT
    }
}

/// Folders that rest by their mode, travelling as long as this lives.
struct Travelling<'t>(&'t Answers, Vec<String>);

impl Drop for Travelling<'_> {
    fn drop(&mut self) {
        for id in &self.1 {
            self.0.exchange.travel(id, false);
        }
    }
}

impl Answers {
    /// Looks at everything in these folders.
    pub(super) fn scan(&self, names: &[String], tell: Tell<'_>) -> Result<Answer, Refusal> {
        let view = self.view();
        let folders = view.folders(names)?;
        self.look_at(&folders, Patience::of(None), tell)?;
        Ok(Answer::Nothing)
    }

    /// Has everything in these folders looked at, and waits for it. A folder that stands still is not waited for.
    fn look_at(&self, folders: &[Arc<Shared>], patience: Patience, tell: Tell<'_>) -> Result<(), Refusal> {
        let before: Vec<u64> = folders.iter().map(|folder| folder.standing().looks).collect();
        for folder in folders {
            folder.tell(Input::LookAtEverything);
        }
        let is_looked_at = |(folder, before): (&Arc<Shared>, &u64)| {
            let standing = folder.standing();
            let stands_still = standing.problem.is_some() || !standing.questions.is_empty();
            standing.looks > *before || stands_still || folder.hangs_for().is_some()
        };
        while !folders.iter().zip(&before).all(is_looked_at) && !patience.is_over() {
            let rung = self.changes.count();
            let text = "looking at the disk".to_string();
            self.pause(rung, tell, Progress { text, ..Progress::default() })?;
        }
        Ok(())
    }

    /// Says how far it is and waits for something to happen.
    fn pause(&self, rung: u64, tell: Tell<'_>, progress: Progress) -> Result<(), Refusal> {
        if !tell(progress) {
            return Err(Refusal::new(RefusalKind::Failed, "nobody waits any more"));
        }
        self.changes.wait(rung, STEP);
        Ok(())
    }

    fn travel(&self, folders: &[Arc<Shared>]) -> Travelling<'_> {
        let manual = folders.iter().filter(|folder| folder.plan().is_manual);
        let ids: Vec<String> = manual.map(|folder| folder.id.clone()).collect();
        for id in &ids {
            self.exchange.travel(id, true);
        }
        Travelling(self, ids)
    }

    /// Waits until these folders are the same everywhere.
    pub(super) fn wait(
        &self,
        names: &[String],
        patience: Patience,
        travel: bool,
        look: bool,
        tell: Tell<'_>,
    ) -> Result<Answer, Refusal> {
        let folders = self.view().folders(names)?;
        let _travelling = travel.then(|| self.travel(&folders));
        if look {
            self.look_at(&folders, patience, tell)?;
        }
        loop {
            let rung = self.changes.count();
            let view = self.view();
            let reports: Vec<FolderReport> =
                folders.iter().map(|folder| self.folder_report(&view, folder)).collect();
            let open = reports.iter().flat_map(|report| in_the_way(report, None)).collect::<Vec<Obstacle>>();
            if open.is_empty() {
                return Ok(Answer::Waited(Waited { in_step: true, ..Waited::default() }));
            }
            let is_stuck = open.iter().all(|obstacle| obstacle.is_lasting(patience));
            if patience.is_over() || is_stuck {
                let needs_decision = open.iter().any(|obstacle| obstacle.kind == Kind::Decision);
                let open = open.into_iter().map(|obstacle| obstacle.text).collect();
                return Ok(Answer::Waited(Waited { in_step: false, open, needs_decision }));
            }
            self.pause(rung, tell, progress(&reports, &open))?;
        }
    }

    /// Waits until a machine has everything, and proves it.
    pub(super) fn hand_off(
        &self,
        machine: &str,
        patience: Patience,
        tell: Tell<'_>,
    ) -> Result<Answer, Refusal> {
        let view = self.view();
        let device = view.fleet.device_of(machine).ok_or_else(|| {
            Refusal::new(RefusalKind::Usage, format!("there is no machine {machine}"))
                .next("`homesync machine list` shows those that there are")
        })?;
        let with = view.fleet.folders.values().filter(|plan| plan.with.contains(&device));
        let names: Vec<String> = with.map(|plan| plan.name.clone()).collect();
        if names.is_empty() {
            return Err(Refusal::new(RefusalKind::Usage, format!("no folder is shared with {machine}"))
                .next(format!("`homesync folder add NAME PATH --with {machine}`")));
        }
        let folders = view.folders(&names)?;
        let _travelling = self.travel(&folders);
        self.look_at(&folders, patience, tell)?;
        let name = view.fleet.name_of(device);
        loop {
            let rung = self.changes.count();
            let view = self.view();
            let mut reports = Vec::new();
            for name in &names {
                reports.push(self.folder_report(&view, view.folder(name)?));
            }
            let open: Vec<Obstacle> =
                reports.iter().flat_map(|report| in_the_way(report, Some(&name))).collect();
            let is_stuck = !open.is_empty() && open.iter().all(|obstacle| obstacle.is_lasting(patience));
            if open.is_empty() || is_stuck || patience.is_over() {
                return self.proof(&view, device, &reports, open).map(Answer::Handoff);
            }
            self.pause(rung, tell, progress(&reports, &open))?;
        }
    }

    fn proof(
        &self,
        view: &View,
        device: DeviceId,
        reports: &[FolderReport],
        open: Vec<Obstacle>,
    ) -> Result<HandoffReport, Refusal> {
        let machine = view.fleet.name_of(device);
        let mut report = HandoffReport {
            safe_to_travel: open.is_empty(),
            open: open.into_iter().map(|obstacle| obstacle.text).collect(),
            machine,
            folders: Vec::new(),
            at: seconds(),
        };
        for folder in reports {
            let shared = view.folder(&folder.name)?;
            let part = proof_of(shared, device, folder, &report.machine)
                .map_err(|error| Refusal::new(RefusalKind::Failed, error))?;
            if !part.complete && report.safe_to_travel {
                // Something changed between the last look at how things stand and the count.
                report.safe_to_travel = false;
                report.open.push(format!("folder {}: something changed just now", folder.name));
            }
            report.folders.push(part);
        }
        Ok(report)
    }
}

/// Counts a folder item by item: what is claimed is what was counted.
fn proof_of(
    shared: &Shared,
    device: DeviceId,
    report: &FolderReport,
    machine: &str,
) -> Result<HandoffFolder, String> {
    let takes_part = shared.plan().kind != FolderKind::SendOnly;
    let mut part = HandoffFolder { folder: report.name.clone(), ..HandoffFolder::default() };
    let mut count = |path: &str, candidates: &Candidates| {
        let Some(global) = candidates.global().filter(|global| crate::differences::is_wanted(global)) else {
            return;
        };
        let bytes = crate::differences::bytes_of(global);
        let own = candidates.own.as_ref().map(|own| &own.entry);
        if global.is_present() {
            part.items += 1;
            part.bytes += bytes;
        }
        let reason = if lacks(candidates.of(device), Some(global)) {
            part.needed_items += 1;
            part.needed_bytes += bytes;
            format!("{machine} does not have it as it is here")
        } else if lacks(own, Some(global)) && takes_part {
            "it is not here yet".to_string()
        } else {
            return;
        };
        if part.open.len() < MOST_OPEN {
            part.open.push(HeldReport { path: path.to_string(), reason });
        }
    };
    let read = shared.index.read(|index| {
        index.walk(&mut |path, candidates| count(path.as_str(), candidates))?;
        Ok((index.sequence(), index.others_position(device)?))
    });
    let (sequence, position) = read.map_err(|error| error.to_string())?;
    part.sequence = sequence;
    part.their_sequence = position.map_or(0, |position| position.sequence);
    part.complete = part.open.is_empty()
        && is_all_known(report)
        && report.with.iter().any(|with| with.machine == machine && with.in_step);
    part.confirmed_at = if part.complete { seconds() } else { 0 };
    let waiting = report.held.iter().chain(&report.unread.first).chain(&report.unsyncable.first);
    part.open.extend(waiting.take(MOST_OPEN.saturating_sub(part.open.len())).cloned());
    Ok(part)
}

/// Nothing stands here that the other machine could not be told of.
fn is_all_known(report: &FolderReport) -> bool {
    report.unread.items == 0 && report.unsyncable.items == 0
}

fn progress(reports: &[FolderReport], open: &[Obstacle]) -> Progress {
    let (mut items, mut bytes) = (0, 0);
    for report in reports {
        items += report.needed_items + report.with.iter().map(|with| with.needed_items).sum::<u64>();
        bytes += report.needed_bytes + report.with.iter().map(|with| with.needed_bytes).sum::<u64>();
    }
    Progress { text: open.first().map_or_else(String::new, |first| first.text.clone()), items, bytes }
}
