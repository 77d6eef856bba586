//! What things are called in Redis.
//!
//! ```text
//! PREFIX:{bNNNN}:MODEL.vV.gG:pages     hash: fence → page; and `!` → marker
//! PREFIX:{bNNNN}:MODEL.vV.gG:fences    sorted set by bytes: where each page begins
//! PREFIX:{bNNNN}:MODEL.vV.gG:head      hash: incarnation, checkpoint, pending batch, buckets' marks
//! PREFIX:{bNNNN}:MODEL.vV.gG:redo:N    list: the parts of the pending batch
//! PREFIX:{bNNNN}:state:MODEL           the builds of a model
//! PREFIX:lease:NAME                    who holds a lease; Redis forgets it by itself
//! ```
//!
//! What stands in braces decides the node. Within a page, a row is called `table 0 tenant id` and a
//! counted member `table 1 tenant id member`.

use crate::{Key, Slot};

/// A share of the rows that lives on one node.
pub(super) type Bucket = u16;

const ROW: u8 = 0;
const MEMBER: u8 = 1;

/// How the keys of an installation are made.
#[derive(Clone, Debug)]
pub(super) struct Names {
    /// What every key begins with.
    pub(super) prefix: String,
    /// How many buckets there are.
    pub(super) buckets: Bucket,
}

/// Where the rows of a slot in one bucket are.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) pages: String,
    pub(super) fences: String,
}

impl Names {
    /// The bucket of a tenant's table: its rows are scanned together, so they stay together.
    pub(super) fn bucket(&self, key: &Key) -> Bucket {
        self.bucket_of(key.table.as_bytes(), &key.tenant.bytes())
    }

    /// As [`Names::bucket`].
    pub(super) fn bucket_of(&self, table: &[u8], tenant: &[u8; 16]) -> Bucket {
        self.spread(table.iter().chain(tenant))
    }

    /// The bucket that the head of a slot lives in.
    pub(super) fn head_bucket(&self, slot: Slot) -> Bucket {
        self.spread(slot.model.name.as_bytes())
    }

    fn spread<'a>(&self, bytes: impl IntoIterator<Item = &'a u8>) -> Bucket {
        // FNV-1a: the same in every process and version.
        let mut hash = 0xcbf2_9ce4_8422_2325_u64;
        for byte in bytes {
            hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
        let hash = (hash ^ (hash >> 32)) % u64::from(self.buckets.max(1));
        Bucket::try_from(hash).unwrap_or(0)
    }

    fn of(&self, bucket: Bucket, slot: Slot, what: &str) -> String {
        let Slot { model, generation } = slot;
        let prefix = &self.prefix;
        format!("{prefix}:{{b{bucket:04}}}:{}.v{}.g{generation}:{what}", model.name, model.version)
    }

    /// The keys of a slot's rows in a bucket.
    pub(super) fn place(&self, slot: Slot, bucket: Bucket) -> Place {
        let of = |what| self.of(bucket, slot, what);
        Place { pages: of("pages"), fences: of("fences") }
    }

    /// The key of a slot's head.
    pub(super) fn head(&self, slot: Slot) -> String {
        self.of(self.head_bucket(slot), slot, "head")
    }

    /// The key of a batch that is stored before it is applied.
    pub(super) fn redo(&self, slot: Slot, number: [u8; 8]) -> String {
        let number = u64::from_be_bytes(number);
        self.of(self.head_bucket(slot), slot, &format!("redo:{number:016x}"))
    }

    /// The key of a lease.
    pub(super) fn lease(&self, name: &str) -> String {
        format!("{}:lease:{name}", self.prefix)
    }

    /// The key of a model's builds.
    pub(super) fn state(&self, model: &str) -> String {
        let bucket = self.spread(model.as_bytes());
        format!("{}:{{b{bucket:04}}}:state:{model}", self.prefix)
    }
}

/// The field of a head that remembers a bucket.
pub(super) fn mark(bucket: Bucket) -> String {
    format!("b{bucket:04}")
}

/// What rows of a tenant's table are called, up to the id.
pub(super) fn rows(table: &str, tenant: [u8; 16]) -> Vec<u8> {
    [table.as_bytes(), &[ROW], &tenant].concat()
}

/// Appends what a row is called.
pub(super) fn write_row(into: &mut Vec<u8>, key: &Key) {
    into.extend_from_slice(key.table.as_bytes());
    into.push(ROW);
    into.extend_from_slice(&key.tenant.bytes());
    into.extend_from_slice(&key.id);
}

/// What a row is called.
pub(super) fn row(key: &Key) -> Vec<u8> {
    let mut name = Vec::with_capacity(key.table.len() + 17 + key.id.len());
    write_row(&mut name, key);
    name
}

/// What a counted member of a counter is called.
pub(super) fn member(counter: &[u8], member: &[u8; 16]) -> Vec<u8> {
    let mut name = Vec::with_capacity(counter.len() + 16);
    name.extend_from_slice(counter);
    if let Some(kind) = name.iter_mut().find(|byte| **byte == ROW) {
        *kind = MEMBER;
    }
    name.extend_from_slice(member);
    name
}
