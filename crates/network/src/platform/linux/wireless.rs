//! The names of the radio networks that this machine is on.

use super::netlink::{Attributes, Netlink};
use std::io;

/// The kernel's family for radio, and what is asked of it.
const FAMILY: &str = "nl80211";
const GET_INTERFACE: u8 = 5;
const INTERFACE_NAME: u16 = 4;
const NETWORK_NAME: u16 = 52;

/// By interface. An error where there is no radio at all.
pub(super) fn names() -> io::Result<Vec<(String, String)>> {
    let netlink = Netlink::open()?;
    let family = netlink.family(FAMILY)?;
    Ok(netlink.list(family, GET_INTERFACE)?.iter().filter_map(name).collect())
}

/// An interface that is on no network has no name of one. Names that are no text belong to nobody's settings.
fn name(interface: &Attributes) -> Option<(String, String)> {
    let text = |wanted: u16| {
        let (_, value) = interface.iter().find(|(kind, _)| *kind == wanted)?;
        String::from_utf8(value.strip_suffix(&[0]).unwrap_or(value).to_vec()).ok()
    };
    Some((text(INTERFACE_NAME)?, text(NETWORK_NAME)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_interfaces_on_a_network_have_its_name() {
        let interface = (INTERFACE_NAME, b"wlan0\0".to_vec());
        let network = (NETWORK_NAME, b"Home sweet home".to_vec());
        let both = name(&vec![(3, vec![1, 0, 0, 0]), interface.clone(), network]);
        assert_eq!(both, Some(("wlan0".into(), "Home sweet home".into())));
        assert_eq!(name(&vec![interface.clone()]), None);
        assert_eq!(name(&vec![interface, (NETWORK_NAME, vec![0xff])]), None);
    }

    #[test]
    fn a_machine_without_radio_is_no_mishap() {
        if let Err(error) = names() {
            assert_eq!(error.kind(), io::ErrorKind::NotFound, "{error}");
        }
    }
}
