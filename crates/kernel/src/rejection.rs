/// A refusal that the caller can act on. The code is API: it is never renamed.
pub trait Rejection: std::error::Error + Send + Sync + 'static {
    /// A stable upper-case code, such as `BADGE_ARCHIVED`.
    fn code(&self) -> &'static str;

    /// What kind of refusal it is.
    fn class(&self) -> Class;

    /// The place in the caller's input, as a JSON pointer such as `/recipient/email`.
    fn path(&self) -> Option<&'static str> {
        None
    }
}

/// The kinds of refusal; each maps to one gRPC code and one HTTP status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// The input is wrong whatever the state is.
    Invalid,
    /// There is nothing of that name here; also said of what belongs to somebody else.
    Missing,
    /// The state forbids it.
    Conflict,
    /// The caller may not.
    Forbidden,
    /// A limit was reached.
    Exhausted,
}
