//! Two command lines at once.

use crate::environment::{Environment, wait_until};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::{Child, Stdio};

/// A run that holds the lock until it is told to end: an editor that waits for a file to appear.
struct Holder {
    child: Child,
    stop: std::path::PathBuf,
}

impl Holder {
    fn start(environment: &Environment) -> Self {
        let (started, stop) = (environment.path("started"), environment.path("stop"));
        let script = format!(
            "#!/bin/sh\n: > {}\ni=0; while [ ! -e {} ] && [ $i -lt 600 ]; do i=$((i+1)); sleep 0.05; done\n",
            started.display(),
            stop.display()
        );
        let editor = environment.write("editor", script);
        fs::set_permissions(&editor, fs::Permissions::from_mode(0o755)).expect("a mode");
        let mut command = environment.homesync();
        let child = command
            .args(["config", "edit"])
            .env("EDITOR", editor)
            .stderr(Stdio::null())
            .spawn()
            .expect("it runs");
        wait_until("the holder has the lock", || started.exists());
        Self { child, stop }
    }

    fn release(&self) {
        fs::write(&self.stop, "").expect("written");
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        self.release();
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn k1_the_second_of_two_command_lines_ends_with_4_and_names_the_first() {
    let environment = Environment::ready();
    let holder = Holder::start(&environment);
    let process = format!("process {}", holder.child.id());
    let ran = environment.run(["--no-input", "config", "set", "log.level", "debug"]);
    ran.ends_with(4).says("holds the lock").says(&process).says("homesync config edit").says("lock.timeout");
    environment.run(["--no-input", "init"]).ends_with(4).says(&process);
    // Reading needs no lock.
    environment.run(["status"]).ends_with(0);
    environment.run(["config", "get"]).ends_with(0);
    assert!(environment.run(["doctor"]).ends_with(0).stdout.contains(&process), "doctor names the holder");
}

#[test]
fn k1_the_second_waits_as_long_as_its_settings_say() {
    let environment = Environment::ready();
    environment.run(["config", "set", "lock.timeout", "1s"]).ends_with(0);
    let holder = Holder::start(&environment);
    environment.run(["config", "set", "log.level", "debug"]).ends_with(4).says("Waiting: ");
    environment.configure("[lock]\ntimeout = \"1m\"\n");
    let mut waiting = environment.homesync();
    let mut waiting =
        waiting.args(["config", "set", "log.level", "debug"]).stderr(Stdio::null()).spawn().expect("it runs");
    holder.release();
    assert!(waiting.wait().expect("it ends").success(), "it went on when the lock was free");
}

#[test]
fn k1_a_holder_that_was_killed_is_in_nobodys_way() {
    let environment = Environment::ready();
    let mut holder = Holder::start(&environment);
    holder.child.kill().expect("killed");
    holder.child.wait().expect("it ended");
    environment.run(["--no-input", "config", "set", "log.level", "debug"]).ends_with(0);
    assert_eq!(environment.run(["config", "get", "log.level"]).stdout, "debug\n");
}

#[test]
fn k1_two_at_once_lose_nothing_of_each_other() {
    let environment = Environment::ready();
    let settings = [
        ("log.level", "debug"),
        ("sync.interval", "10m"),
        ("sync.auto_push", "false"),
        ("backup.retention_days", "9"),
    ];
    let running: Vec<Child> = settings
        .iter()
        .map(|(key, value)| {
            environment
                .homesync()
                .args(["config", "set", key, value])
                .stderr(Stdio::null())
                .spawn()
                .expect("it runs")
        })
        .collect();
    for mut child in running {
        assert!(child.wait().expect("it ends").success());
    }
    for (key, value) in settings {
        assert_eq!(environment.run(["config", "get", key]).stdout.trim(), value);
    }
}
