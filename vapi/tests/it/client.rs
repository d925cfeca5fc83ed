//! The client on a stand-in that is as strict as Vapi.

mod answers;
mod checked;
mod failures;
mod lost;
mod secrets;

use std::sync::{Arc, Mutex};

use vapi::client::{Client, Config, Observation, Times};
use vapi_standin::Standin;

/// A stand-in, a client, and the client's reports to its observer.
struct Line {
    standin: Standin,
    client: Client,
    observed: Arc<Mutex<Vec<Observation>>>,
}

impl Line {
    async fn new() -> Self {
        Self::with(vapi_standin::Config::default()).await
    }

    async fn with(config: vapi_standin::Config) -> Self {
        let standin = Standin::start(config).await.unwrap();
        let observed = Arc::<Mutex<Vec<Observation>>>::default();
        let sink = Arc::clone(&observed);
        let mut config = config_of(&standin);
        config.observer = Some(Arc::new(move |observation| sink.lock().unwrap().push(observation.clone())));
        Self { client: Client::new(config).unwrap(), standin, observed }
    }

    fn observed(&self) -> Vec<(&'static str, String)> {
        let observed = self.observed.lock().unwrap();
        observed.iter().map(|seen| (seen.operation.as_str(), seen.status.clone())).collect()
    }
}

fn config_of(standin: &Standin) -> Config {
    Config {
        base_url: standin.url(),
        private_key: standin.config().private_key.clone().into(),
        public_key: Some(standin.config().public_key.clone().into()),
        user_agent: "prewarm-test".to_owned(),
        observer: None,
        times: Times::default(),
    }
}
