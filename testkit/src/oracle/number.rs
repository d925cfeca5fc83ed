//! Exact numbers: sums and means as fractions, rounded once, half to even.

use std::cmp::Ordering;
use std::str::FromStr;

use bigdecimal::num_bigint::{BigInt, BigUint};
use bigdecimal::{BigDecimal, ParseBigDecimalError, Zero};

use super::json::Json;

/// Postgres' `numeric`.
#[derive(Clone, Debug, PartialEq)]
pub enum Numeric {
    /// A number.
    Finite(BigDecimal),
    /// `NaN`.
    NotANumber,
    /// `Infinity`.
    Infinity,
    /// `-Infinity`.
    MinusInfinity,
}

impl Numeric {
    /// The number, unless it counts as null: it is not finite, or has more than 300 digits, which most JSON readers parse as
    /// infinity.
    #[must_use]
    pub fn counted(&self) -> Option<&BigDecimal> {
        match self {
            Self::Finite(value) if value.is_zero() || whole_digits(value) <= 300 => Some(value),
            _ => None,
        }
    }
}

/// The number of digits before the point.
fn whole_digits(value: &BigDecimal) -> i64 {
    i64::try_from(value.digits()).unwrap_or(i64::MAX).saturating_sub(value.fractional_digit_count())
}

impl FromStr for Numeric {
    type Err = ParseBigDecimalError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "NaN" => Ok(Self::NotANumber),
            "Infinity" => Ok(Self::Infinity),
            "-Infinity" => Ok(Self::MinusInfinity),
            digits => decimal(digits).map(Self::Finite),
        }
    }
}

/// Parses a decimal. A number of a hundred thousand digits is mostly zeros, which need no arithmetic.
fn decimal(text: &str) -> Result<BigDecimal, ParseBigDecimalError> {
    let digits = text.trim_end_matches('0');
    let zeros = text.len() - digits.len();
    if zeros < 300 || text.contains(['.', 'e', 'E']) {
        return text.parse();
    }
    let (unscaled, scale) = digits.parse::<BigDecimal>()?.into_bigint_and_exponent();
    Ok(BigDecimal::new(unscaled, scale.saturating_sub_unsigned(zeros as u64)))
}

/// The exact value, without trailing zeros and exponent.
pub(super) fn plain(value: &BigDecimal) -> Json {
    let (unscaled, scale) = value.as_bigint_and_exponent();
    Json::Number(text(&unscaled, scale))
}

/// The mean, rounded to `decimals`; `None` without values.
pub(super) fn mean(values: &[BigDecimal], decimals: u32) -> Option<Json> {
    (!values.is_empty()).then(|| rounded(&values.iter().sum(), values.len(), decimals))
}

/// `total / parts`, rounded half to even to `decimals`. `parts` is not 0.
pub(super) fn rounded(total: &BigDecimal, parts: usize, decimals: u32) -> Json {
    let (unscaled, scale) = total.as_bigint_and_exponent();
    let mut numerator = unscaled.magnitude() * ten_to(i64::from(decimals));
    let mut denominator = BigUint::from(parts);
    if scale >= 0 {
        denominator *= ten_to(scale);
    } else {
        numerator *= ten_to(-scale);
    }
    let magnitude = divide_half_even(&numerator, &denominator);
    Json::Number(text(&BigInt::from_biguint(unscaled.sign(), magnitude), i64::from(decimals)))
}

fn divide_half_even(numerator: &BigUint, denominator: &BigUint) -> BigUint {
    let quotient = numerator / denominator;
    let twice_the_rest = (numerator % denominator) * 2u32;
    let up = match twice_the_rest.cmp(denominator) {
        Ordering::Less => false,
        Ordering::Equal => quotient.bit(0),
        Ordering::Greater => true,
    };
    quotient + u32::from(up)
}

fn ten_to(exponent: i64) -> BigUint {
    (0..exponent).fold(BigUint::from(1u32), |power, _| power * 10u32)
}

/// `unscaled / 10^scale` in digits.
fn text(unscaled: &BigInt, scale: i64) -> String {
    let mut whole = unscaled.magnitude().to_string();
    let mut fraction = String::new();
    for _ in scale..0 {
        whole.push('0');
    }
    for _ in 0..scale {
        fraction.insert(0, whole.pop().unwrap_or('0'));
    }
    let whole = whole.trim_start_matches('0');
    let fraction = fraction.trim_end_matches('0');
    let sign = if *unscaled < BigInt::ZERO { "-" } else { "" };
    let whole = if whole.is_empty() { "0" } else { whole };
    let point = if fraction.is_empty() { "" } else { "." };
    format!("{sign}{whole}{point}{fraction}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(json: Json) -> String {
        String::from_utf8(json.to_bytes()).unwrap()
    }

    fn decimal(text: &str) -> BigDecimal {
        text.parse().unwrap()
    }

    #[test]
    fn plain_numbers_have_no_trailing_zeros_and_no_exponent() {
        let cases = [
            ("0", "0"),
            ("0.00", "0"),
            ("-0.0", "0"),
            ("0.50", "0.5"),
            ("100", "100"),
            ("100.00", "100"),
            ("1e3", "1000"),
            ("-12.340", "-12.34"),
            ("-0.007", "-0.007"),
            ("1e-20", "0.00000000000000000001"),
            ("12345678901234567890.120", "12345678901234567890.12"),
        ];
        for (given, expected) in cases {
            assert_eq!(number(plain(&decimal(given))), expected, "{given}");
        }
    }

    #[test]
    fn a_number_that_json_cannot_hold_counts_as_null() {
        let counts = |text: &str| text.parse::<Numeric>().unwrap().counted().is_some();
        assert!(counts("-12.5") && counts("9e299") && counts("1e-400"));
        for text in ["NaN", "Infinity", "-Infinity", "1e300", "-1e100000"] {
            assert!(!counts(text), "{text}");
        }
    }

    #[test]
    fn rounding_is_half_to_even_on_both_sides_of_zero() {
        let cases = [
            ("0.00005", 1, 4, "0"),
            ("0.00015", 1, 4, "0.0002"),
            ("0.00025", 1, 4, "0.0002"),
            ("-0.00005", 1, 4, "0"),
            ("-0.00015", 1, 4, "-0.0002"),
            ("0.000150000000000000000000000000000001", 1, 4, "0.0002"),
            ("0.000250000000000000000000000000000001", 1, 4, "0.0003"),
            ("1", 3, 4, "0.3333"),
            ("2", 3, 4, "0.6667"),
            ("1", 2, 0, "0"),
            ("3", 2, 0, "2"),
            ("5", 2, 0, "2"),
            ("-5", 2, 0, "-2"),
            ("1e2", 3, 0, "33"),
            ("100", 16, 1, "6.2"),
            ("300", 16, 1, "18.8"),
            ("0.125", 1, 2, "0.12"),
        ];
        for (total, parts, decimals, expected) in cases {
            assert_eq!(number(rounded(&decimal(total), parts, decimals)), expected, "{total} / {parts}");
        }
    }

    #[test]
    fn a_mean_needs_values() {
        assert!(mean(&[], 4).is_none());
        let mean = mean(&[decimal("0.0001"), decimal("0.0002")], 4).unwrap();
        assert_eq!(number(mean), "0.0002", "0.00015 rounds to even");
    }
}
