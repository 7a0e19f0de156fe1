//! What is displaced goes to a program of a person's, where the folder keeps its versions that way.
//!
//! The program gets the file in its place, as other tools of this kind give it, and must take it away. Only then does anything else get its
//! name. So at any kill the file is in its place or where the program has put it; and as nothing of a person's is moved by us, there is no
//! intent to be settled.
//!
//! The file is held open meanwhile. If it was written to while the program ran, or the program failed and the file is gone all the same, its bytes
//! go back into place: whatever the program has is a copy then.
//!
//! RACE: who saves a file by giving its name to another one, between our last look and the program's taking it away, has the new one taken. Then it is
//! where the program keeps versions, and what another machine has made of the file is in place.

use super::across::is_across;
use super::foresight::Target;
use super::prepare::{Prepared, is_untouched, missing_is_changed};
use super::{Executor, Stop, write_all};
use crate::area::slot;
use crate::staging::read_full;
use crate::tree::Place;
use crate::vfs::Vfs;
use homesync_engine::{Displaced, Done, Expected, Failure, Kept, Operation, Remedy, Step, Undone};
use homesync_paths::{RelativePath, Shown};
use homesync_protocol::Kind;
use std::io;

/// So many bytes are copied at a time.
const PIECE: usize = 1 << 20;

/// A person's program that keeps what is displaced.
#[derive(Clone, Copy)]
pub struct External<'p> {
    /// What it is called.
    pub name: &'p str,
    /// Has it take away the file at this path of the folder. Both answers say in words how it ended and what it said: whether the file is gone is
    /// looked at here.
    pub take_away: &'p dyn Fn(&RelativePath) -> Result<String, String>,
}

/// The operation displaces a file of which a version is kept. Links and directories have none, and neither has what only gets
/// other permissions or another time.
pub(super) fn displaces_file(operation: &Operation) -> bool {
    let displaces = match &operation.step {
        Step::Put { displaced } => *displaced == Displaced::Recovery,
        Step::Remove => true,
        Step::Move { .. } | Step::Adjust | Step::Dress => false,
    };
    displaces && matches!(operation.expected, Expected::Object(stamp) if stamp.kind == Kind::File)
}

impl<V: Vfs> Executor<'_, V> {
    /// The program that is to take away what this operation displaces.
    pub(super) fn program_for(&self, operation: &Operation) -> Option<External<'_>> {
        self.external.filter(|_| displaces_file(operation))
    }

    /// Does an operation after the program has taken away what it displaces.
    pub(super) fn act_with_program(
        &self,
        program: External<'_>,
        operation: &Operation,
        prepared: Prepared<V>,
    ) -> Result<Done, Stop> {
        let place = match self.tree.place(&operation.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound && operation.step == Step::Remove => {
                return self.gone_already(operation);
            }
            place => place.map_err(missing_is_changed)?,
        };
        self.names_change(&place.directory)?;
        let Some(target) = self.last_look(operation, &place)? else { return Ok(Done::default()) };
        self.have_it_taken(program, operation, &place, &target, &prepared.act)?;
        let kept = Some(Kept::Program(program.name.to_string()));
        match &operation.step {
            Step::Put { .. } => Ok(Done { kept, ..self.put_new(operation, prepared.staged)? }),
            _ => Ok(Done { kept, ..Done::default() }),
        }
    }

    fn have_it_taken(
        &self,
        program: External<'_>,
        operation: &Operation,
        place: &Place<V>,
        target: &Target,
        act: &str,
    ) -> Result<(), Stop> {
        let vfs = self.tree.vfs;
        let held = vfs.open_file(&place.directory, place.name()?).map_err(missing_is_changed)?;
        let is_target = |file: &V::File| -> Result<bool, Stop> {
            Ok(vfs.file_status(file)?.stamp().is_some_and(|found| is_untouched(&found, &target.stamp)))
        };
        if !is_target(&held)? {
            return Err(Stop::Undone(Undone::Changed));
        }
        let said = (program.take_away)(&operation.path);
        let refused = |words: &str| {
            let path = Shown::new(operation.path.as_str());
            let text = format!("{path}: no version of it could be kept, so it stays as it is: {words}");
            Stop::Undone(Undone::Failed(Failure { remedy: Remedy::RetryItem, text }))
        };
        match (self.tree.status(place)?, &said) {
            (Some(found), said) => {
                let is_left = found.stamp().is_some_and(|found| is_untouched(&found, &target.stamp));
                let words = match said {
                    Ok(words) => format!("{words}, and it did not take the file away"),
                    Err(words) => words.clone(),
                };
                // Another one under its name is a person's, who was quicker; and so is what was written to it.
                Err(if is_left { refused(&words) } else { Stop::Undone(Undone::Changed) })
            }
            (None, Ok(_)) if is_target(&held)? => Ok(()),
            (None, Ok(_)) => {
                self.bring_back(&held, place, operation, act)?;
                Err(Stop::Undone(Undone::Changed))
            }
            (None, Err(words)) => {
                self.bring_back(&held, place, operation, act)?;
                Err(refused(words))
            }
        }
    }

    /// Puts the bytes of a file that was taken away back into place. They are in the recovery area first, where they stay if its name was
    /// given to something else by now.
    fn bring_back(
        &self,
        held: &V::File,
        place: &Place<V>,
        operation: &Operation,
        act: &str,
    ) -> Result<(), Stop> {
        let vfs = self.tree.vfs;
        let status = vfs.file_status(held)?;
        let at = format!("{act}/{}", operation.path.as_str());
        let (directory, name) = slot(&self.tree, &at)?;
        self.names_change(&directory)?;
        let file = vfs.create_file(&directory, name, 0o600)?;
        let mut bytes = vec![0; PIECE];
        let mut offset = 0;
        loop {
            let filled = read_full(vfs, held, offset, &mut bytes)?;
            write_all(vfs, &file, offset, &bytes[..filled])?;
            offset += filled as u64;
            if filled < bytes.len() {
                break;
            }
        }
        vfs.set_file_permissions(&file, status.permissions & 0o777)?;
        vfs.set_modified(&file, status.modified)?;
        vfs.synchronize_file(&file)?;
        match vfs.rename_no_replace(&directory, name, &place.directory, place.name()?) {
            Err(error)
                if !is_across(&error)
                    && !matches!(error.kind(), io::ErrorKind::AlreadyExists | io::ErrorKind::NotFound) =>
            {
                Err(error.into())
            }
            _ => Ok(()),
        }
    }
}
