//! Two installations on this computer, connected over loopback, with one folder.

use crate::outcome::{Context, Outcome, failed};
use crate::process::{self, command};
use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// Nothing takes longer.
const DEADLINE: Duration = Duration::from_secs(1_800);
/// How often it is looked whether something has come.
const STEP: Duration = Duration::from_millis(2);

/// The two.
pub(super) struct Pair {
    binary: PathBuf,
    place: PathBuf,
    daemons: [Option<Child>; 2],
}

const NAMES: [&str; 2] = ["a", "b"];

impl Pair {
    /// Sets both up. Nothing runs yet.
    pub(super) fn new(binary: &Path, place: &Path) -> Outcome<Self> {
        let pair = Self { binary: binary.to_owned(), place: place.to_owned(), daemons: [None, None] };
        let mut ports = Vec::new();
        for (at, name) in NAMES.iter().enumerate() {
            fs::create_dir_all(pair.folder(at)).context("cannot create a folder")?;
            let port = free_port()?;
            pair.run(at, &["init", "--name", name])?;
            pair.run(at, &["config", "set", "network.listen", &format!("tcp://127.0.0.1:{port}")])?;
            pair.run(at, &["config", "set", "network.discovery", "false"])?;
            ports.push(port);
        }
        for (at, other) in [(0, 1), (1, 0)] {
            let device = process::capture(pair.command(other).args(["machine", "id", "--device"]))?;
            let address = format!("tcp://127.0.0.1:{}", ports[other]);
            let add = ["machine", "add", NAMES[other], "--device", device.trim(), "--address", &address];
            pair.run(at, &add)?;
            let folder = pair.folder(at);
            let folder = folder.to_str().ok_or_else(|| failed("the place is no text."))?;
            pair.run(at, &["folder", "add", "work", folder, "--with", NAMES[other]])?;
        }
        Ok(pair)
    }

    /// A side's folder.
    pub(super) fn folder(&self, at: usize) -> PathBuf {
        self.place.join(format!("folder-{}", NAMES[at]))
    }

    fn command(&self, at: usize) -> Command {
        let mut command = command(&self.binary);
        command.arg("--quiet").arg("--root").arg(self.place.join(NAMES[at])).stdin(Stdio::null());
        command
    }

    fn run(&self, at: usize, arguments: &[&str]) -> Outcome {
        process::capture(self.command(at).args(arguments)).map(drop)
    }

    /// Starts both.
    pub(super) fn start(&mut self) -> Outcome {
        self.start_one(0)?;
        self.start_one(1)
    }

    /// Starts one, and waits until it answers.
    pub(super) fn start_one(&mut self, at: usize) -> Outcome {
        let mut daemon = self.command(at);
        daemon.arg("daemon").stdout(Stdio::null()).stderr(Stdio::null());
        self.daemons[at] = Some(daemon.spawn().context("cannot start a daemon")?);
        self.until(|| self.report(at).contains("\"daemon\": true"))
    }

    fn report(&self, at: usize) -> String {
        process::capture(self.command(at).args(["folder", "list", "--json"])).unwrap_or_default()
    }

    /// How many looks at everything have ended on a side.
    pub(super) fn looks(&self, at: usize) -> u64 {
        let report = self.report(at);
        let number = report.split_once("\"looks\": ").map(|(_, rest)| rest);
        let digits = number.and_then(|rest| rest.split(|other: char| !other.is_ascii_digit()).next());
        digits.and_then(|digits| digits.parse().ok()).unwrap_or(0)
    }

    /// Ends one.
    pub(super) fn stop(&mut self, at: usize) {
        if let Some(mut daemon) = self.daemons[at].take() {
            let _ = process::capture(self.command(at).args(["daemon", "--stop"]));
            let _ = daemon.wait();
        }
    }

    /// Waits until both have the same.
    pub(super) fn wait(&self) -> Outcome {
        self.run(0, &["folder", "wait", "work"])?;
        self.run(1, &["folder", "wait", "work"])
    }

    /// Whether the second has everything of the first, as the first says.
    pub(super) fn handoff(&self) -> Outcome<bool> {
        let report = process::capture(self.command(0).args(["handoff", "b", "--json"]))?;
        Ok(report.contains("\"safe_to_travel\": true"))
    }

    /// The most memory that a daemon ever had, in KiB.
    pub(super) fn peak_memory(&self, at: usize) -> u64 {
        let Some(daemon) = &self.daemons[at] else { return 0 };
        let status = fs::read_to_string(format!("/proc/{}/status", daemon.id())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0)
    }

    /// Waits for something.
    pub(super) fn until(&self, is_so: impl Fn() -> bool) -> Outcome {
        let began = Instant::now();
        while !is_so() {
            if began.elapsed() > DEADLINE {
                return Err(failed("what was waited for never came."));
            }
            thread::park_timeout(STEP);
        }
        Ok(())
    }
}

impl Drop for Pair {
    fn drop(&mut self) {
        self.stop(0);
        self.stop(1);
    }
}

fn free_port() -> Outcome<u16> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).context("there is no free port")?;
    Ok(listener.local_addr().context("there is no free port")?.port())
}
