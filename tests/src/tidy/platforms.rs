//! Differences between systems have one place in each crate.

use crate::source::Source;

/// How code asks which system it is for.
const QUESTION: &str = "target_os";

/// Lines outside tests and outside a crate's `platform` module that ask. The chores of the repository run on Linux and may ask.
pub fn scattered_platform_code(source: &Source) -> Vec<String> {
    let path = &source.file.path;
    let is_product = path.starts_with("crates/");
    let is_platform = path.split('/').any(|part| part == "platform" || part == "platform.rs");
    if !is_product || is_platform {
        return Vec::new();
    }
    let asks = source.production_lines().filter(|(_, text)| text.contains(QUESTION));
    asks.map(|(line, _)| format!("{path}:{line}: asks for the system: move the difference to `platform`."))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::repository::TextFile;

    #[test]
    fn only_the_platform_module_may_ask() {
        let text = "#[cfg(target_os = \"macos\")]\nfn a() {}\n#[cfg(test)]\nmod tests {\n    #[cfg(target_os = \"linux\")]\n    fn b() {}\n}\n";
        let found = |path: &str| {
            let file = TextFile { path: path.into(), text: text.into() };
            scattered_platform_code(&Source::parse(&file).expect("it is Rust")).len()
        };
        assert_eq!(found("crates/a/src/b.rs"), 1);
        for path in [
            "crates/a/src/platform.rs",
            "crates/a/src/platform/macos.rs",
            "crates/a/tests/b.rs",
            "xtask/src/b.rs",
        ] {
            assert_eq!(found(path), 0, "{path}");
        }
    }
}
