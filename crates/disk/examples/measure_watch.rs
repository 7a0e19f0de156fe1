//! Measures a watcher over a directory: how long it takes to begin, what it remembers, and how soon a saved file is told:
//! `cargo run --release -p homesync-disk --example measure_watch DIRECTORY`. It writes `measured` into the directory.
#![expect(clippy::print_stdout, reason = "the output is its purpose")]
#![allow(clippy::unwrap_used, reason = "a measurement that fails is none")]

use homesync_disk::{Noticed, Settle, Watcher};
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::Instant;

/// Kibibytes of memory that this process has.
fn memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

fn main() {
    let root = std::env::args().nth(1).expect("a directory");
    let (tell, told) = channel();
    let (before, begin) = (memory(), Instant::now());
    let notice = Box::new(move |noticed: Noticed| drop(tell.send((Instant::now(), noticed))));
    let watcher = Watcher::start(Path::new(&root), Arc::new(|_| false), Settle::default(), notice).unwrap();
    println!("watching after {:?}, {} KiB more", begin.elapsed(), memory().saturating_sub(before));
    for _ in 0..5 {
        let saved = Instant::now();
        std::fs::write(Path::new(&root).join("measured"), "text").unwrap();
        let (at, noticed) = told.recv().unwrap();
        println!("{noticed:?} after {:?}", at - saved);
    }
    watcher.stop();
}
