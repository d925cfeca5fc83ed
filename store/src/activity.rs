//! The activity of a snapshot.

use readmodel::{
    activity::{Activity, AppointmentFacts, LIMIT, LeadFacts},
    calls::CallFacts,
    ids::{AppointmentId, ContactId, OrgId},
    time::Timestamp,
};
use sqlx::PgConnection;

use crate::{Error, instant::PgTime};

/// The activity model. Its leads come from `prewarm.actionable_leads`, which must be up to date.
pub(crate) async fn read(connection: &mut PgConnection, org: OrgId, calls: &[&CallFacts]) -> Result<Activity, Error> {
    let leads = leads(connection, org).await?;
    let appointments = appointments(connection, org).await?;
    Ok(Activity::of(calls, leads, appointments))
}

async fn leads(connection: &mut PgConnection, org: OrgId) -> Result<Vec<LeadFacts>, Error> {
    let rows = sqlx::query_file!("queries/activity/leads.sql", org.0, LIMIT).fetch_all(connection).await?;
    let facts = rows.into_iter().map(|row| LeadFacts {
        id: ContactId(row.id),
        at: row.at.into(),
        name: row.contact_name,
        phone: row.phone_number,
        service_interest: row.service_interest,
        lead_score: row.lead_score,
    });
    Ok(facts.collect())
}

async fn appointments(connection: &mut PgConnection, org: OrgId) -> Result<Vec<AppointmentFacts>, Error> {
    let rows = sqlx::query_file!("queries/activity/appointments.sql", org.0, LIMIT).fetch_all(connection).await?;
    let facts = rows.into_iter().map(|row| AppointmentFacts {
        id: AppointmentId(row.id),
        created_at: row.created_at.into(),
        contact_name: row.contact_name,
        contact_phone: row.contact_phone,
        service_type: row.service_type,
        scheduled_at: row.scheduled_at.map(Timestamp::from),
    });
    Ok(facts.collect())
}
