//! Column types: their text input for INSERT and COPY, and how they are read back.

use readmodel::ids::{AppointmentId, CallId, ContactId, OrgId};
use sqlx::{Decode, Postgres, Type};
use uuid::Uuid;

use crate::oracle::{Direction, INFINITY, MINUS_INFINITY, Micros, Numeric};

/// A type of column values.
pub(super) trait Field: Sized {
    /// The name of the column type.
    const TYPE: &'static str;
    /// The type that the column is decoded to.
    type Raw: for<'r> Decode<'r, Postgres> + Type<Postgres>;

    /// The value as text input; `None` is null.
    fn text(&self) -> Option<String>;

    /// The expression that selects the column as `Raw`.
    fn select(column: &str) -> String {
        column.to_owned()
    }

    /// The value that was read.
    fn from_raw(raw: Self::Raw) -> sqlx::Result<Self>;
}

impl<T: Field> Field for Option<T>
where
    Option<T::Raw>: for<'r> Decode<'r, Postgres> + Type<Postgres>,
{
    const TYPE: &'static str = T::TYPE;
    type Raw = Option<T::Raw>;

    fn text(&self) -> Option<String> {
        self.as_ref().and_then(T::text)
    }

    fn select(column: &str) -> String {
        T::select(column)
    }

    fn from_raw(raw: Self::Raw) -> sqlx::Result<Self> {
        raw.map(T::from_raw).transpose()
    }
}

/// Implements [`Field`] for a type that is decoded directly and written as it prints.
macro_rules! plain_field {
    ($rust:ty, $postgres:literal) => {
        impl Field for $rust {
            const TYPE: &'static str = $postgres;
            type Raw = Self;

            fn text(&self) -> Option<String> {
                Some(self.to_string())
            }

            fn from_raw(raw: Self::Raw) -> sqlx::Result<Self> {
                Ok(raw)
            }
        }
    };
}

plain_field!(String, "text");
plain_field!(bool, "boolean");
plain_field!(i32, "integer");

macro_rules! id_field {
    ($id:ident) => {
        impl Field for $id {
            const TYPE: &'static str = "uuid";
            type Raw = Uuid;

            fn text(&self) -> Option<String> {
                Some(self.to_string())
            }

            fn from_raw(raw: Self::Raw) -> sqlx::Result<Self> {
                Ok(Self(raw))
            }
        }
    };
}

id_field!(OrgId);
id_field!(ContactId);
id_field!(CallId);
id_field!(AppointmentId);

impl Field for Direction {
    const TYPE: &'static str = "text";
    type Raw = String;

    fn text(&self) -> Option<String> {
        Some(self.as_str().to_owned())
    }

    fn from_raw(raw: Self::Raw) -> sqlx::Result<Self> {
        [Self::Inbound, Self::Outbound]
            .into_iter()
            .find(|direction| direction.as_str() == raw)
            .ok_or_else(|| sqlx::Error::Decode(format!("call_direction is {raw:?}").into()))
    }
}

impl Field for Micros {
    const TYPE: &'static str = "timestamptz";
    type Raw = i64;

    fn text(&self) -> Option<String> {
        match *self {
            INFINITY => Some("infinity".to_owned()),
            MINUS_INFINITY => Some("-infinity".to_owned()),
            at => jiff::Timestamp::from_microsecond(at).ok().map(|at| at.to_string()),
        }
    }

    fn select(column: &str) -> String {
        format!(
            "case {column} when 'infinity' then {INFINITY} when '-infinity' then -{INFINITY} - 1
             else (extract(epoch from {column}) * 1000000)::bigint end"
        )
    }

    fn from_raw(raw: Self::Raw) -> sqlx::Result<Self> {
        Ok(raw)
    }
}

/// Read as text, because sqlx's decimals have no infinity.
impl Field for Numeric {
    const TYPE: &'static str = "numeric";
    type Raw = String;

    fn text(&self) -> Option<String> {
        Some(match self {
            Self::Finite(value) => value.to_string(),
            Self::NotANumber => "NaN".to_owned(),
            Self::Infinity => "Infinity".to_owned(),
            Self::MinusInfinity => "-Infinity".to_owned(),
        })
    }

    fn select(column: &str) -> String {
        format!("{column}::text")
    }

    fn from_raw(raw: Self::Raw) -> sqlx::Result<Self> {
        raw.parse().map_err(|error| sqlx::Error::Decode(Box::new(error)))
    }
}

impl Field for Vec<Option<String>> {
    const TYPE: &'static str = "text[]";
    type Raw = Self;

    fn text(&self) -> Option<String> {
        let quoted = |item: &String| format!("\"{}\"", item.replace('\\', "\\\\").replace('"', "\\\""));
        let items: Vec<String> = self.iter().map(|item| item.as_ref().map_or_else(|| "NULL".into(), quoted)).collect();
        Some(format!("{{{}}}", items.join(",")))
    }

    fn from_raw(raw: Self::Raw) -> sqlx::Result<Self> {
        Ok(raw)
    }
}
