//! A Rust source file, parsed once: which lines are tests, which bytes are comments, and its syntax tree.

use std::ops::RangeInclusive;

use proc_macro2::{TokenStream, TokenTree};
use syn::spanned::Spanned;
use syn::visit::Visit;

use crate::repository::TextFile;

/// A parsed file.
pub struct Source<'a> {
    /// The file itself.
    pub file: &'a TextFile,
    /// Its syntax tree, with line numbers.
    pub tree: syn::File,
    test_lines: Vec<RangeInclusive<usize>>,
}

impl<'a> Source<'a> {
    /// Parses the file.
    ///
    /// # Errors
    /// A sentence with the place, when it is not Rust.
    pub fn parse(file: &'a TextFile) -> Result<Self, String> {
        let tree = syn::parse_file(&file.text)
            .map_err(|error| format!("{}:{}: {error}", file.path, error.span().start().line))?;
        let mut finder = TestLines::default();
        finder.visit_file(&tree);
        Ok(Source { file, tree, test_lines: finder.found })
    }

    /// Whether the whole file is test code, by its place or name.
    pub fn is_test_file(&self) -> bool {
        let mut parts = self.file.path.split('/');
        parts.any(|part| part == "tests" || part == "tests.rs" || part.ends_with("_tests.rs"))
    }

    /// Whether the line belongs to a test.
    pub fn is_test_line(&self, line: usize) -> bool {
        self.is_test_file() || self.test_lines.iter().any(|range| range.contains(&line))
    }

    /// The lines outside tests, with their numbers from 1.
    pub fn production_lines(&self) -> impl Iterator<Item = (usize, &'a str)> {
        let lines = self.file.text.lines().zip(1..);
        lines.map(|(text, line)| (line, text)).filter(|(line, _)| !self.is_test_line(*line))
    }

    /// The text with everything but comments blanked out; lines stay where they are.
    pub fn comments(&self) -> String {
        let mut bytes = self.file.text.clone().into_bytes();
        if let Ok(tokens) = self.file.text.parse::<TokenStream>() {
            blank_code(tokens, &self.file.text, &mut bytes);
        }
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

/// Blanks all tokens except documentation comments, which arrive as tokens whose source begins like a comment.
fn blank_code(tokens: TokenStream, text: &str, bytes: &mut [u8]) {
    for token in tokens {
        match token {
            TokenTree::Group(group) => {
                // The delimiters of a comment's group have spans of one byte; only the whole span shows what it is.
                let is_doc = is_comment(text, &group.span().byte_range());
                if !is_doc {
                    blank(bytes, group.span_open().byte_range());
                    blank(bytes, group.span_close().byte_range());
                    blank_code(group.stream(), text, bytes);
                }
            }
            other => {
                let range = other.span().byte_range();
                if !is_comment(text, &range) {
                    blank(bytes, range);
                }
            }
        }
    }
}

fn is_comment(text: &str, range: &std::ops::Range<usize>) -> bool {
    let source = text.get(range.clone()).unwrap_or_default();
    source.starts_with("//") || source.starts_with("/*")
}

fn blank(bytes: &mut [u8], range: std::ops::Range<usize>) {
    for byte in bytes.get_mut(range).into_iter().flatten().filter(|byte| **byte != b'\n') {
        *byte = b' ';
    }
}

/// Collects the lines of everything under `#[cfg(test)]` and of test functions.
#[derive(Default)]
struct TestLines {
    found: Vec<RangeInclusive<usize>>,
}

impl TestLines {
    fn add(&mut self, attributes: &[syn::Attribute], span: proc_macro2::Span) {
        if attributes.iter().any(is_test_attribute) {
            let first =
                attributes.first().map_or(span.start().line, |attribute| attribute.span().start().line);
            self.found.push(first..=span.end().line);
        }
    }
}

impl<'tree> Visit<'tree> for TestLines {
    fn visit_item(&mut self, item: &'tree syn::Item) {
        if let Some(attributes) = attributes(item) {
            self.add(attributes, item.span());
        }
        syn::visit::visit_item(self, item);
    }

    fn visit_impl_item_fn(&mut self, function: &'tree syn::ImplItemFn) {
        self.add(&function.attrs, function.span());
        syn::visit::visit_impl_item_fn(self, function);
    }
}

fn attributes(item: &syn::Item) -> Option<&[syn::Attribute]> {
    match item {
        syn::Item::Fn(item) => Some(&item.attrs),
        syn::Item::Impl(item) => Some(&item.attrs),
        syn::Item::Mod(item) => Some(&item.attrs),
        syn::Item::Use(item) => Some(&item.attrs),
        syn::Item::Const(item) => Some(&item.attrs),
        syn::Item::Static(item) => Some(&item.attrs),
        syn::Item::Struct(item) => Some(&item.attrs),
        syn::Item::Enum(item) => Some(&item.attrs),
        _ => None,
    }
}

/// `#[cfg(test)]`, `#[test]`, and the `test` attributes of others.
fn is_test_attribute(attribute: &syn::Attribute) -> bool {
    if let syn::Meta::List(list) = &attribute.meta
        && list.path.is_ident("cfg")
    {
        return list.tokens.to_string() == "test";
    }
    is_test_mark(attribute)
}

/// An attribute that makes a function a test.
pub fn is_test_mark(attribute: &syn::Attribute) -> bool {
    attribute.path().segments.last().is_some_and(|segment| segment.ident == "test")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, text: &str) -> TextFile {
        TextFile { path: path.into(), text: text.into() }
    }

    #[test]
    fn test_modules_are_not_production() {
        let file = file(
            "crates/a/src/lib.rs",
            "fn a() {}\n\n/// Tests.\n#[cfg(test)]\nmod tests {\n    fn b() {}\n}\n",
        );
        let source = Source::parse(&file).expect("it is Rust");
        let lines: Vec<usize> = source.production_lines().map(|(line, _)| line).collect();
        assert_eq!(lines, [1, 2]);
    }

    #[test]
    fn comments_are_told_from_strings_and_code() {
        let text = "//! Opening\nfn a() { let _ = \"// no\"; } // yes\n/* block\n   here */\n/// doc\nconst B: char = '\"';\n";
        let file = file("a.rs", text);
        let comments = Source::parse(&file).expect("it is Rust").comments();
        let words: Vec<&str> = comments.split_whitespace().collect();
        assert_eq!(words.join(" "), "//! Opening // yes /* block here */ /// doc");
        assert_eq!(comments.lines().count(), text.lines().count());
    }

    #[test]
    fn what_is_not_rust_is_reported_with_its_line() {
        let file = file("a.rs", "fn a() {}\nfn fn\n");
        assert!(Source::parse(&file).err().is_some_and(|text| text.starts_with("a.rs:2:")));
    }
}
