//! What the daemon answers to commands.

mod conflicts;
mod explain;
mod obstacles;
mod recovery;
mod standing;
mod undo;
mod verify;
mod waiting;

use crate::bell::Bell;
use crate::control::{Answer, Answerer, DecisionWord, Refusal, RefusalKind, Request, Tell};
use crate::daemon::{Daemon, ForAnswers, Shown, Work};
use crate::exchange::Exchange;
use crate::fleet::Fleet;
use crate::folder::{Input, Shared};
use crate::inbox::Inbox;
use homesync_disk::LocalFs;
use homesync_engine::Command;
use homesync_protocol::ShortId;
use std::collections::BTreeMap;
use std::sync::mpsc;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Storing what somebody wants takes no longer, unless something is wrong.
const STORED: Duration = Duration::from_secs(60);
/// So long somebody waits for changed settings to be in force.
const RELOADED: Duration = Duration::from_secs(10);

/// Who answers.
pub(crate) struct Answers {
    shown: Arc<Mutex<Shown>>,
    exchange: Arc<Exchange>,
    changes: Arc<Bell>,
    work: Inbox<Work>,
}

/// What is known at one moment.
struct View {
    fleet: Arc<Fleet>,
    folders: BTreeMap<String, Arc<Shared>>,
    problems: Vec<String>,
}

impl Answers {
    pub(crate) fn new(daemon: &Daemon) -> Self {
        let ForAnswers { shown, exchange, changes, work } = daemon.for_answers();
        Self { shown, exchange, changes, work }
    }

    fn view(&self) -> View {
        let shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        View { fleet: shown.fleet.clone(), folders: shown.folders.clone(), problems: shown.problems.clone() }
    }

    fn decide(&self, name: &str, decision: DecisionWord) -> Result<Answer, Refusal> {
        let view = self.view();
        let folder = view.folder(name)?;
        let command = match decision {
            DecisionWord::ApproveRemovals => Command::ApproveRemovals,
            DecisionWord::RefuseRemovals => Command::RefuseRemovals,
            DecisionWord::DiscardDamaged => Command::DiscardDamaged,
            DecisionWord::KeepDamaged => Command::KeepDamaged,
            DecisionWord::AcceptRoot => Command::AcceptRoot,
            DecisionWord::Override => Command::Override,
            DecisionWord::Revert => Command::Revert,
        };
        let (answer, answered) = mpsc::channel();
        folder.tell(Input::Command(command, answer));
        match answered.recv_timeout(STORED) {
            Ok(()) => Ok(Answer::Nothing),
            Err(_) => Err(Refusal::new(RefusalKind::Failed, format!("folder {name} does not answer"))),
        }
    }
}

impl Answerer for Answers {
    fn answer(&self, request: Request, tell: Tell<'_>) -> Result<Answer, Refusal> {
        match request {
            Request::Status => Ok(Answer::Status(self.report())),
            Request::Reload => {
                let (done, is_done) = mpsc::channel();
                self.work.put(Work::Reload(Some(done)));
                // Whoever asks next is told how it is after the change. It goes on behind them if a disk does not answer.
                let _ = is_done.recv_timeout(RELOADED);
                Ok(Answer::Nothing)
            }
            Request::Stop => {
                self.work.put(Work::End);
                Ok(Answer::Nothing)
            }
            Request::Scan { folders } => self.scan(&folders, tell),
            Request::Wait { folders, timeout, travel, look } => {
                self.wait(&folders, waiting::Patience::of(timeout), travel, look, tell)
            }
            Request::Handoff { machine, timeout } => {
                self.hand_off(&machine, waiting::Patience::of(timeout), tell)
            }
            Request::Decide { folder, decision } => self.decide(&folder, decision),
            Request::Log { folder, deletions, limit } => self.log(folder.as_deref(), deletions, limit),
            Request::Conflicts { folder } => self.conflicts(folder.as_deref()),
            Request::ShowConflict { folder, path } => self.show_conflict(&folder, &path),
            Request::ResolveConflict { folder, path, keep } => self.resolve(&folder, &path, keep),
            Request::PlanUndo { folder } => self.plan_undo(folder.as_deref()),
            Request::Undo { plan } => self.undo(plan),
            Request::Explain { folder, path } => self.explain(&folder, &path),
            Request::Verify { folders } => self.verify(&folders, tell),
            Request::RecoverList { folder } => self.recovery(folder.as_deref()),
            Request::RecoverRestore { folder, act, paths } => self.restore(&folder, &act, &paths),
            Request::RecoverPrune { folder, older_than } => self.prune(folder.as_deref(), older_than),
        }
    }
}

impl View {
    /// The folder of a name.
    fn folder(&self, name: &str) -> Result<&Arc<Shared>, Refusal> {
        let plan = self.fleet.folder(name).ok_or_else(|| {
            Refusal::new(RefusalKind::Usage, format!("there is no folder {name}"))
                .next("`homesync folder list` shows those that there are")
        })?;
        self.folders.get(&plan.id).ok_or_else(|| {
            Refusal::new(RefusalKind::Failed, format!("folder {name} does not run"))
                .next("`homesync status` says why")
        })
    }

    /// The folder of a name; all if none is named.
    fn folder_or_all(&self, name: Option<&str>) -> Result<Vec<Arc<Shared>>, Refusal> {
        match name {
            Some(name) => Ok(vec![self.folder(name)?.clone()]),
            None => self.folders(&[]),
        }
    }

    /// Who made a change, as people know them.
    fn author(&self, by: ShortId, own: ShortId) -> String {
        let mut machines = self.fleet.machines.iter();
        let known = machines.find(|(device, _)| ShortId::from(**device) == by);
        match known {
            _ if by == own => "this machine".to_string(),
            Some((_, plan)) => plan.name.clone(),
            None => format!("{by:?}"),
        }
    }

    /// The folders of these names; all if none is named.
    fn folders(&self, names: &[String]) -> Result<Vec<Arc<Shared>>, Refusal> {
        if names.is_empty() {
            return Ok(self.folders.values().cloned().collect());
        }
        names.iter().map(|name| self.folder(name).cloned()).collect()
    }
}

/// Something went wrong, in its own words.
fn failed(error: impl std::fmt::Display) -> Refusal {
    Refusal::new(RefusalKind::Failed, error.to_string())
}

/// Does something to the folder's disk, and waits for it.
fn on_disk<T: Send + 'static>(
    shared: &Arc<Shared>,
    work: impl FnOnce(&LocalFs) -> T + Send + 'static,
) -> Result<T, Refusal> {
    shared.on_disk(work).ok_or_else(|| {
        let name = shared.plan().name;
        Refusal::new(RefusalKind::Failed, format!("the directory of folder {name} is not there"))
    })
}
