//! A folder's index as its threads share it: the engine's writes, everybody reads, and while it is closed nobody can do either.

use homesync_engine::{Intent, Journal, Unreadable};
use homesync_index::{DurableIndex, IndexError};
use std::sync::{Arc, PoisonError, RwLock};

/// The index. Clones are the same one.
#[derive(Clone, Default)]
pub(crate) struct SharedIndex(Arc<RwLock<Option<DurableIndex>>>);

impl SharedIndex {
    /// Opens it, or closes it.
    pub(crate) fn set(&self, index: Option<DurableIndex>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = index;
    }

    /// Asks it.
    pub(crate) fn read<T>(
        &self,
        ask: impl FnOnce(&DurableIndex) -> Result<T, Unreadable>,
    ) -> Result<T, Unreadable> {
        match &*self.0.read().unwrap_or_else(PoisonError::into_inner) {
            Some(index) => ask(index),
            None => Err(Unreadable(CLOSED.to_string())),
        }
    }

    /// Changes it.
    pub(crate) fn write<T>(
        &self,
        change: impl FnOnce(&mut DurableIndex) -> Result<T, IndexError>,
    ) -> Result<T, IndexError> {
        match &mut *self.0.write().unwrap_or_else(PoisonError::into_inner) {
            Some(index) => change(index),
            None => Err(IndexError::Disk(CLOSED.to_string())),
        }
    }
}

const CLOSED: &str = "it is not open";

impl Journal for SharedIndex {
    type Error = IndexError;

    fn reserve(&mut self, many: u64) -> Result<u64, IndexError> {
        self.write(|index| index.reserve(many))
    }

    fn begin(&mut self, intents: &[Intent]) -> Result<(), IndexError> {
        self.write(|index| index.begin(intents))
    }
}
