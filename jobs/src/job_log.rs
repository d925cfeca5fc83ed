//! The log line of a job that fails.

use crate::{Job, JobError};

/// Logs the end of a job. Dropping it before [`end`](Self::end) means that the job was cut off: by its time limit, a
/// panic or the end of the process.
pub(crate) struct JobLog {
    job: Job,
    ended: bool,
}

impl JobLog {
    pub(crate) const fn of(job: Job) -> Self {
        Self { job, ended: false }
    }

    pub(crate) fn end(mut self, ended: &Result<(), JobError>) {
        self.ended = true;
        let Err(error) = ended else { return };
        let (job, subject) = (self.job.kind(), self.job.subject());
        tracing::warn!(job, subject, reason = error.message(), tried_again = error.may_retry(), "a job failed");
    }
}

impl Drop for JobLog {
    fn drop(&mut self) {
        if !self.ended {
            let (job, subject) = (self.job.kind(), self.job.subject());
            tracing::warn!(job, subject, "a job was cut off by its time limit, a panic or the end of the worker");
        }
    }
}
