//! The log line of a job that ends badly.

use store::queue::Job;

use crate::JobError;

/// Logs how a job ends. Dropping it before [`end`](Self::end) means that the job was cut off: by its time limit, a panic or
/// the end of the process.
pub(crate) struct Told {
    job: Job,
    ended: bool,
}

impl Told {
    pub(crate) fn of(job: &Job) -> Self {
        Self { job: job.clone(), ended: false }
    }

    pub(crate) fn end(mut self, ended: &Result<(), JobError>) {
        self.ended = true;
        let Err(error) = ended else { return };
        let (job, subject) = (self.job.kind(), subject(&self.job));
        tracing::warn!(job, subject, reason = error.message(), tried_again = error.may_retry(), "a job failed");
    }
}

impl Drop for Told {
    fn drop(&mut self) {
        if !self.ended {
            let (job, subject) = (self.job.kind(), subject(&self.job));
            tracing::warn!(job, subject, "a job was cut off: its time was up, it panicked, or the worker stops");
        }
    }
}

/// The org, the agent or the test call that a job is about; of maintenance the kind.
fn subject(job: &Job) -> String {
    match job {
        Job::Rebuild(org) => format!("org {org}"),
        Job::Prewarm(agent) => format!("agent {agent}"),
        Job::TestCall(id) => format!("test call {id}"),
        Job::Maintenance(kind) => kind.clone(),
    }
}
