//! The activity model: the newest ten events among calls, hot leads and bookings.
//!
//! Shapes, ids and texts are those that existing dashboards render.

use serde::Serialize;

use crate::{
    calls::CallFacts,
    ids::{AppointmentId, ContactId},
    time::Timestamp,
};

/// Changes of the shape below. Each makes a new [`crate::model::Format`].
pub(crate) const CHANGES: i32 = 0;

/// Events shown.
pub const LIMIT: i64 = 10;

const UNKNOWN: &str = "Unknown";

/// `{"events": […]}`, newest first; equal instants by the event's id, descending.
#[derive(Debug, Default, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Activity {
    /// The events.
    pub events: Vec<Event>,
}

/// One event.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Event {
    /// `call_<id>`, `hotlead_<contact's id>` or `appointment_<id>`.
    pub id: String,
    /// `call_completed`, `hot_lead_detected` or `appointment_booked`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// When it happened; null, and after all others, where the source has no finite instant.
    pub timestamp: Option<Timestamp>,
    /// One line for people.
    pub summary: String,
    /// The parts of that line.
    pub metadata: Metadata,
}

/// The facts behind an event, in the order of its keys.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(untagged)]
#[expect(missing_docs, reason = "the columns that the names say")]
pub enum Metadata {
    Call {
        caller_name: String,
        call_direction: String,
        sentiment_label: String,
        sentiment_summary: String,
        sentiment_urgency: &'static str,
        duration_seconds: i32,
    },
    Lead {
        lead_name: String,
        lead_phone: Option<String>,
        service_interest: Option<String>,
        lead_score: Option<i32>,
        call_id: Option<String>,
    },
    Appointment {
        customer_name: String,
        scheduled_at: Option<Timestamp>,
        contact_phone: Option<String>,
        service_type: Option<String>,
    },
}

/// A hot lead as activity tells of it.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "columns of the source")]
pub struct LeadFacts {
    pub id: ContactId,
    pub at: Option<Timestamp>,
    pub name: Option<String>,
    pub phone: Option<String>,
    pub service_interest: Option<String>,
    pub lead_score: Option<i32>,
}

/// A live appointment as activity tells of it.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "columns of the source")]
pub struct AppointmentFacts {
    pub id: AppointmentId,
    pub created_at: Option<Timestamp>,
    pub contact_id: Option<ContactId>,
    pub contact_name: Option<String>,
    pub contact_phone: Option<String>,
    pub service_type: Option<String>,
    pub scheduled_at: Option<Timestamp>,
}

impl Activity {
    /// The newest of all three kinds, given the newest [`LIMIT`] of each, or more.
    pub fn of(calls: &[&CallFacts], leads: Vec<LeadFacts>, appointments: Vec<AppointmentFacts>) -> Self {
        let mut events: Vec<Event> = calls.iter().map(|call| Event::of_call(call)).collect();
        events.extend(leads.into_iter().map(Event::of_lead));
        events.extend(appointments.into_iter().map(Event::of_appointment));
        events.sort_by(|a, b| (b.timestamp, &b.id).cmp(&(a.timestamp, &a.id)));
        events.truncate(LIMIT as usize);
        Self { events }
    }
}

impl Event {
    fn of_call(call: &CallFacts) -> Self {
        let caller_name = call.contact_name.clone().unwrap_or_else(|| UNKNOWN.into());
        let duration_seconds = call.duration_seconds.unwrap_or(0);
        let opening = if call.call_direction == "outbound" { "📞 Call to" } else { "📲 Call from" };
        Self {
            id: format!("call_{}", call.id),
            kind: "call_completed",
            timestamp: call.created_at,
            summary: format!("{opening} {caller_name} - {}m", duration_seconds.div_euclid(60)),
            metadata: Metadata::Call {
                caller_name,
                call_direction: call.call_direction.clone(),
                sentiment_label: call.sentiment_label.clone().unwrap_or_else(|| "neutral".into()),
                sentiment_summary: call.summary.clone().unwrap_or_else(|| "Call completed".into()),
                sentiment_urgency: "low",
                duration_seconds,
            },
        }
    }

    fn of_lead(lead: LeadFacts) -> Self {
        let lead_name = lead.name.unwrap_or_else(|| UNKNOWN.into());
        Self {
            id: format!("hotlead_{}", lead.id),
            kind: "hot_lead_detected",
            timestamp: lead.at,
            summary: format!("🔥 Hot lead: {lead_name}"),
            metadata: Metadata::Lead {
                lead_name,
                lead_phone: lead.phone,
                service_interest: lead.service_interest,
                lead_score: lead.lead_score,
                call_id: None,
            },
        }
    }

    fn of_appointment(appointment: AppointmentFacts) -> Self {
        let named = appointment.contact_name.as_deref().or(appointment.service_type.as_deref());
        Self {
            id: format!("appointment_{}", appointment.id),
            kind: "appointment_booked",
            timestamp: appointment.created_at,
            summary: format!("📅 Appointment for {}", named.unwrap_or(UNKNOWN)),
            metadata: Metadata::Appointment {
                customer_name: appointment.contact_name.unwrap_or_else(|| UNKNOWN.into()),
                scheduled_at: appointment.scheduled_at,
                contact_phone: appointment.contact_phone,
                service_type: appointment.service_type,
            },
        }
    }
}
