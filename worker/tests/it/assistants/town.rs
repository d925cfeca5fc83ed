//! A database, a stand-in for Vapi, and workers between them.

use std::time::Duration;

use jobs::{AssistantSync, Context, JobError, Maintenance, Memo, SyncPace};
use monitoring::health::Health;
use readmodel::{
    ids::{AgentId, OrgId},
    model::Format,
    time::Clock,
};
use serde_json::{Value, json};
use store::{
    Store,
    agents::{Agent, AgentSettings},
    assistants::{AssistantProgress, AssistantStage},
    queue::Job,
};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use vapi::{
    AgentConfig, Deployment, Payload, WebhookAuth,
    client::{Client, Times},
};
use vapi_standin::{Operation, Standin};
use worker::{Config, Limits};

use crate::harness::{Db, eventually, quick};

pub(super) const URL: &str = "https://prewarm.example";
pub(super) const SECRET: &str = "canary-webhook-secret";

/// The number of changed agents and of agents in progress.
const OPEN: &str = "select (select count(*) from prewarm.agent_marks)
                         + (select count(*) from prewarm.assistants where until is not null)";

pub(super) struct Town {
    pub(super) db: Db,
    pub(super) store: Store,
    pub(super) standin: Standin,
}

impl Town {
    pub(super) async fn new() -> Self {
        let db = Db::create().await;
        let store = Store::new(db.pg.clone(), None, Format::CURRENT);
        Self { db, store, standin: Standin::start(vapi_standin::Config::default()).await.unwrap() }
    }

    pub(super) async fn close(self) {
        self.db.close().await;
    }

    /// The context of another process, with its own connections and gate.
    pub(super) fn context(&self) -> Context {
        self.context_at(URL)
    }

    /// The context of an installation with another public address.
    pub(super) fn context_at(&self, url: &str) -> Context {
        let client = Client::new(vapi::client::Config {
            base_url: self.standin.url(),
            private_key: self.standin.config().private_key.clone().into(),
            public_key: Some(self.standin.config().public_key.clone().into()),
            user_agent: "prewarm-test".to_owned(),
            observer: None,
            times: Times {
                request: Duration::from_secs(1),
                spacing: Duration::from_millis(1),
                spaced_for: Duration::from_millis(10),
                busy_pause: Duration::from_millis(5),
                first_pause: Duration::from_millis(5),
                max_pause: Duration::from_millis(50),
            },
        });
        let pace = SyncPace {
            lease: Duration::from_secs(3),
            first_pause: Duration::from_millis(5),
            max_pause: Duration::from_millis(50),
            first_account_pause: Duration::from_millis(50),
            max_account_pause: Duration::from_millis(100),
        };
        let sync = AssistantSync { client: client.unwrap(), deployment: deployment(url), pace };
        Context {
            store: self.store.clone(),
            memo: Memo::new(0, Duration::ZERO),
            clock: Clock::Database,
            assistants: Some(sync),
            event_retention: worker::DEFAULT_EVENT_RETENTION,
        }
    }

    /// A context with deferrals so long that only a wake-up explains another attempt.
    pub(super) fn patient(&self) -> Context {
        let mut context = self.context();
        if let Some(sync) = &mut context.assistants {
            let day = Duration::from_hours(24);
            sync.pace = SyncPace { first_pause: day, max_pause: day, ..sync.pace };
        }
        context
    }

    /// Starts the workers of one process.
    pub(super) fn start(&self) -> Worker {
        let shutdown = CancellationToken::new();
        let limits = Limits {
            concurrency: 4,
            timeout: Duration::from_secs(30),
            lease: Duration::from_secs(3),
            poll: Duration::from_millis(10),
        };
        let config = Config { prewarm: Some(limits), ..quick() };
        let sync = self.context().assistants;
        let run = worker::run(config, self.store.clone(), sync, Health::default(), shutdown.clone());
        Worker { shutdown, task: tokio::spawn(async move { run.await.unwrap() }) }
    }

    /// Saves an org's inbound agent with a prompt.
    pub(super) async fn save(&self, org: OrgId, prompt: &str) -> Agent {
        self.store.save_agent(org, "inbound", &wanted(prompt)).await.unwrap()
    }

    /// The unprocessed agent of a new org.
    pub(super) async fn fresh(&self) -> Agent {
        let org = self.db.org().await;
        self.save(org, "first").await
    }

    /// The agent of a new org with an up-to-date assistant. The requests so far are forgotten.
    pub(super) async fn synced(&self) -> Agent {
        let agent = self.fresh().await;
        self.pass(agent.id).await.unwrap();
        self.standin.forget_requests();
        self.agent(&agent).await
    }

    /// The current row of an agent.
    pub(super) async fn agent(&self, agent: &Agent) -> Agent {
        self.store.agent(agent.org, &agent.direction).await.unwrap().unwrap()
    }

    pub(super) async fn progress(&self, agent: &Agent) -> AssistantProgress {
        self.store.assistant_progress(agent.org, agent.id).await.unwrap().unwrap()
    }

    /// Runs one pass over an agent, as after a claim.
    pub(super) async fn pass(&self, agent: AgentId) -> Result<(), JobError> {
        jobs::run(&self.context(), &Job::SyncAssistant(agent)).await
    }

    pub(super) async fn run(&self, job: Maintenance) {
        job.run(&self.context()).await.unwrap();
    }

    /// Runs passes until the agent is not owed.
    pub(super) async fn passes(&self, agent: AgentId) {
        let context = self.context();
        let marks = format!("select count(*) from prewarm.agent_marks where agent_id = '{agent}'");
        eventually("the agent is owed nothing", async || {
            let _refused = jobs::run(&context, &Job::SyncAssistant(agent)).await;
            (self.db.count(&marks).await == 0).then_some(())
        })
        .await;
    }

    /// Waits until no agent is owed or in progress.
    pub(super) async fn settled(&self) {
        self.db.until(OPEN, 0).await;
    }

    pub(super) async fn mark(&self, agent: AgentId) {
        self.store.mark_agents(&[agent]).await.unwrap();
    }

    /// The assistants with this agent's id in their metadata.
    pub(super) fn assistants_of(&self, agent: AgentId) -> Vec<Value> {
        let agent = agent.to_string();
        self.standin.assistants().into_iter().filter(|held| held["metadata"]["agentId"] == agent.as_str()).collect()
    }

    /// Checks that Vapi has one assistant for the agent, equal to the row, and that the row names it.
    pub(super) async fn assert_exact(&self, agent: &Agent) {
        let agent = self.agent(agent).await;
        let payload = payload(&agent, URL);
        let held = self.assistants_of(agent.id);
        let [assistant] = &held[..] else { panic!("{} assistants of one agent", held.len()) };
        assert_eq!(assistant["id"].as_str(), agent.assistant_id.as_deref());
        assert_eq!(payload.differences(assistant), [""; 0]);
        assert_eq!(assistant["server"]["secret"], SECRET);
        assert_eq!(agent.config_hash, Some(payload.hash().to_string()));
        assert_eq!(self.progress(&agent).await.stage, AssistantStage::Synced);
    }

    pub(super) fn counts(&self) -> [usize; 4] {
        [Operation::CreateAssistant, Operation::UpdateAssistant, Operation::ListAssistants, Operation::DeleteAssistant]
            .map(|operation| self.standin.count(operation))
    }
}

/// The workers of one process. Dropping it is a crash.
pub(super) struct Worker {
    shutdown: CancellationToken,
    task: JoinHandle<()>,
}

impl Worker {
    pub(super) async fn stop(self) {
        self.shutdown.cancel();
        self.task.await.unwrap();
    }

    /// Ends at any point of the work.
    pub(super) async fn crash(self) {
        self.task.abort();
        assert!(self.task.await.unwrap_err().is_cancelled());
    }
}

pub(super) fn wanted(prompt: &str) -> AgentSettings {
    AgentSettings {
        name: "Front desk".to_owned(),
        system_prompt: Some(prompt.to_owned()),
        first_message: Some("Hello".to_owned()),
        voice: Some(json!({"provider": "11labs", "voiceId": "v", "stability": 0.5})),
        model: Some(json!({"provider": "openai", "model": "gpt-4o", "temperature": 0.7})),
    }
}

pub(super) fn deployment(url: &str) -> Deployment {
    Deployment::new(url, WebhookAuth::Secret(SECRET.to_owned().into()))
}

pub(super) fn payload(agent: &Agent, url: &str) -> Payload {
    let AgentSettings { name, system_prompt, first_message, voice, model } = agent.settings.clone();
    let config = AgentConfig { id: agent.id, name, system_prompt, first_message, voice, model };
    Payload::of(&config, &deployment(url))
}
