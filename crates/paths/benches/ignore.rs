//! How fast the ignore list decides: a hundred patterns as people have them, and a million paths as trees have them.
//!
//! `cargo bench -p homesync-paths`. The best of five rounds counts, because the others were disturbed by something else.

#![expect(clippy::disallowed_methods, clippy::disallowed_types, reason = "it measures time")]
#![expect(clippy::disallowed_macros, clippy::print_stdout, reason = "it prints what it measured")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use homesync_paths::{CompileOptions, IgnoreRules, RelativePath};

const PATHS: u32 = 1_000_000;
const ROUNDS: u32 = 5;

/// A hundred lines: names, endings, rooted places, exceptions, and a few of each rarer form.
const PATTERNS: &str = include_str!("patterns.stignore");

const TOP: [&str; 12] = [
    "Documents",
    "projects",
    "Pictures",
    "Music",
    "src",
    ".config",
    "notes",
    "work",
    "Downloads",
    "archive",
    "Videos",
    "lib",
];
const MIDDLE: [&str; 16] = [
    "2024",
    "client-a",
    "homesync",
    "crates",
    "assets",
    "internal",
    "Holiday in Norway",
    "include",
    "tests",
    "node_modules",
    "Invoices",
    "components",
    "build",
    "Größe",
    "v2.1",
    "common",
];
const STEMS: [&str; 14] = [
    "index",
    "main",
    "IMG_2041",
    "report-final",
    "README",
    "package-lock",
    "mod",
    "Anschreiben",
    "notes of the meeting",
    "test_utils",
    "config",
    "track 07",
    "a",
    "libfoundation",
];
const ENDINGS: [&str; 16] = [
    ".rs", ".ts", ".jpg", ".pdf", ".md", ".json", ".html", ".o", ".txt", ".py", ".flac", "", ".tar.gz", ".h",
    ".docx", ".tmp",
];

fn main() {
    let exact = compile(PATTERNS, CompileOptions::default());
    let folded = compile(PATTERNS, CompileOptions { fold_case: true, ..CompileOptions::default() });
    let paths: Vec<RelativePath> = (0..PATHS).map(path).collect();
    let bytes: usize = paths.iter().map(|path| path.as_str().len()).sum();
    println!("paths have {} bytes on average", bytes / paths.len());
    measure("as written", &exact, &paths);
    measure("case folded", &folded, &paths);
}

fn compile(text: &str, options: CompileOptions) -> IgnoreRules {
    let mut include = |_: &str| Err("there are none".to_owned());
    match IgnoreRules::compile_with(options, text, &mut include) {
        Ok(rules) => rules,
        Err(error) => panic!("{error}"),
    }
}

fn measure(name: &str, rules: &IgnoreRules, paths: &[RelativePath]) {
    let mut best = Duration::MAX;
    let mut ignored = 0;
    for _ in 0..ROUNDS {
        let begin = Instant::now();
        ignored = paths.iter().filter(|path| rules.decide(black_box(path)).ignored).count();
        best = best.min(begin.elapsed());
    }
    let rate = paths.len() as f64 / best.as_secs_f64();
    println!(
        "{name}: {} paths × {} patterns in {:.3} s: {rate:.0} paths/s ({ignored} ignored)",
        paths.len(),
        rules.pattern_count(),
        best.as_secs_f64(),
    );
}

/// The path of this number: three to seven names, mixed by a fixed sequence so that each run sees the same.
fn path(number: u32) -> RelativePath {
    let mut state = u64::from(number).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = |count: usize| {
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        (state.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % count
    };
    let mut text = TOP[next(TOP.len())].to_owned();
    for _ in 0..next(5) + 1 {
        text.push('/');
        text.push_str(MIDDLE[next(MIDDLE.len())]);
    }
    text.push('/');
    text.push_str(STEMS[next(STEMS.len())]);
    text.push_str(&number.to_string());
    text.push_str(ENDINGS[next(ENDINGS.len())]);
    match RelativePath::parse(&text) {
        Ok(path) => path,
        Err(error) => panic!("{text}: {error}"),
    }
}
