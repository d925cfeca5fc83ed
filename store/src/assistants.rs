//! The state of agents' assistants that the source does not have: who is working on one, its stage, and what is owed.
//!
//! A worker takes a lease of an agent before it touches the assistant. Statements of a worker that has lost its lease
//! change nothing.

use std::time::Duration;

use readmodel::{
    ids::{AgentId, OrgId},
    time::Timestamp,
};
use uuid::Uuid;

use crate::{
    Error, Store,
    agents::{Agent, agent},
    instant::PgTime,
};

/// The stage of an agent's assistant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AssistantStage {
    /// Waits for a worker or for the next attempt.
    Pending,
    /// A worker finds out which assistants Vapi has.
    Preparing,
    /// A worker has asked Vapi to create it.
    Creating,
    /// A worker has asked Vapi to change it.
    Updating,
    /// Vapi holds the wanted configuration.
    Synced,
    /// Vapi rejects the configuration or the account.
    Failed,
}

impl AssistantStage {
    /// All stages.
    pub const ALL: [Self; 6] =
        [Self::Pending, Self::Preparing, Self::Creating, Self::Updating, Self::Synced, Self::Failed];

    /// The name in the database and on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Preparing => "preparing",
            Self::Creating => "creating",
            Self::Updating => "updating",
            Self::Synced => "synced",
            Self::Failed => "failed",
        }
    }

    /// A stage that only a later release knows counts as work under way.
    fn parse(text: &str) -> Self {
        Self::ALL.into_iter().find(|stage| stage.as_str() == text).unwrap_or(Self::Preparing)
    }
}

/// The state of an agent's assistant, as the console shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssistantProgress {
    /// Vapi's id of the assistant.
    pub assistant_id: Option<String>,
    /// The hash of what Vapi holds.
    pub config_hash: Option<String>,
    /// The stage, for the agent as it was last saved.
    pub stage: AssistantStage,
    /// Why the agent failed or waits; or a problem beside it, such as a phone number that Vapi rejects.
    pub reason: Option<String>,
    /// The hash of the configuration that Vapi rejects.
    pub refused_hash: Option<String>,
    /// When Vapi last took a configuration.
    pub synced_at: Option<Timestamp>,
    /// When Vapi's copy was last seen to be right.
    pub verified_at: Option<Timestamp>,
}

/// The lease of an agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AgentLease {
    /// The agent.
    pub agent: AgentId,
    holder: Uuid,
    /// Attempts without a success, this one included.
    pub attempts: i32,
    /// The duration of the lease after its last renewal.
    pub duration: Duration,
}

/// The state of an agent and its assistant.
#[derive(Clone, Debug, PartialEq)]
pub struct AgentState {
    /// The agent's row.
    pub agent: Agent,
    /// Set while Vapi may have assistants of this agent whose creation was never answered: search those created since.
    pub look_since: Option<Timestamp>,
    /// An assistant id that Vapi no longer has.
    pub missing_id: Option<String>,
    /// The hash of the configuration that Vapi rejects.
    pub refused_hash: Option<String>,
    /// Fields that Vapi returns with other values than it was sent.
    pub shown_otherwise: Vec<String>,
    /// Whether an agent of another org names the same assistant. Neither may use it then.
    pub is_contested: bool,
}

/// The result of reading an agent under its lease.
#[derive(Clone, Debug)]
pub struct Reading {
    /// `None` if the agent was deleted.
    pub state: Option<AgentState>,
    /// Why Vapi rejected the configuration of `refused_hash`.
    pub refusal: Option<String>,
    /// The snapshot of this read; it decides which marks are removed later.
    pub seen: Seen,
}

/// A `pg_snapshot`, as text.
#[derive(Clone, Debug)]
pub struct Seen(String);

/// Why, and until when, an agent's next attempt is deferred.
#[derive(Clone, Copy, Debug)]
pub struct AgentDeferral<'a> {
    /// Pending, or failed if waiting alone will not help.
    pub stage: AssistantStage,
    /// The reason, as the console shows it.
    pub reason: &'a str,
    /// The time until the next attempt.
    pub pause: Duration,
    /// Whether Vapi certainly has no assistant that we do not know of.
    pub nothing_made: bool,
    /// Whether it counts as a failed attempt. A wait that Vapi asked for does not.
    pub counts: bool,
}

/// An agent in a page of all agents.
#[derive(Clone, Debug)]
pub struct ListedAgent {
    /// The agent and its assistant.
    pub state: AgentState,
    /// When Vapi last took the configuration.
    pub synced_at: Option<Timestamp>,
    /// Whether a mark already makes it owed.
    pub marked: bool,
}

/// The work that is owed on assistants.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AssistantBacklog {
    /// Agents with changes that Vapi does not have yet.
    pub owed: i64,
    /// Age of the oldest such change in seconds; 0 without any.
    pub oldest_seconds: f64,
    /// Agents whose configuration or account Vapi rejects.
    pub failed: i64,
}

impl Store {
    /// The state of an agent's assistant; `None` if the org has no such agent.
    pub async fn assistant_progress(&self, org: OrgId, agent: AgentId) -> Result<Option<AssistantProgress>, Error> {
        let row = sqlx::query_file!("queries/assistants/progress.sql", org.0, agent.0).fetch_optional(&self.pg).await?;
        Ok(row.map(|row| AssistantProgress {
            assistant_id: row.assistant_id,
            config_hash: row.config_hash,
            stage: AssistantStage::parse(&row.stage),
            reason: row.reason,
            refused_hash: row.refused_hash,
            synced_at: row.synced_at.map(Timestamp::from),
            verified_at: row.verified_at.map(Timestamp::from),
        }))
    }

    /// Takes the lease of an agent, unless another worker holds it.
    pub async fn take_agent(&self, agent: AgentId, duration: Duration) -> Result<Option<AgentLease>, Error> {
        let taken = sqlx::query_file!("queries/assistants/take.sql", agent.0, duration.as_secs_f64());
        let taken = taken.fetch_optional(&self.pg).await?;
        Ok(taken.map(|row| AgentLease { agent, holder: row.holder, attempts: row.attempts, duration }))
    }

    /// Reads an agent and renews its lease; `None` if the lease is lost.
    pub async fn read_leased(&self, lease: &AgentLease) -> Result<Option<Reading>, Error> {
        let (agent, holder, seconds) = lease.arguments();
        let row =
            sqlx::query_file!("queries/assistants/read.sql", agent, holder, seconds).fetch_optional(&self.pg).await?;
        let Some(row) = row else { return Ok(None) };
        let state = match (row.id, row.org_id, row.call_direction, row.name) {
            (Some(id), Some(org), Some(direction), Some(name)) => Some(AgentState {
                agent: Agent {
                    id: AgentId(id),
                    org: OrgId(org),
                    direction,
                    settings: crate::agents::AgentSettings {
                        name,
                        system_prompt: row.system_prompt,
                        first_message: row.first_message,
                        voice: row.voice,
                        model: row.model,
                    },
                    assistant_id: row.vapi_assistant_id,
                    config_hash: row.config_hash,
                },
                look_since: row.look_since.map(Timestamp::from),
                missing_id: row.missing_id,
                refused_hash: row.refused_hash,
                shown_otherwise: row.shown_otherwise,
                is_contested: row.is_contested.unwrap_or(false),
            }),
            _ => None,
        };
        Ok(Some(Reading { state, refusal: row.refusal, seen: Seen(row.seen) }))
    }

    /// Renews the lease; false if it is lost.
    pub async fn renew_agent(&self, lease: &AgentLease) -> Result<bool, Error> {
        let (agent, holder, seconds) = lease.arguments();
        let renewed =
            sqlx::query_file!("queries/assistants/renew.sql", agent, holder, seconds).execute(&self.pg).await?;
        Ok(renewed.rows_affected() == 1)
    }

    /// Records the stage and renews the lease; false if it is lost.
    pub async fn set_agent_stage(&self, lease: &AgentLease, stage: AssistantStage) -> Result<bool, Error> {
        let (agent, holder, seconds) = lease.arguments();
        let entered = sqlx::query_file!("queries/assistants/set_stage.sql", agent, holder, stage.as_str(), seconds);
        Ok(entered.execute(&self.pg).await?.rows_affected() == 1)
    }

    /// Records, durably, that an assistant is about to be created, so that it is searched for if the answer is lost or
    /// this process dies. False if the lease is lost.
    pub async fn begin_create(&self, lease: &AgentLease) -> Result<bool, Error> {
        let (agent, holder, seconds) = lease.arguments();
        let begun = sqlx::query_file!("queries/assistants/begin_create.sql", agent, holder, seconds);
        Ok(begun.execute(&self.pg).await?.rows_affected() == 1)
    }

    /// Records, durably, that an assistant is about to be changed: until the answer its configuration counts as
    /// unknown. False if the lease is lost.
    pub async fn begin_update(&self, lease: &AgentLease) -> Result<bool, Error> {
        let (agent, holder, seconds) = lease.arguments();
        let begun = sqlx::query_file!("queries/assistants/begin_update.sql", agent, holder, seconds);
        Ok(begun.fetch_optional(&self.pg).await?.is_some())
    }

    /// Records that Vapi has no assistant of the agent that we do not know of.
    pub async fn note_search_complete(&self, lease: &AgentLease) -> Result<(), Error> {
        sqlx::query_file!("queries/assistants/search_complete.sql", lease.agent.0, lease.holder)
            .execute(&self.pg)
            .await?;
        Ok(())
    }

    /// Records which assistant Vapi has, and the hash of its configuration if we wrote it.
    pub async fn record_assistant(
        &self,
        lease: &AgentLease,
        assistant_id: &str,
        config_hash: Option<&str>,
        shown_otherwise: &[String],
    ) -> Result<(), Error> {
        let (agent, holder, _) = lease.arguments();
        sqlx::query_file!("queries/assistants/record.sql", agent, holder, assistant_id, config_hash, shown_otherwise)
            .fetch_optional(&self.pg)
            .await?;
        Ok(())
    }

    /// Records that Vapi does not have this assistant.
    pub async fn note_missing(&self, lease: &AgentLease, assistant_id: &str) -> Result<(), Error> {
        sqlx::query_file!("queries/assistants/missing.sql", lease.agent.0, lease.holder, assistant_id)
            .fetch_optional(&self.pg)
            .await?;
        Ok(())
    }

    /// Records that Vapi rejects this configuration; `nothing_made` as in [`AgentDeferral`].
    pub async fn note_refused(
        &self,
        lease: &AgentLease,
        hash: &str,
        reason: &str,
        nothing_made: bool,
    ) -> Result<(), Error> {
        let (agent, holder, _) = lease.arguments();
        sqlx::query_file!("queries/assistants/refused.sql", agent, holder, hash, reason, nothing_made)
            .execute(&self.pg)
            .await?;
        Ok(())
    }

    /// Ends the lease of an agent that stays owed.
    pub async fn defer_agent(&self, lease: &AgentLease, word: AgentDeferral<'_>) -> Result<(), Error> {
        let (agent, holder, _) = lease.arguments();
        let AgentDeferral { stage, reason, pause, nothing_made, counts } = word;
        let (stage, pause) = (stage.as_str(), pause.as_secs_f64());
        sqlx::query_file!("queries/assistants/defer.sql", agent, holder, stage, reason, pause, nothing_made, counts)
            .execute(&self.pg)
            .await?;
        Ok(())
    }

    /// Ends the lease of an agent that is synced, or stays refused, and removes the marks that `seen` sees.
    pub async fn finish_agent(&self, lease: &AgentLease, seen: &Seen, synced: bool) -> Result<(), Error> {
        let (agent, holder, _) = lease.arguments();
        sqlx::query_file!("queries/assistants/finish.sql", agent, holder, seen.0, synced).execute(&self.pg).await?;
        Ok(())
    }

    /// Removes the state of a deleted agent.
    pub async fn forget_agent(&self, lease: &AgentLease, seen: &Seen) -> Result<(), Error> {
        let (agent, holder, _) = lease.arguments();
        sqlx::query_file!("queries/assistants/forget.sql", agent, holder, seen.0).execute(&self.pg).await?;
        Ok(())
    }

    /// Notifies the channel `prewarm_console` of a change: `agent <id>`.
    pub async fn announce_agent(&self, agent: AgentId) -> Result<(), Error> {
        sqlx::query_file!("queries/assistants/announce.sql", agent.0).fetch_one(&self.pg).await?;
        Ok(())
    }
}

/// Makes a [`ListedAgent`] from a row. A macro, since each query has a row type of its own.
macro_rules! listed {
    ($row:expr) => {
        ListedAgent {
            synced_at: $row.synced_at.map(Timestamp::from),
            marked: $row.marked,
            state: AgentState {
                look_since: $row.look_since.map(Timestamp::from),
                missing_id: $row.missing_id,
                refused_hash: $row.refused_hash,
                shown_otherwise: $row.shown_otherwise,
                is_contested: $row.is_contested,
                agent: agent!($row),
            },
        }
    };
}

/// Queries of the audit and the verification.
impl Store {
    /// Up to `limit` agents in the order of their ids, after one or from the first.
    pub async fn agents_after(&self, after: Option<AgentId>, limit: i64) -> Result<Vec<ListedAgent>, Error> {
        let after = after.map_or(Uuid::nil(), |agent| agent.0);
        let rows = sqlx::query_file!("queries/assistants/page.sql", after, limit).fetch_all(&self.pg).await?;
        Ok(rows.into_iter().map(|row| listed!(row)).collect())
    }

    /// These agents, and all that name one of these assistants.
    pub async fn agents_naming(&self, agents: &[AgentId], assistant_ids: &[String]) -> Result<Vec<ListedAgent>, Error> {
        let rows = sqlx::query_file!("queries/assistants/naming.sql", &ids(agents), assistant_ids);
        Ok(rows.fetch_all(&self.pg).await?.into_iter().map(|row| listed!(row)).collect())
    }

    /// Makes agents owed.
    pub async fn mark_agents(&self, agents: &[AgentId]) -> Result<(), Error> {
        sqlx::query_file!("queries/assistants/mark.sql", &ids(agents)).execute(&self.pg).await?;
        Ok(())
    }

    /// Brings deferrals that lie further ahead than `longest` to now; they date from before the clock went back.
    pub async fn clamp_deferrals(&self, longest: Duration) -> Result<(), Error> {
        sqlx::query_file!("queries/assistants/clamp_deferrals.sql", longest.as_secs_f64()).execute(&self.pg).await?;
        Ok(())
    }

    /// Makes all deferred agents due now.
    pub async fn retry_deferred_agents(&self) -> Result<(), Error> {
        sqlx::query_file!("queries/assistants/retry_deferred.sql").execute(&self.pg).await?;
        Ok(())
    }

    /// Records that Vapi holds another configuration than the one of this hash. False if we have written it again
    /// meanwhile.
    pub async fn note_drift(&self, agent: AgentId, assistant_id: &str, hash: &str, why: &str) -> Result<bool, Error> {
        let drifted = sqlx::query_file!("queries/assistants/drifted.sql", agent.0, assistant_id, hash, why);
        Ok(drifted.execute(&self.pg).await?.rows_affected() == 1)
    }

    /// Records that Vapi does not have the assistant that an agent names. False if the agent is leased, or names
    /// another one.
    pub async fn note_vanished(&self, agent: AgentId, assistant_id: &str, why: &str) -> Result<bool, Error> {
        let vanished = sqlx::query_file!("queries/assistants/vanished.sql", agent.0, assistant_id, why);
        Ok(vanished.execute(&self.pg).await?.rows_affected() == 1)
    }

    /// Records that Vapi has assistants of these agents, created at or after an instant, that the agents do not name.
    pub async fn note_surplus(&self, surplus: &[(AgentId, Timestamp)]) -> Result<(), Error> {
        let (agents, since): (Vec<_>, Vec<_>) = surplus.iter().map(|(agent, since)| (agent.0, PgTime(*since))).unzip();
        sqlx::query_file!("queries/assistants/surplus.sql", &agents, &since as &[PgTime]).execute(&self.pg).await?;
        Ok(())
    }

    /// Records that Vapi's copies of these agents were seen to be right.
    pub async fn note_verified(&self, agents: &[AgentId]) -> Result<(), Error> {
        sqlx::query_file!("queries/assistants/verified.sql", &ids(agents)).execute(&self.pg).await?;
        Ok(())
    }

    /// Counts the owed and the failed agents.
    pub async fn assistant_backlog(&self) -> Result<AssistantBacklog, Error> {
        Ok(sqlx::query_file_as!(AssistantBacklog, "queries/assistants/backlog.sql").fetch_one(&self.pg).await?)
    }
}

impl AgentState {
    /// Vapi's id of the assistant, unless Vapi is known not to have it.
    pub fn live_id(&self) -> Option<&str> {
        self.agent.assistant_id.as_deref().filter(|id| self.missing_id.as_deref() != Some(id))
    }
}

impl AgentLease {
    fn arguments(&self) -> (Uuid, Uuid, f64) {
        (self.agent.0, self.holder, self.duration.as_secs_f64())
    }
}

fn ids(agents: &[AgentId]) -> Vec<Uuid> {
    agents.iter().map(|agent| agent.0).collect()
}
