//! Who this machine is: its certificate, whose hash is its name, and the key that proves it.

use homesync_protocol::DeviceId;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// This machine's certificate and key. It cannot be printed.
pub struct Identity {
    certificate: CertificateDer<'static>,
    key: PrivateKeyDer<'static>,
}

/// Why there is no identity.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// The text holds no certificate.
    #[error("the certificate cannot be read: {0}")]
    Certificate(String),
    /// The text holds no key. What it holds is not repeated.
    #[error("the key cannot be read")]
    Key,
}

impl Identity {
    /// From the bytes of both.
    pub fn new(certificate: CertificateDer<'static>, key: PrivateKeyDer<'static>) -> Self {
        Self { certificate, key }
    }

    /// From the text of `cert.pem` and `key.pem`.
    pub fn from_pem(certificate: &[u8], key: &[u8]) -> Result<Self, IdentityError> {
        let certificate = CertificateDer::from_pem_slice(certificate);
        let certificate = certificate.map_err(|error| IdentityError::Certificate(error.to_string()))?;
        let key = PrivateKeyDer::from_pem_slice(key).map_err(|_| IdentityError::Key)?;
        Ok(Self { certificate, key })
    }

    /// This machine's id.
    pub fn device(&self) -> DeviceId {
        DeviceId::of_certificate(&self.certificate)
    }

    /// As the encryption wants it.
    pub(crate) fn chain(&self) -> (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>) {
        (vec![self.certificate.clone()], self.key.clone_key())
    }
}
