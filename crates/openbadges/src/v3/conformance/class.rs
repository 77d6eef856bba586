//! The classes of Open Badges 3.0 as tables (common credentials, data model; the published schema).

use super::prose::{self, Rule};
use crate::v3::{ACHIEVEMENT_TYPES, IDENTIFIER_TYPES, RESULT_STATUSES, RESULT_TYPES, TARGET_TYPES};

/// A class: what its objects may hold.
pub(super) struct Class {
    pub(super) types: Types,
    pub(super) members: &'static [Member],
    /// Whether there may be no other members.
    pub(super) closed: bool,
    /// What the prose says of its objects beyond that.
    pub(super) rule: Option<Rule>,
}

/// What an object's `type` must be.
#[derive(Clone, Copy)]
pub(super) enum Types {
    /// A set in which one of each of these choices stands.
    Set(&'static [&'static [&'static str]]),
    /// This text.
    Only(&'static str),
    /// Any text.
    Any,
    /// Nothing: the class has no type.
    None,
}

/// A member of a class.
pub(super) struct Member {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    pub(super) required: bool,
    /// Whether it is a set, written as an array.
    pub(super) many: bool,
}

/// What a member's value, or each of its values, must be.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    Text,
    /// A text that names a node: an absolute URI, says the prose.
    Id,
    /// A text that is a URI, says the prose.
    Uri,
    Number,
    Boolean,
    /// A date and time with offset.
    Moment,
    Date,
    CompactJws,
    Language,
    /// One of these terms.
    OneOf(&'static [&'static str]),
    /// One of these terms, or `ext:…`.
    Open(&'static [&'static str]),
    Object(&'static Class),
    /// An id, or an object of that class.
    IdOr(&'static Class),
    Contexts,
}

const fn must(name: &'static str, kind: Kind) -> Member {
    Member { name, kind, required: true, many: false }
}

const fn may(name: &'static str, kind: Kind) -> Member {
    Member { name, kind, required: false, many: false }
}

const fn set(name: &'static str, kind: Kind) -> Member {
    Member { name, kind, required: false, many: true }
}

use Kind::{
    Boolean, CompactJws, Contexts, Date, Id, IdOr, Language, Moment, Number, Object, OneOf, Open,
    Text, Uri,
};

pub(super) static CREDENTIAL: Class = Class {
    types: Types::Set(&[
        &["VerifiableCredential"],
        &["AchievementCredential", "OpenBadgeCredential"],
    ]),
    members: &[
        must("@context", Contexts),
        must("id", Id),
        may("name", Text),
        may("description", Text),
        may("image", Object(&IMAGE)),
        must("issuer", IdOr(&PROFILE)),
        must("validFrom", Moment),
        may("validUntil", Moment),
        may("awardedDate", Moment),
        must("credentialSubject", Object(&SUBJECT)),
        set("evidence", Object(&EVIDENCE)),
        set("endorsement", Object(&ENDORSEMENT)),
        set("endorsementJwt", CompactJws),
        set("proof", Object(&PROOF)),
        set("credentialSchema", Object(&SERVICE)),
        may("credentialStatus", Object(&SERVICE)),
        may("refreshService", Object(&SERVICE)),
        set("termsOfUse", Object(&TERMS_OF_USE)),
    ],
    closed: false,
    rule: Some(prose::credential),
};

pub(super) static ENDORSEMENT: Class = Class {
    types: Types::Set(&[&["VerifiableCredential"], &["EndorsementCredential"]]),
    members: &[
        must("@context", Contexts),
        must("id", Id),
        must("name", Text),
        may("description", Text),
        must("issuer", IdOr(&PROFILE)),
        must("validFrom", Moment),
        may("validUntil", Moment),
        may("awardedDate", Moment),
        must("credentialSubject", Object(&ENDORSEMENT_SUBJECT)),
        set("proof", Object(&PROOF)),
        set("credentialSchema", Object(&SERVICE)),
        may("credentialStatus", Object(&SERVICE)),
        may("refreshService", Object(&SERVICE)),
        set("termsOfUse", Object(&TERMS_OF_USE)),
    ],
    closed: false,
    rule: Some(prose::credential),
};

static ENDORSEMENT_SUBJECT: Class = Class {
    types: Types::Set(&[&["EndorsementSubject"]]),
    members: &[must("id", Id), may("endorsementComment", Text)],
    closed: false,
    rule: None,
};

static SUBJECT: Class = Class {
    types: Types::Set(&[&["AchievementSubject"]]),
    members: &[
        may("id", Id),
        set("identifier", Object(&IDENTITY)),
        must("achievement", Object(&ACHIEVEMENT)),
        may("narrative", Text),
        may("activityStartDate", Moment),
        may("activityEndDate", Moment),
        may("creditsEarned", Number),
        may("image", Object(&IMAGE)),
        may("licenseNumber", Text),
        set("result", Object(&RESULT)),
        may("role", Text),
        may("source", Object(&PROFILE)),
        may("term", Text),
    ],
    closed: false,
    rule: Some(prose::subject),
};

static ACHIEVEMENT: Class = Class {
    types: Types::Set(&[&["Achievement"]]),
    members: &[
        must("id", Id),
        must("name", Text),
        must("description", Text),
        must("criteria", Object(&CRITERIA)),
        may("image", Object(&IMAGE)),
        may("achievementType", Open(&ACHIEVEMENT_TYPES)),
        set("tag", Text),
        set("alignment", Object(&ALIGNMENT)),
        may("creator", Object(&PROFILE)),
        may("creditsAvailable", Number),
        may("fieldOfStudy", Text),
        may("specialization", Text),
        may("humanCode", Text),
        may("inLanguage", Language),
        may("version", Text),
        set("otherIdentifier", Object(&IDENTIFIER)),
        set("related", Object(&RELATED)),
        set("resultDescription", Object(&RESULT_DESCRIPTION)),
        set("endorsement", Object(&ENDORSEMENT)),
        set("endorsementJwt", CompactJws),
    ],
    closed: false,
    rule: None,
};

static CRITERIA: Class = Class {
    types: Types::None,
    members: &[may("id", Id), may("narrative", Text)],
    closed: false,
    rule: None,
};

static ALIGNMENT: Class = Class {
    types: Types::Set(&[&["Alignment"]]),
    members: &[
        must("targetName", Text),
        must("targetUrl", Uri),
        may("targetCode", Text),
        may("targetDescription", Text),
        may("targetFramework", Text),
        may("targetType", Open(&TARGET_TYPES)),
    ],
    closed: false,
    rule: None,
};

static RELATED: Class = Class {
    types: Types::Set(&[&["Related"]]),
    members: &[must("id", Id), may("inLanguage", Language), may("version", Text)],
    closed: false,
    rule: None,
};

static RESULT: Class = Class {
    types: Types::Set(&[&["Result"]]),
    members: &[
        may("achievedLevel", Uri),
        set("alignment", Object(&ALIGNMENT)),
        may("resultDescription", Uri),
        may("status", OneOf(&RESULT_STATUSES)),
        may("value", Text),
    ],
    closed: false,
    rule: None,
};

static RESULT_DESCRIPTION: Class = Class {
    types: Types::Set(&[&["ResultDescription"]]),
    members: &[
        must("id", Id),
        must("name", Text),
        must("resultType", Open(&RESULT_TYPES)),
        set("alignment", Object(&ALIGNMENT)),
        set("allowedValue", Text),
        may("requiredLevel", Uri),
        may("requiredValue", Text),
        set("rubricCriterionLevel", Object(&RUBRIC_LEVEL)),
        may("valueMax", Text),
        may("valueMin", Text),
    ],
    closed: false,
    rule: Some(prose::result_description),
};

static RUBRIC_LEVEL: Class = Class {
    types: Types::Set(&[&["RubricCriterionLevel"]]),
    members: &[
        must("id", Id),
        must("name", Text),
        set("alignment", Object(&ALIGNMENT)),
        may("description", Text),
        may("level", Text),
        may("points", Text),
    ],
    closed: false,
    rule: None,
};

pub(super) static EVIDENCE: Class = Class {
    types: Types::Set(&[&["Evidence"]]),
    members: &[
        may("id", Id),
        may("name", Text),
        may("narrative", Text),
        may("description", Text),
        may("genre", Text),
        may("audience", Text),
    ],
    closed: false,
    rule: None,
};

static IDENTITY: Class = Class {
    types: Types::Only("IdentityObject"),
    members: &[
        must("hashed", Boolean),
        must("identityHash", Text),
        must("identityType", Open(&IDENTIFIER_TYPES)),
        may("salt", Text),
    ],
    closed: true,
    rule: Some(prose::identity),
};

static IDENTIFIER: Class = Class {
    types: Types::Only("IdentifierEntry"),
    members: &[must("identifier", Text), must("identifierType", Open(&IDENTIFIER_TYPES))],
    closed: true,
    rule: None,
};

static IMAGE: Class = Class {
    types: Types::Only("Image"),
    members: &[must("id", Id), may("caption", Text)],
    closed: true,
    rule: None,
};

static PROFILE: Class = Class {
    types: Types::Set(&[&["Profile"]]),
    members: &[
        must("id", Id),
        may("name", Text),
        may("url", Uri),
        may("phone", Text),
        may("description", Text),
        may("email", Text),
        may("image", Object(&IMAGE)),
        may("address", Object(&ADDRESS)),
        set("otherIdentifier", Object(&IDENTIFIER)),
        may("official", Text),
        may("parentOrg", Object(&PROFILE)),
        may("familyName", Text),
        may("givenName", Text),
        may("additionalName", Text),
        may("patronymicName", Text),
        may("honorificPrefix", Text),
        may("honorificSuffix", Text),
        may("familyNamePrefix", Text),
        may("dateOfBirth", Date),
        set("endorsement", Object(&ENDORSEMENT)),
        set("endorsementJwt", CompactJws),
    ],
    closed: false,
    rule: None,
};

static ADDRESS: Class = Class {
    types: Types::Set(&[&["Address"]]),
    members: &[
        may("addressCountry", Text),
        may("addressCountryCode", Text),
        may("addressRegion", Text),
        may("addressLocality", Text),
        may("streetAddress", Text),
        may("postOfficeBoxNumber", Text),
        may("postalCode", Text),
        may("geo", Object(&GEO_COORDINATES)),
    ],
    closed: false,
    rule: None,
};

static GEO_COORDINATES: Class = Class {
    types: Types::Only("GeoCoordinates"),
    members: &[must("latitude", Number), must("longitude", Number)],
    closed: false,
    rule: None,
};

static PROOF: Class = Class {
    types: Types::Any,
    members: &[
        may("created", Moment),
        may("cryptosuite", Text),
        may("challenge", Text),
        may("domain", Text),
        may("nonce", Text),
        may("proofPurpose", Text),
        may("proofValue", Text),
        may("verificationMethod", Uri),
    ],
    closed: false,
    rule: Some(prose::proof),
};

/// Credential statuses, schemas and refresh services.
static SERVICE: Class =
    Class { types: Types::Any, members: &[must("id", Id)], closed: false, rule: None };

static TERMS_OF_USE: Class =
    Class { types: Types::Any, members: &[may("id", Id)], closed: false, rule: None };
