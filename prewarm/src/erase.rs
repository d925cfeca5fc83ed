//! `prewarm erase`: erases an org, a contact or the people behind a phone number from the source and everything
//! derived.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail, ensure};
use clap::Args;
use readmodel::{
    ids::{ContactId, OrgId},
    phone::PhoneNumber,
};
use store::{
    Sessions, Store,
    erasures::{ErasureProgress, ErasureRequest, ErasureTarget, Removed, Subject},
    roles::Duty,
};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{
    confirm::confirm,
    rebuild::one::{Builder, RebuildEnd},
    settings::Settings,
};

const APPLICATION: &str = "prewarm-erase";
/// The time limit of the command. The rest is left to the workers.
const TIME_LIMIT: Duration = Duration::from_secs(30);
/// Delay between two looks at the progress.
const POLL_INTERVAL: Duration = Duration::from_millis(100);

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    subject: SubjectArguments,
    /// Do not ask for confirmation
    #[arg(long)]
    yes: bool,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct SubjectArguments {
    /// Org to delete with all its data
    #[arg(long, value_name = "UUID")]
    org: Option<Uuid>,
    /// Contact to delete with its appointments; its calls lose their number and their summary
    #[arg(long, value_name = "UUID")]
    contact: Option<Uuid>,
    /// Phone number: deletes every contact with it, in every org, as --contact does, and cleans all calls of the number
    #[arg(long, value_name = "NUMBER", allow_hyphen_values = true)]
    phone: Option<String>,
}

impl Arguments {
    pub(crate) async fn run(self, settings: &Settings) -> anyhow::Result<()> {
        let subject = self.subject.subject()?;
        let store = settings.open_store(APPLICATION, Sessions::Serving, Duty::Owner).await?;
        ensure!(
            !store.observes().await?,
            "the source is only observed: delete it in your application, and all that was made of it goes too"
        );
        let Some(target) = store.find_to_erase(&subject).await? else { bail!("there is no such {}", kind(&subject)) };
        if !self.yes {
            ensure!(confirmed(&subject, &target)?, "not confirmed; nothing was erased");
        }
        let request = store.request_erasure(&target).await.context("nothing was erased")?;
        let progress = finish(&store, &request).await;
        report(&request, progress.as_ref().map(|progress| &progress.removed).unwrap_or(&Removed::new()));
        let progress = progress.context("erased from the source; the progress of the rest is unknown")?;
        ensure!(progress.is_done(), "{}", owed(&store, &progress).await);
        Ok(())
    }
}

impl SubjectArguments {
    fn subject(self) -> anyhow::Result<Subject> {
        Ok(match (self.org, self.contact, self.phone) {
            (Some(org), ..) => Subject::Org(OrgId(org)),
            (_, Some(contact), _) => Subject::Contact(ContactId(contact)),
            (.., phone) => match PhoneNumber::parse(&phone.unwrap_or_default()) {
                PhoneNumber::Withheld => bail!("--phone needs at least seven digits"),
                number => Subject::Phone(number),
            },
        })
    }
}

const fn kind(subject: &Subject) -> &'static str {
    match subject {
        Subject::Org(_) => "org",
        Subject::Contact(_) => "contact",
        Subject::Phone(_) => "number",
    }
}

fn confirmed(subject: &Subject, target: &ErasureTarget) -> anyhow::Result<bool> {
    let rows: Vec<_> = target.rows.iter().map(|(place, rows)| format!("{rows} {place}")).collect();
    confirm(&format!("This erases the {} for good ({}).", kind(subject), rows.join(", ")), "erase")
}

/// Does the workers' part of the erasure, together with them, for a limited time.
async fn finish(store: &Store, request: &ErasureRequest) -> Result<ErasureProgress, store::Error> {
    let started = Instant::now();
    let builder = Builder::new(store.clone(), CancellationToken::new());
    let mut built = BTreeSet::new();
    loop {
        // A failure stays owed, and is reported at the end.
        let _ = jobs::erase(store).await;
        let progress = store.erasure_progress(request).await;
        let is_over = progress.as_ref().is_ok_and(ErasureProgress::is_done) || started.elapsed() > TIME_LIMIT;
        if is_over {
            return progress;
        }
        rebuild(&builder, progress.map(|progress| progress.shown).unwrap_or_default(), &mut built).await;
        tokio::time::sleep(POLL_INTERVAL).await;
    }
}

/// Rebuilds each org once, in case no worker runs.
async fn rebuild(builder: &Builder, orgs: Vec<OrgId>, built: &mut BTreeSet<OrgId>) {
    for org in orgs {
        if !built.contains(&org)
            && let RebuildEnd::Rebuilt(_) = builder.rebuild(org, &Semaphore::new(1)).await
        {
            built.insert(org);
        }
    }
}

#[expect(clippy::print_stdout, reason = "the command's output")]
fn report(request: &ErasureRequest, removed: &Removed) {
    let table = |heading: &str, removed: &Removed| {
        for (place, rows) in removed {
            println!("{heading}  {place}  {rows}");
        }
    };
    table("source ", &request.removed);
    table("prewarm", removed);
}

/// Describes what is still owed and why.
async fn owed(store: &Store, progress: &ErasureProgress) -> String {
    let orgs: BTreeSet<_> = progress.unerased.iter().chain(&progress.shown).map(ToString::to_string).collect();
    let reason = match &store.redis {
        _ if !progress.unerased.is_empty() => "Postgres still holds events or calls",
        Some(redis) if redis.ping().await.is_err() => "Redis cannot be reached and may hold older panels",
        _ => "older panels may still be shown",
    };
    let orgs: Vec<_> = orgs.into_iter().collect();
    format!("erased from the source, but still owed: {reason} (org {}); workers will finish it", orgs.join(", "))
}
