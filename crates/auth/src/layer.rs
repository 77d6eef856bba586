use std::{
    future::{Ready, ready},
    sync::Arc,
    task::{Context, Poll},
};

use futures_util::future::Either;
use http::{HeaderMap, Request, Response, header::AUTHORIZATION};
use kernel::Timestamp;
use tonic::{Status, body::Body};
use tower::{Layer, Service};

use crate::{AuthError, Verifier};

/// Methods that anybody may call anywhere: whether the process is well.
pub const PUBLIC_ALWAYS: &[&str] =
    &["/grpc.health.v1.Health/Check", "/grpc.health.v1.Health/Watch"];

/// Stands before gRPC routes: reads `authorization: Bearer …`, verifies, and puts
/// `Arc<Principal>` into the request's extensions; refuses otherwise. Public methods may be called
/// without a token, but not with a bad one.
#[derive(Clone)]
pub struct AuthLayer {
    /// What checks the tokens.
    pub verifier: Arc<Verifier>,
    /// What time it is.
    pub now: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    /// How a refusal is said.
    pub refuse: fn(AuthError) -> Status,
    /// Paths that need no token, such as `/laurel.backpack.v1.Backpack/RequestSignIn`.
    pub public: Arc<[&'static str]>,
}

impl<S> Layer<S> for AuthLayer {
    type Service = AuthService<S>;

    fn layer(&self, inner: S) -> AuthService<S> {
        AuthService { layer: self.clone(), inner }
    }
}

/// What [`AuthLayer`] makes of a service.
#[derive(Clone)]
pub struct AuthService<S> {
    layer: AuthLayer,
    inner: S,
}

impl<S, B> Service<Request<B>> for AuthService<S>
where
    S: Service<Request<B>, Response = Response<Body>>,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = Either<S::Future, Ready<Result<Response<Body>, S::Error>>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let layer = &self.layer;
        let outcome =
            bearer(request.headers()).and_then(|token| layer.verifier.access(token, (layer.now)()));
        let path = request.uri().path();
        match outcome {
            Ok(principal) => {
                request.extensions_mut().insert(principal);
            }
            Err(AuthError::MissingToken)
                if layer.public.contains(&path) || PUBLIC_ALWAYS.contains(&path) => {}
            Err(error) => return Either::Right(ready(Ok((layer.refuse)(error).into_http()))),
        }
        Either::Left(self.inner.call(request))
    }
}

/// The one bearer token of a request (RFC 6750 2.1).
fn bearer(headers: &HeaderMap) -> Result<&str, AuthError> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let value = values.next().ok_or(AuthError::MissingToken)?;
    if values.next().is_some() {
        return Err(AuthError::MalformedToken);
    }
    let text = value.to_str().map_err(|_| AuthError::MalformedToken)?;
    let (scheme, token) = text.split_once(' ').ok_or(AuthError::MalformedToken)?;
    if scheme.eq_ignore_ascii_case("bearer") { Ok(token) } else { Err(AuthError::MalformedToken) }
}
