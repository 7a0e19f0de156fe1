//! Licence expressions (SPDX) of all packages against the list of licences that we accept.

use crate::metadata::{Package, Packages};

/// Accepted licences. `X WITH Y` is an entry of its own: an exception can widen a licence or narrow it.
const ACCEPTED: &[&str] = &[
    "MIT",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "ISC",
    "Zlib",
    "Unicode-3.0",
    "Unlicense",
    "0BSD",
    "CC0-1.0",
    "BSL-1.0",
    "CDLA-Permissive-2.0",
];

/// A package that is accepted with another expression, and why.
pub struct Exception {
    /// The package.
    pub package: &'static str,
    /// Exactly this expression: a changed one is looked at again.
    pub expression: &'static str,
    /// Why it is accepted.
    pub reason: &'static str,
}

/// None so far.
pub const EXCEPTIONS: &[Exception] = &[];

/// Packages whose licence is not accepted, and exceptions that nobody needs.
pub fn refused(packages: &Packages, exceptions: &[Exception]) -> Vec<String> {
    let all = packages.by_id.values();
    let needed = |exception: &&Exception| !all.clone().any(|package| excepted(package, exception));
    let stale = exceptions.iter().filter(needed);
    let stale =
        stale.map(|exception| format!("exception for {}: nothing needs it, remove it.", exception.package));
    let unexcepted =
        all.clone().filter(|package| !exceptions.iter().any(|exception| excepted(package, exception)));
    unexcepted.filter_map(refusal).chain(stale).collect()
}

fn excepted(package: &Package, exception: &Exception) -> bool {
    package.name == exception.package && package.licence.as_deref() == Some(exception.expression)
}

fn refusal(package: &Package) -> Option<String> {
    let name = format!("{} {}", package.name, package.version);
    let Some(expression) = &package.licence else {
        return Some(format!("{name}: names no licence."));
    };
    match accepts(expression) {
        Ok(true) => None,
        Ok(false) => Some(format!("{name}: `{expression}` is not accepted.")),
        Err(error) => Some(format!("{name}: `{expression}`: {error}.")),
    }
}

/// Whether the accepted licences satisfy the expression.
///
/// # Errors
/// What is wrong with the expression.
pub fn accepts(expression: &str) -> Result<bool, String> {
    let tokens = tokens(expression);
    let mut reader = Reader { tokens: &tokens };
    let accepted = reader.alternatives()?;
    match reader.tokens.first() {
        None => Ok(accepted),
        Some(token) => Err(format!("unexpected `{token}`")),
    }
}

/// Words and parentheses. The slash of old manifests means OR.
fn tokens(expression: &str) -> Vec<String> {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    spaced.split_whitespace().map(str::to_owned).collect()
}

/// Reads by descent: OR binds least, then AND, then WITH.
struct Reader<'a> {
    tokens: &'a [String],
}

impl Reader<'_> {
    fn alternatives(&mut self) -> Result<bool, String> {
        let mut accepted = self.requirements()?;
        while self.take("OR") {
            // Read even when the answer is known: a broken rest must not pass.
            accepted |= self.requirements()?;
        }
        Ok(accepted)
    }

    fn requirements(&mut self) -> Result<bool, String> {
        let mut accepted = self.licence()?;
        while self.take("AND") {
            accepted &= self.licence()?;
        }
        Ok(accepted)
    }

    fn licence(&mut self) -> Result<bool, String> {
        if self.take("(") {
            let accepted = self.alternatives()?;
            return if self.take(")") { Ok(accepted) } else { Err("a parenthesis is not closed".to_owned()) };
        }
        let mut name = self.word()?;
        if self.take("WITH") {
            name = format!("{name} WITH {}", self.word()?);
        }
        Ok(ACCEPTED.contains(&name.as_str()))
    }

    fn word(&mut self) -> Result<String, String> {
        let (first, rest) = self.tokens.split_first().ok_or("it ends where a licence is expected")?;
        if ["(", ")", "AND", "OR", "WITH"].contains(&first.as_str()) {
            return Err(format!("`{first}` where a licence is expected"));
        }
        self.tokens = rest;
        Ok(first.clone())
    }

    fn take(&mut self, token: &str) -> bool {
        match self.tokens.split_first() {
            Some((first, rest)) if first == token => {
                self.tokens = rest;
                true
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_mean_what_spdx_says() {
        let cases = [
            ("MIT", true),
            ("GPL-3.0-only", false),
            ("MIT OR GPL-3.0-only", true),
            ("MIT AND GPL-3.0-only", false),
            ("GPL-2.0-only OR MIT AND GPL-3.0-only", false),
            ("(GPL-2.0-only OR MIT) AND ISC", true),
            ("Unlicense/MIT", true),
            ("Apache-2.0 WITH LLVM-exception", true),
            ("MIT WITH LLVM-exception", false),
            ("ISC AND (Apache-2.0 OR ISC)", true),
        ];
        for (expression, expected) in cases {
            assert_eq!(accepts(expression), Ok(expected), "{expression}");
        }
    }

    #[test]
    fn broken_expressions_are_errors() {
        for expression in ["", "MIT OR", "(MIT", "MIT)", "MIT ISC", "OR MIT", "MIT OR GPL-3.0-only WITH"] {
            assert!(accepts(expression).is_err(), "{expression}");
        }
    }

    fn packages(name: &str, licence: Option<&str>) -> Packages {
        let package = serde_json::json!({"id": name, "name": name, "version": "1.0.0", "license": licence});
        Packages::parse(&serde_json::json!({"packages": [package]}))
    }

    #[test]
    fn a_refused_or_missing_licence_is_found() {
        assert_eq!(
            refused(&packages("a", Some("AGPL-3.0-only")), &[]),
            ["a 1.0.0: `AGPL-3.0-only` is not accepted."]
        );
        assert_eq!(refused(&packages("a", None), &[]), ["a 1.0.0: names no licence."]);
        assert!(refused(&packages("a", Some("MIT OR Apache-2.0")), &[]).is_empty());
    }

    #[test]
    fn an_exception_holds_for_its_expression_only_and_must_be_needed() {
        let exceptions = [Exception { package: "a", expression: "MPL-2.0", reason: "a trial" }];
        assert!(refused(&packages("a", Some("MPL-2.0")), &exceptions).is_empty());
        assert_eq!(refused(&packages("a", Some("MPL-1.0")), &exceptions).len(), 2);
        assert_eq!(refused(&packages("b", Some("MIT")), &exceptions).len(), 1);
    }
}
