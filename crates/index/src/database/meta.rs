//! What is stored once: the format, the mark of an unclean end, folders, and the names behind short numbers.

use crate::codec::{Cursor, Damaged, Dictionary, FolderRecord};
use crate::packed::Fault;
use homesync_protocol::DeviceId;
use redb::{ReadableTable, Table, TableDefinition};

/// The table, by names of ours.
pub(crate) const META: TableDefinition<'static, &str, &[u8]> = TableDefinition::new("meta");

/// The format that this version writes.
pub(crate) const FORMAT: u32 = 1;

const FORMAT_KEY: &str = "format";
const MARK: &str = "open";
const MACHINES: &str = "machines";
const DEVICES: &str = "devices";
const FOLDER: &str = "folder/";

/// Names behind the short numbers that are used in all folders. Only ever added to.
#[derive(Clone, Debug, Default)]
pub(crate) struct Names {
    /// Machines in version vectors.
    pub machines: Dictionary,
    /// Machines that said something, in the order of their numbers.
    pub devices: Vec<DeviceId>,
}

impl Names {
    /// The number of a machine that said something before.
    pub(crate) fn device(&self, device: DeviceId) -> Option<u16> {
        let place = self.devices.iter().position(|known| *known == device);
        place.and_then(|place| u16::try_from(place).ok())
    }

    /// The machine of a number.
    pub(crate) fn device_of(&self, number: u16) -> Result<DeviceId, Damaged> {
        let device = self.devices.get(usize::from(number)).copied();
        device.ok_or_else(|| Damaged::because("an unknown machine"))
    }
}

type Meta<'a> = Table<'a, &'static str, &'static [u8]>;

/// A value without its checksum.
fn get(table: &impl ReadableTable<&'static str, &'static [u8]>, key: &str) -> Result<Option<Vec<u8>>, Fault> {
    let Some(stored) = table.get(key)? else { return Ok(None) };
    let mut cursor = Cursor(stored.value());
    let expected = cursor.array::<4>()?;
    if checksum(key, cursor.0) != expected {
        return Err(Damaged(format!("{key} does not fit its checksum")).into());
    }
    Ok(Some(cursor.0.to_vec()))
}

pub(crate) fn put(table: &mut Meta<'_>, key: &str, value: &[u8]) -> Result<(), Fault> {
    let stored = [&checksum(key, value), value].concat();
    table.insert(key, stored.as_slice())?;
    Ok(())
}

fn checksum(key: &str, value: &[u8]) -> [u8; 4] {
    crate::packed::checksum(key.as_bytes(), value)
}

/// The format of the database.
pub(crate) fn format(table: &impl ReadableTable<&'static str, &'static [u8]>) -> Result<u32, Fault> {
    let value = get(table, FORMAT_KEY)?.ok_or_else(|| Damaged::because("it says no format"))?;
    Ok(u32::from_be_bytes(Cursor(&value).array()?))
}

pub(crate) fn put_format(table: &mut Meta<'_>, format: u32) -> Result<(), Fault> {
    put(table, FORMAT_KEY, &format.to_be_bytes())
}

/// The last use did not end cleanly.
pub(crate) fn is_marked(table: &impl ReadableTable<&'static str, &'static [u8]>) -> Result<bool, Fault> {
    let value = get(table, MARK)?.ok_or_else(|| Damaged::because("the mark of its state is missing"))?;
    Ok(value != [0])
}

pub(crate) fn mark(table: &mut Meta<'_>, is_open: bool) -> Result<(), Fault> {
    put(table, MARK, &[u8::from(is_open)])
}

pub(crate) fn names(table: &impl ReadableTable<&'static str, &'static [u8]>) -> Result<Names, Fault> {
    let mut names = Names::default();
    let missing = || Damaged::because("the names are missing");
    let machines = get(table, MACHINES)?.ok_or_else(missing)?;
    let mut cursor = Cursor(&machines);
    while !cursor.0.is_empty() {
        names.machines.add(u64::from_be_bytes(cursor.array()?));
    }
    let devices = get(table, DEVICES)?.ok_or_else(missing)?;
    let mut cursor = Cursor(&devices);
    while !cursor.0.is_empty() {
        names.devices.push(DeviceId::from_bytes(cursor.array::<32>()?));
    }
    Ok(names)
}

/// Stores names that are not stored yet.
pub(crate) fn put_names(table: &mut Meta<'_>, names: &Names) -> Result<(), Fault> {
    let machines: Vec<u8> = names.machines.names().iter().flat_map(|name| name.to_be_bytes()).collect();
    put(table, MACHINES, &machines)?;
    let devices: Vec<u8> = names.devices.iter().flat_map(|device| *device.as_bytes()).collect();
    put(table, DEVICES, &devices)
}

/// What is known about a folder.
pub(crate) fn folder(
    table: &impl ReadableTable<&'static str, &'static [u8]>,
    name: &str,
) -> Result<Option<FolderRecord>, Fault> {
    match get(table, &format!("{FOLDER}{name}"))? {
        Some(value) => Ok(Some(FolderRecord::decode(&value)?)),
        None => Ok(None),
    }
}

pub(crate) fn put_folder(table: &mut Meta<'_>, name: &str, record: &FolderRecord) -> Result<(), Fault> {
    put(table, &format!("{FOLDER}{name}"), &record.encode())
}

/// The names of all folders with their values, as they are stored.
pub(crate) fn folders(
    table: &impl ReadableTable<&'static str, &'static [u8]>,
) -> Result<Vec<(String, Vec<u8>)>, Fault> {
    let mut folders = Vec::new();
    for pair in table.range::<&str>(FOLDER..)? {
        let (key, _) = pair?;
        let Some(name) = key.value().strip_prefix(FOLDER) else { break };
        let value = get(table, key.value())?.unwrap_or_default();
        folders.push((name.to_owned(), value));
    }
    Ok(folders)
}
