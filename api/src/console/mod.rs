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

use crate::{background::Background, bodies::Room, quota::Quotas};

/// Bytes of bodies that are being read, at most.
const ROOM: usize = 16 * 1024 * 1024;

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
        Self { store, deployment: deployment.map(Arc::new), notices, quotas, room, background: Background::start() }
    }

    /// Hears what workers say, for ever.
    pub(crate) async fn listen(&self) {
        self.notices.follow(&self.store).await;
    }
}
