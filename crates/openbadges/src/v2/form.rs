//! What the value of one member can be, as long as it is no document.

use serde_json::Value;

use super::address::WebAddress;
use super::moment::moment;

/// How long any one text may be, in bytes.
const MAX_TEXT: usize = 1 << 20;

/// The form of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// Text, with a language or without.
    Text,
    /// Text or a number.
    TextOrNumber,
    /// `true` or `false`.
    Flag,
    /// A date and time with a zone.
    Moment,
    /// A web address, a `urn:uuid:`, or the name of a blank node.
    Iri,
    /// A web address.
    Url,
    /// An address of a picture, or the picture itself where `data` says so.
    Picture { data: bool },
    /// An e-mail address.
    Email,
    /// A telephone number (E.164).
    Phone,
    /// A host, with a port or without.
    Host,
    /// A language tag (BCP 47).
    Language,
    /// The only property that can be verified: `id`.
    IdProperty,
}

impl Form {
    /// Whether a value has this form.
    pub(super) fn admits(self, value: &Value) -> bool {
        match (self, value) {
            (Self::Flag, value) => value.is_boolean(),
            (Self::TextOrNumber, Value::Number(_)) => true,
            (Self::Text | Self::TextOrNumber, Value::Object(object)) => {
                // One text in one language, as JSON-LD writes it.
                let language = object.get("@language");
                object.get("@value").is_some_and(|text| Self::Text.admits_text(text))
                    && language.is_none_or(|tag| Self::Language.admits_text(tag))
            }
            (form, value) => form.admits_text(value),
        }
    }

    fn admits_text(self, value: &Value) -> bool {
        let Some(text) = value.as_str().filter(|text| text.len() <= MAX_TEXT) else {
            return false;
        };
        match self {
            Self::Text | Self::TextOrNumber => true,
            Self::Flag => false,
            Self::Moment => moment(text).is_some(),
            Self::Iri => is_iri(text),
            Self::Url => WebAddress::parse(text).is_some(),
            Self::Picture { data } => {
                WebAddress::parse(text).is_some() || (data && is_picture_data(text))
            }
            Self::Email => is_email(text),
            Self::Phone => is_phone(text),
            Self::Host => {
                WebAddress::parse(&format!("https://{text}/")).is_some()
                    && !text.contains(['/', '?', '#'])
            }
            Self::Language => is_language(text),
            Self::IdProperty => matches!(text, "id" | "@id"),
        }
    }

    /// What is wanted, for the message of a fault.
    pub(super) fn wanted(self) -> &'static str {
        match self {
            Self::Text => "a text",
            Self::TextOrNumber => "a text or a number",
            Self::Flag => "true or false",
            Self::Moment => "a date and time with a zone, like 2025-01-31T12:00:00Z",
            Self::Iri => "a web address or urn:uuid:…",
            Self::Url => "a web address",
            Self::Picture { data: false } => "the web address of a picture",
            Self::Picture { data: true } => {
                "the web address of a picture, or a png or svg as data url"
            }
            Self::Email => "an e-mail address",
            Self::Phone => "a telephone number, like +16175551212",
            Self::Host => "the name of a host",
            Self::Language => "a language tag",
            Self::IdProperty => "id",
        }
    }
}

fn is_iri(text: &str) -> bool {
    WebAddress::parse(text).is_some() || text.starts_with("_:") || is_urn_uuid(text)
}

fn is_urn_uuid(text: &str) -> bool {
    let Some((prefix, uuid)) = text.split_at_checked("urn:uuid:".len()) else { return false };
    let dashes = [8, 13, 18, 23];
    prefix.eq_ignore_ascii_case("urn:uuid:")
        && uuid.len() == 36
        && uuid.bytes().enumerate().all(|(at, byte)| match byte {
            b'-' => dashes.contains(&at),
            byte => byte.is_ascii_hexdigit() && !dashes.contains(&at),
        })
}

fn is_picture_data(text: &str) -> bool {
    let Some((media, data)) = text.strip_prefix("data:").and_then(|rest| rest.split_once(','))
    else {
        return false;
    };
    let kind = media.split(';').next().unwrap_or_default();
    matches!(kind, "image/png" | "image/svg+xml") && data.bytes().all(|b| b.is_ascii_graphic())
}

/// Something at something.
pub(super) fn is_email(text: &str) -> bool {
    let whole = |part: &str| !part.is_empty() && !part.contains('@');
    text.split_once('@').is_some_and(|(name, host)| whole(name) && whole(host))
        && !text.contains(char::is_whitespace)
}

fn is_phone(text: &str) -> bool {
    let (number, extension) = match text.split_once(";ext=") {
        Some((number, extension)) => (number, Some(extension)),
        None => (text, None),
    };
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let number = number.strip_prefix('+').unwrap_or(number);
    digits(number)
        && (2..=15).contains(&number.len())
        && !number.starts_with('0')
        && extension.is_none_or(digits)
}

fn is_language(text: &str) -> bool {
    let mut parts = text.split('-');
    let fits = |part: &str| {
        (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric())
    };
    let primary = parts.next().unwrap_or_default();
    fits(primary) && primary.bytes().all(|b| b.is_ascii_alphabetic()) && parts.all(fits)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_form_admits_its_own_values_only() {
        let (yes, no) = (true, false);
        for (form, value, admitted) in [
            (Form::Text, json!("x"), yes),
            (Form::Text, json!({"@value": "x", "@language": "de-CH"}), yes),
            (Form::Text, json!({"@value": "x", "@language": "?"}), no),
            (Form::Text, json!(1), no),
            (Form::TextOrNumber, json!(1.5), yes),
            (Form::Flag, json!(true), yes),
            (Form::Flag, json!("true"), no),
            (Form::Moment, json!("2016-12-31"), no),
            (Form::Moment, json!(1_482_000_000), no),
            (Form::Iri, json!("urn:uuid:a953081a-4bbd-4927-9653-7219bca00e3b"), yes),
            (Form::Iri, json!("URN:UUID:A953081A-4bbd-4927-9653-7219bca00e3b"), yes),
            (Form::Iri, json!("urn:uuid:a953081a"), no),
            (Form::Iri, json!("did:web:a.org"), no),
            (Form::Iri, json!("badge.json"), no),
            (Form::Url, json!("urn:uuid:a953081a-4bbd-4927-9653-7219bca00e3b"), no),
            (Form::Picture { data: yes }, json!("data:image/png;base64,AAAA"), yes),
            (Form::Picture { data: yes }, json!("data:image/gif;base64,AAAA"), no),
            (Form::Picture { data: no }, json!("data:image/png;base64,AAAA"), no),
            (Form::Email, json!("a@b"), yes),
            (Form::Email, json!("a b@c"), no),
            (Form::Email, json!("a@b@c"), no),
            (Form::Phone, json!("+16175551212;ext=12"), yes),
            (Form::Phone, json!("(617) 555-1212"), no),
            (Form::Host, json!("a.org:8443"), yes),
            (Form::Host, json!("https://a.org"), no),
            (Form::Host, json!("a.org/x"), no),
            (Form::Language, json!("zh-Hant-TW"), yes),
            (Form::Language, json!("en_US"), no),
            (Form::IdProperty, json!("url"), no),
        ] {
            assert_eq!(form.admits(&value), admitted, "{form:?} {value}");
        }
    }
}
