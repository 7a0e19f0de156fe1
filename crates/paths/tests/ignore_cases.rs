//! The ignore list against what Syncthing says: the table of cases, the errors, includes, and where the format leaves room.

use std::collections::BTreeSet;

use homesync_paths::ignore::Cause;
use homesync_paths::{CompileOptions, IgnoreError, IgnoreRules, RelativePath, Verdict};

const CASES: &str = include_str!("ignore_cases.tsv");

/// The quirks that are not taken over: an alternative with a wildcard beside other text is matched there without a second
/// try, so that a pattern does not match what it plainly says. Here it does.
///
/// The other quirks are kept. That `a**b` may share characters between both ends (`/ab**ba` and `aba`) is relied upon. An open brace
/// (`{a`) and an escape at the end (`foo\`) have no plain meaning, and an error would stop folders that work elsewhere.
const PLAINLY_IGNORED: [(&str, &str); 6] = [
    ("{foo*,ba[rz]}", "d/fooX"),
    ("/{foo*,bar}", "foox/y"),
    ("{foo*,bar}", "d/foox"),
    ("{*.foo,bar}", "d/x.foo"),
    ("x{a*,b}y", "xaaay"),
    ("**/{foo*,bar}", "d/foox"),
];

/// Rows whose path cannot be: it has an empty name.
const NO_PATHS: [&str; 2] = ["// comment", "foo // not a comment"];

fn path(text: &str) -> RelativePath {
    RelativePath::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn included(name: &str) -> Result<String, String> {
    match name {
        "inc2.txt" => Ok("fromInc".into()),
        "sub/inc3.txt" => Ok("#include inc4.txt".into()),
        "sub/inc4.txt" => Ok("/deep\n".into()),
        "../outside" => Ok("#include beside\nfromOutside".into()),
        "../beside" => Ok("fromBeside".into()),
        "loop" => Ok("#include ./sub/back".into()),
        "sub/back" => Ok("#include ../loop".into()),
        "root" => Ok("#include .stignore".into()),
        "broken" => Ok("fine\n\n[a".into()),
        _ => Err("no such file".into()),
    }
}

fn compile(text: &str) -> Result<IgnoreRules, IgnoreError> {
    IgnoreRules::compile(text, &mut included)
}

fn list(text: &str) -> IgnoreRules {
    compile(text).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn each_case_of_the_table_is_decided_as_there_but_for_the_named_quirks() {
    let mut different = BTreeSet::new();
    let mut count = 0;
    for line in CASES.lines().filter(|line| !line.starts_with("# ")) {
        let [lines, text, ignored, deletable, skipped, quirk] = line.split('\t').collect::<Vec<_>>()[..]
        else {
            panic!("six columns: {line:?}")
        };
        let Ok(path) = RelativePath::parse(text) else {
            assert!(NO_PATHS.contains(&text), "{text:?}");
            continue;
        };
        let verdict = list(&lines.replace('⏎', "\n")).decide(&path);
        let expected = Verdict {
            ignored: ignored == "1",
            deletable: deletable == "1",
            may_skip_directory: skipped == "1",
        };
        count += 1;
        if verdict != expected {
            assert_eq!(quirk, "1", "{lines} {text}: {verdict:?}");
            assert!(verdict.ignored, "{lines} {text}");
            different.insert((lines, text));
        }
    }
    assert_eq!(count, 354, "the whole table");
    assert_eq!(different, BTreeSet::from(PLAINLY_IGNORED));
}

#[test]
fn what_is_wrong_is_an_error_with_its_place_and_a_way_out() {
    use Cause::*;
    for (text, line, cause) in [
        ("[", 1, SetOpen),
        ("a[", 1, SetOpen),
        ("[a-c", 1, SetOpen),
        ("[]x", 1, SetEmpty),
        ("[]]x", 1, SetEmpty),
        ("[a-]x", 1, SetMixed),
        ("[z-a]x", 1, RangeReversed),
        ("[a-zA-Z]x", 1, SetMixed),
        ("[a-c1]x", 1, SetMixed),
        ("[!a-c1]x", 1, SetMixed),
        ("!", 1, Nothing),
        ("(?d)", 1, Nothing),
        ("#include", 1, IncludeNameless),
        ("#escape=xx", 1, EscapeNotOne),
        ("#escape=", 1, EscapeNotOne),
        ("a\n#escape=|", 2, EscapeLate),
        ("#escape=|\n\n#escape=|", 3, EscapeAgain),
        (
            "#include nonexistent",
            1,
            IncludeUnreadable { path: "nonexistent".into(), reason: "no such file".into() },
        ),
        ("#include inc2.txt\n#include ./inc2.txt", 2, IncludeAgain { path: "inc2.txt".into() }),
    ] {
        let error = compile(text).expect_err(text);
        assert_eq!((error.file.as_str(), error.line, &error.cause), (".stignore", line, &cause), "{text}");
        let written = text.lines().nth(line as usize - 1).expect("the line");
        let message = error.to_string();
        assert!(message.starts_with(&format!(".stignore:{line}: `{written}`: {cause}; ")), "{message}");
        assert!(message.ends_with(cause.instead()) && !cause.instead().is_empty(), "{message}");
    }
}

#[test]
fn an_error_in_an_included_file_names_that_file() {
    let error = compile("a\n#include broken").expect_err("its third line is broken");
    assert_eq!((error.file.as_str(), error.line, error.text.as_str()), ("broken", 3, "[a"));
}

#[test]
fn files_that_include_each_other_are_an_error() {
    for (text, cycle) in
        [("#include loop", "loop"), ("#include root", ".stignore"), ("#include .stignore", ".stignore")]
    {
        let error = compile(text).expect_err(text);
        assert_eq!(error.cause, Cause::IncludeCycle { path: cycle.into() });
    }
    let mut number = 0;
    let mut endless = |_: &str| {
        number += 1;
        Ok(format!("#include {number}"))
    };
    let error = IgnoreRules::compile("#include 0", &mut endless).expect_err("it never ends");
    assert!(matches!(error.cause, Cause::TooMuch { .. }), "{error}");
}

#[test]
fn an_included_file_may_lie_outside_and_stands_in_the_place_of_its_line() {
    let rules = list("!fromBeside/x\n#include ../outside\n!fromOutside");
    assert!(rules.decide(&path("fromBeside")).ignored);
    assert!(!rules.decide(&path("fromBeside/x")).ignored);
    assert!(rules.decide(&path("fromOutside")).ignored, "the include comes before the exception");
    assert_eq!(rules.pattern_count(), 4);
}

#[test]
fn the_deciding_line_is_told() {
    let rules = list("// mine\n!keep\n\n#include inc2.txt\n  (?d)*.o  \n*.o");
    for (text, file, line, pattern) in [
        ("keep", ".stignore", 2, "!keep"),
        ("a/fromInc/b", "inc2.txt", 1, "fromInc"),
        ("x.o", ".stignore", 5, "(?d)*.o"),
        (".stfolder", "", 0, "names that homesync keeps for itself"),
    ] {
        let explanation = rules.explain(&path(text)).expect(text);
        assert_eq!((explanation.file.as_str(), explanation.line), (file, line), "{text}");
        assert_eq!(explanation.text, pattern, "{text}");
    }
    assert_eq!(rules.explain(&path("other")), None);
}

#[test]
fn what_is_built_in_needs_no_list_and_heeds_none() {
    for rules in [IgnoreRules::empty(), list("!*\n!.homesync\n!.stignore")] {
        for text in [".homesync/a", ".stignore", "a/.syncthing.b.tmp", ".stversions"] {
            let expected = Verdict { ignored: true, deletable: false, may_skip_directory: true };
            assert_eq!(rules.decide(&path(text)), expected, "{text}");
        }
        assert!(!rules.decide(&path("a/.stignore")).ignored);
    }
}

#[test]
fn options_fold_all_patterns_and_choose_another_escape() {
    let options = CompileOptions { fold_case: true, escape: '|' };
    let rules = IgnoreRules::compile_with(options, "FoO\na|*", &mut included).expect("a list");
    for (text, expected) in
        [("foo", true), ("x/FOO/y", true), ("A*", true), ("ab", false), (".STIGNORE", true)]
    {
        assert_eq!(rules.decide(&path(text)).ignored, expected, "{text}");
    }
}

#[test]
fn shared_ends_hold_at_every_depth_and_below() {
    for (pattern, text, expected) in [
        ("a/**/b", "z/a/b", true),
        ("/a/**/b", "a/b/c", true),
        ("a/**/b/", "a/b", false),
        ("a/**/b/", "a/b/c", true),
        ("a/**/b*", "a/b", false),
        ("a/**/b*", "a/x/bc", true),
    ] {
        assert_eq!(list(pattern).decide(&path(text)).ignored, expected, "{pattern} {text}");
    }
}

#[test]
fn forms_that_editors_leave_behind_are_read() {
    let rules = list("\u{feff}first\r\n\tsecond\u{a0}\r\ncafe\u{301}\r\n");
    for text in ["first", "second", "café"] {
        assert!(rules.decide(&path(text)).ignored, "{text}");
    }
}
