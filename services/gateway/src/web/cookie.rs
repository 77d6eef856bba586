//! The session of an earner: a cookie that no script can read and no other site can use.

use std::sync::Arc;

use auth::Principal;
use axum::http::{HeaderMap, HeaderValue, header};

use super::Web;

const NAME: &str = "laurel_session";

impl Web {
    /// Who is signed in, if anybody.
    pub(super) fn signed_in(&self, headers: &HeaderMap) -> Option<Arc<Principal>> {
        let cookies =
            headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
        let mut pairs = cookies.flat_map(|value| value.split(';')).map(str::trim);
        let token = pairs.find_map(|pair| pair.strip_prefix(NAME)?.strip_prefix('='))?;
        let principal = self.0.context.verifier.session(token, self.now()).ok()?;
        (principal.kind == auth::Kind::Earner).then_some(principal)
    }

    /// The cookie that keeps somebody signed in until the token ends.
    pub(super) fn session_cookie(&self, principal: &Principal) -> HeaderValue {
        let token = self.0.context.tokens.session(principal);
        let left = principal.expires_at.unix_seconds() - self.now().unix_seconds();
        self.cookie(&token, left.max(0))
    }

    /// The cookie that ends a session.
    pub(super) fn no_cookie(&self) -> HeaderValue {
        self.cookie("", 0)
    }

    fn cookie(&self, token: &str, seconds: i64) -> HeaderValue {
        let secure = if self.0.secure { "; Secure" } else { "" };
        let text =
            format!("{NAME}={token}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}");
        HeaderValue::try_from(text).expect("tokens are base64url and full stops")
    }
}
