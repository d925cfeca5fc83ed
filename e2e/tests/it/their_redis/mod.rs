//! Redis as others run it: a cluster, a server that sentinels watch, a user with an access list, their own certificates.

mod access;
mod authority;
mod cluster;
mod failover;
mod node;
mod nodes;
mod observers;
mod sentinels;
mod tls;

use e2e::{Answer, Environment, Org, Process, Stack, eventually};
use testkit::{Database, sqlx};

/// A stack whose processes use this Redis.
async fn stack_on(url: String) -> Stack {
    let database = Database::create().await.unwrap();
    Stack::start_on(database, Environment::from([("REDIS_URL", url)])).await
}

/// The environment of the stack, with other variables.
fn environment(stack: &Stack, others: impl IntoIterator<Item = (&'static str, String)>) -> Environment {
    stack.environment.clone().into_iter().chain(others).collect()
}

async fn add_lead(stack: &Stack, org: &Org) {
    stack.sql(&format!("insert into contacts (org_id, name, lead_status) values ('{}', 'lead', 'new')", org.id)).await;
}

/// The name of this database in keys and channels.
async fn installation(stack: &Stack) -> String {
    sqlx::query_scalar("select id::text from prewarm.installation").fetch_one(&stack.pg).await.unwrap()
}

/// The Redis key of an org's blobs.
fn key(installation: &str, org: &Org) -> String {
    format!("prewarm:{installation}:{{{}}}", org.id)
}

/// The words of `/readyz` about Redis, once it is in this state and they include these.
async fn told(stack: &Stack, process: &Process, state: &str, words: &str) -> String {
    eventually(&format!("{state}: {words}"), async || {
        let ready = Answer::to(stack.client.get(process.admin("/readyz"))).await.ok()?.json();
        let redis = &ready["parts"]["redis"];
        let reason = redis["reason"].as_str().unwrap_or_default().to_owned();
        (redis["state"] == state && ready["ready"] == true && reason.contains(words)).then_some(reason)
    })
    .await
}
