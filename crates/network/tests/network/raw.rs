//! A machine that says byte by byte what a test wants it to say.

use crate::support::{PATIENCE, Papers};
use homesync_network::Address;
use homesync_protocol::{Compression, Hello, Message, encode};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, ClientConnection, DigitallySignedStruct, SignatureScheme, StreamOwned};
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;

/// A line on which the encryption is agreed already.
pub struct Raw {
    pub stream: StreamOwned<ClientConnection, TcpStream>,
}

/// A plain line.
pub fn plain(address: &Address) -> TcpStream {
    let stream = TcpStream::connect((address.host.as_str(), address.port)).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

impl Raw {
    /// Connects with these papers, or with none, and offers this protocol.
    pub fn connect(address: &Address, papers: Option<&Papers>, protocol: &[u8]) -> Self {
        let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
            .with_protocol_versions(&[&rustls::version::TLS13])
            .unwrap()
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Trusting));
        let mut config = match papers {
            Some(papers) => {
                let (certificate, key) = papers.parts();
                config.with_client_auth_cert(vec![certificate], key).unwrap()
            }
            None => config.with_no_client_auth(),
        };
        config.alpn_protocols = vec![protocol.to_vec()];
        let name = ServerName::try_from("syncthing").unwrap();
        let connection = ClientConnection::new(Arc::new(config), name).unwrap();
        Self { stream: StreamOwned::new(connection, plain(address)) }
    }

    /// Connects, and has greeted and been greeted.
    pub fn greeted(address: &Address, papers: &Papers) -> Self {
        let mut raw = Self::connect(address, Some(papers), b"bep/1.0");
        raw.say(&Hello { client_name: "raw".into(), ..Hello::default() }.encode());
        raw.hear_hello();
        raw
    }

    pub fn say(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).unwrap();
        self.stream.flush().unwrap();
    }

    pub fn say_message(&mut self, message: &Message) {
        self.say(&bytes_of(message));
    }

    pub fn hear_hello(&mut self) -> Hello {
        let mut bytes = vec![0; 6];
        self.stream.read_exact(&mut bytes).unwrap();
        let mut rest = vec![0; usize::from(u16::from_be_bytes([bytes[4], bytes[5]]))];
        self.stream.read_exact(&mut rest).unwrap();
        bytes.extend(rest);
        Hello::decode(&bytes).unwrap().unwrap().0
    }

    /// Everything that is still said until the other side hangs up, which it must.
    pub fn hear_out(&mut self) -> Vec<u8> {
        let mut all = Vec::new();
        if let Err(error) = self.stream.read_to_end(&mut all) {
            assert!(
                !matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut),
                "it does not hang up"
            );
        }
        all
    }
}

/// A message as it goes over the line.
pub fn bytes_of(message: &Message) -> Vec<u8> {
    let mut bytes = bytes::BytesMut::new();
    encode(message, Compression::Never, &mut bytes);
    bytes.to_vec()
}

/// Takes whoever answers.
#[derive(Debug)]
struct Trusting;

impl ServerCertVerifier for Trusting {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        default_provider().signature_verification_algorithms.supported_schemes()
    }
}
