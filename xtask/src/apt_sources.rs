//! Which mirror of Debian this machine uses, read from apt's own files in both of their formats.
//!
//! No mirror is written down in this repository: the one that works here is the one that apt already uses.

use std::path::Path;

use crate::outcome::{Context, Outcome, failed};

/// A person's own choice of mirror, for machines whose apt files name none (other distributions).
const OVERRIDE: &str = "HOMESYNC_DEBIAN_MIRROR";

/// The address of the Debian archive that this machine installs its own release from.
pub(crate) fn debian_mirror() -> Outcome<String> {
    if let Ok(address) = std::env::var(OVERRIDE) {
        return Ok(address);
    }
    let release = std::fs::read_to_string("/etc/os-release").context("cannot read /etc/os-release")?;
    let codename = os_release_field(&release, "VERSION_CODENAME").unwrap_or_default();
    let found = match os_release_field(&release, "ID").as_deref() {
        Some("debian") => source_files()?.iter().find_map(|text| mirror_of(text, &codename)),
        _ => None,
    };
    found.ok_or_else(|| {
        failed(format!("apt's sources name no Debian archive for `{codename}`: set {OVERRIDE} to the address of a mirror."))
    })
}

fn os_release_field(text: &str, name: &str) -> Option<String> {
    let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='))?;
    Some(value.trim_matches('"').to_owned())
}

/// The texts of all source files of apt, in the order of their names.
fn source_files() -> Outcome<Vec<String>> {
    let mut paths = vec![Path::new("/etc/apt/sources.list").to_path_buf()];
    let parts = Path::new("/etc/apt/sources.list.d");
    if let Ok(entries) = std::fs::read_dir(parts) {
        paths.extend(entries.filter_map(Result::ok).map(|entry| entry.path()));
    }
    paths.sort();
    // A file that is missing or private names no public mirror: the search goes on without it.
    Ok(paths.iter().filter_map(|path| std::fs::read_to_string(path).ok()).collect())
}

/// The first address in the text that serves binary packages of exactly this suite.
fn mirror_of(text: &str, suite: &str) -> Option<String> {
    let one_line = text.lines().find_map(|line| mirror_of_line(line, suite));
    one_line.or_else(|| text.split("\n\n").find_map(|stanza| mirror_of_stanza(stanza, suite)))
}

/// `deb [options] ADDRESS SUITE COMPONENTS…`
fn mirror_of_line(line: &str, suite: &str) -> Option<String> {
    let rest = line.trim().strip_prefix("deb ")?.trim_start();
    let rest = match rest.strip_prefix('[') {
        Some(options) => options.split_once(']')?.1,
        None => rest,
    };
    let mut words = rest.split_whitespace();
    let address = words.next()?;
    (words.next()? == suite).then(|| address.to_owned())
}

/// `Types:`, `URIs:`, `Suites:` on lines of their own, in any order.
fn mirror_of_stanza(stanza: &str, suite: &str) -> Option<String> {
    let field = |name: &str| {
        stanza
            .lines()
            .filter(|line| !line.starts_with('#'))
            .find_map(|line| line.strip_prefix(name))
            .unwrap_or_default()
    };
    let has = |name: &str, wanted: &str| field(name).split_whitespace().any(|word| word == wanted);
    if !has("Types:", "deb") || !has("Suites:", suite) {
        return None;
    }
    field("URIs:").split_whitespace().next().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_main_archive_is_found_in_stanzas() {
        let text = "Types: deb\n# an old one: http://old.example/\nURIs: http://mirror.example/debian\n\
                    Suites: bookworm bookworm-updates\nComponents: main\n\n\
                    Types: deb\nURIs: http://mirror.example/debian-security\nSuites: bookworm-security\n";
        assert_eq!(mirror_of(text, "bookworm").as_deref(), Some("http://mirror.example/debian"));
        assert_eq!(mirror_of(text, "trixie"), None);
    }

    #[test]
    fn the_main_archive_is_found_in_lines() {
        let text = "# deb http://old.example/ bookworm main\ndeb-src http://src.example/ bookworm main\n\
                    deb https://other.example/apt tool-bookworm main\n\
                    deb [signed-by=/a b=c] http://mirror.example/debian bookworm main contrib\n";
        assert_eq!(mirror_of(text, "bookworm").as_deref(), Some("http://mirror.example/debian"));
    }

    #[test]
    fn fields_of_os_release_lose_their_quotes() {
        assert_eq!(
            os_release_field("ID=debian\nVERSION_CODENAME=\"bookworm\"\n", "VERSION_CODENAME").as_deref(),
            Some("bookworm")
        );
    }
}
