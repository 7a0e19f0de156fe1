//! The watcher on a real file system. Nothing sleeps: each test waits for what it expects, up to a deadline.
#![cfg(target_os = "linux")]

mod watch {
    pub mod limit;
    pub mod listener;
    pub mod tree;
}
