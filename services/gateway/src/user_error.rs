//! Errors as data: why a rule said no, in `userErrors` of every payload.

use async_graphql::{Enum, Interface, OutputType, SimpleObject, resolver_utils::EnumType};
use runtime::Refusal;

use crate::{
    award::Award,
    badge::Badge,
    call::Call,
    failure::{Failure, is_systemic},
    node::InvalidId,
    scalar::InputPath,
};

/// Why a mutation was refused.
///
/// Codes are added, never renamed; treat one you do not know like `UNKNOWN`.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum UserErrorCode {
    /// The file is not the picture that it says it is.
    ArtworkMalformed,
    /// The picture is larger than is taken.
    ArtworkTooLarge,
    /// The picture contains what pictures must not: scripts, links, foreign content.
    ArtworkUnsafe,
    /// The earner declined the award.
    AwardDeclined,
    /// The award was revoked.
    AwardRevoked,
    /// The badge is archived: it can no longer be awarded.
    BadgeArchived,
    /// The badge has no published version yet.
    BadgeNotPublished,
    /// There is no such badge.
    BadgeUnknown,
    /// The API client was revoked.
    ClientRevoked,
    /// Others changed the same thing at the same time: try again.
    ConcurrentChanges,
    /// The CSV lacks a column that it must have.
    CsvColumnMissing,
    /// The CSV has a column that nobody knows.
    CsvColumnUnknown,
    /// The file is not a CSV in UTF-8.
    CsvMalformed,
    /// The CSV has more bytes or rows than are taken at once.
    CsvTooLarge,
    /// This person already holds this badge.
    DuplicateAward,
    /// The same person stands in an earlier row.
    DuplicateRow,
    /// The person was erased.
    EarnerErased,
    /// The key was used before with another input.
    IdempotencyMismatch,
    /// Not an id of the expected type.
    InvalidId,
    /// A value is not what it must be.
    InvalidInput,
    /// The key no longer signs.
    KeyRetired,
    /// The key is revoked from an earlier moment on.
    KeyRevoked,
    /// The last owner cannot leave.
    LastOwner,
    /// There is no more room: a quota or rate was reached.
    LimitExceeded,
    /// The address is a member's already.
    MemberExists,
    /// The member was removed.
    MemberRemoved,
    /// There is nothing of that id here; also said of what belongs to somebody else.
    NotFound,
    /// The caller lacks the role for it.
    NotPermitted,
    /// The recipient cannot be awarded as given.
    RecipientInvalid,
    /// The row is not what it must be.
    RowMalformed,
    /// The sign-in link is no longer good.
    SignInLinkExpired,
    /// The sign-in link was used before.
    SignInLinkUsed,
    /// A code newer than this schema.
    Unknown,
}

impl UserErrorCode {
    fn of(code: &str) -> Self {
        let known = Self::items().iter().find(|item| item.name == code);
        known.map_or(Self::Unknown, |item| item.value)
    }

    /// Upper case, as in the schema.
    pub fn text(self) -> &'static str {
        Self::items().iter().find(|item| item.value == self).map_or("UNKNOWN", |item| item.name)
    }
}

/// What every user error says.
#[derive(Interface)]
#[expect(clippy::duplicated_attributes, reason = "fields of an interface may be of one type")]
#[graphql(
    field(name = "code", ty = "&UserErrorCode", desc = "Stable; what to switch on."),
    field(name = "message", ty = "&String", desc = "Fit to show to a person."),
    field(
        name = "path",
        ty = "&Option<InputPath>",
        desc = "The place in `input` that it is about, if any."
    ),
    field(name = "retryable", ty = "&bool", desc = "Whether the same call may succeed later."),
    field(name = "docs_url", ty = "&String", desc = "Where the code is explained.")
)]
pub enum UserError {
    /// A value is wrong.
    InvalidInput(InvalidInput),
    /// The caller may not.
    NotPermitted(NotPermitted),
    /// There is no such thing.
    NotFound(NotFound),
    /// The key was used for something else.
    IdempotencyConflict(IdempotencyConflict),
    /// The state forbids it.
    StateConflict(StateConflict),
    /// A quota or rate was reached.
    LimitReached(LimitReached),
    /// The badge cannot be awarded now.
    BadgeNotIssuable(BadgeNotIssuable),
    /// The person holds the badge.
    DuplicateAward(DuplicateAward),
}

macro_rules! user_errors {
    ($($(#[doc = $doc:literal])+ $name:ident { $($(#[doc = $field_doc:literal])+ $field:ident: $ty:ty),* })+) => {$(
        $(#[doc = $doc])+
        #[derive(SimpleObject)]
        pub struct $name {
            /// Stable; what to switch on.
            pub code: UserErrorCode,
            /// Fit to show to a person.
            pub message: String,
            /// The place in `input` that it is about, if any.
            pub path: Option<InputPath>,
            /// Whether the same call may succeed later.
            pub retryable: bool,
            /// Where the code is explained.
            pub docs_url: String,
            $($(#[doc = $field_doc])+ pub $field: $ty,)*
        }

        impl $name {
            fn new(base: Base $(, $field: $ty)*) -> Self {
                let Base { code, message, path, retryable, docs_url } = base;
                Self { code, message, path, retryable, docs_url $(, $field)* }
            }
        }
    )+};
}

user_errors! {
    /// A value in the input is not what it must be; `path` says which.
    InvalidInput {}
    /// The caller lacks the role for it.
    NotPermitted {}
    /// There is nothing of that id here; also said of what belongs to somebody else.
    NotFound {}
    /// The idempotency key was used before with another input.
    IdempotencyConflict {}
    /// What the mutation is about is in a state that forbids it.
    StateConflict {}
    /// There is no more room: a quota or rate was reached.
    LimitReached {}
    /// The badge cannot be awarded now.
    BadgeNotIssuable {
        /// The badge as it is.
        badge: Box<Badge>,
        /// What keeps it from being awarded.
        reason: BadgeNotIssuableReason
    }
    /// This person already holds this badge.
    DuplicateAward {
        /// The award that the person holds.
        existing: Box<Award>
    }
}

/// What keeps a badge from being awarded.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadgeNotIssuableReason {
    /// It is archived.
    Archived,
    /// It has no published version yet.
    NotPublished,
}

struct Base {
    code: UserErrorCode,
    message: String,
    path: Option<InputPath>,
    retryable: bool,
    docs_url: String,
}

impl UserError {
    /// The same as a member that every payload's union has.
    pub fn general(self) -> General {
        match self {
            UserError::InvalidInput(e) => General::InvalidInput(e),
            UserError::NotPermitted(e) => General::NotPermitted(e),
            UserError::NotFound(e) => General::NotFound(e),
            UserError::IdempotencyConflict(e) => General::IdempotencyConflict(e),
            UserError::StateConflict(e) => General::StateConflict(e),
            UserError::LimitReached(e) => General::LimitReached(e),
            UserError::BadgeNotIssuable(e) => General::StateConflict(StateConflict::new(Base {
                code: e.code,
                message: e.message,
                path: e.path,
                retryable: e.retryable,
                docs_url: e.docs_url,
            })),
            UserError::DuplicateAward(e) => General::StateConflict(StateConflict::new(Base {
                code: e.code,
                message: e.message,
                path: e.path,
                retryable: e.retryable,
                docs_url: e.docs_url,
            })),
        }
    }
}

/// The user errors that any mutation can meet.
pub enum General {
    /// See [`UserError::InvalidInput`].
    InvalidInput(InvalidInput),
    /// See [`UserError::NotPermitted`].
    NotPermitted(NotPermitted),
    /// See [`UserError::NotFound`].
    NotFound(NotFound),
    /// See [`UserError::IdempotencyConflict`].
    IdempotencyConflict(IdempotencyConflict),
    /// See [`UserError::StateConflict`].
    StateConflict(StateConflict),
    /// See [`UserError::LimitReached`].
    LimitReached(LimitReached),
}

/// Why a mutation did not do it: a rule said no, or something failed.
pub enum Refused {
    /// The refusal of a rule, as the role said it; the path fits our input.
    Rule(Refusal),
    /// Told in `errors`.
    Failure(Failure),
}

impl From<tonic::Status> for Refused {
    fn from(status: tonic::Status) -> Self {
        let mut refusal = Refusal::of(&status);
        refusal.path = refusal.path.map(|path| input_path(&path));
        if is_systemic(&refusal.code) {
            Refused::Failure(Failure::of_refusal(refusal))
        } else {
            Refused::Rule(refusal)
        }
    }
}

impl From<Failure> for Refused {
    fn from(failure: Failure) -> Self {
        Refused::Failure(failure)
    }
}

impl Refused {
    /// An id in the input is none.
    pub fn id(error: InvalidId, path: &str) -> Self {
        Refused::Rule(Refusal::new("INVALID_ID", error.to_string()).at(path))
    }
}

/// A role's pointer into its request as a pointer into our input: the members of the protocol are
/// `snake_case`, ours are `camelCase`, and the recipient is one level deeper.
fn input_path(path: &str) -> String {
    let mut camel = String::with_capacity(path.len());
    let mut upper = false;
    for c in path.chars() {
        match c {
            '_' => upper = true,
            c if upper => {
                camel.extend(c.to_uppercase());
                upper = false;
            }
            c => camel.push(c),
        }
    }
    match camel.as_str() {
        "/recipient/email" => "/recipient/email/address".to_owned(),
        "/recipient/name" => "/recipient/email/displayName".to_owned(),
        _ => camel,
    }
}

/// The user error that a refusal is. `badge` is the badge that the mutation is about, if any.
pub async fn user_error(call: &Call, refusal: Refusal, badge: Option<&str>) -> UserError {
    let code = UserErrorCode::of(&refusal.code);
    let base = Base {
        code,
        docs_url: call.docs(code.text()),
        message: refusal.message,
        path: refusal.path.map(InputPath),
        retryable: refusal.retryable,
    };
    match code {
        UserErrorCode::NotPermitted => UserError::NotPermitted(NotPermitted::new(base)),
        UserErrorCode::NotFound | UserErrorCode::BadgeUnknown => {
            UserError::NotFound(NotFound::new(base))
        }
        UserErrorCode::IdempotencyMismatch => {
            UserError::IdempotencyConflict(IdempotencyConflict::new(base))
        }
        UserErrorCode::LimitExceeded => UserError::LimitReached(LimitReached::new(base)),
        UserErrorCode::DuplicateAward => {
            let existing = match refusal.details.get("award") {
                Some(id) => call.award(id.clone()).await.ok().flatten(),
                None => None,
            };
            match existing {
                Some(award) => {
                    UserError::DuplicateAward(DuplicateAward::new(base, Box::new(award)))
                }
                None => UserError::StateConflict(StateConflict::new(base)),
            }
        }
        UserErrorCode::BadgeArchived | UserErrorCode::BadgeNotPublished => {
            let reason = if code == UserErrorCode::BadgeArchived {
                BadgeNotIssuableReason::Archived
            } else {
                BadgeNotIssuableReason::NotPublished
            };
            let badge = match badge {
                Some(id) => call.badge(id.to_owned()).await.ok().flatten(),
                None => None,
            };
            match badge {
                Some(badge) => UserError::BadgeNotIssuable(BadgeNotIssuable::new(
                    base,
                    Box::new(badge),
                    reason,
                )),
                None => UserError::StateConflict(StateConflict::new(base)),
            }
        }
        UserErrorCode::ArtworkMalformed
        | UserErrorCode::ArtworkTooLarge
        | UserErrorCode::ArtworkUnsafe
        | UserErrorCode::CsvColumnMissing
        | UserErrorCode::CsvColumnUnknown
        | UserErrorCode::CsvMalformed
        | UserErrorCode::CsvTooLarge
        | UserErrorCode::DuplicateRow
        | UserErrorCode::InvalidId
        | UserErrorCode::InvalidInput
        | UserErrorCode::RecipientInvalid
        | UserErrorCode::RowMalformed => UserError::InvalidInput(InvalidInput::new(base)),
        _ => UserError::StateConflict(StateConflict::new(base)),
    }
}

/// A payload can carry these.
pub trait Payload: OutputType + Sized {
    /// What the mutation made or changed.
    type Object;

    /// The payload of a mutation that did it.
    fn done(done: crate::payload::Done<Self::Object>, client_mutation_id: Option<String>) -> Self;

    /// The payload of a mutation that was refused.
    fn refused(error: UserError, client_mutation_id: Option<String>) -> Self;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_itself_and_strangers_are_unknown() {
        for item in UserErrorCode::items() {
            assert_eq!(UserErrorCode::of(item.name), item.value);
            assert_eq!(item.value.text(), item.name);
        }
        assert_eq!(UserErrorCode::of("FROM_THE_FUTURE"), UserErrorCode::Unknown);
    }

    #[test]
    fn a_role_s_pointer_fits_our_input() {
        assert_eq!(input_path("/badge_id"), "/badgeId");
        assert_eq!(input_path("/recipient/email"), "/recipient/email/address");
        assert_eq!(
            input_path("/content/alignments/0/target_url"),
            "/content/alignments/0/targetUrl"
        );
    }
}
