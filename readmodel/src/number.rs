//! Exact decimals as JSON numbers. Nothing here passes through a float, and every rounding is half to even.

use bigdecimal::{
    BigDecimal, RoundingMode, Zero,
    num_bigint::{BigInt, Sign},
};
use serde::{Serialize, Serializer, ser::Error};
use serde_json::value::RawValue;

/// Decimals of a mean.
const MEAN_DIGITS: i64 = 4;

/// A number in its one textual form: plain digits, no exponent, no trailing zeros.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Number(BigDecimal);

impl Number {
    /// Zero.
    pub fn zero() -> Self {
        Self(BigDecimal::zero())
    }

    /// The number as it is.
    pub fn exact(value: BigDecimal) -> Self {
        Self(value)
    }

    /// An amount of money: at most two decimals.
    pub fn money(amount: BigDecimal) -> Self {
        Self(amount.with_scale_round(2, RoundingMode::HalfEven))
    }

    /// The mean of `count` values that add up to `sum`, to four decimals; `None` without values.
    pub fn mean(sum: &BigDecimal, count: i64) -> Option<Self> {
        ratio(sum, count, MEAN_DIGITS).map(Self)
    }

    /// `part` of `whole` in percent, to one decimal; zero of nothing is zero.
    pub fn percent(part: i64, whole: i64) -> Self {
        Self(ratio(&BigDecimal::from(i128::from(part) * 100), whole, 1).unwrap_or_default())
    }
}

/// The mean as a whole number; `None` without values.
pub fn whole_mean(sum: &BigDecimal, count: i64) -> Option<i64> {
    use bigdecimal::ToPrimitive;
    ratio(sum, count, 0).and_then(|mean| mean.to_i64())
}

/// `sum / count` to `digits` decimals.
///
/// The quotient is taken over integers, because a decimal quotient may have no end, and cutting it first would turn
/// a value just above a half into a tie.
fn ratio(sum: &BigDecimal, count: i64, digits: i64) -> Option<BigDecimal> {
    if count <= 0 {
        return None;
    }
    let (unscaled, scale) = sum.as_bigint_and_exponent();
    let ten = |power: i64| BigInt::from(10).pow(u32::try_from(power).unwrap_or(0));
    let (up, down) = if digits >= scale { (digits - scale, 0) } else { (0, scale - digits) };
    let numerator = unscaled * ten(up);
    let denominator = BigInt::from(count) * ten(down);
    Some(BigDecimal::new(divide_half_even(&numerator, &denominator), digits))
}

fn divide_half_even(numerator: &BigInt, denominator: &BigInt) -> BigInt {
    let negative = numerator.sign() == Sign::Minus;
    let magnitude = numerator.magnitude();
    let divisor = denominator.magnitude();
    let (mut quotient, remainder) = (magnitude / divisor, magnitude % divisor);
    let twice = remainder * 2u32;
    if twice > *divisor || (twice == *divisor && quotient.bit(0)) {
        quotient += 1u32;
    }
    BigInt::from_biguint(if negative { Sign::Minus } else { Sign::Plus }, quotient)
}

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let text = self.0.normalized().to_plain_string();
        RawValue::from_string(text).map_err(S::Error::custom)?.serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(number: &Number) -> String {
        serde_json::to_string(number).unwrap()
    }

    fn decimal(text: &str) -> BigDecimal {
        text.parse().unwrap()
    }

    #[test]
    fn numbers_have_one_form() {
        for (value, text) in [
            ("0.50", "0.5"),
            ("100", "100"),
            ("1e3", "1000"),
            ("-0.0", "0"),
            ("0.0001", "0.0001"),
            ("1e-7", "0.0000001"),
        ] {
            assert_eq!(json(&Number::exact(decimal(value))), text);
        }
    }

    #[test]
    fn ties_go_to_the_even_neighbour() {
        for (sum, count, mean) in [
            ("1", 20_000, "0"),
            ("3", 20_000, "0.0002"),
            ("-3", 20_000, "-0.0002"),
            ("1", 3, "0.3333"),
            ("2", 3, "0.6667"),
            ("7e2", 7, "100"),
        ] {
            assert_eq!(json(&Number::mean(&decimal(sum), count).unwrap()), mean, "{sum}/{count}");
        }
        assert_eq!(whole_mean(&decimal("5"), 2), Some(2));
        assert_eq!(whole_mean(&decimal("7"), 2), Some(4));
        assert_eq!(json(&Number::percent(1, 2000)), "0");
        assert_eq!(json(&Number::percent(3, 2000)), "0.2");
        assert_eq!(json(&Number::money(decimal("10.125"))), "10.12");
    }

    #[test]
    fn a_hair_above_a_tie_is_no_tie() {
        // Slightly above 0.00005: a quotient truncated to few digits would look like a tie.
        let sum = decimal("0.0000500000000000000000000000000000001");
        assert_eq!(json(&Number::mean(&sum, 1).unwrap()), "0.0001");
    }

    #[test]
    fn nothing_has_no_mean() {
        assert_eq!(Number::mean(&decimal("1"), 0), None);
        assert_eq!(whole_mean(&decimal("1"), 0), None);
        assert_eq!(json(&Number::percent(0, 0)), "0");
    }
}
