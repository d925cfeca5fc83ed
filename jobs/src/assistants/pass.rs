//! One pass over an agent: read, decide, act, until nothing is left to do.

use std::{pin::pin, time::Duration};

use readmodel::time::Timestamp;
use store::{
    Store,
    assistants::{AgentDeferral, AgentLease, AgentState, AssistantStage, Reading},
};
use tokio::time::timeout;
use vapi::client::{Assistant, Error};

use super::{
    AssistantSync,
    failure::Failure,
    next::{Step, WantedAssistant, next},
};
use crate::{JobError, drift::Drift};

/// The most steps of a pass. A pass that reaches it makes no progress: somebody saves faster than Vapi answers, or Vapi
/// does not keep what it is sent. The agent is retried a little later, after others had their turn.
const MAX_STEPS: usize = 12;

/// Tolerated clock skew between Vapi and our database.
const MAX_CLOCK_SKEW: Duration = Duration::from_mins(5);

/// The reason in the console for an assistant that two orgs claim.
const CONTESTED: &str = "An agent of another organisation names the same assistant. It belongs to neither until one of them \
                         names another one, or none.";

/// A pass over an agent, under its lease.
pub(super) struct Pass<'a> {
    pub(super) store: &'a Store,
    pub(super) sync: &'a AssistantSync,
    pub(super) lease: AgentLease,
    searched: bool,
    outcome: &'static str,
}

/// The end of a pass that met no error.
pub(super) enum PassEnd {
    /// Nothing is left to do; the metric's outcome.
    Done(&'static str),
    /// Vapi rejects the configuration, for this reason.
    Refused(String),
    /// The next attempt is deferred.
    Deferred,
    /// Another worker holds the lease.
    Lost,
}

impl PassEnd {
    pub(super) fn outcome(&self) -> &'static str {
        match self {
            Self::Done(outcome) => outcome,
            Self::Refused(_) | Self::Deferred => "failed",
            Self::Lost => "skipped",
        }
    }
}

/// Why a pass cannot go on.
pub(super) enum PassError {
    /// The lease is lost.
    Lost,
    /// The database failed.
    Store(store::Error),
    /// Vapi failed; `nothing_made` says whether it certainly has no assistant that we do not know of.
    Vapi { error: Error, nothing_made: bool },
}

impl From<store::Error> for PassError {
    fn from(error: store::Error) -> Self {
        Self::Store(error)
    }
}

impl From<Error> for PassError {
    fn from(error: Error) -> Self {
        Self::Vapi { error, nothing_made: false }
    }
}

/// A rejected configuration, with Vapi's reason, or ours if we know that it would be rejected.
#[derive(Debug, thiserror::Error)]
#[error("refused: {0}")]
struct ConfigRejected(String);

impl<'a> Pass<'a> {
    pub(super) fn new(store: &'a Store, sync: &'a AssistantSync, lease: AgentLease) -> Self {
        Self { store, sync, lease, searched: false, outcome: "skipped" }
    }

    /// Runs until nothing is left to do, or nothing can be done now. A rejected configuration is an error, and so is a
    /// database that is down; in that case the lease expires by itself.
    pub(super) async fn run(mut self) -> Result<PassEnd, JobError> {
        let ended = match self.steps().await {
            Ok(ended) => ended,
            Err(PassError::Lost) => PassEnd::Lost,
            Err(PassError::Store(error)) => return Err(JobError::retry(error)),
            Err(PassError::Vapi { error, nothing_made }) => {
                self.defer(&error, nothing_made).await.map_err(JobError::retry)?;
                PassEnd::Deferred
            }
        };
        self.announce().await;
        match ended {
            PassEnd::Refused(reason) => Err(JobError::fail(ConfigRejected(reason))),
            ended => Ok(ended),
        }
    }

    async fn steps(&mut self) -> Result<PassEnd, PassError> {
        for _ in 0..MAX_STEPS {
            let reading = self.store.read_leased(&self.lease).await?.ok_or(PassError::Lost)?;
            let Some(state) = &reading.state else { return self.forget(&reading).await };
            let wanted = WantedAssistant::of(&state.agent, &self.sync.deployment);
            match next(state, &wanted, self.searched) {
                Step::Search(since) => self.search(state, &wanted, since).await?,
                Step::Create => self.create(state, &wanted).await?,
                Step::Update(id) => self.update(&id, &wanted).await?,
                Step::Refuse => self.refuse(&wanted, &faults(&wanted), false).await?,
                Step::Leave => return self.leave_alone().await,
                Step::Nothing => return self.finish(&reading, state, true).await,
                Step::StillRefused => return self.finish(&reading, state, false).await,
            }
        }
        Err(Error::Busy { retry_after: None }.into())
    }

    /// Searches assistants whose creation was never answered, or that are too many. Keeps one and deletes the others.
    async fn search(
        &mut self,
        state: &AgentState,
        wanted: &WantedAssistant,
        since: Timestamp,
    ) -> Result<(), PassError> {
        self.enter_stage(AssistantStage::Preparing).await?;
        let margin = i64::try_from(MAX_CLOCK_SKEW.as_micros()).unwrap_or_default();
        let since = Timestamp::from_micros(since.as_micros().saturating_sub(margin).max(0));
        let mut found = self.under_lease(self.sync.client.assistants_created_since(since)).await?;
        found.retain(|assistant| self.is_ours(assistant));
        if !found.is_empty() && !self.still_has_named(state, &found).await? {
            return Ok(());
        }
        // First those with the wanted configuration, then the oldest.
        found.sort_by_key(|assistant| (!is_made_from(assistant, wanted), assistant.created_at));
        let kept = state.live_id().map(str::to_owned).or_else(|| found.first().map(|first| first.id.clone()));
        for surplus in found.iter().filter(|assistant| kept.as_ref() != Some(&assistant.id)) {
            self.delete(surplus).await?;
        }
        match (state.live_id(), found.first()) {
            (Some(_), _) => self.store.note_search_complete(&self.lease).await?,
            (None, Some(first)) => self.adopt(first, wanted).await?,
            // Vapi may still be creating one: it is searched again, unless Vapi answers the next request.
            (None, None) => {}
        }
        self.searched = true;
        Ok(())
    }

    /// Whether Vapi has the assistant that the agent names, which may be older than the search goes back. If it is
    /// gone, that is recorded, and one of the others is kept.
    async fn still_has_named(&self, state: &AgentState, found: &[Assistant]) -> Result<bool, PassError> {
        let Some(named) = state.live_id().filter(|id| found.iter().all(|assistant| assistant.id != *id)) else {
            return Ok(true);
        };
        self.renew().await?;
        match self.sync.client.assistant(named).await {
            Ok(_) => Ok(true),
            Err(Error::Missing) => {
                self.store.note_missing(&self.lease, named).await?;
                Ok(false)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Whether an assistant is this agent's and this installation's; a copy of the database has the same agents.
    fn is_ours(&self, assistant: &Assistant) -> bool {
        assistant.agent == Some(self.lease.agent) && self.sync.owns(assistant)
    }

    async fn adopt(&mut self, assistant: &Assistant, wanted: &WantedAssistant) -> Result<(), PassError> {
        tracing::info!(agent = %self.lease.agent, "took over an assistant whose creation was never answered");
        let hash = is_made_from(assistant, wanted).then_some(wanted.hash.as_str());
        self.store.record_assistant(&self.lease, &assistant.id, hash, &[]).await?;
        self.outcome = "created";
        Ok(())
    }

    async fn delete(&self, surplus: &Assistant) -> Result<(), PassError> {
        self.renew().await?;
        match self.sync.client.delete_assistant(&surplus.id).await {
            Ok(()) | Err(Error::Missing) => {
                Drift::Surplus.count();
                tracing::warn!(agent = %self.lease.agent, "deleted a surplus assistant");
                Ok(())
            }
            Err(error) => match Failure::of(&error) {
                // The agent need not wait for this.
                Failure::Content(reason) => {
                    tracing::warn!(agent = %self.lease.agent, reason, "a surplus assistant cannot be deleted");
                    Ok(())
                }
                Failure::Account(_) | Failure::Passing(_) => Err(error.into()),
            },
        }
    }

    async fn create(&mut self, state: &AgentState, wanted: &WantedAssistant) -> Result<(), PassError> {
        if !self.store.begin_create(&self.lease).await? {
            return Err(PassError::Lost);
        }
        self.announce().await;
        match self.sync.client.create_assistant(&wanted.payload.to_create()).await {
            Ok(assistant) => self.record(&assistant, wanted, "created").await,
            Err(error) => {
                let nothing_made = state.look_since.is_none() && !matches!(error, Error::Unclear { .. });
                self.reject(error, wanted, nothing_made).await
            }
        }
    }

    async fn update(&mut self, id: &str, wanted: &WantedAssistant) -> Result<(), PassError> {
        if !self.store.begin_update(&self.lease).await? {
            return Err(PassError::Lost);
        }
        self.announce().await;
        match self.sync.client.update_assistant(id, &wanted.payload.to_update()).await {
            Ok(assistant) => self.record(&assistant, wanted, "updated").await,
            Err(Error::Missing) => {
                tracing::warn!(agent = %self.lease.agent, "Vapi no longer has the assistant");
                self.searched = false;
                Ok(self.store.note_missing(&self.lease, id).await?)
            }
            Err(error) => self.reject(error, wanted, false).await,
        }
    }

    async fn record(
        &mut self,
        assistant: &Assistant,
        wanted: &WantedAssistant,
        outcome: &'static str,
    ) -> Result<(), PassError> {
        let differences = wanted.payload.differences(&assistant.body);
        let shown_otherwise: Vec<_> = differences.into_iter().map(str::to_owned).collect();
        self.store.record_assistant(&self.lease, &assistant.id, Some(&wanted.hash), &shown_otherwise).await?;
        self.wake_others().await?;
        // A creation counts as such, even if an update follows.
        if self.outcome != "created" {
            self.outcome = outcome;
        }
        Ok(())
    }

    async fn reject(&self, error: Error, wanted: &WantedAssistant, nothing_made: bool) -> Result<(), PassError> {
        match Failure::of(&error) {
            Failure::Content(reason) => self.refuse(wanted, &reason, nothing_made).await,
            Failure::Account(_) | Failure::Passing(_) => Err(PassError::Vapi { error, nothing_made }),
        }
    }

    async fn refuse(&self, wanted: &WantedAssistant, reason: &str, nothing_made: bool) -> Result<(), PassError> {
        Ok(self.store.note_refused(&self.lease, &wanted.hash, reason, nothing_made).await?)
    }

    async fn finish(&self, reading: &Reading, state: &AgentState, synced: bool) -> Result<PassEnd, PassError> {
        self.map_phone_numbers(state.live_id()).await?;
        self.store.finish_agent(&self.lease, &reading.seen, synced).await?;
        Ok(match synced {
            true => PassEnd::Done(self.outcome),
            false => PassEnd::Refused(reading.refusal.clone().unwrap_or_default()),
        })
    }

    /// Ends with a deleted agent. Its assistant is left to whoever deleted the agent; its phone numbers ask us from now
    /// on.
    async fn forget(&self, reading: &Reading) -> Result<PassEnd, PassError> {
        self.map_phone_numbers(None).await?;
        self.store.forget_agent(&self.lease, &reading.seen).await?;
        Ok(PassEnd::Done(self.outcome))
    }

    /// Ends with an assistant that two orgs claim. A change of the other agent leaves no mark of this one, so it is
    /// retried.
    async fn leave_alone(&self) -> Result<PassEnd, PassError> {
        let pause = self.sync.pace.first_account_pause;
        tracing::warn!(agent = %self.lease.agent, "agents of two orgs name the same assistant; it is left alone");
        let deferral = AgentDeferral {
            stage: AssistantStage::Failed,
            reason: CONTESTED,
            pause,
            nothing_made: false,
            counts: false,
        };
        self.store.defer_agent(&self.lease, deferral).await?;
        Ok(PassEnd::Deferred)
    }

    async fn defer(&self, error: &Error, nothing_made: bool) -> Result<(), store::Error> {
        let (pace, attempts, asked) = (&self.sync.pace, self.lease.attempts, error.retry_after());
        let (stage, reason, pause, counts) = match Failure::of(error) {
            Failure::Account(reason) => (AssistantStage::Failed, reason, pace.account_pause(attempts), true),
            // Here, rejected content is no answer to a configuration.
            Failure::Content(reason) | Failure::Passing(reason) => match asked {
                Some(asked) => (AssistantStage::Pending, reason, pace.pause_as_asked(asked), false),
                None => (AssistantStage::Pending, reason, pace.pause(attempts), true),
            },
        };
        tracing::warn!(agent = %self.lease.agent, reason, ?pause, "the assistant could not be updated; the next attempt is deferred");
        self.store.defer_agent(&self.lease, AgentDeferral { stage, reason: &reason, pause, nothing_made, counts }).await
    }

    /// Makes all deferred agents due after the first success that follows failures.
    async fn wake_others(&self) -> Result<(), store::Error> {
        if self.lease.attempts > 1 || self.sync.client.gate().take_recovery() {
            tracing::info!("Vapi accepts requests again; all deferred agents are due now");
            self.store.retry_deferred_agents().await?;
        }
        Ok(())
    }

    /// Records the stage and renews the lease, so that a long request ends before another worker can start one.
    async fn enter_stage(&self, stage: AssistantStage) -> Result<(), PassError> {
        if !self.store.set_agent_stage(&self.lease, stage).await? {
            return Err(PassError::Lost);
        }
        self.announce().await;
        Ok(())
    }

    /// Renews the lease while requests run.
    async fn under_lease<T>(&self, requests: impl Future<Output = Result<T, Error>>) -> Result<T, PassError> {
        let mut requests = pin!(requests);
        loop {
            match timeout(self.lease.duration / 4, &mut requests).await {
                Ok(answer) => return Ok(answer?),
                Err(_) => self.renew().await?,
            }
        }
    }

    pub(super) async fn renew(&self) -> Result<(), PassError> {
        if self.store.renew_agent(&self.lease).await? { Ok(()) } else { Err(PassError::Lost) }
    }

    /// Notifies the console. A client that misses this still finds the row.
    async fn announce(&self) {
        if let Err(error) = self.store.announce_agent(self.lease.agent).await {
            tracing::debug!(error = &error as &dyn std::error::Error, "could not notify the console of an assistant");
        }
    }
}

/// Whether Vapi returns the wanted configuration as it was sent. Secrets, which Vapi does not return, are covered by
/// the hash.
fn is_made_from(assistant: &Assistant, wanted: &WantedAssistant) -> bool {
    assistant.config_hash == Some(wanted.payload.hash()) && wanted.payload.differences(&assistant.body).is_empty()
}

fn faults(wanted: &WantedAssistant) -> String {
    wanted.faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}
