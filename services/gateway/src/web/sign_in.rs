//! Signing in by a link that is mailed: asking for it, and using it. Opening the link only shows a
//! button, for mail scanners open links too.

use askama::Template;
use auth::{Claims, SignInClaims};
use axum::{
    Form,
    extract::{
        Path, Query, State,
        rejection::{FormRejection, QueryRejection},
    },
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use proto::{
    backpack::v1::{RedeemSignInRequest, RequestSignInRequest},
    issuers::v1::{AccessToken, RedeemMemberSignInRequest, RequestMemberSignInRequest},
};
use serde::Deserialize;

use super::{
    Web,
    assets::Shell,
    page::{self, Confirm},
    problem::Problem,
};

/// Longest token taken from an address, in bytes.
const LONGEST_TOKEN: usize = 4096;

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignInPage {
    shell: Shell,
    organization: bool,
    wrong: bool,
}

#[derive(Template)]
#[template(path = "tokens.html")]
struct TokensPage {
    shell: Shell,
    tokens: Vec<AccessToken>,
}

/// Where a sign-in leads.
#[derive(Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum To {
    /// To the earner's backpack.
    #[default]
    Backpack,
    /// To an organisation, as its member.
    #[serde(alias = "member")]
    Organization,
}

impl To {
    /// Where the token says that it leads, by its type; the roles check the rest of it.
    fn of(token: &str, asked: To) -> To {
        #[derive(Deserialize)]
        struct Header {
            typ: String,
        }
        let header = token.split('.').next().and_then(|text| URL_SAFE_NO_PAD.decode(text).ok());
        let header = header.and_then(|json| serde_json::from_slice::<Header>(&json).ok());
        match header {
            Some(header) if header.typ == SignInClaims::TYP => To::Organization,
            _ => asked,
        }
    }
}

#[derive(Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    to: To,
}

#[derive(Deserialize)]
pub(super) struct Address {
    #[serde(default)]
    email: String,
    #[serde(default)]
    to: To,
}

fn form(status: StatusCode, to: To, wrong: bool) -> Response {
    let organization = to == To::Organization;
    page::html(status, SignInPage { shell: Shell::get(), organization, wrong }.render())
}

pub(super) async fn ask(asked: Result<Query<Asked>, QueryRejection>) -> Response {
    let to = asked.map_or(To::Backpack, |Query(asked)| asked.to);
    form(StatusCode::OK, to, false)
}

pub(super) async fn send(
    State(web): State<Web>,
    headers: HeaderMap,
    address: Result<Form<Address>, FormRejection>,
) -> Response {
    if let Err(problem) = web.require_same_origin(&headers) {
        return problem.page();
    }
    let Ok(Form(Address { email, to })) = address else { return unreadable() };
    if email.parse::<kernel::EmailAddress>().is_err() {
        return form(StatusCode::BAD_REQUEST, to, true);
    }
    let sent = match to {
        To::Backpack => {
            let request = RequestSignInRequest { email };
            web.backpack().request_sign_in(request).await.map(|_| ())
        }
        To::Organization => {
            let request = RequestMemberSignInRequest { email };
            web.issuers().request_member_sign_in(request).await.map(|_| ())
        }
    };
    match sent.map_err(|status| Problem::of(&status)) {
        Ok(()) => page::notice(
            StatusCode::OK,
            "Look into your mailbox",
            "A link to sign in is on its way, if there is something to sign in to at this address. \
             It works once, for 15 minutes.",
        ),
        Err(problem) if problem.status == StatusCode::BAD_REQUEST => {
            form(StatusCode::BAD_REQUEST, to, true)
        }
        Err(problem) => problem.page(),
    }
}

fn unreadable() -> Response {
    let detail = "the form cannot be read: open the page again and send it once more";
    Problem::new(StatusCode::BAD_REQUEST, "INVALID_INPUT", detail).page()
}

pub(super) async fn confirm(
    Path(token): Path<String>,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Response {
    if !is_token(&token) {
        return Problem::missing().page();
    }
    let to = To::of(&token, asked.map_or(To::Backpack, |Query(asked)| asked.to));
    let (to, sentence) = match to {
        To::Organization => {
            ("organization", "One more step and you are signed in for your organisation.")
        }
        To::Backpack => ("backpack", "One more step and your backpack opens."),
    };
    let confirm = Confirm {
        shell: Shell::get(),
        heading: "Welcome back",
        sentence,
        action: &format!("/sign-in/{token}"),
        fields: &[("to", to)],
        class: "main",
        button: "Sign in",
    };
    page::html(StatusCode::OK, confirm.render())
}

/// Whether it can be one of our tokens; what else stands in the address is not echoed.
fn is_token(token: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    (1..=LONGEST_TOKEN).contains(&token.len()) && token.bytes().all(plain)
}

pub(super) async fn redeem(
    State(web): State<Web>,
    Path(token): Path<String>,
    headers: HeaderMap,
    asked: Result<Form<Asked>, FormRejection>,
) -> Response {
    if let Err(problem) = web.require_same_origin(&headers) {
        return problem.page();
    }
    let Ok(Form(Asked { to })) = asked else { return unreadable() };
    if !is_token(&token) {
        return Problem::missing().page();
    }
    let signed_in = match To::of(&token, to) {
        To::Backpack => open_backpack(&web, token).await,
        To::Organization => show_tokens(&web, token).await,
    };
    signed_in.unwrap_or_else(|problem| problem.page())
}

async fn open_backpack(web: &Web, token: String) -> Result<Response, Problem> {
    let reply = web.backpack().redeem_sign_in(RedeemSignInRequest { token }).await;
    let reply = reply.map_err(|status| Problem::of(&status))?.into_inner();
    let principal = web.0.context.verifier.access(&reply.access_token, web.now());
    let principal = principal.map_err(|error| {
        tracing::error!(%error, "the backpack gave a token that is not valid");
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL", "signing in did not work")
    })?;
    let cookie = [(header::SET_COOKIE, web.session_cookie(&principal))];
    Ok((cookie, Redirect::to("/backpack")).into_response())
}

async fn show_tokens(web: &Web, token: String) -> Result<Response, Problem> {
    let reply = web.issuers().redeem_member_sign_in(RedeemMemberSignInRequest { token }).await;
    let tokens = reply.map_err(|status| Problem::of(&status))?.into_inner().access_tokens;
    Ok(page::html(StatusCode::OK, TokensPage { shell: Shell::get(), tokens }.render()))
}

pub(super) async fn leave(State(web): State<Web>, headers: HeaderMap) -> Response {
    if let Err(problem) = web.require_same_origin(&headers) {
        return problem.page();
    }
    ([(header::SET_COOKIE, web.no_cookie())], Redirect::to("/")).into_response()
}
