//! How a stand-in is set up.

use std::{
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

use uuid::Uuid;

use crate::clock::Clock;

/// The organisation that the stand-in plays, and where.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where it listens; port 0 takes a free one.
    pub addr: SocketAddr,
    /// The key for everything but web calls.
    pub private_key: String,
    /// The key for web calls, and for nothing else.
    pub public_key: String,
    /// Vapi's id of the organisation.
    pub org_id: Uuid,
    /// Whose time is written into what is made.
    pub clock: Clock,
    /// What ids and random faults are drawn from.
    pub seed: u64,
    /// The limit of calls at a time.
    pub concurrency_limit: usize,
    /// Whether a web call beyond the limit is made and never starts, instead of being refused.
    pub blocked_calls_are_answered: bool,
    /// The limit of requests at a time; `None` for no limit.
    pub rate_limit: Option<RateLimit>,
}

/// At most `requests` within `per`.
#[derive(Clone, Copy, Debug)]
pub struct RateLimit {
    /// How many.
    pub requests: usize,
    /// In which time.
    pub per: Duration,
    /// Whether a refusal says in `Retry-After` when to come back.
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
