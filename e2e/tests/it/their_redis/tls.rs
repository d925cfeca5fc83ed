//! Servers whose certificates a private authority has signed.

use e2e::{Org, Process, Stack};
use testkit::Database;

use super::{add_lead, authority::Authority, environment, node::Node, nodes::Nodes, observers::read_once, told};

/// A stack that uses a server with a certificate of this authority.
async fn stack_trusting(url: String, authority: &Authority) -> Stack {
    let variables = [("REDIS_URL", url), ("REDIS_CA_FILE", authority.file().display().to_string())];
    Stack::start_on(Database::create().await.unwrap(), variables.into()).await
}

async fn is_used(stack: &Stack, orgs: &[Org]) {
    for org in orgs {
        add_lead(stack, org).await;
    }
    stack.settled().await;
    let mut cold = stack.another_api().await;
    told(stack, &cold, "ok", "").await;
    for org in orgs {
        assert_eq!(read_once(stack, &cold, org).await.header("prewarm-source"), Some("redis"));
    }
    cold.stop().await;
}

#[tokio::test]
async fn a_certificate_of_a_private_authority_is_accepted_by_its_file_alone() {
    let (authority, other) = (Authority::new(), Authority::new());
    let server = Node::start(&[], Some(&authority)).await;
    let stack = stack_trusting(format!("rediss://{}", server.address()), &authority).await;
    let orgs = [stack.org().await];
    is_used(&stack, &orgs).await;

    let file = other.file().display().to_string();
    let mut node = Process::start(&["api"], &environment(&stack, [("REDIS_CA_FILE", file.clone())]));
    node.ready(&stack.client).await;
    let reason = told(&stack, &node, "degraded", "invalid peer certificate: UnknownIssuer").await;
    assert!(reason.ends_with(&format!("one of REDIS_CA_FILE, which is {file}")), "{reason}");
    assert_eq!(read_once(&stack, &node, &orgs[0]).await.header("prewarm-source"), Some("postgres"));
    node.stop().await;

    let mut without = stack.environment.clone();
    without.remove("REDIS_CA_FILE");
    let mut node = Process::start(&["api"], &without);
    node.ready(&stack.client).await;
    let reason = told(&stack, &node, "degraded", "invalid peer certificate").await;
    assert!(reason.ends_with("REDIS_CA_FILE, which is not set"), "{reason}");
    node.stop().await;
    stack.close().await;
}

#[tokio::test]
async fn nodes_of_a_cluster_have_certificates_of_a_private_authority() {
    let (authority, other) = (Authority::new(), Authority::new());
    let nodes = Nodes::start(&[], Some(&authority)).await;
    let stack = stack_trusting(format!("rediss://{}", nodes.addresses()), &authority).await;
    let mut orgs = Vec::new();
    for _ in 0..6 {
        orgs.push(stack.org().await);
    }
    is_used(&stack, &orgs).await;

    let file = other.file().display().to_string();
    let mut node = Process::start(&["api"], &environment(&stack, [("REDIS_CA_FILE", file.clone())]));
    node.ready(&stack.client).await;
    let reason = told(&stack, &node, "degraded", "invalid peer certificate: UnknownIssuer").await;
    assert!(reason.ends_with(&format!("one of REDIS_CA_FILE, which is {file}")), "{reason}");
    node.stop().await;
    stack.close().await;
}
