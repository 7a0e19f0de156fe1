//! Reading everything again: whether the bytes on the disk are the ones that they should be.

use super::{Answers, failed};
use crate::control::{Answer, Progress, Refusal, RefusalKind, Tell, Verified};
use crate::folder::{Input, Shared};
use crate::report::HeldReport;
use homesync_disk::{LocalFs, Scanner};
use homesync_engine::{Local, Seen};
use homesync_index::Index;
use homesync_paths::RelativePath;
use homesync_protocol::{Timestamp, Validity};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Files that are read before it is said how far it is.
const AT_ONCE: usize = 64;
/// How often that is.
const STEP: Duration = Duration::from_millis(300);

impl Answers {
    /// Reads these folders again.
    pub(super) fn verify(&self, names: &[String], tell: Tell<'_>) -> Result<Answer, Refusal> {
        let folders = self.view().folders(names)?;
        let mut all = Vec::new();
        for shared in folders {
            all.push(verify(&shared, tell)?);
        }
        Ok(Answer::Verified(all))
    }
}

fn verify(shared: &Arc<Shared>, tell: Tell<'_>) -> Result<Verified, Refusal> {
    let name = shared.plan().name;
    let vfs = shared.vfs().ok_or_else(|| {
        Refusal::new(RefusalKind::Failed, format!("the directory of folder {name} is not there"))
    })?;
    let mut verified = Verified { folder: name.clone(), ..Verified::default() };
    verified.index = shared.index.write(|index| index.check()).is_ok();
    let mut left = shared.standing().items;
    let (mut after, mut said) = (None::<RelativePath>, Instant::now());
    loop {
        let locals = shared.index.read(|index| index.locals(after.as_ref(), AT_ONCE)).map_err(failed)?;
        let Some(last) = locals.last() else { break };
        after = Some(last.entry.path.clone());
        left = left.saturating_sub(locals.len() as u64);
        let damaged = verified.damaged.len();
        for local in locals.iter().filter(|local| local.entry.validity == Validity::Valid) {
            look(&vfs, shared, local, &mut verified);
        }
        // The engine reads them itself, and gets them from others if those have them.
        let paths = verified.damaged[damaged..].iter().filter_map(|path| RelativePath::parse(path).ok());
        shared.tell(Input::ReadAgain(paths.collect()));
        if said.elapsed() > STEP {
            said = Instant::now();
            let text = format!("reading folder {name}");
            if !tell(Progress { text, items: left, bytes: 0 }) {
                return Err(Refusal::new(RefusalKind::Failed, "nobody waits any more"));
            }
        }
    }
    let changed = verified.changed.iter().filter_map(|path| RelativePath::parse(path).ok());
    shared.tell(Input::LookAt(changed.collect()));
    Ok(verified)
}

fn look(vfs: &LocalFs, shared: &Shared, local: &Local, verified: &mut Verified) {
    let (Some(blocks), Some(stamp)) = (local.entry.content.blocks(), local.stamp) else { return };
    let ignore = shared.ignore();
    // Of the block size that is known, whatever its times say.
    let known = |_: &RelativePath| Some(Local { stamp: None, ..local.clone() });
    let scanner = Scanner::new(vfs, &ignore, &known, Timestamp::default(), 0);
    let path = local.entry.path.as_str().to_string();
    match scanner.look(&local.entry.path) {
        Seen::Present { content, .. } if content.is_same(&local.entry.content) => {
            verified.files += 1;
            verified.bytes += blocks.size();
        }
        Seen::Present { stamp: now, .. } if now == stamp => verified.damaged.push(path),
        Seen::Unknown(reason) => verified.unreadable.push(HeldReport { path, reason }),
        Seen::Present { .. } | Seen::Absent | Seen::Ignored => verified.changed.push(path),
    }
}
