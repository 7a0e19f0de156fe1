//! Machines with real daemons, each in a network namespace of its own.

use crate::mounts::Disk;
use crate::network::{Network, address};
use crate::ran::Ran;
pub use crate::tree::{staged, tree};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Nothing that is waited for takes longer, on a machine that has other things to do as well.
pub const DEADLINE: Duration = Duration::from_secs(180);

/// An ordinary user.
const USER: &str = "65534";

/// The names of machines.
const NAMES: [&str; 3] = ["a", "b", "c"];

/// Some machines that know each other.
pub struct Fleet {
    /// Before the place where they are shown.
    disks: Vec<Disk>,
    place: tempfile::TempDir,
    pub network: Network,
    /// Machines whose daemons run as an ordinary user.
    users: Vec<usize>,
    daemons: Vec<Option<Child>>,
}

impl Fleet {
    /// So many machines, set up, each knowing all others, and a folder `work` that all share. Nothing runs yet.
    pub fn new(machines: usize) -> Self {
        let fleet = Self::strangers(machines);
        for machine in 0..machines {
            for other in (0..machines).filter(|other| *other != machine) {
                let device = fleet.device(other);
                let place = format!("tcp://{}:22000", address(other));
                let add = ["machine", "add", NAMES[other], "--device", &device, "--address", &place];
                fleet.run(machine, &add).ends_with(0);
            }
            let others: Vec<&str> =
                (0..machines).filter(|other| *other != machine).map(|other| NAMES[other]).collect();
            let path = fleet.folder(machine);
            let path = path.to_str().unwrap();
            let with = others.join(",");
            let shared: &[&str] = if others.is_empty() { &[] } else { &["--with", &with] };
            let add: Vec<&str> = [&["folder", "add", "work", path], shared].concat();
            fleet.run(machine, &add).ends_with(0);
        }
        fleet
    }

    /// The same, and all of them run.
    pub fn running(machines: usize) -> Self {
        let mut fleet = Self::new(machines);
        (0..machines).for_each(|machine| fleet.start(machine));
        fleet
    }

    /// So many machines that are set up and do not know each other.
    pub fn strangers(machines: usize) -> Self {
        let place = tempfile::tempdir().unwrap();
        fs::set_permissions(place.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let network = Network::new(machines);
        let fleet = Self {
            disks: Vec::new(),
            place,
            network,
            users: Vec::new(),
            daemons: (0..machines).map(|_| None).collect(),
        };
        for (machine, name) in NAMES.iter().enumerate().take(machines) {
            fleet.run(machine, &["init", "--name", name]).ends_with(0);
        }
        fleet
    }

    /// A machine's installation.
    pub fn root(&self, machine: usize) -> PathBuf {
        self.place.path().join(format!("root-{}", NAMES[machine]))
    }

    /// Its folder `work`.
    pub fn folder(&self, machine: usize) -> PathBuf {
        self.place.path().join(format!("work-{}", NAMES[machine]))
    }

    /// Another place of the test.
    pub fn place(&self, below: &str) -> PathBuf {
        self.place.path().join(below)
    }

    /// Puts a machine's folder, or another place of its own, on a small file system with such options. Answers which of the disks it is.
    pub fn small_disk(&mut self, shown: &Path, options: &str) -> usize {
        let at = self.place(&format!("disk-{}", self.disks.len()));
        self.disks.push(Disk::new(&at, shown, options));
        self.disks.len() - 1
    }

    /// The same on one that can hold no extended attributes.
    pub fn bare_disk(&mut self, shown: &Path) -> usize {
        let at = self.place(&format!("disk-{}", self.disks.len()));
        self.disks.push(Disk::bare(&at, shown));
        self.disks.len() - 1
    }

    /// One of them.
    pub fn disk(&self, number: usize) -> &Disk {
        &self.disks[number]
    }

    /// A command on a machine.
    pub fn command(&self, machine: usize) -> Command {
        self.command_with(machine, &[])
    }

    fn command_with(&self, machine: usize, through: &[&str]) -> Command {
        let mut command = self.network.program(machine);
        if self.users.contains(&machine) {
            command.args(["setpriv", "--clear-groups", "--reuid", USER, "--regid", USER, "--"]);
        }
        command.args(through).arg(env!("CARGO_BIN_EXE_homesync"));
        command.arg("--root").arg(self.root(machine)).env("HOME", self.place.path()).env("NO_COLOR", "1");
        for name in ["HOMESYNC_ROOT", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"] {
            command.env_remove(name);
        }
        command.stdin(Stdio::null());
        command
    }

    /// Runs a command on a machine to its end.
    pub fn run(&self, machine: usize, arguments: &[&str]) -> Ran {
        let output = self.command(machine).args(arguments).output().unwrap();
        Ran {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// A machine's device id.
    pub fn device(&self, machine: usize) -> String {
        self.run(machine, &["machine", "id", "--device"]).ends_with(0).stdout.trim().to_string()
    }

    /// From now on everything on this machine runs as an ordinary user, who owns what is there by now.
    pub fn as_user(&mut self, machine: usize) {
        for place in [self.root(machine), self.folder(machine)] {
            let status = Command::new("chown").args(["-R", USER]).arg(place).status().unwrap();
            assert!(status.success());
        }
        self.users.push(machine);
    }

    /// Starts a machine's daemon, and waits until it answers.
    pub fn start(&mut self, machine: usize) {
        self.start_with(machine, &[]);
    }

    /// The same through a program that runs it.
    pub fn start_with(&mut self, machine: usize, through: &[&str]) {
        let log = fs::File::create(self.place(&format!("daemon-{}.log", NAMES[machine]))).unwrap();
        let mut command = self.command_with(machine, through);
        let child = command.args(["-vvv", "daemon"]).stdout(Stdio::null()).stderr(log).spawn().unwrap();
        self.daemons[machine] = Some(child);
        self.until("the daemon answers", || {
            self.run(machine, &["folder", "list", "--json"]).json()["daemon"] == true
        });
    }

    /// Asks a machine's daemon to end, and says how long that took.
    pub fn stop(&mut self, machine: usize) -> Duration {
        let began = Instant::now();
        self.end(machine, Signal::TERM);
        began.elapsed()
    }

    /// Ends a machine's daemon where it stands.
    pub fn kill(&mut self, machine: usize) {
        self.end(machine, Signal::KILL);
    }

    fn end(&mut self, machine: usize, signal: Signal) {
        let Some(mut child) = self.daemons[machine].take() else { return };
        let _ = kill_process(Pid::from_child(&child), signal);
        child.wait().unwrap();
    }

    /// Tells a machine's daemon something by a signal.
    pub fn signal(&self, machine: usize, signal: Signal) {
        kill_process(Pid::from_child(self.daemons[machine].as_ref().unwrap()), signal).unwrap();
    }

    /// The daemon has not ended.
    pub fn is_running(&mut self, machine: usize) -> bool {
        self.daemons[machine].as_mut().is_some_and(|child| child.try_wait().unwrap().is_none())
    }

    /// The process of a machine's daemon. (What it is run in and as becomes the program.)
    pub fn process(&self, machine: usize) -> u32 {
        self.daemons[machine].as_ref().unwrap().id()
    }

    /// How the folder `work` stands on a machine.
    pub fn standing(&self, machine: usize) -> Value {
        self.run(machine, &["folder", "list", "--json"]).ends_with(0).json()["folders"][0].clone()
    }

    /// Waits for something.
    #[track_caller]
    pub fn until(&self, what: &str, is_so: impl Fn() -> bool) {
        let began = Instant::now();
        while !is_so() {
            if began.elapsed() > DEADLINE {
                panic!("it never came to pass that {what}\n{}", self.logs());
            }
            std::thread::park_timeout(Duration::from_millis(10));
        }
    }

    /// What the daemons said last.
    pub fn logs(&self) -> String {
        let mut said = String::new();
        for (machine, name) in NAMES.iter().enumerate().take(self.daemons.len()) {
            let text = fs::read(self.place(&format!("daemon-{name}.log"))).unwrap_or_default();
            let text = String::from_utf8_lossy(&text);
            let lines: Vec<&str> = text.lines().rev().take(400).collect();
            let lines: Vec<&str> = lines.into_iter().rev().collect();
            said += &format!("--- {name}\n{}\n", lines.join("\n"));
            if self.daemons[machine].is_some() {
                said += &self.run(machine, &["status"]).stdout;
            }
        }
        said
    }

    /// Waits until all folders are the same, and compares them byte by byte.
    #[track_caller]
    pub fn in_step(&self) {
        self.in_step_but(&[]);
    }

    /// The same, but for what stays on its machine.
    #[track_caller]
    pub fn in_step_but(&self, but: &[&str]) {
        let machines: Vec<usize> = (0..self.daemons.len()).filter(|at| self.daemons[*at].is_some()).collect();
        for machine in &machines {
            let waited = self.run(*machine, &["sync", "--wait", "--timeout", "180s"]);
            assert_eq!(waited.code, 0, "{waited:?}\n{}", self.logs());
        }
        let tree_of = |machine: &usize| {
            let mut tree = tree(&self.folder(*machine));
            tree.retain(|path, _| !but.contains(&path.as_str()));
            tree
        };
        let all = || machines.iter().map(tree_of).collect::<Vec<_>>();
        self.until("the folders hold the same", || all().windows(2).all(|two| two[0] == two[1]));
    }

    /// Writes a file in a machine's folder.
    pub fn write(&self, machine: usize, path: &str, bytes: impl AsRef<[u8]>) {
        let path = self.folder(machine).join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    /// Reads one; nothing if it is not there.
    pub fn read(&self, machine: usize, path: &str) -> Option<String> {
        fs::read_to_string(self.folder(machine).join(path)).ok()
    }
}

impl Drop for Fleet {
    fn drop(&mut self) {
        for machine in 0..self.daemons.len() {
            self.end(machine, Signal::KILL);
        }
    }
}
