//! `laurel backup`: a consistent copy of the embedded stores, taken while they are in use.

mod files;
mod judge;
mod manifest;

use std::{
    fs::{self, DirBuilder},
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context, ensure};
use kernel::Position;
use runtime::{Clock, Config, Flags, FolderBlobs, SystemClock};

pub(crate) use files::{Sum, copy, settle};
pub use judge::{Check, Outcome, Report, judge, judge_parts};
pub use manifest::{BLOBS, Entry, KEYS, LOG, Manifest, Part};

use crate::say::say;

/// Copies the log, the keys and the artwork into a new folder, consistent with each other, while
/// Laurel serves.
///
/// The root key is not in it: keep it elsewhere, for without it a backup is worth nothing. Read
/// models and letters are not in it either: read models are built anew from the log.
///
/// Where the log or the keys have a process of their own, copy each --part with the configuration of
/// that process: the log first, then the keys, then the artwork.
///
/// Exit codes: 0 the backup is whole, 1 there is none, 2 wrong usage.
#[derive(clap::Args, Clone, Debug)]
pub struct Options {
    /// The folder that becomes the backup; it must not exist yet.
    #[arg(long, value_name = "DIR")]
    to: PathBuf,
    /// Copy this part alone; may be repeated. All parts when absent.
    #[arg(long = "part", value_name = "PART")]
    parts: Vec<Part>,
    /// Where the stores are.
    #[command(flatten)]
    flags: Flags,
    /// Print the manifest as one JSON object.
    #[arg(long)]
    json: bool,
}

/// Makes the backup and says what is in it.
///
/// # Errors
/// When there are no stores, or a disk fails; then there is no backup either.
pub async fn run(options: Options) -> anyhow::Result<ExitCode> {
    let config = Config::load(&options.flags)?;
    let to = options.to.clone();
    let parts = if options.parts.is_empty() { Part::ALL.to_vec() } else { options.parts };
    let making = tokio::task::spawn_blocking(move || make_parts(&config, &parts, &to));
    let manifest = making.await??;
    if options.json {
        say!("{}", serde_json::to_string(&manifest)?)?;
    } else {
        let to = options.to.display();
        say!("backed up to {to}: {} facts, {} pictures", manifest.head.0, manifest.blobs)?;
        if manifest.has(Part::Keys) {
            say!("the root key is not in it: keep a copy of it in another place")?;
        }
        say!("see that it is sound: laurel verify-backup {to} --root-key FILE")?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Copies the stores of that configuration into a new folder. It is written under another name and
/// gets its own when it is whole and on stable storage.
///
/// The order makes it consistent: a fact is appended after the keys that seal it were made and
/// after its artwork was kept, and neither is ever changed. So what is copied after the log has all
/// that the log needs, and perhaps some that it does not need yet. A key that is destroyed between
/// the two copies is missing, as it should be.
///
/// # Errors
/// When there are no stores, the folder is there already, or a disk fails.
pub fn make(config: &Config, to: &Path) -> anyhow::Result<Manifest> {
    make_parts(config, &Part::ALL, to)
}

/// Copies these parts of what that configuration has in its data folder, as [`make`] does.
///
/// # Errors
/// As [`make`].
pub fn make_parts(config: &Config, parts: &[Part], to: &Path) -> anyhow::Result<Manifest> {
    let stores = &config.stores;
    for (part, key, place) in
        [(Part::Log, "events", &stores.events), (Part::Keys, "keys", &stores.keys)]
    {
        ensure!(
            !parts.contains(&part) || place.url().is_none(),
            "stores.{key} are elsewhere: back them up there, the log first, then the keys, then \
             --part artwork here"
        );
    }
    let named = to.file_name().context("name the folder that becomes the backup")?;
    let draft = to.with_file_name(format!(".{}.partial", named.to_string_lossy()));
    let taken = to.try_exists()?;
    ensure!(!taken, "{} is there already: name a folder that is not", to.display());
    let above = draft.parent().filter(|above| !above.as_os_str().is_empty());
    let above = above.unwrap_or(Path::new("."));
    fs::create_dir_all(above).with_context(|| format!("cannot make {}", above.display()))?;
    private_folder(&draft).with_context(|| {
        format!(
            "cannot make {}: if an earlier backup was cut short, remove that folder",
            draft.display()
        )
    })?;
    let made = fill(config, parts, &draft).and_then(|manifest| {
        settle(&draft)?;
        fs::rename(&draft, to).with_context(|| format!("cannot make {}", to.display()))?;
        fs::File::open(above)?.sync_all()?;
        Ok(manifest)
    });
    if made.is_err() {
        // The first error is the one to tell.
        let _ = fs::remove_dir_all(&draft);
    }
    made
}

fn fill(config: &Config, parts: &[Part], draft: &Path) -> anyhow::Result<Manifest> {
    let began = SystemClock.now().whole_second().to_string();
    let (mut head, mut root_key, mut blobs, mut listed) = (Position::START, None, 0, Vec::new());
    for part in Part::ALL.into_iter().filter(|part| parts.contains(part)) {
        match part {
            Part::Log => {
                private_folder(&draft.join("events"))?;
                head = eventstore::copy_log(&config.data.join("events"), &draft.join(LOG))?;
            }
            Part::Keys => {
                private_folder(&draft.join("keys"))?;
                keyvault::copy_vault(&config.data.join("keys/keys.sqlite"), &draft.join(KEYS))?;
                root_key = keyvault::root_key_of(&draft.join(KEYS))?.name;
            }
            Part::Artwork => blobs = copy_blobs(&config.data.join("blobs"), draft)?,
        }
    }
    for path in Part::ALL.into_iter().filter(|part| parts.contains(part)).map(Part::file) {
        let Sum { bytes, sha256 } = Sum::of(&draft.join(path))?;
        listed.push(Entry { path: path.to_owned(), bytes, sha256 });
    }
    let manifest = Manifest {
        format: Manifest::FORMAT,
        laurel: env!("CARGO_PKG_VERSION").to_owned(),
        public_url: config.public_url.clone(),
        began,
        ended: SystemClock.now().whole_second().to_string(),
        root_key,
        head,
        blobs,
        files: listed,
    };
    manifest.write(draft)?;
    Ok(manifest)
}

/// Copies the artwork and lists it in the form of `sha256sum`; how many files.
fn copy_blobs(from: &Path, draft: &Path) -> anyhow::Result<u64> {
    let kept = FolderBlobs::new(draft.join("blobs"));
    let mut list = String::new();
    let mut count = 0;
    FolderBlobs::new(from).each(|tenant, digest, file| {
        let path = kept.path(tenant, &digest);
        let sum = copy(file, &path)?;
        if sum.sha256 != digest.to_string() {
            let damaged = format!("{} is damaged: restore it from a backup", file.display());
            return Err(std::io::Error::other(damaged));
        }
        list.push_str(&manifest::line(tenant, &digest));
        count += 1;
        Ok(())
    })?;
    fs::write(draft.join(BLOBS), list)?;
    Ok(count)
}

/// A folder for its owner only.
fn private_folder(path: &Path) -> std::io::Result<()> {
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}
