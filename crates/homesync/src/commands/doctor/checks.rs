//! What `doctor` looks at. Each check is one function that looks and tells, and changes nothing.

use crate::context::Context;
use crate::error::CommandError;
use homesync_host::configuration::{self, Source};
use homesync_host::directories::Directories;
use homesync_host::file;
use homesync_host::identity::Identity;
use homesync_host::lock::Lock;
use homesync_host::run::{Limit, Program};
use homesync_paths::{Quoted, Shown};
use homesync_protocol::DeviceId;
use serde::Serialize;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The oldest git that can merge without a work tree.
const LEAST_GIT: (u32, u32) = (2, 38);
/// Below this much room an exchange could fail half way.
const LEAST_ROOM: u64 = 100 << 20;

/// How a check came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// In order.
    Good,
    /// A person should look at it.
    Attention,
    /// It will get in the way.
    Wrong,
}

/// What a check found.
#[derive(Debug, Serialize)]
pub struct Finding {
    /// What was looked at.
    pub subject: &'static str,
    /// How it came out.
    pub verdict: Verdict,
    /// What is the case.
    pub text: String,
    /// What to do.
    pub next: Vec<String>,
}

impl Finding {
    fn new(subject: &'static str, verdict: Verdict, text: impl Into<String>) -> Self {
        Self { subject, verdict, text: text.into(), next: Vec::new() }
    }

    fn wrong(subject: &'static str, error: impl Into<CommandError>) -> Self {
        let error = error.into();
        Self { subject, verdict: Verdict::Wrong, text: error.to_string(), next: error.hints }
    }

    fn next(mut self, next: impl Into<String>) -> Self {
        self.next.push(next.into());
        self
    }
}

/// All checks. What one finds does not keep the others from looking.
pub fn all(context: &Context) -> Vec<Finding> {
    let directories = match context.directories() {
        Ok(directories) => directories,
        Err(error) => return vec![Finding::wrong("places", error), git()],
    };
    let mut findings = vec![places(&directories)];
    findings.extend(writable_by_others(&directories));
    findings.extend(settings(&directories));
    findings.extend([
        identity(&directories),
        state(&directories),
        room(&directories),
        lock(&directories),
        git(),
    ]);
    findings
}

fn places(directories: &Directories) -> Finding {
    match directories.check_owner() {
        Ok(()) => {
            Finding::new("places", Verdict::Good, format!("data in {}", Shown::path(&directories.data)))
        }
        Err(error) => Finding::wrong("places", error),
    }
}

fn settings(directories: &Directories) -> Vec<Finding> {
    let loaded = match configuration::load(directories) {
        Ok(loaded) => loaded,
        Err(error) => return vec![Finding::wrong("settings", error)],
    };
    let found = match &loaded.source {
        Source::File(path) => {
            Finding::new("settings", Verdict::Good, format!("{} is right", Shown::path(path)))
        }
        Source::Defaults => Finding::new("settings", Verdict::Good, "no file; everything has its default"),
        Source::Older(path) => {
            let text = format!("{} of the older home-sync is in use", Shown::path(path));
            Finding::new("settings", Verdict::Attention, text).next("`homesync import config`")
        }
    };
    let odd = loaded.warnings.iter();
    let odd = odd.map(|warning| {
        Finding::new("settings", Verdict::Attention, warning.to_string()).next("`homesync config edit`")
    });
    std::iter::once(found).chain(odd).collect()
}

fn identity(directories: &Directories) -> Finding {
    let directory = directories.identity();
    match Identity::load(&directory) {
        Err(error) => Finding::wrong("identity", error),
        Ok(None) => Finding::new("identity", Verdict::Attention, "none yet").next("`homesync init`"),
        Ok(Some(identity)) => {
            let exposed = Identity::exposed(&directory);
            if exposed.is_empty() {
                let device_id = DeviceId::of_certificate(identity.certificate.der());
                return Finding::new("identity", Verdict::Good, device_id.to_string());
            }
            let places: Vec<String> = exposed.iter().map(|path| Shown::path(path).to_string()).collect();
            Finding::new("identity", Verdict::Wrong, format!("others can reach {}", places.join(", ")))
                .next(format!("`chmod -R go= {}`", Quoted::new(&directory)))
        }
    }
}

/// Whoever could write there could choose what we do.
fn writable_by_others(directories: &Directories) -> Option<Finding> {
    let places = [&directories.configuration, &directories.data, &directories.state];
    let exposed = |place: &&&PathBuf| {
        std::fs::metadata(place)
            .is_ok_and(|metadata| metadata.is_dir() && metadata.permissions().mode() & 0o022 != 0)
    };
    let exposed: Vec<String> =
        places.iter().filter(exposed).map(|place| Quoted::new(place).to_string()).collect();
    if exposed.is_empty() {
        return None;
    }
    let exposed = exposed.join(" ");
    let finding = Finding::new("places", Verdict::Wrong, format!("others can write to {exposed}"));
    Some(finding.next(format!("`chmod go-w {exposed}`")))
}

fn state(directories: &Directories) -> Finding {
    let shown = Shown::path(&directories.state);
    match std::fs::metadata(&directories.state) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            Finding::new("state", Verdict::Attention, format!("{shown} is not there yet"))
                .next("`homesync init`")
        }
        Err(error) => Finding::new("state", Verdict::Wrong, format!("{shown}: {error}")),
        Ok(metadata) if !metadata.is_dir() => {
            Finding::new("state", Verdict::Wrong, format!("{shown} is not a directory"))
                .next(format!("see what stands there: `ls -ld {}`", Quoted::new(&directories.state)))
        }
        Ok(_) => match file::check_writable(&directories.state) {
            Ok(()) => Finding::new("state", Verdict::Good, shown.to_string()),
            Err(error) => Finding::wrong("state", error),
        },
    }
}

fn room(directories: &Directories) -> Finding {
    let place = directories
        .state
        .ancestors()
        .find(|place| matches!(file::is_present(place), Ok(true)))
        .unwrap_or(Path::new("/"));
    match file::free_bytes(place) {
        Err(error) => Finding::wrong("room", error),
        Ok(free) => {
            let text = format!("{} MiB free for {}", free >> 20, Shown::path(place));
            match free < LEAST_ROOM {
                true => Finding::new("room", Verdict::Attention, text).next("make room on that disk"),
                false => Finding::new("room", Verdict::Good, text),
            }
        }
    }
}

fn lock(directories: &Directories) -> Finding {
    match Lock::look(&directories.lock_file()) {
        Ok(None) => Finding::new("lock", Verdict::Good, "free"),
        Ok(Some(holder)) => Finding::new("lock", Verdict::Attention, format!("held by {holder}")),
        Err(error) => Finding::wrong("lock", error),
    }
}

fn git() -> Finding {
    let asked = Program::new("git").argument("--version").limit(Limit::total(Duration::from_secs(10))).run();
    let text = match asked.and_then(|output| output.check()) {
        Ok(output) => output.stdout_text().trim().to_owned(),
        Err(error) => {
            let what = "the home repository will need it: install git from your system's packages";
            return Finding::new("git", Verdict::Attention, error.to_string()).next(what);
        }
    };
    match version_of(&text) {
        Some(version) if version >= LEAST_GIT => Finding::new("git", Verdict::Good, text),
        _ => Finding::new(
            "git",
            Verdict::Attention,
            format!("{text} is older than {}.{}", LEAST_GIT.0, LEAST_GIT.1),
        )
        .next("install a newer git before the home repository is used"),
    }
}

/// `git version 2.39.5 (Apple Git-154)` to 2 and 39.
fn version_of(text: &str) -> Option<(u32, u32)> {
    let mut numbers = text.split_whitespace().nth(2)?.split('.').map(|part| part.parse().ok());
    Some((numbers.next()??, numbers.next()??))
}

#[cfg(test)]
mod tests {
    use super::version_of;

    #[test]
    fn versions_of_git_are_understood() {
        assert_eq!(version_of("git version 2.39.5"), Some((2, 39)));
        assert_eq!(version_of("git version 2.50.1 (Apple Git-155)"), Some((2, 50)));
        assert_eq!(version_of("git version 2.39.GIT"), Some((2, 39)));
        assert_eq!(version_of("nonsense"), None);
    }
}
