//! What a rule found, and the end of a test that found something.

/// Fails the test with everything that was found, one per line, so that one run shows all there is to repair.
///
/// # Panics
/// When there is a finding.
pub fn expect_none(findings: &[String]) {
    assert!(findings.is_empty(), "{} to repair:\n  {}", findings.len(), findings.join("\n  "));
}
