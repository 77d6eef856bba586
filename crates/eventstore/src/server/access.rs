//! Who may call, when not everybody may.

use std::{
    sync::Arc,
    task::{Context, Poll},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use futures_util::future::{Either, Ready, ready};
use http::{Request, Response, header::AUTHORIZATION};
use tonic::{Status, body::Body, server::NamedService};
use tower::Service;

use super::status;

/// Names and passwords. Nobody but these may call; when there are none, everybody may.
#[derive(Clone, Default)]
pub struct Users(Arc<[(String, String)]>);

impl Users {
    /// These may call.
    pub fn new(users: impl IntoIterator<Item = (String, String)>) -> Self {
        Self(users.into_iter().collect())
    }

    /// Whether the credentials of a call let it through.
    fn admit<B>(&self, request: &Request<B>) -> Result<(), Status> {
        if self.0.is_empty() {
            return Ok(());
        }
        let Some(said) = request.headers().get(AUTHORIZATION) else { return Err(status::denied()) };
        let decoded = said.to_str().ok().and_then(credentials).unwrap_or_default();
        // Every user is compared, so that the time taken tells nothing.
        let known = self.0.iter().fold(false, |known, (name, password)| {
            same(&decoded, [name.as_bytes(), b":", password.as_bytes()].concat().as_slice()) | known
        });
        if known { Ok(()) } else { Err(status::not_authenticated()) }
    }
}

impl std::fmt::Debug for Users {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(name, _)| name)).finish()
    }
}

/// `NAME:PASSWORD` of a header, if that is what it holds.
fn credentials(said: &str) -> Option<Vec<u8>> {
    let (scheme, encoded) = said.split_once(' ')?;
    let basic = scheme.eq_ignore_ascii_case("basic");
    STANDARD.decode(encoded.trim()).ok().filter(|_| basic)
}

/// The name of who calls, as the header says it.
pub(super) fn name(said: &str) -> Option<String> {
    let said = String::from_utf8(credentials(said)?).ok()?;
    said.split_once(':').map(|(name, _)| name.to_owned())
}

/// Whether two texts are the same, in a time that depends on the length of the first alone.
fn same(said: &[u8], known: &[u8]) -> bool {
    let differing =
        said.iter().enumerate().fold(said.len() ^ known.len(), |differing, (at, byte)| {
            differing | usize::from(byte ^ known.get(at).copied().unwrap_or(!byte))
        });
    std::hint::black_box(differing) == 0
}

/// Lets nobody through to a service whom [`Users`] does not know.
#[derive(Clone)]
pub(super) struct Guarded<S> {
    pub users: Users,
    pub inner: S,
}

impl<S: NamedService> NamedService for Guarded<S> {
    const NAME: &'static str = S::NAME;
}

impl<S, B> Service<Request<B>> for Guarded<S>
where
    S: Service<Request<B>, Response = Response<Body>>,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = Either<S::Future, Ready<Result<Response<Body>, S::Error>>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        match self.users.admit(&request) {
            Ok(()) => Either::Left(self.inner.call(request)),
            Err(status) => Either::Right(ready(Ok(status.into_http()))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_those_known_are_let_through() {
        let users = Users::new([("admin".into(), "changeit".into()), ("ops".into(), "a:b".into())]);
        let admit = |said: Option<&str>| {
            let mut request = Request::builder();
            if let Some(said) = said {
                request = request.header(AUTHORIZATION, format!("Basic {}", STANDARD.encode(said)));
            }
            users.admit(&request.body(()).expect("a request")).map_err(|status| status.code())
        };
        assert_eq!(admit(Some("admin:changeit")), Ok(()));
        assert_eq!(admit(Some("ops:a:b")), Ok(()));
        for wrong in ["admin:", "admin:changeitt", "admin:changei", "", "x:changeit"] {
            assert_eq!(admit(Some(wrong)), Err(tonic::Code::Unauthenticated), "{wrong}");
        }
        assert_eq!(admit(None), Err(tonic::Code::PermissionDenied));
        assert!(Users::default().admit(&Request::new(())).is_ok(), "everybody may");
    }
}
