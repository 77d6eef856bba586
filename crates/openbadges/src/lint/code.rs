//! The names of the rules.

use std::fmt;

macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $variant:ident = $text:literal),+ $(,)?) => {
        /// The name of a rule. The texts are stable.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code { $($(#[doc = $doc])+ $variant),+ }

        impl Code {
            /// All the rules.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// Gives the stable text of the code.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }
        }
    };
}

codes! {
    /// The form is not that of the data models.
    DataModel = "DATA_MODEL",
    /// It has more bytes than a credential needs.
    TooLarge = "TOO_LARGE",
    /// It has a proof already.
    SignedAlready = "SIGNED_ALREADY",
    /// A context is missing or not where it must be.
    ContextOrder = "CONTEXT_ORDER",
    /// A context is not one of those that every verifier has.
    ContextUnknown = "CONTEXT_UNKNOWN",
    /// A context is defined in the credential itself.
    ContextInline = "CONTEXT_INLINE",
    /// A type of 1EdTech is used without the context that defines it.
    ContextExtensions = "CONTEXT_EXTENSIONS",
    /// The issuer is not the one whose key will sign.
    IssuerForeign = "ISSUER_FOREIGN",
    /// The key is not the issuer's.
    KeyForeign = "KEY_FOREIGN",
    /// The id of the key does not tell the key.
    KeyMalformed = "KEY_MALFORMED",
    /// The key is not one that the suite signs with.
    KeySuite = "KEY_SUITE",
    /// An id is not one that can be relied upon: `https`, a `did` or a `urn:uuid`.
    IdUnsafe = "ID_UNSAFE",
    /// Two things have the same id.
    IdRepeated = "ID_REPEATED",
    /// A URL does not lead to a web page or picture, or has credentials in it.
    UrlUnsafe = "URL_UNSAFE",
    /// A point in time is not written as one.
    DateMalformed = "DATE_MALFORMED",
    /// A point in time lies in the future and must not.
    DateFuture = "DATE_FUTURE",
    /// A point in time lies in the past and must not, or too far.
    DatePast = "DATE_PAST",
    /// A text that must say something is empty.
    TextEmpty = "TEXT_EMPTY",
    /// A text is longer than anybody reads.
    TextLong = "TEXT_LONG",
    /// A text has control characters, or line breaks where it is one line.
    TextControl = "TEXT_CONTROL",
    /// A text changes the direction of what stands around it.
    TextDirection = "TEXT_DIRECTION",
    /// A text has code points that are no characters.
    TextNoncharacter = "TEXT_NONCHARACTER",
    /// A plain text has HTML in it.
    TextMarkup = "TEXT_MARKUP",
    /// A Markdown text has something in it that a browser would run or load.
    TextActive = "TEXT_ACTIVE",
    /// Something is null or an empty array instead of not being there.
    ValueEmpty = "VALUE_EMPTY",
    /// Nothing says how the achievement is earned.
    CriteriaMissing = "CRITERIA_MISSING",
    /// A recipient's identifier stands in clear.
    IdentityClear = "IDENTITY_CLEAR",
    /// A recipient's hash is not a SHA-256.
    IdentityHash = "IDENTITY_HASH",
    /// A recipient's hash is not salted enough.
    IdentitySalt = "IDENTITY_SALT",
    /// The credential has no status entry though there is a list for it.
    StatusMissing = "STATUS_MISSING",
    /// The credential has a status entry though there is no list for it.
    StatusUnexpected = "STATUS_UNEXPECTED",
    /// The status entry is not one of a bitstring status list for revocation.
    StatusKind = "STATUS_KIND",
    /// The status entry is in another list than the issuer's.
    StatusForeign = "STATUS_FOREIGN",
    /// The status entry's index is not in its list.
    StatusIndex = "STATUS_INDEX",
    /// The status entry's id is not that of its list and index.
    StatusId = "STATUS_ID",
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
