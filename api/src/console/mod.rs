//! The console, where people save and test agents. It never calls Vapi: it writes the wanted state, a worker applies
//! it, and the result comes back as rows and notices.

pub(crate) mod agent;
pub(crate) mod body;
mod progress;
pub(crate) mod test_agent;
pub(crate) mod wire;

use std::sync::Arc;

use store::Store;
use tokio_util::sync::CancellationToken;
use vapi::Deployment;

pub(crate) use progress::Notices;

use crate::{
    background::{self, Background},
    bodies::Room,
    error::ApiError,
    quota::Quotas,
};

/// Most bytes of bodies that are being read.
const MAX_READING_BYTES: usize = 16 * 1024 * 1024;

/// Most sessions of each kind for background work.
const BACKGROUND_SESSIONS: usize = 4;

/// The resources of the console's routes.
#[derive(Clone)]
pub(crate) struct Console {
    store: Store,
    /// The settings that all assistants share; without them no configuration has a hash, and none is sent to Vapi.
    deployment: Option<Arc<Deployment>>,
    notices: Notices,
    quotas: Quotas,
    room: Room,
    background: Background,
    /// The store for background work.
    background_store: Store,
}

impl Console {
    /// The console of a node. Its watches end at `shutdown`.
    pub(crate) fn new(
        store: Store,
        deployment: Option<Deployment>,
        quotas: Quotas,
        shutdown: CancellationToken,
    ) -> Self {
        let (notices, room) = (Notices::until(shutdown), Room::of(MAX_READING_BYTES));
        let (background, background_store) =
            (Background::start(), store.for_another_runtime(background::NAME, BACKGROUND_SESSIONS));
        Self { store, deployment: deployment.map(Arc::new), notices, quotas, room, background, background_store }
    }

    /// Runs work on an agent on the background thread, with its statements, since rows are as long as bodies.
    async fn in_background<T, F>(&self, work: impl FnOnce(Self) -> F) -> Result<T, ApiError>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, ApiError>> + Send + 'static,
    {
        let console = Self { store: self.background_store.clone(), ..self.clone() };
        self.background.run(work(console)).await?
    }

    /// Receives the workers' notices, for ever.
    pub(crate) async fn listen(&self) {
        self.notices.follow(&self.store).await;
    }
}
