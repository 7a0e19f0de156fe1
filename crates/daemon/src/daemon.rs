//! The daemon as a whole: it begins, follows the settings, begins anew when the index fails, and ends in order.

use crate::answers::Answers;
use crate::bell::Bell;
use crate::control::Server;
use crate::exchange::Exchange;
use crate::fleet::Fleet;
use crate::folder::{Folder, Peers, Shared, Surroundings};
use crate::inbox::{Inbox, Next};
use crate::prompt::Prompt;
use homesync_host::configuration::{self, Configuration, ConfigurationError};
use homesync_host::directories::Directories;
use homesync_host::identity::{Identity, IdentityError};
use homesync_host::requests::{AskedFor, Requests};
use homesync_index::{Database, IndexError, Options};
use homesync_network::{Address, Discovery, Network, NetworkError, Rate, Settings};
use homesync_protocol::DeviceId;
use std::collections::BTreeMap;
use std::io;
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};
use tracing::{error, info, warn};

/// After the index has failed it is opened again after so long, and each further time after twice as long.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// The most files that a process like this one has open.
const OPEN_FILES: u64 = 65_536;

/// Something for the daemon's own thread.
pub(crate) enum Work {
    /// The settings were changed. Who waits for that hears when they are in force.
    Reload(Option<Sender<()>>),
    /// The end.
    End,
    /// The index has failed.
    Trouble(String),
    /// What machines were told about folders has changed.
    Share,
}

/// Why the daemon cannot run.
#[derive(Debug, thiserror::Error)]
pub enum DaemonError {
    /// The settings are not right.
    #[error(transparent)]
    Settings(#[from] ConfigurationError),
    /// The identity is not right.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// There is none yet.
    #[error("this machine is not set up yet")]
    NotSetUp,
    /// The certificate cannot be used.
    #[error("the identity cannot be used: {0}")]
    Certificate(String),
    /// The network cannot be started.
    #[error(transparent)]
    Network(#[from] NetworkError),
    /// The index cannot be opened.
    #[error(transparent)]
    Index(#[from] IndexError),
    /// The system refused something.
    #[error("{0}: {1}")]
    System(&'static str, #[source] io::Error),
}

/// A daemon that runs.
pub struct Daemon {
    directories: Directories,
    own: DeviceId,
    work: Inbox<Work>,
    bell: Arc<Bell>,
    changes: Arc<Bell>,
    exchange: Arc<Exchange>,
    network: Network,
    database: Option<Database>,
    folders: BTreeMap<String, Folder>,
    fleet: Arc<Fleet>,
    shown: Arc<Mutex<Shown>>,
    server: Option<Server>,
    prompt: Option<Prompt>,
    pause: Duration,
    begin_again: Option<Instant>,
}

/// What answers are made from.
#[derive(Default)]
pub(crate) struct Shown {
    pub(crate) fleet: Arc<Fleet>,
    pub(crate) folders: BTreeMap<String, Arc<Shared>>,
    /// What is wrong as a whole.
    pub(crate) problems: Vec<String>,
}

impl Daemon {
    /// Begins. The caller holds the daemon's lock.
    pub fn start(directories: &Directories) -> Result<Self, DaemonError> {
        raise_open_files();
        let configuration = configuration::load(directories)?.configuration;
        if Identity::load(&directories.identity())?.is_none() {
            return Err(DaemonError::NotSetUp);
        }
        let (certificate, key) = Identity::certificate_and_key(&directories.identity())?;
        let identity = homesync_network::Identity::from_pem(&certificate, &key)
            .map_err(|error| DaemonError::Certificate(error.to_string()))?;
        let own = identity.device();
        let name = configuration.machine.name.as_ref().map_or_else(String::new, ToString::to_string);
        let mut settings = Settings::new(identity, &name, env!("CARGO_PKG_VERSION"));
        let network = &configuration.network;
        settings.discovery = network.discovery.then(|| Discovery { port: network.discovery_port.number() });
        let (bell, changes) = (Arc::new(Bell::default()), Arc::new(Bell::default()));
        let exchange = Exchange::new(own, bell.clone(), changes.clone());
        let database = Database::open(&directories.index_file(), &Options::default())?;
        let (network, events) = Network::start(settings)?;
        let listening = exchange.clone();
        thread::Builder::new()
            .name("exchange".to_string())
            .spawn(move || listening.listen(events))
            .map_err(|error| DaemonError::System("no thread can be started", error))?;
        let mut daemon = Self {
            directories: directories.clone(),
            own,
            work: Inbox::default(),
            bell,
            changes,
            exchange,
            network,
            database: Some(database),
            folders: BTreeMap::new(),
            fleet: Arc::default(),
            shown: Arc::default(),
            server: None,
            prompt: None,
            pause: FIRST_PAUSE,
            begin_again: None,
        };
        daemon.follow(&configuration);
        let answers = Answers::new(&daemon);
        let server = Server::start(&directories.state, Arc::new(answers));
        daemon.server = Some(server.map_err(|error| DaemonError::System("the control socket", error))?);
        let answers = Answers::new(&daemon);
        daemon.prompt = Prompt::start(directories.prompt_file(), answers, daemon.changes.clone()).ok();
        Ok(daemon)
    }

    /// Where other machines can reach this one, as far as is known by now.
    pub fn listening(&self) -> Vec<String> {
        self.network.listening().iter().map(ToString::to_string).collect()
    }

    /// Runs until somebody asks it to end.
    pub fn run(mut self) -> Result<(), DaemonError> {
        let requests =
            Requests::listen().map_err(|error| DaemonError::System("signals cannot be heard", error))?;
        let work = self.work.clone();
        thread::Builder::new()
            .name("signals".to_string())
            .spawn(move || hear(requests, &work))
            .map_err(|error| DaemonError::System("no thread can be started", error))?;
        info!("the daemon runs");
        loop {
            match self.work.take(self.begin_again) {
                Next::Item(Work::End) | Next::Closed => break,
                Next::Item(Work::Reload(waiting)) => {
                    self.reload();
                    // Who has gone away need not hear it.
                    waiting.map(|waiting| waiting.send(()));
                }
                Next::Item(Work::Share) => self.share(),
                Next::Item(Work::Trouble(reason)) => self.trouble(reason),
                Next::Late => self.begin_again(),
            }
        }
        self.end();
        Ok(())
    }

    fn reload(&mut self) {
        match configuration::load(&self.directories) {
            Ok(loaded) => {
                info!("read the settings again");
                self.follow(&loaded.configuration);
            }
            Err(error) => {
                // What was right before goes on.
                warn!(%error, "the settings cannot be read; the ones from before stay");
                self.shown().problems.push(format!("the settings cannot be read: {error}"));
                self.changes.ring();
            }
        }
    }

    /// Does what the settings say.
    fn follow(&mut self, configuration: &Configuration) {
        let fleet = Fleet::of(configuration, self.own, self.directories.home.as_deref());
        for problem in &fleet.problems {
            warn!(problem, "a setting makes no sense");
        }
        let network = &configuration.network;
        let places = listen(configuration);
        self.exchange.on_places(&places);
        self.network.set_listen(places);
        let rate = |limit: u64| Rate::new(limit * 1024);
        self.network.set_limits(rate(network.send_limit), rate(network.receive_limit));
        self.network.set_networks(fleet.networks.clone());
        self.exchange.on_networks(self.network.here());
        self.fleet = Arc::new(fleet);
        // A folder elsewhere is another folder with the same name: it begins anew.
        let is_same = |id: &String, folder: &Folder| {
            self.fleet.folders.get(id).is_some_and(|plan| plan.path == folder.shared.plan().path)
        };
        let gone: Vec<String> = self
            .folders
            .iter()
            .filter(|(id, folder)| !is_same(id, folder))
            .map(|(id, _)| id.clone())
            .collect();
        for id in gone {
            self.folders.remove(&id);
        }
        let mut problems = self.fleet.problems.clone();
        let fleet = self.fleet.clone();
        for plan in fleet.folders.values() {
            match self.folders.get(&plan.id) {
                Some(folder) => folder.shared.follow(plan),
                None => problems.extend(self.start_folder(plan).err()),
            }
        }
        self.shown().problems = problems;
        self.share();
    }

    fn start_folder(&mut self, plan: &crate::fleet::FolderPlan) -> Result<(), String> {
        let Some(database) = &self.database else { return Ok(()) };
        let (trouble, share) = (self.work.clone(), self.work.clone());
        let peers: Arc<dyn Peers> = self.exchange.clone();
        let around = Surroundings {
            own: self.own,
            database: database.clone(),
            state: self.directories.state.clone(),
            bell: self.bell.clone(),
            changes: self.changes.clone(),
            peers,
            trouble: Arc::new(move |reason| trouble.put(Work::Trouble(reason))),
            share: Arc::new(move || share.put(Work::Share)),
        };
        let folder = Folder::start(plan.clone(), around)
            .map_err(|error| format!("folder {}: it cannot be started: {error}", plan.name))?;
        self.folders.insert(plan.id.clone(), folder);
        Ok(())
    }

    /// Tells everybody which folders there are.
    fn share(&mut self) {
        let folders: BTreeMap<String, Arc<Shared>> =
            self.folders.iter().map(|(id, folder)| (id.clone(), folder.shared.clone())).collect();
        self.exchange.set(&self.fleet, folders.clone(), &self.network);
        let mut shown = self.shown();
        shown.fleet = self.fleet.clone();
        shown.folders = folders;
    }

    fn shown(&self) -> std::sync::MutexGuard<'_, Shown> {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The index has failed: everything that counts on it ends, and begins again in a while.
    fn trouble(&mut self, reason: String) {
        if self.database.is_none() {
            return;
        }
        error!(reason, "the index has failed");
        self.close_folders();
        self.shown().problems = vec![reason];
        self.begin_again = Some(Instant::now() + self.pause);
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
        self.changes.ring();
    }

    fn close_folders(&mut self) {
        self.exchange.set_nothing();
        self.shown().folders.clear();
        for folder in self.folders.values() {
            folder.shared.end();
        }
        self.folders.clear();
        self.database = None;
    }

    fn begin_again(&mut self) {
        match Database::open(&self.directories.index_file(), &Options::default()) {
            Ok(database) => {
                info!("opened the index again");
                self.database = Some(database);
                self.begin_again = None;
                self.reload();
            }
            Err(error) => {
                self.shown().problems = vec![error.to_string()];
                self.begin_again = Some(Instant::now() + self.pause);
                self.pause = (self.pause * 2).min(LONGEST_PAUSE);
            }
        }
    }

    fn end(mut self) {
        info!("the daemon ends");
        self.server = None;
        self.prompt = None;
        self.close_folders();
        self.network.stop("the other machine's homesync ends");
    }

    /// For those who answer.
    pub(crate) fn for_answers(&self) -> ForAnswers {
        ForAnswers {
            shown: self.shown.clone(),
            exchange: self.exchange.clone(),
            changes: self.changes.clone(),
            work: self.work.clone(),
        }
    }
}

/// What those who answer use of the daemon.
pub(crate) struct ForAnswers {
    pub(crate) shown: Arc<Mutex<Shown>>,
    pub(crate) exchange: Arc<Exchange>,
    pub(crate) changes: Arc<Bell>,
    pub(crate) work: Inbox<Work>,
}

fn hear(mut requests: Requests, work: &Inbox<Work>) {
    loop {
        match requests.next_request() {
            Ok(AskedFor::Reload) => work.put(Work::Reload(None)),
            Ok(AskedFor::End) => return work.put(Work::End),
            Err(error) => {
                error!(%error, "signals cannot be heard any more");
                return work.put(Work::End);
            }
        }
    }
}

fn listen(configuration: &Configuration) -> Vec<Address> {
    let address = |text: &str| match text.parse() {
        Ok(address) => Some(address),
        Err(error) => {
            warn!(%error, "a place to listen makes no sense");
            None
        }
    };
    configuration.network.listen.iter().filter_map(|text| address(text.as_str())).collect()
}

/// Directories that are walked and files that are moved are open meanwhile. The system gives few unless it is asked.
fn raise_open_files() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let wanted = limit.maximum.map_or(OPEN_FILES, |most| most.min(OPEN_FILES));
    if limit.current.is_some_and(|current| current < wanted) {
        let _ = setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), maximum: limit.maximum });
    }
}
