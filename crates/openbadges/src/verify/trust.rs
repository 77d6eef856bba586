//! Whom an issuer's identifier stands for: the operator's list, a domain, or nobody known.

use super::report::{Check, CheckKind};

/// An issuer whom the operator of this verifier knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustedIssuer {
    /// The issuer's identifier, or a domain such as `example.org` with all that it hosts.
    pub issuer: String,
    /// The name under which it is known.
    pub name: String,
}

impl TrustedIssuer {
    fn covers(&self, issuer: &str, host: Option<&str>) -> bool {
        self.issuer == issuer
            || host.is_some_and(|host| {
                let domain = self.issuer.to_ascii_lowercase();
                host == domain || host.strip_suffix(&domain).is_some_and(|rest| rest.ends_with('.'))
            })
    }
}

/// Judges who stands behind an issuer whose proof holds.
pub(super) fn check(issuer: Option<&str>, trusted: &[TrustedIssuer], proven: bool) -> Check {
    const KIND: CheckKind = CheckKind::IssuerTrust;
    let Some(issuer) = issuer else {
        return Check::undetermined(KIND, "it names no issuer");
    };
    if !proven {
        let reason = "whether this issuer issued it is not proven, so its name counts for nothing";
        return Check::undetermined(KIND, reason).with(issuer);
    }
    let host = host(issuer);
    if let Some(known) = trusted.iter().find(|known| known.covers(issuer, host.as_deref())) {
        let evidence = format!("{issuer} is known to the operator as {}", known.name);
        return Check::valid(KIND, evidence);
    }
    match host {
        Some(host) => Check::undetermined(
            KIND,
            format!(
                "whoever runs {host} issued it; whether that is who it says is for you to know"
            ),
        )
        .with(format!("{issuer} is bound to the domain {host}")),
        None => Check::undetermined(
            KIND,
            "the issuer is a bare key, which says nothing about who holds it",
        )
        .with(issuer),
    }
}

/// The domain that controls an issuer's identifier, without port.
pub(super) fn host(issuer: &str) -> Option<String> {
    let authority = if let Some(rest) = issuer.strip_prefix("did:web:") {
        let host = rest.split([':', '#', '?']).next()?;
        host.split("%3A").next()?.split("%3a").next()?
    } else {
        let rest = issuer.strip_prefix("https://").or_else(|| issuer.strip_prefix("http://"))?;
        let authority = rest.split(['/', '?', '#']).next()?;
        let host = authority.rsplit('@').next()?;
        host.rsplit_once(':')
            .filter(|(_, port)| port.bytes().all(|b| b.is_ascii_digit()))
            .map_or(host, |(host, _)| host)
    };
    (!authority.is_empty()).then(|| authority.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_is_what_controls_the_identifier() {
        for (issuer, expected) in [
            ("did:web:A.example:i:1", Some("a.example")),
            ("did:web:localhost%3A8443:i", Some("localhost")),
            ("https://a.example:8443/i", Some("a.example")),
            ("https://good.example@evil.example/i", Some("evil.example")),
            ("did:key:z6Mk", None),
            ("https://", None),
        ] {
            assert_eq!(host(issuer).as_deref(), expected, "{issuer}");
        }
    }

    #[test]
    fn a_domain_covers_its_subdomains_and_nothing_that_ends_alike() {
        let known = TrustedIssuer { issuer: "example.org".to_owned(), name: "Example".to_owned() };
        let covers = |host| known.covers("x", Some(host));
        assert!(covers("example.org") && covers("badges.example.org"));
        assert!(!covers("badexample.org") && !covers("example.org.evil"));
    }

    #[test]
    fn an_unproven_issuer_is_trusted_never() {
        let known = TrustedIssuer { issuer: "a.example".to_owned(), name: "A".to_owned() };
        let proven = check(Some("https://a.example/"), std::slice::from_ref(&known), true);
        assert!(proven.is_valid());
        assert!(!check(Some("https://a.example/"), &[known], false).is_valid());
    }
}
