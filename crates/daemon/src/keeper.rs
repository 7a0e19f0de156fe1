//! A person's program that keeps versions: it gets a file before that is replaced or removed, and takes it away.
//!
//! What stands for the file is put into each word of the command by itself, and no shell reads it. A person's own shell, where the command is
//! one, would read the name of a file as a part of its text, and names come from other machines: such a command is refused, and finds the
//! name in its environment instead.

use homesync_host::run::{Cancel, Limit, Output, Program, RunError};
use homesync_paths::RelativePath;
use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tracing::debug;

/// A program that takes longer is ended.
const LONGEST: Duration = Duration::from_secs(300);
/// More of what it says than that is no reason but a report.
const MOST_OUTPUT: usize = 1 << 16;
/// What stands for the folder, the file in it, and how the folder is reached: the names that other programs know.
const FOLDER: &str = "FOLDER_PATH";
const FILE: &str = "FILE_PATH";
const FILESYSTEM: &str = "FOLDER_FILESYSTEM";
/// There is only one way here.
const BASIC: &str = "basic";
/// What a shell does not take for itself, beside letters and digits.
const PLAIN: &str = "%/._-+:,@=";

/// The program and its arguments, in which names can stand for the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct KeeperCommand(Vec<String>);

impl KeeperCommand {
    /// From the settings.
    pub(crate) fn parse(words: &[String]) -> Result<Self, String> {
        let Some(program) = words.first().filter(|program| !program.is_empty()) else {
            return Err("its versioning is external, and version_command names no program".to_string());
        };
        if has_name(program) {
            return Err(format!("version_command begins with {program}, which is no program"));
        }
        let is_plain = |character: char| character.is_alphanumeric() || PLAIN.contains(character);
        match words.iter().find(|word| has_name(word) && !word.chars().all(is_plain)) {
            Some(word) => Err(format!(
                "version_command has `{word}`, in which a shell could take a file's name for a command: give the file as an argument \
of its own, or use ${FOLDER} and ${FILE}, which the program finds in its environment"
            )),
            None => Ok(Self(words.to_vec())),
        }
    }

    /// The arguments for one file.
    fn arguments(&self, folder: &str, file: &str) -> Vec<String> {
        let argument = |word: &String| {
            // One word is gone through once: what was put in is not looked at again.
            let mut rest = word.as_str();
            let mut argument = String::new();
            while let Some(at) = rest.find('%') {
                let (before, from) = rest.split_at(at);
                argument.push_str(before);
                let known = [(FOLDER, folder), (FILE, file), (FILESYSTEM, BASIC)];
                let found = known.iter().find_map(|(name, value)| {
                    Some((*value, from.strip_prefix('%')?.strip_prefix(name)?.strip_prefix('%')?))
                });
                let (value, after) = found.unwrap_or(("%", &from[1..]));
                argument.push_str(value);
                rest = after;
            }
            argument.push_str(rest);
            // No name can be taken for an option.
            if has_name(word) && argument.starts_with('-') && !word.starts_with('-') {
                argument.insert_str(0, "./");
            }
            argument
        };
        self.0.iter().skip(1).map(argument).collect()
    }
}

fn has_name(word: &str) -> bool {
    [FOLDER, FILE, FILESYSTEM].iter().any(|name| word.contains(&format!("%{name}%")))
}

/// The program, for one batch of changes.
pub(crate) struct Keeper<'k> {
    command: KeeperCommand,
    folder: PathBuf,
    cancel: &'k Cancel,
    /// It did not come to an end: for this batch it is not asked again, so that the rest of the folder does not wait as long for each file.
    stopped: RefCell<Option<String>>,
}

impl<'k> Keeper<'k> {
    /// For the folder at a path.
    pub(crate) fn new(command: KeeperCommand, folder: &Path, cancel: &'k Cancel) -> Self {
        Self { command, folder: folder.to_owned(), cancel, stopped: RefCell::default() }
    }

    /// What the program is called.
    pub(crate) fn name(&self) -> &str {
        self.command.0.first().map_or("", String::as_str)
    }

    /// Has a file of the folder taken away. Answers in words how the program ended; whether the file is gone is for others to see.
    pub(crate) fn take_away(&self, path: &RelativePath) -> Result<String, String> {
        if let Some(stopped) = &*self.stopped.borrow() {
            return Err(stopped.clone());
        }
        // Settings are text, so the folder's path is.
        let folder = self.folder.to_string_lossy();
        let ran = Program::new(self.name())
            .arguments(self.command.arguments(&folder, path.as_str()))
            .directory(&self.folder)
            .variable(FOLDER, &self.folder)
            .variable(FILE, path.as_str())
            .variable(FILESYSTEM, BASIC)
            .limit(Limit::total(LONGEST))
            .output_cap(MOST_OUTPUT)
            .cancel(self.cancel)
            .run();
        let said = self.in_words(ran);
        debug!(path = path.as_str(), ?said, "asked a program to keep a version");
        said
    }

    fn in_words(&self, ran: Result<Output, RunError>) -> Result<String, String> {
        match ran {
            Ok(output) => {
                let printed = output.stdout_text();
                let complained = output.stderr_text();
                match output.check() {
                    Ok(_) => {
                        Ok(with(format!("{} ended with status 0", self.name()), [&complained, &printed]))
                    }
                    // What it complained of is in the error.
                    Err(error) => Err(with(error.to_string(), [&printed])),
                }
            }
            Err(error) => {
                if matches!(error, RunError::TimedOut { .. } | RunError::Cancelled { .. }) {
                    *self.stopped.borrow_mut() = Some(error.to_string());
                }
                Err(error.to_string())
            }
        }
    }
}

/// A sentence with what a program wrote.
fn with<const MANY: usize>(sentence: String, written: [&String; MANY]) -> String {
    written.into_iter().filter(|text| !text.is_empty()).fold(sentence, |said, text| format!("{said}: {text}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split(' ').map(str::to_string).collect()
    }

    #[test]
    fn names_stand_for_the_file_in_each_word_and_are_put_in_once() {
        let command = KeeperCommand::parse(&words(
            "keep %FOLDER_PATH%/%FILE_PATH% %FILE_PATH% --of=%FILE_PATH% 100% %FOLDER_FILESYSTEM% %OTHER%",
        ));
        let arguments = command.clone().unwrap().arguments("/home/pia", "-a b/$(x)%FOLDER_PATH%");
        let file = "-a b/$(x)%FOLDER_PATH%";
        let expected = [
            &format!("/home/pia/{file}"),
            &format!("./{file}"),
            &format!("--of={file}"),
            "100%",
            "basic",
            "%OTHER%",
        ]
        .map(|text: &str| text.to_string());
        assert_eq!(arguments, expected);
    }

    #[test]
    fn a_shell_never_reads_a_files_name() {
        for wrong in [
            vec![],
            vec![""],
            vec!["%FILE_PATH%"],
            vec!["sh", "-c", "mv \"%FILE_PATH%\" /old"],
            vec!["sh", "-c", "mv\t%FILE_PATH%\t/old"],
            vec!["keep", "$(%FILE_PATH%)"],
            vec!["keep", "a;%FOLDER_PATH%"],
        ] {
            let wrong: Vec<String> = wrong.into_iter().map(str::to_string).collect();
            assert!(KeeperCommand::parse(&wrong).is_err(), "{wrong:?}");
        }
        let good = ["sh", "-c", "mv \"$FOLDER_PATH/$FILE_PATH\" /old"].map(str::to_string);
        assert!(KeeperCommand::parse(&good).is_ok());
    }

    #[test]
    fn how_it_ended_and_what_it_said_is_told() {
        let place = tempfile::tempdir().unwrap();
        let cancel = Cancel::new();
        let run = |script: &str| {
            let command = ["sh", "-c", script].map(str::to_string);
            let command = KeeperCommand::parse(&command).unwrap();
            Keeper::new(command, place.path(), &cancel).take_away(&RelativePath::parse("d/a").unwrap())
        };
        assert_eq!(run("echo \"$FILE_PATH\"; pwd -P >&2; exit 0").unwrap().split(": ").count(), 3);
        assert!(run("echo d/a is kept").unwrap().ends_with("sh ended with status 0: d/a is kept"));
        let failed = run("echo out; echo no space >&2; exit 3").unwrap_err();
        assert!(failed.ends_with("ended with status 3: no space: out"), "{failed}");
        cancel.pull();
        assert!(run("exit 0").unwrap_err().contains("stopped on request"));
    }
}
