//! Who may call, when not everybody may, and what for.

use std::{
    sync::Arc,
    task::{Context, Poll},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use futures_util::future::{BoxFuture, Either, Ready, ready};
use http::{HeaderMap, Request, Response, header::AUTHORIZATION};
use tonic::{Status, body::Body, server::NamedService};
use tower::Service;

use super::{register::Register, status};
use crate::raw::StreamName;

/// Names and passwords of administrators. Nobody but these may call, and those whom they register;
/// when there are none, everybody may, and for everything.
#[derive(Clone, Default)]
pub struct Users(Arc<[(String, String)]>);

impl Users {
    /// These may call.
    pub fn new(users: impl IntoIterator<Item = (String, String)>) -> Self {
        Self(users.into_iter().collect())
    }

    /// Whether that is the name of one of them.
    pub(super) fn name(&self, name: &str) -> bool {
        self.0.iter().any(|(known, _)| known == name)
    }
}

impl std::fmt::Debug for Users {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(name, _)| name)).finish()
    }
}

/// Who makes a call that was let through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Caller {
    /// Nobody is asked who they are.
    Anybody,
    /// One of the users of the options.
    Administrator(String),
    /// One who was registered.
    Registered { name: String, groups: Vec<String> },
}

impl Caller {
    /// Who makes that call. One that came past the door is nobody's.
    pub fn of<T>(request: &tonic::Request<T>) -> Result<Self, Status> {
        request.extensions().get().cloned().ok_or_else(status::denied)
    }

    /// Their name.
    pub fn name(&self) -> &str {
        match self {
            Self::Anybody => "anonymous",
            Self::Administrator(name) | Self::Registered { name, .. } => name,
        }
    }

    fn has(&self, wanted: &[&str]) -> bool {
        match self {
            Self::Anybody | Self::Administrator(_) => true,
            Self::Registered { groups, .. } => {
                groups.iter().any(|group| wanted.contains(&group.as_str()))
            }
        }
    }

    /// They must be an administrator.
    pub fn administers(&self) -> Result<(), Status> {
        if self.has(&["$admins"]) { Ok(()) } else { Err(status::denied()) }
    }

    /// They must be an operator or administrator.
    pub fn operates(&self) -> Result<(), Status> {
        if self.has(&["$admins", "$ops"]) { Ok(()) } else { Err(status::denied()) }
    }

    /// Streams are for everybody whom the server knows; the system's, and the log, for
    /// administrators alone.
    pub fn uses(&self, stream: &StreamName) -> Result<(), Status> {
        let name = stream.as_str();
        let name = name.strip_prefix("$$").unwrap_or(name);
        if name.starts_with('$') { self.administers() } else { Ok(()) }
    }
}

/// Says who calls.
#[derive(Clone)]
pub(super) struct Door {
    pub users: Users,
    pub register: Arc<Register>,
}

/// What is known at once.
enum Knock {
    Known(Caller),
    /// Somebody whose name only the store may know.
    Named(String, String),
}

impl Door {
    fn knock(&self, headers: &HeaderMap) -> Result<Knock, Status> {
        if self.users.0.is_empty() {
            return Ok(Knock::Known(Caller::Anybody));
        }
        let said = headers.get(AUTHORIZATION).ok_or_else(status::denied)?;
        let said = said.to_str().ok().and_then(credentials);
        let (name, password) = said.ok_or_else(status::not_authenticated)?;
        let (mut named, mut known) = (false, false);
        // Every user is compared, so that the time taken tells nothing.
        for (user, secret) in &*self.users.0 {
            let this = same(name.as_bytes(), user.as_bytes());
            named |= this;
            known |= same(password.as_bytes(), secret.as_bytes()) & this;
        }
        match (named, known) {
            (_, true) => Ok(Knock::Known(Caller::Administrator(name))),
            (true, false) => Err(status::not_authenticated()),
            (false, false) => Ok(Knock::Named(name, password)),
        }
    }
}

/// Name and password of a header, if that is what it holds.
fn credentials(said: &str) -> Option<(String, String)> {
    let (scheme, encoded) = said.split_once(' ')?;
    let basic = scheme.eq_ignore_ascii_case("basic");
    let said = STANDARD.decode(encoded.trim()).ok().filter(|_| basic)?;
    let said = String::from_utf8(said).ok()?;
    said.split_once(':').map(|(name, password)| (name.to_owned(), password.to_owned()))
}

/// Whether two texts are the same, in a time that depends on the length of the first alone.
fn same(said: &[u8], known: &[u8]) -> bool {
    let differing =
        said.iter().enumerate().fold(said.len() ^ known.len(), |differing, (at, byte)| {
            differing | usize::from(byte ^ known.get(at).copied().unwrap_or(!byte))
        });
    std::hint::black_box(differing) == 0
}

/// Lets nobody through to a service whom the [`Door`] does not know.
#[derive(Clone)]
pub(super) struct Guarded<S> {
    pub door: Door,
    pub inner: S,
}

impl<S: NamedService> NamedService for Guarded<S> {
    const NAME: &'static str = S::NAME;
}

type Answered<E> = Result<Response<Body>, E>;

impl<S, B> Service<Request<B>> for Guarded<S>
where
    S: Service<Request<B>, Response = Response<Body>> + Clone + Send + 'static,
    S::Future: Send,
    B: Send + 'static,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = Either<
        S::Future,
        Either<Ready<Answered<S::Error>>, BoxFuture<'static, Answered<S::Error>>>,
    >;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        match self.door.knock(request.headers()) {
            Ok(Knock::Known(caller)) => {
                request.extensions_mut().insert(caller);
                Either::Left(self.inner.call(request))
            }
            Ok(Knock::Named(name, password)) => {
                let register = Arc::clone(&self.door.register);
                // The one that is ready is used up; the other becomes ready by itself.
                let other = self.inner.clone();
                let mut inner = std::mem::replace(&mut self.inner, other);
                Either::Right(Either::Right(Box::pin(async move {
                    match register.admit(&name, &password).await {
                        Ok(caller) => {
                            request.extensions_mut().insert(caller);
                            inner.call(request).await
                        }
                        Err(status) => Ok(status.into_http()),
                    }
                })))
            }
            Err(status) => Either::Right(Either::Left(ready(Ok(status.into_http())))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_those_known_are_let_through_at_once() {
        let users = Users::new([("admin".into(), "changeit".into()), ("ops".into(), "a:b".into())]);
        let folder = tempfile::TempDir::new().expect("a folder");
        let store = crate::Embedded::open(crate::EmbeddedOptions::at(folder.path()));
        let register = Arc::new(Register::of(Arc::new(store.expect("a store"))));
        let door = Door { users, register: Arc::clone(&register) };
        let knock = |said: Option<&str>| {
            let mut headers = HeaderMap::new();
            if let Some(said) = said {
                let said = format!("Basic {}", STANDARD.encode(said));
                headers.insert(AUTHORIZATION, said.parse().expect("a header"));
            }
            match door.knock(&headers) {
                Ok(Knock::Known(caller)) => Ok(caller.name().to_owned()),
                Ok(Knock::Named(..)) => Ok("to be asked for".to_owned()),
                Err(status) => Err(status.code()),
            }
        };
        assert_eq!(knock(Some("admin:changeit")).as_deref(), Ok("admin"));
        assert_eq!(knock(Some("ops:a:b")).as_deref(), Ok("ops"));
        for wrong in ["admin:", "admin:changeitt", "admin:changei", "", "admin"] {
            assert_eq!(knock(Some(wrong)), Err(tonic::Code::Unauthenticated), "{wrong}");
        }
        assert_eq!(knock(Some("x:changeit")).as_deref(), Ok("to be asked for"));
        assert_eq!(knock(None), Err(tonic::Code::PermissionDenied));
        let open = Door { users: Users::default(), register };
        let anybody = open.knock(&HeaderMap::new());
        assert!(matches!(anybody, Ok(Knock::Known(Caller::Anybody))), "everybody may");
    }

    #[test]
    fn the_system_s_streams_are_for_administrators() {
        let of = |groups: &[&str]| Caller::Registered {
            name: "ann".into(),
            groups: groups.iter().map(ToString::to_string).collect(),
        };
        let may = |caller: &Caller, stream| caller.uses(&StreamName::new(stream)).is_ok();
        for stream in ["a", "$$a", "a-$b"] {
            assert!(may(&of(&[]), stream), "{stream}");
        }
        for stream in ["$a", "$all", "$$$a", "$user-ann"] {
            assert!(!may(&of(&["$ops", "$admin"]), stream), "{stream}");
            assert!(may(&of(&["$admins"]), stream), "{stream}");
            assert!(may(&Caller::Anybody, stream), "{stream}");
        }
        assert!(of(&["$ops"]).operates().is_ok() && of(&["$ops"]).administers().is_err());
    }
}
