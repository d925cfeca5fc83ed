//! The activity of a snapshot.

use readmodel::{
    activity::{Activity, AppointmentFacts, CallFacts, LIMIT, LeadFacts},
    ids::{AppointmentId, CallId, ContactId, OrgId},
    time::Timestamp,
};
use sqlx::PgConnection;

use crate::{Error, instant::PgTime};

/// The activity model. Its leads come from `prewarm.actionable_leads`, which must be up to date.
pub(crate) async fn read(connection: &mut PgConnection, org: OrgId) -> Result<Activity, Error> {
    let calls = calls(connection, org).await?;
    let leads = leads(connection, org).await?;
    let appointments = appointments(connection, org).await?;
    Ok(Activity::of(calls, leads, appointments))
}

async fn calls(connection: &mut PgConnection, org: OrgId) -> Result<Vec<CallFacts>, Error> {
    let rows = sqlx::query_file!("queries/activity/calls.sql", org.0, LIMIT).fetch_all(connection).await?;
    let facts = rows.into_iter().map(|row| CallFacts {
        id: CallId(row.id),
        created_at: row.created_at.into(),
        caller_name: row.caller_name,
        call_direction: row.call_direction,
        sentiment_label: row.sentiment_label,
        summary: row.summary,
        duration_seconds: row.duration_seconds,
    });
    Ok(facts.collect())
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
