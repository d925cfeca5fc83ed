//! Every ten minutes: compares what Vapi holds with what it was given, since other programs and people change it too.
//! This writes nothing to Vapi: an agent whose assistant differs becomes owed.

use std::collections::{HashMap, HashSet};

use metrics::gauge;
use monitoring::names::UNCLAIMED_ASSISTANTS;
use readmodel::{ids::AgentId, time::Timestamp};
use store::{
    Store,
    assistants::{AgentState, ListedAgent},
    phone_mappings::PhoneMapping,
};
use vapi::client::{self, Assistant, PAGE_SIZE};

use crate::{
    Context, JobError,
    assistants::{AssistantSync, WantedAssistant},
    drift::Drift,
};

/// Rows in memory at a time.
const CHUNK: i64 = 500;

pub(crate) async fn run(context: &Context) -> Result<(), JobError> {
    let Some(sync) = &context.assistants else { return Ok(()) };
    let began = context.store.now().await.map_err(JobError::retry)?;
    let mut verification = Verification::new(&context.store, sync, began);
    match verification.run().await {
        Ok(()) => Ok(()),
        Err(VerifyError::Store(error)) => Err(JobError::retry(error)),
        // The next run comes soon, and the differences found so far are owed already.
        Err(VerifyError::Vapi(error)) => {
            tracing::warn!(%error, "assistants could not be verified");
            Ok(())
        }
    }
}

enum VerifyError {
    Store(store::Error),
    Vapi(client::Error),
}

impl From<store::Error> for VerifyError {
    fn from(error: store::Error) -> Self {
        Self::Store(error)
    }
}

impl From<client::Error> for VerifyError {
    fn from(error: client::Error) -> Self {
        Self::Vapi(error)
    }
}

struct Verification<'a> {
    store: &'a Store,
    sync: &'a AssistantSync,
    /// The start, by the database's clock. Anything written later is not compared.
    began: Timestamp,
    /// The assistants that Vapi has listed.
    seen: HashSet<String>,
    /// Assistants whose agent does not exist.
    unclaimed: usize,
}

impl<'a> Verification<'a> {
    fn new(store: &'a Store, sync: &'a AssistantSync, began: Timestamp) -> Self {
        Self { store, sync, began, seen: HashSet::new(), unclaimed: 0 }
    }

    async fn run(&mut self) -> Result<(), VerifyError> {
        self.compare_all().await?;
        gauge!(UNCLAIMED_ASSISTANTS).set(self.unclaimed as f64);
        self.confirm_missing().await?;
        self.compare_phone_numbers().await
    }

    /// Reads pages, newest first.
    async fn compare_all(&mut self) -> Result<(), VerifyError> {
        let (all, mut until, mut size) = (Timestamp::from_micros(0), None, PAGE_SIZE);
        loop {
            let page = self.sync.client.assistants_created_between(all, until, &mut size).await?;
            let full = page.len() >= size;
            until = page.iter().filter_map(|assistant| assistant.created_at).min();
            let new: Vec<Assistant> =
                page.into_iter().filter(|assistant| self.seen.insert(assistant.id.clone())).collect();
            self.compare_page(&new).await?;
            if !full || new.is_empty() {
                return Ok(());
            }
        }
    }

    async fn compare_page(&mut self, page: &[Assistant]) -> Result<(), VerifyError> {
        let claimed: Vec<AgentId> = page.iter().filter_map(|assistant| assistant.agent).collect();
        let ids: Vec<String> = page.iter().map(|assistant| assistant.id.clone()).collect();
        let listed = self.store.agents_naming(&claimed, &ids).await?;
        let by_agent: HashMap<AgentId, &ListedAgent> =
            listed.iter().map(|listed| (listed.state.agent.id, listed)).collect();
        let by_assistant: HashMap<&str, &ListedAgent> =
            listed.iter().filter_map(|listed| Some((listed.state.agent.assistant_id.as_deref()?, listed))).collect();
        let (mut verified, mut surplus) = (Vec::new(), Vec::new());
        for assistant in page {
            match (by_assistant.get(assistant.id.as_str()), assistant.agent.map(|agent| by_agent.get(&agent))) {
                (Some(listed), _) => {
                    if self.compare(listed, assistant).await? {
                        verified.push(listed.state.agent.id);
                    }
                }
                // Made for an agent that names another assistant, or none.
                (None, Some(Some(listed))) if self.sync.owns(assistant) && !listed.marked => {
                    surplus.extend(assistant.created_at.map(|at| (listed.state.agent.id, at)));
                }
                (None, Some(Some(_)) | None) => {}
                (None, Some(None)) => {
                    tracing::info!(assistant = assistant.id, "Vapi has an assistant whose agent does not exist");
                    self.unclaimed += 1;
                }
            }
        }
        self.store.note_verified(&verified).await?;
        if !surplus.is_empty() {
            self.store.note_surplus(&surplus).await?;
        }
        Ok(())
    }

    /// Whether Vapi holds what it was given. An agent that is owed, or was written since the start, is left to the next
    /// run.
    async fn compare(&self, listed: &ListedAgent, assistant: &Assistant) -> Result<bool, VerifyError> {
        let AgentState { agent, shown_otherwise, .. } = &listed.state;
        let wanted = WantedAssistant::of(agent, &self.sync.deployment);
        let settled = agent.config_hash.as_ref() == Some(&wanted.hash)
            && !listed.marked
            && listed.synced_at.is_none_or(|at| at < self.began);
        if !settled {
            return Ok(false);
        }
        let differences = wanted.payload.differences(&assistant.body);
        let drifted: Vec<_> =
            differences.into_iter().filter(|field| !shown_otherwise.iter().any(|known| known == field)).collect();
        if drifted.is_empty() {
            return Ok(true);
        }
        let why = format!("changed at Vapi by somebody else: {}", drifted.join(", "));
        if self.store.note_drift(agent.id, &assistant.id, &wanted.hash, &why).await? {
            tracing::warn!(agent = %agent.id, fields = drifted.join(", "), "somebody else has changed an assistant");
            Drift::Changed.count();
        }
        Ok(false)
    }

    /// Asks Vapi for each assistant that was not listed: it may have been made in the meantime, or lie between two
    /// pages.
    async fn confirm_missing(&self) -> Result<(), VerifyError> {
        let mut after = None;
        loop {
            let page = self.store.agents_after(after, CHUNK).await?;
            for listed in &page {
                match listed.state.live_id() {
                    Some(id) if !listed.marked && !self.seen.contains(id) => self.confirm(listed, id).await?,
                    _ => {}
                }
            }
            match page.last() {
                Some(last) => after = Some(last.state.agent.id),
                None => return Ok(()),
            }
        }
    }

    async fn confirm(&self, listed: &ListedAgent, id: &str) -> Result<(), VerifyError> {
        match self.sync.client.assistant(id).await {
            Ok(assistant) => {
                self.compare(listed, &assistant).await?;
            }
            Err(client::Error::Missing) => {
                let agent = listed.state.agent.id;
                if self.store.note_vanished(agent, id, "deleted at Vapi by somebody else").await? {
                    tracing::warn!(%agent, "somebody else has deleted an assistant");
                    Drift::Missing.count();
                }
            }
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }

    async fn compare_phone_numbers(&self) -> Result<(), VerifyError> {
        let listed = self.sync.client.phone_numbers().await?;
        let complete = listed.len() < PAGE_SIZE;
        let answered: HashMap<String, Option<String>> =
            listed.into_iter().map(|number| (number.id, number.assistant_id)).collect();
        let mut after = String::new();
        loop {
            let page = self.store.phone_mappings_after(&after, CHUNK).await?;
            let Some(last) = page.last() else { break };
            after.clone_from(&last.id);
            let before = page.iter().filter(|mapping| mapping.synced_at < self.began);
            let drifted = before.filter(|mapping| has_drifted(mapping, answered.get(&mapping.id), complete));
            let drifted: Vec<String> = drifted.map(|mapping| mapping.id.clone()).collect();
            if !drifted.is_empty() {
                tracing::warn!(numbers = drifted.len(), "somebody else has changed the assistants of phone numbers");
                drifted.iter().for_each(|_| Drift::PhoneNumber.count());
                self.store.note_phone_drift(&drifted).await?;
            }
        }
        self.store.mark_outdated_phone_mappings().await?;
        Ok(())
    }
}

/// Whether Vapi's number has another assistant than it was told. A number that Vapi rejected is tried again once Vapi
/// has it; one that Vapi no longer has counts once.
fn has_drifted(mapping: &PhoneMapping, answered: Option<&Option<String>>, complete: bool) -> bool {
    match answered {
        Some(assistant_id) => *assistant_id != mapping.assistant_id,
        None => complete && !mapping.refused && mapping.assistant_id.is_some(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_has_drifted_when_another_assistant_answers_it() {
        let told = |assistant_id: Option<&str>, refused| PhoneMapping {
            id: "number".to_owned(),
            assistant_id: assistant_id.map(str::to_owned),
            refused,
            synced_at: Timestamp::from_micros(0),
        };
        let some = |id: &str| Some(Some(id.to_owned()));
        for (mapping, answered, complete, drifted) in [
            (told(Some("a"), false), some("a"), true, false),
            (told(Some("a"), false), some("b"), true, true),
            (told(Some("a"), false), Some(None), true, true),
            (told(None, false), some("b"), true, true),
            (told(Some("a"), false), None, true, true),
            (told(Some("a"), false), None, false, false),
            (told(Some("a"), true), None, true, false),
            (told(Some("a"), true), Some(None), true, true),
        ] {
            assert_eq!(has_drifted(&mapping, answered.as_ref(), complete), drifted, "{mapping:?} {answered:?}");
        }
    }
}
