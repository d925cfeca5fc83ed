//! Source tables: the columns of a row, and its map in a [`World`].

use std::collections::BTreeMap;

use readmodel::ids::{AppointmentId, CallId, ContactId, OrgId};
use sqlx::Row as _;
use sqlx::postgres::PgRow;
use uuid::Uuid;

use super::field::Field;
use crate::oracle::{Appointment, Call, Contact, Organization, World};

/// A column of a source table.
pub(super) struct Column {
    pub(super) name: &'static str,
    /// The name of the column's type.
    pub(super) sql_type: &'static str,
    /// The expression that selects the column.
    pub(super) select: String,
}

/// A row of a source table.
pub(super) trait Table: Clone {
    /// The primary key.
    type Id: Copy + Ord;
    const NAME: &'static str;
    /// The column with the row's org.
    const OWNER: &'static str;

    fn id(&self) -> Self::Id;
    fn uuid(id: Self::Id) -> Uuid;
    fn of(world: &World) -> &BTreeMap<Self::Id, Self>;
    fn of_mut(world: &mut World) -> &mut BTreeMap<Self::Id, Self>;

    fn columns() -> Vec<Column>;
    /// The values of the columns as text input.
    fn texts(&self) -> Vec<Option<String>>;
    /// Copies one column; the index wraps around.
    fn take_column(&mut self, index: usize, from: &Self);
    fn read(row: &PgRow) -> sqlx::Result<Self>;
}

/// A column whose type follows from the field.
fn column<R, T: Field>(name: &'static str, _: fn(&R) -> &T) -> Column {
    Column { name, sql_type: T::TYPE, select: T::select(name) }
}

fn value<T: Field>(row: &PgRow, name: &str) -> sqlx::Result<T> {
    T::from_raw(row.try_get(name)?)
}

macro_rules! table {
    ($row:ident, $id:ident, $name:ident, $owner:literal, [$($column:ident),+ $(,)?]) => {
        impl Table for $row {
            type Id = $id;
            const NAME: &'static str = concat!("public.", stringify!($name));
            const OWNER: &'static str = $owner;

            fn id(&self) -> $id {
                self.id
            }

            fn uuid(id: $id) -> Uuid {
                id.0
            }

            fn of(world: &World) -> &BTreeMap<$id, Self> {
                &world.$name
            }

            fn of_mut(world: &mut World) -> &mut BTreeMap<$id, Self> {
                &mut world.$name
            }

            fn columns() -> Vec<Column> {
                vec![$(column(stringify!($column), |row: &Self| &row.$column)),+]
            }

            fn texts(&self) -> Vec<Option<String>> {
                vec![$(self.$column.text()),+]
            }

            fn take_column(&mut self, index: usize, from: &Self) {
                let takers: &[fn(&mut Self, &Self)] = &[$(|to, from| to.$column = from.$column.clone()),+];
                takers[index % takers.len()](self, from);
            }

            fn read(row: &PgRow) -> sqlx::Result<Self> {
                Ok(Self { $($column: value(row, stringify!($column))?),+ })
            }
        }
    };
}

table!(Organization, OrgId, organizations, "id", [id, name, timezone]);
table!(
    Contact,
    ContactId,
    contacts,
    "org_id",
    [
        id,
        org_id,
        name,
        phone,
        email,
        lead_score,
        lead_status,
        service_interests,
        estimated_value,
        last_contact_at,
        created_at,
    ]
);
table!(
    Call,
    CallId,
    calls,
    "org_id",
    [
        id,
        org_id,
        contact_id,
        vapi_call_id,
        phone_number,
        call_direction,
        status,
        duration_seconds,
        sentiment_label,
        sentiment_score,
        summary,
        ended_reason,
        cost_cents,
        is_test_call,
        started_at,
        ended_at,
        created_at,
    ]
);
table!(
    Appointment,
    AppointmentId,
    appointments,
    "org_id",
    [id, org_id, contact_id, service_type, scheduled_at, status, created_at]
);
