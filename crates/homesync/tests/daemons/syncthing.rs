//! A stock Syncthing as the other machine.

use crate::fleet::{Fleet, tree};
use crate::network::address;
use std::fs;
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

/// Sets one up that knows the first machine and shares the folder `work` with it, and answers its device id.
fn set_up(fleet: &Fleet, home: &Path, folder: &Path) -> String {
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
    let other = fleet.device(0);
    let (before, rest) = text.split_once("<folder ").unwrap();
    let (_, after) = rest.split_once("</folder>").unwrap();
    let shared = format!(
        "<folder id=\"work\" label=\"work\" path=\"{}\" type=\"sendreceive\" rescanIntervalS=\"3600\" \
         fsWatcherEnabled=\"true\" fsWatcherDelayS=\"1\"><device id=\"{id}\"></device><device id=\"{other}\"></device></folder>",
        folder.display()
    );
    let machine = format!(
        "<device id=\"{other}\" name=\"a\" compression=\"metadata\"><address>tcp://{}:22000</address></device></configuration>",
        address(0)
    );
    let mut text = format!("{before}{shared}{after}").replace("</configuration>", &machine);
    for (setting, value) in [
        ("globalAnnounceEnabled", "false"),
        ("relaysEnabled", "false"),
        ("natEnabled", "false"),
        ("urAccepted", "-1"),
        ("startBrowser", "false"),
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
    let id = set_up(&fleet, &home, &folder);
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
