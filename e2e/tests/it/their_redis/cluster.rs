//! A Redis Cluster whose slots move and whose nodes die, while versions are published.

use std::time::Duration;

use e2e::{Org, Stack, eventually, poll};
use testkit::busy::in_time;

use super::{
    add_lead, installation, key,
    nodes::Nodes,
    observers::{Seen, keep_changing, keep_reading, read_once},
    stack_on, told,
};

/// After all nodes are well again, Redis has the newest version of each org within this time.
const WHOLE: Duration = in_time(Duration::from_secs(3));

/// The node with a replica, and the replica.
const REPLICATED: usize = 2;
const REPLICA: usize = 3;

/// Nodes of the api.
const API_NODES: i64 = 2;

/// Orgs in the slots of each node, so that the death of any concerns some.
const ORGS_PER_NODE: usize = 3;

async fn orgs(stack: &Stack, nodes: &Nodes) -> Vec<Vec<Org>> {
    let mut orgs = vec![Vec::new(), Vec::new(), Vec::new()];
    while orgs.iter().any(|of_node| of_node.len() < ORGS_PER_NODE) {
        let org = stack.org().await;
        let (_, node) = nodes.slot(&org).await;
        orgs[node].push(org);
    }
    orgs
}

struct Scene<'a> {
    stack: &'a Stack,
    installation: String,
    orgs: &'a [Vec<Org>],
}

impl Scene<'_> {
    fn channel(&self) -> String {
        format!("prewarm:{}:versions", self.installation)
    }

    /// Waits until Redis gets a newer version of an org.
    async fn is_published(&self, nodes: &Nodes, org: &Org) {
        let key = key(&self.installation, org);
        let held = async || nodes.held(&key).await;
        let before = eventually("Redis has the org", held).await;
        eventually("Redis gets a newer version", async || held().await.filter(|n| *n > before)).await;
    }

    async fn slot_moves(&self, nodes: &Nodes, from: usize, to: usize) {
        let org = &self.orgs[from][0];
        let key = key(&self.installation, org);
        let (slot, _) = nodes.slot(org).await;
        self.is_published(nodes, org).await;
        nodes.begin_move(slot, from, to).await;
        self.is_published(nodes, org).await;
        nodes.move_keys(slot, from, to).await;
        let moved: i64 = nodes.ask_importing(to, &key).await;
        eventually("a version is published while its key is on the way", async || {
            (nodes.ask_importing::<i64>(to, &key).await > moved).then_some(())
        })
        .await;
        nodes.end_move(slot, from, to).await;
        self.is_published(nodes, org).await;
    }

    /// A node dies, and comes back when its replica has taken over.
    async fn node_fails_over(&self, nodes: &mut Nodes, node: usize, replica: usize) {
        nodes.0[node].kill_9();
        self.replica_takes_over(nodes, replica).await;
        nodes.0[node].restart().await;
        nodes.is_whole().await;
    }

    /// A node hangs for longer than the others wait, and its replica takes over.
    async fn node_hangs(&self, nodes: &mut Nodes, node: usize, replica: usize) {
        eventually("the replica follows the node", async || {
            let info: String = nodes.0[replica].try_ask("INFO replication").await?;
            info.contains("master_link_status:up").then_some(())
        })
        .await;
        nodes.0[node].pause();
        self.replica_takes_over(nodes, replica).await;
        eventually("the nodes of the api listen elsewhere", async || {
            (nodes.subscribers(&self.channel()).await == API_NODES).then_some(())
        })
        .await;
        nodes.0[node].resume();
        nodes.is_whole().await;
    }

    async fn replica_takes_over(&self, nodes: &Nodes, replica: usize) {
        eventually("the replica takes over", async || {
            nodes.0[replica].try_ask::<String>("INFO replication").await?.contains("role:master").then_some(())
        })
        .await;
        nodes.is_whole().await;
        self.is_published(nodes, &self.orgs[REPLICATED][1]).await;
    }

    /// A node without a replica dies, which `/readyz` says. It comes back without any key.
    async fn node_comes_back(&self, nodes: &mut Nodes, node: usize) {
        nodes.0[node].kill_9();
        told(self.stack, &self.stack.api, "degraded", &format!("the node {}: ", nodes.0[node].address())).await;
        nodes.0[node].restart().await;
        nodes.is_whole().await;
        self.is_published(nodes, &self.orgs[node][1]).await;
    }

    /// Redis has the newest version of each org, and all nodes of the api hear of versions.
    async fn is_well(&self, nodes: &Nodes) {
        let all = self.orgs.iter().flatten();
        let whole = poll(WHOLE, async || {
            for org in all.clone() {
                let newest =
                    self.stack.count(&format!("select n from prewarm.versions where org_id = '{}'", org.id)).await;
                (nodes.held(&key(&self.installation, org)).await? == newest).then_some(())?;
            }
            (nodes.subscribers(&self.channel()).await == API_NODES).then_some(())
        });
        assert!(whole.await.is_some(), "not whole within {WHOLE:?}");
    }
}

async fn events(scene: &Scene<'_>, nodes: &mut Nodes) {
    scene.slot_moves(nodes, 0, 1).await;
    scene.node_fails_over(nodes, REPLICATED, REPLICA).await;
    scene.node_hangs(nodes, REPLICA, REPLICATED).await;
    scene.node_comes_back(nodes, 1).await;
    scene.node_comes_back(nodes, 0).await;
}

#[tokio::test]
async fn no_reader_notices_that_slots_move_and_nodes_of_a_cluster_die() {
    let mut nodes = Nodes::start(&[REPLICATED], None).await;
    let stack = stack_on(format!("redis://{}", nodes.addresses())).await;
    let mut other = stack.another_api().await;
    let orgs = orgs(&stack, &nodes).await;
    let all: Vec<Org> = orgs.iter().flatten().cloned().collect();
    let scene = Scene { stack: &stack, installation: installation(&stack).await, orgs: &orgs };
    let seen = Seen::default();
    let api = [&stack.api, &other];
    tokio::select! {
        () = keep_changing(&stack, &all) => {}
        () = keep_reading(&stack, &api, &all, &seen) => {}
        () = events(&scene, &mut nodes) => {}
    }
    assert!(seen.versions() > 3 * all.len(), "{} versions of {} orgs", seen.versions(), all.len());

    stack.settled().await;
    scene.is_well(&nodes).await;
    for org in &all {
        let newest = stack.follows(org).await;
        seen.check(0, org, &newest);
        eventually("the other node has it too", async || {
            let answer = read_once(&stack, &other, org).await;
            seen.check(1, org, &answer);
            (answer.etag() == newest.etag()).then_some(())
        })
        .await;
    }
    let mut cold = stack.another_api().await;
    for org in &all {
        assert_eq!(read_once(&stack, &cold, org).await.header("prewarm-source"), Some("redis"));
    }
    told(&stack, &cold, "ok", "").await;
    assert!(!stack.worker.log().contains("prewarm:"), "no log line quotes a key");
    cold.stop().await;
    other.stop().await;
    stack.close().await;
}

/// As a provider gives it: one address for the whole cluster.
#[tokio::test]
async fn one_address_of_a_cluster_is_enough() {
    let nodes = Nodes::start(&[], None).await;
    let stack = stack_on(format!("redis://{}", nodes.0[0].address())).await;
    let orgs = orgs(&stack, &nodes).await;
    let installation = installation(&stack).await;
    for org in orgs.iter().flatten() {
        add_lead(&stack, org).await;
    }
    stack.settled().await;
    for org in orgs.iter().flatten() {
        eventually("Redis has the org", async || nodes.held(&key(&installation, org)).await).await;
    }
    let mut cold = stack.another_api().await;
    told(&stack, &cold, "ok", "").await;
    for org in orgs.iter().flatten() {
        assert_eq!(read_once(&stack, &cold, org).await.header("prewarm-source"), Some("redis"));
    }
    cold.stop().await;
    stack.close().await;
}
