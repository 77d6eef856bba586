//! One badge, one issuer, one award, and whoever looks at them.

use std::sync::{Arc, Mutex, MutexGuard};

use axum::{
    Router,
    body::Body,
    http::{HeaderMap, Method, Request, StatusCode, header},
};
use http_body_util::BodyExt;
use kernel::{Class, TenantId};
use proto::{
    analytics::v1::{RecordEngagementRequest, RecordEngagementResponse},
    awarding::v1::*,
    backpack::v1 as backpack,
    design::v1::*,
    issuers::v1::*,
    page::v1::PageInfo,
    write::v1::Written,
};
use runtime::{status, testing::Rig};
use tonic::Status;
use tower::ServiceExt;

use super::fake::Fake;
use crate::{
    Wires,
    verification::Verification,
    web::{Sandbox, Web, routes},
};

pub const AWARD: &str = "award_01h455vb4pex5vsknk084sn02q";
pub const BADGE: &str = "badge_01h455vb4pex5vsknk084sn02q";
pub const ISSUER: &str = "issuer_01h455vb4pex5vsknk084sn02q";
pub const LIST: &str = "list_01h455vb4pex5vsknk084sn02q";
pub const EARNER: &str = "earner_01h455vb4pex5vsknk084sn02q";
pub const URL: &str = "https://badges.example.org";
/// The bytes of the signed credential: not what any serialiser would write.
pub const CREDENTIAL: &[u8] = b"{ \"signed\":\t[\"this ,\" , \"exactly\"] }\n";
/// A drawing.
pub const SVG: &str = "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 8 8\"/>";
/// A grey pixel.
pub const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\
    \x00\x00\x00\x0dIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x00\x00\x00\x00\x3a\x7e\x9bU\
    \x00\x00\x00\x0aIDATx\xdac\xa8\x07\x00\x00\x81\x00\x80\x7e\x1c\x29\xc7\
    \x00\x00\x00\x00IEND\xaeB\x60\x82";
pub const MULTIKEY: &str = "z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ2";

/// What the roles hold and what they were asked.
pub struct State {
    pub award: Award,
    pub credential: Vec<u8>,
    pub badge: Badge,
    pub issuer: Issuer,
    pub asked: Vec<&'static str>,
    pub recorded: Vec<(String, RecordEngagementRequest)>,
    pub analytics_fails: usize,
    pub holdings: Vec<backpack::Holding>,
    pub stored: Option<StoreArtworkRequest>,
    pub batch: Option<CreateBatchRequest>,
    /// With the tokens they came with.
    pub submitted: Vec<(String, IssueCredentialRequest)>,
    pub revoked: Vec<(String, SetCredentialStatusRequest)>,
}

pub struct Scene {
    pub rig: Rig,
    pub state: Arc<Mutex<State>>,
    pub web: Web,
    pub sandbox: Sandbox,
    router: Router,
}

/// An answer, whole.
pub struct Got {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Got {
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("UTF-8")
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).expect("JSON")
    }

    pub fn header(&self, name: impl header::AsHeaderName) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("ASCII"))
    }
}

fn state() -> State {
    let tenant_id = TenantId::derived([1; 16]).to_string();
    let award = Award {
        id: AWARD.into(),
        tenant_id: tenant_id.clone(),
        badge_id: BADGE.into(),
        badge_version: 2,
        issuer_id: ISSUER.into(),
        status: AwardStatus::Active.into(),
        achieved_at: "2026-02-03T10:00:00Z".into(),
        issued_at: "2026-02-04T10:00:00Z".into(),
        expires_at: "2028-02-04T10:00:00Z".into(),
        claimed_at: "2026-02-05T10:00:00Z".into(),
        recipient: Some(Recipient { email: String::new(), name: "Ada Lovelace".into() }),
        evidence: vec![Evidence {
            name: "Notes on the engine".into(),
            url: "https://example.org/notes".into(),
            description: "Note G".into(),
        }],
        narrative: "She wrote *the first program*.".into(),
        ..Award::default()
    };
    let content = BadgeContent {
        name: "Analytical Engines".into(),
        description: "Writes programs for machines that do not exist yet.".into(),
        criteria_narrative: "## To do\n- Write **one** program\n- Explain it".into(),
        criteria_url: "https://example.org/criteria".into(),
        artwork_id: "ab".repeat(32),
        artwork_caption: "A brass cogwheel in a wreath".into(),
        tags: vec!["programming".into()],
        alignments: vec![Alignment {
            target_name: "Software development".into(),
            target_url: "https://example.org/esco/1".into(),
            target_code: "S5".into(),
            target_framework: "ESCO".into(),
            target_description: String::new(),
        }],
        achievement_type: "MicroCredential".into(),
        expires_after_days: 0,
    };
    let badge = Badge {
        id: BADGE.into(),
        tenant_id: tenant_id.clone(),
        issuer_id: ISSUER.into(),
        status: BadgeStatus::Published.into(),
        content: Some(content),
        version: 2,
        ..Badge::default()
    };
    let issuer = Issuer {
        id: ISSUER.into(),
        tenant_id,
        name: "The Royal Institution".into(),
        url: "https://royal.example.org".into(),
        description: "Science for everybody.".into(),
        email: "badges@royal.example.org".into(),
        did: format!("did:web:badges.example.org:i:{ISSUER}"),
        keys: vec![SigningKey { multikey: MULTIKEY.into(), ..SigningKey::default() }],
        ..Issuer::default()
    };
    State {
        award,
        credential: CREDENTIAL.to_vec(),
        badge,
        issuer,
        asked: vec![],
        recorded: vec![],
        analytics_fails: 0,
        holdings: vec![],
        stored: None,
        batch: None,
        submitted: vec![],
        revoked: vec![],
    }
}

type Shared = Arc<Mutex<State>>;

fn here<T>(is: bool, answer: T) -> Result<T, Status> {
    if is { Ok(answer) } else { Err(status::missing()) }
}

fn bearer(headers: &HeaderMap) -> String {
    let value = headers["authorization"].to_str().unwrap();
    value.strip_prefix("Bearer ").unwrap().to_owned()
}

fn public_roles(fake: Fake, state: &Shared) -> Fake {
    let [awards, badges, pictures, issuers] = [(); 4].map(|()| Arc::clone(state));
    fake.on("laurel.awarding.v1.Awarding/GetPublicAward", move |_, q: GetPublicAwardRequest| {
        let state = awards.lock().unwrap();
        let award = state.award.clone();
        let gone = award.status() == AwardStatus::Erased || q.summary;
        let credential = if gone { vec![] } else { state.credential.clone() };
        let reply = GetPublicAwardResponse { award: Some(award), credential, position: 0 };
        here(q.award_id == AWARD, reply)
    })
    .on("laurel.awarding.v1.Awarding/GetStatusList", |_, q: GetStatusListRequest| {
        assert_ne!(q.status_list_id, "panic", "on purpose");
        let (credential, etag) = (b"{\"list\": 1}".to_vec(), "abc".to_owned());
        here(
            q.status_list_id == LIST,
            GetStatusListResponse { credential, etag, max_age_seconds: 300, position: 0 },
        )
    })
    .on("laurel.design.v1.Design/GetPublicBadge", move |_, q: GetPublicBadgeRequest| {
        let mut state = badges.lock().unwrap();
        state.asked.push("badge");
        let content = state.badge.content.as_ref().unwrap();
        let artwork_media_type = match (content.artwork_id.as_str(), &content.tags[..]) {
            ("", _) => "",
            (_, []) => "image/png",
            _ => "image/svg+xml",
        };
        let artwork_media_type = artwork_media_type.to_owned();
        let badge = Some(state.badge.clone());
        let reply = GetPublicBadgeResponse { badge, version: 2, artwork_media_type };
        here(q.badge_id == BADGE && matches!(q.version, 0 | 2), reply)
    })
    .on("laurel.design.v1.Design/GetPublicArtwork", move |_, q: GetPublicArtworkRequest| {
        let vector = pictures.lock().unwrap().badge.content.as_ref().unwrap().tags.is_empty();
        let there = q.badge_id == BADGE && (q.media_type == "image/png" || !vector);
        let content = if q.media_type == "image/png" { PNG } else { SVG.as_bytes() }.to_vec();
        let digest = "cd".repeat(32);
        here(there, GetPublicArtworkResponse { content, media_type: q.media_type, digest })
    })
    .on("laurel.issuers.v1.Issuers/GetPublicIssuer", move |_, q: GetPublicIssuerRequest| {
        let issuer = Some(issuers.lock().unwrap().issuer.clone());
        here(q.issuer_id == ISSUER, GetPublicIssuerResponse { issuer })
    })
}

#[expect(clippy::too_many_lines, reason = "one line for each method that is faked")]
fn private_roles(fake: Fake, state: &Shared, rig: &Rig) -> Fake {
    let [links, redeemed, listed, recorded] = [(); 4].map(|()| Arc::clone(state));
    let [artwork, batches, submitted, revoked] = [(); 4].map(|()| Arc::clone(state));
    let context = rig.context.clone();
    let access = move || {
        let now = context.stores.clock.now();
        let principal = auth::Principal {
            subject: EARNER.into(),
            kind: auth::Kind::Earner,
            organization: None,
            tenant: TenantId::PLATFORM,
            grants: vec![],
            issued_at: now,
            expires_at: now.plus_millis(3_600_000),
            token_id: context.stores.ids.uuid(),
        };
        context.tokens.access(&principal)
    };
    fake.on(
        "laurel.backpack.v1.Backpack/RequestSignIn",
        move |_, _: backpack::RequestSignInRequest| {
            links.lock().unwrap().asked.push("link");
            Ok(backpack::RequestSignInResponse {})
        },
    )
    .on("laurel.backpack.v1.Backpack/RedeemSignIn", move |_, q: backpack::RedeemSignInRequest| {
        redeemed.lock().unwrap().asked.push("redeem");
        let used = status::rejected("SIGN_IN_LINK_USED", Class::Conflict, "used before", None, &[]);
        let expires_at = String::new();
        let (access_token, earner_id) = (access(), EARNER.to_owned());
        let reply = backpack::RedeemSignInResponse { access_token, expires_at, earner_id };
        if q.token == "good.to.ken" { Ok(reply) } else { Err(used) }
    })
    .on(
        "laurel.backpack.v1.Backpack/ListHoldings",
        move |headers, _: backpack::ListHoldingsRequest| {
            assert!(headers.contains_key("authorization"));
            let holdings = listed.lock().unwrap().holdings.clone();
            let total = i64::try_from(holdings.len()).unwrap();
            let cursors = vec![vec![7; 8]; holdings.len()];
            let page = PageInfo { cursors, has_next: true, has_previous: false, total };
            Ok(backpack::ListHoldingsResponse { holdings, page: Some(page) })
        },
    )
    .on("laurel.backpack.v1.Backpack/AcceptAward", |_, q: backpack::AcceptAwardRequest| {
        assert_eq!((q.award_id.as_str(), q.idempotency_key.as_str()), (AWARD, "once"));
        let written = Some(Written { position: 99, replayed: false });
        Ok(backpack::AcceptAwardResponse { holding: None, written })
    })
    .on("laurel.backpack.v1.Backpack/DeclineAward", |_, _: backpack::DeclineAwardRequest| {
        let refused =
            status::rejected("AWARD_REVOKED", Class::Conflict, "this award was revoked", None, &[]);
        Err::<backpack::DeclineAwardResponse, _>(refused)
    })
    .on("laurel.backpack.v1.Backpack/EraseMe", |_, _: backpack::EraseMeRequest| {
        Ok(backpack::EraseMeResponse { written: None })
    })
    .on(
        "laurel.analytics.v1.Analytics/RecordEngagement",
        move |headers, q: RecordEngagementRequest| {
            let mut state = recorded.lock().unwrap();
            if state.analytics_fails > 0 {
                state.analytics_fails -= 1;
                return Err(Status::unavailable("on purpose"));
            }
            let bearer = headers["authorization"].to_str().unwrap().to_owned();
            state.recorded.push((bearer, q));
            Ok(RecordEngagementResponse { written: None })
        },
    )
    .on("laurel.design.v1.Design/StoreArtwork", move |_, q: StoreArtworkRequest| {
        artwork.lock().unwrap().stored = Some(q.clone());
        let (id, media_type) = ("ef".repeat(32), q.media_type);
        Ok(StoreArtworkResponse { artwork: Some(Artwork { id, media_type }) })
    })
    .on("laurel.awarding.v1.Awarding/CreateBatch", move |_, q: CreateBatchRequest| {
        batches.lock().unwrap().batch = Some(q);
        let id = "batch_01h455vb4pex5vsknk084sn02q".to_owned();
        let batch = Some(Batch { id, ..Batch::default() });
        Ok(CreateBatchResponse { batch, written: None })
    })
    .on("laurel.awarding.v1.Awarding/IssueCredential", move |headers, q: IssueCredentialRequest| {
        let credential = q.credential.clone();
        submitted.lock().unwrap().submitted.push((bearer(headers), q));
        if credential.windows(5).any(|part| part == b"wrong") {
            let message = "must be an absolute url";
            let path = Some("/credential/issuer");
            let code = "MALFORMED_VALUE_ERROR";
            return Err(status::rejected(code, Class::Invalid, message, path, &[]));
        }
        let credential = b"{ \"signed\":\texactly }".to_vec();
        Ok(IssueCredentialResponse { credential, written: None })
    })
    .on(
        "laurel.awarding.v1.Awarding/SetCredentialStatus",
        move |headers, q: SetCredentialStatusRequest| {
            let known = q.credential_id == "urn:uuid:known";
            revoked.lock().unwrap().revoked.push((bearer(headers), q));
            here(known, SetCredentialStatusResponse { written: None })
        },
    )
    .on("laurel.issuers.v1.Issuers/AuthenticateClient", |_, q: AuthenticateClientRequest| {
        let known = (q.client_id.as_str(), q.secret.as_str()) == ("client_1", "pass word:&");
        let refused = Err(status::unauthenticated(auth::AuthError::MalformedToken));
        if known {
            Ok(AuthenticateClientResponse { access_token: Some(token(1)) })
        } else {
            refused
        }
    })
    .on("laurel.issuers.v1.Issuers/ExchangeIdToken", |_, q: ExchangeIdTokenRequest| {
        let many = if q.id_token == "two" { 2 } else { 1 };
        Ok(ExchangeIdTokenResponse { access_tokens: (1..=many).map(token).collect() })
    })
    .on("laurel.issuers.v1.Issuers/RequestMemberSignIn", |_, _: RequestMemberSignInRequest| {
        Ok(RequestMemberSignInResponse {})
    })
    .on("laurel.issuers.v1.Issuers/RedeemMemberSignIn", |_, _: RedeemMemberSignInRequest| {
        Ok(RedeemMemberSignInResponse { access_tokens: vec![token(1)] })
    })
}

fn token(n: u8) -> AccessToken {
    AccessToken {
        token: format!("token-{n}"),
        expires_at: "2026-03-01T13:00:00Z".into(),
        tenant_id: format!("tenant_{n}"),
    }
}

impl Scene {
    /// As it is at first; needs a tokio runtime.
    pub fn new() -> Self {
        let rig = Rig::new(vec![]);
        let state = Arc::new(Mutex::new(state()));
        let fake = private_roles(public_roles(Fake::default(), &state), &state, &rig);
        let wire = fake.wire();
        let wires = Wires {
            issuers: wire.clone(),
            design: wire.clone(),
            awarding: wire.clone(),
            backpack: wire.clone(),
            analytics: wire,
        };
        let verification = Arc::new(Verification::new(&rig.context));
        let sandbox = Sandbox::default();
        let web = Web::new(&rig.context, wires, (verification, Arc::default()), sandbox.clone());
        Self { rig, state, router: routes(web.clone()), web, sandbox }
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    pub async fn send(&self, request: Request<Body>) -> Got {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes().to_vec();
        Got { status: parts.status, headers: parts.headers, body }
    }

    /// Asks for a path, accepting a media type.
    pub async fn get(&self, path: &str, accept: &str) -> Got {
        self.send(Request::get(path).header(header::ACCEPT, accept).body(Body::empty()).unwrap())
            .await
    }

    /// Asks for a page.
    pub async fn page(&self, path: &str) -> Got {
        self.get(path, "text/html").await
    }

    /// Sends a form from one of our own pages.
    pub async fn post(&self, path: &str, form: &str, more: &[(&str, &str)]) -> Got {
        let mut request = Request::builder()
            .method(Method::POST)
            .uri(path)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        for (name, value) in more {
            request = request.header(*name, *value);
        }
        self.send(request.body(Body::from(form.to_owned())).unwrap()).await
    }

    /// The cookie of a signed-in earner.
    pub async fn signed_in(&self) -> String {
        let got = self.post("/sign-in/good.to.ken", "to=backpack", &[]).await;
        got.header(header::SET_COOKIE).split(';').next().unwrap().to_owned()
    }
}
