//! A way to stop a running program from another thread.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A shared switch: once pulled, every program that was given it (or a clone of it) is stopped, and none is started any more.
#[derive(Clone, Debug, Default)]
pub struct Cancel(Arc<AtomicBool>);

impl Cancel {
    /// A switch that is not pulled.
    pub fn new() -> Self {
        Self::default()
    }

    /// Stops them. Cannot be taken back. Only sets a flag, so that a signal handler's thread may call it.
    pub fn pull(&self) {
        self.0.store(true, Ordering::Release);
    }

    /// Whether it was pulled.
    pub fn is_pulled(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}
