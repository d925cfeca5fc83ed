//! The leads of a snapshot.

use bigdecimal::BigDecimal;
use readmodel::{
    ids::{ContactId, OrgId},
    leads::{self, Lead, Leads},
    number::Number,
    time::Timestamp,
};
use sqlx::PgConnection;

use crate::{
    Error,
    instant::PgTime,
    rows::{ShownLeads, Touched},
};

/// The leads model, unless it shows the same as before.
pub(crate) async fn top(
    connection: &mut PgConnection,
    org: OrgId,
    before: Option<(&ShownLeads, &Touched)>,
) -> Result<(Option<Leads>, ShownLeads), Error> {
    if let Some((shown, touched)) = before
        && touched.leaves_leads(shown)
    {
        return Ok((None, shown.clone()));
    }
    let rows = sqlx::query_file!("queries/leads/top.sql", org.0, leads::LIMIT).fetch_all(connection).await?;
    let deadline = rows.iter().filter_map(|row| row.urgency_until).min().map(Timestamp::from);
    let ids = rows.iter().map(|row| ContactId(row.id)).collect();
    let shown = ShownLeads { ids, last: rows.last().map(|row| row.place), deadline };
    let leads = rows
        .into_iter()
        .map(|row| Lead {
            id: ContactId(row.id),
            org_id: OrgId(row.org_id),
            contact_name: row.contact_name,
            phone_number: row.phone_number,
            email: row.email,
            lead_score: row.lead_score,
            lead_status: row.lead_status,
            service_interests: row.service_interests,
            last_contact_at: row.last_contact_at.map(Timestamp::from),
            created_at: row.created_at.map(Timestamp::from),
            total_calls: row.total_calls,
            last_call_at: row.last_call_at.map(Timestamp::from),
            avg_call_duration: Number::mean(&BigDecimal::from(row.duration_total), row.duration_calls),
            sentiment_trend: Number::mean(&BigDecimal::from(row.sentiment_total), row.total_calls)
                .unwrap_or_else(Number::zero),
            lead_temp: row.lead_temperature.clone(),
            lead_temperature: row.lead_temperature,
            follow_up_urgency: row.follow_up_urgency,
            last_call_summary: row.last_call_summary,
        })
        .collect();
    Ok((Some(Leads { leads }), shown))
}
