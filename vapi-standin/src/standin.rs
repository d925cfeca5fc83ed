//! A running stand-in, and its controls.

use std::{io, net::SocketAddr, sync::Arc};

use axum::Router;
use serde_json::Value;
use tokio::{net::TcpListener, task::JoinHandle};
use uuid::Uuid;

use crate::{
    calls::{self, CallEnd, NewCall},
    config::Config,
    connection::{Connections, Fuse},
    fault::{Chaos, Fault, Faults},
    object::patch,
    operation::Operation,
    phone_numbers,
    record::Request,
    router,
    webhook::{self, Webhook},
    world::Shared,
};

/// A stand-in that serves until it is dropped. Its connections then end after their current answers.
pub struct Standin {
    addr: SocketAddr,
    shared: Arc<Shared>,
    server: JoinHandle<io::Result<()>>,
}

impl Standin {
    /// Starts serving on the calling runtime.
    pub async fn start(config: Config) -> io::Result<Self> {
        let listener = TcpListener::bind(config.addr).await?;
        let addr = listener.local_addr()?;
        let shared = Arc::new(Shared::new(config));
        let app = Router::new().fallback(router::handle).with_state(Arc::clone(&shared));
        let app = app.into_make_service_with_connect_info::<Fuse>();
        let server = tokio::spawn(async move { axum::serve(Connections(listener), app).await });
        Ok(Self { addr, shared, server })
    }

    /// The URL to use instead of `https://api.vapi.ai`.
    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// Its settings.
    pub fn config(&self) -> &Config {
        &self.shared.config
    }

    /// Makes the next request of a kind fail. Repeated calls queue up.
    pub fn fail_next(&self, operation: Operation, fault: Fault) {
        self.shared.world().faults.fail_next(operation, fault);
    }

    /// Makes every request of a kind fail.
    pub fn fail_always(&self, operation: Operation, fault: Fault) {
        self.shared.world().faults.fail_always(operation, fault);
    }

    /// Makes requests of all kinds fail at random.
    pub fn set_chaos(&self, chaos: Chaos) {
        self.shared.world().faults.set_chaos(chaos);
    }

    /// Ends all faults.
    pub fn heal(&self) {
        self.shared.world().faults = Faults::default();
    }

    /// Sets whether web calls are refused because of an unpaid bill.
    pub fn set_frozen(&self, frozen: bool) {
        self.shared.world().frozen = frozen;
    }

    /// All requests, oldest first.
    pub fn requests(&self) -> Vec<Request> {
        self.shared.world().record.all()
    }

    /// The number of requests of a kind.
    pub fn count(&self, operation: Operation) -> usize {
        self.shared.world().record.count(operation)
    }

    /// Forgets the recorded requests, but not their effects.
    pub fn forget_requests(&self) {
        self.shared.world().record.clear();
    }

    /// Waits until this many requests of a kind have been received, answered or not.
    pub async fn asked(&self, operation: Operation, count: usize) {
        let mut asked = self.shared.asked.subscribe();
        while self.count(operation) < count {
            if asked.changed().await.is_err() {
                return;
            }
        }
    }

    /// All assistants with their secrets, in the order of their creation.
    pub fn assistants(&self) -> Vec<Value> {
        self.shared.world().assistants.iter().cloned().map(Value::Object).collect()
    }

    /// An assistant, with its secrets.
    pub fn assistant(&self, id: &str) -> Option<Value> {
        self.shared.world().assistants.get(id).cloned().map(Value::Object)
    }

    /// Changes an assistant as another program would, without validation. False if it does not exist.
    pub fn drift(&self, id: &str, fields: Value) -> bool {
        let now = self.shared.config.clock.now();
        match (self.shared.world().assistants.get_mut(id), fields) {
            (Some(assistant), Value::Object(fields)) => {
                patch(assistant, fields, now);
                true
            }
            _ => false,
        }
    }

    /// Deletes an assistant as another program would. False if it does not exist.
    pub fn delete_assistant(&self, id: &str) -> bool {
        self.shared.world().assistants.remove(id).is_some()
    }

    /// Adds a phone number to the organisation; returns its id.
    pub fn add_phone_number(&self, number: &str) -> String {
        let mut world = self.shared.world();
        let id = world.new_id();
        phone_numbers::add(&mut world, &id, number, self.shared.config.clock.now());
        id
    }

    /// Adds a phone number with a given id.
    pub fn put_phone_number(&self, id: Uuid, number: &str) {
        phone_numbers::add(&mut self.shared.world(), &id.to_string(), number, self.shared.config.clock.now());
    }

    /// A phone number, with its secrets.
    pub fn phone_number(&self, id: &str) -> Option<Value> {
        self.shared.world().phone_numbers.get(id).cloned().map(Value::Object)
    }

    /// Starts a call that is under way at once; returns its id.
    pub fn begin_call(&self, call: &NewCall) -> String {
        calls::begin(&mut self.shared.world(), call, self.shared.config.clock.now())
    }

    /// Joins a web call. False if no call of this id can be joined.
    pub fn join_call(&self, id: &str) -> bool {
        calls::join(&mut self.shared.world(), id, self.shared.config.clock.now())
    }

    /// Ends a call. False if no call of this id is under way.
    pub fn end_call(&self, id: &str, end: &CallEnd) -> bool {
        calls::end(&mut self.shared.world(), id, end)
    }

    /// The current state of a call.
    pub fn call(&self, id: &str) -> Option<Value> {
        self.shared.world().calls.get(id).map(calls::show)
    }

    /// The webhooks that Vapi would have sent for a call so far, for a test to send, drop or repeat.
    pub fn webhooks(&self, call_id: &str) -> Vec<Webhook> {
        webhook::of_call(&self.shared.world(), call_id)
    }

    /// Serves until the process ends.
    pub async fn serve_forever(mut self) -> io::Result<()> {
        (&mut self.server).await.unwrap_or_else(|ended| Err(io::Error::other(ended)))
    }
}

impl Drop for Standin {
    fn drop(&mut self) {
        self.server.abort();
    }
}
