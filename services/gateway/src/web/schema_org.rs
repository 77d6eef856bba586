//! What search engines read: schema.org descriptions, without anything personal.

use serde::Serialize;

use super::catalogue::{BadgeView, IssuerView};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Credential<'a> {
    #[serde(rename = "@context")]
    context: &'static str,
    #[serde(rename = "@type")]
    kind: &'static str,
    name: &'a str,
    description: &'a str,
    #[serde(rename = "credentialCategory")]
    category: &'static str,
    url: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    image: Option<String>,
    recognized_by: Organization<'a>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    competency_required: Vec<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires: Option<&'a str>,
}

#[derive(Serialize)]
struct Organization<'a> {
    #[serde(rename = "@context", skip_serializing_if = "Option::is_none")]
    context: Option<&'static str>,
    #[serde(rename = "@type")]
    kind: &'static str,
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<&'a str>,
}

const CONTEXT: &str = "https://schema.org";

fn organization<'a>(issuer: &'a IssuerView, context: Option<&'static str>) -> Organization<'a> {
    Organization { context, kind: "Organization", name: &issuer.name, url: issuer.site.as_deref() }
}

/// A badge, or an award of it that ends at some time.
pub(super) fn badge(badge: &BadgeView, issuer: &IssuerView, expires: Option<&str>) -> String {
    in_html(&Credential {
        context: CONTEXT,
        kind: "EducationalOccupationalCredential",
        name: &badge.name,
        description: &badge.description,
        category: "badge",
        url: &badge.url,
        image: badge.has_artwork.then(|| format!("{}/artwork.png", badge.url)),
        recognized_by: organization(issuer, None),
        competency_required: badge.alignments.iter().map(|a| a.name.as_str()).collect(),
        expires,
    })
}

/// An issuer.
pub(super) fn issuer(issuer: &IssuerView) -> String {
    in_html(&organization(issuer, Some(CONTEXT)))
}

/// JSON that can stand in a script element: nothing in it ends the element or begins a comment.
fn in_html(value: &impl Serialize) -> String {
    let json = serde_json::to_string(value).unwrap_or_default();
    if !json.contains(['<', '>', '&']) {
        return json;
    }
    let mut safe = String::with_capacity(json.len() + 30);
    for c in json.chars() {
        match c {
            '<' => safe.push_str("\\u003c"),
            '>' => safe.push_str("\\u003e"),
            '&' => safe.push_str("\\u0026"),
            c => safe.push(c),
        }
    }
    safe
}
