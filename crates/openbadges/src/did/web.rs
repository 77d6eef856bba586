//! `did:web` and other identifiers whose documents are on the web.

use super::{DidError, owner, shortened};

/// How long an identifier may be.
const MAX_TEXT: usize = 2048;

/// Makes the `did:web` of an HTTPS URL: `https://a.example:8443/t/b` is `did:web:a.example%3A8443:t:b`.
///
/// # Errors
/// When the URL is not HTTPS, has a user, query or fragment, or characters a DID cannot hold.
pub fn did_web_from_url(url: &str) -> Result<String, DidError> {
    let error = || DidError::NotHttps(shortened(url));
    let rest = url.strip_prefix("https://").filter(|_| url.len() <= MAX_TEXT).ok_or_else(error)?;
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let path = path.strip_suffix('/').unwrap_or(path);
    let (host, port) = authority.split_once(':').map_or((authority, None), |(h, p)| (h, Some(p)));
    if !is_host(host) || !port.is_none_or(is_port) {
        return Err(error());
    }
    let mut did = format!("did:web:{}", host.to_ascii_lowercase());
    if let Some(port) = port {
        did.push_str("%3A");
        did.push_str(port);
    }
    if !path.is_empty() {
        for segment in path.split('/') {
            if !is_segment(segment) {
                return Err(error());
            }
            did.push(':');
            did.push_str(segment);
        }
    }
    Ok(did)
}

/// Gives the URL of the document of a `did:web`: `…/.well-known/did.json` or `…/did.json`.
///
/// # Errors
/// When the text is no `did:web`, or would lead to another place than it seems to.
pub fn did_web_to_url(did: &str) -> Result<String, DidError> {
    let error = || DidError::NotDidWeb(shortened(did));
    let rest = did.strip_prefix("did:web:").filter(|_| did.len() <= MAX_TEXT).ok_or_else(error)?;
    let mut segments = rest.split(':');
    let host = segments.next().unwrap_or_default();
    let (name, port) = match host.find("%3A").or_else(|| host.find("%3a")) {
        Some(at) => (&host[..at], Some(&host[at + 3..])),
        None => (host, None),
    };
    if !is_host(name) || !port.is_none_or(is_port) {
        return Err(error());
    }
    let mut url = format!("https://{}", name.to_ascii_lowercase());
    if let Some(port) = port {
        url.push(':');
        url.push_str(port);
    }
    let mut has_path = false;
    for segment in segments {
        if !is_segment(segment) {
            return Err(error());
        }
        has_path = true;
        url.push('/');
        url.push_str(segment);
    }
    url.push_str(if has_path { "/did.json" } else { "/.well-known/did.json" });
    Ok(url)
}

/// Gives the URL of the document in which a key, or another thing of a controller, is described.
///
/// That is the document of a `did:web`, and for an HTTPS id what is there. Others have none.
pub fn document_url(id: &str) -> Option<String> {
    let owner = owner(id);
    if owner.starts_with("did:web:") {
        return did_web_to_url(owner).ok();
    }
    (owner.starts_with("https://") && owner.len() <= MAX_TEXT).then(|| owner.to_owned())
}

/// Gives the URL of the key set of an issuer with an HTTPS id (Open Badges 3.0, implementation
/// guide): `/.well-known/jwks.json` of its host.
pub fn key_set_url(issuer: &str) -> Option<String> {
    let rest = issuer.strip_prefix("https://").filter(|_| issuer.len() <= MAX_TEXT)?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let (host, port) = authority.split_once(':').map_or((authority, None), |(h, p)| (h, Some(p)));
    (is_host(host) && port.is_none_or(is_port))
        .then(|| format!("https://{}/.well-known/jwks.json", authority.to_ascii_lowercase()))
}

/// A name of ASCII labels. Other scripts stand as `xn--…`; addresses are no names.
fn is_host(host: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    // Resolvers take a name whose last label is a number, decimal or hexadecimal, for an address.
    let last = host.rsplit('.').next().unwrap_or_default().to_ascii_lowercase();
    host.len() <= 253
        && host.split('.').all(is_label)
        && !last.bytes().all(|byte| byte.is_ascii_digit())
        && !last.starts_with("0x")
}

fn is_port(port: &str) -> bool {
    !port.starts_with('0')
        && port.bytes().all(|byte| byte.is_ascii_digit())
        && port.parse::<u16>().is_ok()
}

/// One name in a path, that no reader takes for two or for none. Only what is not ASCII may be
/// percent-encoded: an encoded slash or dot means different things to different servers.
fn is_segment(segment: &str) -> bool {
    let mut bytes = segment.bytes();
    while let Some(byte) = bytes.next() {
        let fits = match byte {
            b'%' => {
                let high = bytes.next().is_some_and(|high| b"89ABCDEFabcdef".contains(&high));
                high && bytes.next().is_some_and(|low| low.is_ascii_hexdigit())
            }
            _ => byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_'),
        };
        if !fits {
            return false;
        }
    }
    !matches!(segment, "" | "." | "..")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn https_urls_and_did_web_map_both_ways() {
        for (url, did, document) in [
            ("https://a.example", "did:web:a.example", "https://a.example/.well-known/did.json"),
            ("https://a.example/", "did:web:a.example", "https://a.example/.well-known/did.json"),
            ("https://a.example/t/b", "did:web:a.example:t:b", "https://a.example/t/b/did.json"),
            (
                "https://localhost:8443/i/1",
                "did:web:localhost%3A8443:i:1",
                "https://localhost:8443/i/1/did.json",
            ),
            (
                "https://xn--bcher-kva.example/%C3%BC",
                "did:web:xn--bcher-kva.example:%C3%BC",
                "https://xn--bcher-kva.example/%C3%BC/did.json",
            ),
        ] {
            assert_eq!(did_web_from_url(url).unwrap(), did);
            assert_eq!(did_web_to_url(did).unwrap(), document);
            assert_eq!(document_url(&format!("{did}#key-1")).as_deref(), Some(document));
        }
    }

    #[test]
    fn what_cannot_be_mapped_is_refused() {
        for url in [
            "http://a.example",
            "https://",
            "https://u@a.example",
            "https://a.example/?q",
            "https://a.example/a#b",
            "https://a.example/../b",
            "https://a.example/a%2Fb",
            "https://a.example:x/",
            "https://a.example:0/",
            "https://bücher.example/",
            "https://[::1]/",
            "https://127.0.0.1/",
        ] {
            assert!(did_web_from_url(url).is_err(), "{url}");
        }
        for did in [
            "did:web:",
            "did:key:z6Mk",
            // Path traversal, plain and encoded.
            "did:web:a.example:..",
            "did:web:a.example:.",
            "did:web:a.example:%2e%2e",
            "did:web:a.example:t:%2E%2E:b",
            "did:web:a.example:t%2f..%2fb",
            "did:web:a.example:t%2Fb",
            "did:web:a.example:t%5Cb",
            "did:web:a.example:t%00",
            "did:web:a.example:t%",
            "did:web:a.example:t%8",
            "did:web:a.example:t%252f",
            "did:web:a.example:t/b",
            "did:web:a.example:t?q",
            "did:web:a.example:t\\b",
            "did:web:a.example::b",
            "did:web:a.example:",
            // Another host than it seems to be.
            "did:web:a.example%2F@b",
            "did:web:a.example%2Fb",
            "did:web:a.example%40b.example",
            "did:web:a.example%3F.b.example",
            "did:web:a.example/b",
            "did:web:a@b",
            "did:web:a b",
            "did:web:bücher.example",
            "did:web:ａ.example",
            "did:web:a..example",
            "did:web:a.example.",
            "did:web:-a.example",
            // Addresses.
            "did:web:127.0.0.1",
            "did:web:2130706433",
            "did:web:0x7f000001",
            "did:web:127.1",
            "did:web:%5B%3A%3A1%5D",
            // Ports.
            "did:web:a.example%3Aport",
            "did:web:a.example%3A",
            "did:web:a.example%3A0",
            "did:web:a.example%3A080",
            "did:web:a.example%3A65536",
            "did:web:a.example%3A80%3A80",
            "did:web:%3A80",
        ] {
            assert!(did_web_to_url(did).is_err(), "{did}");
            assert_eq!(document_url(did), None, "{did}");
        }
        let long = format!("did:web:a.example:{}", "a".repeat(MAX_TEXT));
        assert!(did_web_to_url(&long).is_err());
    }

    #[test]
    fn an_issuer_has_one_key_set_at_its_host() {
        for (issuer, url) in [
            ("https://A.example/t/b", Some("https://a.example/.well-known/jwks.json")),
            ("https://a.example:8443#x", Some("https://a.example:8443/.well-known/jwks.json")),
            ("https://u@a.example/", None),
            ("http://a.example/", None),
            ("did:web:a.example", None),
            ("https://10.0.0.1/", None),
        ] {
            assert_eq!(key_set_url(issuer).as_deref(), url, "{issuer}");
        }
    }
}
