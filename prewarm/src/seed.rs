//! Demo orgs.

use indicatif::{ProgressBar, ProgressStyle};
use readmodel::ids::OrgId;
use store::{Store, demo::CHUNK};
use uuid::Uuid;

/// Calls of each contact.
pub(crate) const CALLS_PER_CONTACT: u16 = 6;

/// The numbers of contacts of the demo's orgs.
pub(crate) const DEMO_CONTACTS: [u32; 3] = [60, 600, 6_000];

/// Zones with different midnights.
const TIME_ZONES: [&str; 3] = ["Europe/Berlin", "America/New_York", "Asia/Tokyo"];

/// The id of the org with this many contacts. It is always the same, so that seeding twice creates nothing twice.
pub(crate) fn org(contacts: u32) -> OrgId {
    OrgId(Uuid::from_u128(0x0000_0000_0000_4000_8000_0000_0000_0000 | u128::from(contacts)))
}

/// Creates an org for each number of contacts, unless it exists.
pub(crate) async fn run(store: &Store, contacts: &[u32], calls: u16) -> anyhow::Result<()> {
    let bar = progress_bar(contacts.iter().map(|contacts| u64::from(*contacts)).sum())?;
    for (contacts, timezone) in contacts.iter().zip(TIME_ZONES.into_iter().cycle()) {
        seed_org(store, *contacts, timezone, calls, &bar).await?;
    }
    bar.finish_and_clear();
    Ok(())
}

async fn seed_org(store: &Store, contacts: u32, timezone: &str, calls: u16, bar: &ProgressBar) -> anyhow::Result<()> {
    let (org, contacts) = (org(contacts), i64::from(contacts));
    if !store.seed_organization(org, &format!("Clinic of {contacts}"), timezone).await? {
        bar.inc(contacts.unsigned_abs());
        return Ok(());
    }
    let mut first = 1;
    while first <= contacts {
        let last = contacts.min(first + CHUNK - 1);
        store.seed_contacts(org, first, last, i32::from(calls)).await?;
        bar.inc((last - first + 1).unsigned_abs());
        first = last + 1;
    }
    Ok(())
}

/// A progress bar; hidden if standard error is no terminal.
fn progress_bar(contacts: u64) -> anyhow::Result<ProgressBar> {
    let style = ProgressStyle::with_template("seeding {bar:40} {pos}/{len} contacts, {eta} left")?;
    Ok(ProgressBar::new(contacts).with_style(style))
}
