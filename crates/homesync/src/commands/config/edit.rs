//! `homesync config edit`

use super::words;
use crate::ask::{Answer, confirm};
use crate::context::Context;
use crate::error::{CommandError, CommandResult, Kind, failed, usage};
use crate::exit_code::Exit;
use crate::through_daemon;
use homesync_host::configuration::{self, Editable, MAX_BYTES};
use homesync_host::directories::Directories;
use homesync_host::file;
use homesync_host::run::Program;
use homesync_paths::Shown;
use std::path::{Path, PathBuf};
use tracing::info;

pub fn run(context: &Context) -> CommandResult {
    let directories = context.directories()?;
    directories.check_owner()?;
    let editor = editor(context)?;
    file::create_private_directory(&directories.state)?;
    // Held while the editor is open, so that two commands of ours cannot overwrite each other.
    let _lock = context.lock(&directories)?;
    let target = directories.configuration_file();
    // Also a file that is not right is opened: this is how a person mends it.
    let on_disk = file::read_bounded(&target, MAX_BYTES)?;
    let before = match &on_disk {
        Some(bytes) => bytes.clone(),
        None => Editable::open(&directories)?.text().into_bytes(),
    };
    let draft = Draft::create(&directories, &before)?;
    let edited = edit(context, &editor, &draft).and_then(|edited| match edited {
        None => {
            context.output.note("Nothing was changed.");
            Ok(())
        }
        Some(text) => take_over(context, &target, on_disk.as_deref(), &text),
    });
    match edited {
        Ok(()) => {
            draft.discard();
            Ok(Exit::Done)
        }
        // Whatever it was that failed: what a person typed is not lost.
        Err(error) if draft.has_changed(&before) => {
            Err(error.hint(format!("the old settings hold; your text is in {}", Shown::path(&draft.0))))
        }
        Err(error) => {
            draft.discard();
            Err(error)
        }
    }
}

/// Lets the person edit the draft until it is right, and returns it if it was changed.
fn edit(context: &Context, editor: &[String], draft: &Draft) -> CommandResult<Option<Vec<u8>>> {
    let before = draft.read()?;
    loop {
        open_editor(editor, &draft.0)?;
        let after = draft.read()?;
        if after == before {
            return Ok(None);
        }
        match configuration::parse(&draft.0, &after) {
            Ok((_, warnings)) => {
                warnings.iter().for_each(|warning| context.output.warning(&warning.to_string()));
                return Ok(Some(after));
            }
            Err(wrong) => {
                let error = CommandError::new(Kind::Usage, wrong.to_string());
                let question = format!("{error}\nThe settings were not changed. Edit again?");
                if context.is_answered() || confirm(context, &question)? != Answer::Yes {
                    return Err(error);
                }
            }
        }
    }
}

/// Replaces the settings by the edited text, unless somebody else changed them while the editor was open.
fn take_over(context: &Context, target: &Path, before: Option<&[u8]>, text: &[u8]) -> CommandResult<()> {
    if file::read_bounded(target, MAX_BYTES)?.as_deref() != before {
        let message = format!("{} was changed by somebody else while you edited", Shown::path(target));
        return Err(
            CommandError::new(Kind::Decision, message).hint("bring both texts together, then run it again")
        );
    }
    if context.global.dry_run {
        context.output.note(&format!("Would write {}.", Shown::path(target)));
        return Ok(());
    }
    if let Some(directory) = target.parent() {
        file::create_private_directory(directory)?;
    }
    file::replace(target, text, 0o600)?;
    info!("changed the settings in an editor");
    through_daemon::reload(&context.directories()?)?;
    context.output.note(&format!("{} is changed.", Shown::path(target)));
    Ok(())
}

/// `$VISUAL`, else `$EDITOR`, else `vi` for a person at a terminal.
fn editor(context: &Context) -> CommandResult<Vec<String>> {
    let nobody = || {
        CommandError::new(Kind::Decision, "`config edit` needs a person at an editor")
            .hint("`homesync config set KEY VALUE` needs nobody")
    };
    if context.global.no_input {
        return Err(nobody());
    }
    for name in ["VISUAL", "EDITOR"] {
        if let Some(value) = std::env::var_os(name).filter(|value| !value.is_empty()) {
            let text = value.into_string().map_err(|_| usage(format!("${name} is not text")))?;
            let words =
                words::split(&text).ok_or_else(|| usage(format!("${name} has a quote without its end")))?;
            if !words.is_empty() {
                return Ok(words);
            }
        }
    }
    if context.can_ask() { Ok(vec!["vi".to_owned()]) } else { Err(nobody()) }
}

fn open_editor(editor: &[String], draft: &Path) -> CommandResult<()> {
    let Some((program, options)) = editor.split_first() else { return Ok(()) };
    let status = Program::new(program).arguments(options).argument(draft).interactive();
    let status =
        status.map_err(|error| CommandError::from(error).hint("say which editor to use with $EDITOR"))?;
    if status.success() {
        return Ok(());
    }
    Err(failed(format!("the editor {} failed; the settings were not changed", Shown::new(program))))
}

/// What is edited: a copy, so that the settings themselves are replaced only by a text that is right.
struct Draft(PathBuf);

impl Draft {
    /// A name of its own for each run, because an older draft may hold what a person still wants.
    fn create(directories: &Directories, text: &[u8]) -> CommandResult<Self> {
        let mut number = 1;
        loop {
            let path = directories.state.join(format!("config-draft-{number}.toml"));
            if !file::is_present(&path)? {
                file::create_new(&path, text, 0o600)?;
                return Ok(Self(path));
            }
            number += 1;
        }
    }

    fn read(&self) -> CommandResult<Vec<u8>> {
        file::read_bounded(&self.0, MAX_BYTES)?.ok_or_else(|| failed("the editor removed the draft"))
    }

    /// Whether it holds something that is nowhere else. A draft that cannot be read may.
    fn has_changed(&self, before: &[u8]) -> bool {
        match file::read_bounded(&self.0, MAX_BYTES) {
            Ok(None) => false,
            Ok(Some(text)) => text != before,
            Err(_) => true,
        }
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "a draft of ours whose text was taken over, or is the old one"
    )]
    fn discard(self) {
        let _ = std::fs::remove_file(self.0);
    }
}
