//! Disks that are full and folders that take nothing: made for real, for tests of what then happens.
//! Where a test may not make them, it says so and tries nothing.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::{
    fs::{self, File, Permissions},
    io::{ErrorKind, Write},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
};

use rustix::fs::{IFlags, ioctl_getflags, ioctl_setflags};
use tempfile::TempDir;

/// A small disk of its own, which goes away with this.
pub struct Disk {
    folder: TempDir,
}

impl Disk {
    /// One of so many MiB; none, which is said, where this process may not make any.
    ///
    /// # Panics
    /// When there is no place for its folder.
    #[must_use]
    pub fn of(mib: u32) -> Option<Self> {
        let disk = Self { folder: TempDir::new().unwrap() };
        if disk.mount(&["-t", "tmpfs", "-o", &format!("size={mib}m"), "laurel"]) {
            return Some(disk);
        }
        eprintln!("NOT RUN: mounting a disk takes root, so nothing was tried on a full one");
        None
    }

    fn mount(&self, arguments: &[&str]) -> bool {
        let mounted = Command::new("mount").args(arguments).arg(self.path()).output();
        mounted.is_ok_and(|output| output.status.success())
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    fn filler(&self) -> PathBuf {
        self.path().join("filler")
    }

    /// Takes every byte that is left.
    ///
    /// # Panics
    /// When something else than the end of the disk ends it.
    pub fn fill(&self) {
        let mut filler = File::options().append(true).create(true).open(self.filler()).unwrap();
        for size in [1 << 20, 1 << 12, 1] {
            loop {
                match filler.write(&vec![7; size]) {
                    Ok(_) => {}
                    Err(error) if error.kind() == ErrorKind::StorageFull => break,
                    Err(error) => panic!("{error}"),
                }
            }
        }
    }

    /// Takes all but so many bytes.
    ///
    /// # Panics
    /// When there are not so many.
    pub fn fill_but(&self, bytes: u64) {
        self.fill();
        let filler = File::options().write(true).open(self.filler()).unwrap();
        let length = filler.metadata().unwrap().len();
        filler.set_len(length.checked_sub(bytes).unwrap()).unwrap();
    }

    /// Gives back what [`Disk::fill`] took.
    ///
    /// # Panics
    /// When it took nothing.
    pub fn make_room(&self) {
        fs::remove_file(self.filler()).unwrap();
    }

    /// Mounts it so that it is read only, or no more; whether that was possible, which it is not while
    /// a file of it is open for writing.
    #[must_use]
    pub fn set_read_only(&self, read_only: bool) -> bool {
        self.mount(&["-o", if read_only { "remount,ro" } else { "remount,rw" }])
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Where it was not mounted, there is nothing to undo.
        let _ = Command::new("umount").arg("--lazy").arg(self.folder.path()).output();
    }
}

/// A folder in which nothing can be made, renamed or removed, nor in those within, until this goes.
pub struct Locked {
    folders: Vec<(PathBuf, Permissions)>,
}

impl Locked {
    /// That folder; none, which is said, where this process cannot lock it.
    ///
    /// # Panics
    /// When the folder cannot be read.
    #[must_use]
    pub fn at(folder: &Path) -> Option<Self> {
        let mut locked = Self { folders: Vec::new() };
        locked.add(folder);
        for (folder, _) in &locked.folders {
            // Permissions are nothing to root, the flag is.
            fs::set_permissions(folder, Permissions::from_mode(0o555)).unwrap();
            let _ = set_immutable(folder, true);
        }
        if File::create(folder.join("probe")).is_err() {
            return Some(locked);
        }
        drop(locked);
        fs::remove_file(folder.join("probe")).unwrap();
        eprintln!("NOT RUN: folders cannot be locked here, so nothing was tried in a locked one");
        None
    }

    fn add(&mut self, folder: &Path) {
        let permissions = fs::metadata(folder).unwrap().permissions();
        self.folders.push((folder.to_owned(), permissions));
        for entry in fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            if entry.file_type().unwrap().is_dir() {
                self.add(&entry.path());
            }
        }
    }
}

impl Drop for Locked {
    fn drop(&mut self) {
        for (folder, permissions) in &self.folders {
            let _ = set_immutable(folder, false);
            let _ = fs::set_permissions(folder, permissions.clone());
        }
    }
}

fn set_immutable(folder: &Path, immutable: bool) -> std::io::Result<()> {
    let folder = File::open(folder)?;
    let mut flags = ioctl_getflags(&folder)?;
    flags.set(IFlags::IMMUTABLE, immutable);
    Ok(ioctl_setflags(&folder, flags)?)
}
