//! Habits that make tests slow, flaky or silently absent.

use syn::spanned::Spanned;
use syn::visit::Visit;

use crate::source::Source;

/// A fixed sleep in a test. Allowed only inside a function whose name begins with `wait_`: there it is the pause of a
/// loop that waits for a condition with a deadline.
pub fn sleeping_tests(source: &Source) -> Vec<String> {
    let mut finder = Sleeps::default();
    finder.visit_file(&source.tree);
    let lines = finder.found.into_iter().filter(|line| source.is_test_line(*line));
    lines
        .map(|line| {
            let path = &source.file.path;
            format!("{path}:{line}: a sleep in a test: wait for the condition, with a deadline, in a function `wait_…`.")
        })
        .collect()
}

/// `#[ignore]` without `= "reason"`.
pub fn ignored_without_reason(source: &Source) -> Vec<String> {
    let mut finder = Ignored::default();
    finder.visit_file(&source.tree);
    let path = &source.file.path;
    finder.found.into_iter().map(|line| format!("{path}:{line}: `#[ignore]` without a reason.")).collect()
}

#[derive(Default)]
struct Sleeps {
    /// How many enclosing functions are waiting functions.
    waiting: usize,
    found: Vec<usize>,
}

impl Sleeps {
    fn inside(&mut self, name: &syn::Ident, visit: impl FnOnce(&mut Self)) {
        let waits = usize::from(name.to_string().starts_with("wait_"));
        self.waiting += waits;
        visit(self);
        self.waiting -= waits;
    }
}

impl<'tree> Visit<'tree> for Sleeps {
    fn visit_item_fn(&mut self, function: &'tree syn::ItemFn) {
        self.inside(&function.sig.ident, |finder| syn::visit::visit_item_fn(finder, function));
    }

    fn visit_impl_item_fn(&mut self, function: &'tree syn::ImplItemFn) {
        self.inside(&function.sig.ident, |finder| syn::visit::visit_impl_item_fn(finder, function));
    }

    fn visit_expr_path(&mut self, path: &'tree syn::ExprPath) {
        let mut names = path.path.segments.iter().rev().map(|segment| segment.ident.to_string());
        let is_sleep = names.next().is_some_and(|name| name == "sleep");
        let of_thread = names.next().is_none_or(|module| module == "thread");
        if is_sleep && of_thread && self.waiting == 0 {
            self.found.push(path.span().start().line);
        }
    }
}

#[derive(Default)]
struct Ignored {
    found: Vec<usize>,
}

impl<'tree> Visit<'tree> for Ignored {
    fn visit_attribute(&mut self, attribute: &'tree syn::Attribute) {
        if matches!(&attribute.meta, syn::Meta::Path(path) if path.is_ident("ignore")) {
            self.found.push(attribute.span().start().line);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::repository::TextFile;

    fn with(text: &str, rule: fn(&Source) -> Vec<String>) -> usize {
        let file = TextFile { path: "crates/a/tests/b.rs".into(), text: text.into() };
        rule(&Source::parse(&file).expect("it is Rust")).len()
    }

    #[test]
    fn a_sleep_is_found_unless_it_waits() {
        assert_eq!(with("fn a() {\n    std::thread::sleep(x);\n}\n", sleeping_tests), 1);
        assert_eq!(with("use std::thread::sleep;\nfn a() { sleep(x); }\n", sleeping_tests), 1);
        assert_eq!(
            with("fn wait_until(c: C) { while !c() { std::thread::sleep(x); } }\n", sleeping_tests),
            0
        );
        assert_eq!(with("fn a() { crate::animals::sleep(x); }\n", sleeping_tests), 0);
    }

    #[test]
    fn ignoring_needs_a_reason() {
        assert_eq!(with("#[test]\n#[ignore]\nfn a() {}\n", ignored_without_reason), 1);
        assert_eq!(with("#[test]\n#[ignore = \"needs root\"]\nfn a() {}\n", ignored_without_reason), 0);
    }
}
