//! The time that the machine itself takes away from a running thread while both cores are busy. No latency under load can be
//! better.

use std::{
    thread,
    time::{Duration, Instant},
};

use anyhow::anyhow;

use super::Bench;
use crate::{
    machine,
    table::{Line, Value},
};

/// Longer than any pause caused by the kernel's own work.
const GAP: Duration = Duration::from_micros(300);

/// The time missed by a thread that only reads the clock.
#[derive(Clone, Copy, Default)]
struct Missed {
    total: Duration,
    longest: Duration,
}

pub(super) async fn measure(bench: &mut Bench) -> anyhow::Result<Vec<Line>> {
    let time = bench.run * bench.rounds;
    let watchers = [machine::SERVERS, machine::GENERATOR].map(|core| thread::spawn(move || watch(core, time)));
    let mut lines = Vec::new();
    for (core, watcher) in watchers.into_iter().enumerate() {
        let missed = watcher.join().map_err(|_| anyhow!("a watcher panicked"))??;
        let (percent, longest) =
            (100.0 * missed.total.as_secs_f64() / time.as_secs_f64(), 1e3 * missed.longest.as_secs_f64());
        lines.push(Line::new(format!("core {core}: time lost, %"), Value::Number(percent)));
        lines.push(Line::new(format!("core {core}: longest gap, ms"), Value::Number(longest)));
    }
    Ok(lines)
}

fn watch(core: usize, time: Duration) -> anyhow::Result<Missed> {
    machine::pin(core)?;
    let mut missed = Missed::default();
    let started = Instant::now();
    let mut last = started;
    while last.duration_since(started) < time {
        let now = Instant::now();
        let gap = now.duration_since(last);
        if gap > GAP {
            missed.total += gap;
            missed.longest = missed.longest.max(gap);
        }
        last = now;
    }
    Ok(missed)
}
