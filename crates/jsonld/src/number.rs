//! How native JSON numbers and booleans become literals (JSON-LD 1.1 API, 8.6).

use serde_json::Number;

/// A lexical form and whether it is a double rather than an integer.
pub(crate) enum Lexical {
    Integer(String),
    Double(String),
}

/// Writes a number as the other implementations do, which all read it as a double first.
pub(crate) fn lexical(number: &Number, as_double: bool) -> Option<Lexical> {
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
