//! The age key that secrets are encrypted to, in the file format of `age-keygen`.

use age::secrecy::ExposeSecret;
use zeroize::Zeroizing;

/// A new key: its public half, and the file's text.
pub(super) fn generate(now: jiff::Timestamp) -> (String, Zeroizing<String>) {
    let identity = age::x25519::Identity::generate();
    let recipient = identity.to_public().to_string();
    let secret = identity.to_string();
    // With room for everything from the start: a text that grows leaves copies of itself behind.
    let mut text = Zeroizing::new(String::with_capacity(512));
    for part in
        ["# created: ", &now.to_string(), "\n# public key: ", &recipient, "\n", secret.expose_secret(), "\n"]
    {
        text.push_str(part);
    }
    (recipient, text)
}

/// The public half of the first key in the file.
pub(super) fn recipient_of(text: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(text).ok()?;
    let identity = text.lines().find_map(|line| line.trim().parse::<age::x25519::Identity>().ok())?;
    Some(identity.to_public().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_file_gives_its_public_half() {
        let (recipient, text) = generate("2026-11-21T10:30:00Z".parse().expect("a moment"));
        assert!(text.starts_with("# created: 2026-11-21T10:30:00Z\n# public key: age1"));
        assert_eq!(recipient_of(text.as_bytes()), Some(recipient));
        assert_eq!(recipient_of(b"# nothing\n"), None);
        assert_eq!(recipient_of(b"\xff"), None);
    }
}
