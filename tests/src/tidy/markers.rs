//! Marks of unfinished work in production code.

use crate::source::Source;

/// Names of macros, without their exclamation mark: a text search for the calls must not find this list.
const UNFINISHED: &[&str] = &["dbg", "todo", "unimplemented"];

/// Lines outside tests that call one of them, comments included: a plain text search must find nothing either.
pub fn unfinished(source: &Source) -> Vec<String> {
    let mut findings = Vec::new();
    for (line, text) in source.production_lines() {
        for name in UNFINISHED.iter().filter(|name| text.contains(&format!("{name}!"))) {
            findings.push(format!(
                "{}:{line}: a stray `{name}` call: finish it, or return an error.",
                source.file.path
            ));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::repository::TextFile;

    fn with(path: &str, text: &str) -> Vec<String> {
        let file = TextFile { path: path.into(), text: text.into() };
        unfinished(&Source::parse(&file).expect("it is Rust"))
    }

    #[test]
    fn each_mark_is_found_in_production_only() {
        for name in UNFINISHED {
            let text = format!("fn a() {{\n    {name}!()\n}}\n");
            assert_eq!(with("crates/a/src/b.rs", &text).len(), 1, "{name}");
            assert_eq!(with("crates/a/tests/b.rs", &text).len(), 0, "{name}");
            assert_eq!(
                with("crates/a/src/b.rs", &format!("#[cfg(test)]\nmod tests {{\n{text}}}\n")).len(),
                0,
                "{name}"
            );
        }
    }
}
