//! The folder's directory: whether it is there and the right one, and what the patterns in it say.

use super::{Broken, EngineLoop, UNWATCHED};
use crate::folder::root::Opened;
use crate::folder::{operate, watch};
use crate::patterns;
use homesync_disk::Executor;
use homesync_engine::{Command, Event, Question, RootLook};
use homesync_paths::RelativePath;
use std::sync::{Arc, PoisonError};
use std::time::Instant;
use tracing::{info, warn};

impl EngineLoop {
    pub(super) fn root_seen(&mut self, look: RootLook) -> Result<(), Broken> {
        let is_new = self.engine.identity().is_none();
        self.handle(Event::Root(look))?;
        if self.is_root_away() {
            self.is_away = true;
            self.look_again();
            return Ok(());
        }
        let believed = self.shared.root.opened().map(|opened| opened.identity);
        if believed != self.engine.identity() {
            return self.enter_root(is_new);
        }
        if std::mem::take(&mut self.is_away) {
            info!(folder = %self.shared.id, "the folder's directory is there again");
            self.look_at_everything();
        }
        Ok(())
    }

    pub(super) fn is_root_away(&self) -> bool {
        self.engine.questions().iter().any(|question| matches!(question, Question::Root(_)))
    }

    /// The root that the engine believes is opened for everybody. One that is new is marked first.
    fn enter_root(&mut self, is_new: bool) -> Result<(), Broken> {
        let (_, opened) = self.shared.root.look();
        let Some(opened) = opened.filter(|opened| Some(opened.identity) == self.engine.identity()) else {
            return Ok(());
        };
        let opened = match is_new {
            false => opened,
            true => match self.shared.root.mark(&opened) {
                Ok(opened) => opened,
                Err(error) => {
                    self.standing.problem = Some(format!("the folder's directory cannot be used: {error}"));
                    self.look_again();
                    return Ok(());
                }
            },
        };
        self.standing.problem = None;
        self.is_away = false;
        self.settle(&opened);
        self.shared.root.believe(opened);
        self.remember();
        info!(folder = %self.shared.id, "opened the folder's directory");
        self.patterns_are()?;
        // Before the look, so that what changes meanwhile is heard of.
        self.watch();
        self.look_at_everything();
        operate::tidy_up(&self.shared);
        Ok(())
    }

    fn watch(&mut self) {
        self.watcher = None;
        self.unwatched.clear();
        self.look_at_unwatched = None;
        match watch::start(&self.shared) {
            Ok(watcher) => self.watcher = Some(watcher),
            Err(error) => {
                warn!(folder = %self.shared.id, %error, "the folder cannot be watched: it is looked at once a minute");
                self.standing.advice =
                    Some(format!("the folder cannot be watched ({error}): it is looked at once a minute"));
                self.look_at_unwatched = Some(Instant::now() + UNWATCHED);
            }
        }
    }

    /// What an earlier run left half done comes to an end.
    fn settle(&mut self, opened: &Opened) {
        let keep = |_: &RelativePath| false;
        let executor = Executor::new(&*opened.vfs, &keep, crate::clock::timestamp());
        if let Err(text) = operate::settle(&self.shared, &executor) {
            self.standing.problem = Some(format!("what was left half done could not be ended: {text}"));
        }
    }

    /// Reads the patterns again if they changed.
    pub(super) fn patterns_are(&mut self) -> Result<(), Broken> {
        let root = self.shared.root.path();
        let bytes = patterns::read(root);
        if bytes.as_ref().is_ok_and(|bytes| self.patterns.as_ref() == Some(bytes)) {
            return Ok(());
        }
        let compiled = match &bytes {
            Ok(bytes) => {
                patterns::compile(root, &String::from_utf8_lossy(bytes)).map_err(|error| error.to_string())
            }
            Err(error) => Err(error.to_string()),
        };
        match compiled {
            Ok(rules) => {
                let rules = Arc::new(rules);
                *self.shared.ignore.write().unwrap_or_else(PoisonError::into_inner) = rules.clone();
                self.patterns = bytes.ok();
                self.pattern_problem = None;
                self.handle(Event::Command(Command::Ignore(rules)))?;
                self.look_at_everything();
            }
            // With patterns that cannot be read nothing may be taken over: what they leave out is not known.
            Err(problem) => {
                let reason = format!("the ignore patterns cannot be used: {problem}");
                if self.pattern_problem.as_ref() != Some(&reason) {
                    warn!(folder = %self.shared.id, reason, "paused");
                }
                self.pattern_problem = Some(reason);
                self.patterns = None;
                self.look_again();
            }
        }
        let plan = self.shared.plan();
        self.pause_as(&plan)
    }

    pub(super) fn accept_root(&mut self) -> Result<(), Broken> {
        self.handle(Event::Command(Command::AcceptRoot))?;
        self.remembered.set_identity(None);
        self.shared.root.forget();
        self.shared.looks.root();
        Ok(())
    }
}
