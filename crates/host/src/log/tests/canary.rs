//! A secret planted where it could leak, and a look at everything that was written.

use std::os::unix::net::UnixDatagram;

use super::*;
use crate::run::{Limit, Program};
use crate::secret::Secret;

const CANARY: &str = "canary-9e41d7-tweet";

#[test]
fn g7_canary_secrets_appear_in_no_sink() {
    for system in [SystemLog::Journald, SystemLog::Syslog] {
        let place = tempfile::tempdir().expect("a directory");
        let path = place.path().join("socket");
        let socket = UnixDatagram::bind(&path).expect("binds");
        let settings = LogSettings {
            terminal: LevelFilter::TRACE,
            system,
            system_level: LevelFilter::TRACE,
            system_socket: Some(path),
            ..to_file(place.path())
        };
        let (screen, lost) = logged(settings, || {
            run_with_canary("tee /dev/stderr");
            run_with_canary("tee /dev/stderr; exit 3");
            run_with_canary("cat >&2; sleep 60");
        });
        assert_eq!(lost, 0);
        let file = std::fs::read(place.path().join("homesync.jsonl")).expect("a log file");
        socket.set_nonblocking(true).expect("sets");
        let mut datagrams = Vec::new();
        let mut buffer = vec![0; 1 << 20];
        while let Ok(length) = socket.recv(&mut buffer) {
            datagrams.extend_from_slice(&buffer[..length]);
        }
        for (sink, bytes) in [("terminal", screen.into_bytes()), ("file", file), ("system log", datagrams)] {
            let text = String::from_utf8_lossy(&bytes);
            assert!(text.contains("[secret]"), "the {sink} saw what the program said: {text}");
            assert!(!text.contains(CANARY), "the {sink} shows the secret: {text}");
        }
    }
}

/// Runs a program that repeats its secret, and logs all that can be known of the run.
fn run_with_canary(script: &str) {
    let secret = Secret::new(format!("username=me\npassword={CANARY}\n").into_bytes());
    let limit = Limit::silence(std::time::Duration::from_millis(1500));
    let program = Program::new("sh").arguments(["-c", script]).secret_on_stdin(secret).limit(limit);
    match program.run() {
        Err(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, debug = ?error, "did not end")
        }
        Ok(output) => {
            tracing::info!(?output, "ended");
            if let Err(error) = output.check() {
                tracing::error!(error = &error as &dyn std::error::Error, debug = ?error, "failed");
            }
        }
    }
}
