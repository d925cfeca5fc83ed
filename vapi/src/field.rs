//! Parsing of single fields. Vapi documents few types and does not keep to them, so a field of the wrong type counts as
//! absent and does not cost the rest of the message.

use bigdecimal::{BigDecimal, RoundingMode, ToPrimitive};
use readmodel::time::Timestamp;
use serde_json::Value;

/// The longest id, phone number, name or reason. Some are indexed in the database, which bounds the size of an index
/// entry; a longer text is none of these.
const MAX_SHORT_CHARS: usize = 256;

/// The longest decimal. A longer one is no amount, duration or score.
const MAX_DECIMAL_CHARS: usize = 40;

/// Beyond the range of a double. A string may have any exponent, and its zeros written out could fill the memory.
const MAX_DECIMAL_EXPONENT: i64 = 400;

/// 9999-12-31T23:59:59.999999Z, the last instant with a text form.
const LAST_MICROS: i64 = 253_402_300_799_999_999;

/// A text that is not blank; a number counts as its digits.
pub(crate) fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => (!text.trim().is_empty()).then(|| text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// A text of bounded length: an id, a phone number, a name or a reason.
pub(crate) fn short(value: &Value) -> Option<String> {
    text(value).filter(|text| text.chars().count() <= MAX_SHORT_CHARS)
}

/// The exact decimal that a JSON number or a string is written as.
///
/// A JSON number was parsed to the nearest double. Its shortest form has the digits that were sent, because Vapi's
/// numbers are doubles in their shortest form.
pub(crate) fn decimal(value: &Value) -> Option<BigDecimal> {
    let digits = text(value).filter(|text| text.len() <= MAX_DECIMAL_CHARS)?;
    let decimal: BigDecimal = digits.trim().parse().ok()?;
    (decimal.fractional_digit_count().abs() <= MAX_DECIMAL_EXPONENT).then(|| decimal.normalized())
}

/// A decimal rounded to a whole number, half to even; `None` if it does not fit.
pub(crate) fn whole(decimal: &BigDecimal) -> Option<i32> {
    decimal.with_scale_round(0, RoundingMode::HalfEven).to_i32()
}

/// An instant from 1970 on: milliseconds since the Unix epoch as a number, or ISO 8601 as a text.
pub(crate) fn timestamp(value: &Value) -> Option<Timestamp> {
    let at = match value {
        Value::Number(_) => {
            let micros = decimal(value)? * BigDecimal::from(1000);
            Timestamp::from_micros(micros.with_scale_round(0, RoundingMode::HalfEven).to_i64()?)
        }
        Value::String(text) => Timestamp::parse(text)?,
        _ => return None,
    };
    (0..=LAST_MICROS).contains(&at.as_micros()).then_some(at)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn parsed(text: &str) -> Value {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn values_of_wrong_types_count_as_absent() {
        for value in [json!(null), json!(true), json!([]), json!({"a": 1})] {
            assert_eq!((text(&value), decimal(&value), timestamp(&value)), (None, None, None), "{value}");
        }
        assert_eq!((text(&json!(" \n")), decimal(&json!("")), timestamp(&json!("soon"))), (None, None, None));
        assert_eq!(text(&json!(42)).as_deref(), Some("42"));
    }

    #[test]
    fn a_long_text_is_not_an_id() {
        assert_eq!(short(&json!("é".repeat(MAX_SHORT_CHARS))), Some("é".repeat(MAX_SHORT_CHARS)));
        assert_eq!(short(&json!("é".repeat(MAX_SHORT_CHARS + 1))), None);
    }

    #[test]
    fn a_huge_exponent_is_not_a_number() {
        for bomb in ["1e999999999", "-1e-999999999", "1e9223372036854775807", "1e99999999999999999999999"] {
            assert_eq!(decimal(&json!(bomb)), None, "{bomb}");
        }
        assert_eq!(decimal(&json!("9".repeat(MAX_DECIMAL_CHARS + 1))), None);
    }

    #[test]
    fn ties_go_to_the_even_neighbour() {
        let rounded = |text: &str| whole(&text.parse().unwrap());
        for (text, even) in [("0.5", 0), ("1.5", 2), ("2.5", 2), ("2.5000000000000001", 3), ("-0.5", 0), ("-1.5", -2)] {
            assert_eq!(rounded(text), Some(even), "{text}");
        }
        assert_eq!((rounded("2147483647.4"), rounded("2147483647.5")), (Some(i32::MAX), None));
    }

    #[test]
    fn instants_are_parsed_from_milliseconds_and_text() {
        let at = timestamp(&json!("2024-07-15T05:45:29.814Z"));
        assert_eq!(at, Some(Timestamp::from_micros(1_721_022_329_814_000)));
        assert_eq!(timestamp(&parsed("1721022329814")), at);
        assert_eq!(timestamp(&parsed("1.721022329814E12")), at);
        assert_eq!(timestamp(&parsed("1721022296770.9995")), Some(Timestamp::from_micros(1_721_022_296_771_000)));
        for outside in ["-1", "1e300", "\"0001-01-01T00:00:00Z\"", "999999999999999"] {
            assert_eq!(timestamp(&parsed(outside)), None, "{outside}");
        }
    }

    proptest! {
        #[test]
        fn a_double_keeps_its_digits(number in any::<f64>().prop_filter("JSON has no others", |n| n.is_finite())) {
            let sent = json!(number).to_string();
            prop_assert_eq!(decimal(&parsed(&sent)), Some(sent.parse::<BigDecimal>().unwrap()));
        }

        #[test]
        fn fifteen_digits_are_exact(digits in -999_999_999_999_999_i64..=999_999_999_999_999, scale in 0_i64..30) {
            let exact = BigDecimal::new(digits.into(), scale);
            prop_assert_eq!(decimal(&parsed(&exact.to_plain_string())), Some(exact));
        }

        #[test]
        fn no_text_panics(garbage in ".{0,60}", number in "[-+]?[0-9.eE_+-]{0,44}") {
            for text in [garbage, number] {
                if let Some(decimal) = decimal(&json!(text)) {
                    whole(&decimal);
                }
                timestamp(&json!(text));
            }
        }
    }
}
