//! What kind of computer this is, and who uses it.

use crate::configuration::{MachineKind, MachineName};
use crate::file;
use crate::platform::ONLY_KIND;
use std::ffi::OsString;
use std::fs;
use std::path::Path;

/// Words in a computer's own description that only virtual machines of hosting companies carry.
const CLOUD_MAKERS: [&str; 12] = [
    "amazon ec2",
    "google compute engine",
    "digitalocean",
    "hetzner",
    "alibaba cloud",
    "openstack",
    "scaleway",
    "vultr",
    "linode",
    "akamai",
    "oraclecloud",
    "upcloud",
];

/// Microsoft builds computers too: this number in the chassis is only on those it lets.
const AZURE_CHASSIS: &str = "7783-7084-3265-9085-8269-3286-77";

/// Finds out what kind of computer this is: `mac`, `cloud`, `laptop`, or else `server`. `root` is `/`, or a stand-in for it in tests.
pub fn detect_kind(root: &Path) -> MachineKind {
    let kind = if let Some(kind) = ONLY_KIND {
        kind
    } else if is_cloud(root) {
        "cloud"
    } else if has_battery(root) {
        "laptop"
    } else {
        "server"
    };
    MachineKind::known(kind)
}

fn is_cloud(root: &Path) -> bool {
    if matches!(file::is_present(&root.join("etc/ec2-metadata")), Ok(true)) {
        return true;
    }
    let described = |name: &str| {
        let text = fs::read_to_string(root.join("sys/class/dmi/id").join(name)).unwrap_or_default();
        text.trim().to_lowercase()
    };
    let names =
        ["sys_vendor", "product_name", "bios_vendor", "board_vendor", "chassis_vendor", "chassis_asset_tag"];
    names.iter().any(|name| {
        let text = described(name);
        text == AZURE_CHASSIS || CLOUD_MAKERS.iter().any(|maker| text.contains(maker))
    })
}

/// Only the computer's own battery counts: a wireless mouse has one too, with the scope of a device.
fn has_battery(root: &Path) -> bool {
    let Ok(supplies) = fs::read_dir(root.join("sys/class/power_supply")) else { return false };
    supplies.flatten().any(|supply| {
        let says = |name: &str| fs::read_to_string(supply.path().join(name)).unwrap_or_default();
        says("type").trim() == "Battery" && says("scope").trim() != "Device"
    })
}

/// The name of the user, from the environment or else from the system's own `id`. None when neither says one that can be used.
pub fn user_name<E>(
    variable: impl Fn(&str) -> Option<OsString>,
    ask_system: impl FnOnce() -> Result<String, E>,
) -> Result<Option<String>, E> {
    let named = ["USER", "LOGNAME"].iter().filter_map(|name| variable(name)?.into_string().ok());
    if let Some(name) = named.map(|name| usable(&name)).find(|name| !name.is_empty()) {
        return Ok(Some(name));
    }
    let name = usable(&ask_system()?);
    Ok(Some(name).filter(|name| !name.is_empty()))
}

/// The name of this computer, without a domain.
pub fn host_name() -> String {
    short_host_name(&rustix::system::uname().nodename().to_string_lossy())
}

fn short_host_name(full: &str) -> String {
    let short = usable(full.split('.').next().unwrap_or_default());
    if short.is_empty() { "host".to_owned() } else { short }
}

/// `user@host`, what a machine is called when nobody says otherwise.
pub fn default_name(user: &str, host: &str) -> Option<MachineName> {
    format!("{user}@{host}").parse().ok()
}

/// Keeps what a machine name may hold.
fn usable(text: &str) -> String {
    let kept =
        text.trim().chars().filter(|character| character.is_alphanumeric() || "._+-".contains(*character));
    kept.take(30).collect::<String>().trim_start_matches(['.', '-']).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A root with these files.
    #[cfg(target_os = "linux")]
    fn computer(files: &[(&str, &str)]) -> tempfile::TempDir {
        let root = tempfile::tempdir().expect("a temporary directory");
        for (path, text) in files {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().expect("below the root")).expect("created");
            fs::write(path, text).expect("written");
        }
        root
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn kinds_are_told_apart() {
        let battery = ("sys/class/power_supply/BAT0/type", "Battery\n");
        for (files, kind) in [
            (&[][..], "server"),
            (&[("etc/ec2-metadata", "")], "cloud"),
            (&[("sys/class/dmi/id/sys_vendor", "Amazon EC2\n")], "cloud"),
            (&[("sys/class/dmi/id/product_name", "Google Compute Engine\n")], "cloud"),
            (&[("sys/class/dmi/id/chassis_asset_tag", "7783-7084-3265-9085-8269-3286-77\n")], "cloud"),
            (&[("sys/class/dmi/id/sys_vendor", "Microsoft Corporation\n"), battery], "laptop"),
            (&[("sys/class/dmi/id/sys_vendor", "LENOVO\n"), battery], "laptop"),
            (&[("sys/class/dmi/id/sys_vendor", "LENOVO\n")], "server"),
            (
                &[
                    ("sys/class/power_supply/mouse/type", "Battery\n"),
                    ("sys/class/power_supply/mouse/scope", "Device\n"),
                ],
                "server",
            ),
            (&[("sys/class/power_supply/AC/type", "Mains\n")], "server"),
        ] {
            assert_eq!(detect_kind(computer(files).path()).as_str(), kind, "{files:?}");
        }
    }

    #[test]
    fn names_come_from_the_first_place_that_has_one() {
        let user = |environment: &[(&str, &str)], system: Option<&str>| {
            let variable = |name: &str| {
                environment.iter().find(|(known, _)| *known == name).map(|(_, value)| OsString::from(value))
            };
            user_name(variable, || system.map(str::to_owned).ok_or("no such user"))
        };
        let pia = Ok(Some("pia".to_owned()));
        assert_eq!(user(&[("USER", "pia"), ("LOGNAME", "other")], None), pia);
        assert_eq!(user(&[("USER", ""), ("LOGNAME", "pia")], None), pia);
        assert_eq!(user(&[], Some("pia\n")), pia);
        assert_eq!(user(&[("USER", "DOMAIN\\pia")], None), Ok(Some("DOMAINpia".to_owned())));
        assert_eq!(user(&[], Some("///")), Ok(None), "a name is found out or asked for, never made up");
        assert_eq!(user(&[], None), Err("no such user"));
    }

    #[test]
    fn a_default_name_is_always_a_good_one() {
        assert_eq!(short_host_name("attic.home.example"), "attic");
        assert_eq!(short_host_name("Pias-MacBook.local"), "Pias-MacBook");
        assert_eq!(short_host_name("-"), "host");
        assert!(!host_name().is_empty());
        let long = "x".repeat(200);
        let name = default_name(&usable(&long), &short_host_name(&long)).expect("cut to fit");
        assert_eq!(name.as_str().len(), 61);
    }
}
