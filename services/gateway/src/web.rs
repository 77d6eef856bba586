//! The public web: award, badge and issuer pages with their machine formats, sign-in and backpack,
//! the OAuth token endpoint, uploads, health.
//!
//! Pages are rendered whole on the server and need no script. One file per noun; a page is a
//! template under `templates/`, and its text is escaped there. To add a page, write its file with a
//! `pub(super)` handler, and a line in [`routes`].

mod assets;
mod award;
mod backpack;
mod badge;
mod baked;
mod catalogue;
mod cookie;
mod engagement;
mod headers;
mod health;
mod issuer;
mod linkedin;
mod markdown;
mod negotiate;
mod oauth;
mod ob2;
mod page;
mod problem;
mod same_origin;
mod schema_org;
mod sign_in;
mod status;
mod status_list;
mod upload;
mod vc_api;
mod verify;
mod words;

use std::sync::Arc;

use axum::{Router, extract::DefaultBodyLimit, middleware};
use bytes::Bytes;
use kernel::TenantId;
use proto::{
    analytics::v1::analytics_client::AnalyticsClient,
    awarding::v1::awarding_client::AwardingClient, backpack::v1::backpack_client::BackpackClient,
    design::v1::design_client::DesignClient, issuers::v1::issuers_client::IssuersClient,
};
use runtime::{Context, Readiness, Wire};
use tonic::{Request, metadata::MetadataValue};

pub use engagement::flush;
pub use vc_api::Sandbox;

use crate::{Wires, shelf::Shelf, verification::Verification};

/// The state of the public web; cheap to clone.
#[derive(Clone)]
pub struct Web(Arc<Shared>);

struct Shared {
    context: Context,
    wires: Wires,
    readiness: Readiness,
    secure: bool,
    jwks: Bytes,
    catalogue: catalogue::Catalogue,
    engagement: engagement::Counted,
    verification: Arc<Verification>,
    shelf: Arc<Shelf>,
    sandbox: Sandbox,
}

impl Web {
    /// The public web of this deployment.
    pub(crate) fn new(
        context: &Context,
        wires: Wires,
        (verification, shelf): (Arc<Verification>, Arc<Shelf>),
        sandbox: Sandbox,
    ) -> Self {
        Self(Arc::new(Shared {
            context: context.clone(),
            wires,
            readiness: Readiness::of(context),
            secure: context.public_url.starts_with("https://"),
            jwks: context.tokens.jwks().to_string().into(),
            catalogue: catalogue::Catalogue::default(),
            engagement: engagement::Counted::default(),
            verification,
            shelf,
            sandbox,
        }))
    }

    fn public_url(&self) -> &str {
        &self.0.context.public_url
    }

    fn awarding(&self) -> AwardingClient<Wire> {
        AwardingClient::new(self.0.wires.awarding.clone())
    }

    fn design(&self) -> DesignClient<Wire> {
        DesignClient::new(self.0.wires.design.clone())
    }

    fn issuers(&self) -> IssuersClient<Wire> {
        IssuersClient::new(self.0.wires.issuers.clone())
    }

    fn backpack(&self) -> BackpackClient<Wire> {
        BackpackClient::new(self.0.wires.backpack.clone())
    }

    fn analytics(&self) -> AnalyticsClient<Wire> {
        AnalyticsClient::new(self.0.wires.analytics.clone())
    }

    fn now(&self) -> kernel::Timestamp {
        self.0.context.stores.clock.now()
    }

    /// A request on behalf of this role, in a tenant.
    fn as_service<T>(&self, tenant: TenantId, message: T) -> Request<T> {
        with_token(message, &self.0.context.tokens.service("gateway", tenant, self.now()))
    }
}

/// A request that carries an access token.
fn with_token<T>(message: T, token: &str) -> Request<T> {
    let mut request = Request::new(message);
    let bearer = MetadataValue::try_from(format!("Bearer {token}"))
        .expect("tokens are base64url and full stops");
    request.metadata_mut().insert("authorization", bearer);
    request
}

/// Largest form accepted, in bytes.
const FORM_BYTES: usize = 32 * 1024;

route_table! {
    /// The routes that take forms.
    FORMS, forms, Web;
    get "/sign-in" => sign_in::ask,
    post "/sign-in" => sign_in::send,
    get "/sign-in/{token}" => sign_in::confirm,
    post "/sign-in/{token}" => sign_in::redeem,
    post "/sign-out" => sign_in::leave,
    get "/backpack" => backpack::show,
    get "/backpack/erase" => backpack::confirm_erasure,
    post "/backpack/erase" => backpack::erase,
    post "/backpack/{award}/accept" => backpack::accept,
    post "/backpack/{award}/decline" => backpack::decline,
    post "/oauth/token" => oauth::token,
}

route_table! {
    /// The route that takes badges.
    BADGES, badges, Web;
    post "/verify" => verify::verify,
}

route_table! {
    /// The routes of the VC-API.
    VC_API, vc_api_routes, Web;
    post "/vc/{tenant}/credentials/issue" => vc_api::issue,
    post "/vc/{tenant}/credentials/verify" => vc_api::verify_credential,
    post "/vc/{tenant}/credentials/status" => vc_api::set_status,
    post "/vc/{tenant}/presentations/verify" => vc_api::verify_presentation,
}

route_table! {
    /// All others.
    PAGES, pages, Web;
    get "/" => page::home,
    get "/c/{award}" => award::show,
    get "/c/{award}/ob2.json" => ob2::assertion,
    get "/c/{award}/badge.png" => baked::png,
    get "/c/{award}/badge.svg" => baked::svg,
    get "/c/{award}/qr.svg" => award::qr,
    get "/b/{badge}" => badge::newest,
    get "/b/{badge}/v/{version}" => badge::version,
    get "/b/{badge}/v/{version}/ob2.json" => ob2::badge_class,
    get "/b/{badge}/v/{version}/{artwork}" => badge::artwork,
    get "/i/{issuer}" => issuer::show,
    get "/i/{issuer}/did.json" => issuer::did,
    get "/i/{issuer}/ob2.json" => ob2::issuer,
    get "/i/{issuer}/jwks.json" => issuer::jwks,
    get "/status/{list}" => status_list::show,
    get "/.well-known/jwks.json" => health::jwks,
    get "/verify" => verify::form,
    get "/assets/{name}" => assets::show,
    put "/uploads/{token}" => upload::take,
    get "/-/live" => health::live,
    get "/-/ready" => health::ready,
}

/// Every route of the public web, and the pages for what is not there.
pub fn routes(web: Web) -> Router {
    // What is fetched from this deployment's own addresses comes from here, without a socket.
    let here = Arc::downgrade(&web.0);
    web.0.verification.serve_own(move || Some(pages().with_state(Web(here.upgrade()?))));
    pages()
        .merge(forms().layer(DefaultBodyLimit::max(FORM_BYTES)))
        .merge(vc_api_routes().layer(DefaultBodyLimit::max(vc_api::LARGEST)))
        .merge(badges().layer(DefaultBodyLimit::max(verify::LARGEST + FORM_BYTES)))
        .fallback(page::missing)
        .method_not_allowed_fallback(page::not_allowed)
        .layer(middleware::from_fn_with_state(web.clone(), headers::guard))
        .with_state(web)
}

#[cfg(test)]
mod tests;
