//! Networks that a test makes for itself, in a namespace of the kernel where nothing else is.

use homesync_host::run::{Limit, Program};
use std::env;
use std::time::Duration;

/// Says to a test that it is in there already.
const INSIDE: &str = "HOMESYNC_TEST_NAMESPACE";
/// How long a test may take in there.
const LIMIT: Limit = Limit::total(Duration::from_secs(120));

/// Runs a test in a namespace of its own: outside of it, by starting the same test anew in there.
pub fn in_namespace(test: &str, inside: impl FnOnce()) {
    if env::var_os(INSIDE).is_some() {
        ip("link set lo up");
        return inside();
    }
    let output = Program::new("unshare")
        .argument("--net")
        .arguments([env::current_exe().unwrap()])
        .arguments(["--exact", test, "--nocapture", "--test-threads=1"])
        .variable(INSIDE, "1")
        .limit(LIMIT)
        .run()
        .expect("unshare is there: `cargo xtask setup`");
    let said = [output.stdout_text(), output.stderr_text()].join("\n");
    assert!(output.status.success(), "as root, in a namespace: {said}");
    assert!(said.contains("1 passed"), "no test has that name: {said}");
}

/// Changes the networks in there.
pub fn ip(arguments: &str) {
    let program = Program::new("ip").arguments(arguments.split(' ')).limit(LIMIT);
    let output = program.run().expect("ip is there: `cargo xtask setup`");
    output.check().unwrap();
}

/// A network that leads nowhere but to this machine itself.
pub fn add_network(name: &str, addresses: &[&str]) {
    // Both ends of a wire are here.
    ip(&format!("link add {name} type veth peer name {name}-end"));
    for address in addresses {
        ip(&format!("address add {address} dev {name}"));
    }
    ip(&format!("link set {name} up"));
    ip(&format!("link set {name}-end up"));
}
