/// Why a token was not accepted. What is wrong inside it stays here: callers learn the code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuthError {
    /// There is none.
    #[error("no token was sent: send one as authorization: Bearer")]
    MissingToken,
    /// It is no token of ours: its form, its header, its claims.
    #[error("the token is not valid: sign in again")]
    MalformedToken,
    /// Signed by nobody known, or altered since.
    #[error("the token is not valid: sign in again")]
    BadSignature,
    /// A good token for another use.
    #[error("the token is not valid: sign in again")]
    WrongKind,
    /// From or for somebody else.
    #[error("the token is not valid: sign in again")]
    WrongParty,
    /// Not good yet, or good for longer than tokens may be.
    #[error("the token is not valid: sign in again")]
    WrongTime,
    /// No longer good.
    #[error("the token has expired: sign in again")]
    ExpiredToken,
    /// Taken back.
    #[error("the token was revoked: sign in again")]
    RevokedToken,
}

impl AuthError {
    /// The stable code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            AuthError::ExpiredToken => "TOKEN_EXPIRED",
            AuthError::RevokedToken => "TOKEN_REVOKED",
            _ => "UNAUTHENTICATED",
        }
    }
}
