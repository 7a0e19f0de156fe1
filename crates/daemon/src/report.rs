//! How things stand, as the daemon tells it and every command shows it.

use serde::{Deserialize, Serialize};

/// Everything.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// The process.
    pub process: u32,
    /// Where other machines reach this one.
    pub listening: Vec<String>,
    /// What is wrong as a whole, in one sentence each.
    pub problems: Vec<String>,
    /// The other machines.
    pub machines: Vec<MachineReport>,
    /// The folders.
    pub folders: Vec<FolderReport>,
    /// Folders that other machines share with this one, and that are not here.
    pub offered: Vec<OfferReport>,
    /// Machines that wanted to be connected and are not known.
    pub unknown: Vec<UnknownReport>,
}

/// Another machine.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct MachineReport {
    /// What it is called here.
    pub name: String,
    /// By which it is known.
    pub device_id: String,
    /// It is connected.
    pub connected: bool,
    /// Where it is, while it is connected.
    pub address: Option<String>,
    /// The program that it runs.
    pub client: Option<String>,
    /// Why it cannot be reached.
    pub unreachable: Option<String>,
    /// When it was last connected, in seconds since 1970.
    pub last_seen: Option<u64>,
    /// Bytes received from it in these connections.
    pub received: u64,
    /// Bytes sent to it.
    pub sent: u64,
}

/// What a folder does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FolderState {
    /// Nothing is to be done.
    Idle,
    /// Its disk is looked at.
    #[default]
    Scanning,
    /// Something comes or is put in place.
    Syncing,
    /// A person has paused it.
    Paused,
    /// A person has to decide something.
    WaitingForYou,
    /// Something is in the way.
    Error,
}

impl std::fmt::Display for FolderState {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::Idle => "idle",
            Self::Scanning => "scanning",
            Self::Syncing => "syncing",
            Self::Paused => "paused",
            Self::WaitingForYou => "waiting-for-you",
            Self::Error => "error",
        })
    }
}

/// A folder.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct FolderReport {
    /// What it is called here.
    pub name: String,
    /// By what the others know it.
    pub id: String,
    /// Where it is.
    pub path: String,
    /// What it does.
    pub state: FolderState,
    /// Why it stands still.
    pub reason: Option<String>,
    /// It rests by its mode: it travels at `sync` and `handoff`.
    #[serde(default)]
    pub resting: bool,
    /// What a person can make better.
    pub advice: Option<String>,
    /// Items that are here.
    pub items: u64,
    /// Items that have to come, or to go, here.
    pub needed_items: u64,
    /// Their bytes.
    pub needed_bytes: u64,
    /// Items that are kept to this machine until a person decides.
    pub only_here: u64,
    /// The machines that have it too.
    pub with: Vec<WithReport>,
    /// What a person has to decide.
    pub questions: Vec<QuestionReport>,
    /// Items that wait, the first of them.
    pub held: Vec<HeldReport>,
    /// How many items wait.
    pub held_items: u64,
    /// How many of them most likely go on by themselves in a moment.
    pub passing_items: u64,
    /// What could not be read when it was looked at last: nobody knows what is in it.
    pub unread: ListReport,
    /// What has a name that cannot travel.
    pub unsyncable: ListReport,
    /// Pipes, sockets and devices, which are not kept in step.
    pub special: ListReport,
    /// What is here, but without the owner or the attributes that it should have.
    pub partial: ListReport,
    /// Our highest sequence number.
    pub sequence: u64,
    /// Nothing is under way, here.
    pub at_rest: bool,
    /// How many looks at everything have ended.
    pub looks: u64,
}

/// So many items, in words.
pub fn items(many: u64) -> String {
    format!("{many} {}", if many == 1 { "item" } else { "items" })
}

/// A folder on another machine, as far as this one knows.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct WithReport {
    /// Which machine.
    pub machine: String,
    /// The folder is shared with it right now.
    pub connected: bool,
    /// The folder rests by its mode, and was shared with it at some time since it began to travel.
    #[serde(skip)]
    pub was_met: bool,
    /// Items that it lacks or has yet to take away.
    pub needed_items: u64,
    /// Their bytes.
    pub needed_bytes: u64,
    /// It has everything that counts.
    pub in_step: bool,
    /// Up to which of its sequence numbers it was heard.
    pub sequence: u64,
    /// Why nothing is heard of it any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub turned_away: Option<String>,
}

/// Something that a person has to decide.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct QuestionReport {
    /// What it is about, in one sentence.
    pub question: String,
    /// The ways to answer: a command and what it does.
    pub answers: Vec<String>,
}

/// An item that waits.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct HeldReport {
    /// Which.
    pub path: String,
    /// Why.
    pub reason: String,
}

/// Some things of many.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ListReport {
    /// How many there are.
    pub items: u64,
    /// The first of them.
    pub first: Vec<HeldReport>,
}

/// A folder that another machine shares with this one.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct OfferReport {
    /// By what it is known.
    pub id: String,
    /// What it is called there.
    pub label: String,
    /// Which machine.
    pub machine: String,
}

/// A machine that wanted to be connected.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct UnknownReport {
    /// By which it is known.
    pub device_id: String,
    /// What it calls itself; it may be empty.
    pub name: String,
    /// Where it came from.
    pub address: String,
}

/// Whether everything is on another machine.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct HandoffReport {
    /// Which machine.
    pub machine: String,
    /// It has everything, and nothing waits: this machine can be closed.
    pub safe_to_travel: bool,
    /// The proof, or what is missing, for each folder.
    pub folders: Vec<HandoffFolder>,
    /// What is in the way, in one sentence each.
    pub open: Vec<String>,
    /// When this was so, in seconds since 1970.
    pub at: u64,
}

/// One folder's part of a handoff.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct HandoffFolder {
    /// Which folder.
    pub folder: String,
    /// The other machine has all of it.
    pub complete: bool,
    /// Items that count.
    pub items: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Our sequence number, which the other machine confirmed.
    pub sequence: u64,
    /// The sequence number of its own up to which it said so.
    pub their_sequence: u64,
    /// When it was seen to be complete, in seconds since 1970.
    pub confirmed_at: u64,
    /// Items that the other machine lacks.
    pub needed_items: u64,
    /// Their bytes.
    pub needed_bytes: u64,
    /// What is open, the first of it.
    pub open: Vec<HeldReport>,
}
