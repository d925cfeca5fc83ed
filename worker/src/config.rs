//! How a worker process works.

use std::time::Duration;

use store::queue::Queue;

/// How a worker process works. The defaults are for production; tests shorten the times.
#[derive(Clone, Debug)]
pub struct Config {
    /// How often a worker says that it lives, and looks for jobs that were lost.
    pub heartbeat: Duration,
    /// How long running jobs may go on after the signal to stop.
    pub shutdown: Duration,
    /// For rebuilds.
    pub rebuild: Limits,
    /// For what crons fire.
    pub maintenance: Limits,
    /// For assistants at Vapi; without it they are left to other workers.
    pub prewarm: Option<Limits>,
    /// `PREWARM_EVENT_RETENTION`: how long the bodies of events are kept.
    pub event_retention: Duration,
}

/// `PREWARM_EVENT_RETENTION` unless it is set.
pub const DEFAULT_EVENT_RETENTION: Duration = Duration::from_hours(30 * 24);

/// What holds for the jobs of one queue.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Jobs that run at once.
    pub concurrency: usize,
    /// How long a job may run before it is cut off.
    pub timeout: Duration,
    /// A job counts as lost when its worker has not been heard of for this long.
    pub lease: Duration,
    /// How often to look for work, hint or no hint.
    pub poll: Duration,
}

/// A configuration under which jobs would run twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("queue {}: a lease of {lease:?} does not outlast three heartbeats of {heartbeat:?} and the shutdown's {shutdown:?}", queue.as_str())]
pub struct ConfigError {
    queue: Queue,
    lease: Duration,
    heartbeat: Duration,
    shutdown: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            heartbeat: Duration::from_secs(2),
            shutdown: Duration::from_secs(8),
            rebuild: Limits {
                concurrency: 8,
                // Of a million calls all is made anew in some ten seconds, on a machine that has nothing else to do.
                timeout: Duration::from_mins(5),
                lease: Duration::from_secs(20),
                poll: Duration::from_millis(25),
            },
            maintenance: Limits {
                concurrency: 4,
                timeout: Duration::from_mins(5),
                lease: Duration::from_secs(20),
                poll: Duration::from_millis(250),
            },
            prewarm: Some(Limits {
                // One more than prewarm.prewarm_places().
                concurrency: 4,
                // A pass is a few requests of ten seconds at most; to verify all assistants takes longer.
                timeout: Duration::from_mins(5),
                lease: Duration::from_secs(20),
                poll: Duration::from_millis(100),
            }),
            event_retention: DEFAULT_EVENT_RETENTION,
        }
    }
}

impl Config {
    /// None: the queue is not worked.
    pub(crate) const fn limits(&self, queue: Queue) -> Option<&Limits> {
        match queue {
            Queue::Rebuild => Some(&self.rebuild),
            Queue::Maintenance => Some(&self.maintenance),
            Queue::Prewarm => self.prewarm.as_ref(),
        }
    }

    /// A lease must be renewed before it ends: by a heartbeat, of which some may be late. No heart beats while a worker
    /// shuts down.
    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        let Self { heartbeat, shutdown, .. } = *self;
        for queue in Queue::ALL {
            let Some(&Limits { lease, .. }) = self.limits(queue) else { continue };
            if lease <= heartbeat * 3 + shutdown {
                return Err(ConfigError { queue, lease, heartbeat, shutdown });
            }
        }
        Ok(())
    }
}
