//! Extended attributes of what is open.

use super::platform::NO_SUCH_ATTRIBUTE;
use rustix::buffer::spare_capacity;
use rustix::fd::BorrowedFd;
use rustix::fs::{XattrFlags, fgetxattr, flistxattr, fremovexattr, fsetxattr};
use rustix::io::{Errno, retry_on_intr};

/// Names that fit without asking twice: most objects have none, or a few.
const USUAL: usize = 1_024;

/// Sorted.
pub(super) fn names(of: BorrowedFd<'_>) -> Result<Vec<Vec<u8>>, Errno> {
    let mut room = USUAL;
    let mut list = loop {
        let mut list = Vec::with_capacity(room);
        match retry_on_intr(|| flistxattr(of, spare_capacity(&mut list))) {
            // There are more, or more than a moment ago.
            Err(Errno::RANGE) => room *= 4,
            Err(errno) => return Err(errno),
            Ok(_) => break list,
        }
    };
    // Each name ends with a zero.
    list.pop();
    if list.is_empty() {
        return Ok(Vec::new());
    }
    let mut names: Vec<Vec<u8>> = list.split(|byte| *byte == 0).map(<[u8]>::to_vec).collect();
    names.sort_unstable();
    Ok(names)
}

/// Nothing if it is not there, or larger.
pub(super) fn value(of: BorrowedFd<'_>, name: &str, most: usize) -> Result<Option<Vec<u8>>, Errno> {
    // One byte more: without any room the system answers how much it would be, and no error.
    let mut value = Vec::with_capacity(most + 1);
    match retry_on_intr(|| fgetxattr(of, name, spare_capacity(&mut value))) {
        Err(errno) if errno == NO_SUCH_ATTRIBUTE || errno == Errno::RANGE => Ok(None),
        Err(errno) => Err(errno),
        Ok(_) => Ok((value.len() <= most).then_some(value)),
    }
}

pub(super) fn set(of: BorrowedFd<'_>, name: &str, value: &[u8]) -> Result<(), Errno> {
    retry_on_intr(|| fsetxattr(of, name, value, XattrFlags::empty()))
}

pub(super) fn remove(of: BorrowedFd<'_>, name: &str) -> Result<(), Errno> {
    match retry_on_intr(|| fremovexattr(of, name)) {
        Err(errno) if errno == NO_SUCH_ATTRIBUTE => Ok(()),
        result => result,
    }
}
