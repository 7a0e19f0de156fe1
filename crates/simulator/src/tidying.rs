//! What git does by itself: when it tidies up, objects go that it has put into a pack or that nothing needs. No guard asks a person about that, as
//! long as the repository itself stays.

use homesync_engine::{Candidates, View, git};
use homesync_paths::RelativePath;

/// The path is an object of a repository that is there and stays.
pub(crate) fn is_tidied_up(path: &RelativePath, view: &dyn View) -> bool {
    let head = git::head_of_object(path).and_then(|head| Candidates::read(view, &head).ok());
    head.is_some_and(|head| head.global().is_some_and(|global| global.is_present()))
}
