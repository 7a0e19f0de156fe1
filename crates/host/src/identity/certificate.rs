//! The certificate that peers know this machine by: Ed25519, with the names that Syncthing peers look for.

use super::IdentityError;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use jiff::{SignedDuration, Timestamp};
use rcgen::string::Ia5String;
use rcgen::{
    CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose,
    SanType, SerialNumber,
};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use zeroize::Zeroizing;

/// Peers check that the certificate carries this name; nothing else in it is looked at.
const NAME: &str = "syncthing";
const ORGANIZATION: &str = "Syncthing";
const UNIT: &str = "Automatically Generated";
/// Peers judge the hash of a certificate, not its dates; these are the dates that they use themselves.
const VALID_DAYS: i64 = 20 * 365;
/// How an Ed25519 public key begins inside a certificate, up to its 32 bytes.
const PUBLIC_KEY_PREFIX: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

/// A certificate as peers see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate(Vec<u8>);

/// Why a file is not our certificate or its key. A sentence without its subject, which is the file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CertificateError {
    /// There is no certificate in it.
    #[error("it holds no certificate")]
    NoCertificate,
    /// Peers refuse a chain.
    #[error("it holds more than one certificate, and peers accept exactly one")]
    Chain,
    /// There is no private key in it.
    #[error("it holds no private key")]
    NoKey,
    /// The key is one, but not the certificate's.
    #[error("its key belongs to another certificate")]
    OtherKey,
}

impl Certificate {
    /// Reads the one certificate of a PEM file.
    pub fn from_pem(pem: &[u8]) -> Result<Self, CertificateError> {
        let mut found = CertificateDer::pem_slice_iter(pem);
        let first = found.next().and_then(Result::ok).ok_or(CertificateError::NoCertificate)?;
        match found.next() {
            None => Ok(Self(first.to_vec())),
            Some(_) => Err(CertificateError::Chain),
        }
    }

    /// Its bytes, whose hash is the machine's id.
    pub fn der(&self) -> &[u8] {
        &self.0
    }

    /// Checks that a PEM file holds the private key of this certificate. Keys of other kinds than ours, which come with an identity
    /// that was made elsewhere, are only checked to be keys.
    pub fn check_key(&self, pem: &[u8]) -> Result<(), CertificateError> {
        let key = PrivateKeyDer::from_pem_slice(pem).map_err(|_| CertificateError::NoKey)?;
        let PrivateKeyDer::Pkcs8(pkcs8) = &key else { return Ok(()) };
        match (self.public_key(), Ed25519KeyPair::from_pkcs8_maybe_unchecked(pkcs8.secret_pkcs8_der())) {
            (Some(public), Ok(pair)) if pair.public_key().as_ref() == public => Ok(()),
            (None, Err(_)) => Ok(()),
            _ => Err(CertificateError::OtherKey),
        }
    }

    /// The 32 bytes of an Ed25519 public key.
    fn public_key(&self) -> Option<&[u8]> {
        let start = self.0.windows(PUBLIC_KEY_PREFIX.len()).position(|window| window == PUBLIC_KEY_PREFIX)?;
        self.0.get(start + PUBLIC_KEY_PREFIX.len()..start + PUBLIC_KEY_PREFIX.len() + 32)
    }
}

/// A new key and the certificate that it signs itself: the certificate, its PEM text, and the key's PEM text.
pub(super) fn generate(now: Timestamp) -> Result<(Certificate, String, Zeroizing<String>), IdentityError> {
    let failed = |what: &str| IdentityError::Generate(what.to_owned());
    // Version 1 of the key format, because older OpenSSL cannot read version 2.
    let pkcs8 = Ed25519KeyPair::generate_pkcs8v1(&SystemRandom::new())
        .map_err(|_| failed("the system gave no random numbers"))?;
    let der = rustls_pki_types::PrivatePkcs8KeyDer::from(pkcs8.as_ref());
    let key = KeyPair::from_pkcs8_der_and_sign_algo(&der, &rcgen::PKCS_ED25519)
        .map_err(|error| failed(&error.to_string()))?;
    let certificate = parameters(now)
        .and_then(|parameters| parameters.self_signed(&key))
        .map_err(|error| failed(&error.to_string()))?;
    Ok((Certificate(certificate.der().to_vec()), certificate.pem(), key_pem(pkcs8.as_ref())))
}

fn parameters(now: Timestamp) -> Result<CertificateParams, rcgen::Error> {
    let mut parameters = CertificateParams::default();
    let mut name = DistinguishedName::new();
    name.push(DnType::OrganizationName, ORGANIZATION);
    name.push(DnType::OrganizationalUnitName, UNIT);
    name.push(DnType::CommonName, NAME);
    parameters.distinguished_name = name;
    parameters.subject_alt_names = vec![SanType::DnsName(Ia5String::try_from(NAME)?)];
    parameters.is_ca = IsCa::ExplicitNoCa;
    parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyEncipherment];
    parameters.extended_key_usages =
        vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
    let mut serial = [0; 8];
    aws_lc_rs::rand::fill(&mut serial).map_err(|_| rcgen::Error::RingUnspecified)?;
    // A positive number without a leading zero byte, as certificates want it.
    serial[0] = serial[0] & 0x7f | 0x40;
    parameters.serial_number = Some(SerialNumber::from_slice(&serial));
    let midnight = Timestamp::from_second(now.as_second().div_euclid(86_400) * 86_400).unwrap_or(now);
    let end = midnight.saturating_add(SignedDuration::from_hours(24 * VALID_DAYS)).unwrap_or(Timestamp::MAX);
    let day = |moment: Timestamp| {
        let date = moment.to_zoned(jiff::tz::TimeZone::UTC).date();
        rcgen::date_time_ymd(date.year().into(), date.month() as u8, date.day() as u8)
    };
    (parameters.not_before, parameters.not_after) = (day(midnight), day(end));
    Ok(parameters)
}

/// PEM by hand, because it is five lines and the text must not linger in memory.
fn key_pem(pkcs8: &[u8]) -> Zeroizing<String> {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = Zeroizing::new(String::with_capacity(256));
    text.push_str("-----BEGIN PRIVATE KEY-----\n");
    for (index, group) in pkcs8.chunks(3).enumerate() {
        if index > 0 && index % 16 == 0 {
            text.push('\n');
        }
        let bits = (0..3).fold(0_u32, |bits, place| bits << 8 | u32::from(*group.get(place).unwrap_or(&0)));
        for place in 0..4 {
            let value = ALPHABET[(bits >> (18 - 6 * place)) as usize & 63];
            text.push(if place <= group.len() { char::from(value) } else { '=' });
        }
    }
    text.push_str("\n-----END PRIVATE KEY-----\n");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made() -> (Certificate, String, Zeroizing<String>) {
        generate("2026-11-21T10:30:00Z".parse().expect("a moment")).expect("a certificate")
    }

    #[test]
    fn a_new_key_fits_its_certificate_and_no_other() {
        let (certificate, certificate_pem, key) = made();
        assert_eq!(Certificate::from_pem(certificate_pem.as_bytes()), Ok(certificate.clone()));
        assert_eq!(certificate.check_key(key.as_bytes()), Ok(()));
        let (other, _, other_key) = made();
        assert_eq!(certificate.check_key(other_key.as_bytes()), Err(CertificateError::OtherKey));
        assert_ne!(certificate.der(), other.der());
    }

    #[test]
    fn the_key_is_version_one_with_48_bytes() {
        let (_, _, key) = made();
        let der = PrivateKeyDer::from_pem_slice(key.as_bytes()).expect("our own PEM is PEM");
        assert_eq!(der.secret_der().len(), 48);
        assert_eq!(
            &der.secret_der()[..16],
            [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20]
        );
    }

    #[test]
    fn what_is_no_certificate_or_key_is_refused() {
        let (certificate, pem, _) = made();
        assert_eq!(Certificate::from_pem(b"nonsense"), Err(CertificateError::NoCertificate));
        assert_eq!(Certificate::from_pem((pem.clone() + &pem).as_bytes()), Err(CertificateError::Chain));
        assert_eq!(certificate.check_key(pem.as_bytes()), Err(CertificateError::NoKey));
    }
}
