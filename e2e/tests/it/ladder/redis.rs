//! Redis is slow, hangs, is full, or holds wrong bytes.

use std::{path::PathBuf, time::Duration};

use ::redis::{AsyncCommands, Client, aio::MultiplexedConnection, cmd};
use e2e::{Org, SlowLine, Stack};
use testkit::{busy::in_time, sqlx};
use tokio::time::Instant;

use super::{add_lead, catches_up, cold, mismatches, org_with_lead, reads, serves, settled_dashboard};

/// How long a read waits for Redis: ten times the default, for a busy machine.
const TIMEOUT_MILLISECONDS: u32 = 500;
/// The delay of Redis, four times as long. A read that waited for Redis would take longer than half of it.
const DELAY: Duration = Duration::from_secs(2);
/// The time limit of a rebuild with a hanging Redis.
const REBUILD: Duration = in_time(Duration::from_secs(5));

async fn connect(stack: &Stack) -> MultiplexedConnection {
    Client::open(stack.redis.url()).unwrap().get_multiplexed_async_connection().await.unwrap()
}

/// The Redis key of an org's blobs.
async fn key(stack: &Stack, org: &Org) -> String {
    let installation: String =
        sqlx::query_scalar("select id::text from prewarm.installation").fetch_one(&stack.pg).await.unwrap();
    format!("prewarm:{installation}:{{{}}}", org.id)
}

async fn copy(redis: &mut MultiplexedConnection, from: &str, to: &str) {
    let copied: bool = cmd("COPY").arg(from).arg(to).arg("REPLACE").query_async(redis).await.unwrap();
    assert!(copied, "{from}");
}

#[tokio::test]
async fn reads_do_not_wait_for_a_slow_redis() {
    let stack = Stack::start().await;
    let mut orgs = Vec::new();
    for _ in 0..6 {
        orgs.push(org_with_lead(&stack).await);
    }
    let socket = PathBuf::from(stack.redis.url().trim_start_matches("unix://"));
    let line = SlowLine::to(&socket);
    let url = format!("unix://{}", line.socket().display());
    let mut environment = stack.environment.clone();
    environment.insert("REDIS_URL", url);
    environment.insert("PREWARM_REDIS_TIMEOUT", TIMEOUT_MILLISECONDS.to_string());
    let mut node = cold(&stack, &environment).await;
    let (at_speed, rest) = orgs.split_first().unwrap();
    serves(&stack, &node, &at_speed.0, &at_speed.1, ("redis", None)).await;

    line.delay(DELAY);
    let (when_well, slow) = rest.split_first().unwrap();
    let mut fastest = DELAY;
    for (org, held) in slow {
        let asked = Instant::now();
        serves(&stack, &node, org, held, ("postgres", None)).await;
        fastest = fastest.min(asked.elapsed());
    }
    assert!(fastest < DELAY / 2, "{fastest:?}");
    line.delay(Duration::ZERO);
    // Late replies of timed-out requests arrive first and must not be taken for the next one's.
    tokio::time::sleep(DELAY).await;
    serves(&stack, &node, &when_well.0, &when_well.1, ("redis", None)).await;
    node.stop().await;
    stack.close().await;
}

#[tokio::test]
async fn a_hanging_redis_delays_neither_reads_nor_rebuilds() {
    let stack = Stack::start().await;
    let (read, held) = org_with_lead(&stack).await;
    let (unread, held_unread) = org_with_lead(&stack).await;
    let (later, held_later) = org_with_lead(&stack).await;
    let mut node = cold(&stack, &stack.environment).await;
    serves(&stack, &node, &read, &held, ("redis", None)).await;

    stack.redis.pause().unwrap();
    serves(&stack, &node, &read, &held, ("l1", None)).await;
    serves(&stack, &node, &unread, &held_unread, ("postgres", None)).await;
    // A node that started while Redis was slow.
    let mut newcomer = cold(&stack, &stack.environment).await;
    serves(&stack, &newcomer, &read, &held, ("postgres", None)).await;
    let changed = Instant::now();
    add_lead(&stack, &read).await;
    let newest = settled_dashboard(&stack, &read).await;
    assert!(newest.version() > held.version());
    assert!(changed.elapsed() < REBUILD, "{:?}", changed.elapsed());
    for node in [&node, &newcomer] {
        catches_up(&stack, node, &read, &newest).await;
    }

    stack.redis.resume().unwrap();
    add_lead(&stack, &read).await;
    let newest = settled_dashboard(&stack, &read).await;
    let mut after = cold(&stack, &stack.environment).await;
    serves(&stack, &after, &read, &newest, ("redis", None)).await;
    serves(&stack, &after, &later, &held_later, ("redis", None)).await;
    for node in [&mut node, &mut newcomer, &mut after] {
        node.stop().await;
    }
    stack.close().await;
}

#[tokio::test]
async fn readers_do_not_notice_a_full_redis() {
    let stack = Stack::start().await;
    let (org, held) = org_with_lead(&stack).await;
    let mut redis = connect(&stack).await;
    let limit = async |redis: &mut MultiplexedConnection, bytes: &str, policy: &str| {
        for (setting, value) in [("maxmemory-policy", policy), ("maxmemory", bytes)] {
            cmd("CONFIG").arg("SET").arg(setting).arg(value).exec_async(redis).await.unwrap();
        }
    };
    limit(&mut redis, "1", "noeviction").await;
    // Some models of one org are new, and all of the other.
    add_lead(&stack, &org).await;
    let newest = settled_dashboard(&stack, &org).await;
    assert!(newest.version() > held.version());
    let (new, of_new) = org_with_lead(&stack).await;
    let mut node = cold(&stack, &stack.environment).await;
    for (org, held) in [(&org, &newest), (&new, &of_new)] {
        let answer = reads(&stack, &node, org).await;
        assert_eq!((answer.version(), answer.identity(), answer.stale()), (held.version(), held.identity(), None));
    }
    let n: i64 = redis.hget(key(&stack, &org).await, "n").await.unwrap();
    let has_new: bool = redis.exists(key(&stack, &new).await).await.unwrap();
    assert_eq!((n, has_new), (held.version().n, false), "a full Redis takes no more");

    limit(&mut redis, "256mb", "allkeys-lru").await;
    add_lead(&stack, &org).await;
    let newest = settled_dashboard(&stack, &org).await;
    catches_up(&stack, &node, &org, &newest).await;
    let mut after = cold(&stack, &stack.environment).await;
    serves(&stack, &after, &org, &newest, ("redis", None)).await;
    node.stop().await;
    after.stop().await;
    stack.close().await;
}

/// Wrong contents of an org's key, and whether they count as a mismatch: bytes that claim to be the org's blob and are not.
const SPOILED: [(Spoil, bool); 7] = [
    (Spoil::Text, false),
    (Spoil::Fields, false),
    (Spoil::ModelMissing, false),
    (Spoil::OtherOrg, true),
    (Spoil::OtherModel, true),
    (Spoil::Damaged, true),
    (Spoil::OtherLayout, true),
];

#[derive(Clone, Copy, Debug)]
enum Spoil {
    Text,
    Fields,
    ModelMissing,
    OtherOrg,
    OtherModel,
    Damaged,
    OtherLayout,
}

impl Spoil {
    async fn spoil(self, redis: &mut MultiplexedConnection, key: &str, other: &str) {
        let changed = async |redis: &mut MultiplexedConnection, change: fn(&mut Vec<u8>)| {
            let mut bytes: Vec<u8> = redis.hget(key, "leads").await.unwrap();
            change(&mut bytes);
            let _: () = redis.hset(key, "leads", bytes).await.unwrap();
        };
        match self {
            Self::Text => redis.set(key, "not a hash").await.unwrap(),
            Self::Fields => {
                let _: () = redis.del(key).await.unwrap();
                redis.hset_multiple(key, &[("epoch", "one"), ("leads", "\u{fffd}")]).await.unwrap()
            }
            Self::ModelMissing => redis.hdel(key, "leads").await.unwrap(),
            Self::OtherOrg => copy(redis, other, key).await,
            Self::OtherModel => {
                let bytes: Vec<u8> = redis.hget(key, "pulse").await.unwrap();
                redis.hset(key, "leads", bytes).await.unwrap()
            }
            Self::Damaged => changed(redis, |bytes| *bytes.last_mut().unwrap() ^= 1).await,
            // The layout follows the three bytes of magic.
            Self::OtherLayout => changed(redis, |bytes| bytes[3] += 1).await,
        }
    }
}

#[tokio::test]
async fn a_foreign_blob_in_redis_is_counted_replaced_and_never_served() {
    let stack = Stack::start().await;
    let (other, _) = org_with_lead(&stack).await;
    let mut redis = connect(&stack).await;
    let mut node = cold(&stack, &stack.environment).await;
    let mut orgs = Vec::new();
    for (spoil, is_mismatch) in SPOILED {
        let (org, held) = org_with_lead(&stack).await;
        spoil.spoil(&mut redis, &key(&stack, &org).await, &key(&stack, &other).await).await;
        let before = mismatches(&stack, &node).await;
        serves(&stack, &node, &org, &held, ("postgres", None)).await;
        assert_eq!(mismatches(&stack, &node).await - before, f64::from(u8::from(is_mismatch)), "{spoil:?}");
        orgs.push((spoil, org, held));
    }
    node.stop().await;
    let mut node = cold(&stack, &stack.environment).await;
    let mut left = Vec::new();
    for (spoil, org, held) in &orgs {
        let answer = reads(&stack, &node, org).await;
        assert_eq!((answer.identity(), answer.stale()), (held.identity(), None), "{spoil:?}");
        if answer.header("prewarm-source") != Some("redis") {
            left.push(spoil);
        }
    }
    assert!(left.is_empty(), "still under our key: {left:?}");
    node.stop().await;
    stack.close().await;
}

#[tokio::test]
async fn an_older_version_in_redis_is_skipped_and_replaced() {
    let stack = Stack::start().await;
    let (org, held) = org_with_lead(&stack).await;
    let mut redis = connect(&stack).await;
    copy(&mut redis, &key(&stack, &org).await, "older").await;
    add_lead(&stack, &org).await;
    let newest = settled_dashboard(&stack, &org).await;
    assert!(newest.version() > held.version());
    copy(&mut redis, "older", &key(&stack, &org).await).await;
    for source in ["postgres", "redis"] {
        let mut node = cold(&stack, &stack.environment).await;
        serves(&stack, &node, &org, &newest, (source, None)).await;
        node.stop().await;
    }
    stack.close().await;
}

/// Postgres alone decides which version is the newest, even if Redis holds a higher one, for example of a database that has
/// since been restored.
#[tokio::test]
async fn a_forged_version_in_redis_is_skipped_and_replaced() {
    let stack = Stack::start().await;
    let (org, held) = org_with_lead(&stack).await;
    let mut redis = connect(&stack).await;
    let _: i64 = redis.hincr(key(&stack, &org).await, "n", 1000).await.unwrap();
    let mut node = cold(&stack, &stack.environment).await;
    serves(&stack, &node, &org, &held, ("postgres", None)).await;
    add_lead(&stack, &org).await;
    let newest = settled_dashboard(&stack, &org).await;
    catches_up(&stack, &node, &org, &newest).await;
    let mut after = cold(&stack, &stack.environment).await;
    serves(&stack, &after, &org, &newest, ("redis", None)).await;
    node.stop().await;
    after.stop().await;
    stack.close().await;
}
