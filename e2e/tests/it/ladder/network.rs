//! The network to Postgres goes silent for a while, without closing connections.

use std::time::{Duration, Instant};

use e2e::{Answer, Environment, Org, SilentLine, Stack, report};
use reqwest::{Method, StatusCode};
use serde_json::json;
use testkit::Database;

use super::{DASHBOARD, PROMPT, org_with_lead};

/// Longer than the worker waits for an answer, so that claims time out and still take effect.
const SILENCE: Duration = Duration::from_secs(8);
/// Well before a job's lease ends.
const CONVERGED: Duration = Duration::from_secs(10);

struct Silent {
    stack: Stack,
    line: SilentLine,
    held: (Org, Answer),
    unread: (Org, Answer),
}

impl Silent {
    /// A stack whose processes reach Postgres through the proxy, an org that a node holds, and one that only Redis holds.
    async fn start() -> Self {
        let database = Database::create().await.unwrap();
        let line = SilentLine::to(&database.url());
        let stack = Stack::start_on(database, Environment::from([("DATABASE_URL", line.url())])).await;
        let (held, unread) = (org_with_lead(&stack).await, org_with_lead(&stack).await);
        // A new node holds neither.
        let mut silent = Self { stack, line, held, unread };
        silent.stack.api.restart();
        silent.stack.api.ready(&silent.stack.client).await;
        silent.reads(&silent.held.0, DASHBOARD).await;
        silent
    }

    async fn reads(&self, org: &Org, path: &str) -> Answer {
        self.promptly(path, self.stack.request(Method::GET, path).bearer_auth(&org.token)).await
    }

    async fn promptly(&self, what: &str, request: reqwest::RequestBuilder) -> Answer {
        let asked = Instant::now();
        let answer = Answer::to(request).await.unwrap();
        assert!(asked.elapsed() < PROMPT, "{what}: {:?}", asked.elapsed());
        answer
    }

    /// Checks that every route answers: with a copy if there is one, otherwise with 503.
    async fn every_route_answers(&self) {
        let (org, held) = &self.held;
        let user = |method, path: &str| self.stack.request(method, path).bearer_auth(&org.token);
        let get = |path: &'static str| self.promptly(path, user(Method::GET, path));
        let agent = json!({
            "name": "agent",
            "systemPrompt": "Answer.",
            "model": { "provider": "openai", "model": "gpt-4o" },
        });
        let waits = user(Method::GET, DASHBOARD).header("prewarm-wait-for", "r1-1");
        let list_that_waits = user(Method::GET, "/api/calls-dashboard?page=2").header("prewarm-wait-for", "r1-1");
        let (nobody, message) = (Org::unknown(), report(org, "during", "+15550100001"));
        let copies = async {
            tokio::join!(
                self.reads(org, DASHBOARD),
                self.reads(&self.unread.0, DASHBOARD),
                self.promptly("wait-for", waits)
            )
        };
        let refused = async {
            tokio::join!(
                self.reads(&nobody, DASHBOARD),
                get("/api/calls-dashboard?page=2"),
                get("/api/calls-dashboard?search=a"),
                self.promptly("a list waits", list_that_waits),
                get("/api/founder-console/agent"),
                self.promptly("save", user(Method::POST, "/api/founder-console/agent").json(&agent)),
                self.promptly("test", user(Method::POST, "/api/founder-console/test-agent").json(&json!({}))),
                get("/api/founder-console/test-agent/00000000-0000-4000-8000-000000000001/events"),
                self.promptly("webhook", self.stack.webhook(&message))
            )
        };
        let ((l1, redis, behind), refused) = tokio::join!(copies, refused);
        for (answer, copy) in [(&l1, held), (&redis, &self.unread.1), (&behind, held)] {
            assert_eq!((answer.status, answer.etag()), (StatusCode::OK, copy.etag()));
        }
        assert_eq!(behind.stale(), Some("behind-receipt"));
        let refused =
            [refused.0, refused.1, refused.2, refused.3, refused.4, refused.5, refused.6, refused.7, refused.8];
        for (n, answer) in refused.iter().enumerate() {
            let told = (answer.status, answer.header("retry-after"));
            assert_eq!(told, (StatusCode::SERVICE_UNAVAILABLE, Some("1")), "{n}: {}", answer.text());
        }
    }

    /// A silence during which webhooks arrive.
    async fn outage(&self, name: &str) {
        self.line.silence();
        let began = Instant::now();
        Box::pin(self.every_route_answers()).await;
        let mut n = 0;
        while began.elapsed() < SILENCE {
            n += 1;
            let message = report(&self.held.0, &format!("{name}-{n}"), "+15550100001");
            let refused = self.promptly("webhook", self.stack.webhook(&message)).await;
            assert_eq!(refused.status, StatusCode::SERVICE_UNAVAILABLE);
        }
    }

    /// Checks that a webhook is accepted and soon on the panel.
    async fn converges(&self, call: &str) {
        let lifted = Instant::now();
        let message = report(&self.held.0, call, "+15550100001");
        assert_eq!(self.stack.post(&message).await.status, StatusCode::OK);
        self.stack.follows_within(CONVERGED, &self.held.0).await;
        self.stack.follows_within(CONVERGED, &self.unread.0).await;
        assert!(lifted.elapsed() < CONVERGED, "{:?}", lifted.elapsed());
    }
}

#[tokio::test]
async fn requests_do_not_wait_for_a_silent_network_and_work_resumes_soon_after() {
    let silent = Silent::start().await;
    silent.outage("late").await;
    silent.line.lift();
    silent.converges("after").await;
    silent.stack.close().await;
}

#[tokio::test]
async fn connections_that_stay_silent_are_replaced() {
    let silent = Silent::start().await;
    silent.outage("lost").await;
    silent.line.lift_for_new_connections();
    silent.converges("after").await;
    silent.stack.close().await;
}
