//! A server that publishes keys, or fails to.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use api::auth::Verifier;
use axum::{
    Router,
    extract::State,
    http::{StatusCode, header::LOCATION},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::Semaphore};

use super::issuer::verifier;

#[derive(Clone)]
pub(crate) struct Publisher {
    address: SocketAddr,
    answer: Arc<Mutex<Answer>>,
    fetches: Arc<AtomicUsize>,
    /// Each response takes a permit. There are plenty unless a test removes them.
    pub(crate) gate: Arc<Semaphore>,
}

#[derive(Clone)]
pub(crate) enum Answer {
    Body(u16, Vec<u8>),
    Redirect(String),
}

impl Publisher {
    /// Starts on a free local port and publishes these keys.
    pub(crate) async fn start(keys: &[&Value]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let publisher = Self {
            address: listener.local_addr().expect("an address"),
            answer: Arc::new(Mutex::new(Answer::Body(200, key_set(keys)))),
            fetches: Arc::default(),
            gate: Arc::new(Semaphore::new(Semaphore::MAX_PERMITS)),
        };
        let app = Router::new().fallback(respond).with_state(publisher.clone());
        tokio::spawn(async move { axum::serve(listener, app).await });
        publisher
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/jwks.json", self.address)
    }

    /// A verifier that has fetched its keys here and has no others.
    pub(crate) fn verifier(&self) -> Verifier {
        verifier(&[("PREWARM_JWKS_URL", &self.url())])
    }

    pub(crate) fn publish(&self, keys: &[&Value]) {
        self.answer(Answer::Body(200, key_set(keys)));
    }

    pub(crate) fn answer(&self, answer: Answer) {
        *self.answer.lock().expect("no panic") = answer;
    }

    /// The number of requests so far.
    pub(crate) fn fetches(&self) -> usize {
        self.fetches.load(Ordering::SeqCst)
    }

    pub(crate) async fn wait_for_fetches(&self, count: usize) {
        let arrived = async {
            while self.fetches() < count {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), arrived).await.expect("a fetch within 10 s");
    }
}

async fn respond(State(publisher): State<Publisher>) -> Response {
    publisher.fetches.fetch_add(1, Ordering::SeqCst);
    let _permit = publisher.gate.acquire().await.expect("an open gate");
    let answer = publisher.answer.lock().expect("no panic").clone();
    match answer {
        Answer::Body(status, body) => (StatusCode::from_u16(status).expect("a status"), body).into_response(),
        Answer::Redirect(to) => (StatusCode::FOUND, [(LOCATION, to)]).into_response(),
    }
}

pub(crate) fn key_set(keys: &[&Value]) -> Vec<u8> {
    json!({ "keys": keys }).to_string().into_bytes()
}
