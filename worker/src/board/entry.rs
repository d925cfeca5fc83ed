//! The entries of the board's lists, in apalis' words.

use apalis_core::{
    backend::{StatType, Statistic},
    task::{Task, builder::TaskBuilder, status::Status, task_id::TaskId},
};
use readmodel::time::Timestamp;
use serde_json::{Value, json};
use store::queue::{
    Job, JobState,
    board::{AgentRecord, Count, Firing, JobRecord},
};

use crate::schedule::Cron;

/// The list of agents, as [`Count`] names it.
pub(super) const AGENTS: &str = "agents";

/// Where a job of a state stands. apalis has more: it tells a failed attempt from one to come.
const fn status_of(state: JobState) -> Status {
    match state {
        JobState::Waiting => Status::Pending,
        JobState::Running => Status::Running,
        JobState::Done => Status::Done,
        JobState::Dead => Status::Killed,
    }
}

/// The state of the jobs that stand there. None: there are none.
pub(super) fn state_of(status: &Status) -> Option<JobState> {
    JobState::ALL.into_iter().find(|state| status_of(*state) == *status)
}

/// The stages of `prewarm.assistants`, by where an agent stands at them.
const STAGES: [(&str, Status); 6] = [
    ("pending", Status::Pending),
    ("preparing", Status::Running),
    ("creating", Status::Running),
    ("updating", Status::Running),
    ("synced", Status::Done),
    ("failed", Status::Failed),
];

/// The stages of the agents that stand there.
pub(super) fn stages_of(status: &Status) -> Vec<String> {
    STAGES.iter().filter(|(_, at)| at == status).map(|(stage, _)| (*stage).to_owned()).collect()
}

fn status_of_stage(stage: &str) -> Status {
    STAGES.iter().find(|(known, _)| *known == stage).map_or_else(Status::default, |(_, status)| status.clone())
}

fn status_named(state: &str) -> Status {
    JobState::ALL.into_iter().find(|known| known.as_str() == state).map_or_else(Status::default, status_of)
}

/// Seconds since 1970.
pub(super) fn seconds(at: Timestamp) -> u64 {
    u64::try_from(at.as_micros() / 1_000_000).unwrap_or_default()
}

pub(super) fn of_job(record: JobRecord) -> Task<Value> {
    let (kind, error) = (record.job.kind(), &record.error);
    let args = match &record.job {
        Job::Rebuild(org) => json!({ "kind": kind, "org_id": org, "error": error }),
        Job::SyncAssistant(agent) => json!({ "kind": kind, "agent_id": agent, "error": error }),
        Job::TestCall(id) => json!({ "kind": kind, "test_call_id": id, "error": error }),
        Job::Maintenance(_) => json!({ "kind": kind, "error": error }),
    };
    TaskBuilder::new(args)
        .task_id(TaskId::from_string(record.id))
        .status(status_named(&record.state))
        .attempt(usize::try_from(record.attempts).unwrap_or_default())
        .max_attempts(usize::try_from(record.max_attempts).unwrap_or_default())
        .queue(record.queue.into())
        .run_at_timestamp(seconds(record.run_at))
        .lock_at(record.claimed_at.map(seconds))
        .lock_by(record.worker)
        .done_at(record.ended_at.map(seconds))
        .build()
}

pub(super) fn of_agent(record: AgentRecord) -> Task<Value> {
    let args = json!({ "org_id": record.org, "stage": record.stage, "reason": record.reason });
    let task = TaskBuilder::new(args)
        .task_id(TaskId::from_string(record.agent.to_string()))
        .status(status_of_stage(&record.stage))
        .attempt(usize::try_from(record.attempts).unwrap_or_default())
        .queue(AGENTS.into())
        .done_at(record.synced_at.map(seconds));
    match record.not_before {
        Some(at) => task.run_at_timestamp(seconds(at)).build(),
        None => task.build(),
    }
}

/// A cron with its newest firing.
pub(super) fn of_cron(cron: &Cron, firings: &[Firing]) -> Task<Value> {
    let args = json!({ "cron": cron.name, "expression": cron.expression, "reason": cron.reason });
    let task = TaskBuilder::new(args).task_id(TaskId::from_string(cron.name));
    match firings.iter().find(|firing| firing.cron == cron.name) {
        Some(firing) => task
            .status(Status::Done)
            .run_at_timestamp(seconds(firing.slot))
            .done_at(Some(seconds(firing.fired_at)))
            .build(),
        None => task.build(),
    }
}

/// The numbers that the board's pages look for.
pub(super) fn statistics<'a>(counts: impl Iterator<Item = &'a Count>) -> Vec<Statistic> {
    const TITLES: [(&str, Status); 5] = [
        ("RUNNING_JOBS", Status::Running),
        ("PENDING_JOBS", Status::Pending),
        ("DONE_JOBS", Status::Done),
        ("FAILED_JOBS", Status::Failed),
        ("KILLED_JOBS", Status::Killed),
    ];
    let counts: Vec<(Status, i64)> = counts.map(|count| (status_counted(count), count.count)).collect();
    let of =
        |wanted: &Status| -> i64 { counts.iter().filter(|(status, _)| status == wanted).map(|(_, count)| count).sum() };
    let numbers = TITLES.iter().map(|(title, status)| number(title, of(status)));
    numbers.chain([number("TOTAL_JOBS", counts.iter().map(|(_, count)| count).sum())]).collect()
}

fn status_counted(count: &Count) -> Status {
    if count.list == AGENTS { status_of_stage(&count.state) } else { status_named(&count.state) }
}

pub(super) fn number(title: &str, value: i64) -> Statistic {
    Statistic { title: title.to_owned(), stat_type: StatType::Number, value: value.to_string(), priority: Some(1) }
}
