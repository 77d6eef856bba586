//! What a backup says of itself.

use std::{fs, path::Path};

use anyhow::{Context, ensure};
use kernel::{Position, TenantId};
use runtime::Digest;
use serde::{Deserialize, Serialize};

/// The log.
pub const LOG: &str = "events/log.sqlite";
/// The keys, which nothing opens but the root key.
pub const KEYS: &str = "keys/keys.sqlite";
/// The list of the artwork, as `sha256sum --check` takes it.
pub const BLOBS: &str = "blobs.sha256";
const MANIFEST: &str = "manifest.json";
/// Most bytes read of a manifest.
const LARGEST: u64 = 64 * 1024;

/// A part of an installation. Where roles have processes of their own, each part is in the folder of
/// another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Part {
    /// The log: of `laurel serve eventstore`, when it is apart.
    Log,
    /// The keys: of `laurel serve keyvault`, when it is apart.
    Keys,
    /// Artwork: of the folder that the roles of the application share.
    Artwork,
}

impl Part {
    /// All of them, in the order in which they are copied.
    pub const ALL: [Self; 3] = [Self::Log, Self::Keys, Self::Artwork];

    /// The file of a backup that has it, or lists it.
    #[must_use]
    pub fn file(self) -> &'static str {
        match self {
            Self::Log => LOG,
            Self::Keys => KEYS,
            Self::Artwork => BLOBS,
        }
    }
}

/// What is in a backup, when it was taken, and of what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Manifest {
    /// The form of the backup.
    pub format: u32,
    /// The version of the software that took it.
    pub laurel: String,
    /// Where the public found the deployment.
    pub public_url: String,
    /// When it began: everything that was acknowledged before is in it.
    pub began: String,
    /// When it ended: nothing that happened later is in it.
    pub ended: String,
    /// The name of the root key that opens it; none in backups of before root keys had names.
    #[serde(default)]
    pub root_key: Option<String>,
    /// The position of the newest fact.
    pub head: Position,
    /// How many pieces of artwork.
    pub blobs: u64,
    /// The files, but for the artwork, which has a list of its own.
    pub files: Vec<Entry>,
}

/// A file of a backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    /// Where it is in the folder.
    pub path: String,
    /// How long.
    pub bytes: u64,
    /// Its SHA-256, in hexadecimal digits.
    pub sha256: String,
}

impl Manifest {
    /// The form that is written here.
    pub const FORMAT: u32 = 1;

    pub(super) fn write(&self, folder: &Path) -> anyhow::Result<()> {
        Ok(fs::write(folder.join(MANIFEST), serde_json::to_vec_pretty(self)?)?)
    }

    /// Whether the backup has that part.
    #[must_use]
    pub fn has(&self, part: Part) -> bool {
        self.files.iter().any(|file| file.path == part.file())
    }

    /// Reads the manifest of the backup in that folder.
    ///
    /// # Errors
    /// When there is none, it lacks a file, or newer software wrote it.
    pub fn read(folder: &Path) -> anyhow::Result<Self> {
        let path = folder.join(MANIFEST);
        let no_backup = || format!("{} is no backup: name a folder of one", folder.display());
        let length = fs::metadata(&path).with_context(no_backup)?.len();
        ensure!(length <= LARGEST, no_backup());
        let bytes = fs::read(&path).with_context(no_backup)?;
        let manifest: Self = serde_json::from_slice(&bytes).with_context(no_backup)?;
        ensure!(
            manifest.format == Self::FORMAT,
            "the backup has format {} and this software knows {}: use the version that took it, {}",
            manifest.format,
            Self::FORMAT,
            manifest.laurel
        );
        let listed: Vec<&str> = manifest.files.iter().map(|file| file.path.as_str()).collect();
        let mut known = Part::ALL.map(Part::file).to_vec();
        known.retain(|path| listed.contains(path));
        ensure!(!listed.is_empty() && listed == known, no_backup());
        Ok(manifest)
    }
}

/// The line of a piece of artwork in the list.
pub(super) fn line(tenant: TenantId, digest: &Digest) -> String {
    let name = digest.to_string();
    format!("{name}  blobs/{tenant}/{}/{name}\n", &name[..2])
}

/// The artwork in a list.
///
/// # Errors
/// When a line is of another form.
pub(super) fn listed(list: &str) -> anyhow::Result<Vec<(TenantId, Digest)>> {
    let read = |text: &str| {
        let (digest, path) = text.split_once("  ")?;
        let tenant = path.strip_prefix("blobs/")?.split('/').next()?.parse().ok()?;
        let digest = digest.parse().ok()?;
        (line(tenant, &digest).trim_end() == text).then_some((tenant, digest))
    };
    let read = |text| read(text).with_context(|| format!("{BLOBS} has a strange line: {text:?}"));
    list.lines().map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_artwork_reads_back_and_leads_nowhere_else() {
        let blobs: Vec<_> =
            (0..3).map(|n| (TenantId::derived([n; 16]), Digest::of(&[n]))).collect();
        let list: String = blobs.iter().map(|(tenant, digest)| line(*tenant, digest)).collect();
        assert_eq!(listed(&list).unwrap(), blobs);
        let good = line(blobs[0].0, &blobs[0].1);
        for bad in [
            good.replace("blobs/", "../"),
            good.replace("  ", " "),
            good.replace("blobs/", "blobs/../"),
            good.trim_end().to_owned() + "/../x",
            "x".to_owned(),
        ] {
            assert!(listed(&bad).is_err(), "{bad}");
        }
    }
}
