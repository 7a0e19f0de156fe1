//! The sign in a shell's prompt, kept up to date so that a prompt costs one small read.

use crate::answers::Answers;
use crate::bell::Bell;
use crate::report::{FolderState, Report};
use homesync_host::file;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// Not more often than this: many things change while a folder comes in step.
const LEAST: Duration = Duration::from_millis(500);
const LONGEST: Duration = Duration::from_secs(3_600);

/// Keeps it as long as this lives.
pub(crate) struct Prompt {
    is_ended: Arc<AtomicBool>,
    changes: Arc<Bell>,
    thread: Option<JoinHandle<()>>,
}

impl Prompt {
    pub(crate) fn start(path: PathBuf, answers: Answers, changes: Arc<Bell>) -> io::Result<Self> {
        let is_ended = Arc::new(AtomicBool::new(false));
        let (ended, bell) = (is_ended.clone(), changes.clone());
        let thread = thread::Builder::new()
            .name("prompt".to_string())
            .spawn(move || run(&path, &answers, &bell, &ended))?;
        Ok(Self { is_ended, changes, thread: Some(thread) })
    }
}

impl Drop for Prompt {
    fn drop(&mut self) {
        self.is_ended.store(true, Ordering::SeqCst);
        self.changes.ring();
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            let _ = thread.join();
        }
    }
}

fn run(path: &Path, answers: &Answers, changes: &Bell, is_ended: &AtomicBool) {
    let mut shown = None;
    while !is_ended.load(Ordering::SeqCst) {
        let rung = changes.count();
        show(path, sign(&answers.report()), &mut shown);
        changes.wait(rung, LONGEST);
        if !is_ended.load(Ordering::SeqCst) {
            thread::park_timeout(LEAST);
        }
    }
    // Nobody looks after it any more.
    show(path, "", &mut shown);
}

fn show(path: &Path, sign: &'static str, shown: &mut Option<&'static str>) {
    if *shown == Some(sign) {
        return;
    }
    let text = if sign.is_empty() { String::new() } else { format!("{sign}\n") };
    // It is only a copy of what `status` says: where it cannot be written, nothing is lost.
    if file::replace_unlocked(path, text.as_bytes(), 0o600).is_ok() {
        *shown = Some(sign);
    }
}

/// One sign for everything: the worst of it.
fn sign(report: &Report) -> &'static str {
    let any = |state: FolderState| report.folders.iter().any(|folder| folder.state == state);
    if !report.problems.is_empty() || any(FolderState::Error) {
        "✗"
    } else if any(FolderState::WaitingForYou) {
        "?"
    } else if any(FolderState::Syncing) {
        "↻"
    } else {
        "✓"
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::FolderReport;

    #[test]
    fn the_worst_of_all_folders_is_shown() {
        let folder = |state| FolderReport { state, ..FolderReport::default() };
        let sign_of = |states: &[FolderState]| {
            sign(&Report { folders: states.iter().copied().map(folder).collect(), ..Report::default() })
        };
        assert_eq!(sign_of(&[]), "✓");
        assert_eq!(sign_of(&[FolderState::Idle, FolderState::Syncing]), "↻");
        assert_eq!(sign_of(&[FolderState::WaitingForYou, FolderState::Syncing]), "?");
        assert_eq!(sign_of(&[FolderState::WaitingForYou, FolderState::Error]), "✗");
    }
}
