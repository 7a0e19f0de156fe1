//! Blocks of a file go on from machine to machine before anybody but its first one has all of it.

use crate::fleet::{Fleet, staged};
use rustix::process::Signal;
use std::fs;

/// What the file has in bytes: 230 blocks.
const SIZE: u64 = 30_000_000;

/// Bytes of the file that may be under way to a machine while it counts what it has.
const UNDER_WAY: u64 = 2_000_000;

/// How many KiB a second a machine takes from the first one at most.
fn limit(fleet: &Fleet, machine: usize, limit: u64) {
    let file = fleet.root(machine).join("config/config.toml");
    let text = fs::read_to_string(&file).unwrap();
    let without: String = text
        .lines()
        .filter(|line| !line.starts_with("receive_limit"))
        .map(|line| format!("{line}\n"))
        .collect();
    let with = without.replace("[machines.a]\n", &format!("[machines.a]\nreceive_limit = {limit}\n"));
    assert_ne!(with, without);
    fs::write(&file, with).unwrap();
}

#[test]
fn a_machine_gets_blocks_from_one_that_does_not_have_all_of_the_file() {
    let mut fleet = Fleet::new(3);
    // From a, b gets it slowly and c hardly anything; between b and c there is no limit.
    limit(&fleet, 1, 2_000);
    limit(&fleet, 2, 50);
    (0..3).for_each(|machine| fleet.start(machine));
    fleet.in_step();
    let bytes: Vec<u8> = (0..SIZE as u32 / 4).flat_map(u32::to_le_bytes).collect();
    fleet.write(0, "large", &bytes);
    fleet.until("c knows of it", || fleet.standing(2)["needed_items"] == 1);
    fleet.until("b has a part of it", || staged(&fleet, 1) > 4 * UNDER_WAY);
    assert!(staged(&fleet, 2) < UNDER_WAY, "c has hardly anything");
    // Nobody who has all of it is there any more.
    fleet.kill(0);
    fleet.until("c has what b has", || staged(&fleet, 2) + UNDER_WAY > staged(&fleet, 1));
    assert_eq!((fleet.read(1, "large"), fleet.read(2, "large")), (None, None));
    assert!(staged(&fleet, 1) < SIZE - UNDER_WAY, "b cannot have all of it");
    for machine in 1..3 {
        limit(&fleet, machine, 0);
        fleet.signal(machine, Signal::HUP);
    }
    fleet.start(0);
    fleet.in_step();
    for machine in 1..3 {
        assert_eq!(fs::read(fleet.folder(machine).join("large")).unwrap(), bytes);
        assert_eq!(staged(&fleet, machine), 0);
    }
}
