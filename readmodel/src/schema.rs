//! Schemas in the API's description of types that are written as text or as a number.

use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        ObjectBuilder, RefOr, SchemaFormat,
        schema::{Schema, Type},
    },
};

use crate::{
    ids::{AgentId, AppointmentId, CallId, ContactId, OrgId},
    number::Number,
    time::Timestamp,
    version::{Receipt, Version},
};

macro_rules! written_as {
    ($type:ident, $format:literal: $($name:ty),+) => {$(
        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                let format = SchemaFormat::Custom($format.to_owned());
                ObjectBuilder::new().schema_type(Type::$type).format(Some(format)).into()
            }
        }

        impl ToSchema for $name {}
    )+};
}

written_as!(String, "uuid": AgentId, AppointmentId, CallId, ContactId, OrgId);
written_as!(String, "date-time": Timestamp);
written_as!(Number, "double": Number);

macro_rules! position {
    ($name:ty, $pattern:literal) => {
        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                ObjectBuilder::new().schema_type(Type::String).pattern(Some($pattern)).into()
            }
        }

        impl ToSchema for $name {}
    };
}

position!(Version, "^[0-9]{1,18}-[0-9]{1,18}$");
position!(Receipt, "^r[0-9]{1,18}-[0-9]{1,18}$");
