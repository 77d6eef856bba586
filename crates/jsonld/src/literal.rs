//! How JSON values become literals (JSON-LD 1.1 API, 8.6).

use std::sync::Arc;

use serde_json::{Map, Number, Value};

use crate::context::{Context, Keyword, Resolved};
use crate::dataset::Term;
use crate::define::is_language;
use crate::error::{JsonLdError, Problem};

const XSD_STRING: &str = "http://www.w3.org/2001/XMLSchema#string";
const XSD_BOOLEAN: &str = "http://www.w3.org/2001/XMLSchema#boolean";
const XSD_INTEGER: &str = "http://www.w3.org/2001/XMLSchema#integer";
const XSD_DOUBLE: &str = "http://www.w3.org/2001/XMLSchema#double";

pub(crate) fn literal(text: &str, datatype: Option<Arc<str>>) -> Term {
    let datatype = datatype.filter(|datatype| &**datatype != XSD_STRING);
    Term::Literal { value: text.into(), datatype, language: None }
}

pub(crate) fn json_literal(value: &Value) -> Result<Term, JsonLdError> {
    let text = serde_json_canonicalizer::to_string(value)
        .map_err(|_| Problem::Malformed("this json has no canonical form"))?;
    let datatype = "http://www.w3.org/1999/02/22-rdf-syntax-ns#JSON".into();
    Ok(Term::Literal { value: text.into(), datatype: Some(datatype), language: None })
}

/// A number or boolean, of the datatype given or of its usual one.
pub(crate) fn native(value: &Value, datatype: Option<Arc<str>>) -> Result<Term, JsonLdError> {
    let (text, usual) = match value {
        Value::Bool(yes) => (yes.to_string(), XSD_BOOLEAN),
        Value::Number(number) => match lexical(number, datatype.as_deref() == Some(XSD_DOUBLE)) {
            Some(Lexical::Integer(text)) => (text, XSD_INTEGER),
            Some(Lexical::Double(text)) => (text, XSD_DOUBLE),
            None => return Err(Problem::Malformed("this number is too large").into()),
        },
        _ => return Err(Problem::Malformed("this is neither number nor boolean").into()),
    };
    Ok(literal(&text, Some(datatype.unwrap_or_else(|| usual.into()))))
}

/// An object with `@value` (value objects); nothing when the value is null.
pub(crate) fn value_object(
    members: &Map<String, Value>,
    context: &Context,
) -> Result<Option<Term>, JsonLdError> {
    let (mut value, mut kind, mut language) = (None, None, None);
    for (name, member) in members {
        let slot = match context.resolve(name, true) {
            Resolved::Keyword(Keyword::Value) => &mut value,
            Resolved::Keyword(Keyword::Type) => &mut kind,
            Resolved::Keyword(Keyword::Language) => &mut language,
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
                Resolved::Keyword(Keyword::Json) => return json_literal(value).map(Some),
                Resolved::Iri(iri) => Some(iri),
                _ => return Err(Problem::UndefinedType(name.to_owned()).into()),
            }
        }
    };
    let language = match language.filter(|language| !language.is_null()) {
        None => None,
        Some(language) => {
            let tag = language.as_str().filter(|tag| is_language(tag) && datatype.is_none());
            let tag = tag.ok_or(Problem::Malformed("the @language is malformed"))?;
            Some(Arc::from(tag.to_ascii_lowercase()))
        }
    };
    match value {
        Value::Null => Ok(None),
        Value::String(text) if language.is_some() => {
            Ok(Some(Term::Literal { value: text.as_str().into(), datatype: None, language }))
        }
        Value::String(text) => Ok(Some(literal(text, datatype))),
        Value::Bool(_) | Value::Number(_) if language.is_none() => {
            Ok(Some(native(value, datatype)?))
        }
        _ => Err(Problem::Malformed("the @value is not of a kind that it may be").into()),
    }
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
