//! The stand-in, tested by a plain HTTP client.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod calls;
mod faults;
mod lists;
mod refusals;
mod state;

use std::time::Duration;

use reqwest::{Client, Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};
use vapi_standin::{Config, Standin};

/// A stand-in and a client.
struct Desk {
    standin: Standin,
    http: Client,
}

impl Desk {
    async fn new() -> Self {
        Self::with(Config::default()).await
    }

    async fn with(config: Config) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = Client::builder().no_proxy().tls_certs_only([]).user_agent("desk").timeout(Duration::from_secs(30));
        Self { standin: Standin::start(config).await.unwrap(), http: http.build().unwrap() }
    }

    /// A request with the key that the path needs.
    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let config = self.standin.config();
        let key = if path == "/call/web" { &config.public_key } else { &config.private_key };
        self.http.request(method, format!("{}{path}", self.standin.url())).bearer_auth(key)
    }

    async fn send(&self, method: Method, path: &str, body: Value) -> (StatusCode, Value) {
        let response = self.request(method, path).json(&body).send().await.unwrap();
        (response.status(), response.json().await.unwrap())
    }

    async fn get(&self, path: &str) -> (StatusCode, Value) {
        let response = self.request(Method::GET, path).send().await.unwrap();
        (response.status(), response.json().await.unwrap())
    }

    async fn create(&self, body: Value) -> String {
        let (status, assistant) = self.send(Method::POST, "/assistant", body).await;
        assert_eq!(status, StatusCode::CREATED, "{assistant}");
        assistant["id"].as_str().unwrap().to_owned()
    }

    async fn named(&self, name: &str) -> String {
        self.create(json!({"name": name})).await
    }
}
