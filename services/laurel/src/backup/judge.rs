//! Whether a backup is whole: every file, every fact, every key.

use std::path::{Path, PathBuf};

use anyhow::Context;
use keyvault::{Owner, RootKey, Snapshot, Standing};
use runtime::FolderBlobs;
use serde::Serialize;
use serde_json::Value;

use super::{
    files::Sum,
    manifest::{self, BLOBS, KEYS, LOG, Manifest, Part},
};

/// What was asked of a backup.
#[derive(Clone, Debug, Serialize)]
pub struct Check {
    /// What.
    pub name: &'static str,
    /// The answer.
    pub outcome: Outcome,
    /// What was counted, or what is wrong and what to do.
    pub detail: String,
}

/// The answer to a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// All is well.
    Sound,
    /// It cannot be restored as it is.
    Damaged,
    /// It was not asked.
    Unknown,
}

impl Outcome {
    /// The worst of these; of none, that all is well.
    pub(crate) fn worst(of: impl IntoIterator<Item = Self>) -> Self {
        of.into_iter().fold(Self::Sound, |worst, outcome| match (worst, outcome) {
            (Self::Damaged, _) | (_, Self::Damaged) => Self::Damaged,
            (Self::Unknown, _) | (_, Self::Unknown) => Self::Unknown,
            (Self::Sound, Self::Sound) => Self::Sound,
        })
    }

    /// How it is told to people.
    pub(crate) fn mark(self) -> &'static str {
        match self {
            Self::Sound => "sound",
            Self::Damaged => "DAMAGED",
            Self::Unknown => "unknown",
        }
    }
}

/// All the answers.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The worst of them.
    pub outcome: Outcome,
    /// What the backup says of itself; the first, when parts were examined together.
    pub manifest: Manifest,
    /// What the other parts say of themselves.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub others: Vec<Manifest>,
    /// One by one.
    pub checks: Vec<Check>,
}

/// Examines a backup that nobody changes meanwhile; it is left as it is. Without the root key it
/// stays unknown whether the keys open.
///
/// # Errors
/// When there is no manifest.
pub fn judge(folder: &Path, root: Option<&RootKey>) -> anyhow::Result<Report> {
    judge_parts(&[folder.to_owned()], root)
}

/// Examines the backups of parts, each in a folder of its own, as one.
///
/// # Errors
/// When there is no manifest, or a part is there twice.
pub fn judge_parts(folders: &[PathBuf], root: Option<&RootKey>) -> anyhow::Result<Report> {
    let read = |folder: &PathBuf| anyhow::Ok((folder.clone(), Manifest::read(folder)?));
    let backups = folders.iter().map(read).collect::<anyhow::Result<Vec<_>>>()?;
    for part in Part::ALL {
        let having = backups.iter().filter(|(_, manifest)| manifest.has(part)).count();
        anyhow::ensure!(having < 2, "several of these have the part {part:?}: name one for each");
    }
    let of = |part| backups.iter().find(|(_, manifest)| manifest.has(part));
    let mut checks: Vec<Check> =
        backups.iter().map(|(folder, manifest)| check("files", files(folder, manifest))).collect();
    if backups.len() > 1 {
        let began = Part::ALL.map(|part| of(part).map(|(_, manifest)| manifest));
        checks.push(check("order", order(&began)));
    }
    if let Some((folder, manifest)) = of(Part::Artwork) {
        checks.push(check("artwork", artwork(folder, manifest)));
    }
    let keys = match of(Part::Keys).map(|(folder, _)| Snapshot::open(&folder.join(KEYS))) {
        Some(Err(error)) => {
            checks.push(check("keys", Err(error.into())));
            return summed(backups, checks);
        }
        Some(Ok(keys)) => Some(keys),
        None => None,
    };
    if let Some((folder, manifest)) = of(Part::Log) {
        checks.push(check("log", log(folder, manifest, keys.as_ref())));
    }
    match (&keys, root) {
        (Some(keys), Some(root)) => checks.push(check("keys", open(keys, root))),
        (Some(_), None) => {
            checks.push(unknown("not opened: name the root key with --root-key FILE"));
        }
        (None, _) if of(Part::Log).is_some() => {
            checks.push(unknown("not in it: name the backup of the keys as well"));
        }
        (None, _) => {}
    }
    summed(backups, checks)
}

fn summed(backups: Vec<(PathBuf, Manifest)>, checks: Vec<Check>) -> anyhow::Result<Report> {
    let outcome = Outcome::worst(checks.iter().map(|check| check.outcome));
    let mut manifests = backups.into_iter().map(|(_, manifest)| manifest);
    let manifest = manifests.next().context("name the folder of a backup")?;
    Ok(Report { outcome, manifest, others: manifests.collect(), checks })
}

/// Whether each part was begun after the one before had ended: what the log needs is in what was
/// copied after it.
fn order(parts: &[Option<&Manifest>]) -> anyhow::Result<String> {
    let there: Vec<_> = parts.iter().flatten().collect();
    for pair in there.windows(2) {
        let same = pair[0] == pair[1];
        anyhow::ensure!(
            same || pair[0].ended <= pair[1].began,
            "what was begun at {} was copied before its turn: copy log, keys, artwork in this order",
            pair[1].began
        );
    }
    Ok("each was copied after what needs it".to_owned())
}

fn unknown(detail: &str) -> Check {
    Check { name: "keys", outcome: Outcome::Unknown, detail: detail.to_owned() }
}

fn check(name: &'static str, answer: anyhow::Result<String>) -> Check {
    match answer {
        Ok(detail) => Check { name, outcome: Outcome::Sound, detail },
        Err(error) => Check { name, outcome: Outcome::Damaged, detail: format!("{error:#}") },
    }
}

fn files(folder: &Path, manifest: &Manifest) -> anyhow::Result<String> {
    let mut bytes = 0;
    for file in &manifest.files {
        let sum = Sum::of(&folder.join(&file.path));
        let sum = sum.map_err(|error| anyhow::anyhow!("{} cannot be read: {error}", file.path))?;
        let same = sum.bytes == file.bytes && sum.sha256 == file.sha256;
        anyhow::ensure!(same, "{} is not what was written: take another backup", file.path);
        bytes += sum.bytes;
    }
    Ok(format!("{} files of {bytes} bytes as they were written", manifest.files.len()))
}

fn artwork(folder: &Path, manifest: &Manifest) -> anyhow::Result<String> {
    let listed = manifest::listed(&std::fs::read_to_string(folder.join(BLOBS))?)?;
    anyhow::ensure!(
        listed.len() as u64 == manifest.blobs,
        "{} pictures are listed and {} were copied",
        listed.len(),
        manifest.blobs
    );
    let kept = FolderBlobs::new(folder.join("blobs"));
    for (tenant, digest) in &listed {
        let path = kept.path(*tenant, digest);
        let sum = Sum::of(&path);
        let sum = sum.map_err(|error| anyhow::anyhow!("{} is missing: {error}", path.display()))?;
        anyhow::ensure!(sum.sha256 == digest.to_string(), "{} is damaged", path.display());
    }
    Ok(format!("{} pictures as they were kept", listed.len()))
}

/// Reads the log to its end and looks up the key of everything that is sealed in it, if the keys are
/// there.
fn log(folder: &Path, manifest: &Manifest, keys: Option<&Snapshot>) -> anyhow::Result<String> {
    let (mut live, mut erased, mut unseen) = (0_u64, 0_u64, 0_u64);
    let found = eventstore::inspect_log(&folder.join(LOG), |fact| {
        let payload: Value =
            serde_json::from_slice(&fact.data).map_err(|error| error.to_string())?;
        sealed(&payload, &mut |subject, version| {
            let Some(keys) = keys else {
                unseen += 1;
                return Ok(());
            };
            let owner = Owner::new(fact.stream.tenant(), subject);
            match keys.standing(&owner, version).map_err(|error| error.to_string())? {
                Standing::Live => live += 1,
                Standing::Destroyed => erased += 1,
                Standing::Unknown => return Err(format!("the key of {owner:?} is missing")),
            }
            Ok(())
        })
    })?;
    anyhow::ensure!(
        found.head == manifest.head,
        "the log ends at {} and the manifest says {}",
        found.head,
        manifest.head
    );
    let (facts, deleted, others) = (found.facts, found.deleted, found.others);
    Ok(format!(
        "head {}: {facts} facts, {deleted} deleted, {others} others; sealed: {live} with their key, \
         {erased} erased{}",
        found.head,
        if keys.is_some() { String::new() } else { format!(", {unseen} not looked up") }
    ))
}

fn open(keys: &Snapshot, root: &RootKey) -> anyhow::Result<String> {
    let opened = keys.open_all(root)?;
    Ok(format!(
        "all open: {} tenants, {} people, {} secrets; {} destroyed",
        opened.tenants, opened.live, opened.secrets, opened.destroyed
    ))
}

/// Shows the owner and the key version of everything in a payload that has the form of
/// [`kernel::Sealed`].
fn sealed(
    value: &Value,
    see: &mut impl FnMut(&str, u32) -> Result<(), String>,
) -> Result<(), String> {
    match value {
        Value::Array(items) => items.iter().try_for_each(|item| sealed(item, see)),
        Value::Object(members) => {
            let text = |name| members.get(name).and_then(Value::as_str);
            let version = members.get("keyVersion").and_then(Value::as_u64);
            if let (Some(subject), Some(version), Some(_), Some(_)) =
                (text("subject"), version, text("nonce"), text("ciphertext"))
            {
                let version = u32::try_from(version).map_err(|error| error.to_string())?;
                return see(subject, version);
            }
            members.values().try_for_each(|member| sealed(member, see))
        }
        _ => Ok(()),
    }
}
