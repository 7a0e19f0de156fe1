//! The tables `[machines.NAME]`: the other machines that this one knows, by the names that people gave them.

use super::MachineName;
use super::values::{ValueError, is_host};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::fmt;
use std::str::FromStr;

/// Another machine.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MachineSettings {
    /// By which it is known for certain.
    pub device: DeviceText,
    /// Where it can be reached.
    #[serde(default = "dynamic")]
    pub addresses: Vec<MachineAddress>,
    /// What is compressed on the way to it.
    #[serde(default)]
    pub compression: CompressionWord,
    /// KiB a second that are sent to it at most; zero for as many as there are.
    #[serde(default)]
    pub send_limit: u64,
    /// KiB a second that are received from it at most.
    #[serde(default)]
    pub receive_limit: u64,
    /// The named networks on which it is connected; everywhere when empty.
    #[serde(default)]
    pub networks: Vec<String>,
}

impl MachineSettings {
    /// With defaults for everything but its device id.
    pub fn new(device: DeviceText) -> Self {
        Self {
            device,
            addresses: dynamic(),
            compression: CompressionWord::default(),
            send_limit: 0,
            receive_limit: 0,
            networks: Vec::new(),
        }
    }
}

fn dynamic() -> Vec<MachineAddress> {
    vec![MachineAddress("dynamic".to_owned())]
}

/// The id of a machine as text. Whether its check characters are right is known where ids are computed; here it has their form.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DeviceText(String);

impl DeviceText {
    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for DeviceText {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        let letters = text.chars().filter(|character| !matches!(character, '-' | ' '));
        let is_letter = |character: char| character.is_ascii_alphanumeric();
        match letters.clone().all(is_letter) && matches!(letters.count(), 52 | 56) {
            true => Ok(Self(text.to_owned())),
            false => Err(ValueError(
                "expected a device id of 8 groups of 7 letters, as `homesync machine id --device` prints it"
                    .to_owned(),
            )),
        }
    }
}

/// Where a machine can be reached: `tcp://HOST:PORT`, `quic://HOST:PORT`, or `dynamic` for wherever it announces itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MachineAddress(String);

impl MachineAddress {
    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for MachineAddress {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        let wrong = || {
            ValueError(
                "expected tcp://HOST:PORT, quic://HOST:PORT or dynamic, such as `tcp://attic.lan:22000`"
                    .to_owned(),
            )
        };
        if text == "dynamic" {
            return Ok(Self(text.to_owned()));
        }
        let place = ["tcp", "tcp4", "tcp6", "quic", "quic4", "quic6"]
            .iter()
            .find_map(|scheme| text.strip_prefix(scheme)?.strip_prefix("://"))
            .ok_or_else(wrong)?;
        let end = place.rfind(']').map_or(0, |end| end + 1);
        let (host, port) = match place[end..].split_once(':') {
            Some((rest, port)) => (&place[..end + rest.len()], Some(port)),
            None => (place, None),
        };
        let is_port = port.is_none_or(|port| port.parse::<u16>().is_ok_and(|port| port > 0));
        match !host.is_empty() && is_host(host) && is_port {
            true => Ok(Self(text.to_owned())),
            false => Err(wrong()),
        }
    }
}

/// What is compressed on the way to a machine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CompressionWord {
    /// Everything but people's bytes.
    #[default]
    Metadata,
    /// Everything.
    Always,
    /// Nothing.
    Never,
}

impl FromStr for CompressionWord {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        match text {
            "metadata" => Ok(Self::Metadata),
            "always" => Ok(Self::Always),
            "never" => Ok(Self::Never),
            _ => Err(ValueError("expected one of metadata, always, never".to_owned())),
        }
    }
}

impl fmt::Display for CompressionWord {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Metadata => "metadata",
            Self::Always => "always",
            Self::Never => "never",
        })
    }
}

impl fmt::Display for DeviceText {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl fmt::Display for MachineAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

super::values::serde_as_text!(DeviceText);
super::values::serde_as_text!(MachineAddress);
super::values::serde_as_text!(CompressionWord);

/// Names are keys of tables.
impl PartialOrd for MachineName {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for MachineName {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.as_str().cmp(other.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_machines_name_a_host() {
        for good in ["dynamic", "tcp://attic:22000", "tcp://attic", "quic://[fd00::1]:5", "tcp6://[::1]"] {
            assert_eq!(good.parse::<MachineAddress>().expect("an address").as_str(), good);
        }
        for bad in ["", "attic", "tcp://", "tcp://:5", "tcp://a:0", "tcp://a:x", "relay://a:1", "tcp://a b"] {
            assert!(bad.parse::<MachineAddress>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_device_id_has_its_form() {
        let good = "4CKWLWX-VBOBCBM-HRK2E6J-32OXDTQ-JHH3YH4-GDLN43D-67GSLSM-XMMGSQO";
        assert_eq!(good.parse::<DeviceText>().expect("an id").as_str(), good);
        for bad in ["", "attic", &good[1..], "4CKWLWX_VBOBCBM"] {
            assert!(bad.parse::<DeviceText>().is_err(), "{bad:?}");
        }
    }
}
