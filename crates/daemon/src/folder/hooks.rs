//! Programs of a person's that are told what happened to a folder, one after the other and never twice for the same.

use crate::inbox::{Inbox, Next};
use homesync_host::run::{Limit, Program};
use homesync_paths::RelativePath;
use std::collections::BTreeSet;
use std::io;
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};
use tracing::{info, warn};

/// A program that takes longer is ended.
const LONGEST: Duration = Duration::from_secs(300);
/// What happens within this time is told together.
const TOGETHER: Duration = Duration::from_millis(500);
/// So many conflicts are named in one call.
const MOST_NAMED: usize = 100;

/// What happened.
pub(super) enum Happened {
    /// The folder is in step again.
    Synced(Told),
    /// Conflict copies were made.
    Conflicts(Told, Vec<RelativePath>),
}

/// Whom to tell, and of which folder.
#[derive(Clone)]
pub(super) struct Told {
    /// The program and its arguments.
    pub(super) program: Vec<String>,
    /// The folder's name.
    pub(super) folder: String,
    /// Where it is.
    pub(super) path: PathBuf,
}

/// Where it is said. The thread ends when this is dropped.
pub(super) struct Hooks(Inbox<Happened>);

impl Hooks {
    pub(super) fn start(folder: &str) -> io::Result<Self> {
        let inbox = Inbox::default();
        let of_thread: Inbox<Happened> = inbox.clone();
        thread::Builder::new().name(format!("hooks {folder}")).spawn(move || run(&of_thread))?;
        Ok(Self(inbox))
    }

    /// Says that something happened; nothing is done if nobody wants to know.
    pub(super) fn say(&self, happened: Happened) {
        let (Happened::Synced(told) | Happened::Conflicts(told, _)) = &happened;
        if !told.program.is_empty() {
            self.0.put(happened);
        }
    }
}

impl Drop for Hooks {
    fn drop(&mut self) {
        self.0.close();
    }
}

fn run(inbox: &Inbox<Happened>) {
    while let Next::Item(first) = inbox.take(None) {
        let (mut synced, mut conflicts) = (None, None);
        let mut copies = BTreeSet::new();
        let mut next = Some(first);
        let until = Instant::now() + TOGETHER;
        while let Some(happened) = next.take() {
            match happened {
                Happened::Synced(told) => synced = Some(told),
                Happened::Conflicts(told, new) => {
                    copies.extend(new);
                    conflicts = Some(told);
                }
            }
            if let Next::Item(more) = inbox.take(Some(until)) {
                next = Some(more);
            }
        }
        if let Some(told) = conflicts {
            tell(&told, &copies.into_iter().take(MOST_NAMED).collect::<Vec<_>>());
        }
        if let Some(told) = synced {
            tell(&told, &[]);
        }
    }
}

fn tell(told: &Told, copies: &[RelativePath]) {
    let Some((program, arguments)) = told.program.split_first() else { return };
    let ran = Program::new(program)
        .arguments(arguments)
        // None can be taken for an option.
        .arguments(copies.iter().map(|copy| format!("./{}", copy.as_str())))
        .directory(&told.path)
        .variable("HOMESYNC_FOLDER", &told.folder)
        .limit(Limit::total(LONGEST))
        .run()
        .and_then(|output| output.check());
    match ran {
        Ok(_) => info!(folder = told.folder, program, "told a program"),
        Err(error) => warn!(folder = told.folder, program, %error, "a program that was to be told failed"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_happens_at_once_is_told_once() {
        let place = tempfile::tempdir().unwrap();
        let script = "for name in \"$@\"; do echo \"$HOMESYNC_FOLDER $name\" >> said; done; echo end >> said";
        let told = Told {
            program: ["sh", "-c", script, "sh"].map(str::to_string).to_vec(),
            folder: "work".to_string(),
            path: place.path().to_owned(),
        };
        let hooks = Hooks::start("work").unwrap();
        let copy = |name: &str| vec![RelativePath::parse(name).unwrap()];
        hooks.say(Happened::Conflicts(told.clone(), copy("b")));
        hooks.say(Happened::Conflicts(told.clone(), copy("a")));
        hooks.say(Happened::Synced(told.clone()));
        hooks.say(Happened::Synced(told));
        let began = Instant::now();
        let said = || std::fs::read_to_string(place.path().join("said")).unwrap_or_default();
        while said().matches("end").count() < 2 && began.elapsed() < Duration::from_secs(30) {
            thread::park_timeout(Duration::from_millis(10));
        }
        assert_eq!(said(), "work ./a\nwork ./b\nend\nend\n");
    }
}
