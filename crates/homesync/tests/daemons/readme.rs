//! The first five minutes of the README, as a person would type them.

use std::fs;
use std::path::Path;
use std::process::Command;

#[test]
fn the_first_five_minutes_end_as_the_readme_says() {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../README.md");
    let readme = fs::read_to_string(readme).unwrap();
    let section = readme.split("## The first five minutes").nth(1).unwrap();
    let script = section.split("```sh\n").nth(1).unwrap().split("```").next().unwrap();
    let place = tempfile::tempdir().unwrap();
    fs::create_dir(place.path().join("try")).unwrap();
    // Another run of this test may be at the same ports.
    let ports = [free_port(), free_port()];
    let script = script
        .replace("cargo build --release\n", "set -eu\n")
        .replace("target/release/homesync", env!("CARGO_BIN_EXE_homesync"))
        .replace("/tmp/try", place.path().join("try").to_str().unwrap())
        .replace("22101", &ports[0].to_string())
        .replace("22102", &ports[1].to_string());
    // They need not shout their way through the machine's real networks.
    let quiet = |name: &str| format!("{name} config set network.discovery false\n");
    let script = script.replace("a daemon &", &format!("{}{}a daemon &", quiet("a"), quiet("b")));
    let output = Command::new("bash")
        .args(["-c", &script])
        .env("NO_COLOR", "1")
        .env("HOME", place.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    assert!(!said.contains("wants to be connected"), "both know each other: {said}");
    let parts = [
        "milk\neggs\nflour\nsugar\nbutter\n",
        "safe to travel: b has everything\n",
        "work/list.txt  and  list.sync-conflict-",
        "soy\neggs\nflour\nsugar\noil\n",
        "removed     work/list.txt  by a\n",
        "soy\neggs\nflour\nsugar\noil\n",
        "work  idle",
    ];
    let mut rest = said.as_str();
    for part in parts {
        let (_, after) = rest.split_once(part).unwrap_or_else(|| panic!("{part:?} is missing: {said}"));
        rest = after;
    }
}

fn free_port() -> u16 {
    std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port()
}
