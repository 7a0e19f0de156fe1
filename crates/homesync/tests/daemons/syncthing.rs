//! A stock Syncthing as the other machine.

use crate::fleet::{Fleet, staged, tree};
use crate::network::address;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};

/// A Syncthing in the second machine's place. It ends with this.
struct Syncthing(Child);

impl Drop for Syncthing {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Sets one up that knows these machines and shares the folder `work` with them, and answers its device id. From each it takes so many KiB a
/// second at most; as many as there are with 0.
fn set_up(fleet: &Fleet, home: &Path, folder: &Path, others: &[(usize, u32)]) -> String {
    let run = |arguments: &[&str]| {
        let output =
            fleet.network.program(1).arg("syncthing").args(arguments).env("HOME", home).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).trim().to_string()
    };
    let place = format!("--home={}", home.display());
    run(&["generate", &place]);
    let id = run(&[&place, "--device-id"]);
    let config = home.join("config.xml");
    let text = fs::read_to_string(&config).unwrap();
    let others: Vec<(String, usize, u32)> =
        others.iter().map(|(machine, limit)| (fleet.device(*machine), *machine, *limit)).collect();
    let with: String = others.iter().map(|(id, ..)| format!("<device id=\"{id}\"></device>")).collect();
    let (before, rest) = text.split_once("<folder ").unwrap();
    let (_, after) = rest.split_once("</folder>").unwrap();
    let shared = format!(
        "<folder id=\"work\" label=\"work\" path=\"{}\" type=\"sendreceive\" rescanIntervalS=\"3600\" \
         fsWatcherEnabled=\"true\" fsWatcherDelayS=\"1\"><device id=\"{id}\"></device>{with}</folder>",
        folder.display()
    );
    let machine = |(id, machine, limit): &(String, usize, u32)| {
        let place = address(*machine);
        format!(
            "<device id=\"{id}\" name=\"m{machine}\" compression=\"metadata\"><address>tcp://{place}:22000</address>\
             <maxRecvKbps>{limit}</maxRecvKbps></device>"
        )
    };
    let machines: String = others.iter().map(machine).collect();
    let mut text = format!("{before}{shared}{after}")
        .replace("</configuration>", &format!("{machines}</configuration>"));
    for (setting, value) in [
        ("globalAnnounceEnabled", "false"),
        ("relaysEnabled", "false"),
        ("natEnabled", "false"),
        ("urAccepted", "-1"),
        ("startBrowser", "false"),
        ("limitBandwidthInLan", "true"),
        ("autoUpgradeIntervalH", "0"),
    ] {
        let (before, rest) = text.split_once(&format!("<{setting}>")).unwrap();
        let (_, after) = rest.split_once('<').unwrap();
        text = format!("{before}<{setting}>{value}<{after}");
    }
    fs::write(&config, text).unwrap();
    id
}

fn start(fleet: &Fleet, home: &Path) -> Syncthing {
    let log = fs::File::create(home.join("log")).unwrap();
    let mut command = fleet.network.program(1);
    command.args([
        "syncthing",
        "serve",
        "--no-browser",
        "--no-restart",
        &format!("--home={}", home.display()),
    ]);
    command.env("HOME", home).env("STNORESTART", "1").stdin(Stdio::null()).stdout(log).stderr(Stdio::null());
    Syncthing(command.spawn().unwrap())
}

#[test]
fn a_stock_syncthing_and_homesync_keep_a_folder_in_step() {
    let mut fleet = Fleet::strangers(2);
    let (home, folder): (PathBuf, PathBuf) = (fleet.place("syncthing"), fleet.place("its-folder"));
    fs::create_dir_all(&home).unwrap();
    fs::create_dir_all(folder.join("sub")).unwrap();
    let id = set_up(&fleet, &home, &folder, &[(0, 0)]);
    let place = format!("tcp://{}:22000", address(1));
    fleet.run(0, &["machine", "add", "st", "--device", &id, "--address", &place]).ends_with(0);
    let ours = fleet.folder(0);
    fleet.run(0, &["folder", "add", "work", ours.to_str().unwrap(), "--with", "st"]).ends_with(0);
    fs::write(folder.join("sub/from-it"), "it says hello").unwrap();
    fleet.write(0, "from-us", "we say hello");
    fleet.write(0, "large", (0..1_000_000_u32).flat_map(u32::to_le_bytes).collect::<Vec<u8>>());
    std::os::unix::fs::symlink("large", ours.join("link")).unwrap();
    fleet.start(0);
    let _syncthing = start(&fleet, &home);
    let same = || tree(&ours) == tree(&folder) && tree(&ours).len() == 5;
    fleet.until("both have the same", same);
    fleet.run(0, &["handoff", "st"]).ends_with(0);

    fleet.write(0, "from-us", "we say more");
    fs::write(folder.join("sub/from-it"), "it says more").unwrap();
    fs::remove_file(ours.join("link")).unwrap();
    let same = || tree(&ours) == tree(&folder) && tree(&ours).len() == 4;
    fleet.until("edits and removals have travelled both ways", same);
    assert_eq!(fs::read_to_string(ours.join("sub/from-it")).unwrap(), "it says more");
    assert_eq!(fs::read_to_string(folder.join("from-us")).unwrap(), "we say more");
}

/// What the file has in bytes: 230 blocks.
const SIZE: u32 = 30_000_000;

/// The third machine has a large file; the stock Syncthing takes a part of it each second, and the first machine hardly anything. All three share
/// the folder.
fn three() -> (Fleet, Syncthing, PathBuf) {
    let mut fleet = Fleet::strangers(3);
    let (home, folder): (PathBuf, PathBuf) = (fleet.place("syncthing"), fleet.place("its-folder"));
    fs::create_dir_all(&home).unwrap();
    fs::create_dir_all(&folder).unwrap();
    let id = set_up(&fleet, &home, &folder, &[(0, 0), (2, 1_000)]);
    for (machine, other) in [(0, 2), (2, 0)] {
        let place = format!("tcp://{}:22000", address(1));
        fleet.run(machine, &["machine", "add", "st", "--device", &id, "--address", &place]).ends_with(0);
        let (device, place) = (fleet.device(other), format!("tcp://{}:22000", address(other)));
        fleet
            .run(machine, &["machine", "add", "other", "--device", &device, "--address", &place])
            .ends_with(0);
        let path = fleet.folder(machine);
        let add = ["folder", "add", "work", path.to_str().unwrap(), "--with", "st,other"];
        fleet.run(machine, &add).ends_with(0);
    }
    let file = fleet.root(0).join("config/config.toml");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replace("[machines.other]\n", "[machines.other]\nreceive_limit = 50\n")).unwrap();
    fleet.start(0);
    let syncthing = start(&fleet, &home);
    fleet.start(2);
    fleet.until("all are connected", || {
        let list = fleet.run(0, &["status", "--json"]).json();
        let connected = |machine: usize| list["daemon"]["machines"][machine]["connected"] == true;
        let list = fleet.run(2, &["status", "--json"]).json();
        let both = |machine: usize| list["daemon"]["machines"][machine]["connected"] == true;
        connected(0) && connected(1) && both(0) && both(1)
    });
    fleet.write(2, "large", (0..SIZE / 4).flat_map(u32::to_le_bytes).collect::<Vec<u8>>());
    (fleet, syncthing, folder)
}

/// Bytes that a stock Syncthing has of the file.
fn its_part(folder: &Path) -> u64 {
    fs::metadata(folder.join(".syncthing.large.tmp")).map_or(0, |found| found.blocks() * 512)
}

#[test]
fn blocks_that_a_stock_syncthing_has_of_a_file_are_had_from_it() {
    let (mut fleet, _syncthing, folder) = three();
    // It says so every five seconds, and forgets what it has as soon as it cannot go on itself.
    fleet.until("it has said twice that it has a part", || {
        let log = fs::read_to_string(fleet.place("daemon-a.log")).unwrap();
        log.matches("heard of unfinished files").count() >= 2
    });
    let before = staged(&fleet, 0);
    assert!(before < 2_000_000 && its_part(&folder) > 3_000_000, "we have hardly anything");
    fleet.kill(2);
    fleet.until("we have a part of its part", || staged(&fleet, 0) > before + 2_000_000);
    assert_eq!(fleet.read(0, "large"), None);
}
