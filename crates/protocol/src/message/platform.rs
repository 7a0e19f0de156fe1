//! Owner and attributes: between their form on the wire and [`Metadata`].

use crate::error::RefusedReason;
use crate::metadata::{Attribute, MOST_METADATA, Metadata, Owner, System, WindowsOwner};
use crate::wire::{self, field, text};
use std::sync::Arc;

pub(super) fn to_wire(metadata: &Metadata) -> wire::Platform {
    let attributes = |system: System| {
        metadata.attributes(system).map(|all| wire::Attributes {
            all: all
                .iter()
                .map(|one| wire::Attribute { name: field(&one.name), value: field(&one.value) })
                .collect(),
        })
    };
    wire::Platform {
        unix: metadata.owner.as_ref().map(|owner| wire::Unix {
            owner: field(&owner.user),
            group: field(&owner.group),
            uid: owner.user_number as i32,
            gid: owner.group_number as i32,
        }),
        windows: metadata
            .windows_owner
            .as_ref()
            .map(|owner| wire::Windows { owner: field(&owner.name), is_group: owner.is_group }),
        linux: attributes(System::Linux),
        darwin: attributes(System::Darwin),
        freebsd: attributes(System::FreeBsd),
        netbsd: attributes(System::NetBsd),
    }
}

/// Nothing where nothing was said. An item with absurdly many attributes is refused.
pub(super) fn from_wire(wire: Option<wire::Platform>) -> Result<Option<Arc<Metadata>>, RefusedReason> {
    let Some(wire) = wire else { return Ok(None) };
    let owner = wire.unix.map(|unix| Owner {
        user: text(&unix.owner),
        group: text(&unix.group),
        user_number: unix.uid as u32,
        group_number: unix.gid as u32,
    });
    let windows =
        wire.windows.map(|windows| WindowsOwner { name: text(&windows.owner), is_group: windows.is_group });
    let mut metadata = Metadata::new(owner, windows);
    for (system, all) in System::ALL.into_iter().zip([wire.linux, wire.darwin, wire.freebsd, wire.netbsd]) {
        let Some(all) = all else { continue };
        let all = all.all.into_iter();
        let all = all.map(|one| Attribute { name: text(&one.name), value: one.value.to_vec() }).collect();
        metadata.set_attributes(system, all);
    }
    match metadata.size() {
        size if size > MOST_METADATA => Err(RefusedReason::Metadata(size)),
        _ => Ok((!metadata.is_empty()).then(|| Arc::new(metadata))),
    }
}
