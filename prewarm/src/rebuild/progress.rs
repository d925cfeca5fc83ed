//! The progress of a run: a bar on a terminal, elsewhere a line from time to time.

use std::{
    io::IsTerminal as _,
    time::{Duration, Instant},
};

use indicatif::{ProgressBar, ProgressStyle};
use store::rebuild_runs::{RebuildFailure, RebuildRun};

/// Interval between two lines without a terminal.
const LINE_INTERVAL: Duration = Duration::from_secs(5);

/// Runs work and measures its duration.
pub(super) async fn timed<T>(work: impl Future<Output = T>) -> (T, Duration) {
    let started = Instant::now();
    let made = work.await;
    (made, started.elapsed())
}

/// The display of a run's progress.
pub(super) struct RunProgress {
    bar: ProgressBar,
    /// When the next line is due; `None` on a terminal.
    line_at: Option<Instant>,
    started: Instant,
    /// Orgs that earlier processes rebuilt.
    before: i64,
    total: i64,
}

impl RunProgress {
    pub(super) fn start(run: &RebuildRun) -> anyhow::Result<Self> {
        let style = ProgressStyle::with_template("rebuilding {bar:40} {pos}/{len} orgs{msg}")?;
        let bar =
            ProgressBar::new(run.total.unsigned_abs()).with_style(style).with_position(run.rebuilt.unsigned_abs());
        if run.resumed {
            print_line(&format!("resuming after {} of {} orgs", run.rebuilt, run.total));
        }
        let line_at = (!std::io::stderr().is_terminal()).then(|| Instant::now() + LINE_INTERVAL);
        Ok(Self { bar, line_at, started: Instant::now(), before: run.rebuilt, total: run.total })
    }

    pub(super) fn at(&mut self, rebuilt: i64) {
        let pace = self.pace(rebuilt);
        match self.line_at {
            Some(at) if Instant::now() < at => {}
            Some(_) => {
                print_line(&format!("{rebuilt} of {} orgs{pace}", self.total));
                self.line_at = Some(Instant::now() + LINE_INTERVAL);
            }
            None => {
                self.bar.set_position(rebuilt.unsigned_abs());
                self.bar.set_message(pace);
            }
        }
    }

    /// The rate of this process alone: the time between two processes says nothing about speed.
    fn pace(&self, rebuilt: i64) -> String {
        let rate = self.rate(rebuilt);
        let left = f64::from(u32::try_from(self.total - rebuilt).unwrap_or_default()) / rate.max(f64::EPSILON);
        format!(", {rate:.1}/s, {} left", indicatif::HumanDuration(Duration::from_secs_f64(left.min(1e9))))
    }

    fn rate(&self, rebuilt: i64) -> f64 {
        let done = u32::try_from(rebuilt - self.before).unwrap_or_default();
        f64::from(done) / self.started.elapsed().as_secs_f64().max(f64::EPSILON)
    }

    pub(super) fn finish(&self) {
        self.bar.finish_and_clear();
    }

    /// Prints the result of the run.
    #[expect(clippy::print_stdout, reason = "the command's output")]
    pub(super) fn report(&self, rebuilt: i64, failures: &[RebuildFailure]) {
        for RebuildFailure { org, reason } in failures {
            println!("{org}  {reason}");
        }
        let (took, rate) = (self.started.elapsed().as_secs_f64(), self.rate(rebuilt));
        println!("rebuilt {} orgs in {took:.1} s ({rate:.1}/s)", rebuilt - self.before);
    }
}

#[expect(clippy::print_stderr, reason = "the command's output")]
pub(super) fn print_line(line: &str) {
    eprintln!("{line}");
}
