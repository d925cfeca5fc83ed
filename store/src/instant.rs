//! Conversion of `timestamptz` to and from [`Timestamp`], infinities included.

use readmodel::time::Timestamp;
use sqlx::{
    Decode, Encode, Postgres, Type,
    encode::IsNull,
    error::BoxDynError,
    postgres::{PgArgumentBuffer, PgHasArrayType, PgTypeInfo, PgValueFormat, PgValueRef},
};

/// A `timestamptz` in a row or an argument of a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PgTime(pub Timestamp);

/// 2000-01-01T00:00:00Z, Postgres' epoch.
const POSTGRES_EPOCH_MICROS: i64 = 946_684_800_000_000;

/// Moves a count to another epoch. Both ends of the range stand for infinity, and stay as they are.
const fn shifted(micros: i64, by: i64) -> i64 {
    match micros {
        i64::MIN | i64::MAX => micros,
        _ => micros.saturating_add(by),
    }
}

impl From<PgTime> for Timestamp {
    fn from(time: PgTime) -> Self {
        time.0
    }
}

impl Type<Postgres> for PgTime {
    fn type_info() -> PgTypeInfo {
        PgTypeInfo::with_name("timestamptz")
    }
}

impl PgHasArrayType for PgTime {
    fn array_type_info() -> PgTypeInfo {
        PgTypeInfo::array_of("timestamptz")
    }
}

impl<'r> Decode<'r, Postgres> for PgTime {
    fn decode(value: PgValueRef<'r>) -> Result<Self, BoxDynError> {
        if value.format() != PgValueFormat::Binary {
            return Err("timestamptz not in binary form".into());
        }
        let micros = i64::from_be_bytes(value.as_bytes()?.try_into()?);
        Ok(Self(Timestamp::from_micros(shifted(micros, POSTGRES_EPOCH_MICROS))))
    }
}

impl Encode<'_, Postgres> for PgTime {
    fn encode_by_ref(&self, buffer: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        let micros = shifted(self.0.as_micros(), -POSTGRES_EPOCH_MICROS);
        buffer.extend_from_slice(&micros.to_be_bytes());
        Ok(IsNull::No)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn infinity_is_the_same_in_both_units() {
        for infinity in [i64::MIN, i64::MAX] {
            assert_eq!(shifted(infinity, POSTGRES_EPOCH_MICROS), infinity);
            assert_eq!(shifted(infinity, -POSTGRES_EPOCH_MICROS), infinity);
        }
        assert_eq!(shifted(0, POSTGRES_EPOCH_MICROS), POSTGRES_EPOCH_MICROS);
    }
}
