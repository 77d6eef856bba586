//! The document in a token: Open Badges 3.0 (8.2), VC-JOSE-COSE, and VC Data Model 1.1 (6.3).

use serde_json::{Map, Value};
use time::OffsetDateTime;

use super::{JoseError, Jws, MAX_BYTES};
use crate::json;
use crate::timestamp::{parse_timestamp, timestamp};
use crate::v3::{CREDENTIALS_V1, CREDENTIALS_V2};

/// What the header says that the token holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Typ {
    /// Nothing in particular: the form of Open Badges 3.0, or of the data model 1.1.
    Jwt,
    Credential,
    Presentation,
}

/// What the token does hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Credential,
    Presentation,
}

/// Gives the credential or presentation in a token, without the claims around it.
///
/// Claims must say what the document says: `iss` its issuer or holder, `jti` its id, `sub` its
/// subject. `nbf` and `exp` are its period, too, but in a `vc+jwt` or `vp+jwt`, where they are the
/// signature's own; [`valid_at`] judges them. A document of the data model 1.1 is completed by the
/// claims, as that says.
///
/// # Errors
/// When the token is of another type, holds no document or it in the wrong place, or claims
/// contradict it.
pub fn credential_in_jwt(jws: &Jws) -> Result<Value, JoseError> {
    let typ = typ(jws.header())?;
    let payload = json::parse(jws.payload(), MAX_BYTES).map_err(JoseError::Payload)?;
    let Value::Object(mut claims) = payload else { return Err(JoseError::OtherContent) };
    let (document, kind) = match (claims.remove("vc"), claims.remove("vp")) {
        (None, None) => {
            let document = strip(&mut claims);
            let kind = kind(&document)?;
            // In the data model 1.1 the document has its own claim.
            if first_context(&document) != Some(CREDENTIALS_V2) {
                return Err(JoseError::Placement);
            }
            check(&claims, &document, kind, typ == Typ::Jwt)?;
            (document, kind)
        }
        (Some(Value::Object(document)), None) | (None, Some(Value::Object(document))) => {
            if typ != Typ::Jwt
                || first_context(&document) != Some(CREDENTIALS_V1)
                || claims.contains_key("@context")
            {
                return Err(JoseError::Placement);
            }
            let kind = kind(&document)?;
            let document = complete(document, &claims, kind)?;
            check(&claims, &document, kind, true)?;
            (document, kind)
        }
        _ => return Err(JoseError::Placement),
    };
    match (typ, kind) {
        (Typ::Credential, Kind::Presentation) | (Typ::Presentation, Kind::Credential) => {
            Err(JoseError::OtherContent)
        }
        _ => {
            if jws.header().get("iss").is_some_and(|iss| iss.as_str() != speaker(&document, kind)) {
                return Err(JoseError::Claim("iss"));
            }
            Ok(Value::Object(document))
        }
    }
}

/// Judges whether a token is valid at a time, by its claims `nbf` and `exp`.
///
/// # Errors
/// When it is too early or too late, or a claim is no point in time.
pub fn valid_at(jws: &Jws, now: OffsetDateTime) -> Result<(), JoseError> {
    let claims = json::parse(jws.payload(), MAX_BYTES).map_err(JoseError::Payload)?;
    let claims = claims.as_object().ok_or(JoseError::OtherContent)?;
    if seconds(claims, "nbf")?.is_some_and(|from| now.unix_timestamp() < from) {
        return Err(JoseError::NotYet);
    }
    if seconds(claims, "exp")?.is_some_and(|until| now.unix_timestamp() >= until) {
        return Err(JoseError::Expired);
    }
    Ok(())
}

/// Media types may be written in full or without `application/` (RFC 7515, 4.1.9).
fn typ(header: &Map<String, Value>) -> Result<Typ, JoseError> {
    let media = |name: &'static str| match header.get(name) {
        None => Ok(None),
        Some(Value::String(media)) => {
            let media = media.to_ascii_lowercase();
            Ok(Some(media.strip_prefix("application/").unwrap_or(&media).to_owned()))
        }
        Some(_) => Err(JoseError::HeaderMember(name)),
    };
    let typ = match media("typ")?.as_deref() {
        None | Some("jwt") => Typ::Jwt,
        // The later ones are of drafts of VC-JOSE-COSE.
        Some("vc+jwt" | "vc+ld+jwt" | "vc-ld+jwt" | "vc+ld+json+jwt") => Typ::Credential,
        Some("vp+jwt" | "vp+ld+jwt" | "vp-ld+jwt" | "vp+ld+json+jwt") => Typ::Presentation,
        Some(_) => return Err(JoseError::Type("typ")),
    };
    match (typ, media("cty")?.as_deref()) {
        (_, None)
        | (Typ::Jwt | Typ::Credential, Some("vc" | "vc+ld+json"))
        | (Typ::Jwt | Typ::Presentation, Some("vp" | "vp+ld+json")) => Ok(typ),
        _ => Err(JoseError::Type("cty")),
    }
}

/// Parts the document from the claims around it, which stay.
fn strip(claims: &mut Map<String, Value>) -> Map<String, Value> {
    const CLAIMS: [&str; 7] = ["iss", "sub", "aud", "exp", "nbf", "iat", "jti"];
    let around = CLAIMS.into_iter().filter_map(|name| claims.remove_entry(name)).collect();
    std::mem::replace(claims, around)
}

fn kind(document: &Map<String, Value>) -> Result<Kind, JoseError> {
    let is = |name: &str| match document.get("type") {
        Some(Value::String(one)) => one == name,
        Some(Value::Array(several)) => several.iter().any(|one| one.as_str() == Some(name)),
        _ => false,
    };
    match (is("VerifiableCredential"), is("VerifiablePresentation")) {
        (true, false) => Ok(Kind::Credential),
        (false, true) => Ok(Kind::Presentation),
        _ => Err(JoseError::OtherContent),
    }
}

fn first_context(document: &Map<String, Value>) -> Option<&str> {
    match document.get("@context")? {
        Value::Array(contexts) => contexts.first()?.as_str(),
        one => one.as_str(),
    }
}

/// Writes into a document of the data model 1.1 what only its claims say.
fn complete(
    mut document: Map<String, Value>,
    claims: &Map<String, Value>,
    kind: Kind,
) -> Result<Map<String, Value>, JoseError> {
    let (from, until) = (seconds(claims, "nbf")?, seconds(claims, "exp")?);
    let date = |seconds: Option<i64>| {
        let at = OffsetDateTime::from_unix_timestamp(seconds?).ok()?;
        Some(Value::String(timestamp(at)))
    };
    let mut add = |name: &str, value: Option<Value>| {
        if let (Some(value), false) = (value, document.contains_key(name)) {
            document.insert(name.to_owned(), value);
        }
    };
    add("id", claims.get("jti").cloned());
    if kind == Kind::Presentation {
        add("holder", claims.get("iss").cloned());
        return Ok(document);
    }
    add("issuer", claims.get("iss").cloned());
    add("issuanceDate", date(from));
    add("expirationDate", date(until));
    for (member, claim) in [("issuer", "iss"), ("credentialSubject", "sub")] {
        if let (Some(Value::Object(node)), Some(id)) = (document.get_mut(member), claims.get(claim))
        {
            node.entry("id").or_insert_with(|| id.clone());
        }
    }
    Ok(document)
}

/// Holds the claims against the document.
fn check(
    claims: &Map<String, Value>,
    document: &Map<String, Value>,
    kind: Kind,
    with_period: bool,
) -> Result<(), JoseError> {
    let same = |claim: &'static str, said: Option<&str>| match claims.get(claim) {
        Some(claimed) if claimed.as_str().is_none() || claimed.as_str() != said => {
            Err(JoseError::Claim(claim))
        }
        _ => Ok(()),
    };
    same("jti", document.get("id").and_then(Value::as_str))?;
    same("iss", speaker(document, kind))?;
    if kind == Kind::Presentation {
        return Ok(());
    }
    same("sub", subject(document))?;
    if !with_period {
        return Ok(());
    }
    for (claim, members) in
        [("nbf", ["validFrom", "issuanceDate"]), ("exp", ["validUntil", "expirationDate"])]
    {
        let said = members.iter().find_map(|member| document.get(*member)?.as_str());
        let said = said.and_then(|at| parse_timestamp(at).ok()).map(OffsetDateTime::unix_timestamp);
        if seconds(claims, claim)?.is_some_and(|claimed| said != Some(claimed)) {
            return Err(JoseError::Claim(claim));
        }
    }
    Ok(())
}

/// Who speaks: the issuer of a credential, the holder of a presentation.
fn speaker(document: &Map<String, Value>, kind: Kind) -> Option<&str> {
    let speaker = document.get(match kind {
        Kind::Credential => "issuer",
        Kind::Presentation => "holder",
    })?;
    speaker.as_str().or_else(|| speaker.get("id")?.as_str())
}

fn subject(document: &Map<String, Value>) -> Option<&str> {
    let subject = match document.get("credentialSubject")? {
        Value::Array(subjects) => match &subjects[..] {
            [only] => only,
            _ => return None,
        },
        one => one,
    };
    subject.get("id")?.as_str()
}

/// A claim in seconds since 1970, a fraction of which does not count (RFC 7519, 2).
fn seconds(claims: &Map<String, Value>, claim: &'static str) -> Result<Option<i64>, JoseError> {
    let Some(value) = claims.get(claim) else { return Ok(None) };
    let whole = value.as_i64().or_else(|| {
        #[expect(clippy::cast_possible_truncation, reason = "that is what is wanted")]
        value.as_f64().map(|seconds| seconds.floor() as i64)
    });
    // The years 1 to 9999, which is what the rest of the world writes.
    let whole = whole.filter(|seconds| (-62_135_596_800..=253_402_300_799).contains(seconds));
    whole.map(Some).ok_or(JoseError::Claim(claim))
}
