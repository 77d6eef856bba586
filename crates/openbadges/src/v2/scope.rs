//! Where an issuer's hosted assertions may be (`verification` of its profile).

use serde_json::Value;

use super::address::WebAddress;
use super::term;

/// Why a hosted assertion is not its issuer's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OutOfScope {
    /// Only what is on the web can be looked up.
    #[error("its id is not a web address at which it could be looked up")]
    NotOnTheWeb,
    /// Nobody can look up who the issuer is.
    #[error("its issuer's id is not a web address, so that anybody could claim to be this issuer")]
    IssuerNotOnTheWeb,
    /// The issuer says nothing of other origins, so that its own is meant.
    #[error("it is not at the origin of its issuer")]
    OtherOrigin,
    /// The issuer names other hosts.
    #[error("it is not at any of the hosts that its issuer allows")]
    OriginNotAllowed,
    /// The issuer is on `https`.
    #[error("it is not on https, as its issuer is")]
    Insecure,
    /// The issuer names other beginnings.
    #[error("its id does not start as its issuer demands")]
    OtherStart,
}

/// Tells whether an issuer answers for what is hosted at `id`.
///
/// `issuer` is the profile as it was found at its own address. It allows its own origin, or the
/// hosts of `allowedOrigins` in place of it; `startsWith` narrows that further. Scheme, host and
/// port are compared as such, never as text.
///
/// # Errors
/// When it does not, and why.
pub fn in_scope(id: &str, issuer: &Value) -> Result<(), OutOfScope> {
    let home = term::text(issuer, "id").and_then(WebAddress::parse);
    let home = home.ok_or(OutOfScope::IssuerNotOnTheWeb)?;
    let address = WebAddress::parse(id).ok_or(OutOfScope::NotOnTheWeb)?;
    let policy = issuer
        .as_object()
        .and_then(|issuer| term::get(issuer, "verification"))
        .and_then(|policy| term::each(policy).first());
    let listed = |name| {
        let values = policy.and_then(Value::as_object).and_then(|policy| term::get(policy, name));
        values.map(|values| term::each(values).iter().filter_map(Value::as_str))
    };
    match listed("allowedOrigins") {
        None if !address.has_origin_of(&home) => return Err(OutOfScope::OtherOrigin),
        None => {}
        Some(mut origins) => {
            if !origins.any(|origin| address.is_at(origin)) {
                return Err(OutOfScope::OriginNotAllowed);
            }
            if home.secure && !address.secure {
                return Err(OutOfScope::Insecure);
            }
        }
    }
    let Some(starts) = listed("startsWith") else { return Ok(()) };
    let mut starts = starts.filter_map(WebAddress::parse);
    if starts.any(|start| address.starts_with(&start)) {
        Ok(())
    } else {
        Err(OutOfScope::OtherStart)
    }
}

/// Whether an issuer says where its assertions are, rather than leaving it at its own origin.
pub(super) fn has_policy(issuer: &Value) -> bool {
    issuer.as_object().is_some_and(|issuer| term::get(issuer, "verification").is_some())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn issuer(id: &str, policy: &Value) -> Value {
        json!({"id": id, "verification": policy})
    }

    #[test]
    fn without_a_policy_the_origin_of_the_issuer_is_meant() {
        let issuer = json!({"id": "https://a.org/issuer"});
        assert_eq!(in_scope("https://a.org/x/1", &issuer), Ok(()));
        assert_eq!(in_scope("https://A.org:443/x/1", &issuer), Ok(()));
        for id in [
            "https://a.org.evil/x/1",
            "https://evil.a.org/x/1",
            "https://a.org:8443/x/1",
            "http://a.org/x/1",
            "https://evil.org/https://a.org/x/1",
        ] {
            assert_eq!(in_scope(id, &issuer), Err(OutOfScope::OtherOrigin), "{id}");
        }
        for id in ["https://a.org@evil.org/x", "https://a.org\\.evil/x", "urn:uuid:1", "//a.org"] {
            assert_eq!(in_scope(id, &issuer), Err(OutOfScope::NotOnTheWeb), "{id}");
        }
    }

    #[test]
    fn a_start_is_never_compared_as_mere_text() {
        let issuer = issuer("https://a.org/issuer", &json!({"startsWith": "https://a.org"}));
        assert_eq!(in_scope("https://a.org/1", &issuer), Ok(()));
        assert_eq!(in_scope("https://a.org.evil/1", &issuer), Err(OutOfScope::OtherOrigin));
        assert_eq!(in_scope("https://a.orgevil/1", &issuer), Err(OutOfScope::OtherOrigin));
    }

    #[test]
    fn a_start_narrows_and_hosts_replace_the_own_origin() {
        let narrow = issuer(
            "https://a.org/issuer",
            &json!({"startsWith": ["https://a.org/one/", "https://a.org/two/"]}),
        );
        assert_eq!(in_scope("https://a.org/two/1", &narrow), Ok(()));
        assert_eq!(in_scope("https://a.org/three/1", &narrow), Err(OutOfScope::OtherStart));
        assert_eq!(in_scope("https://a.org/one/../three", &narrow), Err(OutOfScope::NotOnTheWeb));

        let elsewhere = issuer(
            "https://a.org/issuer",
            &json!({"allowedOrigins": ["b.org", "c.org:8443"], "startsWith": "https://b.org/x"}),
        );
        assert_eq!(in_scope("https://b.org/x1", &elsewhere), Ok(()));
        assert_eq!(in_scope("https://b.org/y", &elsewhere), Err(OutOfScope::OtherStart));
        assert_eq!(in_scope("http://b.org/x1", &elsewhere), Err(OutOfScope::Insecure));
        for id in ["https://a.org/x1", "https://b.org.evil/x1", "https://c.org/x"] {
            assert_eq!(in_scope(id, &elsewhere), Err(OutOfScope::OriginNotAllowed), "{id}");
        }
    }

    #[test]
    fn an_issuer_that_is_not_on_the_web_answers_for_nothing() {
        for id in ["urn:uuid:1", "did:web:a.org", "_:b0", ""] {
            let issuer = issuer(id, &json!({"allowedOrigins": "a.org"}));
            let outcome = in_scope("https://a.org/1", &issuer);
            assert_eq!(outcome, Err(OutOfScope::IssuerNotOnTheWeb), "{id}");
        }
        assert!(in_scope("https://a.org/1", &json!({})).is_err());
        let hosts = json!({"allowedOrigins": [], "startsWith": []});
        let none = issuer("https://a.org/issuer", &hosts);
        assert_eq!(in_scope("https://a.org/1", &none), Err(OutOfScope::OriginNotAllowed));
    }
}
