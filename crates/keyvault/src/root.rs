use std::{
    fmt, fs, io,
    io::Write,
    path::{Path, PathBuf},
};

use sha2::{Digest, Sha256};
use zeroize::{Zeroize, Zeroizing};

/// The key above all others: 32 bytes that never leave the process and stand in no database.
#[derive(Clone)]
pub struct RootKey(Zeroizing<[u8; 32]>);

/// Why there is no root key.
#[derive(Debug, thiserror::Error)]
pub enum RootKeyError {
    /// The file cannot be read or made.
    #[error("cannot read or create the root key file {path}")]
    File {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file holds something else.
    #[error("the root key file {path} does not hold exactly 32 bytes: restore it from its backup")]
    Length {
        /// Which file.
        path: PathBuf,
    },
    /// Others may read or change the file.
    #[error("the root key file {path} is open to others: run chmod 600 on it")]
    Exposed {
        /// Which file.
        path: PathBuf,
    },
}

impl RootKey {
    /// The key with these bytes.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// The key in that file, 32 raw bytes; made with mode 0600 when there is no file. Two processes
    /// that start at once end up with the same key.
    ///
    /// # Errors
    /// When the file cannot be read or made, holds something else, or is open to others.
    pub fn load_or_create(path: impl AsRef<Path>) -> Result<Self, RootKeyError> {
        let path = path.as_ref();
        let failed = |source| RootKeyError::File { path: path.to_owned(), source };
        if !path.try_exists().map_err(failed)? {
            create(path).map_err(failed)?;
        }
        Self::load(path)
    }

    /// The key in that file.
    ///
    /// # Errors
    /// When the file cannot be read, holds something else, or is open to others.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, RootKeyError> {
        let path = path.as_ref();
        let failed = |source| RootKeyError::File { path: path.to_owned(), source };
        if exposed(path).map_err(failed)? {
            return Err(RootKeyError::Exposed { path: path.to_owned() });
        }
        let bytes = Zeroizing::new(fs::read(path).map_err(failed)?);
        match <[u8; 32]>::try_from(bytes.as_slice()) {
            Ok(bytes) => Ok(Self::from_bytes(bytes)),
            Err(_) => Err(RootKeyError::Length { path: path.to_owned() }),
        }
    }

    /// The name of the key, by which copies of it can be told apart: 16 hexadecimal digits, from
    /// which nobody learns the key.
    #[must_use]
    pub fn name(&self) -> String {
        let digest = Sha256::new().chain_update(b"laurel root key").chain_update(self.bytes());
        let mut name = [0; 8];
        name.copy_from_slice(&digest.finalize()[..8]);
        format!("{:016x}", u64::from_be_bytes(name))
    }

    pub(crate) fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for RootKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RootKey(…)")
    }
}

/// Writes a new key beside the path and links it there, which fails when somebody was faster.
fn create(path: &Path) -> io::Result<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    fs::create_dir_all(folder)?;
    let draft = folder.join(format!(".root-key-{:016x}", rand::random::<u64>()));
    let mut bytes: [u8; 32] = rand::random();
    let written = write_draft(&draft, &bytes);
    bytes.zeroize();
    let linked = written.and_then(|()| fs::hard_link(&draft, path));
    fs::remove_file(&draft)?;
    match linked {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        other => other?,
    }
    fs::File::open(folder)?.sync_all()
}

fn write_draft(draft: &Path, bytes: &[u8; 32]) -> io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(draft)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Whether anybody but the owner may write it, or anybody but owner and group may read it: secrets
/// that an orchestrator mounts are group-readable.
#[cfg(unix)]
fn exposed(path: &Path) -> io::Result<bool> {
    use std::os::unix::fs::PermissionsExt;
    Ok(fs::metadata(path)?.permissions().mode() & 0o027 != 0)
}

#[cfg(not(unix))]
fn exposed(_: &Path) -> io::Result<bool> {
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_made_once_and_for_its_owner_only() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secrets/root.key");
        let first = RootKey::load_or_create(&path).unwrap();
        let second = RootKey::load_or_create(&path).unwrap();
        assert_eq!(first.bytes(), second.bytes());
        assert_ne!(first.bytes(), &[0; 32]);
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1, "no draft is left");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
    }

    #[test]
    fn a_key_has_a_name_that_tells_it_from_others_for_good() {
        assert_eq!(RootKey::from_bytes([7; 32]).name(), "aa47296f4d992073");
        assert_ne!(RootKey::from_bytes([7; 32]).name(), RootKey::from_bytes([8; 32]).name());
    }

    #[test]
    fn processes_that_start_at_once_get_one_key() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("root.key");
        let keys: Vec<RootKey> = std::thread::scope(|scope| {
            let started: Vec<_> =
                (0..8).map(|_| scope.spawn(|| RootKey::load_or_create(&path).unwrap())).collect();
            started.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert!(keys.iter().all(|key| key.bytes() == keys[0].bytes()));
    }

    #[test]
    fn a_file_of_another_length_or_open_to_others_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("root.key");
        RootKey::load_or_create(&path).unwrap();
        fs::write(&path, [1; 31]).unwrap();
        assert!(matches!(RootKey::load_or_create(&path), Err(RootKeyError::Length { .. })));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
            assert!(matches!(RootKey::load_or_create(&path), Err(RootKeyError::Exposed { .. })));
        }
    }
}
