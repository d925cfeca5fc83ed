//! The state of agents' assistants besides their rows: who works at one, how far it is, and what is owed.
//!
//! One holder at a time writes an agent's assistant. It takes the agent, and gives it back; every word of a holder that
//! has lost it meanwhile is ignored.

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

/// How far an assistant is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// It waits for a worker, or for another try.
    Pending,
    /// Somebody finds out what Vapi has.
    Preparing,
    /// Vapi is asked to make it.
    Creating,
    /// Vapi is asked to change it.
    Updating,
    /// Vapi holds what is wanted.
    Synced,
    /// Vapi does not take it.
    Failed,
}

impl Stage {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Pending, Self::Preparing, Self::Creating, Self::Updating, Self::Synced, Self::Failed];

    /// Its name.
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

    /// A stage of a later release counts as one that is under way.
    fn parse(text: &str) -> Self {
        Self::ALL.into_iter().find(|stage| stage.as_str() == text).unwrap_or(Self::Preparing)
    }
}

/// What people are told of an agent's assistant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Vapi's id of it.
    pub assistant_id: Option<String>,
    /// The hash of what Vapi holds.
    pub config_hash: Option<String>,
    /// How far it is, for the agent as it was saved last.
    pub stage: Stage,
    /// Why it failed or waits, or what is wrong beside it.
    pub reason: Option<String>,
    /// The hash of the configuration that Vapi does not take.
    pub refused_hash: Option<String>,
    /// When Vapi last took a configuration.
    pub synced_at: Option<Timestamp>,
    /// When Vapi last showed it as it should be.
    pub verified_at: Option<Timestamp>,
}

/// An agent that is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hold {
    /// Which.
    pub agent: AgentId,
    holder: Uuid,
    /// Starts without a good end, this one included.
    pub attempts: i32,
    /// It is lost so long after the last word of its holder.
    pub lease: Duration,
}

/// All that is known of an agent and its assistant.
#[derive(Clone, Debug, PartialEq)]
pub struct Known {
    /// The agent's row.
    pub agent: Agent,
    /// Vapi may have assistants of the agent, made since, that we have no answer about.
    pub look_since: Option<Timestamp>,
    /// Vapi does not have the assistant of this id.
    pub missing_id: Option<String>,
    /// The hash of the configuration that Vapi does not take.
    pub refused_hash: Option<String>,
    /// Fields that Vapi shows otherwise than it was given them.
    pub shown_otherwise: Vec<String>,
    /// An agent of another org names the same assistant: it is neither's.
    pub is_contested: bool,
}

/// What the holder of an agent has read.
#[derive(Clone, Debug)]
pub struct Reading {
    /// None: the agent is gone.
    pub known: Option<Known>,
    /// Why Vapi does not take the configuration that it has refused.
    pub refusal: Option<String>,
    /// Which marks are seen with it.
    pub seen: Seen,
}

/// A snapshot of the database, in its own words.
#[derive(Clone, Debug)]
pub struct Seen(String);

/// What there is to be said when an agent is put off.
#[derive(Clone, Copy, Debug)]
pub struct PutOff<'a> {
    /// Pending, or failed if time alone will not mend it.
    pub stage: Stage,
    /// For people.
    pub reason: &'a str,
    /// For how long.
    pub pause: Duration,
    /// Whether Vapi has certainly nothing that we know nothing of.
    pub nothing_made: bool,
    /// Whether it counts as a bad end; a wait that was asked for does not.
    pub counts: bool,
}

/// An agent of a page over all of them.
#[derive(Clone, Debug)]
pub struct Listed {
    /// The agent, and the state of its assistant.
    pub known: Known,
    /// When Vapi last took its configuration.
    pub synced_at: Option<Timestamp>,
    /// Whether it is owed already.
    pub marked: bool,
}

/// The backlog of all agents.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Backlog {
    /// Agents with changes that Vapi has not taken.
    pub owed: i64,
    /// Age of the oldest of those changes; 0 without any.
    pub oldest_seconds: f64,
    /// Agents whose configuration or account Vapi refuses.
    pub failed: i64,
}

impl Store {
    /// How far an agent's assistant is; none if the org has no such agent.
    pub async fn assistant_progress(&self, org: OrgId, agent: AgentId) -> Result<Option<Progress>, Error> {
        let row = sqlx::query_file!("queries/assistants/progress.sql", org.0, agent.0).fetch_optional(&self.pg).await?;
        Ok(row.map(|row| Progress {
            assistant_id: row.assistant_id,
            config_hash: row.config_hash,
            stage: Stage::parse(&row.stage),
            reason: row.reason,
            refused_hash: row.refused_hash,
            synced_at: row.synced_at.map(Timestamp::from),
            verified_at: row.verified_at.map(Timestamp::from),
        }))
    }

    /// Takes an agent for a lease's time, unless another holder has it.
    pub async fn take_agent(&self, agent: AgentId, lease: Duration) -> Result<Option<Hold>, Error> {
        let taken = sqlx::query_file!("queries/assistants/take.sql", agent.0, lease.as_secs_f64());
        let taken = taken.fetch_optional(&self.pg).await?;
        Ok(taken.map(|row| Hold { agent, holder: row.holder, attempts: row.attempts, lease }))
    }

    /// Reads an agent that is held, and renews the lease. None: it is lost.
    pub async fn read_held(&self, hold: &Hold) -> Result<Option<Reading>, Error> {
        let (agent, holder, lease) = hold.arguments();
        let row =
            sqlx::query_file!("queries/assistants/read.sql", agent, holder, lease).fetch_optional(&self.pg).await?;
        let Some(row) = row else { return Ok(None) };
        let known = match (row.id, row.org_id, row.call_direction, row.name) {
            (Some(id), Some(org), Some(direction), Some(name)) => Some(Known {
                agent: Agent {
                    id: AgentId(id),
                    org: OrgId(org),
                    direction,
                    wanted: crate::agents::Wanted {
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
        Ok(Some(Reading { known, refusal: row.refusal, seen: Seen(row.seen) }))
    }

    /// Renews the lease. False: the agent is lost.
    pub async fn renew_agent(&self, hold: &Hold) -> Result<bool, Error> {
        let (agent, holder, lease) = hold.arguments();
        let renewed = sqlx::query_file!("queries/assistants/renew.sql", agent, holder, lease).execute(&self.pg).await?;
        Ok(renewed.rows_affected() == 1)
    }

    /// Says what is done next, and renews the lease. False: the agent is lost.
    pub async fn enter_stage(&self, hold: &Hold, stage: Stage) -> Result<bool, Error> {
        let (agent, holder, lease) = hold.arguments();
        let entered = sqlx::query_file!("queries/assistants/enter.sql", agent, holder, stage.as_str(), lease);
        Ok(entered.execute(&self.pg).await?.rows_affected() == 1)
    }

    /// To be said before an assistant is made, and on disk when this returns: should the answer be lost, and we with it,
    /// it is looked for. False: the agent is lost.
    pub async fn begin_create(&self, hold: &Hold) -> Result<bool, Error> {
        let (agent, holder, lease) = hold.arguments();
        let begun = sqlx::query_file!("queries/assistants/begin_create.sql", agent, holder, lease);
        Ok(begun.execute(&self.pg).await?.rows_affected() == 1)
    }

    /// To be said before an assistant is changed, and on disk when this returns: should the answer be lost, nobody takes it
    /// for what it was. False: the agent is lost.
    pub async fn begin_update(&self, hold: &Hold) -> Result<bool, Error> {
        let (agent, holder, lease) = hold.arguments();
        let begun = sqlx::query_file!("queries/assistants/begin_update.sql", agent, holder, lease);
        Ok(begun.fetch_optional(&self.pg).await?.is_some())
    }

    /// Vapi has no assistants of the agent that we know nothing of.
    pub async fn note_all_found(&self, hold: &Hold) -> Result<(), Error> {
        sqlx::query_file!("queries/assistants/found.sql", hold.agent.0, hold.holder).execute(&self.pg).await?;
        Ok(())
    }

    /// What Vapi holds: the assistant's id, and the hash of its configuration if it is one of ours.
    pub async fn record_assistant(
        &self,
        hold: &Hold,
        assistant_id: &str,
        config_hash: Option<&str>,
        shown_otherwise: &[String],
    ) -> Result<(), Error> {
        let (agent, holder, _) = hold.arguments();
        sqlx::query_file!("queries/assistants/record.sql", agent, holder, assistant_id, config_hash, shown_otherwise)
            .fetch_optional(&self.pg)
            .await?;
        Ok(())
    }

    /// Vapi does not have the assistant of this id.
    pub async fn note_missing(&self, hold: &Hold, assistant_id: &str) -> Result<(), Error> {
        sqlx::query_file!("queries/assistants/missing.sql", hold.agent.0, hold.holder, assistant_id)
            .fetch_optional(&self.pg)
            .await?;
        Ok(())
    }

    /// Vapi does not take this configuration; `nothing_made` as in [`PutOff`].
    pub async fn refuse(&self, hold: &Hold, hash: &str, reason: &str, nothing_made: bool) -> Result<(), Error> {
        let (agent, holder, _) = hold.arguments();
        sqlx::query_file!("queries/assistants/refuse.sql", agent, holder, hash, reason, nothing_made)
            .execute(&self.pg)
            .await?;
        Ok(())
    }

    /// Gives an agent back that stays owed.
    pub async fn put_off(&self, hold: &Hold, word: PutOff<'_>) -> Result<(), Error> {
        let (agent, holder, _) = hold.arguments();
        let PutOff { stage, reason, pause, nothing_made, counts } = word;
        let (stage, pause) = (stage.as_str(), pause.as_secs_f64());
        sqlx::query_file!("queries/assistants/put_off.sql", agent, holder, stage, reason, pause, nothing_made, counts)
            .execute(&self.pg)
            .await?;
        Ok(())
    }

    /// Gives an agent back for which nothing is left to do, and removes the marks that were seen. It is synced, or stays
    /// refused.
    pub async fn settle(&self, hold: &Hold, seen: &Seen, synced: bool) -> Result<(), Error> {
        let (agent, holder, _) = hold.arguments();
        sqlx::query_file!("queries/assistants/settle.sql", agent, holder, seen.0, synced).execute(&self.pg).await?;
        Ok(())
    }

    /// Forgets an agent that is gone.
    pub async fn forget_agent(&self, hold: &Hold, seen: &Seen) -> Result<(), Error> {
        let (agent, holder, _) = hold.arguments();
        sqlx::query_file!("queries/assistants/forget.sql", agent, holder, seen.0).execute(&self.pg).await?;
        Ok(())
    }

    /// Tells whoever waits for an agent's assistant, on the channel `prewarm_console`: `agent <id>`.
    pub async fn announce_agent(&self, agent: AgentId) -> Result<(), Error> {
        sqlx::query_file!("queries/assistants/announce.sql", agent.0).fetch_one(&self.pg).await?;
        Ok(())
    }
}

/// The listed columns of a row, which the macro gives a type of its own in each query.
macro_rules! listed {
    ($row:expr) => {
        Listed {
            synced_at: $row.synced_at.map(Timestamp::from),
            marked: $row.marked,
            known: Known {
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

/// What the audit and the verification ask.
impl Store {
    /// Up to `limit` agents by id, after one or from the first on.
    pub async fn agents_after(&self, after: Option<AgentId>, limit: i64) -> Result<Vec<Listed>, Error> {
        let after = after.map_or(Uuid::nil(), |agent| agent.0);
        let rows = sqlx::query_file!("queries/assistants/page.sql", after, limit).fetch_all(&self.pg).await?;
        Ok(rows.into_iter().map(|row| listed!(row)).collect())
    }

    /// These agents, and those that name one of these assistants.
    pub async fn agents_naming(&self, agents: &[AgentId], assistant_ids: &[String]) -> Result<Vec<Listed>, Error> {
        let rows = sqlx::query_file!("queries/assistants/naming.sql", &ids(agents), assistant_ids);
        Ok(rows.fetch_all(&self.pg).await?.into_iter().map(|row| listed!(row)).collect())
    }

    /// Makes agents owed.
    pub async fn mark_agents(&self, agents: &[AgentId]) -> Result<(), Error> {
        sqlx::query_file!("queries/assistants/mark.sql", &ids(agents)).execute(&self.pg).await?;
        Ok(())
    }

    /// Brings back what was put off to a time further ahead than `longest`, before the clock went back.
    pub async fn mend_put_off(&self, longest: Duration) -> Result<(), Error> {
        sqlx::query_file!("queries/assistants/mend.sql", longest.as_secs_f64()).execute(&self.pg).await?;
        Ok(())
    }

    /// Lets whatever was put off be tried at once.
    pub async fn forgive_agents(&self) -> Result<(), Error> {
        sqlx::query_file!("queries/assistants/forgive.sql").execute(&self.pg).await?;
        Ok(())
    }

    /// Vapi holds something else than the configuration of this hash. False: it was written again meanwhile.
    pub async fn note_drift(&self, agent: AgentId, assistant_id: &str, hash: &str, why: &str) -> Result<bool, Error> {
        let drifted = sqlx::query_file!("queries/assistants/drifted.sql", agent.0, assistant_id, hash, why);
        Ok(drifted.execute(&self.pg).await?.rows_affected() == 1)
    }

    /// Vapi does not have the assistant that an agent names. False: it names another one meanwhile, or somebody is at it.
    pub async fn note_vanished(&self, agent: AgentId, assistant_id: &str, why: &str) -> Result<bool, Error> {
        let vanished = sqlx::query_file!("queries/assistants/vanished.sql", agent.0, assistant_id, why);
        Ok(vanished.execute(&self.pg).await?.rows_affected() == 1)
    }

    /// Vapi has assistants of these agents that they do not name, made at or after an instant.
    pub async fn note_surplus(&self, surplus: &[(AgentId, Timestamp)]) -> Result<(), Error> {
        let (agents, since): (Vec<_>, Vec<_>) = surplus.iter().map(|(agent, since)| (agent.0, PgTime(*since))).unzip();
        sqlx::query_file!("queries/assistants/surplus.sql", &agents, &since as &[PgTime]).execute(&self.pg).await?;
        Ok(())
    }

    /// Vapi has shown the assistants of these agents to be as they should be.
    pub async fn note_verified(&self, agents: &[AgentId]) -> Result<(), Error> {
        sqlx::query_file!("queries/assistants/verified.sql", &ids(agents)).execute(&self.pg).await?;
        Ok(())
    }

    /// Measures what is owed.
    pub async fn assistant_backlog(&self) -> Result<Backlog, Error> {
        Ok(sqlx::query_file_as!(Backlog, "queries/assistants/backlog.sql").fetch_one(&self.pg).await?)
    }
}

impl Known {
    /// Vapi's id of the agent's assistant, unless Vapi is known not to have it.
    pub fn live_id(&self) -> Option<&str> {
        self.agent.assistant_id.as_deref().filter(|id| self.missing_id.as_deref() != Some(id))
    }
}

impl Hold {
    fn arguments(&self) -> (Uuid, Uuid, f64) {
        (self.agent.0, self.holder, self.lease.as_secs_f64())
    }
}

fn ids(agents: &[AgentId]) -> Vec<Uuid> {
    agents.iter().map(|agent| agent.0).collect()
}
