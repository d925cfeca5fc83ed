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

/// A pass that takes this many steps makes no progress: a person saves faster than Vapi can take, or Vapi does not keep it.
/// The agent is taken up again a little later, and the others get their turn.
const MAX_STEPS: usize = 12;

/// By so much Vapi's clock may be behind the database's.
const CLOCKS_APART: Duration = Duration::from_mins(5);

/// For people.
const CONTESTED: &str = "An agent of another organisation names the same assistant. It belongs to neither until one of them \
                         names another one, or none.";

/// Of an agent that is held.
pub(super) struct Pass<'a> {
    pub(super) store: &'a Store,
    pub(super) prewarm: &'a Prewarm,
    pub(super) hold: Hold,
    searched: bool,
    outcome: &'static str,
}

/// How a pass ended that was not stopped.
pub(super) enum Ended {
    /// Nothing is left to do; what was done.
    Settled(&'static str),
    /// Vapi does not take the configuration; why.
    Refused(String),
    /// It is put off.
    PutOff,
    /// Another holder has the agent.
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
    /// The agent is lost.
    Lost,
    /// The database.
    Store(store::Error),
    /// Vapi; and whether it has certainly nothing that we know nothing of.
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

/// In Vapi's words, or in ours if it would use them.
#[derive(Debug, thiserror::Error)]
#[error("refused: {0}")]
struct Refused(String);

impl<'a> Pass<'a> {
    pub(super) fn new(store: &'a Store, prewarm: &'a Prewarm, hold: Hold) -> Self {
        Self { store, prewarm, hold, searched: false, outcome: "skipped" }
    }

    /// Until nothing is left to do, or nothing can be done now. A refusal is an error, and so is a database that is away:
    /// then the agent is free when its lease ends.
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

    /// An answer was lost, or somebody has found assistants of this agent: what there is is taken over, and one is enough.
    async fn search(&mut self, known: &Known, wanted: &Wanted, since: Timestamp) -> Result<(), Stop> {
        self.enter(Stage::Preparing).await?;
        let margin = i64::try_from(CLOCKS_APART.as_micros()).unwrap_or_default();
        let since = Timestamp::from_micros(since.as_micros().saturating_sub(margin).max(0));
        let mut found = self.held(self.prewarm.client.assistants_created_since(since)).await?;
        found.retain(|assistant| self.is_ours(assistant));
        if !found.is_empty() && !self.still_has_named(known, &found).await? {
            return Ok(());
        }
        // The one that is most like what is wanted, or else the oldest.
        found.sort_by_key(|assistant| (!is_made_from(assistant, wanted), assistant.created_at));
        let kept = known.live_id().map(str::to_owned).or_else(|| found.first().map(|first| first.id.clone()));
        for surplus in found.iter().filter(|assistant| kept.as_ref() != Some(&assistant.id)) {
            self.delete(surplus).await?;
        }
        match (known.live_id(), found.first()) {
            (Some(_), _) => self.store.note_all_found(&self.hold).await?,
            (None, Some(first)) => self.adopt(first, wanted).await?,
            // What Vapi may be about to make is looked for again, unless it answers the next request.
            (None, None) => {}
        }
        self.searched = true;
        Ok(())
    }

    /// The assistant that the agent names may be older than the search goes back, or be gone while others are there: then
    /// it is noted, and one of those is taken over.
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

    /// Of this agent, and of this installation: another one may have been copied from it.
    fn is_ours(&self, assistant: &Assistant) -> bool {
        assistant.agent == Some(self.hold.agent) && self.prewarm.owns(assistant)
    }

    async fn adopt(&mut self, assistant: &Assistant, wanted: &Wanted) -> Result<(), Stop> {
        tracing::info!(agent = %self.hold.agent, "took over an assistant whose answer was lost");
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
                tracing::warn!(agent = %self.hold.agent, "deleted an assistant too many");
                Ok(())
            }
            Err(error) => match Failure::of(&error) {
                // Nothing that the agent should wait for.
                Failure::Content(reason) => {
                    tracing::warn!(agent = %self.hold.agent, reason, "an assistant too many cannot be deleted");
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
                tracing::warn!(agent = %self.hold.agent, "Vapi does not have the assistant any more");
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
        // The assistant was made, even if a newer configuration follows.
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

    /// The agent is gone. Its assistant is left to whoever has deleted the agent; its numbers ask us from now on.
    async fn forget(&self, reading: &Reading) -> Result<Ended, Stop> {
        self.map_phone_numbers(None).await?;
        self.store.forget_agent(&self.hold, &reading.seen).await?;
        Ok(Ended::Settled(self.outcome))
    }

    /// The other agent may be changed at any time, which leaves no mark of this one.
    async fn leave(&self) -> Result<Ended, Stop> {
        let pause = self.prewarm.pace.first_account_pause;
        tracing::warn!(agent = %self.hold.agent, "agents of two orgs name one assistant: it is left alone");
        let word = PutOff { stage: Stage::Failed, reason: CONTESTED, pause, nothing_made: false, counts: false };
        self.store.put_off(&self.hold, word).await?;
        Ok(Ended::PutOff)
    }

    async fn put_off(&self, error: &Error, nothing_made: bool) -> Result<(), store::Error> {
        let (pace, attempts, asked) = (&self.prewarm.pace, self.hold.attempts, error.retry_after());
        let (stage, reason, pause, counts) = match Failure::of(error) {
            Failure::Account(reason) => (Stage::Failed, reason, pace.account_pause(attempts), true),
            // About content is only a refusal that was no answer to a configuration.
            Failure::Content(reason) | Failure::Passing(reason) => match asked {
                Some(asked) => (Stage::Pending, reason, pace.pause_as_asked(asked), false),
                None => (Stage::Pending, reason, pace.pause(attempts), true),
            },
        };
        tracing::warn!(agent = %self.hold.agent, reason, ?pause, "the agent's assistant is put off");
        self.store.put_off(&self.hold, PutOff { stage, reason: &reason, pause, nothing_made, counts }).await
    }

    /// The first success wakes all who were put off: they need not wait until their own pauses are over.
    async fn wake_others(&self) -> Result<(), store::Error> {
        if self.hold.attempts > 1 || self.prewarm.client.gate().take_recovery() {
            tracing::info!("Vapi takes what it is sent: who was put off is tried at once");
            self.store.forgive_agents().await?;
        }
        Ok(())
    }

    /// Says what is done next. From here on a request may take its time: nobody else begins one before it is over.
    async fn enter(&self, stage: Stage) -> Result<(), Stop> {
        if !self.store.enter_stage(&self.hold, stage).await? {
            return Err(Stop::Lost);
        }
        self.announce().await;
        Ok(())
    }

    /// The agent is kept for as long as requests take that may be many.
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

    /// A client that misses it still sees the row.
    async fn announce(&self) {
        if let Err(error) = self.store.announce_agent(self.hold.agent).await {
            tracing::debug!(error = &error as &dyn std::error::Error, "nobody was told how far an assistant is");
        }
    }
}

/// Whether Vapi shows what was wanted, as it was sent. Secrets, which it does not show, are in the hash.
fn is_made_from(assistant: &Assistant, wanted: &Wanted) -> bool {
    assistant.config_hash == Some(wanted.payload.hash()) && wanted.payload.differences(&assistant.body).is_empty()
}

fn faults(wanted: &Wanted) -> String {
    wanted.faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}
