//! Who this machine is to others: a certificate with its key, and a key for secrets. Made once, never overwritten.

mod certificate;
mod secrets_key;

pub use certificate::{Certificate, CertificateError};

use crate::file::{self, FileError};
use homesync_paths::Shown;
use rustix::fs::{CWD, RenameFlags, renameat_with};
use rustix::io::Errno;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

const CERTIFICATE: &str = "cert.pem";
const KEY: &str = "key.pem";
const SECRETS_KEY: &str = "age.txt";
/// Certificates and keys are a few hundred bytes; one imported from elsewhere may be larger.
const MAX_BYTES: u64 = 1 << 16;

/// The identity of this machine, without its secret parts: those are read where they are used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The certificate that peers see.
    pub certificate: Certificate,
    /// The public half of the age key, `age1…`.
    pub recipient: String,
}

/// What is wrong with an identity.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// A file of it could not be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// One of its files is missing while others are there.
    #[error("the identity in {} is damaged: {missing} is missing", Shown::path(.directory))]
    Incomplete {
        /// The identity's directory.
        directory: PathBuf,
        /// The file that is not there.
        missing: &'static str,
    },
    /// The certificate or its key is not what it should be.
    #[error("{}", Shown::path(.path))]
    Certificate {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: CertificateError,
    },
    /// The age key is not one.
    #[error("{} holds no age key", Shown::path(.path))]
    SecretsKey {
        /// The file.
        path: PathBuf,
    },
    /// The system gave no random numbers, or the certificate could not be made of them.
    #[error("cannot make a new identity: {0}")]
    Generate(String),
}

impl Identity {
    /// Reads the identity from its directory. No directory means no identity yet; a part of one is an error.
    pub fn load(directory: &Path) -> Result<Option<Self>, IdentityError> {
        if !file::is_present(directory)? {
            return Ok(None);
        }
        let read = |name| read_part(directory, name);
        let about = |name: &str| {
            let path = directory.join(name);
            move |source| IdentityError::Certificate { path, source }
        };
        let certificate = Certificate::from_pem(&read(CERTIFICATE)?).map_err(about(CERTIFICATE))?;
        certificate.check_key(&read(KEY)?).map_err(about(KEY))?;
        let recipient = secrets_key::recipient_of(&read(SECRETS_KEY)?)
            .ok_or_else(|| IdentityError::SecretsKey { path: directory.join(SECRETS_KEY) })?;
        Ok(Some(Self { certificate, recipient }))
    }

    /// The text of the certificate, and that of its key, for those who prove with them who this machine is.
    pub fn certificate_and_key(directory: &Path) -> Result<(Part, Part), IdentityError> {
        Ok((read_part(directory, CERTIFICATE)?, read_part(directory, KEY)?))
    }

    /// The files of an identity, for those who check their modes.
    pub fn files(directory: &Path) -> [PathBuf; 3] {
        [CERTIFICATE, KEY, SECRETS_KEY].map(|name| directory.join(name))
    }

    /// Whether others than the owner can reach the directory or read one of the files, and which.
    pub fn exposed(directory: &Path) -> Vec<PathBuf> {
        let mut places = vec![directory.to_owned()];
        places.extend(Self::files(directory));
        let others_can = |path: &PathBuf| {
            fs::metadata(path).is_ok_and(|metadata| metadata.permissions().mode() & 0o077 != 0)
        };
        places.into_iter().filter(others_can).collect()
    }
}

/// The text of one of the files of an identity, wiped from memory after use: two of the three are secret.
type Part = Zeroizing<Vec<u8>>;

fn read_part(directory: &Path, name: &'static str) -> Result<Part, IdentityError> {
    let bytes = file::read_bounded(&directory.join(name), MAX_BYTES)?;
    let missing = || IdentityError::Incomplete { directory: directory.to_owned(), missing: name };
    bytes.map(Zeroizing::new).ok_or_else(missing)
}

/// A new identity, complete and durable beside its place. Dropped without [`StagedIdentity::commit`], it leaves no trace.
#[derive(Debug)]
pub struct StagedIdentity {
    temporary: PathBuf,
    directory: PathBuf,
    /// What it will be.
    pub identity: Identity,
}

impl StagedIdentity {
    /// Makes a new identity for `directory`, whose parent exists. The caller holds the installation's lock.
    pub fn create(directory: &Path, now: jiff::Timestamp) -> Result<Self, IdentityError> {
        let (certificate, certificate_pem, key_pem) = certificate::generate(now)?;
        let (recipient, secrets_key) = secrets_key::generate(now);
        let identity = Identity { certificate, recipient };
        let temporary = directory.with_extension("new");
        discard(&temporary);
        let staged = Self { temporary, directory: directory.to_owned(), identity };
        file::create_private_directory(&staged.temporary)?;
        file::create_new(&staged.temporary.join(CERTIFICATE), certificate_pem.as_bytes(), 0o600)?;
        file::create_new(&staged.temporary.join(KEY), key_pem.as_bytes(), 0o600)?;
        file::create_new(&staged.temporary.join(SECRETS_KEY), secrets_key.as_bytes(), 0o600)?;
        file::synchronize_directory(&staged.temporary)?;
        Ok(staged)
    }

    /// Gives it its name, whole, unless there is something of that name: an identity is never overwritten.
    pub fn commit(self) -> Result<Identity, IdentityError> {
        let failed = |error| FileError::from_io("create", &self.directory)(error);
        match renameat_with(CWD, &self.temporary, CWD, &self.directory, RenameFlags::NOREPLACE) {
            Ok(()) => {}
            // Network file systems and others do not know that call. A plain rename replaces a directory only when it is empty, and so
            // cannot overwrite an identity either.
            Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => {
                fs::rename(&self.temporary, &self.directory).map_err(failed)?;
            }
            Err(error) => return Err(failed(error.into()).into()),
        }
        file::synchronize_directory(self.directory.parent().unwrap_or(Path::new("/")))?;
        Ok(self.identity.clone())
    }
}

impl Drop for StagedIdentity {
    fn drop(&mut self) {
        discard(&self.temporary);
    }
}

/// Takes away keys that nobody has used yet: of a run that failed or was killed before they got their name.
#[expect(clippy::disallowed_methods, reason = "a directory that we made and nobody uses, never a user's")]
fn discard(temporary: &Path) {
    for path in Identity::files(temporary) {
        let _ = fs::remove_file(path);
    }
    let _ = fs::remove_dir(temporary);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place() -> (tempfile::TempDir, PathBuf) {
        let place = tempfile::tempdir().expect("a temporary directory");
        let directory = place.path().join("identity");
        (place, directory)
    }

    fn create(directory: &Path) -> Identity {
        let staged = StagedIdentity::create(directory, jiff::Timestamp::now()).expect("a new identity");
        staged.commit().expect("its place is free")
    }

    #[test]
    fn what_was_made_is_what_is_read_and_nobody_else_can_read_it() {
        let (_place, directory) = place();
        assert!(Identity::load(&directory).expect("nothing is wrong").is_none());
        let made = create(&directory);
        assert_eq!(Identity::load(&directory).expect("readable"), Some(made));
        assert!(Identity::exposed(&directory).is_empty());
        let mode = |path: &Path| fs::metadata(path).expect("it exists").permissions().mode() & 0o7777;
        assert_eq!(mode(&directory), 0o700);
        for path in Identity::files(&directory) {
            assert_eq!(mode(&path), 0o600);
            fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).expect("a mode");
        }
        assert_eq!(Identity::exposed(&directory).len(), 3);
    }

    #[test]
    fn an_identity_is_never_overwritten() {
        let (place, directory) = place();
        let first = create(&directory);
        let second = StagedIdentity::create(&directory, jiff::Timestamp::now()).expect("staged");
        assert!(second.commit().is_err());
        assert_eq!(Identity::load(&directory).expect("readable"), Some(first));
        assert_eq!(fs::read_dir(place.path()).expect("readable").count(), 1, "what was staged is gone");
    }

    #[test]
    fn a_killed_run_leaves_nothing_in_the_way() {
        let (place, directory) = place();
        std::mem::forget(StagedIdentity::create(&directory, jiff::Timestamp::now()).expect("staged"));
        assert!(Identity::load(&directory).expect("nothing is wrong").is_none());
        create(&directory);
        assert_eq!(fs::read_dir(place.path()).expect("readable").count(), 1);
    }

    #[test]
    fn damage_is_named() {
        for (name, said) in [
            (CERTIFICATE, "cert.pem is missing"),
            (KEY, "key.pem is missing"),
            (SECRETS_KEY, "age.txt is missing"),
        ] {
            let (_place, directory) = place();
            create(&directory);
            let path = directory.join(name);
            fs::rename(&path, directory.join("elsewhere")).expect("moved");
            let error = Identity::load(&directory).expect_err("a part is missing").to_string();
            assert!(error.contains(said), "{error}");
            fs::write(&path, "nonsense").expect("written");
            let error = Identity::load(&directory).expect_err("a part is nonsense").to_string();
            assert!(error.contains(name), "{error}");
        }
    }

    #[test]
    fn a_key_of_another_certificate_is_noticed() {
        let (_place, directory) = place();
        create(&directory);
        let (_other_place, other) = place_of_another();
        fs::copy(other.join(KEY), directory.join(KEY)).expect("copied");
        assert!(matches!(
            Identity::load(&directory),
            Err(IdentityError::Certificate { source: CertificateError::OtherKey, .. })
        ));
    }

    fn place_of_another() -> (tempfile::TempDir, PathBuf) {
        let (place, directory) = place();
        create(&directory);
        (place, directory)
    }
}
