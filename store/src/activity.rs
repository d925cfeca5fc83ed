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
    let rows = sqlx::query_file!("queries/activity/newest.sql", org.0, LIMIT).fetch_all(connection).await?;
    let (mut leads, mut appointments) = (Vec::new(), Vec::new());
    for row in rows {
        if row.is_lead {
            leads.push(LeadFacts {
                id: ContactId(row.id),
                at: row.at.map(Timestamp::from),
                name: row.name,
                phone: row.phone,
                service_interest: row.service,
                lead_score: row.lead_score,
            });
        } else {
            appointments.push(AppointmentFacts {
                id: AppointmentId(row.id),
                created_at: row.at.map(Timestamp::from),
                contact_name: row.name,
                contact_phone: row.phone,
                service_type: row.service,
                scheduled_at: row.scheduled_at.map(Timestamp::from),
            });
        }
    }
    Ok(Activity::of(calls, leads, appointments))
}
