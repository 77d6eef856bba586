//! Pages for people who program: the playground, the SDL, and what every error code means. Nothing
//! is fetched from elsewhere.

use std::{fmt::Write, sync::Arc};

use ::http::{HeaderMap, HeaderValue, StatusCode, header};
use async_graphql::parser::{
    parse_schema,
    types::{TypeKind, TypeSystemDefinition},
};
use axum::{
    extract::{Path, State},
    response::{IntoResponse, Response},
};

use crate::{endpoint::Endpoint, failure::CODES};

const PAGE: &str = include_str!("../assets/graphiql.html");
const SCRIPT: &str = include_str!("../assets/graphiql.js");
const STYLE: &str = include_str!("../assets/graphiql.css");
const ICON: &str = include_str!("../templates/laurel.svg");

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
                      img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

fn give(media: &'static str, body: impl Into<String>) -> Response {
    let mut response = body.into().into_response();
    let headers: &mut HeaderMap = response.headers_mut();
    let set = [
        (header::CONTENT_TYPE, media),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-cache"),
    ];
    for (name, value) in set {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

/// `/graphiql`: the playground.
pub async fn page() -> Response {
    give("text/html; charset=utf-8", PAGE)
}

/// `/graphiql/{asset}`: its script, style and icon.
pub async fn asset(Path(name): Path<String>) -> Response {
    match name.as_str() {
        "graphiql.js" => give("text/javascript; charset=utf-8", SCRIPT),
        "graphiql.css" => give("text/css; charset=utf-8", STYLE),
        "icon.svg" => give("image/svg+xml", ICON),
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}

/// `/schema.graphql`: the SDL.
pub async fn sdl(State(endpoint): State<Arc<Endpoint>>) -> Response {
    give("text/plain; charset=utf-8", endpoint.sdl.clone())
}

/// `/errors`: what every code means. User errors are explained by the schema itself.
pub async fn errors(State(endpoint): State<Arc<Endpoint>>) -> Response {
    let users = user_error_codes(&endpoint.sdl);
    let mut page = String::from(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Error codes</title>\
         <meta name=\"viewport\" content=\"width=device-width\">\
         <link rel=\"icon\" type=\"image/svg+xml\" href=\"/graphiql/icon.svg\">\
         <link rel=\"stylesheet\" href=\"/graphiql/graphiql.css\">\
         <body class=\"codes\"><main><h1>Error codes</h1>",
    );
    let mut section = |title: &str,
                       about: &str,
                       codes: &mut dyn Iterator<Item = (String, String)>| {
        let _ = write!(page, "<h2>{title}</h2><p>{about}</p><dl>");
        for (code, meaning) in codes {
            let (code, meaning) = (escaped(&code), escaped(&meaning));
            let _ = write!(page, "<dt id=\"{code}\"><code>{code}</code></dt><dd>{meaning}</dd>");
        }
        page.push_str("</dl>");
    };
    section(
        "In userErrors",
        "A rule said no. The payload's <code>userErrors</code> say why, with the place in the input.",
        &mut users.into_iter(),
    );
    section(
        "In errors",
        "The request could not be run, or a part of it failed: <code>errors[].extensions.code</code>.",
        &mut CODES.iter().map(|(code, meaning)| ((*code).to_owned(), (*meaning).to_owned())),
    );
    page.push_str("</main></body></html>");
    give("text/html; charset=utf-8", page)
}

fn user_error_codes(sdl: &str) -> Vec<(String, String)> {
    let definitions = parse_schema(sdl).map(|document| document.definitions).unwrap_or_default();
    let codes = definitions.into_iter().find_map(|definition| match definition {
        TypeSystemDefinition::Type(t) if t.node.name.node == "UserErrorCode" => match t.node.kind {
            TypeKind::Enum(codes) => Some(codes.values),
            _ => None,
        },
        _ => None,
    });
    let values = codes.unwrap_or_default().into_iter().map(|value| value.node);
    values
        .map(|v| (v.value.node.to_string(), v.description.map(|d| d.node).unwrap_or_default()))
        .collect()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
