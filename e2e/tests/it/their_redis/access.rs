//! Users of Redis whose access list permits all that we need, and less.

use std::fs;

use e2e::{Process, Stack, eventually};
use embedded::Redis;
use redis::Client;
use testkit::servers;

use super::{add_lead, environment, observers::read_once, stack_on, told};

/// The log's line for a refused operation.
const LOGGED: &str = "an operation of Redis fails";

/// The rules that the manual gives, for a user with a name and a password.
fn documented() -> Vec<String> {
    let manual = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/redis.md")).unwrap();
    let line = manual.lines().find_map(|line| line.strip_prefix("ACL SETUSER prewarm on >PASSWORD ")).unwrap();
    line.split(' ').map(str::to_owned).collect()
}

/// The URL of a new user who is permitted what the manual says, except for a rule.
async fn user(redis: &Redis, name: &str, without: &str) -> String {
    let mut connection = Client::open(redis.url()).unwrap().get_multiplexed_async_connection().await.unwrap();
    let rules = documented().into_iter().filter(|rule| rule != without);
    let mut setuser = redis::cmd("ACL");
    setuser.arg("SETUSER").arg(name).arg("on").arg(">word").arg(rules.collect::<Vec<_>>());
    setuser.exec_async(&mut connection).await.unwrap();
    format!("{}?user={name}&pass=word", redis.url().replacen("unix:", "redis+unix:", 1))
}

#[tokio::test]
async fn the_documented_user_may_do_all_that_is_needed() {
    let redis = servers::redis().await.unwrap();
    let stack = stack_on(user(&redis, "prewarm", "").await).await;
    let org = stack.org().await;
    for _ in 0..3 {
        add_lead(&stack, &org).await;
        stack.settled().await;
        stack.follows(&org).await;
    }
    let mut cold = stack.another_api().await;
    assert_eq!(read_once(&stack, &cold, &org).await.header("prewarm-source"), Some("redis"));
    for process in [&stack.api, &stack.worker, &cold] {
        told(&stack, process, "ok", "").await;
        assert!(!process.log().contains(LOGGED), "{}", process.log());
    }
    let mut connection = Client::open(redis.url()).unwrap().get_multiplexed_async_connection().await.unwrap();
    let denied: Vec<redis::Value> = redis::cmd("ACL").arg("LOG").query_async(&mut connection).await.unwrap();
    assert!(denied.is_empty(), "{denied:?}");
    cold.stop().await;
    stack.close().await;
}

/// A missing rule.
struct Refused {
    rule: &'static str,
    /// The words of `/readyz` of the api and of the worker, if they surely need it.
    said: [Option<&'static str>; 2],
}

const REFUSED: [Refused; 4] = [
    Refused { rule: "&prewarm:*", said: [Some("hearing of versions: NOPERM"), Some("announcing versions: ")] },
    Refused { rule: "~prewarm:*", said: [Some("reading blobs: NOPERM"), Some("storing blobs: NOPERM")] },
    Refused { rule: "+evalsha", said: [None, Some("storing blobs: NOPERM")] },
    Refused { rule: "+hmget", said: [Some("reading blobs: NOPERM"), Some("storing blobs: ")] },
];

async fn is_named_once(stack: &Stack, process: &Process, rule: &str, said: &str) {
    let reason = told(stack, process, "degraded", said).await;
    assert_eq!(reason.matches(said).count(), 1, "{reason}");
    let lacks = reason.split("; the access list lacks ").nth(1).unwrap_or_default();
    assert!(lacks.contains(rule), "{rule}: {reason}");
    let (operation, _) = said.split_once(':').unwrap();
    let (log, of_operation) = (process.log(), format!("\"{operation}\""));
    let lines = log.lines().filter(|line| line.contains(LOGGED) && line.contains(&of_operation));
    assert_eq!(lines.count(), 1, "{log}");
    assert!(!log.contains("pass=word"), "the password is in the log");
}

#[tokio::test]
async fn what_a_user_may_not_do_is_named_once_with_the_missing_rule_and_reads_stay_right() {
    let redis = servers::redis().await.unwrap();
    let mut stack = stack_on(user(&redis, "all", "").await).await;
    stack.worker.stop().await;
    for (n, refused) in REFUSED.iter().enumerate() {
        let url = user(&redis, &format!("user{n}"), refused.rule).await;
        let limited = environment(&stack, [("REDIS_URL", url)]);
        let [mut worker, mut api] = ["worker", "api"].map(|part| Process::start(&[part], &limited));
        worker.ready(&stack.client).await;
        api.ready(&stack.client).await;
        let org = stack.org().await;
        let mut newest = stack.follows(&org).await;
        for _ in 0..3 {
            add_lead(&stack, &org).await;
            stack.settled().await;
            newest = stack.follows(&org).await;
            eventually("the node has the newest version", async || {
                (read_once(&stack, &api, &org).await.etag() == newest.etag()).then_some(())
            })
            .await;
        }
        let mut cold = Process::start(&["api"], &limited);
        cold.ready(&stack.client).await;
        let answer = read_once(&stack, &cold, &org).await;
        assert_eq!((answer.etag(), answer.stale()), (newest.etag(), None), "{}", refused.rule);
        cold.stop().await;
        for (process, said) in [&api, &worker].into_iter().zip(refused.said) {
            if let Some(said) = said {
                is_named_once(&stack, process, refused.rule, said).await;
            }
        }
        worker.stop().await;
        api.stop().await;
    }
    stack.worker.restart();
    stack.worker.ready(&stack.client).await;
    stack.close().await;
}
