//! Whether a folder takes more: asked before anything is written that could be left half done.

use std::{
    fmt, fs,
    io::{self, Write},
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use rustix::fs::{Access, StatVfsMountFlags, access, statvfs};

/// How long a good answer holds: less is written meanwhile than has to be free.
const HOLDS: Duration = Duration::from_millis(100);
/// So much is written to see whether the folder takes it.
const PROBE: usize = 1 << 20;

/// A folder, and how many bytes its disk has to have free.
#[derive(Debug)]
pub struct Room {
    folder: PathBuf,
    least: u64,
    seen: Mutex<Option<Instant>>,
}

/// Why a folder takes nothing.
#[derive(Debug)]
pub enum NoRoom {
    /// Less is free than has to be.
    Full {
        /// The folder.
        folder: PathBuf,
        /// How many bytes are free.
        free: u64,
        /// How many have to be.
        least: u64,
    },
    /// Nothing can be made there.
    ReadOnly(PathBuf),
    /// It cannot be looked at.
    Unknown(PathBuf, io::Error),
}

impl fmt::Display for NoRoom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full { folder, free, least } => {
                let (folder, free, least) = (folder.display(), free >> 10, least >> 10);
                write!(f, "the disk of {folder} is full, {free} KiB of {least} are free: make room")
            }
            Self::ReadOnly(folder) => {
                let folder = folder.display();
                write!(
                    f,
                    "nothing can be written in {folder}: mount it for writing and let this process's user write there"
                )
            }
            Self::Unknown(folder, error) => {
                write!(f, "{} cannot be looked at: {error}", folder.display())
            }
        }
    }
}

impl std::error::Error for NoRoom {}

impl Room {
    /// That folder, with so many bytes to be free.
    #[must_use]
    pub fn new(folder: impl Into<PathBuf>, least: u64) -> Self {
        Self { folder: folder.into(), least, seen: Mutex::default() }
    }

    /// Whether anything may be written there.
    ///
    /// # Errors
    /// [`NoRoom`].
    pub fn look(&self) -> Result<(), NoRoom> {
        let folder = || self.folder.clone();
        let disk =
            statvfs(&self.folder).map_err(|error| NoRoom::Unknown(folder(), error.into()))?;
        let locked = access(&self.folder, Access::WRITE_OK | Access::EXEC_OK).is_err();
        if locked || disk.f_flag.contains(StatVfsMountFlags::RDONLY) {
            return Err(NoRoom::ReadOnly(folder()));
        }
        let free = disk.f_bavail.saturating_mul(disk.f_frsize);
        if free < self.least {
            return Err(NoRoom::Full { folder: folder(), free, least: self.least });
        }
        Ok(())
    }

    /// The same for who asks all the time: what was good a moment ago is good.
    pub(super) fn look_often(&self) -> Result<(), NoRoom> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.is_none_or(|since| since.elapsed() >= HOLDS) {
            *seen = None;
            self.look()?;
            *seen = Some(Instant::now());
        }
        Ok(())
    }

    /// Whether something that is written there stays: there are limits that a disk does not tell of.
    pub(super) fn probe(&self) -> io::Result<()> {
        let path = self.folder.join("room");
        let written = write(&path);
        let removed = fs::remove_file(&path);
        written.and(removed)
    }
}

fn write(path: &Path) -> io::Result<()> {
    let mut file = fs::File::create(path)?;
    file.write_all(&vec![1; PROBE])?;
    file.sync_all()
}
