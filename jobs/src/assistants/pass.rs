//! One pass over an agent: read, decide, act, until nothing is left to do.

use std::{pin::pin, time::Duration};

use readmodel::time::Timestamp;
use store::{
    Store,
    assistants::{Hold, Known, PutOff, Reading, Stage},
};
use tokio::time::timeout;
use vapi::client::{Assistant, Error};

use super::{
    Prewarm,
    failure::Failure,
    next::{Step, Wanted, next},
};
use crate::{JobError, drift::Drift};

/// The most steps of a pass. A pass that reaches it makes no progress: somebody saves faster than Vapi answers, or Vapi
/// does not keep what it is sent. The agent is retried a little later, after others had their turn.
const MAX_STEPS: usize = 12;

/// Tolerated clock skew between Vapi and our database.
const CLOCKS_APART: Duration = Duration::from_mins(5);

/// The reason in the console for an assistant that two orgs claim.
const CONTESTED: &str = "An agent of another organisation names the same assistant. It belongs to neither until one of them \
                         names another one, or none.";

/// A pass over an agent, under its lease.
pub(super) struct Pass<'a> {
    pub(super) store: &'a Store,
    pub(super) prewarm: &'a Prewarm,
    pub(super) hold: Hold,
    searched: bool,
    outcome: &'static str,
}

/// The end of a pass that met no error.
pub(super) enum Ended {
    /// Nothing is left to do; the metric's outcome.
    Settled(&'static str),
    /// Vapi rejects the configuration, for this reason.
    Refused(String),
    /// The next attempt is deferred.
    PutOff,
    /// Another worker holds the lease.
    Lost,
}

impl Ended {
    pub(super) fn outcome(&self) -> &'static str {
        match self {
            Self::Settled(outcome) => outcome,
            Self::Refused(_) | Self::PutOff => "failed",
            Self::Lost => "skipped",
        }
    }
}

/// Why a pass cannot go on.
pub(super) enum Stop {
    /// The lease is lost.
    Lost,
    /// The database failed.
    Store(store::Error),
    /// Vapi failed; `nothing_made` says whether it certainly has no assistant that we do not know of.
    Vapi { error: Error, nothing_made: bool },
}

impl From<store::Error> for Stop {
    fn from(error: store::Error) -> Self {
        Self::Store(error)
    }
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Vapi { error, nothing_made: false }
    }
}

/// A rejected configuration, with Vapi's reason, or ours if we know that it would be rejected.
#[derive(Debug, thiserror::Error)]
#[error("refused: {0}")]
struct Refused(String);

impl<'a> Pass<'a> {
    pub(super) fn new(store: &'a Store, prewarm: &'a Prewarm, hold: Hold) -> Self {
        Self { store, prewarm, hold, searched: false, outcome: "skipped" }
    }

    /// Runs until nothing is left to do, or nothing can be done now. A rejected configuration is an error, and so is a
    /// database that is down; in that case the lease expires by itself.
    pub(super) async fn run(mut self) -> Result<Ended, JobError> {
        let ended = match self.steps().await {
            Ok(ended) => ended,
            Err(Stop::Lost) => Ended::Lost,
            Err(Stop::Store(error)) => return Err(JobError::retry(error)),
            Err(Stop::Vapi { error, nothing_made }) => {
                self.put_off(&error, nothing_made).await.map_err(JobError::retry)?;
                Ended::PutOff
            }
        };
        self.announce().await;
        match ended {
            Ended::Refused(reason) => Err(JobError::fail(Refused(reason))),
            ended => Ok(ended),
        }
    }

    async fn steps(&mut self) -> Result<Ended, Stop> {
        for _ in 0..MAX_STEPS {
            let reading = self.store.read_held(&self.hold).await?.ok_or(Stop::Lost)?;
            let Some(known) = &reading.known else { return self.forget(&reading).await };
            let wanted = Wanted::of(&known.agent, &self.prewarm.deployment);
            match next(known, &wanted, self.searched) {
                Step::Search(since) => self.search(known, &wanted, since).await?,
                Step::Create => self.create(known, &wanted).await?,
                Step::Update(id) => self.update(&id, &wanted).await?,
                Step::Refuse => self.refuse(&wanted, &faults(&wanted), false).await?,
                Step::Leave => return self.leave().await,
                Step::Nothing => return self.settle(&reading, known, true).await,
                Step::StillRefused => return self.settle(&reading, known, false).await,
            }
        }
        Err(Error::Busy { retry_after: None }.into())
    }

    /// Searches assistants whose creation was never answered, or that are too many. Keeps one and deletes the others.
    async fn search(&mut self, known: &Known, wanted: &Wanted, since: Timestamp) -> Result<(), Stop> {
        self.enter(Stage::Preparing).await?;
        let margin = i64::try_from(CLOCKS_APART.as_micros()).unwrap_or_default();
        let since = Timestamp::from_micros(since.as_micros().saturating_sub(margin).max(0));
        let mut found = self.held(self.prewarm.client.assistants_created_since(since)).await?;
        found.retain(|assistant| self.is_ours(assistant));
        if !found.is_empty() && !self.still_has_named(known, &found).await? {
            return Ok(());
        }
        // First those with the wanted configuration, then the oldest.
        found.sort_by_key(|assistant| (!is_made_from(assistant, wanted), assistant.created_at));
        let kept = known.live_id().map(str::to_owned).or_else(|| found.first().map(|first| first.id.clone()));
        for surplus in found.iter().filter(|assistant| kept.as_ref() != Some(&assistant.id)) {
            self.delete(surplus).await?;
        }
        match (known.live_id(), found.first()) {
            (Some(_), _) => self.store.note_all_found(&self.hold).await?,
            (None, Some(first)) => self.adopt(first, wanted).await?,
            // Vapi may still be creating one: it is searched again, unless Vapi answers the next request.
            (None, None) => {}
        }
        self.searched = true;
        Ok(())
    }

    /// Whether Vapi has the assistant that the agent names, which may be older than the search goes back. If it is
    /// gone, that is recorded, and one of the others is kept.
    async fn still_has_named(&self, known: &Known, found: &[Assistant]) -> Result<bool, Stop> {
        let Some(named) = known.live_id().filter(|id| found.iter().all(|assistant| assistant.id != *id)) else {
            return Ok(true);
        };
        self.renew().await?;
        match self.prewarm.client.assistant(named).await {
            Ok(_) => Ok(true),
            Err(Error::Missing) => {
                self.store.note_missing(&self.hold, named).await?;
                Ok(false)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Whether an assistant is this agent's and this installation's; a copy of the database has the same agents.
    fn is_ours(&self, assistant: &Assistant) -> bool {
        assistant.agent == Some(self.hold.agent) && self.prewarm.owns(assistant)
    }

    async fn adopt(&mut self, assistant: &Assistant, wanted: &Wanted) -> Result<(), Stop> {
        tracing::info!(agent = %self.hold.agent, "took over an assistant whose creation was never answered");
        let hash = is_made_from(assistant, wanted).then_some(wanted.hash.as_str());
        self.store.record_assistant(&self.hold, &assistant.id, hash, &[]).await?;
        self.outcome = "created";
        Ok(())
    }

    async fn delete(&self, surplus: &Assistant) -> Result<(), Stop> {
        self.renew().await?;
        match self.prewarm.client.delete_assistant(&surplus.id).await {
            Ok(()) | Err(Error::Missing) => {
                Drift::Surplus.count();
                tracing::warn!(agent = %self.hold.agent, "deleted a surplus assistant");
                Ok(())
            }
            Err(error) => match Failure::of(&error) {
                // The agent need not wait for this.
                Failure::Content(reason) => {
                    tracing::warn!(agent = %self.hold.agent, reason, "a surplus assistant cannot be deleted");
                    Ok(())
                }
                Failure::Account(_) | Failure::Passing(_) => Err(error.into()),
            },
        }
    }

    async fn create(&mut self, known: &Known, wanted: &Wanted) -> Result<(), Stop> {
        if !self.store.begin_create(&self.hold).await? {
            return Err(Stop::Lost);
        }
        self.announce().await;
        match self.prewarm.client.create_assistant(&wanted.payload.to_create()).await {
            Ok(assistant) => self.record(&assistant, wanted, "created").await,
            Err(error) => {
                let nothing_made = known.look_since.is_none() && !matches!(error, Error::Unclear { .. });
                self.reject(error, wanted, nothing_made).await
            }
        }
    }

    async fn update(&mut self, id: &str, wanted: &Wanted) -> Result<(), Stop> {
        if !self.store.begin_update(&self.hold).await? {
            return Err(Stop::Lost);
        }
        self.announce().await;
        match self.prewarm.client.update_assistant(id, &wanted.payload.to_update()).await {
            Ok(assistant) => self.record(&assistant, wanted, "updated").await,
            Err(Error::Missing) => {
                tracing::warn!(agent = %self.hold.agent, "Vapi no longer has the assistant");
                self.searched = false;
                Ok(self.store.note_missing(&self.hold, id).await?)
            }
            Err(error) => self.reject(error, wanted, false).await,
        }
    }

    async fn record(&mut self, assistant: &Assistant, wanted: &Wanted, outcome: &'static str) -> Result<(), Stop> {
        let differences = wanted.payload.differences(&assistant.body);
        let shown_otherwise: Vec<_> = differences.into_iter().map(str::to_owned).collect();
        self.store.record_assistant(&self.hold, &assistant.id, Some(&wanted.hash), &shown_otherwise).await?;
        self.wake_others().await?;
        // A creation counts as such, even if an update follows.
        if self.outcome != "created" {
            self.outcome = outcome;
        }
        Ok(())
    }

    async fn reject(&self, error: Error, wanted: &Wanted, nothing_made: bool) -> Result<(), Stop> {
        match Failure::of(&error) {
            Failure::Content(reason) => self.refuse(wanted, &reason, nothing_made).await,
            Failure::Account(_) | Failure::Passing(_) => Err(Stop::Vapi { error, nothing_made }),
        }
    }

    async fn refuse(&self, wanted: &Wanted, reason: &str, nothing_made: bool) -> Result<(), Stop> {
        Ok(self.store.refuse(&self.hold, &wanted.hash, reason, nothing_made).await?)
    }

    async fn settle(&self, reading: &Reading, known: &Known, synced: bool) -> Result<Ended, Stop> {
        self.map_phone_numbers(known.live_id()).await?;
        self.store.settle(&self.hold, &reading.seen, synced).await?;
        Ok(match synced {
            true => Ended::Settled(self.outcome),
            false => Ended::Refused(reading.refusal.clone().unwrap_or_default()),
        })
    }

    /// Ends with a deleted agent. Its assistant is left to whoever deleted the agent; its phone numbers ask us from now
    /// on.
    async fn forget(&self, reading: &Reading) -> Result<Ended, Stop> {
        self.map_phone_numbers(None).await?;
        self.store.forget_agent(&self.hold, &reading.seen).await?;
        Ok(Ended::Settled(self.outcome))
    }

    /// Ends with an assistant that two orgs claim. A change of the other agent leaves no mark of this one, so it is
    /// retried.
    async fn leave(&self) -> Result<Ended, Stop> {
        let pause = self.prewarm.pace.first_account_pause;
        tracing::warn!(agent = %self.hold.agent, "agents of two orgs name the same assistant; it is left alone");
        let word = PutOff { stage: Stage::Failed, reason: CONTESTED, pause, nothing_made: false, counts: false };
        self.store.put_off(&self.hold, word).await?;
        Ok(Ended::PutOff)
    }

    async fn put_off(&self, error: &Error, nothing_made: bool) -> Result<(), store::Error> {
        let (pace, attempts, asked) = (&self.prewarm.pace, self.hold.attempts, error.retry_after());
        let (stage, reason, pause, counts) = match Failure::of(error) {
            Failure::Account(reason) => (Stage::Failed, reason, pace.account_pause(attempts), true),
            // Here, rejected content is no answer to a configuration.
            Failure::Content(reason) | Failure::Passing(reason) => match asked {
                Some(asked) => (Stage::Pending, reason, pace.pause_as_asked(asked), false),
                None => (Stage::Pending, reason, pace.pause(attempts), true),
            },
        };
        tracing::warn!(agent = %self.hold.agent, reason, ?pause, "the assistant could not be updated; the next attempt is deferred");
        self.store.put_off(&self.hold, PutOff { stage, reason: &reason, pause, nothing_made, counts }).await
    }

    /// Makes all deferred agents due after the first success that follows failures.
    async fn wake_others(&self) -> Result<(), store::Error> {
        if self.hold.attempts > 1 || self.prewarm.client.gate().take_recovery() {
            tracing::info!("Vapi accepts requests again; all deferred agents are due now");
            self.store.forgive_agents().await?;
        }
        Ok(())
    }

    /// Records the stage and renews the lease, so that a long request ends before another worker can start one.
    async fn enter(&self, stage: Stage) -> Result<(), Stop> {
        if !self.store.enter_stage(&self.hold, stage).await? {
            return Err(Stop::Lost);
        }
        self.announce().await;
        Ok(())
    }

    /// Renews the lease while requests run.
    async fn held<T>(&self, requests: impl Future<Output = Result<T, Error>>) -> Result<T, Stop> {
        let mut requests = pin!(requests);
        loop {
            match timeout(self.hold.lease / 4, &mut requests).await {
                Ok(answer) => return Ok(answer?),
                Err(_) => self.renew().await?,
            }
        }
    }

    pub(super) async fn renew(&self) -> Result<(), Stop> {
        if self.store.renew_agent(&self.hold).await? { Ok(()) } else { Err(Stop::Lost) }
    }

    /// Notifies the console. A client that misses this still finds the row.
    async fn announce(&self) {
        if let Err(error) = self.store.announce_agent(self.hold.agent).await {
            tracing::debug!(error = &error as &dyn std::error::Error, "could not notify the console of an assistant");
        }
    }
}

/// Whether Vapi returns the wanted configuration as it was sent. Secrets, which Vapi does not return, are covered by
/// the hash.
fn is_made_from(assistant: &Assistant, wanted: &Wanted) -> bool {
    assistant.config_hash == Some(wanted.payload.hash()) && wanted.payload.differences(&assistant.body).is_empty()
}

fn faults(wanted: &Wanted) -> String {
    wanted.faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}
