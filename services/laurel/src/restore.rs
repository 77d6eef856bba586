//! `laurel restore`: stores from a backup, in an empty folder.

use std::{
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context, bail, ensure};
use eventstore::EventStore;
use keyvault::RootKey;
use runtime::{Config, Flags};

use crate::{
    backup::{Entry, KEYS, LOG, Manifest, Outcome, Part, Report, copy, judge, settle},
    say::say,
    verify_backup::{code, tell},
};

/// Restores a backup into the data folder, which must be empty, and examines it first.
///
/// The root key is not in a backup: put it in its place before, and the keys are opened with it.
/// Read models are built anew when Laurel starts. A backup of one part is restored into the data
/// folder of the process that has it.
///
/// Exit codes: 0 restored, 1 not restored, 2 wrong usage, 3 restored, but without the root key
/// nobody knows whether the keys open.
#[derive(clap::Args, Clone, Debug)]
pub struct Options {
    /// The folder of the backup.
    #[arg(long, value_name = "DIR")]
    from: PathBuf,
    /// Where to.
    #[command(flatten)]
    flags: Flags,
    /// Print what was examined as one JSON object.
    #[arg(long)]
    json: bool,
}

/// What is copied and examined before it takes its place.
const STAGE: &str = ".restoring";

/// Restores it and says what is there now.
///
/// # Errors
/// When the folder is not empty, the backup is damaged, or a disk fails.
pub async fn run(options: Options) -> anyhow::Result<ExitCode> {
    let config = Config::load(&options.flags)?;
    let (from, told) = (options.from, config.clone());
    let report = restore(config, from).await?;
    if options.json {
        say!("{}", serde_json::to_string(&report)?)?;
    } else {
        tell(&report)?;
        let (data, head) = (told.data.display(), report.manifest.head);
        if report.manifest.has(Part::Log) {
            say!("restored into {data}: the log ends at position {head}")?;
        } else {
            say!("restored into {data}")?;
        }
        if report.outcome == Outcome::Unknown && report.manifest.has(Part::Keys) {
            let place = told.root_key_file();
            say!("before you start, put the root key at {}", place.display())?;
        }
        say!(
            "what happened after {} is not in it; erase again whom you erased since",
            report.manifest.began
        )?;
    }
    Ok(code(report.outcome))
}

/// Copies a backup, examines the copy, puts it in its place and opens the stores once.
///
/// # Errors
/// When the folder is not empty, the backup is damaged, or a disk fails.
pub async fn restore(config: Config, from: PathBuf) -> anyhow::Result<Report> {
    let place = config.root_key_file();
    let root = place.try_exists()?.then(|| RootKey::load(&place)).transpose()?;
    let (data, opened) = (config.data.clone(), root.clone());
    let report = tokio::task::spawn_blocking(move || put(&data, &from, opened.as_ref())).await??;

    if report.manifest.has(Part::Log) {
        let events = eventstore::EmbeddedOptions::at(config.data.join("events"));
        let events = eventstore::Embedded::open(events)?;
        let head = events.head().await?;
        events.close().await;
        ensure!(head == report.manifest.head, "the restored log ends at {head}: restore again");
    }
    if let (true, Some(root_key)) = (report.manifest.has(Part::Keys), root) {
        let path = config.data.join("keys/keys.sqlite");
        drop(keyvault::Embedded::open(keyvault::EmbeddedOptions { path, root_key })?);
    }
    Ok(report)
}

fn put(data: &Path, from: &Path, root: Option<&RootKey>) -> anyhow::Result<Report> {
    let manifest = Manifest::read(from)?;
    fs::create_dir_all(data).with_context(|| format!("cannot make {}", data.display()))?;
    if let Some(stranger) = stranger(data)? {
        bail!(
            "{} is not empty, {} is in it: restore into an empty folder",
            data.display(),
            stranger.display()
        );
    }
    let stage = data.join(STAGE);
    let staged = stage_and_judge(&manifest, from, &stage, root).and_then(|report| {
        ensure!(report.outcome != Outcome::Damaged, damages(&report));
        place(&manifest, data, &stage)?;
        Ok(report)
    });
    // What is left of it is of no use, whatever became of it.
    let _ = fs::remove_dir_all(&stage);
    staged
}

/// What is in a folder that should be empty, other than the root key in its usual place and what a
/// fresh file system has.
fn stranger(data: &Path) -> anyhow::Result<Option<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(data)? {
        let path = entry?.path();
        if path.ends_with("keys") && path.is_dir() {
            for entry in fs::read_dir(path)? {
                found.push(entry?.path());
            }
        } else {
            found.push(path);
        }
    }
    let usual = |path: &PathBuf| path.ends_with("keys/root.key") || path.ends_with("lost+found");
    Ok(found.into_iter().find(|path| !usual(path)))
}

fn stage_and_judge(
    manifest: &Manifest,
    from: &Path,
    stage: &Path,
    root: Option<&RootKey>,
) -> anyhow::Result<Report> {
    copy(&from.join("manifest.json"), &stage.join("manifest.json"))?;
    for Entry { path, .. } in &manifest.files {
        copy(&from.join(path), &stage.join(path)).with_context(|| format!("cannot copy {path}"))?;
    }
    let blobs = runtime::FolderBlobs::new(stage.join("blobs"));
    runtime::FolderBlobs::new(from.join("blobs"))
        .each(|tenant, digest, file| copy(file, &blobs.path(tenant, &digest)).map(drop))?;
    settle(stage)?;
    judge(stage, root)
}

/// Moves what was examined to its place, the log last: a folder without a log that was left so by a
/// crash is plainly no Laurel, while a log without its keys would be taken for one.
fn place(manifest: &Manifest, data: &Path, stage: &Path) -> anyhow::Result<()> {
    if stage.join("blobs").try_exists()? {
        fs::rename(stage.join("blobs"), data.join("blobs"))?;
    }
    if manifest.has(Part::Keys) {
        fs::create_dir_all(data.join("keys"))?;
        fs::rename(stage.join(KEYS), data.join(KEYS))?;
        fs::File::open(data.join("keys"))?.sync_all()?;
    }
    fs::File::open(data)?.sync_all()?;
    if manifest.has(Part::Log) {
        let events = Path::new(LOG).parent().context("the log is in a folder")?;
        fs::rename(stage.join(events), data.join(events))?;
    }
    fs::File::open(data)?.sync_all()?;
    Ok(())
}

fn damages(report: &Report) -> String {
    let damaged = report.checks.iter().filter(|check| check.outcome == Outcome::Damaged);
    let damaged: Vec<_> = damaged.map(|it| format!("{}: {}", it.name, it.detail)).collect();
    format!("the backup is damaged, nothing was restored: {}", damaged.join("; "))
}
