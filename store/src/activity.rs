//! The activity of a snapshot.

use readmodel::{
    activity::{AppointmentFacts, LIMIT, LeadFacts},
    ids::{AppointmentId, ContactId, OrgId},
    time::Timestamp,
};
use sqlx::PgConnection;

use crate::{
    Error,
    instant::PgTime,
    rows::{ActivityRows, Touched},
};

/// The rows of the activity model but its calls. Its leads come from `prewarm.actionable_leads`, which must be up to date.
pub(crate) async fn read(
    connection: &mut PgConnection,
    org: OrgId,
    before: Option<(&ActivityRows, &Touched)>,
) -> Result<ActivityRows, Error> {
    if let Some((rows, touched)) = before
        && touched.leaves_activity(rows)
    {
        return Ok(rows.clone());
    }
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
                contact_id: row.contact_id.map(ContactId),
                contact_name: row.name,
                contact_phone: row.phone,
                service_type: row.service,
                scheduled_at: row.scheduled_at.map(Timestamp::from),
            });
        }
    }
    Ok(ActivityRows { leads, appointments })
}
