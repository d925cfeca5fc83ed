//! The rows that the models of a version were made of. They are kept for the next one, which reads only what may have changed.

use readmodel::{
    activity::{AppointmentFacts, LeadFacts},
    calls::{CallFacts, Newest},
    ids::ContactId,
    leads,
    pulse::HourTotals,
    time::{Timestamp, hour_before},
};

/// The rows of a version, for the next one to build upon.
#[derive(Clone, Debug)]
pub struct Rows {
    pub(crate) leads: ShownLeads,
    /// The chart of the pulse model.
    pub(crate) hours: Vec<HourTotals>,
    pub(crate) activity: ActivityRows,
    pub(crate) newest: Newest,
}

/// The leads that the leads model shows.
#[derive(Clone, Debug)]
pub(crate) struct ShownLeads {
    pub(crate) ids: Vec<ContactId>,
    /// `prewarm.place_of` the last.
    pub(crate) last: Option<i64>,
    /// When one of them falls to a lower urgency.
    pub(crate) deadline: Option<Timestamp>,
}

/// The rows of the activity model but its calls.
#[derive(Clone, Debug)]
pub(crate) struct ActivityRows {
    pub(crate) leads: Vec<LeadFacts>,
    pub(crate) appointments: Vec<AppointmentFacts>,
}

/// All that has changed since the version before.
#[derive(Debug)]
pub(crate) struct Touched {
    /// The contacts whose leads may differ.
    pub(crate) contacts: Vec<ContactId>,
    /// The instants of creation of calls, or appointments, that may differ.
    pub(crate) instants: Vec<Timestamp>,
    /// Whether any appointment may differ.
    pub(crate) appointments: bool,
    /// `prewarm.place_of` the first of the leads that do differ.
    pub(crate) first: Option<i64>,
    /// Whether one of those is hot.
    pub(crate) is_hot: bool,
}

impl Rows {
    /// Bytes in memory, about: the rows and their longer texts.
    pub fn bytes(&self) -> usize {
        let texts =
            |texts: &[&Option<String>]| texts.iter().map(|text| text.as_ref().map_or(0, String::len)).sum::<usize>();
        let call = |call: &CallFacts| {
            let CallFacts { phone_number, contact_name, status, sentiment_label, summary, ended_reason, .. } = call;
            let longer = [phone_number, contact_name, status, sentiment_label, summary, ended_reason];
            size_of::<CallFacts>() + texts(&longer)
        };
        let lead =
            |lead: &LeadFacts| size_of::<LeadFacts>() + texts(&[&lead.name, &lead.phone, &lead.service_interest]);
        let appointment = |of: &AppointmentFacts| {
            size_of::<AppointmentFacts>() + texts(&[&of.contact_name, &of.contact_phone, &of.service_type])
        };
        size_of::<Self>()
            + self.newest.inbound.iter().chain(&self.newest.outbound).map(call).sum::<usize>()
            + self.activity.leads.iter().map(lead).sum::<usize>()
            + self.activity.appointments.iter().map(appointment).sum::<usize>()
            + self.hours.len() * size_of::<HourTotals>()
            + self.leads.ids.len() * size_of::<ContactId>()
    }
}

impl Touched {
    fn has(&self, contact: ContactId) -> bool {
        self.contacts.contains(&contact)
    }

    fn has_any(&self, mut contacts: impl Iterator<Item = ContactId>) -> bool {
        contacts.any(|contact| self.has(contact))
    }

    /// The first hour that may differ. Calls beyond the calendar are in no hour of a chart.
    pub(crate) fn first_hour(&self) -> Option<Timestamp> {
        self.instants.iter().filter_map(|at| at.finite()).min().map(|at| hour_before(at, 0))
    }

    /// Whether the leads model shows the same as before: none of its leads is touched, and none that is comes before its last.
    pub(crate) fn leaves_leads(&self, shown: &ShownLeads) -> bool {
        let comes_up = match (self.first, shown.last) {
            (Some(first), Some(last)) if shown.ids.len() as i64 == leads::LIMIT => first <= last,
            (first, _) => first.is_some(),
        };
        !comes_up && !self.has_any(shown.ids.iter().copied())
    }

    /// Whether the same hot leads and appointments are the newest, with the same texts.
    pub(crate) fn leaves_activity(&self, rows: &ActivityRows) -> bool {
        let customers = rows.appointments.iter().filter_map(|appointment| appointment.contact_id);
        !self.is_hot && !self.appointments && !self.has_any(rows.leads.iter().map(|lead| lead.id).chain(customers))
    }

    /// Whether the calls that are shown have the same callers' names.
    pub(crate) fn leaves_names(&self, newest: &Newest) -> bool {
        let calls = newest.inbound.iter().chain(&newest.outbound);
        !self.has_any(calls.filter_map(|call| call.contact_id))
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn contact(n: u128) -> ContactId {
        ContactId(Uuid::from_u128(n))
    }

    fn touched(contacts: &[u128], first: Option<i64>) -> Touched {
        let contacts = contacts.iter().copied().map(contact).collect();
        Touched { contacts, instants: Vec::new(), appointments: false, first, is_hot: false }
    }

    fn shown(leads: i64) -> ShownLeads {
        ShownLeads { ids: (0..leads as u128).map(contact).collect(), last: Some(leads), deadline: None }
    }

    #[test]
    fn a_lead_that_is_shown_or_may_come_up_changes_the_model() {
        let full = shown(leads::LIMIT);
        assert!(touched(&[1_000], Some(leads::LIMIT + 1)).leaves_leads(&full));
        assert!(touched(&[1_000], None).leaves_leads(&full), "it did not change");
        assert!(!touched(&[1_000], Some(leads::LIMIT)).leaves_leads(&full), "equal places are told apart by the query");
        assert!(!touched(&[7], None).leaves_leads(&full), "it is shown, and may have gone");
        let short = shown(leads::LIMIT - 1);
        assert!(!touched(&[1_000], Some(leads::LIMIT + 1)).leaves_leads(&short), "there is room");
        assert!(touched(&[1_000], None).leaves_leads(&short));
    }
}
