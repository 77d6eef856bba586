//! The file in which a tenant travels.
//!
//! A line that says what it is; the parts, one after another; the manifest, which says how long each
//! part is and what its digest is; a line of fixed length with the length and the digest of the
//! manifest, and the word of whoever has the transport key that it is theirs.

use std::{
    fs::{self, File},
    io::{self, BufRead, BufReader, BufWriter, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

use anyhow::{Context, ensure};
use kernel::{OrganizationId, Position, TenantId};
use keyvault::{RootKey, vouch, vouched};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

const FIRST: &[u8] = b"laurel tenant export 1\n";
/// Length, digest and word in hexadecimal digits, and the end of the line.
const LAST: usize = 16 + 64 + 80 + 1;
/// Most bytes of a manifest.
const LARGEST: u64 = 64 * 1024;
/// Most bytes of a line: a fact has at most a mebibyte, and its text may double where it is quoted.
const LINE: u64 = 8 << 20;

/// The facts, as lines of JSON.
pub(super) const FACTS: &str = "facts";
/// The keys, as lines of JSON.
pub(super) const KEYS: &str = "keys";
/// The artwork: before each picture a line that says which and how long.
pub(super) const ARTWORK: &str = "artwork";

/// What is in an export.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Manifest {
    /// The form of the file.
    pub format: u32,
    /// The version of the software that wrote it.
    pub laurel: String,
    /// Where the public found the tenant; its credentials say so for ever.
    pub public_url: String,
    /// Which tenant.
    pub tenant: TenantId,
    /// To which organisation it belongs.
    pub organization: OrganizationId,
    /// When it was written.
    pub at: String,
    /// Where the log ended of which it is a part.
    pub head: Position,
    /// Facts.
    pub facts: u64,
    /// Streams.
    pub streams: u64,
    /// Keys of people and other owners, also those destroyed.
    pub keys: u64,
    /// Secrets, such as signing keys.
    pub secrets: u64,
    /// Pictures.
    pub pictures: u64,
    /// The parts, in their order.
    pub parts: Vec<Part>,
}

impl Manifest {
    pub(super) const FORMAT: u32 = 1;
}

/// A part of an export.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Part {
    /// Its name.
    pub name: String,
    /// Its length.
    pub bytes: u64,
    /// Its digest, in hexadecimal digits.
    pub sha256: String,
}

/// An export that is being written, under another name until it is whole.
pub(super) struct Draft {
    file: BufWriter<File>,
    path: PathBuf,
    parts: Vec<Part>,
    digest: Sha256,
    bytes: u64,
}

impl Draft {
    /// Begins one; nobody but its owner may read it.
    pub(super) fn create(to: &Path) -> anyhow::Result<Self> {
        use std::os::unix::fs::OpenOptionsExt;
        ensure!(!to.try_exists()?, "{} is there already: name a file that is not", to.display());
        let name = to.file_name().context("name the file that becomes the export")?;
        let draft = to.with_file_name(format!(".{}.partial", name.to_string_lossy()));
        let mut options = File::options();
        let file = options.write(true).create(true).truncate(true).mode(0o600).open(&draft);
        let file = file.with_context(|| format!("cannot make {}", draft.display()))?;
        let mut file = BufWriter::new(file);
        file.write_all(FIRST)?;
        Ok(Self { file, path: draft, parts: Vec::new(), digest: Sha256::new(), bytes: 0 })
    }

    /// Ends the part that was written since the last one ended.
    pub(super) fn end_part(&mut self, name: &str) {
        let digest = std::mem::take(&mut self.digest).finalize();
        let bytes = std::mem::take(&mut self.bytes);
        self.parts.push(Part { name: name.to_owned(), bytes, sha256: hex::encode(digest) });
    }

    /// Writes a line of JSON.
    pub(super) fn line(&mut self, value: &impl Serialize) -> io::Result<()> {
        serde_json::to_writer(&mut *self, value)?;
        self.write_all(b"\n")
    }

    /// Writes the manifest and gives the file its name.
    pub(super) fn finish(
        mut self,
        to: &Path,
        key: &RootKey,
        mut manifest: Manifest,
    ) -> anyhow::Result<Manifest> {
        manifest.parts = std::mem::take(&mut self.parts);
        let text = serde_json::to_vec(&manifest)?;
        let digest: [u8; 32] = Sha256::digest(&text).into();
        let word = hex::encode(vouch(key, &digest));
        self.file.write_all(&text)?;
        writeln!(self.file, "{:016x}{}{word}", text.len(), hex::encode(digest))?;
        self.file.flush()?;
        self.file.get_ref().sync_all()?;
        // A link, and not another name: nothing that came there meanwhile is replaced.
        fs::hard_link(&self.path, to).with_context(|| format!("cannot make {}", to.display()))?;
        let above = to.parent().filter(|above| !above.as_os_str().is_empty());
        File::open(above.unwrap_or(Path::new(".")))?.sync_all()?;
        Ok(manifest)
    }
}

impl Drop for Draft {
    /// Takes the other name away; without a link that is all there was.
    fn drop(&mut self) {
        // What cannot be removed is in nobody's way.
        let _ = fs::remove_file(&self.path);
    }
}

impl Write for Draft {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write_all(bytes)?;
        self.digest.update(bytes);
        self.bytes += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// An export whose every byte is as it was written by whoever has the transport key.
pub(super) struct Package {
    path: PathBuf,
    /// What it says of itself.
    pub(super) manifest: Manifest,
    /// What tells it from every other export.
    pub(super) digest: String,
}

impl Package {
    /// Opens an export and compares every byte with its digests.
    pub(super) fn open(path: &Path, key: &RootKey) -> anyhow::Result<Self> {
        let none = || format!("{} is no export of a tenant, or was cut short", path.display());
        let mut file =
            File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
        let length = file.metadata()?.len();
        let mut first = [0; FIRST.len()];
        file.read_exact(&mut first).with_context(none)?;
        ensure!(first == FIRST, none());
        let tail = length.checked_sub(LAST as u64).with_context(none)?;
        let mut last = [0; LAST];
        file.seek(SeekFrom::Start(tail))?;
        file.read_exact(&mut last).with_context(none)?;
        let last = std::str::from_utf8(&last).ok().with_context(none)?;
        let last = last.strip_suffix('\n').filter(|last| last.is_ascii()).with_context(none)?;
        let size = u64::from_str_radix(&last[..16], 16).ok().with_context(none)?;
        ensure!(size <= LARGEST, none());
        let start = tail.checked_sub(size).with_context(none)?;
        let mut text = Vec::new();
        file.seek(SeekFrom::Start(start))?;
        (&mut file).take(size).read_to_end(&mut text)?;
        let digest: [u8; 32] = Sha256::digest(&text).into();
        ensure!(hex::encode(digest) == last[16..80], "the manifest of the export is damaged");
        let word = hex::decode(&last[80..]).unwrap_or_default();
        ensure!(
            vouched(key, &digest, &word),
            "the export was not made with this transport key: name the right one with --key"
        );
        let manifest: Manifest = serde_json::from_slice(&text).with_context(none)?;
        ensure!(
            manifest.format == Manifest::FORMAT,
            "the export has format {} and this software knows {}: use version {}",
            manifest.format,
            Manifest::FORMAT,
            manifest.laurel
        );
        let package = Self { path: path.to_owned(), manifest, digest: hex::encode(digest) };
        package.compare(start)?;
        Ok(package)
    }

    fn compare(&self, end: u64) -> anyhow::Result<()> {
        let names: Vec<&str> = self.manifest.parts.iter().map(|part| part.name.as_str()).collect();
        ensure!(names == [FACTS, KEYS, ARTWORK], "the export has other parts: {names:?}");
        let mut at = FIRST.len() as u64;
        for part in &self.manifest.parts {
            let mut reader = self.part(&part.name)?;
            let (mut digest, mut bytes, mut piece) = (Sha256::new(), 0, vec![0; 1 << 16]);
            loop {
                let read = reader.read(&mut piece)?;
                if read == 0 {
                    break;
                }
                digest.update(&piece[..read]);
                bytes += read as u64;
            }
            let same = bytes == part.bytes && hex::encode(digest.finalize()) == part.sha256;
            ensure!(same, "the {} in the export are damaged", part.name);
            at = at.saturating_add(part.bytes);
        }
        ensure!(at == end, "the export has bytes that nothing speaks of");
        Ok(())
    }

    /// The bytes of a part.
    pub(super) fn part(&self, name: &str) -> anyhow::Result<Lines> {
        let before = self.manifest.parts.iter().take_while(|part| part.name != name);
        let start = before.fold(FIRST.len() as u64, |at, part| at.saturating_add(part.bytes));
        let part = self.manifest.parts.iter().find(|part| part.name == name);
        let bytes = part.with_context(|| format!("the export has no {name}"))?.bytes;
        let mut file = File::open(&self.path)?;
        file.seek(SeekFrom::Start(start))?;
        Ok(Lines(BufReader::with_capacity(1 << 16, file).take(bytes)))
    }
}

/// A part that is read line by line, where it has lines.
pub(super) struct Lines(io::Take<BufReader<File>>);

impl Lines {
    /// The next line; none at the end.
    pub(super) fn next<T: for<'de> Deserialize<'de>>(&mut self) -> io::Result<Option<T>> {
        let mut line = Vec::new();
        let read = (&mut self.0).take(LINE).read_until(b'\n', &mut line)?;
        if read == 0 {
            return Ok(None);
        }
        if line.last() != Some(&b'\n') {
            return Err(io::Error::other("the export has a line without an end"));
        }
        Ok(Some(serde_json::from_slice(&line)?))
    }
}

impl Read for Lines {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}
