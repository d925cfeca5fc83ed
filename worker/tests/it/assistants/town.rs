//! A database, a stand-in for Vapi, and processes between them.

use std::time::Duration;

use jobs::{Context, Job, JobError, Maintenance, Pace, Prewarm};
use monitoring::health::Health;
use readmodel::{
    ids::{AgentId, OrgId},
    model::Format,
    time::Clock,
};
use serde_json::{Value, json};
use store::{
    Store,
    agents::{Agent, Wanted},
    assistants::{Progress, Stage},
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

/// Agents that changed, and agents that somebody works at.
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

    /// What another process would have: connections and a gate of its own.
    pub(super) fn context(&self) -> Context {
        self.context_at(URL)
    }

    /// The same of an installation that the world reaches elsewhere.
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
        let pace = Pace {
            lease: Duration::from_secs(3),
            first_pause: Duration::from_millis(5),
            max_pause: Duration::from_millis(50),
            first_account_pause: Duration::from_millis(50),
            max_account_pause: Duration::from_millis(100),
        };
        let prewarm = Prewarm { client: client.unwrap(), deployment: deployment(url), pace };
        Context {
            store: self.store.clone(),
            clock: Clock::Database,
            prewarm: Some(prewarm),
            event_retention: worker::DEFAULT_EVENT_RETENTION,
        }
    }

    /// One that puts off for so long that nothing but being woken explains a further try.
    pub(super) fn patient(&self) -> Context {
        let mut context = self.context();
        if let Some(prewarm) = &mut context.prewarm {
            let day = Duration::from_hours(24);
            prewarm.pace = Pace { first_pause: day, max_pause: day, ..prewarm.pace };
        }
        context
    }

    /// A worker process's worth of workers.
    pub(super) fn start(&self) -> Worker {
        let shutdown = CancellationToken::new();
        let limits = Limits {
            concurrency: 4,
            timeout: Duration::from_secs(30),
            lease: Duration::from_secs(3),
            poll: Duration::from_millis(10),
        };
        let config = Config { prewarm: Some(limits), ..quick() };
        let prewarm = self.context().prewarm;
        let run = worker::run(config, self.store.clone(), prewarm, Health::default(), shutdown.clone());
        Worker { shutdown, task: tokio::spawn(async move { run.await.unwrap() }) }
    }

    /// An org's inbound agent, saved with a prompt.
    pub(super) async fn save(&self, org: OrgId, prompt: &str) -> Agent {
        self.store.save_agent(org, "inbound", &wanted(prompt)).await.unwrap()
    }

    /// A new org's agent that nobody has looked at.
    pub(super) async fn fresh(&self) -> Agent {
        let org = self.db.org().await;
        self.save(org, "first").await
    }

    /// A new org's agent whose assistant is as it should be, with the requests forgotten that made it so.
    pub(super) async fn synced(&self) -> Agent {
        let agent = self.fresh().await;
        self.pass(agent.id).await.unwrap();
        self.standin.forget_requests();
        self.agent(&agent).await
    }

    /// An agent's row as it is now.
    pub(super) async fn agent(&self, agent: &Agent) -> Agent {
        self.store.agent(agent.org, &agent.direction).await.unwrap().unwrap()
    }

    pub(super) async fn progress(&self, agent: &Agent) -> Progress {
        self.store.assistant_progress(agent.org, agent.id).await.unwrap().unwrap()
    }

    /// One pass over an agent, as a claim would start it.
    pub(super) async fn pass(&self, agent: AgentId) -> Result<(), JobError> {
        Job::Prewarm(agent).run(&self.context()).await
    }

    pub(super) async fn run(&self, job: Maintenance) {
        Job::Maintenance(job).run(&self.context()).await.unwrap();
    }

    /// Passes until the agent is not owed any more.
    pub(super) async fn passes(&self, agent: AgentId) {
        let context = self.context();
        let marks = format!("select count(*) from prewarm.agent_marks where agent_id = '{agent}'");
        eventually("the agent is owed nothing", async || {
            let _refused = Job::Prewarm(agent).run(&context).await;
            (self.db.count(&marks).await == 0).then_some(())
        })
        .await;
    }

    /// Waits until nobody is owed anything and nobody works.
    pub(super) async fn settled(&self) {
        self.db.until(OPEN, 0).await;
    }

    pub(super) async fn mark(&self, agent: AgentId) {
        self.store.mark_agents(&[agent]).await.unwrap();
    }

    /// The assistants that say that they are this agent's.
    pub(super) fn assistants_of(&self, agent: AgentId) -> Vec<Value> {
        let agent = agent.to_string();
        self.standin.assistants().into_iter().filter(|held| held["metadata"]["agentId"] == agent.as_str()).collect()
    }

    /// Vapi holds one assistant for the agent, it is what the row says, and the row says so.
    pub(super) async fn assert_exact(&self, agent: &Agent) {
        let agent = self.agent(agent).await;
        let payload = payload(&agent, URL);
        let held = self.assistants_of(agent.id);
        let [assistant] = &held[..] else { panic!("{} assistants of one agent", held.len()) };
        assert_eq!(assistant["id"].as_str(), agent.assistant_id.as_deref());
        assert_eq!(payload.differences(assistant), [""; 0]);
        assert_eq!(assistant["server"]["secret"], SECRET);
        assert_eq!(agent.config_hash, Some(payload.hash().to_string()));
        assert_eq!(self.progress(&agent).await.stage, Stage::Synced);
    }

    pub(super) fn counts(&self) -> [usize; 4] {
        [Operation::CreateAssistant, Operation::UpdateAssistant, Operation::ListAssistants, Operation::DeleteAssistant]
            .map(|operation| self.standin.count(operation))
    }
}

/// One that is dropped has crashed.
pub(super) struct Worker {
    shutdown: CancellationToken,
    task: JoinHandle<()>,
}

impl Worker {
    pub(super) async fn stop(self) {
        self.shutdown.cancel();
        self.task.await.unwrap();
    }

    /// Ends at whatever it is.
    pub(super) async fn crash(self) {
        self.task.abort();
        assert!(self.task.await.unwrap_err().is_cancelled());
    }
}

pub(super) fn wanted(prompt: &str) -> Wanted {
    Wanted {
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
    let Wanted { name, system_prompt, first_message, voice, model } = agent.wanted.clone();
    let config = AgentConfig { id: agent.id, name, system_prompt, first_message, voice, model };
    Payload::of(&config, &deployment(url))
}
