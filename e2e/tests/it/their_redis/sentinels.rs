//! A server of Redis, its replica, and the sentinels that watch them.

use e2e::eventually;

use super::node::{Node, PORT};

pub(super) const SERVICE: &str = "mymaster";

/// A failed server is noticed after so many milliseconds: longer than a busy machine stalls a process.
const DOWN_AFTER: u32 = 2_000;

/// Two servers, of which the first takes writes at the start, and three sentinels.
pub(super) struct Sentinels {
    pub(super) servers: [Node; 2],
    pub(super) sentinels: Vec<Node>,
}

impl Sentinels {
    pub(super) async fn start() -> Self {
        let first = Node::start(&[], None).await;
        let second = Node::start(&[], None).await;
        second.ask::<()>(&format!("REPLICAOF {} {PORT}", first.ip())).await;
        let lines = format!(
            "sentinel monitor {SERVICE} {} {PORT} 2\nsentinel down-after-milliseconds {SERVICE} {DOWN_AFTER}\n\
             sentinel failover-timeout {SERVICE} 10000\n",
            first.ip()
        );
        let mut sentinels = Vec::new();
        for _ in 0..3 {
            sentinels.push(Node::start_sentinel(&lines).await);
        }
        for sentinel in &sentinels {
            eventually("the sentinels know each other and the replica", async || {
                let info: String = sentinel.try_ask("INFO sentinel").await?;
                info.contains("status=ok").then_some(())?;
                info.contains("slaves=1,sentinels=3").then_some(())
            })
            .await;
        }
        Self { servers: [first, second], sentinels }
    }

    /// The URL, with a sentinel in front that does not exist.
    pub(super) fn url(&self) -> String {
        let sentinels: Vec<_> = self.sentinels.iter().map(Node::address).collect();
        format!("redis+sentinel://127.0.0.1:1,{}/{SERVICE}", sentinels.join(","))
    }
}
