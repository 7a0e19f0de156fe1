//! Directories that stay open for a while, by path: few enough that no limit of the system is met, however large the folder is.

use homesync_paths::RelativePath;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::sync::Arc;

/// So many are kept: more than a path has directories, nearly always, so that what stands together is opened once.
const MOST: usize = 128;

/// Open directories, of which the longest unused one is closed first.
pub(crate) struct Handles<D> {
    open: RefCell<BTreeMap<String, (Arc<D>, u64)>>,
    used: Cell<u64>,
}

impl<D> Default for Handles<D> {
    fn default() -> Self {
        Self { open: RefCell::default(), used: Cell::new(0) }
    }
}

impl<D> Handles<D> {
    /// The directory with this path, if it is open.
    pub(crate) fn get(&self, path: &str) -> Option<Arc<D>> {
        let used = self.tick();
        let mut open = self.open.borrow_mut();
        let (directory, last) = open.get_mut(path)?;
        *last = used;
        Some(Arc::clone(directory))
    }

    /// Keeps none of them any longer. Answers whether that closed any.
    pub(crate) fn give_back(&self) -> bool {
        !std::mem::take(&mut *self.open.borrow_mut()).is_empty()
    }

    /// Keeps a directory open.
    pub(crate) fn keep(&self, path: &str, directory: Arc<D>) {
        let used = self.tick();
        let mut open = self.open.borrow_mut();
        if open.len() >= MOST {
            let oldest = open.iter().min_by_key(|(_, (_, last))| *last).map(|(path, _)| path.clone());
            oldest.map(|path| open.remove(&path));
        }
        open.insert(path.to_string(), (directory, used));
    }

    /// What is at and below a path is not to be trusted any more.
    pub(crate) fn forget(&self, path: &RelativePath) {
        let below = format!("{}/", path.as_str());
        self.open.borrow_mut().retain(|open, _| open != path.as_str() && !open.starts_with(&below));
    }

    fn tick(&self) -> u64 {
        self.used.set(self.used.get() + 1);
        self.used.get()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_unused_is_closed_first() {
        let handles = Handles::default();
        for number in 0..MOST {
            handles.keep(&number.to_string(), Arc::new(number));
        }
        assert!(handles.get("0").is_some());
        handles.keep("new", Arc::new(MOST));
        assert!(handles.get("1").is_none());
        assert_eq!((handles.get("0").as_deref(), handles.get("new").as_deref()), (Some(&0), Some(&MOST)));
    }
}
