//! The state of the stand-in.

use std::sync::{Mutex, MutexGuard, PoisonError};

use rand::{RngExt, SeedableRng, rngs::StdRng};
use readmodel::time::Timestamp;
use tokio::sync::watch;
use uuid::Builder;

use crate::{
    config::Config,
    fault::Faults,
    object::Objects,
    rate_limit::Window,
    record::{Record, Request},
};

/// The state that the handle and the connections share.
pub(crate) struct Shared {
    pub(crate) config: Config,
    world: Mutex<World>,
    /// Changes with every request.
    pub(crate) asked: watch::Sender<()>,
}

pub(crate) struct World {
    pub(crate) org_id: String,
    pub(crate) assistants: Objects,
    pub(crate) phone_numbers: Objects,
    pub(crate) calls: Objects,
    pub(crate) faults: Faults,
    pub(crate) record: Record,
    pub(crate) window: Window,
    /// Whether the bill is unpaid.
    pub(crate) frozen: bool,
    rng: StdRng,
}

impl Shared {
    pub(crate) fn new(config: Config) -> Self {
        let world = World {
            org_id: config.org_id.to_string(),
            assistants: Objects::default(),
            phone_numbers: Objects::default(),
            calls: Objects::default(),
            faults: Faults::default(),
            record: Record::default(),
            window: Window::default(),
            frozen: false,
            rng: StdRng::seed_from_u64(config.seed),
        };
        Self { config, world: Mutex::new(world), asked: watch::Sender::default() }
    }

    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn record(&self, request: Request) {
        self.world().record.add(request);
        self.asked.send_replace(());
    }
}

impl World {
    /// A new id for anything but a call.
    pub(crate) fn new_id(&mut self) -> String {
        Builder::from_random_bytes(self.rng.random()).into_uuid().to_string()
    }

    /// A new id for a call, which begins with its time.
    pub(crate) fn new_call_id(&mut self, now: Timestamp) -> String {
        let millis = u64::try_from(now.as_micros() / 1000).unwrap_or(0);
        Builder::from_unix_timestamp_millis(millis, &self.rng.random()).into_uuid().to_string()
    }
}
