//! Typed ids, so that one kind is never passed for another and only a parsed uuid ever becomes part of a key.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;

            fn from_str(s: &str) -> Result<Self, Self::Err> {
                Uuid::parse_str(s).map(Self)
            }
        }
    };
}

id! {
    /// An organisation: the tenant. Every key, blob, mark and job names exactly one.
    OrgId
}
id! {
    /// A row of `contacts`.
    ContactId
}
id! {
    /// A row of `calls`: ours, not Vapi's id of the call.
    CallId
}
id! {
    /// A row of `appointments`.
    AppointmentId
}
id! {
    /// A row of `agents`.
    AgentId
}
id! {
    /// One database, from its first migration or its last restore on. Whatever lies outside Postgres belongs to one.
    Installation
}
