//! What the standard demands of each class, as tables.

use super::form::Form;
use super::form::Form::{
    Email, Flag, Host, IdProperty, Iri, Language, Moment, Phone, Picture, Text, TextOrNumber, Url,
};

/// A class of documents, or of objects within them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "they are named as the standard names them")]
pub enum Class {
    Assertion,
    BadgeClass,
    /// A profile that issues or endorses.
    Issuer,
    /// Any other profile.
    Profile,
    CryptographicKey,
    Endorsement,
    RevocationList,
    /// A revoked assertion: in a list, or in place of a hosted one.
    RevokedAssertion,
    IdentityObject,
    /// The `verification` of an assertion or endorsement.
    Verification,
    /// The `verification` of an issuer.
    VerificationPolicy,
    Criteria,
    Evidence,
    Image,
    Alignment,
    /// The `claim` of an endorsement.
    Claim,
}

/// What a member holds.
#[derive(Clone, Copy, Debug)]
pub(super) enum Holds {
    /// A value.
    Value(Form),
    /// An object of a class.
    Object(Class),
    /// An object of a class, or in its place a value.
    ObjectOr(Class, Form),
    /// Types, one of which must be among these; an empty list takes any.
    Types(&'static [&'static str]),
}

/// A rule about one member.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rule {
    pub(super) member: &'static str,
    pub(super) holds: Holds,
    pub(super) required: bool,
    pub(super) many: bool,
}

const fn must(member: &'static str, holds: Holds) -> Rule {
    Rule { member, holds, required: true, many: false }
}

const fn may(member: &'static str, holds: Holds) -> Rule {
    Rule { member, holds, required: false, many: false }
}

impl Rule {
    const fn many(self) -> Self {
        Self { many: true, ..self }
    }
}

use Holds::{Object, ObjectOr, Types, Value};

const PICTURE: Holds = ObjectOr(Class::Image, Picture { data: true });

const ASSERTION: &[Rule] = &[
    must("id", Value(Iri)),
    must("type", Types(&["Assertion"])).many(),
    must("recipient", Object(Class::IdentityObject)),
    must("badge", ObjectOr(Class::BadgeClass, Iri)),
    must("verification", Object(Class::Verification)),
    must("issuedOn", Value(Moment)),
    may("expires", Value(Moment)),
    may("image", ObjectOr(Class::Image, Picture { data: false })),
    may("narrative", Value(Text)),
    may("evidence", ObjectOr(Class::Evidence, Iri)).many(),
    may("revoked", Value(Flag)),
    may("revocationReason", Value(Text)),
    may("uid", Value(Text)),
];

const BADGE_CLASS: &[Rule] = &[
    must("id", Value(Iri)),
    must("type", Types(&["BadgeClass"])).many(),
    must("name", Value(Text)),
    must("description", Value(Text)),
    must("image", PICTURE),
    must("criteria", ObjectOr(Class::Criteria, Url)),
    must("issuer", ObjectOr(Class::Issuer, Iri)),
    may("alignment", Object(Class::Alignment)).many(),
    may("tags", Value(Text)).many(),
];

const ISSUER: &[Rule] = &[
    must("id", Value(Iri)),
    must("type", Types(&["Issuer", "Profile"])).many(),
    must("name", Value(Text)),
    must("url", Value(Url)),
    must("email", Value(Email)),
    may("telephone", Value(Phone)),
    may("description", Value(Text)),
    may("image", PICTURE),
    may("publicKey", ObjectOr(Class::CryptographicKey, Iri)).many(),
    may("verification", Object(Class::VerificationPolicy)),
    may("revocationList", Value(Url)),
];

const PROFILE: &[Rule] = &[
    must("id", Value(Iri)),
    must("type", Types(&["Issuer", "Profile"])).many(),
    may("name", Value(Text)),
    may("url", Value(Url)).many(),
    may("email", Value(Email)).many(),
    may("telephone", Value(Phone)).many(),
    may("description", Value(Text)),
    may("image", PICTURE),
    may("publicKey", ObjectOr(Class::CryptographicKey, Iri)).many(),
    may("verification", Object(Class::VerificationPolicy)),
    may("revocationList", Value(Url)),
];

const CRYPTOGRAPHIC_KEY: &[Rule] = &[
    may("id", Value(Iri)),
    may("type", Types(&[])).many(),
    may("owner", Value(Iri)),
    may("publicKeyPem", Value(Text)),
];

const ENDORSEMENT: &[Rule] = &[
    must("id", Value(Iri)),
    must("type", Types(&["Endorsement"])).many(),
    must("claim", Object(Class::Claim)),
    must("issuer", ObjectOr(Class::Issuer, Iri)),
    must("issuedOn", Value(Moment)),
    must("verification", Object(Class::Verification)),
];

const REVOCATION_LIST: &[Rule] = &[
    may("id", Value(Iri)),
    must("type", Types(&["RevocationList"])).many(),
    may("issuer", ObjectOr(Class::Profile, Iri)),
    must("revokedAssertions", ObjectOr(Class::RevokedAssertion, Iri)).many(),
];

const REVOKED_ASSERTION: &[Rule] = &[
    may("id", Value(Iri)),
    may("uid", Value(Text)),
    may("type", Types(&[])).many(),
    may("revoked", Value(Flag)),
    may("revocationReason", Value(Text)),
];

const IDENTITY_OBJECT: &[Rule] = &[
    must("type", Types(&["email", "url", "telephone", "id"])),
    must("identity", Value(Text)),
    must("hashed", Value(Flag)),
    may("salt", Value(Text)),
];

const VERIFICATION: &[Rule] = &[
    must("type", Types(&["HostedBadge", "SignedBadge"])),
    may("creator", ObjectOr(Class::CryptographicKey, Iri)),
];

const VERIFICATION_POLICY: &[Rule] = &[
    may("type", Types(&[])).many(),
    may("verificationProperty", Value(IdProperty)),
    may("startsWith", Value(Url)).many(),
    may("allowedOrigins", Value(Host)).many(),
];

const CRITERIA: &[Rule] =
    &[may("type", Types(&[])).many(), may("id", Value(Iri)), may("narrative", Value(Text))];

const EVIDENCE: &[Rule] = &[
    may("type", Types(&[])).many(),
    may("id", Value(Iri)),
    may("narrative", Value(Text)),
    may("name", Value(Text)),
    may("description", Value(Text)),
    may("genre", Value(Text)),
    may("audience", Value(Text)),
];

const IMAGE: &[Rule] = &[
    may("type", Types(&[])).many(),
    must("id", Value(Picture { data: true })),
    may("caption", Value(Text)),
    may("author", Value(Iri)),
];

const ALIGNMENT: &[Rule] = &[
    may("type", Types(&[])).many(),
    must("targetName", Value(Text)),
    must("targetUrl", Value(Url)),
    may("targetDescription", Value(Text)),
    may("targetFramework", Value(Text)),
    may("targetCode", Value(Text)),
];

const CLAIM: &[Rule] = &[must("id", Value(Iri)), may("endorsementComment", Value(Text))];

impl Class {
    /// The rules of this class alone.
    pub(super) fn rules(self) -> &'static [Rule] {
        match self {
            Self::Assertion => ASSERTION,
            Self::BadgeClass => BADGE_CLASS,
            Self::Issuer => ISSUER,
            Self::Profile => PROFILE,
            Self::CryptographicKey => CRYPTOGRAPHIC_KEY,
            Self::Endorsement => ENDORSEMENT,
            Self::RevocationList => REVOCATION_LIST,
            Self::RevokedAssertion => REVOKED_ASSERTION,
            Self::IdentityObject => IDENTITY_OBJECT,
            Self::Verification => VERIFICATION,
            Self::VerificationPolicy => VERIFICATION_POLICY,
            Self::Criteria => CRITERIA,
            Self::Evidence => EVIDENCE,
            Self::Image => IMAGE,
            Self::Alignment => ALIGNMENT,
            Self::Claim => CLAIM,
        }
    }

    /// The rules that it shares with the other classes that have an identity of their own.
    pub(super) fn shared_rules(self) -> &'static [Rule] {
        match self {
            Self::Assertion
            | Self::BadgeClass
            | Self::Issuer
            | Self::Profile
            | Self::Endorsement => SHARED,
            _ => &[],
        }
    }

    /// Whether documents of this class are looked up at their own address, so that a copy within
    /// another document may be incomplete.
    pub(super) fn is_looked_up(self) -> bool {
        matches!(self, Self::BadgeClass | Self::Issuer | Self::CryptographicKey | Self::Endorsement)
    }
}

const SHARED: &[Rule] = &[
    may("@language", Value(Language)),
    may("version", Value(TextOrNumber)),
    may("endorsement", ObjectOr(Class::Endorsement, Iri)).many(),
];
