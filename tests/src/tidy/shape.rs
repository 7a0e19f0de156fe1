//! Sizes and openings: a file holds one concept, a function fits in the eye, and a file says what it is first.

use syn::spanned::Spanned;
use syn::visit::Visit;

use crate::source::Source;

const FILE_LINES: usize = 800;
const FUNCTION_LINES: usize = 70;

/// A file with too many lines outside its tests.
pub fn long_file(source: &Source) -> Vec<String> {
    let lines = source.production_lines().count();
    if lines <= FILE_LINES {
        return Vec::new();
    }
    vec![format!(
        "{}: {lines} lines without its tests, at most {FILE_LINES}: split it by concept.",
        source.file.path
    )]
}

/// Functions with too many lines, from `fn` to the closing brace, tests included.
pub fn long_functions(source: &Source) -> Vec<String> {
    let mut finder = Functions::default();
    finder.visit_file(&source.tree);
    let long = finder.found.into_iter().filter(|function| function.lines > FUNCTION_LINES);
    long.map(|function| {
        let Function { name, line, lines } = function;
        format!("{}:{line}: function `{name}` has {lines} lines, at most {FUNCTION_LINES}.", source.file.path)
    })
    .collect()
}

/// A file that does not open with a module comment.
pub fn missing_opening(source: &Source) -> Vec<String> {
    if source.file.text.starts_with("//!") {
        return Vec::new();
    }
    vec![format!("{}:1: does not open with `//!`: say what is in here and why.", source.file.path)]
}

struct Function {
    name: String,
    line: usize,
    lines: usize,
}

#[derive(Default)]
struct Functions {
    found: Vec<Function>,
}

impl Functions {
    fn add(&mut self, signature: &syn::Signature, block: &syn::Block) {
        let line = signature.span().start().line;
        let lines = block.span().end().line + 1 - line;
        self.found.push(Function { name: signature.ident.to_string(), line, lines });
    }
}

impl<'tree> Visit<'tree> for Functions {
    fn visit_item_fn(&mut self, function: &'tree syn::ItemFn) {
        self.add(&function.sig, &function.block);
        syn::visit::visit_item_fn(self, function);
    }

    fn visit_impl_item_fn(&mut self, function: &'tree syn::ImplItemFn) {
        self.add(&function.sig, &function.block);
        syn::visit::visit_impl_item_fn(self, function);
    }

    fn visit_trait_item_fn(&mut self, function: &'tree syn::TraitItemFn) {
        if let Some(block) = &function.default {
            self.add(&function.sig, block);
        }
        syn::visit::visit_trait_item_fn(self, function);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::repository::TextFile;

    fn with(text: &str, rule: fn(&Source) -> Vec<String>) -> Vec<String> {
        let file = TextFile { path: "crates/a/src/b.rs".into(), text: text.into() };
        rule(&Source::parse(&file).expect("it is Rust"))
    }

    #[test]
    fn a_long_file_is_found_but_its_tests_do_not_count() {
        let production = "const A: u8 = 0;\n".repeat(801);
        assert_eq!(with(&production, long_file).len(), 1);
        let tests = format!("fn a() {{}}\n#[cfg(test)]\nmod tests {{\n{production}}}\n");
        assert_eq!(with(&tests, long_file), Vec::<String>::new());
    }

    #[test]
    fn a_long_function_is_found_wherever_it_is() {
        let body = "    let _ = 0;\n".repeat(69);
        let free = format!("\nfn long() {{\n{body}}}\n");
        assert_eq!(
            with(&free, long_functions),
            ["crates/a/src/b.rs:2: function `long` has 71 lines, at most 70."]
        );
        assert_eq!(
            with(&format!("struct A;\nimpl A {{\nfn long() {{\n{body}}}\n}}\n"), long_functions).len(),
            1
        );
        assert_eq!(with(&format!("trait A {{\nfn long() {{\n{body}}}\n}}\n"), long_functions).len(), 1);
        assert_eq!(with(&free.replacen("    let _ = 0;\n", "", 1), long_functions).len(), 0);
    }

    #[test]
    fn a_file_without_opening_is_found() {
        assert_eq!(with("// Not a module comment.\nfn a() {}\n", missing_opening).len(), 1);
        assert_eq!(with("//! Says what it is.\nfn a() {}\n", missing_opening).len(), 0);
    }
}
