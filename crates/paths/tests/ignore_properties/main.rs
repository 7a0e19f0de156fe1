//! The ignore list on random input: it agrees with a matcher that does the same slowly, and nothing makes it slow or big.

mod naive;

use arbtest::arbitrary::{Result, Unstructured};
use arbtest::arbtest;
use homesync_paths::{CompileOptions, IgnoreRules, RelativePath, Verdict};

const PIECES: [&str; 36] = [
    "a",
    "b",
    "ab",
    "ba",
    "A",
    "É",
    "é",
    "春",
    "/",
    "/",
    "*",
    "*",
    "**",
    "**/",
    "/**",
    "?",
    "[ab]",
    "[!a]",
    "[a-c]",
    "[a/b]",
    "{a,b}",
    "{a*,b}",
    "{a,b/c}",
    "{,b}",
    "{a,{b,?}}",
    "{",
    "}",
    ",",
    "\\*",
    "\\",
    ".",
    "!",
    "(?i)",
    "(?d)",
    "*a*",
    "*b",
];
const NAMES: [&str; 14] = ["a", "b", "c", "ab", "ba", "aba", "abba", "A", "É", "é", "春", "*", "a,b", "cab"];

fn pattern(input: &mut Unstructured<'_>) -> Result<String> {
    let length = input.int_in_range(1..=6)?;
    (0..length).map(|_| input.choose(&PIECES).copied()).collect()
}

fn list(input: &mut Unstructured<'_>) -> Result<String> {
    let length = input.int_in_range(1..=5)?;
    let lines: Result<Vec<String>> = (0..length).map(|_| pattern(input)).collect();
    Ok(lines?.join("\n"))
}

fn path(input: &mut Unstructured<'_>) -> Result<RelativePath> {
    let depth = input.int_in_range(1..=4)?;
    let names: Result<Vec<&str>> = (0..depth).map(|_| input.choose(&NAMES).copied()).collect();
    Ok(RelativePath::parse(&names?.join("/")).expect("plain names"))
}

fn no_include(_: &str) -> std::result::Result<String, String> {
    Err("there are none".into())
}

#[test]
fn the_fast_matcher_agrees_with_the_slow_one() {
    arbtest(|input| {
        let text = list(input)?;
        let fold_case = input.arbitrary()?;
        let options = CompileOptions { fold_case, escape: '\\' };
        let Ok(rules) = IgnoreRules::compile_with(options, &text, &mut no_include) else { return Ok(()) };
        for _ in 0..8 {
            let path = path(input)?;
            let verdict = rules.decide(&path);
            let (ignored, deletable) = naive::decide(&text, fold_case, path.as_str());
            assert_eq!((verdict.ignored, verdict.deletable), (ignored, deletable), "{text:?} {path:?}");
        }
        Ok(())
    })
    .size_min(256)
    .size_max(512)
    .budget_ms(3_000);
}

/// What may be skipped holds nothing that is wanted. One form is apart, because the format says so: `!/a/**` keeps what is below
/// `/a` and not `/a` itself, and yet it does not make an ignored `/a` worth a look.
#[test]
fn nothing_below_a_skipped_directory_is_wanted() {
    arbtest(|input| {
        let text = list(input)?;
        let is_apart = |line: &str| line.contains('!') && (line.ends_with('/') || line.ends_with("/**"));
        if text.lines().map(str::trim).any(is_apart) {
            return Ok(());
        }
        let Ok(rules) = IgnoreRules::compile(&text, &mut no_include) else { return Ok(()) };
        let directory = path(input)?;
        if rules.decide(&directory).may_skip_directory {
            let below = directory.join(path(input)?.as_str()).expect("plain names");
            assert!(rules.decide(&below).ignored, "{text:?} {directory:?} {below:?}");
        }
        Ok(())
    })
    .budget_ms(3_000);
}

/// Fuzz target 6: arbitrary text compiles or is refused, and decides about arbitrary paths.
#[test]
fn arbitrary_lists_are_compiled_or_refused() {
    const CHARACTERS: [char; 22] = [
        '{', '}', '[', ']', '*', '?', ',', '/', '\\', '-', '!', '#', '(', 'a', 'Z', '\n', '\r', ' ', '\0',
        'ſ', '\u{308}', '𝄞',
    ];
    arbtest(|input| {
        let length = input.int_in_range(0..=200)?;
        let characters: Result<String> = (0..length).map(|_| input.choose(&CHARACTERS).copied()).collect();
        let text: String = format!("{}{}", characters?, input.arbitrary::<&str>()?);
        let mut files = 0;
        let mut include = |_: &str| {
            files += 1;
            assert!(files < 300, "there is a limit");
            Ok(text.clone())
        };
        if let Ok(rules) = IgnoreRules::compile(&text, &mut include)
            && let Ok(path) = RelativePath::parse(input.arbitrary::<&str>()?)
        {
            let Verdict { ignored, deletable, may_skip_directory } = rules.decide(&path);
            assert!(ignored || !(deletable || may_skip_directory));
            assert_eq!(ignored, ignored && rules.explain(&path).is_some(), "what is ignored has a reason");
        }
        Ok(())
    })
    .budget_ms(3_000);
}

/// Each of these takes for ever in a matcher that tries one way after the other, or in a compiler that writes all alternatives
/// out. That the test ends is its result.
#[test]
fn bombs_do_not_go_off() {
    let deep = vec!["a".repeat(200); 15].join("/");
    let path = RelativePath::parse(&deep).expect("a path");
    for bomb in [
        "*a".repeat(500) + "*b",
        "*a*a".repeat(100) + "/**/b",
        "**a".repeat(500) + "b",
        "**/*a".repeat(200) + "b",
        "{a,b}".repeat(800),
        "{a*,*a}".repeat(400) + "b",
        "{,a}".repeat(800) + "b",
        "{*,{*,{*,{*,*}}}}".repeat(100) + "b",
        "{".to_owned() + &"{a,b}".repeat(600) + "[/],b}",
        "{a,".repeat(30) + &"}".repeat(30),
        "a".repeat(2000) + "**" + &"a".repeat(2000),
    ] {
        let rules = IgnoreRules::compile(&bomb, &mut no_include).expect("a legal pattern");
        assert!(!rules.decide(&path).ignored, "{}", &bomb[..20]);
    }
    for too_much in ["a".repeat(5000), "{".repeat(4000), "b\n".repeat(600_000)] {
        assert!(IgnoreRules::compile(&too_much, &mut no_include).is_err());
    }
}
