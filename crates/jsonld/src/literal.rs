//! How JSON values become literals (JSON-LD 1.1 API, 8.6).

use std::borrow::Cow;

use serde_json::{Map, Number, Value};

use crate::context::{Context, Resolved};
use crate::define::is_language;
use crate::error::{JsonLdError, Problem};
use crate::iri::Iri;
use crate::keyword::Keyword;

const XSD_STRING: &str = "<http://www.w3.org/2001/XMLSchema#string>";
const XSD_BOOLEAN: &str = "<http://www.w3.org/2001/XMLSchema#boolean>";
const XSD_INTEGER: &str = "<http://www.w3.org/2001/XMLSchema#integer>";
const XSD_DOUBLE: &str = "<http://www.w3.org/2001/XMLSchema#double>";
/// The datatypes of texts with language and direction (JSON-LD 1.1 API, "i18n-datatype").
const I18N: &str = "https://www.w3.org/ns/i18n#";
const RDF_JSON: &str = "<http://www.w3.org/1999/02/22-rdf-syntax-ns#JSON>";

/// A literal.
pub(crate) struct Literal<'v> {
    pub(crate) value: Cow<'v, str>,
    pub(crate) kind: Kind<'v>,
}

/// What there is to a literal beside its value.
pub(crate) enum Kind<'v> {
    Plain,
    Language(Cow<'v, str>),
    /// An IRI in angle brackets; never that of `xsd:string`, which is written by leaving it away.
    Datatype(Cow<'v, str>),
}

impl<'v> Literal<'v> {
    pub(crate) fn plain(text: &'v str, language: Option<&'v str>) -> Self {
        let kind = language.map_or(Kind::Plain, |language| Kind::Language(language.into()));
        Self { value: text.into(), kind }
    }

    /// A text of a datatype, which is in angle brackets.
    pub(crate) fn typed(text: impl Into<Cow<'v, str>>, datatype: impl Into<Cow<'v, str>>) -> Self {
        let datatype = datatype.into();
        let kind = if datatype == XSD_STRING { Kind::Plain } else { Kind::Datatype(datatype) };
        Self { value: text.into(), kind }
    }

    pub(crate) fn json(value: &Value) -> Result<Self, JsonLdError> {
        let text = serde_json_canonicalizer::to_string(value)
            .map_err(|_| Problem::Malformed("this json has no canonical form"))?;
        Ok(Self::typed(text, RDF_JSON))
    }

    /// A number or boolean, of the datatype given or of its usual one.
    pub(crate) fn native(
        value: &Value,
        datatype: Option<Cow<'v, str>>,
    ) -> Result<Self, JsonLdError> {
        let (text, usual): (Cow<'static, str>, _) = match value {
            Value::Bool(true) => ("true".into(), XSD_BOOLEAN),
            Value::Bool(false) => ("false".into(), XSD_BOOLEAN),
            Value::Number(number) => {
                match lexical(number, datatype.as_deref() == Some(XSD_DOUBLE)) {
                    Some(Lexical::Integer(text)) => (text.into(), XSD_INTEGER),
                    Some(Lexical::Double(text)) => (text.into(), XSD_DOUBLE),
                    None => return Err(Problem::Malformed("this number is too large").into()),
                }
            }
            _ => return Err(Problem::Malformed("this is neither number nor boolean").into()),
        };
        Ok(Self::typed(text, datatype.unwrap_or(Cow::Borrowed(usual))))
    }
}

/// A language tag in the one way of writing it that counts.
pub(crate) fn language(tag: &str) -> Option<Cow<'_, str>> {
    let lower = |tag: &str| !tag.bytes().any(|byte| byte.is_ascii_uppercase());
    is_language(tag)
        .then(|| if lower(tag) { Cow::Borrowed(tag) } else { Cow::Owned(tag.to_ascii_lowercase()) })
}

/// An object with `@value` (value objects); nothing when the value is null.
pub(crate) fn value_object<'v>(
    members: &'v Map<String, Value>,
    context: &'v Context,
) -> Result<Option<Literal<'v>>, JsonLdError> {
    let (mut value, mut kind, mut tag, mut direction) = (None, None, None, None);
    for (name, member) in members {
        let slot = match context.resolve(name, true) {
            Resolved::Keyword(Keyword::Value) => &mut value,
            Resolved::Keyword(Keyword::Type) => &mut kind,
            Resolved::Keyword(Keyword::Language) => &mut tag,
            Resolved::Keyword(Keyword::Direction) => &mut direction,
            Resolved::Keyword(Keyword::Index | Keyword::Context) => continue,
            _ => return Err(Problem::Unsupported(format!("{name} beside @value")).into()),
        };
        if slot.replace(member).is_some() {
            return Err(Problem::Malformed("a value object repeats a member").into());
        }
    }
    let Some(value) = value else { return Ok(None) };
    let datatype = match kind.filter(|kind| !kind.is_null()) {
        None => None,
        Some(kind) => {
            let name = kind.as_str().ok_or(Problem::Malformed("a datatype must be a text"))?;
            match context.resolve(name, true) {
                Resolved::Keyword(Keyword::Json) => return Literal::json(value).map(Some),
                Resolved::Iri(iri) => Some(Cow::Borrowed(iri.bracketed())),
                Resolved::Joined(first, second) => Some(format!("<{first}{second}>").into()),
                _ => return Err(Problem::undefined_type(name).into()),
            }
        }
    };
    let language = match tag.filter(|tag| !tag.is_null()) {
        None => None,
        Some(tag) => {
            let tag = tag.as_str().filter(|_| datatype.is_none()).and_then(language);
            Some(tag.ok_or(Problem::Malformed("the @language is malformed"))?)
        }
    };
    if let Some(direction) = direction {
        return directed(value, language.as_deref(), datatype.is_some(), direction);
    }
    match (value, language) {
        (Value::Null, _) => Ok(None),
        (Value::String(text), Some(tag)) => {
            Ok(Some(Literal { value: text.into(), kind: Kind::Language(tag) }))
        }
        (Value::String(text), None) => Ok(Some(match datatype {
            Some(datatype) => Literal::typed(text, datatype),
            None => Literal::plain(text, None),
        })),
        (Value::Bool(_) | Value::Number(_), None) => Literal::native(value, datatype).map(Some),
        _ => Err(Problem::Malformed("the @value is not of a kind that it may be").into()),
    }
}

/// A text with a base direction: RDF has a place for that in the datatypes of `i18n` only, which is
/// how the cryptosuites of Data Integrity carry it in practice.
fn directed<'v>(
    value: &'v Value,
    language: Option<&str>,
    typed: bool,
    direction: &Value,
) -> Result<Option<Literal<'v>>, JsonLdError> {
    let (Value::String(text), false) = (value, typed) else {
        return Err(Problem::Malformed("only a text without @type has a @direction").into());
    };
    let direction = direction.as_str().filter(|direction| matches!(*direction, "ltr" | "rtl"));
    let direction = direction.ok_or(Problem::Malformed("the @direction is not ltr or rtl"))?;
    let datatype = format!("<{I18N}{}_{direction}>", language.unwrap_or_default());
    Ok(Some(Literal::typed(text, datatype)))
}

/// The datatype that a term gives its values, in angle brackets.
pub(crate) fn datatype(iri: &Iri) -> Cow<'_, str> {
    Cow::Borrowed(iri.bracketed())
}

/// A lexical form and whether it is a double rather than an integer.
enum Lexical {
    Integer(String),
    Double(String),
}

/// Writes a number as the other implementations do, which all read it as a double first.
fn lexical(number: &Number, as_double: bool) -> Option<Lexical> {
    let value = number.as_f64().filter(|value| value.is_finite())?;
    if value.fract() != 0.0 || value.abs() >= 1e21 || as_double {
        Some(Lexical::Double(double(value)))
    } else if value == 0.0 {
        Some(Lexical::Integer("0".to_owned()))
    } else {
        Some(Lexical::Integer(format!("{value:.0}")))
    }
}

/// The canonical form of `xsd:double`, of at most 16 digits: `3.5E0`.
fn double(value: f64) -> String {
    let text = format!("{value:.15E}");
    let Some((mantissa, exponent)) = text.split_once('E') else { return text };
    let digits = mantissa.trim_end_matches('0');
    let zero = if digits.ends_with('.') { "0" } else { "" };
    format!("{digits}{zero}E{exponent}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(json: &str, as_double: bool) -> String {
        match lexical(&serde_json::from_str(json).unwrap(), as_double).unwrap() {
            Lexical::Integer(text) | Lexical::Double(text) => text,
        }
    }

    #[test]
    fn numbers_are_written_as_the_recommendation_says() {
        assert_eq!(write("3.5", false), "3.5E0");
        assert_eq!(write("0.1", false), "1.0E-1");
        assert_eq!(write("4.0", false), "4");
        assert_eq!(write("4", true), "4.0E0");
        assert_eq!(write("-12", false), "-12");
        assert_eq!(write("-0.0", false), "0");
        assert_eq!(write("1e21", false), "1.0E21");
        assert_eq!(write("9007199254740993", false), "9007199254740992");
    }
}
