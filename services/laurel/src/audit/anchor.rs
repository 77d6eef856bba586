//! Digests of stretches of the log, to be kept elsewhere: history that was rewritten has others.
//!
//! An anchor has a line for each stretch, so that a record that was deleted since, which its zeros
//! say, makes its own stretch undetermined and no other.

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
};

use anyhow::{Context, ensure};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::Check;

/// Records of one stretch.
const STRETCH: u64 = 1000;
const FIRST: &str = r#"{"laurelAnchor":1}"#;
/// Most bytes of a line of an anchor.
const LINE: u64 = 256;

/// A stretch that ends at a position, and the digest of the records in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Stretch {
    to: u64,
    sha256: String,
}

/// A record as digests see it.
pub(super) struct Seen<'a> {
    pub(super) position: u64,
    /// None when it was deleted.
    pub(super) parts: Option<[&'a [u8]; 6]>,
}

impl Seen<'_> {
    fn digest(&self, into: &mut Sha256) {
        into.update(self.position.to_be_bytes());
        for part in self.parts.iter().flatten() {
            into.update((part.len() as u64).to_be_bytes());
            into.update(part);
        }
    }
}

/// Makes digests of the log as it is read, and compares them with earlier ones.
pub(super) struct Anchors {
    /// Over all records.
    whole: Sha256,
    stretch: Sha256,
    in_stretch: u64,
    last: u64,
    written: Option<(PathBuf, fs::File)>,
    earlier: Option<Earlier>,
}

/// Digests of an earlier run.
struct Earlier {
    lines: std::vec::IntoIter<Stretch>,
    next: Option<Stretch>,
    digest: Sha256,
    from: u64,
    deleted: u64,
    compared: u64,
    untold: u64,
    check: Check,
}

impl Anchors {
    pub(super) fn new(anchor: Option<&Path>, write: Option<&Path>) -> anyhow::Result<Self> {
        let earlier = anchor.map(Earlier::read).transpose()?;
        let written = write
            .map(|path| {
                let file = fs::File::create_new(path);
                let mut file = file.with_context(|| format!("cannot make {}", path.display()))?;
                writeln!(file, "{FIRST}")?;
                anyhow::Ok((path.to_owned(), file))
            })
            .transpose()?;
        let (whole, stretch) = (Sha256::new(), Sha256::new());
        Ok(Self { whole, stretch, in_stretch: 0, last: 0, written, earlier })
    }

    pub(super) fn see(&mut self, seen: &Seen<'_>) -> std::io::Result<()> {
        let mut digest = Sha256::new();
        seen.digest(&mut digest);
        let digest = digest.finalize();
        self.whole.update(digest);
        self.stretch.update(digest);
        self.in_stretch += 1;
        self.last = seen.position;
        if let Some(earlier) = &mut self.earlier {
            earlier.see(seen, &digest);
        }
        if self.in_stretch == STRETCH { self.end_stretch() } else { Ok(()) }
    }

    fn end_stretch(&mut self) -> std::io::Result<()> {
        let digest = std::mem::take(&mut self.stretch).finalize();
        self.in_stretch = 0;
        if let Some((_, file)) = &mut self.written {
            let stretch = Stretch { to: self.last, sha256: hex::encode(digest) };
            serde_json::to_writer(&mut *file, &stretch)?;
            writeln!(file)?;
        }
        Ok(())
    }

    /// The digest of everything, and whether the log is the one of the earlier run.
    pub(super) fn finish(mut self) -> anyhow::Result<(String, Option<Check>)> {
        if self.in_stretch > 0 {
            self.end_stretch()?;
        }
        if let Some((path, file)) = &self.written {
            file.sync_all().with_context(|| format!("cannot write {}", path.display()))?;
        }
        let check = self.earlier.map(Earlier::finish);
        Ok((hex::encode(self.whole.finalize()), check))
    }
}

impl Earlier {
    fn read(path: &Path) -> anyhow::Result<Self> {
        let none = || format!("{} is no anchor", path.display());
        let file =
            fs::File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
        let mut file = BufReader::new(file);
        let mut next = || -> anyhow::Result<Option<String>> {
            let mut line = String::new();
            let read = std::io::Read::take(&mut file, LINE).read_line(&mut line);
            read.with_context(none)?;
            Ok(line.strip_suffix('\n').map(str::to_owned))
        };
        ensure!(next()?.is_some_and(|first| first == FIRST), none());
        let mut lines: Vec<Stretch> = Vec::new();
        while let Some(line) = next()? {
            let stretch: Stretch = serde_json::from_str(&line).with_context(none)?;
            ensure!(lines.last().is_none_or(|last| last.to < stretch.to), none());
            lines.push(stretch);
        }
        let mut lines = lines.into_iter();
        let (next, check) = (lines.next(), Check::new("anchor"));
        let digest = Sha256::new();
        Ok(Self { lines, next, digest, from: 1, deleted: 0, compared: 0, untold: 0, check })
    }

    fn see(&mut self, seen: &Seen<'_>, digest: &[u8]) {
        while self.next.as_ref().is_some_and(|next| next.to < seen.position) {
            self.end();
        }
        let Some(next) = &self.next else { return };
        let ends = next.to == seen.position;
        self.digest.update(digest);
        self.deleted += u64::from(seen.parts.is_none());
        if ends {
            self.end();
        }
    }

    fn end(&mut self) {
        let Some(stretch) = self.next.take() else { return };
        let found = hex::encode(std::mem::take(&mut self.digest).finalize());
        let deleted = std::mem::take(&mut self.deleted);
        let (from, to) = (std::mem::replace(&mut self.from, stretch.to + 1), stretch.to);
        self.compared += 1;
        if found != stretch.sha256 {
            if deleted > 0 {
                self.untold += 1;
            } else {
                self.check.damaged(format!("positions {from} to {to} are not as they were"));
            }
        }
        self.next = self.lines.next();
    }

    fn finish(mut self) -> Check {
        while self.next.is_some() {
            self.end();
        }
        let (compared, untold) = (self.compared, self.untold);
        self.check.detail = format!("{compared} stretches up to position {}", self.from - 1);
        if untold > 0 {
            let why = format!(
                "in {untold} of {compared} stretches records were deleted since: whether the others \
                 there are as they were cannot be told"
            );
            self.check.unknown(why);
        }
        self.check
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backup::Outcome;

    fn run(records: &[Option<u64>], anchor: Option<&Path>, write: Option<&Path>) -> Option<Check> {
        let mut anchors = Anchors::new(anchor, write).expect("anchors");
        for (n, record) in records.iter().enumerate() {
            let bytes = record.map(u64::to_be_bytes);
            let parts = bytes.as_ref().map(|bytes| [&bytes[..]; 6]);
            anchors.see(&Seen { position: n as u64 + 1, parts }).expect("seen");
        }
        anchors.finish().expect("finished").1
    }

    #[test]
    fn rewritten_and_shortened_logs_are_told_from_those_that_grew_and_from_deletions() {
        let folder = tempfile::tempdir().expect("a folder");
        let anchor = folder.path().join("anchor");
        let log: Vec<Option<u64>> = (0..2500).map(Some).collect();
        assert!(run(&log, None, Some(&anchor)).is_none());
        let judge = |log: &[Option<u64>]| run(log, Some(&anchor), None).expect("a check");
        assert_eq!(judge(&log).outcome, Outcome::Sound);
        let grown: Vec<_> = (0..4000).map(Some).collect();
        assert_eq!(judge(&grown).outcome, Outcome::Sound);

        let mut rewritten = grown.clone();
        rewritten[1700] = Some(7);
        let check = judge(&rewritten);
        assert_eq!(check.damages, ["positions 1001 to 2000 are not as they were"]);
        assert_eq!(judge(&log[..2400]).damages, ["positions 2001 to 2500 are not as they were"]);
        assert_eq!(judge(&[]).faults, 3);

        let mut deleted = grown;
        deleted[3] = None;
        assert_eq!(judge(&deleted).outcome, Outcome::Unknown);
        deleted[1700] = Some(7);
        assert_eq!(judge(&deleted).outcome, Outcome::Damaged);
    }
}
