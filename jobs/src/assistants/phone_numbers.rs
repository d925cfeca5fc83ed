//! Tells Vapi which assistant answers an agent's phone numbers.

use serde_json::json;
use vapi::client::{Assistant, Error};

use super::{
    AssistantSync,
    failure::Failure,
    pass::{Pass, PassError},
};

impl Pass<'_> {
    /// Updates each number. A number that Vapi does not have or rejects is recorded, and delays nothing else.
    pub(super) async fn map_phone_numbers(&self, assistant_id: Option<&str>) -> Result<(), PassError> {
        let agent = self.lease.agent;
        for owed in self.store.phone_mappings_owed(agent, assistant_id).await? {
            self.renew().await?;
            let fields = json!({"assistantId": owed.assistant_id});
            let refused = match self.sync.client.update_phone_number(&owed.id, &fields).await {
                Ok(_) => None,
                Err(Error::Missing) => Some("Vapi does not have it".to_owned()),
                Err(error) => match Failure::of(&error) {
                    Failure::Content(reason) => Some(reason),
                    Failure::Account(_) | Failure::Passing(_) => return Err(error.into()),
                },
            };
            if let Some(reason) = &refused {
                tracing::warn!(%agent, reason, "Vapi rejects the assistant of a phone number");
            }
            self.store.record_phone_mapping(agent, &owed, refused.as_deref()).await?;
        }
        Ok(())
    }
}

impl AssistantSync {
    /// Whether an assistant sends its webhooks to this installation. A copy of the database may use the same account at
    /// Vapi; its assistants are not ours to judge.
    pub(crate) fn owns(&self, assistant: &Assistant) -> bool {
        assistant.body["server"]["url"] == self.deployment.webhook_url()
    }
}
