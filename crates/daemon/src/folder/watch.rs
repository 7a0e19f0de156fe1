//! Hearing from the system what changes in the folder, so that nothing needs to be looked for.

use super::Shared;
use super::engine_loop::Input;
use homesync_disk::{Noticed, Settle, Watcher};
use homesync_paths::RelativePath;
use std::io;
use std::sync::{Arc, Weak};
use tracing::{info, warn};

/// Begins to watch.
pub(super) fn start(shared: &Arc<Shared>) -> io::Result<Watcher> {
    // The watcher lives in what it tells: it must not keep that alive.
    let (skipping, telling) = (Arc::downgrade(shared), Arc::downgrade(shared));
    let skips = move |path: &RelativePath| is_skipped(&skipping, path);
    let notice = move |noticed| tell(&telling, noticed);
    Watcher::start(shared.root.path(), Arc::new(skips), Settle::default(), Box::new(notice))
}

/// Nothing below it takes part.
fn is_skipped(shared: &Weak<Shared>, path: &RelativePath) -> bool {
    shared.upgrade().is_some_and(|shared| {
        let verdict = shared.ignore().decide(path);
        verdict.ignored && verdict.may_skip_directory
    })
}

fn tell(shared: &Weak<Shared>, noticed: Noticed) {
    let Some(shared) = shared.upgrade() else { return };
    match noticed {
        Noticed::Paths(paths) => shared.tell(Input::LookAt(paths.into_iter().collect())),
        Noticed::Everything(reason) => {
            info!(folder = %shared.id, reason, "everything is looked at");
            shared.tell(Input::LookAtEverything);
        }
        Noticed::Unwatched { directories, advice, .. } => {
            warn!(folder = %shared.id, directories = directories.len(), advice, "not everything can be watched");
            shared.tell(Input::Unwatched(directories, advice));
        }
    }
}
