//! Writers and readers that go on while servers of Redis fail.

use std::{cell::RefCell, collections::HashMap, time::Duration};

use e2e::{Answer, Org, Process, Stack};
use readmodel::{ids::OrgId, version::Version};
use reqwest::StatusCode;
use testkit::busy::in_time;

use super::add_lead;

const DASHBOARD: &str = "/api/analytics/dashboard";
/// The time limit of a read. A reader waits for Redis for a second at most in these tests.
const PROMPT: Duration = in_time(Duration::from_secs(3));
/// Pause between two changes, or two reads of an org.
const PAUSE: Duration = Duration::from_millis(20);

/// The answers so far.
#[derive(Default)]
pub(super) struct Seen {
    newest: RefCell<HashMap<(usize, OrgId), Version>>,
    etags: RefCell<HashMap<(OrgId, Version), String>>,
}

impl Seen {
    /// Checks an answer: no node goes back, and all of them have the same bytes of a version.
    pub(super) fn check(&self, node: usize, org: &Org, answer: &Answer) {
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
        let version = answer.version();
        let before = self.newest.borrow_mut().insert((node, org.id), version).unwrap_or(version);
        assert!(version >= before, "{version} after {before} at node {node} for {}", org.id);
        let etag = self.etags.borrow_mut().entry((org.id, version)).or_insert_with(|| answer.etag().to_owned()).clone();
        assert_eq!(answer.etag(), etag, "{version} of {}", org.id);
    }

    pub(super) fn versions(&self) -> usize {
        self.etags.borrow().len()
    }
}

/// Changes the orgs in turn, for ever.
pub(super) async fn keep_changing(stack: &Stack, orgs: &[Org]) {
    for org in orgs.iter().cycle() {
        add_lead(stack, org).await;
        tokio::time::sleep(PAUSE).await;
    }
}

/// Reads the orgs in turn from nodes of the api, for ever.
pub(super) async fn keep_reading(stack: &Stack, nodes: &[&Process], orgs: &[Org], seen: &Seen) {
    for org in orgs.iter().cycle() {
        for (n, node) in nodes.iter().enumerate() {
            let read = tokio::time::timeout(PROMPT, stack.read_from(node, org, DASHBOARD)).await;
            seen.check(n, org, &read.expect("a read is answered in time"));
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Reads an org once.
pub(super) async fn read_once(stack: &Stack, node: &Process, org: &Org) -> Answer {
    let answer = stack.read_from(node, org, DASHBOARD).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    answer
}
