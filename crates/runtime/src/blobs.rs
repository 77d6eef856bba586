use std::{
    fmt, fs, io,
    io::Write,
    path::{Path, PathBuf},
    str::FromStr,
};

use bytes::Bytes;
use kernel::TenantId;
use sha2::Digest as _;

/// The SHA-256 of a blob, which is its name: 64 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Digest([u8; 32]);

/// The text is no digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a SHA-256 digest of 64 lower-case hexadecimal digits")]
pub struct InvalidDigest;

impl Digest {
    /// The digest of these bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(sha2::Sha256::digest(bytes).into())
    }

    /// The 32 bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Digest {
    type Err = InvalidDigest;

    fn from_str(text: &str) -> Result<Self, InvalidDigest> {
        let mut bytes = [0; 32];
        if text.bytes().any(|b| b.is_ascii_uppercase()) {
            return Err(InvalidDigest);
        }
        hex::decode_to_slice(text, &mut bytes).map_err(|_| InvalidDigest)?;
        Ok(Self(bytes))
    }
}

/// Artwork and other bytes, named by their digest within a tenant.
#[async_trait::async_trait]
pub trait Blobs: Send + Sync + 'static {
    /// Keeps the bytes; when this returns they are on stable storage. The same bytes again change
    /// nothing.
    ///
    /// # Errors
    /// [`BlobError::TooLarge`], [`BlobError::Unavailable`].
    async fn put(&self, tenant: TenantId, bytes: Bytes) -> Result<Digest, BlobError>;

    /// The bytes of that digest, if the tenant keeps them.
    ///
    /// # Errors
    /// [`BlobError::Unavailable`].
    async fn get(&self, tenant: TenantId, digest: &Digest) -> Result<Option<Bytes>, BlobError>;
}

/// Why a blob was not kept or given.
#[derive(Debug, thiserror::Error)]
pub enum BlobError {
    /// More bytes than are kept at once.
    #[error("a file has at most 16 MiB: send a smaller one")]
    TooLarge,
    /// The storage failed.
    #[error("files cannot be stored or read now: try again later")]
    Unavailable(#[source] io::Error),
}

/// Blobs in a folder: `{tenant}/{first two digits}/{digest}`.
#[derive(Clone, Debug)]
pub struct FolderBlobs {
    folder: PathBuf,
}

const LARGEST: usize = 16 * 1024 * 1024;

impl FolderBlobs {
    /// Blobs in that folder, which is made when the first comes.
    #[must_use]
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }

    /// Shows each blob: its tenant, its digest, and its file, which is whole and never changes. What
    /// comes meanwhile may be missed. Nothing is shown where there is no folder.
    ///
    /// # Errors
    /// When the folder cannot be read, or what `see` says.
    pub fn each(
        &self,
        mut see: impl FnMut(TenantId, Digest, &Path) -> io::Result<()>,
    ) -> io::Result<()> {
        for (tenant, folder) in named::<TenantId>(&self.folder)? {
            let parts: Vec<_> = entries(&folder)?;
            for part in parts.into_iter().filter(|part| part.is_dir()) {
                for (digest, file) in named::<Digest>(&part)? {
                    see(tenant, digest, &file)?;
                }
            }
        }
        Ok(())
    }

    /// Where a blob lies.
    #[must_use]
    pub fn path(&self, tenant: TenantId, digest: &Digest) -> PathBuf {
        let name = digest.to_string();
        self.folder.join(tenant.to_string()).join(&name[..2]).join(name)
    }
}

#[async_trait::async_trait]
impl Blobs for FolderBlobs {
    async fn put(&self, tenant: TenantId, bytes: Bytes) -> Result<Digest, BlobError> {
        if bytes.len() > LARGEST {
            return Err(BlobError::TooLarge);
        }
        let digest = Digest::of(&bytes);
        let path = self.path(tenant, &digest);
        blocking(move || write_durably(&path, &bytes)).await?;
        Ok(digest)
    }

    async fn get(&self, tenant: TenantId, digest: &Digest) -> Result<Option<Bytes>, BlobError> {
        let path = self.path(tenant, digest);
        blocking(move || match fs::read(&path) {
            Ok(bytes) => Ok(Some(Bytes::from(bytes))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        })
        .await
    }
}

/// What lies in a folder in order of name; nothing when there is no folder.
fn entries(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut paths = match fs::read_dir(folder) {
        Ok(entries) => entries.map(|it| it.map(|it| it.path())).collect::<io::Result<Vec<_>>>()?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        Err(error) => return Err(error),
    };
    paths.sort();
    Ok(paths)
}

/// What lies in a folder under a name of that form; drafts and strangers have others.
fn named<N: FromStr>(folder: &Path) -> io::Result<Vec<(N, PathBuf)>> {
    let name = |path: PathBuf| Some((path.file_name()?.to_str()?.parse().ok()?, path));
    Ok(entries(folder)?.into_iter().filter_map(name).collect())
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, BlobError> {
    let outcome = tokio::task::spawn_blocking(work).await;
    outcome.map_err(io::Error::other).flatten().map_err(BlobError::Unavailable)
}

/// Writes a file that is whole or absent whatever happens, unless it is there already: draft, flush,
/// rename, flush of the folder.
pub(crate) fn write_durably(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if path.try_exists()? {
        return Ok(());
    }
    let folder = path.parent().ok_or(io::ErrorKind::InvalidInput)?;
    let fresh = !folder.try_exists()?;
    fs::create_dir_all(folder)?;
    let draft = folder.join(format!(".draft-{:032x}", rand::random::<u128>()));
    let written = fs::File::create_new(&draft).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&draft, path)
    });
    if written.is_err() {
        // The first error is the one to tell.
        let _ = fs::remove_file(&draft);
    }
    written?;
    fs::File::open(folder)?.sync_all()?;
    if fresh {
        for above in folder.ancestors().skip(1).take(2).filter(|p| !p.as_os_str().is_empty()) {
            fs::File::open(above)?.sync_all()?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_blob_reads_back_in_its_tenant_only() {
        let folder = tempfile::tempdir().unwrap();
        let blobs = FolderBlobs::new(folder.path());
        let (a, b) = (TenantId::PLATFORM, TenantId::derived([1; 16]));
        let digest = blobs.put(a, Bytes::from_static(b"art")).await.unwrap();
        assert_eq!(blobs.put(a, Bytes::from_static(b"art")).await.unwrap(), digest);
        assert_eq!(blobs.get(a, &digest).await.unwrap().as_deref(), Some(&b"art"[..]));
        assert_eq!(blobs.get(b, &digest).await.unwrap(), None);
        assert_eq!(digest.to_string().parse(), Ok(digest));
        let kept = folder.path().join(a.to_string()).join(&digest.to_string()[..2]);
        assert_eq!(fs::read_dir(kept).unwrap().count(), 1, "no draft is left");
    }

    #[tokio::test]
    async fn each_blob_is_shown_and_no_draft() {
        let folder = tempfile::tempdir().unwrap();
        let blobs = FolderBlobs::new(folder.path().join("blobs"));
        blobs.each(|_, _, _| panic!("there is none")).unwrap();
        let mut put = Vec::new();
        for (tenant, art) in [(0, "a"), (0, "b"), (7, "a")] {
            let tenant = TenantId::derived([tenant; 16]);
            let digest = blobs.put(tenant, Bytes::from(art)).await.unwrap();
            let draft = blobs.path(tenant, &digest).with_file_name(".draft-0");
            fs::write(draft, "half").unwrap();
            put.push((tenant, digest));
        }
        let mut seen = Vec::new();
        blobs
            .each(|tenant, digest, file| {
                assert_eq!(Digest::of(&fs::read(file)?), digest);
                seen.push((tenant, digest));
                Ok(())
            })
            .unwrap();
        put.sort();
        seen.sort();
        assert_eq!(seen, put);
    }

    #[tokio::test]
    async fn what_is_too_large_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let outcome = FolderBlobs::new(folder.path())
            .put(TenantId::PLATFORM, Bytes::from(vec![0; LARGEST + 1]))
            .await;
        assert!(matches!(outcome, Err(BlobError::TooLarge)));
    }

    #[test]
    fn what_is_no_digest_is_refused() {
        for text in ["", "..", &"A".repeat(64), &"a".repeat(63), &"../".repeat(22)[..64]] {
            assert_eq!(text.parse::<Digest>(), Err(InvalidDigest), "{text}");
        }
    }
}
