//! Called as `home-sync`, the program keeps that tool's habits.

use crate::environment::{Environment, executable, finish};

fn older(environment: &Environment, arguments: &[&str]) -> crate::environment::Ran {
    let link = environment.path("home-sync");
    if !link.exists() {
        std::os::unix::fs::symlink(executable(), &link).expect("a link");
    }
    finish(environment.program(link).args(arguments))
}

#[test]
fn its_options_are_understood_and_it_ends_with_0_or_1_only() {
    let environment = Environment::new();
    older(&environment, &["--dry-run", "--force", "--verbose"]).ends_with(0);
    older(&environment, &["--dry-run", "--force", "--verbose", "init"])
        .ends_with(0)
        .says("Would set this machine up");
    older(&environment, &["--nonsense"]).ends_with(1).says("home-sync");
    older(&environment, &["config", "set", "network.nonsense", "1"]).ends_with(1);
    older(&environment, &["--help"]).ends_with(0);
    environment.write(".config/home-sync/config.yml", "sync_interval: 5\n");
    older(&environment, &["import", "config"]).ends_with(1);
}
