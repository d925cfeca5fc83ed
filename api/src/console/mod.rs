//! The console: where people save an agent and speak with it. Nothing here calls Vapi. What is wanted is written, a worker
//! does it, and how far it is comes back as rows and notices.

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

/// Bytes of bodies that are being read, at most.
const ROOM: usize = 16 * 1024 * 1024;

/// Sessions of each kind for work in the background, at most.
const SESSIONS_BEHIND: usize = 4;

/// What the console's routes share.
#[derive(Clone)]
pub(crate) struct Console {
    store: Store,
    /// What all assistants share; without it no configuration has a hash, and none is sent to Vapi.
    deployment: Option<Arc<Deployment>>,
    notices: Notices,
    quotas: Quotas,
    room: Room,
    background: Background,
    /// For work in the background.
    store_behind: Store,
}

impl Console {
    /// The console of one node. Its watchers end at `shutdown`.
    pub(crate) fn new(
        store: Store,
        deployment: Option<Deployment>,
        quotas: Quotas,
        shutdown: CancellationToken,
    ) -> Self {
        let (notices, room) = (Notices::until(shutdown), Room::of(ROOM));
        let (background, store_behind) =
            (Background::start(), store.for_another_runtime(background::NAME, SESSIONS_BEHIND));
        Self { store, deployment: deployment.map(Arc::new), notices, quotas, room, background, store_behind }
    }

    /// Does work on an agent in the background: what it asks of Postgres as well, since rows are as long as bodies.
    async fn behind<T, F>(&self, work: impl FnOnce(Self) -> F) -> Result<T, ApiError>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, ApiError>> + Send + 'static,
    {
        let behind = Self { store: self.store_behind.clone(), ..self.clone() };
        self.background.run(work(behind)).await?
    }

    /// Hears what workers say, for ever.
    pub(crate) async fn listen(&self) {
        self.notices.follow(&self.store).await;
    }
}
