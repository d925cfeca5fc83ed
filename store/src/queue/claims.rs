//! Claims: a worker takes one piece of what is owed, in one round trip, and has to end it or to renew its lease.

use std::time::Duration;

use readmodel::ids::OrgId;
use uuid::Uuid;

use crate::{
    Error, Store,
    queue::{Attempts, Job, JobId, Queue},
};

/// Work that a worker has claimed, and does.
#[derive(Clone, Debug)]
pub struct Claimed {
    /// Its id. Jobs and the starts of everything else are numbered by one sequence.
    pub id: JobId,
    /// The work.
    pub job: Job,
    /// Its starts.
    pub attempts: Attempts,
    /// Whether something asks for it now. Orgs that were never built, or by an earlier release, have time.
    pub is_urgent: bool,
}

/// A worker's place among the orgs, or agents, with changes: they get their turns by id, round and round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turn {
    /// The kind of what is owed to begin with: see `prewarm.next_owed`.
    lane: i32,
    /// Where the present round began.
    first: Uuid,
    /// The last one that was looked at.
    after: Uuid,
}

impl Turn {
    /// Before all of them.
    pub const FIRST: Self = Self { lane: 0, first: Uuid::nil(), after: Uuid::nil() };

    /// The turn after a look, which found something, ended the round, or only came further.
    const fn next(self, after: Uuid, goes_on: bool) -> Self {
        let first = if goes_on { self.first } else { after };
        Self { lane: (self.lane + 1) % 3, first, after }
    }
}

/// The places of a worker that are free for parts of its queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    /// For orgs that no change asks for.
    pub unhurried: bool,
    /// For test calls.
    pub test_calls: bool,
    /// For everything else that needs Vapi.
    pub others: bool,
}

impl Room {
    /// Everywhere.
    pub const EVERYWHERE: Self = Self { unhurried: true, test_calls: true, others: true };
}

/// The answer to a claim.
#[derive(Clone, Debug)]
pub struct Claim {
    /// The work. None: nothing may start now.
    pub claimed: Option<Claimed>,
    /// Where the next claim goes on.
    pub turn: Turn,
    /// Whether another may find something at once.
    pub more: bool,
}

impl Store {
    /// Claims work of a queue for a registered worker. The lease is renewed by heartbeats, but for an agent, which its handler
    /// takes.
    pub async fn claim(
        &self,
        worker: &str,
        queue: Queue,
        lease: Duration,
        turn: Turn,
        room: Room,
    ) -> Result<Claim, Error> {
        match queue {
            Queue::Rebuild => self.claim_rebuild(worker, lease, turn, room).await,
            Queue::Maintenance => self.claim_job(worker, queue, turn).await,
            Queue::Prewarm => self.claim_prewarm(worker, lease, turn, room).await,
        }
    }

    /// The rebuild of an org that is owed. If none may start, and there is room, of an org whose blobs have an earlier
    /// format, or that was never built.
    async fn claim_rebuild(&self, worker: &str, lease: Duration, turn: Turn, room: Room) -> Result<Claim, Error> {
        let (lease, format) = (lease.as_secs_f64(), room.unhurried.then_some(self.format.0));
        let Turn { lane, first, after } = turn;
        let row = sqlx::query_file!("queries/queue/claim_rebuild.sql", worker, lease, lane, first, after, format);
        let row = row.fetch_one(&self.queue).await?;
        let claimed = row.id.zip(row.org_id).map(|(id, org)| Claimed {
            id: JobId(id),
            job: Job::Rebuild(OrgId(org)),
            attempts: Attempts { starts: row.starts.unwrap_or(1), limit: row.max_attempts },
            is_urgent: row.urgent.unwrap_or(true),
        });
        let turn = turn.next(row.after, claimed.is_none() && row.more);
        Ok(Claim { claimed, turn, more: row.more })
    }

    async fn claim_job(&self, worker: &str, queue: Queue, turn: Turn) -> Result<Claim, Error> {
        let row = sqlx::query_file!("queries/queue/claim.sql", worker, queue.as_str());
        let claimed = row.fetch_optional(&self.queue).await?.map(|row| Claimed {
            id: JobId(row.id),
            job: Job::Maintenance(row.kind),
            attempts: Attempts { starts: row.attempts, limit: row.max_attempts },
            is_urgent: true,
        });
        let more = claimed.is_some();
        Ok(Claim { claimed, turn, more })
    }

    /// A test call first, since a person waits; then a job, or an agent that is owed.
    async fn claim_prewarm(&self, worker: &str, lease: Duration, turn: Turn, room: Room) -> Result<Claim, Error> {
        let (lease, Room { test_calls, others, .. }) = (lease.as_secs_f64(), room);
        let row = sqlx::query_file!("queries/queue/claim_prewarm.sql", worker, lease, turn.after, test_calls, others);
        let row = row.fetch_one(&self.queue).await?;
        let claimed = row.id.zip(row.kind).map(|(id, kind)| Claimed {
            id: JobId(id),
            job: Job::of(kind, row.subject.unwrap_or_default()),
            attempts: Attempts { starts: row.attempts.unwrap_or(1), limit: row.max_attempts.unwrap_or(1) },
            is_urgent: true,
        });
        let more = claimed.is_some();
        Ok(Claim { claimed, turn: turn.next(row.after, false), more })
    }
}
