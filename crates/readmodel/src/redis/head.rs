//! What a slot's head and its buckets' markers say, and whether they agree.

use std::collections::BTreeMap;

use kernel::Position;
use redis::Value;

use super::{
    failure::Failure,
    names::{self, Bucket},
};

/// Made at random when a slot begins to be: rows from before it was lost are told apart by it.
pub(super) type Incarnation = [u8; 8];

/// Stands beside the pages of a bucket, and is written with them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Marker {
    pub(super) incarnation: Incarnation,
    /// The number of the last batch that is applied here in full; zero for none.
    pub(super) batch: u64,
    /// How many parts of the pending batch are applied on top.
    pub(super) parts: u32,
}

/// A batch that is stored, and being applied part by part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pending {
    /// Which: one more than the last.
    pub(super) batch: u64,
    pub(super) to: Position,
    /// Of how many parts it is made.
    pub(super) parts: u32,
    /// Under which number it is stored.
    pub(super) stored: [u8; 8],
}

/// What a slot is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) incarnation: Incarnation,
    pub(super) checkpoint: Position,
    pub(super) pending: Option<Pending>,
    /// The number of the last batch.
    pub(super) batch: u64,
    /// The last batch that touched each bucket, as far as it was asked for.
    pub(super) marks: BTreeMap<Bucket, u64>,
}

/// Whether a bucket holds what the head remembers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Whole,
    /// Nothing was ever written there.
    Empty,
    /// It holds something else.
    Odd,
}

impl Marker {
    pub(super) fn bytes(self) -> Vec<u8> {
        let Self { incarnation, batch, parts } = self;
        [&incarnation[..], &batch.to_be_bytes(), &parts.to_be_bytes()].concat()
    }

    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let (incarnation, rest) = bytes.split_first_chunk()?;
        let (batch, rest) = rest.split_first_chunk()?;
        let (batch, parts) =
            (u64::from_be_bytes(*batch), u32::from_be_bytes(rest.try_into().ok()?));
        Some(Self { incarnation: *incarnation, batch, parts })
    }
}

impl Pending {
    pub(super) fn bytes(self) -> Vec<u8> {
        let Self { batch, to, parts, stored } = self;
        let (batch, to, parts) = (batch.to_be_bytes(), to.0.to_be_bytes(), parts.to_be_bytes());
        [&batch[..], &to, &parts, &stored].concat()
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let (batch, rest) = bytes.split_first_chunk()?;
        let (to, rest) = rest.split_first_chunk()?;
        let (parts, rest) = rest.split_first_chunk()?;
        Some(Self {
            batch: u64::from_be_bytes(*batch),
            to: Position(u64::from_be_bytes(*to)),
            parts: u32::from_be_bytes(*parts),
            stored: rest.try_into().ok()?,
        })
    }
}

impl Head {
    /// The fields to ask for.
    pub(super) fn fields(buckets: &[Bucket]) -> Vec<String> {
        let fixed = ["i", "c", "p", "s", "n"].map(str::to_owned);
        fixed.into_iter().chain(buckets.iter().map(|bucket| names::mark(*bucket))).collect()
    }

    /// The head from the answer for [`Head::fields`]; none when there is no such slot.
    pub(super) fn read(
        answer: Value,
        buckets: &[Bucket],
        ours: Bucket,
    ) -> Result<Option<Self>, Failure> {
        let Value::Array(values) = answer else { return Err(Failure::Shape) };
        let mut values = values.into_iter().map(bytes);
        let mut next = || values.next().unwrap_or(Err(Failure::Shape));
        let Some(incarnation) = next()? else { return Ok(None) };
        let incarnation = incarnation.try_into().map_err(|_| Failure::Shape)?;
        let checkpoint = Position(number(next()?)?);
        let pending = next()?.map(|it| Pending::read(&it).ok_or(Failure::Shape)).transpose()?;
        let batch = number(next()?)?;
        let stored = next()?.map(|it| String::from_utf8_lossy(&it).into_owned());
        let stored = stored.unwrap_or_default();
        if stored != ours.to_string() {
            return Err(Failure::Buckets { stored, ours });
        }
        let mut marks = BTreeMap::new();
        for bucket in buckets {
            if let Some(mark) = next()? {
                marks.insert(*bucket, number(Some(mark))?);
            }
        }
        Ok(Some(Self { incarnation, checkpoint, pending, batch, marks }))
    }

    /// Whether a bucket with that marker holds what this head remembers.
    pub(super) fn verdict(&self, bucket: Bucket, marker: Option<Marker>) -> Verdict {
        let marker = marker.filter(|marker| marker.incarnation == self.incarnation);
        let mark = self.marks.get(&bucket).copied();
        let Some(marker) = marker else {
            return if mark.is_none() { Verdict::Empty } else { Verdict::Odd };
        };
        let finished = self.pending.is_some_and(|it| it.batch == marker.batch && marker.parts == 0);
        let begun = marker.batch == mark.unwrap_or(0)
            && (marker.parts > 0) <= self.pending.is_some()
            && (mark.is_some() || marker.parts > 0);
        if finished || begun { Verdict::Whole } else { Verdict::Odd }
    }
}

/// The bytes of an answer, if there are any.
pub(super) fn bytes(value: Value) -> Result<Option<Vec<u8>>, Failure> {
    match value {
        Value::Nil => Ok(None),
        Value::BulkString(bytes) => Ok(Some(bytes)),
        _ => Err(Failure::Shape),
    }
}

/// A number in eight bytes; zero when absent.
fn number(bytes: Option<Vec<u8>>) -> Result<u64, Failure> {
    let Some(bytes) = bytes else { return Ok(0) };
    bytes.try_into().map(u64::from_be_bytes).map_err(|_| Failure::Shape)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OURS: Incarnation = [1; 8];

    fn head(mark: Option<u64>, pending: Option<u64>) -> Head {
        let pending =
            pending.map(|batch| Pending { batch, to: Position(9), parts: 2, stored: [0; 8] });
        let marks = mark.map(|mark| (3, mark)).into_iter().collect();
        Head { incarnation: OURS, checkpoint: Position(5), pending, batch: 7, marks }
    }

    fn marker(batch: u64, parts: u32) -> Marker {
        Marker { incarnation: OURS, batch, parts }
    }

    #[test]
    fn a_bucket_agrees_with_its_head_or_is_odd() {
        use Verdict::{Empty, Odd, Whole};
        let foreign = Some(Marker { incarnation: [2; 8], batch: 6, parts: 0 });
        for (mark, pending, marker, verdict) in [
            (None, None, None, Empty),
            (None, None, foreign, Empty),
            (Some(6), None, Some(marker(6, 0)), Whole),
            (Some(6), None, None, Odd),
            (Some(6), None, foreign, Odd),
            (Some(6), None, Some(marker(5, 0)), Odd),
            (Some(6), None, Some(marker(7, 0)), Odd),
            (Some(6), None, Some(marker(6, 1)), Odd),
            (Some(6), Some(8), Some(marker(6, 0)), Whole),
            (Some(6), Some(8), Some(marker(6, 1)), Whole),
            (Some(6), Some(8), Some(marker(8, 0)), Whole),
            (Some(6), Some(8), Some(marker(7, 0)), Odd),
            (None, Some(8), None, Empty),
            (None, Some(8), Some(marker(0, 1)), Whole),
            (None, Some(8), Some(marker(8, 0)), Whole),
            (None, None, Some(marker(3, 0)), Odd),
        ] {
            assert_eq!(
                head(mark, pending).verdict(3, marker),
                verdict,
                "{mark:?} {pending:?} {marker:?}"
            );
        }
    }

    #[test]
    fn markers_and_pending_batches_read_back() {
        let it = Marker { incarnation: OURS, batch: u64::MAX, parts: 7 };
        assert_eq!(Marker::read(&it.bytes()), Some(it));
        assert_eq!(Marker::read(b"short"), None);
        let it = Pending { batch: 3, to: Position(u64::MAX), parts: 80, stored: [9; 8] };
        assert_eq!(Pending::read(&it.bytes()), Some(it));
        assert_eq!(Pending::read(b"short"), None);
    }
}
