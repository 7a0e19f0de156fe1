//! What kind of file system is simulated.

use homesync_protocol::Timestamp;

/// The properties of a simulated file system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// `a` and `A` are one name (ASCII only).
    pub folds_case: bool,
    /// Two names can change places in one step. Without it the call fails with `EINVAL`.
    pub exchange: bool,
    /// A file can begin as what another holds. Without it the call fails with `EOPNOTSUPP`, as on ext4.
    pub clones: bool,
    /// After a power cut, what was done later is there only with all that was done earlier, and no file holds zeros that nobody
    /// wrote, as on ext4. Without it only needs are kept: what a name or object was built on.
    pub ordered: bool,
    /// The number of an object that is gone is given to the next new one, as ext4 does.
    pub reuses_numbers: bool,
    /// Times are rounded down to a multiple of this.
    pub granularity_nanoseconds: u64,
    /// The clock moves by this much with every call, so that two changes differ. Zero makes them look like one.
    pub tick_nanoseconds: u64,
    /// Bytes of room for files' content.
    pub capacity: u64,
    /// How many objects there may be.
    pub objects: u64,
    /// How many files and directories a process may hold open.
    pub handles: u64,
    /// Which file system it is.
    pub device: u64,
    /// We are an ordinary user, whom permissions bind.
    pub is_bound: bool,
    /// Who owns what is made.
    pub owner: u32,
    /// The group of what is made.
    pub group: u32,
    /// Objects can be given to others. Without it the call fails with `EPERM`, as it does for everybody but root.
    pub gives: bool,
    /// Objects can have attributes. Without it the calls fail with `EOPNOTSUPP`, as on FAT.
    pub attributes: bool,
    /// Users and groups with a number below this have a name: `u7` and `g7`.
    pub named: u32,
    /// What the clock shows at first.
    pub now: Timestamp,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            folds_case: false,
            exchange: true,
            clones: false,
            ordered: false,
            reuses_numbers: false,
            granularity_nanoseconds: 1,
            tick_nanoseconds: 1_000,
            capacity: 1 << 40,
            objects: 1 << 40,
            handles: 1 << 40,
            device: 1,
            is_bound: false,
            owner: 1000,
            group: 1000,
            gives: true,
            attributes: true,
            named: 5_000,
            now: Timestamp::at(1_700_000_000),
        }
    }
}
