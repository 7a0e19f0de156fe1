//! The identity as other programs see it: real Syncthing, real age, real OpenSSL.

use crate::environment::{Environment, finish};
use std::fs;
use std::io::Write;
use std::process::Stdio;

fn device_id(environment: &Environment) -> String {
    environment.run(["machine", "id", "--device"]).ends_with(0).stdout.trim().to_owned()
}

#[test]
fn syncthing_computes_the_same_device_id_from_our_certificate() {
    let environment = Environment::ready();
    let home = environment.path("syncthing");
    fs::create_dir(&home).expect("created");
    for name in ["cert.pem", "key.pem"] {
        fs::copy(environment.path(".local/share/homesync/identity").join(name), home.join(name))
            .expect("copied");
    }
    let ran =
        finish(environment.program("syncthing").arg(format!("--home={}", home.display())).arg("--device-id"));
    assert_eq!(ran.ends_with(0).stdout.trim(), device_id(&environment));
}

#[test]
fn openssl_reads_the_key_and_finds_in_the_certificate_what_peers_look_for() {
    let environment = Environment::ready();
    let file = |name: &str| environment.path(".local/share/homesync/identity").join(name);
    finish(environment.program("openssl").args(["pkey", "-noout", "-check", "-in"]).arg(file("key.pem")))
        .ends_with(0);
    let text =
        finish(environment.program("openssl").args(["x509", "-noout", "-text", "-in"]).arg(file("cert.pem")));
    let text = text.ends_with(0).stdout;
    for expected in [
        "Version: 3",
        "Signature Algorithm: ED25519",
        "Subject: O = Syncthing, OU = Automatically Generated, CN = syncthing",
        "DNS:syncthing",
        "Digital Signature, Key Encipherment",
        "TLS Web Server Authentication, TLS Web Client Authentication",
        "CA:FALSE",
        "00:00:00",
    ] {
        assert!(text.contains(expected), "{expected} is missing in {text}");
    }
}

#[test]
fn age_opens_what_was_closed_for_our_key() {
    let environment = Environment::ready();
    let key = environment.path(".local/share/homesync/identity/age.txt");
    let text = fs::read_to_string(&key).expect("readable");
    let recipient = text.lines().find_map(|line| line.strip_prefix("# public key: ")).expect("a public key");
    let sealed = environment.path("sealed");
    let mut age =
        environment.program("age").args(["-r", recipient, "-o"]).arg(&sealed).stdin(Stdio::piped()).spawn();
    let age = age.as_mut().expect("age runs; `cargo xtask setup` installs it");
    age.stdin.take().expect("a pipe").write_all(b"hello").expect("written");
    assert!(age.wait().expect("it ends").success());
    let opened = finish(environment.program("age").arg("-d").arg("-i").arg(&key).arg(&sealed)).ends_with(0);
    assert_eq!(opened.stdout, "hello");
}

#[test]
fn the_machine_commands_tell_who_this_is() {
    let environment = Environment::new();
    let id = environment.run(["machine", "id"]).ends_with(0).stdout;
    assert!(id.starts_with("pia@"), "{id}");
    environment.run(["machine", "id", "--device"]).ends_with(1).says("homesync init");
    environment.run(["machine", "list"]).ends_with(0).says("homesync init");
    assert_eq!(environment.run(["machine", "list", "--json"]).json()["machines"], serde_json::json!([]));

    environment.run(["init", "--name", "attic", "--kind", "laptop"]).ends_with(0);
    let id = environment.run(["machine", "id"]).ends_with(0).stdout;
    assert!(id.starts_with("pia@") && id.ends_with("-laptop\n"), "{id}");
    let listed = environment.run(["machine", "list", "--json"]).ends_with(0).json();
    assert_eq!(listed["version"], 1);
    assert_eq!(listed["machines"][0]["device_id"], device_id(&environment));
    assert_eq!(device_id(&environment).split('-').map(str::len).collect::<Vec<_>>(), [7; 8]);
    assert_eq!(environment.run(["machine", "id", "--json"]).json()["machine"]["id"], id.trim());
    assert!(environment.run(["machine", "list"]).stdout.contains("attic  laptop  "));
}

#[test]
fn without_a_name_in_the_environment_the_system_is_asked() {
    let environment = Environment::new();
    let mut command = environment.homesync();
    let ran = finish(command.env_remove("USER").env_remove("LOGNAME").args(["machine", "id"])).ends_with(0);
    let user = finish(environment.program("id").arg("-un")).stdout;
    assert!(ran.stdout.starts_with(&format!("{}@", user.trim())), "{ran:?}");
}
