//! Compares two indexes by everything that they say.

use homesync_engine::Unreadable;
use homesync_index::Index;
use homesync_protocol::DeviceId;

/// Records of the journal that are compared: it only grows.
const RECORDS: usize = 20;

/// The first thing of which they say different things.
pub fn difference(one: &dyn Index, other: &dyn Index, devices: &[DeviceId]) -> Option<String> {
    let (one, other) = (says(one, devices), says(other, devices));
    match (&one, &other) {
        (Ok(lines), Ok(others)) => {
            let place =
                (0..lines.len().max(others.len())).find(|place| lines.get(*place) != others.get(*place))?;
            Some(format!("{:?} and not {:?}", lines.get(place), others.get(place)))
        }
        _ => Some(format!("{:?} and {:?}", one.err(), other.err())),
    }
}

fn says(index: &dyn Index, devices: &[DeviceId]) -> Result<Vec<String>, Unreadable> {
    let mut lines = vec![format!(
        "id {} sequence {} floor {} fresh {} present {}",
        index.index_id(),
        index.sequence(),
        index.counter_floor(),
        index.fresh(),
        index.present()?
    )];
    lines.extend(index.locals(None, usize::MAX)?.iter().map(|local| format!("{local:?}")));
    let mut paths = Vec::new();
    index.paths_below(None, &mut |path| {
        paths.push(path.clone());
        true
    })?;
    for path in paths {
        lines.push(format!("{path:?} {:?} {:?}", index.others(&path)?, index.agreed(&path)?));
    }
    let announced = index.announce_since(0, usize::MAX)?;
    lines.push(format!(
        "{:?}",
        announced.iter().map(|entry| (entry.sequence, &entry.path)).collect::<Vec<_>>()
    ));
    lines.extend(index.open_intents()?.iter().map(|intent| format!("{intent:?}")));
    lines.push(format!("{:?}", index.journal(None, RECORDS)?));
    for device in devices {
        lines.push(format!("{:?}", index.others_position(*device)?));
    }
    Ok(lines)
}
