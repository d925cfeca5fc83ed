//! A Redis that refuses commands is reported once, in its own words.

use ::redis::{Client, cmd};
use e2e::{Answer, Environment, Process, Stack, eventually};

use super::{add_lead, cold, org_with_lead, settled_dashboard};

/// The status of Redis in `/readyz`, once it reports these words.
async fn told(stack: &Stack, process: &Process, words: &str) -> String {
    eventually("the refusal is named", async || {
        let ready = Answer::to(stack.client.get(process.admin("/readyz"))).await.ok()?.json();
        let redis = &ready["parts"]["redis"];
        let reason = redis["reason"].as_str()?.to_owned();
        (redis["state"] == "degraded" && ready["ready"] == true && reason.contains(words)).then_some(reason)
    })
    .await
}

/// The URL of a Redis user with these ACL rules only.
async fn user(stack: &Stack, rules: &[&str]) -> String {
    let mut redis = Client::open(stack.redis.url()).unwrap().get_multiplexed_async_connection().await.unwrap();
    cmd("ACL").arg("SETUSER").arg("limited").arg("on").arg(">word").arg(rules).exec_async(&mut redis).await.unwrap();
    format!("{}?user=limited&pass=word", stack.redis.url().replacen("unix:", "redis+unix:", 1))
}

#[tokio::test]
async fn a_redis_user_without_channels_is_reported_once_and_reads_stay_right() {
    let stack = Stack::start().await;
    let url = user(&stack, &["~prewarm:*", "resetchannels", "+@all"]).await;
    let environment = Environment::from_iter(stack.environment.clone().into_iter().chain([("REDIS_URL", url)]));
    let mut node = cold(&stack, &environment).await;
    let reason = told(&stack, &node, "hearing of versions: NOPERM").await;
    assert!(reason.contains("channel"), "{reason}");

    let mut stack = stack;
    stack.worker.stop().await;
    let mut worker = Process::start(&["worker"], &environment);
    worker.ready(&stack.client).await;
    let (org, _) = org_with_lead(&stack).await;
    for _ in 0..5 {
        add_lead(&stack, &org).await;
        settled_dashboard(&stack, &org).await;
    }
    told(&stack, &worker, "announcing versions: ").await;
    let (log, words) = (worker.log(), "an operation of Redis fails");
    assert_eq!(log.matches(words).count(), 1, "{log}");
    assert!(!log.contains("word\""), "the password is in the log");
    worker.stop().await;
    node.stop().await;
    stack.worker.restart();
    stack.worker.ready(&stack.client).await;
    stack.close().await;
}
