//! Open files and directories: they keep their object alive until they are dropped or the machine is.

use super::Shared;
use super::image::Object;
use std::fmt;
use std::rc::Rc;

pub(super) struct Handle {
    pub(super) shared: Rc<Shared>,
    pub(super) object: Object,
    /// How often handles had died when it was opened: they die with the process that had them.
    pub(super) generation: u32,
}

impl Drop for Handle {
    fn drop(&mut self) {
        // A handle is never dropped inside a step of the disk; if it were, losing a little room is better than a second panic.
        let Ok(mut state) = self.shared.state.try_borrow_mut() else { return };
        if state.generation != self.generation {
            return;
        }
        state.open -= 1;
        if let Some(node) = state.disk.cached.get_mut(self.object) {
            node.handles -= 1;
        }
        state.disk.release(self.object);
    }
}

/// An open directory.
pub struct SimDirectory(pub(super) Handle);

/// An open file.
pub struct SimFile {
    pub(super) handle: Handle,
    pub(super) writable: bool,
}

impl fmt::Debug for SimDirectory {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "directory #{}", self.0.object)
    }
}

impl fmt::Debug for SimFile {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "file #{}", self.handle.object)
    }
}
