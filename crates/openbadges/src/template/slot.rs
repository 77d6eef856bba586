//! What varies within the canonical form of a template's credentials, and what an award puts there.

use std::borrow::Cow;
use std::fmt::Write;

use super::fill::Fill;
use super::hole::MARK;
use crate::v3::Evidence;

/// A place in the canonical form that each award fills.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Slot {
    CredentialId,
    ValidFrom,
    ValidUntil,
    AwardedDate,
    IdentityHash,
    Salt,
    StatusListIndex,
    Narrative,
    EvidenceId,
    EvidenceName,
    EvidenceNarrative,
    EvidenceDescription,
}

const SLOTS: [(Slot, &str); 12] = [
    (Slot::CredentialId, "credentialId"),
    (Slot::ValidFrom, "validFrom"),
    (Slot::ValidUntil, "validUntil"),
    (Slot::AwardedDate, "awardedDate"),
    (Slot::IdentityHash, "identityHash"),
    (Slot::Salt, "salt"),
    (Slot::StatusListIndex, "statusListIndex"),
    (Slot::Narrative, "narrative"),
    (Slot::EvidenceId, "evidenceId"),
    (Slot::EvidenceName, "evidenceName"),
    (Slot::EvidenceNarrative, "evidenceNarrative"),
    (Slot::EvidenceDescription, "evidenceDescription"),
];

impl Slot {
    /// The slot of that name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        SLOTS.iter().find(|(_, known)| *known == name).map(|(slot, _)| *slot)
    }

    /// What stands for the slot in the sample from which a template is compiled.
    pub(crate) fn marked(self) -> String {
        let name = SLOTS.iter().find(|(slot, _)| *slot == self).map_or("", |(_, name)| name);
        format!("{MARK}{name}{MARK}")
    }

    /// Whether it varies between the pieces of evidence of an award.
    pub(crate) fn is_of_evidence(self) -> bool {
        matches!(
            self,
            Self::EvidenceId
                | Self::EvidenceName
                | Self::EvidenceNarrative
                | Self::EvidenceDescription
        )
    }

    /// Whether an award may have nothing for it; then the whole statement is not there.
    pub(crate) fn is_optional(self) -> bool {
        !matches!(
            self,
            Self::CredentialId
                | Self::ValidFrom
                | Self::IdentityHash
                | Self::Salt
                | Self::StatusListIndex
                | Self::EvidenceId
        )
    }
}

/// The award whose every hole is filled with the mark of its slot.
pub(crate) fn sample() -> Fill {
    let marked = |slot: Slot| Some(slot.marked());
    let mut evidence = Evidence::new();
    evidence.id = Some(sample_id(Slot::EvidenceId));
    evidence.name = marked(Slot::EvidenceName);
    evidence.narrative = marked(Slot::EvidenceNarrative);
    evidence.description = marked(Slot::EvidenceDescription);
    Fill {
        credential_id: sample_id(Slot::CredentialId),
        valid_from: Slot::ValidFrom.marked(),
        valid_until: marked(Slot::ValidUntil),
        awarded_date: marked(Slot::AwardedDate),
        identity_hash: Slot::IdentityHash.marked(),
        salt: Slot::Salt.marked(),
        narrative: marked(Slot::Narrative),
        evidence: vec![evidence],
        ..Fill::default()
    }
}

/// Ids must be absolute already in the sample: a web address, as those are with which it is used.
pub(crate) fn sample_id(slot: Slot) -> String {
    format!("https://{}", slot.marked())
}

/// What fills the slots, escaped as canonical N-Quads want it.
#[derive(Default)]
pub(crate) struct Values<'f>([Option<Cow<'f, str>>; SLOTS.len()]);

impl<'f> Values<'f> {
    /// The values of an award but for its evidence; nothing when its id is no plain web address.
    pub(crate) fn of_award(fill: &'f Fill) -> Option<Self> {
        let mut values = Self::default();
        values.0[Slot::CredentialId as usize] = Some(web_address(&fill.credential_id)?);
        values.set(Slot::ValidFrom, Some(&fill.valid_from));
        values.set(Slot::ValidUntil, fill.valid_until.as_ref());
        values.set(Slot::AwardedDate, fill.awarded_date.as_ref());
        values.set(Slot::IdentityHash, Some(&fill.identity_hash));
        values.set(Slot::Salt, Some(&fill.salt));
        values.set(Slot::Narrative, fill.narrative.as_ref());
        let index = fill.status_list_index.map(|index| Cow::Owned(index.to_string()));
        values.0[Slot::StatusListIndex as usize] = index;
        Some(values)
    }

    /// The values of one piece of evidence; nothing when it has more than the usual members.
    pub(crate) fn of_evidence(evidence: &'f Evidence) -> Option<Self> {
        if !evidence.is_plain() {
            return None;
        }
        let mut values = Self::default();
        if let Some(id) = &evidence.id {
            values.0[Slot::EvidenceId as usize] = Some(web_address(id)?);
        }
        values.set(Slot::EvidenceName, evidence.name.as_ref());
        values.set(Slot::EvidenceNarrative, evidence.narrative.as_ref());
        values.set(Slot::EvidenceDescription, evidence.description.as_ref());
        Some(values)
    }

    pub(crate) fn get(&self, slot: Slot) -> Option<&str> {
        self.0[slot as usize].as_deref()
    }

    /// Gives the number of bytes in all of them.
    pub(crate) fn len(&self) -> usize {
        self.0.iter().flatten().map(|text| text.len()).sum()
    }

    fn set(&mut self, slot: Slot, text: Option<&'f String>) {
        self.0[slot as usize] = text.map(|text| escaped(text));
    }
}

/// A text as an IRI that stands for itself whatever the context: no prefix can be taken for its
/// scheme, and no character needs an escape.
fn web_address(text: &str) -> Option<Cow<'_, str>> {
    let web = text.starts_with("https://") || text.starts_with("http://");
    let breaks = |b: u8| {
        b <= b' ' || matches!(b, b'<' | b'>' | b'"' | b'{' | b'}' | b'|' | b'\\' | b'^' | b'`')
    };
    (web && !any(text.as_bytes(), breaks)).then_some(Cow::Borrowed(text))
}

/// The inside of a literal in canonical N-Quads (RDFC-1.0, 5).
fn escaped(text: &str) -> Cow<'_, str> {
    let special = |b: u8| b < b' ' || matches!(b, b'"' | b'\\' | 0x7f);
    if !any(text.as_bytes(), special) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + text.len() / 8 + 8);
    let mut rest = text;
    while let Some(at) = rest.bytes().position(special) {
        out.push_str(&rest[..at]);
        match rest.as_bytes()[at] {
            0x08 => out.push_str("\\b"),
            b'\t' => out.push_str("\\t"),
            b'\n' => out.push_str("\\n"),
            0x0c => out.push_str("\\f"),
            b'\r' => out.push_str("\\r"),
            b'"' => out.push_str("\\\""),
            b'\\' => out.push_str("\\\\"),
            other => write!(out, "\\u{other:04X}").expect("a string takes all text"),
        }
        rest = &rest[at + 1..];
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// Whether a byte of that kind occurs. Blocks are looked at whole: the compiler then compares many
/// bytes at once.
pub(crate) fn any(bytes: &[u8], is: impl Fn(u8) -> bool) -> bool {
    bytes.chunks(64).any(|block| block.iter().fold(false, |found, byte| found | is(*byte)))
}
