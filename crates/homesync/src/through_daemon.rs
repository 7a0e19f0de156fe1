//! Commands that go through the daemon, and changes of the settings that it has to hear of.

use crate::context::Context;
use crate::edit_settings;
use crate::error::{CommandError, CommandResult, Kind, failed, usage};
use crate::exit_code::Exit;
use crate::output::Progress;
use homesync_daemon::control::{Answer, Client, ClientError, RefusalKind, Request};
use homesync_daemon::report::Report;
use homesync_host::configuration::Editable;
use homesync_host::directories::Directories;
use homesync_host::file::FileError;
use homesync_paths::Shown;
use std::time::{Duration, Instant};

/// A daemon begins within this time.
const BEGINNING: Duration = Duration::from_secs(3);
const STEP: Duration = Duration::from_millis(50);

/// Asks the daemon, and shows how far it is.
pub fn ask(context: &Context, request: &Request) -> CommandResult<Answer> {
    let directories = context.directories()?;
    let mut client = Client::connect(&directories.state)?;
    let mut shown = Progress::new(&context.output);
    Ok(client.ask(request, &mut |step| shown.show(&step.text, step.items, step.bytes))?)
}

/// Tells the daemon something to which there is no answer but that it is done.
pub fn tell(context: &Context, request: &Request) -> CommandResult {
    match ask(context, request)? {
        Answer::Nothing => Ok(Exit::Done),
        other => Err(unexpected(&other)),
    }
}

/// The same as [`ask`] for a command that waits anyway: a daemon that is only beginning is waited for, too.
pub fn ask_patiently(context: &Context, request: &Request) -> CommandResult<Answer> {
    let directories = context.directories()?;
    let began = Instant::now();
    while began.elapsed() < BEGINNING
        && matches!(Client::connect(&directories.state), Err(ClientError::NotRunning))
    {
        std::thread::park_timeout(STEP);
    }
    ask(context, request)
}

/// How things stand; nothing if no daemon runs.
pub fn report(directories: &Directories) -> CommandResult<Option<Report>> {
    let mut client = match Client::connect(&directories.state) {
        Ok(client) => client,
        Err(ClientError::NotRunning) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    match client.ask(&Request::Status, &mut |_| {})? {
        Answer::Status(report) => Ok(Some(report)),
        other => Err(unexpected(&other)),
    }
}

/// An answer to another question.
pub fn unexpected(answer: &Answer) -> CommandError {
    CommandError::new(Kind::Fault, format!("the daemon answers something else than was asked: {answer:?}"))
}

/// Changes the settings and lets a running daemon know. Answers whether anything changed; with `--dry-run` nothing does.
pub fn change(
    context: &Context,
    change: impl FnMut(&mut Editable) -> CommandResult<()>,
) -> CommandResult<bool> {
    let Some(settings) = edit_settings::edit(context, change)? else { return Ok(false) };
    reload(&context.directories()?)?;
    Ok(settings.is_changed())
}

/// The folder and the path in it that a person means: a path of this machine, or FOLDER/PATH as the other commands print it.
pub fn locate(context: &Context, text: &str) -> CommandResult<(String, String)> {
    let directories = context.directories()?;
    let folders = context.settings(&directories)?.configuration.folders;
    let place = std::path::absolute(text).map_err(FileError::from_io("find", text))?;
    for (name, folder) in &folders {
        let root = homesync_daemon::place(folder.path.as_str(), directories.home.as_deref());
        let below = root.ok().and_then(|root| place.strip_prefix(root).ok().map(ToOwned::to_owned));
        if let Some(below) =
            below.as_deref().and_then(|below| below.to_str()).filter(|below| !below.is_empty())
        {
            return Ok((name.to_string(), below.to_owned()));
        }
    }
    let named =
        text.split_once('/').filter(|(name, _)| folders.keys().any(|folder| folder.as_str() == *name));
    match named {
        Some((folder, path)) => Ok((folder.to_owned(), path.to_owned())),
        None => Err(usage(format!("{} is in no folder that is kept in step", Shown::new(text)))
            .hint("`homesync folder list` shows where they are")),
    }
}

/// Lets a running daemon read the settings again.
pub fn reload(directories: &Directories) -> CommandResult<()> {
    match Client::connect(&directories.state) {
        Ok(mut client) => client.ask(&Request::Reload, &mut |_| {}).map(drop).map_err(Into::into),
        Err(ClientError::NotRunning) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

impl From<ClientError> for CommandError {
    fn from(error: ClientError) -> Self {
        match error {
            ClientError::Refused(refusal) => {
                let kind = match refusal.kind {
                    RefusalKind::Failed => Kind::Failed,
                    RefusalKind::Usage => Kind::Usage,
                    RefusalKind::Decision => Kind::Decision,
                };
                let told = Self::new(kind, refusal.message);
                refusal.next.into_iter().fold(told, Self::hint)
            }
            ClientError::NotRunning => failed("the homesync daemon does not run")
                .hint("start it: `homesync up`, or `homesync daemon`"),
            ClientError::Foreign(_) => {
                Self::from_error(Kind::Failed, &error).hint("restart it, so that both are of one version")
            }
            error => Self::from_error(Kind::Failed, &error),
        }
    }
}
