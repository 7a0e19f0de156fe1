//! The tables `[networks.NAME]`: networks that a person has given names, to which machines and folders can be kept.

use serde::{Deserialize, Serialize};

/// What is known of a network. This machine is on it when everything that is said here holds. Whether addresses are written as they should be
/// is known where they are compared.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct NetworkSettings {
    /// This machine has an address in one of these, such as `192.168.1.0/24`.
    pub subnets: Vec<String>,
    /// What leads from there to everywhere else has this address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gateway: Option<String>,
    /// And this hardware, such as `00:11:22:aa:bb:cc`, which tells one house's router from another's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gateway_mac: Option<String>,
    /// The name that its radio shows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wifi: Option<String>,
}
