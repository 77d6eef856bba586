//! Web addresses, read so strictly that no two programs can disagree on where they lead.

/// How long an address may be, in bytes.
const MAX_BYTES: usize = 2_048;

/// An `http` or `https` URL without user, spaces, backslashes, dot segments or other ambiguities.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct WebAddress<'a> {
    pub(super) secure: bool,
    host: &'a str,
    port: u16,
    /// From the first `/`, `?` or `#` on; empty when there is none.
    rest: &'a str,
}

impl<'a> WebAddress<'a> {
    /// Reads an address; nothing when it is none, or not a plain one.
    pub(super) fn parse(text: &'a str) -> Option<Self> {
        if text.len() > MAX_BYTES || !text.bytes().all(is_url_byte) || !escapes_are_whole(text) {
            return None;
        }
        let (scheme, after) = text.split_once("://")?;
        let secure = match scheme {
            scheme if scheme.eq_ignore_ascii_case("https") => true,
            scheme if scheme.eq_ignore_ascii_case("http") => false,
            _ => return None,
        };
        let end = after.find(['/', '?', '#']).unwrap_or(after.len());
        let (authority, rest) = after.split_at(end);
        let (host, port) = authority_parts(authority)?;
        let path = rest.split(['?', '#']).next().unwrap_or_default();
        if path.split('/').any(is_dot_segment) {
            return None;
        }
        let port = port.unwrap_or(default_port(secure));
        Some(Self { secure, host, port, rest })
    }

    /// Whether both are at one scheme, host and port (RFC 6454).
    pub(super) fn has_origin_of(&self, other: &Self) -> bool {
        self.secure == other.secure
            && self.port == other.port
            && self.host.eq_ignore_ascii_case(other.host)
    }

    /// Whether this address is at a host, written `host` or `host:port`; without a port, the
    /// default one is meant.
    pub(super) fn is_at(&self, authority: &str) -> bool {
        let Some((host, port)) = authority_parts(authority) else { return false };
        self.host.eq_ignore_ascii_case(host)
            && self.port == port.unwrap_or(default_port(self.secure))
    }

    /// Whether this address is at the origin of a prefix and goes on as the prefix does.
    pub(super) fn starts_with(&self, prefix: &Self) -> bool {
        self.has_origin_of(prefix) && self.rest.starts_with(prefix.rest)
    }
}

fn default_port(secure: bool) -> u16 {
    if secure { 443 } else { 80 }
}

/// The characters that RFC 3986 allows, but for `\` and the like, which it does not.
fn is_url_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~:/?#[]@!$&'()*+,;=%".contains(&byte)
}

fn escapes_are_whole(text: &str) -> bool {
    text.split('%').skip(1).all(|after| {
        let digits = after.as_bytes().get(..2);
        digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    })
}

/// Segments that a client takes out before it fetches, however they are written.
fn is_dot_segment(segment: &str) -> bool {
    matches!(segment.to_ascii_lowercase().replace("%2e", ".").as_str(), "." | "..")
}

fn authority_parts(authority: &str) -> Option<(&str, Option<u16>)> {
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        _ => (authority, None),
    };
    let inner = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let is_name = |host: &str| {
        host.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b))
            && !host.starts_with(['.', '-'])
            && !host.contains("..")
    };
    let fits = match inner {
        Some(literal) => literal.parse::<std::net::Ipv6Addr>().is_ok(),
        None => !host.is_empty() && host.len() <= 253 && is_name(host),
    };
    let port = match port {
        None => None,
        Some(port) if port.bytes().all(|b| b.is_ascii_digit()) => Some(port.parse().ok()?),
        Some(_) => return None,
    };
    fits.then_some((host, port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ambiguous_address_is_none() {
        for text in [
            "https://a.org",
            "http://a.org:8080/x?y=1#z",
            "HTTPS://A.org/%41",
            "https://[::1]:443/x",
        ] {
            assert!(WebAddress::parse(text).is_some(), "{text}");
        }
        for text in [
            "",
            "a.org/x",
            "ftp://a.org/x",
            "https:/a.org",
            "https:///x",
            "https://user@a.org/x",
            "https://a.org\\@evil.org/x",
            "https://a.org:port/x",
            "https://a.org:99999/x",
            "https://a.org/../x",
            "https://a.org/x/%2E%2e/y",
            "https://a.org/x y",
            "https://a.org/%4",
            "https://a.org/ü",
            "https://a..org/x",
            "https://[a.org]/x",
            "https://a.org:/\u{0}",
        ] {
            assert!(WebAddress::parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn an_origin_is_scheme_host_and_port() {
        let address = |text| WebAddress::parse(text).unwrap();
        let a = address("https://a.org/x");
        assert!(a.has_origin_of(&address("https://A.ORG:443")));
        for other in ["http://a.org/x", "https://a.org:8443/x", "https://a.org.evil/x"] {
            assert!(!a.has_origin_of(&address(other)), "{other}");
        }
        assert!(a.is_at("a.org") && a.is_at("a.org:443"));
        assert!(!a.is_at("a.org:80") && !a.is_at("b.a.org") && !a.is_at("https://a.org"));
        assert!(a.starts_with(&address("https://a.org")));
        assert!(!a.starts_with(&address("https://a.org/y")));
    }
}
