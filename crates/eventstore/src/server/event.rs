//! Records on the wire: written straight from the log into the answer.

use std::sync::Arc;

use kernel::Position;
use prost::{
    DecodeError, Message,
    bytes::{Buf, BufMut},
    encoding::{
        DecodeContext, WireType, encode_key, encode_varint, encoded_len_varint, skip_field,
    },
};

use crate::raw::{Content, Record};

/// An event as a reader or subscriber is given it, in the wire form of `ReadResp.ReadEvent` of
/// both services that have one. It is only ever sent.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ReadEvent {
    /// What was read, or what the link led to, if it is there.
    pub event: Option<Arc<Record>>,
    /// The link that led to it.
    pub link: Option<Arc<Record>>,
    /// Whether ids are sent as text.
    pub textual: bool,
    /// How often it was given before; only competing consumers are told.
    pub retries: Option<u32>,
}

const EVENT: u32 = 1;
const LINK: u32 = 2;
const COMMIT_POSITION: u32 = 3;
const NO_POSITION: u32 = 4;
const RETRY_COUNT: u32 = 5;

impl ReadEvent {
    fn position(&self) -> Option<Position> {
        self.link.as_ref().or(self.event.as_ref()).map(|original| original.position)
    }
}

impl Message for ReadEvent {
    fn encode_raw(&self, buf: &mut impl BufMut) {
        for (tag, record) in [(EVENT, &self.event), (LINK, &self.link)] {
            if let Some(record) = record {
                let recorded = Recorded::of(record, self.textual);
                header(buf, tag, recorded.length);
                recorded.put(buf);
            }
        }
        match self.position() {
            Some(position) => number(buf, COMMIT_POSITION, position.0),
            None => header(buf, NO_POSITION, 0),
        }
        if let Some(retries) = self.retries {
            number(buf, RETRY_COUNT, retries.into());
        }
    }

    fn encoded_len(&self) -> usize {
        let records = [&self.event, &self.link].into_iter().flatten();
        let records = records.map(|record| field(Recorded::of(record, self.textual).length));
        let position = self.position().map_or(2, |position| 1 + encoded_len_varint(position.0));
        let retries = self.retries.map_or(0, |retries| 1 + encoded_len_varint(retries.into()));
        records.sum::<usize>() + position + retries
    }

    fn merge_field(
        &mut self,
        tag: u32,
        wire_type: WireType,
        buf: &mut impl Buf,
        ctx: DecodeContext,
    ) -> Result<(), DecodeError> {
        skip_field(wire_type, tag, buf, ctx)
    }

    fn clear(&mut self) {
        *self = Self::default();
    }
}

/// A `RecordedEvent` and how long it is.
struct Recorded<'a> {
    record: &'a Record,
    textual: bool,
    created: Digits,
    length: usize,
}

const TYPE: &str = "type";
const CREATED: &str = "created";
const CONTENT_TYPE: &str = "content-type";
/// The text of an id.
const TEXT: usize = 36;
/// The protocol counts time in units of 100 nanoseconds.
const TICKS: u64 = 10_000;

impl<'a> Recorded<'a> {
    fn of(record: &'a Record, textual: bool) -> Self {
        let created = Digits::of(record.created.saturating_mul(TICKS));
        let content = content_type(record.content);
        let length = field(id_length(record, textual))
            + field(field(record.stream.as_str().len()))
            + 3
            + encoded_len_varint(record.revision)
            + 2 * encoded_len_varint(record.position.0)
            + field(field(TYPE.len()) + field(record.kind.len()))
            + field(field(CREATED.len()) + field(created.length))
            + field(field(CONTENT_TYPE.len()) + field(content.len()))
            + field(record.metadata.len())
            + field(record.data.len());
        Self { record, textual, created, length }
    }

    fn put(&self, buf: &mut impl BufMut) {
        let Self { record, .. } = self;
        header(buf, 1, id_length(record, self.textual));
        if self.textual {
            let mut text = [0; TEXT];
            bytes(buf, 2, record.id.hyphenated().encode_lower(&mut text).as_bytes());
        } else {
            let (most, least) = record.id.as_u64_pair();
            header(buf, 1, 2 + encoded_len_varint(most) + encoded_len_varint(least));
            number(buf, 1, most);
            number(buf, 2, least);
        }
        let name = record.stream.as_str();
        header(buf, 2, field(name.len()));
        bytes(buf, 3, name.as_bytes());
        number(buf, 3, record.revision);
        number(buf, 4, record.position.0);
        number(buf, 5, record.position.0);
        entry(buf, TYPE, record.kind.as_bytes());
        entry(buf, CREATED, self.created.text());
        entry(buf, CONTENT_TYPE, content_type(record.content).as_bytes());
        bytes(buf, 7, &record.metadata);
        bytes(buf, 8, &record.data);
    }
}

/// What the protocol calls the content: it knows JSON and everything else.
fn content_type(content: Content) -> &'static str {
    match content {
        Content::Json => "application/json",
        Content::Binary | Content::Protobuf | Content::Avro => "application/octet-stream",
    }
}

fn id_length(record: &Record, textual: bool) -> usize {
    if textual {
        return field(TEXT);
    }
    let (most, least) = record.id.as_u64_pair();
    field(2 + encoded_len_varint(most) + encoded_len_varint(least))
}

/// The length of a field of so many bytes whose number is small.
fn field(length: usize) -> usize {
    1 + encoded_len_varint(length as u64) + length
}

fn header(buf: &mut impl BufMut, tag: u32, length: usize) {
    encode_key(tag, WireType::LengthDelimited, buf);
    encode_varint(length as u64, buf);
}

fn bytes(buf: &mut impl BufMut, tag: u32, bytes: &[u8]) {
    header(buf, tag, bytes.len());
    buf.put_slice(bytes);
}

fn number(buf: &mut impl BufMut, tag: u32, number: u64) {
    encode_key(tag, WireType::Varint, buf);
    encode_varint(number, buf);
}

fn entry(buf: &mut impl BufMut, key: &str, value: &[u8]) {
    header(buf, 6, field(key.len()) + field(value.len()));
    bytes(buf, 1, key.as_bytes());
    bytes(buf, 2, value);
}

/// A number in decimal.
struct Digits {
    digits: [u8; 20],
    length: usize,
}

impl Digits {
    fn of(mut number: u64) -> Self {
        let (mut digits, mut length) = ([0; 20], 0);
        loop {
            length += 1;
            let digit = u8::try_from(number % 10).unwrap_or(0);
            digits[20 - length] = b'0' + digit;
            number /= 10;
            if number == 0 {
                return Self { digits, length };
            }
        }
    }

    fn text(&self) -> &[u8] {
        &self.digits[20 - self.length..]
    }
}
