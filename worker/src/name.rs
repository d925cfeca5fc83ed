//! Names of workers.

use std::fmt;

use store::queue::Queue;
use ulid::Ulid;

/// What the names of all workers of one start of a process begin with: host, pid and a ULID. A name that came a second
/// time would pass off a dead worker's jobs as a living one's.
#[derive(Clone, Debug)]
pub(crate) struct Start(String);

impl Start {
    pub(crate) fn new() -> Self {
        let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
        let host = match host.trim() {
            "" => "host",
            name => name,
        };
        Self(format!("{host}-{}-{}-", std::process::id(), Ulid::generate()))
    }

    /// The name of a queue's worker after so many restarts within the process.
    pub(crate) fn worker(&self, queue: Queue, restarts: usize) -> String {
        format!("{self}{}-r{restarts}", queue.as_str())
    }
}

impl fmt::Display for Start {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl AsRef<str> for Start {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_differ_between_starts_and_queues() {
        let (one, other) = (Start::new(), Start::new());
        let names = [
            one.worker(Queue::Rebuild, 0),
            one.worker(Queue::Rebuild, 1),
            one.worker(Queue::Maintenance, 0),
            other.worker(Queue::Rebuild, 0),
        ];
        assert_eq!(names.iter().collect::<std::collections::HashSet<_>>().len(), names.len());
        assert!(names[..3].iter().all(|name| name.starts_with(one.as_ref())));
    }
}
