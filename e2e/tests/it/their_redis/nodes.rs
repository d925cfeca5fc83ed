//! A Redis Cluster of real servers.

use e2e::{Org, eventually};
use redis::FromRedisValue;

use super::{
    authority::Authority,
    node::{Node, PORT},
};

/// The number of nodes that hold keys.
const PRIMARIES: usize = 3;
const SLOTS: usize = 16_384;

/// A failed node is noticed after so many milliseconds: longer than a busy machine stalls a process.
const NODE_TIMEOUT: &str = "2000";

/// The servers of a cluster: first those that hold keys at its start, then their replicas.
pub(super) struct Nodes(pub(super) Vec<Node>);

impl Nodes {
    /// Starts three nodes, with a replica of each of the given ones.
    pub(super) async fn start(replicas_of: &[usize], authority: Option<&Authority>) -> Self {
        let settings = ["--cluster-enabled", "yes", "--cluster-node-timeout", NODE_TIMEOUT];
        let mut nodes = Vec::new();
        for _ in 0..PRIMARIES + replicas_of.len() {
            nodes.push(Node::start(&settings, authority).await);
        }
        for (n, node) in nodes.iter().enumerate() {
            if n < PRIMARIES {
                let (first, last) = (SLOTS * n / PRIMARIES, SLOTS * (n + 1) / PRIMARIES - 1);
                node.ask::<()>(&format!("CLUSTER ADDSLOTSRANGE {first} {last}")).await;
            }
            node.ask::<()>(&format!("CLUSTER SET-CONFIG-EPOCH {}", n + 1)).await;
            node.ask::<()>(&format!("CLUSTER MEET {} {PORT}", nodes[0].ip())).await;
        }
        let cluster = Self(nodes);
        cluster.is_whole().await;
        for (replica, primary) in replicas_of.iter().enumerate() {
            let (replica, id) = (&cluster.0[PRIMARIES + replica], cluster.id(*primary).await);
            replica.ask::<()>(&format!("CLUSTER REPLICATE {id}")).await;
            eventually("the replica has the primary's keys", async || {
                replica.ask::<String>("INFO replication").await.contains("master_link_status:up").then_some(())
            })
            .await;
        }
        cluster
    }

    /// Waits until all running nodes know all nodes, and all slots are served.
    pub(super) async fn is_whole(&self) {
        let known = format!("cluster_known_nodes:{}\r", self.0.len());
        for node in self.0.iter().filter(|node| node.is_running()) {
            eventually("the cluster is whole", async || {
                let info: String = node.try_ask("CLUSTER INFO").await?;
                (info.contains("cluster_state:ok") && info.contains(&known)).then_some(())
            })
            .await;
        }
    }

    /// Their addresses, separated by commas.
    pub(super) fn addresses(&self) -> String {
        self.0[..PRIMARIES].iter().map(Node::address).collect::<Vec<_>>().join(",")
    }

    pub(super) async fn id(&self, node: usize) -> String {
        self.0[node].ask("CLUSTER MYID").await
    }

    /// The slot of an org, and the node that holds it at the start.
    pub(super) async fn slot(&self, org: &Org) -> (usize, usize) {
        let slot: usize = self.0[0].ask(&format!("CLUSTER KEYSLOT {{{}}}", org.id)).await;
        let node = (0..PRIMARIES).find(|node| slot < SLOTS * (node + 1) / PRIMARIES).unwrap();
        (slot, node)
    }

    /// The `n` of an org's version at the node that holds it by now.
    pub(super) async fn held(&self, key: &str) -> Option<i64> {
        for node in self.0.iter().filter(|node| node.is_running()) {
            // Any other answers MOVED.
            if let Some(n) = node.try_ask::<Option<i64>>(&format!("HGET {key} n")).await {
                return n;
            }
        }
        None
    }

    /// The subscribers of a channel at all running nodes.
    pub(super) async fn subscribers(&self, channel: &str) -> i64 {
        let mut sum = 0;
        for node in self.0.iter().filter(|node| node.is_running()) {
            let subscribed: Option<(String, i64)> = node.try_ask(&format!("PUBSUB NUMSUB {channel}")).await;
            sum += subscribed.map_or(0, |(_, subscribers)| subscribers);
        }
        sum
    }

    /// Asks a node for a key of a slot that is moving to it.
    pub(super) async fn ask_importing<T: FromRedisValue>(&self, node: usize, key: &str) -> T {
        let mut connection = self.0[node].connect().await.unwrap();
        redis::cmd("ASKING").exec_async(&mut connection).await.unwrap();
        redis::cmd("HGET").arg(key).arg("n").query_async(&mut connection).await.unwrap()
    }

    /// Begins to move a slot: its keys are still where they were.
    pub(super) async fn begin_move(&self, slot: usize, from: usize, to: usize) {
        let (from_id, to_id) = (self.id(from).await, self.id(to).await);
        self.0[to].ask::<()>(&format!("CLUSTER SETSLOT {slot} IMPORTING {from_id}")).await;
        self.0[from].ask::<()>(&format!("CLUSTER SETSLOT {slot} MIGRATING {to_id}")).await;
    }

    /// Moves the keys of a slot: its new node answers only those who were sent there by its old one.
    pub(super) async fn move_keys(&self, slot: usize, from: usize, to: usize) {
        let keys: Vec<String> = self.0[from].ask(&format!("CLUSTER GETKEYSINSLOT {slot} 100")).await;
        assert!(!keys.is_empty(), "nothing to move");
        for key in keys {
            let mut connection = self.0[from].connect().await.unwrap();
            let mut migrate = redis::cmd("MIGRATE");
            migrate.arg(self.0[to].ip()).arg(PORT).arg(key).arg(0).arg(5_000);
            migrate.exec_async(&mut connection).await.unwrap();
        }
    }

    /// Ends the move of a slot.
    pub(super) async fn end_move(&self, slot: usize, from: usize, to: usize) {
        let id = self.id(to).await;
        for node in [to, from] {
            self.0[node].ask::<()>(&format!("CLUSTER SETSLOT {slot} NODE {id}")).await;
        }
    }
}
