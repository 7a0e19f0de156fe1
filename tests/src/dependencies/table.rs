//! The table of all crates of the design: which of ours each may use, and which of others.
//!
//! A crate is here before it exists, so that its first commit already has a place. Adding a dependency means adding it
//! here and in CONTRIBUTING.md, with its reason.

/// Crates without clock, thread, file, socket, environment and randomness.
pub const SANS_IO: &[&str] = &["paths", "protocol", "engine", "merge", "state", "gotemplate"];

/// What one crate may use for the product. Tests may use more.
pub struct Row {
    /// Its directory below `crates/`.
    pub name: &'static str,
    /// Our crates; arrows point down only.
    pub ours: &'static [&'static str],
    /// Crates of others.
    pub others: &'static [&'static str],
}

/// Crates of ours that exist for the work itself and never reach the product; they use what they need.
pub const WORKSHOP: &[&str] = &["xtask", "homesync-tests", "homesync-simulator"];

/// Must not be in the product, with the reason.
pub const REFUSED: &[(&str, &str)] = &[
    ("ring", "aws-lc-rs is the one provider of cryptography"),
    ("openssl-sys", "aws-lc-rs is the one provider of cryptography, and no system library is needed"),
];

/// From the top to the bottom: every crate comes before those that it uses.
pub const ROWS: &[Row] = &[
    Row {
        name: "homesync",
        ours: &[
            "daemon",
            "state",
            "dotfiles",
            "system",
            "images",
            "repository",
            "secrets",
            "disk",
            "protocol",
            "host",
            "paths",
        ],
        others: &[
            "clap",
            "clap_complete",
            "clap_mangen",
            "inquire",
            "indicatif",
            "ratatui",
            "anstream",
            "anstyle",
            "toml_edit",
            "serde-saphyr",
            "serde",
            "serde_ignored",
            "serde_json",
            "etcetera",
            "jiff",
            "tracing",
            "tracing-subscriber",
        ],
    },
    Row {
        name: "daemon",
        ours: &[
            "engine",
            "index",
            "disk",
            "network",
            "merge",
            "protocol",
            "state",
            "dotfiles",
            "system",
            "images",
            "repository",
            "secrets",
            "host",
            "paths",
        ],
        others: &[
            "tokio",
            "axum",
            "utoipa",
            "zbus",
            "jiff",
            "flate2",
            "fast_qr",
            "aws-lc-rs",
            "rustix",
            "serde",
            "serde_json",
            "thiserror",
            "tracing",
            "tracing-subscriber",
        ],
    },
    Row {
        name: "dotfiles",
        ours: &["state", "repository", "secrets", "gotemplate", "disk", "host", "paths"],
        others: &[
            "toml_edit",
            "serde-saphyr",
            "serde_json",
            "jsonc-parser",
            "plist",
            "ureq",
            "tar",
            "zip",
            "flate2",
            "zstd",
            "regex",
            "imara-diff",
        ],
    },
    Row {
        name: "system",
        ours: &["state", "secrets", "disk", "host", "paths"],
        others: &["toml_edit", "serde_json", "plist", "rustix"],
    },
    Row {
        name: "images",
        ours: &["state", "repository", "disk", "host", "paths"],
        others: &["serde_json", "rustix"],
    },
    Row {
        name: "repository",
        ours: &["state", "disk", "host", "paths"],
        others: &["thiserror", "serde", "tar", "zstd", "flate2"],
    },
    Row {
        name: "secrets",
        ours: &["disk", "host", "paths"],
        others: &["age", "keyring", "linux-keyutils-keyring-store", "zeroize"],
    },
    Row { name: "index", ours: &["engine", "protocol", "paths"], others: &["redb", "blake3", "thiserror"] },
    Row {
        name: "disk",
        ours: &["engine", "protocol", "paths"],
        others: &["rustix", "libc", "nix", "aws-lc-rs", "tape-sha256", "blake3", "notify", "thiserror"],
    },
    Row {
        name: "network",
        ours: &["protocol", "host", "paths"],
        others: &[
            "bytes",
            "if-addrs",
            "quinn",
            "rustix",
            "rustls",
            "thiserror",
            "tokio",
            "tokio-rustls",
            "ureq",
            "rustls-platform-verifier",
        ],
    },
    Row { name: "engine", ours: &["protocol", "paths"], others: &["thiserror", "blake3"] },
    Row {
        name: "protocol",
        ours: &["paths"],
        others: &["prost", "lz4_flex", "sha2", "aes-siv", "chacha20poly1305", "scrypt", "hkdf", "thiserror"],
    },
    Row { name: "merge", ours: &[], others: &["imara-diff"] },
    Row { name: "state", ours: &["paths"], others: &["serde", "thiserror", "blake3", "imara-diff"] },
    Row { name: "gotemplate", ours: &[], others: &["regex", "serde"] },
    Row {
        name: "host",
        ours: &["paths"],
        others: &[
            "rustix",
            "toml_edit",
            "serde",
            "serde_ignored",
            "serde-saphyr",
            "rcgen",
            "rustls-pki-types",
            "signal-hook",
            "aws-lc-rs",
            "age",
            "zeroize",
            "jiff",
            "tracing",
            "tracing-subscriber",
            "thiserror",
        ],
    },
    // thiserror writes code and reads nothing: typed errors are worth it even at the bottom.
    Row { name: "paths", ours: &[], others: &["unicode-normalization", "thiserror"] },
];

/// Everything that may run inside SANS-I/O crates, their dependencies' dependencies included. None of it reads a clock,
/// file, socket, environment or random source with the features in use; `getrandom` here would open a door.
pub const SANS_IO_TREE: &[&str] = &[
    "block-buffer",
    "bytes",
    "cfg-if",
    "cpufeatures",
    "crypto-common",
    "digest",
    "foldhash",
    "generic-array",
    "hashbrown",
    "imara-diff",
    "libc",
    "lz4_flex",
    "memchr",
    "prost",
    "sha2",
    "thiserror",
    "tinyvec",
    "tinyvec_macros",
    "typenum",
    "unicode-normalization",
];
