//! The settings of a stand-in.

use std::{
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

use uuid::Uuid;

use crate::clock::Clock;

/// The address of a stand-in, and the organisation that it plays.
#[derive(Clone, Debug)]
pub struct Config {
    /// The address to listen on; port 0 takes a free one.
    pub addr: SocketAddr,
    /// The key for everything but web calls.
    pub private_key: String,
    /// The key for web calls only.
    pub public_key: String,
    /// Vapi's id of the organisation.
    pub org_id: Uuid,
    /// The clock for the times of objects.
    pub clock: Clock,
    /// The seed of ids and random faults.
    pub seed: u64,
    /// The most calls at a time.
    pub concurrency_limit: usize,
    /// Whether a web call beyond the limit is created but never starts, instead of being refused.
    pub blocked_calls_are_answered: bool,
    /// The limit of requests; `None` for no limit.
    pub rate_limit: Option<RateLimit>,
}

/// A limit of `requests` within `per`.
#[derive(Clone, Copy, Debug)]
pub struct RateLimit {
    /// The number of requests.
    pub requests: usize,
    /// The period.
    pub per: Duration,
    /// Whether a refusal has a `Retry-After`.
    pub says_when: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            addr: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            private_key: "standin-private-key".to_owned(),
            public_key: "standin-public-key".to_owned(),
            org_id: Uuid::from_u128(0x5ee0_0000_0000_4000_8000_0000_0000_0001),
            clock: Clock::System,
            seed: 0,
            concurrency_limit: 10,
            blocked_calls_are_answered: false,
            rate_limit: None,
        }
    }
}
