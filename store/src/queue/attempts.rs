//! The consequence of a bad end: another attempt after a pause, or death.
//!
//! The pause is half a second after the first start, then 1 s, 2 s and so on up to a minute, each with a quarter of jitter to
//! both sides. After its last start, or when no further one would help, work is dead, and a dead letter says why: the third
//! start of a rebuild, an agent or a test call, the tenth of scheduled work. A dead rebuild is tried again each minute, since the
//! org may have been mended meanwhile: it is in quarantine. A start that has no end, because its process died or lost it,
//! counts as one that ended badly, and the next one follows without a pause; an agent's, after its lease, since a request to Vapi
//! may be under way.

use std::time::Duration;

/// The pause before another try of a dead rebuild.
pub const QUARANTINE_PAUSE: Duration = Duration::from_mins(1);

/// The reason of a dead letter whose last start has no end.
const LOST: &str = "lost: it did not end within its lease";

const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_mins(1);

/// The starts of some work since it last ended well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attempts {
    /// The present one included.
    pub starts: i32,
    /// With this many it is dead.
    pub limit: i32,
}

/// The end of an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// Well.
    Done,
    /// Badly: again after a pause, while attempts are left.
    Failed(String),
    /// Badly, and no further attempt would help.
    Dead(String),
    /// Never: its worker is gone, or has lost it. The next attempt need not wait.
    Lost,
}

/// The consequence of an end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing.
    Done,
    /// Another attempt.
    Again {
        /// The reason.
        error: String,
        /// It starts no earlier.
        pause: Duration,
    },
    /// A dead letter.
    Dead {
        /// The reason.
        error: String,
    },
}

impl Attempts {
    /// The consequence of an end. `chance` is between 0 and 1.
    pub fn judge(self, end: End, chance: f64) -> Verdict {
        match end {
            End::Done => Verdict::Done,
            End::Failed(error) if self.starts < self.limit => {
                Verdict::Again { error: storable(&error), pause: self.pause(chance) }
            }
            End::Failed(error) | End::Dead(error) => Verdict::Dead { error: storable(&error) },
            End::Lost if self.starts < self.limit => Verdict::Again { error: LOST.to_owned(), pause: Duration::ZERO },
            End::Lost => Verdict::Dead { error: LOST.to_owned() },
        }
    }

    fn pause(self, chance: f64) -> Duration {
        let doublings = self.starts.clamp(1, 20) - 1;
        let pause = LONGEST_PAUSE.min(FIRST_PAUSE * 2_u32.pow(doublings.unsigned_abs()));
        pause.mul_f64(0.75 + chance / 2.0)
    }
}

impl Verdict {
    /// The reason of a bad end.
    pub(super) fn error(&self) -> Option<&str> {
        match self {
            Self::Done => None,
            Self::Again { error, .. } | Self::Dead { error } => Some(error),
        }
    }

    /// The pause before the next start.
    pub(super) const fn pause(&self) -> Duration {
        match self {
            Self::Done => Duration::ZERO,
            Self::Again { pause, .. } => *pause,
            Self::Dead { .. } => QUARANTINE_PAUSE,
        }
    }
}

/// The error without NUL, which Postgres' text cannot hold.
fn storable(error: &str) -> String {
    error.replace('\0', " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failed(starts: i32, limit: i32, chance: f64) -> Verdict {
        Attempts { starts, limit }.judge(End::Failed("why".to_owned()), chance)
    }

    #[test]
    fn pauses_double_up_to_a_minute_with_a_quarter_of_jitter() {
        let pauses = [(1, 500), (2, 1_000), (3, 2_000), (7, 32_000), (8, 60_000), (30, 60_000)];
        for (starts, millis) in pauses {
            for (chance, share) in [(0.0, 0.75), (0.5, 1.0), (1.0, 1.25)] {
                let pause = Duration::from_millis(millis).mul_f64(share);
                assert_eq!(failed(starts, 100, chance), Verdict::Again { error: "why".to_owned(), pause }, "{starts}");
            }
        }
    }

    #[test]
    fn the_last_start_that_ends_badly_is_death() {
        let dead = Verdict::Dead { error: "why".to_owned() };
        assert_eq!(failed(3, 3, 0.5), dead);
        assert_eq!(failed(4, 3, 0.5), dead, "each try in quarantine");
        assert_ne!(failed(2, 3, 0.5), dead);
        assert_eq!(Attempts { starts: 1, limit: 3 }.judge(End::Dead("why".to_owned()), 0.5), dead);
        assert_eq!(Attempts { starts: 3, limit: 3 }.judge(End::Done, 0.5), Verdict::Done);
        let lost = |starts| Attempts { starts, limit: 3 }.judge(End::Lost, 0.5);
        assert!(matches!(lost(2), Verdict::Again { pause: Duration::ZERO, .. }));
        assert!(matches!(lost(3), Verdict::Dead { .. }));
    }
}
