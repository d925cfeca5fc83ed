//! The pulse of a snapshot.

use readmodel::{
    ids::OrgId,
    pulse::{self, HourTotals, Pulse, Totals},
    time::{Calendar, Timestamp, hour_before, hour_from},
};
use sqlx::PgConnection;

use crate::{Error, instant::PgTime, rows::Touched};

/// The pulse model, the hours of its chart, and the first instant at which `calls_today` changes by time alone. Of the chart
/// before, the hours that lie before all that is touched are kept.
pub(crate) async fn read(
    connection: &mut PgConnection,
    org: OrgId,
    as_of: Timestamp,
    calendar: &Calendar,
    before: Option<(&[HourTotals], &Touched)>,
) -> Result<(Pulse, Vec<HourTotals>, Option<Timestamp>), Error> {
    let (day_start, day_end) = calendar.day_of(as_of);
    let first_hour = hour_before(as_of, pulse::HOURS);
    let (kept, read_from) = match before {
        Some((hours, touched)) => {
            let read_from = touched.first_hour().map_or(day_end, |hour| hour.max(first_hour));
            (hours.iter().filter(|hour| (first_hour..read_from).contains(&hour.hour)).copied().collect(), read_from)
        }
        None => (Vec::new(), first_hour),
    };
    let row = sqlx::query_file!(
        "queries/pulse/read.sql",
        org.0,
        PgTime(day_start) as _,
        PgTime(day_end) as _,
        PgTime(read_from) as _,
        PgTime(hour_from(day_start)) as _,
        PgTime(hour_before(day_end, 0)) as _
    )
    .fetch_one(connection)
    .await?;
    let hours = row.starts.iter().zip(row.calls).zip(row.inbound).zip(row.durations).zip(row.timed);
    let read = hours.map(|((((start, calls), inbound), duration_total), duration_calls)| HourTotals {
        hour: start.0,
        calls,
        inbound,
        duration_total,
        duration_calls,
    });
    let mut hours: Vec<_> = read.chain(kept).collect();
    hours.sort_unstable_by_key(|hour| hour.hour);
    let deadline = match (row.calls_today, row.next_call_at) {
        (0, next_call_at) => next_call_at.and_then(|at| at.0.finite()).map(|at| calendar.day_of(at).0),
        _ => Some(day_end),
    };
    let totals = Totals {
        total_calls: row.total_calls,
        inbound_calls: row.inbound_calls,
        outbound_calls: row.outbound_calls,
        answered_calls: row.answered_calls,
        duration_total: row.duration_total,
        duration_calls: row.duration_calls,
        sentiment_total: row.sentiment_total,
        sentiment_calls: row.sentiment_calls,
        successful_calls: row.successful_calls,
        calls_today: row.calls_today,
        appointments_booked: row.appointments_booked,
        pipeline_total: row.pipeline_total,
        hot_leads_count: row.hot_leads_count,
    };
    Ok((Pulse::of(totals, hours.clone()), hours, deadline))
}
