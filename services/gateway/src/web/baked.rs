//! Awards as pictures with their signed credential inside, to keep and to pass on. Software that
//! knows only Open Badges 2.0 finds the hosted assertion beside it.

use std::fmt::Write;

use axum::{
    extract::{Path, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use openbadges::baking::{Keyword, Picture, bake_png, bake_svg};
use proto::{awarding::v1::AwardStatus, design::v1::GetPublicArtworkRequest};
use serde_json::json;

use super::{
    Web, assets,
    award::{self, NO_INDEX},
    catalogue::BadgeView,
    headers::{self, ASK_AGAIN, FOR_ANYONE, PICTURE_POLICY},
    problem::Problem,
    words,
};

pub(super) async fn png(web: State<Web>, id: Path<String>, headers: HeaderMap) -> Response {
    answer(web, id, Picture::Png, headers).await
}

pub(super) async fn svg(web: State<Web>, id: Path<String>, headers: HeaderMap) -> Response {
    answer(web, id, Picture::Svg, headers).await
}

async fn answer(
    State(web): State<Web>,
    Path(id): Path<String>,
    wanted: Picture,
    headers: HeaderMap,
) -> Response {
    let baked = download(&web, &id, wanted, &headers).await;
    baked.unwrap_or_else(|problem| ([FOR_ANYONE], problem.json()).into_response())
}

async fn download(
    web: &Web,
    id: &str,
    wanted: Picture,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    let shown = award::find(web, id, false).await?;
    let (award, credential) = (&shown.award, &shown.credential);
    if award.status() == AwardStatus::Erased || credential.is_empty() {
        return Err(award::withdrawn());
    }
    let (badge, issuer) = tokio::try_join!(
        web.badge(&award.badge_id, award.badge_version),
        web.issuer(&award.issuer_id)
    )?;
    let artwork = artwork(web, id, &badge, wanted).await?;
    // Without an address, an issuer has no form in Open Badges 2.0, and neither has the award.
    let assertion = issuer.email.as_ref().and_then(|_| web.ob2_assertion(award, credential).ok());
    let assertion = assertion.map(|assertion| json!(assertion).to_string());
    let credential = std::str::from_utf8(credential).map_err(|error| broken(&error))?;
    let mut credentials = vec![(Keyword::OpenBadgeCredential, credential)];
    credentials.extend(assertion.as_deref().map(|text| (Keyword::OpenBadges, text)));
    let baked = match wanted {
        Picture::Png => bake_png(&artwork, &credentials),
        Picture::Svg => bake_svg(&artwork, &credentials),
    };
    let baked = baked.map_err(|error| broken(&error))?;
    let etag = headers::etag(&assets::digest(&baked));
    let held = headers::is_held(headers, &etag);
    let fields = [
        (header::CONTENT_TYPE, HeaderValue::from_static(media_type(wanted))),
        (header::CONTENT_DISPOSITION, attachment(&badge.name, ending(wanted))),
        (header::CONTENT_SECURITY_POLICY, PICTURE_POLICY),
        (header::CACHE_CONTROL, ASK_AGAIN),
        (header::ETAG, etag),
        FOR_ANYONE,
        NO_INDEX,
    ];
    Ok(if held {
        (StatusCode::NOT_MODIFIED, fields).into_response()
    } else {
        (fields, baked).into_response()
    })
}

/// The picture of the badge's version in that form.
async fn artwork(
    web: &Web,
    id: &str,
    badge: &BadgeView,
    wanted: Picture,
) -> Result<Vec<u8>, Problem> {
    let url = format!("{}/c/{id}", web.public_url());
    if !badge.has_artwork {
        let detail = format!(
            "this badge has no picture that its credential could be in: take the credential \
             itself from {url}.json"
        );
        return Err(Problem::new(StatusCode::NOT_FOUND, "NO_PICTURE", detail));
    }
    if wanted == Picture::Svg && !badge.has_drawing {
        let detail = format!("this badge's picture is a PNG: take {url}/badge.png");
        return Err(Problem::new(StatusCode::NOT_FOUND, "NO_SUCH_PICTURE", detail));
    }
    let request = GetPublicArtworkRequest {
        badge_id: badge.key.to_string(),
        version: badge.version,
        media_type: media_type(wanted).to_owned(),
    };
    let reply = web.design().get_public_artwork(request).await;
    Ok(reply.map_err(|status| Problem::of_lookup(&status))?.into_inner().content)
}

fn broken(error: &dyn std::error::Error) -> Problem {
    tracing::error!(%error, "a credential could not be baked");
    let detail = "this badge cannot be put into its picture";
    Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL", detail)
}

const fn media_type(picture: Picture) -> &'static str {
    match picture {
        Picture::Png => "image/png",
        Picture::Svg => "image/svg+xml",
    }
}

const fn ending(picture: Picture) -> &'static str {
    match picture {
        Picture::Png => "png",
        Picture::Svg => "svg",
    }
}

/// A file to save, named like the badge (RFC 6266): letters and digits only, in ASCII for clients
/// of old, and as it is written where that is not all.
fn attachment(name: &str, ending: &str) -> HeaderValue {
    let full = file_name(name, char::is_alphanumeric);
    let plain = file_name(name, |c| c.is_ascii_alphanumeric());
    let mut value = format!("attachment; filename=\"{plain}.{ending}\"");
    if full != plain {
        value.push_str("; filename*=UTF-8''");
        words::encode(&mut value, &format!("{full}.{ending}"));
    }
    HeaderValue::try_from(value)
        .expect("names are letters, digits and hyphens, encoded where not ASCII")
}

/// The words of a name, joined by hyphens; `badge` where there are none.
fn file_name(name: &str, may_stand: impl Fn(char) -> bool) -> String {
    const LONGEST: usize = 60;
    let mut file = String::new();
    for word in name.split(|c| !may_stand(c)).filter(|word| !word.is_empty()) {
        let hyphen = if file.is_empty() { "" } else { "-" };
        if file.chars().count() + word.chars().count() >= LONGEST {
            break;
        }
        let _ = write!(file, "{hyphen}{word}");
    }
    if file.is_empty() { "badge".to_owned() } else { file }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_named_like_the_badge_and_never_harm() {
        for (name, expected) in [
            ("First Aid at Work", "attachment; filename=\"First-Aid-at-Work.svg\""),
            ("a/../b\\c\"; x=\r\n\0", "attachment; filename=\"a-b-c-x.svg\""),
            ("\u{202e}gnp.exe", "attachment; filename=\"gnp-exe.svg\""),
            ("", "attachment; filename=\"badge.svg\""),
            ("…", "attachment; filename=\"badge.svg\""),
            (
                "Über 溶接",
                "attachment; filename=\"ber.svg\"; filename*=UTF-8''%C3%9Cber-%E6%BA%B6%E6%8E%A5.svg",
            ),
            ("溶接", "attachment; filename=\"badge.svg\"; filename*=UTF-8''%E6%BA%B6%E6%8E%A5.svg"),
        ] {
            assert_eq!(attachment(name, "svg"), expected, "{name}");
        }
        assert!(attachment(&"word ".repeat(100), "png").len() < 100);
        assert_eq!(attachment(&"w".repeat(100), "png"), "attachment; filename=\"badge.png\"");
    }
}
