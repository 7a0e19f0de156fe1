//! The settings as the daemon works by them: names have become device ids, and what makes no sense is a problem that holds back only itself.

use crate::keeper::KeeperCommand;
use homesync_disk::{SYSTEM, VersioningKind};
use homesync_engine::{Carry, FolderKind, Guard, MetadataRules};
use homesync_host::configuration::{
    CarryWord, CompressionWord, Configuration, FolderKindWord, FolderMode, FolderSettings, GuardWord,
    MachineSettings, NetworkSettings, VersioningWord,
};
use homesync_network::{NamedNetwork, Peer, Rate, Reach};
use homesync_protocol::{Compression, DeviceId, ShortId};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// All of it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fleet {
    /// The other machines.
    pub(crate) machines: BTreeMap<DeviceId, MachinePlan>,
    /// The folders, by the ids that others know them by.
    pub(crate) folders: BTreeMap<String, FolderPlan>,
    /// The networks that have names.
    pub(crate) networks: Vec<NamedNetwork>,
    /// What makes no sense.
    pub(crate) problems: Vec<String>,
}

/// Another machine.
#[derive(Clone, Debug)]
pub(crate) struct MachinePlan {
    /// What it is called here.
    pub(crate) name: String,
    /// Where it is.
    pub(crate) addresses: Vec<Reach>,
    compression: Compression,
    send_limit: u64,
    receive_limit: u64,
    networks: Option<BTreeSet<String>>,
}

/// A folder.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct FolderPlan {
    /// What it is called here.
    pub(crate) name: String,
    /// By what the others know it.
    pub(crate) id: String,
    /// Where it is.
    pub(crate) path: PathBuf,
    /// Who has it too.
    pub(crate) with: BTreeSet<DeviceId>,
    /// Which way changes go.
    pub(crate) kind: FolderKind,
    /// Where it travels; everywhere if it is missing.
    pub(crate) networks: Option<BTreeSet<String>>,
    /// Stands still.
    pub(crate) is_paused: bool,
    /// Travels only when it is told to.
    pub(crate) is_manual: bool,
    /// When removals wait.
    pub(crate) guard: Guard,
    /// Permission bits count.
    pub(crate) permissions: bool,
    /// What happens with owners and attributes.
    pub(crate) metadata: MetadataRules,
    /// How many conflict copies of one file stay.
    pub(crate) most_conflicts: usize,
    /// A machine that tells of more items is turned away.
    pub(crate) most_items: u64,
    /// Which versions are kept of what is displaced.
    pub(crate) versions: Option<VersioningKind>,
    /// The program that keeps them instead.
    pub(crate) keeper: Option<KeeperCommand>,
    /// What all machines are called here, this one too, by how versions name them.
    pub(crate) names: BTreeMap<ShortId, String>,
    /// Who is told when it is in step again.
    pub(crate) on_synced: Vec<String>,
    /// Who is told of conflict copies.
    pub(crate) on_conflict: Vec<String>,
}

impl Fleet {
    /// Of the settings. `home` is what `~` stands for.
    pub(crate) fn of(configuration: &Configuration, own: DeviceId, home: Option<&Path>) -> Self {
        let mut fleet = Self::default();
        let mut names = BTreeMap::new();
        for (name, settings) in &configuration.networks {
            match network(name.as_str(), settings) {
                Ok(network) => fleet.networks.push(network),
                // Its name stands for no network, so what is kept to it goes nowhere.
                Err(problem) => fleet.problems.push(format!("network {name}: {problem}")),
            }
        }
        for (name, settings) in &configuration.machines {
            match machine(name.as_str(), settings, own, &fleet) {
                Ok((device, plan)) => {
                    names.insert(name.as_str(), device);
                    fleet.machines.insert(device, plan);
                }
                Err(problem) => fleet.problems.push(format!("machine {name}: {problem}")),
            }
        }
        let own_name = configuration.machine.name.as_ref().map(|name| (ShortId::from(own), name.to_string()));
        let others = fleet.machines.iter().map(|(device, plan)| (ShortId::from(*device), plan.name.clone()));
        let called: BTreeMap<ShortId, String> = others.chain(own_name).collect();
        for (name, settings) in &configuration.folders {
            let plan = folder(name.as_str(), settings, &names, home, &mut fleet.problems);
            let plan = plan.map(|plan| FolderPlan { names: called.clone(), ..plan });
            let plan = plan.and_then(|plan| apart(plan, &fleet.folders));
            match plan {
                Ok(plan) => {
                    fleet.folders.insert(plan.id.clone(), plan);
                }
                Err(problem) => fleet.problems.push(format!("folder {name}: {problem}")),
            }
        }
        fleet
    }

    /// For the network.
    pub(crate) fn peers(&self) -> Vec<Peer> {
        let peer = |(device, plan): (&DeviceId, &MachinePlan)| Peer {
            compression: plan.compression,
            send: Rate::new(plan.send_limit * 1024),
            receive: Rate::new(plan.receive_limit * 1024),
            networks: plan.networks.clone(),
            ..Peer::new(*device, plan.addresses.clone())
        };
        self.machines.iter().map(peer).collect()
    }

    /// What a machine is called here; its id if it has no name.
    pub(crate) fn name_of(&self, device: DeviceId) -> String {
        self.machines.get(&device).map_or_else(|| device.to_string(), |plan| plan.name.clone())
    }

    /// The machine of a name, or of an id.
    pub(crate) fn device_of(&self, name: &str) -> Option<DeviceId> {
        let named = self.machines.iter().find(|(_, plan)| plan.name == name).map(|(device, _)| *device);
        named.or_else(|| name.parse().ok().filter(|device| self.machines.contains_key(device)))
    }

    /// The folder of a name, or of an id.
    pub(crate) fn folder(&self, name: &str) -> Option<&FolderPlan> {
        self.folders.values().find(|plan| plan.name == name).or_else(|| self.folders.get(name))
    }
}

fn machine(
    name: &str,
    settings: &MachineSettings,
    own: DeviceId,
    fleet: &Fleet,
) -> Result<(DeviceId, MachinePlan), String> {
    let device: DeviceId =
        settings.device.as_str().parse().map_err(|error| format!("its device id is wrong: {error}"))?;
    if device == own {
        return Err("its device id is this machine's own".to_string());
    }
    if let Some(other) = fleet.machines.get(&device) {
        return Err(format!("{} has the same device id", other.name));
    }
    let mut addresses = Vec::new();
    for address in &settings.addresses {
        addresses.push(address.as_str().parse().map_err(|error| format!("{error}"))?);
    }
    let compression = match settings.compression {
        CompressionWord::Metadata => Compression::Metadata,
        CompressionWord::Always => Compression::Always,
        CompressionWord::Never => Compression::Never,
    };
    let plan = MachinePlan {
        name: name.to_string(),
        addresses,
        compression,
        send_limit: settings.send_limit,
        receive_limit: settings.receive_limit,
        networks: only(&settings.networks),
    };
    Ok((device, plan))
}

fn folder(
    name: &str,
    settings: &FolderSettings,
    names: &BTreeMap<&str, DeviceId>,
    home: Option<&Path>,
    problems: &mut Vec<String>,
) -> Result<FolderPlan, String> {
    let mut with = BTreeSet::new();
    for machine in &settings.with {
        match names.get(machine.as_str()) {
            Some(device) => {
                with.insert(*device);
            }
            None => problems.push(format!("folder {name}: there is no machine {machine}")),
        }
    }
    Ok(FolderPlan {
        name: name.to_string(),
        id: settings.id.as_ref().map_or(name, |id| id.as_str()).to_string(),
        path: place(settings.path.as_str(), home)?,
        with,
        kind: match settings.kind {
            FolderKindWord::SendReceive => FolderKind::SendReceive,
            FolderKindWord::SendOnly => FolderKind::SendOnly,
            FolderKindWord::ReceiveOnly => FolderKind::ReceiveOnly,
        },
        networks: only(&settings.networks),
        is_paused: settings.paused,
        is_manual: settings.mode == FolderMode::Manual,
        guard: match settings.guard {
            GuardWord::Standard => Guard::Standard,
            GuardWord::MoreThan(many) => Guard::MoreThan(many),
            GuardWord::Off => Guard::Off,
        },
        permissions: settings.permissions,
        metadata: MetadataRules {
            owner: carry(settings.owner),
            attributes: carry(settings.attributes),
            system: SYSTEM,
        },
        most_conflicts: settings.conflicts as usize,
        most_items: settings.most_items,
        versions: versions(settings),
        keeper: keeper(settings)?,
        names: BTreeMap::new(),
        on_synced: settings.on_synced.clone(),
        on_conflict: settings.on_conflict.clone(),
    })
}

/// The names to which something is kept; nothing if it goes everywhere.
fn only(networks: &[String]) -> Option<BTreeSet<String>> {
    (!networks.is_empty()).then(|| networks.iter().cloned().collect())
}

fn network(name: &str, settings: &NetworkSettings) -> Result<NamedNetwork, String> {
    let mut subnets = Vec::new();
    for subnet in &settings.subnets {
        subnets.push(subnet.parse().map_err(|error| format!("{error}"))?);
    }
    let gateway = settings.gateway.as_ref().map(|ip| ip.parse()).transpose();
    let mac = settings.gateway_mac.as_ref().map(|mac| mac.parse()).transpose();
    let network = NamedNetwork {
        name: name.to_string(),
        subnets,
        gateway: gateway.map_err(|error| format!("its gateway is no address: {error}"))?,
        gateway_mac: mac.map_err(|error| format!("{error}"))?,
        wifi: settings.wifi.clone(),
    };
    match network == (NamedNetwork { name: name.to_string(), ..NamedNetwork::default() }) {
        true => Err("nothing is said of it, so it would be everywhere".to_string()),
        false => Ok(network),
    }
}

/// The program that keeps versions. Without one nothing runs, because nothing would be kept.
fn keeper(settings: &FolderSettings) -> Result<Option<KeeperCommand>, String> {
    match settings.versioning {
        VersioningWord::External => KeeperCommand::parse(&settings.version_command).map(Some),
        _ => Ok(None),
    }
}

fn carry(word: CarryWord) -> Carry {
    match word {
        CarryWord::None => Carry::No,
        CarryWord::Send => Carry::Send,
        CarryWord::Sync => Carry::Sync,
    }
}

fn versions(settings: &FolderSettings) -> Option<VersioningKind> {
    /// A year: what other tools keep.
    const USUAL_DAYS: u32 = 365;
    let cleanout_days = settings.keep_days.unwrap_or(0);
    match settings.versioning {
        VersioningWord::None | VersioningWord::External => None,
        VersioningWord::TrashCan => Some(VersioningKind::TrashCan { cleanout_days }),
        VersioningWord::Simple => {
            Some(VersioningKind::Simple { keep: settings.keep_versions, cleanout_days })
        }
        VersioningWord::Staggered => {
            let days = settings.keep_days.unwrap_or(USUAL_DAYS);
            Some(VersioningKind::Staggered { max_age: days.saturating_mul(86_400) })
        }
    }
}

/// A path with `~` as the home that it stands for.
pub fn place(path: &str, home: Option<&Path>) -> Result<PathBuf, String> {
    let Some(below) = path.strip_prefix('~') else { return Ok(PathBuf::from(path)) };
    let home = home.ok_or("its path begins with ~, and HOME is not known")?;
    Ok(home.join(below.trim_start_matches('/')))
}

/// Two folders that hold the same files would undo each other's work.
fn apart(plan: FolderPlan, others: &BTreeMap<String, FolderPlan>) -> Result<FolderPlan, String> {
    if let Some(other) = others.get(&plan.id) {
        return Err(format!("folder {} has the same id, {}", other.name, plan.id));
    }
    let overlaps =
        |other: &&FolderPlan| other.path.starts_with(&plan.path) || plan.path.starts_with(&other.path);
    match others.values().find(overlaps) {
        Some(other) if other.path == plan.path => {
            Err(format!("folder {} has the same path, {}", other.name, other.path.display()))
        }
        Some(other) => {
            Err(format!("folder {} is at {}: no folder can be in another", other.name, other.path.display()))
        }
        None => Ok(plan),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "4CKWLWX-VBOBCBM-HRK2E6J-32OXDTQ-JHH3YH4-GDLN43D-67GSLSM-XMMGSQO";

    fn fleet(text: &str) -> Fleet {
        let (configuration, _) =
            homesync_host::configuration::parse(Path::new("config.toml"), text.as_bytes()).unwrap();
        Fleet::of(&configuration, DeviceId::from_bytes([7; 32]), Some(Path::new("/home/pia")))
    }

    #[test]
    fn names_become_ids_and_homes() {
        let fleet = fleet(&format!(
            "[machines.b]\ndevice = \"{ID}\"\n[folders.work]\npath = \"~/work\"\nwith = [\"b\"]\nid = \"w\"\n"
        ));
        assert_eq!(fleet.problems, Vec::<String>::new());
        let work = fleet.folder("work").unwrap();
        assert_eq!((work.id.as_str(), work.path.as_path()), ("w", Path::new("/home/pia/work")));
        assert_eq!(work.with.iter().map(|device| fleet.name_of(*device)).collect::<Vec<_>>(), ["b"]);
        assert_eq!(fleet.device_of("b"), fleet.device_of(ID));
    }

    #[test]
    fn networks_are_named_and_what_is_kept_to_them_knows_it() {
        let fleet = fleet(
            "[networks.home]\nsubnets = [\"192.168.1.0/24\"]\ngateway_mac = \"00:11:22:aa:bb:cc\"\n\
             [networks.wrong]\nsubnets = [\"x\"]\n[networks.empty]\n[folders.a]\npath = \"/a\"\nnetworks = [\"home\"]\n",
        );
        assert_eq!(fleet.networks.iter().map(|network| network.name.as_str()).collect::<Vec<_>>(), ["home"]);
        assert_eq!(fleet.folder("a").unwrap().networks, Some(["home".to_string()].into()));
        assert_eq!(fleet.problems.len(), 2, "{:?}", fleet.problems);
    }

    #[test]
    fn what_makes_no_sense_holds_back_only_itself() {
        let wrong = ID.replace('4', "5");
        let own = DeviceId::from_bytes([7; 32]);
        let fleet = fleet(&format!(
            "[machines.a]\ndevice = \"{wrong}\"\n[machines.b]\ndevice = \"{ID}\"\n[machines.c]\ndevice = \"{ID}\"\n\
             [machines.me]\ndevice = \"{own}\"\n[folders.one]\npath = \"/one\"\nwith = [\"b\", \"nobody\"]\n\
             [folders.two]\npath = \"/one\"\n[folders.three]\npath = \"/one/below\"\n"
        ));
        assert_eq!(fleet.machines.len(), 1);
        assert_eq!(fleet.folders.keys().collect::<Vec<_>>(), ["one"]);
        let said = fleet.problems.join("\n");
        for part in [
            "machine a: its device id is wrong",
            "machine c: b has",
            "own",
            "no machine nobody",
            "folder two",
            "folder three: folder one is at /one: no folder can be in another",
        ] {
            assert!(said.contains(part), "{said}");
        }
    }
}
