//! The check before every gRPC route.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::{convert::Infallible, sync::Arc};

use auth::{AuthError, AuthLayer, Principal, Revocations, Tokens};
use http::{Request, Response};
use kernel::{TenantId, Timestamp};
use tonic::{Status, body::Body};
use tower::{Layer, ServiceExt, service_fn};
use uuid::Uuid;

const PUBLIC: &[&str] = &["/laurel.backpack.v1.Backpack/SignIn"];

fn now() -> Timestamp {
    "2026-03-01T12:00:00Z".parse().unwrap()
}

/// Who stood before the route, if it was reached at all.
async fn call(path: &str, authorization: &[&str]) -> Result<Option<Arc<Principal>>, String> {
    let tokens = Tokens::from_seed(&[7; 32], "https://badges.example.org").unwrap();
    let layer = AuthLayer {
        verifier: Arc::new(tokens.verifier(Arc::new(Revocations::new()))),
        now: Arc::new(now),
        refuse: |error: AuthError| Status::unauthenticated(error.code()),
        public: PUBLIC.into(),
    };
    let route = service_fn(|request: Request<Body>| async move {
        let mut response = Response::new(Body::empty());
        response.extensions_mut().insert(request.extensions().get::<Arc<Principal>>().cloned());
        Ok::<_, Infallible>(response)
    });
    let mut request = Request::builder().uri(path);
    for value in authorization {
        request = request.header("authorization", *value);
    }
    let response = layer.layer(route).oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    match response.extensions().get::<Option<Arc<Principal>>>() {
        Some(principal) => Ok(principal.clone()),
        None => Err(response.headers()["grpc-message"].to_str().unwrap().to_owned()),
    }
}

fn token(issued_at: Timestamp) -> String {
    let tokens = Tokens::from_seed(&[7; 32], "https://badges.example.org").unwrap();
    let until = issued_at.plus_millis(60_000);
    tokens.access(&Principal::operator(TenantId::PLATFORM, issued_at, until, Uuid::nil()))
}

#[tokio::test]
async fn a_good_token_puts_its_principal_before_the_route() {
    for scheme in ["Bearer", "bearer"] {
        let good = format!("{scheme} {}", token(now()));
        let found = call("/laurel.design.v1.Design/Create", &[&good]).await;
        assert_eq!(found.unwrap().unwrap().subject, "operator");
    }
}

#[tokio::test]
async fn without_a_good_token_no_route_is_reached() {
    let good = format!("Bearer {}", token(now()));
    let old = format!("Bearer {}", token(now().plus_millis(-60_000)));
    for (headers, code) in [
        (vec![], "UNAUTHENTICATED"),
        (vec!["Bearer x"], "UNAUTHENTICATED"),
        (vec!["Basic b3BlcmF0b3I6"], "UNAUTHENTICATED"),
        (vec!["Bearer"], "UNAUTHENTICATED"),
        (vec![&good, &good], "UNAUTHENTICATED"),
        (vec![&old], "TOKEN_EXPIRED"),
    ] {
        let outcome = call("/laurel.design.v1.Design/Create", &headers).await;
        assert_eq!(outcome, Err(code.to_owned()), "{headers:?}");
    }
}

#[tokio::test]
async fn public_methods_need_no_token_but_take_no_bad_one() {
    for path in [PUBLIC[0], "/grpc.health.v1.Health/Check"] {
        assert_eq!(call(path, &[]).await, Ok(None));
        assert!(call(path, &["Bearer x"]).await.is_err());
        let good = format!("Bearer {}", token(now()));
        assert!(call(path, &[&good]).await.unwrap().is_some());
    }
    assert!(call("/laurel.backpack.v1.Backpack/SignInAs", &[]).await.is_err());
}
