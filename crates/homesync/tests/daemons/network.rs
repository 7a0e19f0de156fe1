//! A network of its own for each test: one namespace for each machine, all plugged into a switch in another one, and cables that can be pulled.

use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

static NUMBER: AtomicU32 = AtomicU32::new(0);

/// The network. It goes away with everything in it when this is dropped.
pub struct Network {
    prefix: String,
    machines: usize,
}

impl Network {
    /// With so many machines, which have the addresses 10.9.0.1, 10.9.0.2 and so on.
    pub fn new(machines: usize) -> Self {
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let network = Self { prefix: format!("hs{}-{number}", std::process::id()), machines };
        let switch = network.switch();
        ip(&["netns", "add", &switch]);
        ip(&["-n", &switch, "link", "add", "switch", "type", "bridge"]);
        ip(&["-n", &switch, "link", "set", "switch", "up"]);
        for machine in 0..machines {
            let (space, cable) = (network.space(machine), cable(machine));
            ip(&["netns", "add", &space]);
            ip(&["-n", &space, "link", "set", "lo", "up"]);
            ip(&[
                "-n", &switch, "link", "add", &cable, "type", "veth", "peer", "name", "eth0", "netns", &space,
            ]);
            ip(&["-n", &switch, "link", "set", &cable, "master", "switch", "up"]);
            let address = format!("{}/24", address(machine));
            ip(&["-n", &space, "address", "add", &address, "broadcast", "10.9.0.255", "dev", "eth0"]);
            ip(&["-n", &space, "link", "set", "eth0", "up"]);
        }
        network
    }

    fn switch(&self) -> String {
        format!("{}-switch", self.prefix)
    }

    fn space(&self, machine: usize) -> String {
        format!("{}-{machine}", self.prefix)
    }

    /// Runs the program that is added on a machine.
    pub fn program(&self, machine: usize) -> Command {
        let mut command = Command::new("nsenter");
        command.arg(format!("--net=/run/netns/{}", self.space(machine))).arg("--");
        command
    }

    /// Pulls a machine's cable.
    pub fn pull(&self, machine: usize) {
        ip(&["-n", &self.switch(), "link", "set", &cable(machine), "down"]);
    }

    /// Plugs it in again.
    pub fn plug(&self, machine: usize) {
        ip(&["-n", &self.switch(), "link", "set", &cable(machine), "up"]);
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        let machines = (0..self.machines).map(|machine| self.space(machine));
        for space in machines.chain([self.switch()]) {
            let _ = Command::new("ip").args(["netns", "delete", &space]).stderr(Stdio::null()).status();
        }
    }
}

/// Where a machine is.
pub fn address(machine: usize) -> String {
    format!("10.9.0.{}", machine + 1)
}

fn cable(machine: usize) -> String {
    format!("cable{machine}")
}

fn ip(arguments: &[&str]) {
    let output = Command::new("ip").args(arguments).output();
    let output = output.expect("`ip` runs: `cargo xtask setup` installs iproute2, and namespaces need root");
    assert!(output.status.success(), "ip {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}
