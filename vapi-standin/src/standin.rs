//! A running stand-in, and what its owner can do with it.

use std::{io, net::SocketAddr, sync::Arc};

use axum::Router;
use serde_json::Value;
use tokio::{net::TcpListener, task::JoinHandle};
use uuid::Uuid;

use crate::{
    calls::{self, CallEnd, NewCall},
    config::Config,
    fault::{Chaos, Fault, Faults},
    line::{Fuse, Lines},
    object::patch,
    operation::Operation,
    phone_numbers,
    record::Request,
    router,
    webhook::{self, Webhook},
    world::Shared,
};

/// A stand-in that serves until it is dropped; then its connections end, once they have answered.
pub struct Standin {
    addr: SocketAddr,
    shared: Arc<Shared>,
    server: JoinHandle<io::Result<()>>,
}

impl Standin {
    /// Starts to serve, on the runtime that calls.
    pub async fn start(config: Config) -> io::Result<Self> {
        let listener = TcpListener::bind(config.addr).await?;
        let addr = listener.local_addr()?;
        let shared = Arc::new(Shared::new(config));
        let app = Router::new().fallback(router::handle).with_state(Arc::clone(&shared));
        let app = app.into_make_service_with_connect_info::<Fuse>();
        let server = tokio::spawn(async move { axum::serve(Lines(listener), app).await });
        Ok(Self { addr, shared, server })
    }

    /// What stands in place of `https://api.vapi.ai`.
    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// How it was set up.
    pub fn config(&self) -> &Config {
        &self.shared.config
    }

    /// The next request of this kind meets this fault; said several times, one after the other.
    pub fn fail_next(&self, operation: Operation, fault: Fault) {
        self.shared.world().faults.fail_next(operation, fault);
    }

    /// Every request of this kind meets this fault.
    pub fn fail_always(&self, operation: Operation, fault: Fault) {
        self.shared.world().faults.fail_always(operation, fault);
    }

    /// Requests of all kinds meet faults by chance.
    pub fn set_chaos(&self, chaos: Chaos) {
        self.shared.world().faults.set_chaos(chaos);
    }

    /// No more faults.
    pub fn heal(&self) {
        self.shared.world().faults = Faults::default();
    }

    /// Whether web calls are refused for want of money.
    pub fn set_frozen(&self, frozen: bool) {
        self.shared.world().frozen = frozen;
    }

    /// All requests, oldest first.
    pub fn requests(&self) -> Vec<Request> {
        self.shared.world().record.all()
    }

    /// How many requests of this kind there were.
    pub fn count(&self, operation: Operation) -> usize {
        self.shared.world().record.count(operation)
    }

    /// Forgets the requests, not what they did.
    pub fn forget_requests(&self) {
        self.shared.world().record.clear();
    }

    /// Waits until there were so many requests of this kind: taken, not answered.
    pub async fn asked(&self, operation: Operation, count: usize) {
        let mut asked = self.shared.asked.subscribe();
        while self.count(operation) < count {
            if asked.changed().await.is_err() {
                return;
            }
        }
    }

    /// Every assistant, with its secrets, in the order in which they were made.
    pub fn assistants(&self) -> Vec<Value> {
        self.shared.world().assistants.iter().cloned().map(Value::Object).collect()
    }

    /// An assistant, with its secrets.
    pub fn assistant(&self, id: &str) -> Option<Value> {
        self.shared.world().assistants.get(id).cloned().map(Value::Object)
    }

    /// Somebody else changes an assistant, as by a PATCH that nobody checks. False: there is none.
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

    /// Somebody else deletes an assistant. False: there is none.
    pub fn delete_assistant(&self, id: &str) -> bool {
        self.shared.world().assistants.remove(id).is_some()
    }

    /// The organisation gets a number; its id.
    pub fn add_phone_number(&self, number: &str) -> String {
        let mut world = self.shared.world();
        let id = world.new_id();
        phone_numbers::add(&mut world, &id, number, self.shared.config.clock.now());
        id
    }

    /// The organisation gets a number whose id, a UUID, is known elsewhere already.
    pub fn put_phone_number(&self, id: Uuid, number: &str) {
        phone_numbers::add(&mut self.shared.world(), &id.to_string(), number, self.shared.config.clock.now());
    }

    /// A phone number, with its secrets.
    pub fn phone_number(&self, id: &str) -> Option<Value> {
        self.shared.world().phone_numbers.get(id).cloned().map(Value::Object)
    }

    /// A call begins, and the two sides talk; its id.
    pub fn begin_call(&self, call: &NewCall) -> String {
        calls::begin(&mut self.shared.world(), call, self.shared.config.clock.now())
    }

    /// Somebody joins a web call. False: none of this id waits for anybody.
    pub fn join_call(&self, id: &str) -> bool {
        calls::join(&mut self.shared.world(), id, self.shared.config.clock.now())
    }

    /// A call is over. False: none of this id was under way.
    pub fn end_call(&self, id: &str, end: &CallEnd) -> bool {
        calls::end(&mut self.shared.world(), id, end)
    }

    /// A call as it is now.
    pub fn call(&self, id: &str) -> Option<Value> {
        self.shared.world().calls.get(id).map(calls::show)
    }

    /// What would have been sent about a call until now, for the owner to send, drop or repeat.
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
