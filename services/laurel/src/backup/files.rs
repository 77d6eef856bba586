//! Files that are copied, summed and flushed.

use std::{
    fs::{self, File},
    io::{self, Read, Write},
    path::Path,
};

use sha2::{Digest, Sha256};

/// How long a file is and what is in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sum {
    pub(crate) bytes: u64,
    /// In hexadecimal digits.
    pub(crate) sha256: String,
}

const PIECE: usize = 1 << 18;

impl Sum {
    /// Reads a file.
    pub(crate) fn of(path: &Path) -> io::Result<Self> {
        pour(path, &mut io::sink())
    }
}

/// Copies a file to a new one, makes the folders for it, and sums what was copied.
pub(crate) fn copy(from: &Path, to: &Path) -> io::Result<Sum> {
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut file = File::create_new(to)?;
    let sum = pour(from, &mut file)?;
    file.sync_all()?;
    Ok(sum)
}

fn pour(from: &Path, into: &mut impl Write) -> io::Result<Sum> {
    let mut file = File::open(from)?;
    let (mut digest, mut bytes, mut piece) = (Sha256::new(), 0, vec![0; PIECE]);
    loop {
        let read = file.read(&mut piece)?;
        if read == 0 {
            let sha256 = hex::encode(digest.finalize());
            return Ok(Sum { bytes, sha256 });
        }
        digest.update(&piece[..read]);
        into.write_all(&piece[..read])?;
        bytes += read as u64;
    }
}

/// Flushes a folder and all that is in it.
pub(crate) fn settle(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            settle(&entry.path())?;
        } else {
            File::open(entry.path())?.sync_all()?;
        }
    }
    File::open(folder)?.sync_all()
}
