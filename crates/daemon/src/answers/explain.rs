//! Why a path is as it is: what each machine has, which of it counts, and what stands in the way.

mod metadata;

use super::standing::held_report;
use super::{Answers, failed};
use crate::control::{Answer, Explained, ExplainedMachine, Refusal, RefusalKind};
use homesync_engine::{Candidates, View as _};
use homesync_paths::{RelativePath, is_control_path, is_temporary};
use homesync_protocol::{Content, Entry, Kind, ShortId, Validity};

impl Answers {
    /// Explains a path.
    pub(super) fn explain(&self, folder: &str, path: &str) -> Result<Answer, Refusal> {
        let view = self.view();
        let shared = view.folder(folder)?;
        let path = RelativePath::parse(path).map_err(|error| {
            Refusal::new(RefusalKind::Usage, format!("{path} is no path in a folder: {error}"))
        })?;
        let candidates = shared
            .index
            .read(|index| Ok(Candidates { own: index.local(&path)?, others: index.others(&path)? }))
            .map_err(failed)?;
        let mut says = Vec::new();
        if is_control_path(&path) || is_temporary(path.name()) {
            says.push("it is a file of homesync's own, and does not travel".to_string());
        }
        let ignore = shared.ignore();
        if ignore.decide(&path).ignored {
            says.push(match ignore.explain(&path) {
                Some(why) => {
                    format!("it is left out by the pattern `{}`, line {} of {}", why.text, why.line, why.file)
                }
                None => "it is left out".to_string(),
            });
        }
        let standing = shared.standing();
        says.extend(standing.halted.map(|reason| format!("the folder stands still: {reason}")));
        let held = standing.held.iter().find(|held| held.path == path);
        says.extend(held.map(|held| format!("it waits: {}", held_report(held).reason)));
        let unread = standing.unread.first.iter().find(|(unread, _)| unread == path.as_str());
        says.extend(unread.map(|(_, reason)| format!("it could not be read: {reason}")));
        says.extend(
            candidates.own.as_ref().into_iter().flat_map(|own| metadata::says(&shared.plan().metadata, own)),
        );
        let name = |by: ShortId| view.author(by, self.exchange.own_short());
        let global = candidates.global().cloned();
        let machine = |machine: String, entry: Option<&Entry>| {
            let counts = entry.zip(global.as_ref()).is_some_and(|(entry, global)| {
                entry.version == global.version && entry.validity.is_valid() == global.validity.is_valid()
            });
            ExplainedMachine {
                machine,
                has: entry.map_or_else(|| "nothing".to_string(), has),
                counts,
                modified: entry
                    .filter(|entry| !entry.content.is_deleted())
                    .map(|entry| entry.modified.seconds),
                by: entry.map(|entry| name(entry.modified_by)),
            }
        };
        let own = candidates.own.as_ref().map(|own| &own.entry);
        let mut machines = vec![machine("this machine".to_string(), own)];
        for device in shared.plan().with {
            machines.push(machine(view.fleet.name_of(device), candidates.of(device)));
        }
        if says.is_empty() {
            says.push(match (own, &global) {
                (None, None) => "no machine has ever said anything about it".to_string(),
                _ if machines.iter().all(|machine| machine.counts) => "it is the same everywhere".to_string(),
                _ => "it is not the same everywhere yet".to_string(),
            });
        }
        let folder = shared.plan().name;
        Ok(Answer::Explained(Explained { folder, path: path.as_str().to_string(), says, machines }))
    }
}

/// What an entry says, in a few words.
fn has(entry: &Entry) -> String {
    let content = match &entry.content {
        Content::File(blocks) => format!("a file of {} bytes", blocks.size()),
        Content::Directory => "a directory".to_string(),
        Content::Link(target) => format!("a link to {target}"),
        Content::Deleted(Kind::Directory) => "nothing: the directory was removed".to_string(),
        Content::Deleted(_) => "nothing: it was removed".to_string(),
    };
    match entry.validity {
        Validity::Valid => content,
        Validity::Invalid => "something that it leaves out".to_string(),
        Validity::Ignored => format!("{content}, left out"),
        Validity::Unsupported => format!("{content}, which its file system cannot hold"),
        Validity::Suspect => format!("{content}, damaged"),
        Validity::OnlyHere => format!("{content}, kept to this machine"),
    }
}
