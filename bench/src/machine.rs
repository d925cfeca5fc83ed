//! The machine: its description, its idleness, and the assignment of cores.

use std::{
    fs,
    time::{Duration, Instant},
};

use anyhow::Context as _;

use crate::{proc, progress::say};

/// The core of all servers, ours and the peers'. Processes inherit it from the main thread.
pub(crate) const SERVERS: usize = 0;
/// The core of the load generator.
pub(crate) const GENERATOR: usize = 1;

/// The highest acceptable load average before a measurement.
const LOAD_MAX: f64 = 1.0;
const OTHERS_PERCENT_MAX: u64 = 10;
/// The window in which other programs' work is measured. A tick is 10 ms, so ticks per second are per cent.
const LOOK: Duration = Duration::from_secs(1);
/// How long to wait for an idle machine. A build leaves a load average of two or more, which halves in 42 seconds.
const PATIENCE: Duration = Duration::from_secs(120);
/// The open files of ten thousand readers, whose connections have both ends on this machine.
const FILES: u64 = 16_384;

/// The description of the machine, one line per fact.
pub(crate) fn describe() -> anyhow::Result<Vec<String>> {
    let cpus = fs::read_to_string("/proc/cpuinfo").context("/proc/cpuinfo")?;
    let value = |line: &str| line.split_once(':').map(|(_, value)| value.trim().to_owned());
    let model = cpus.lines().find(|line| line.starts_with("model name")).and_then(value);
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").context("the kernel's release")?;
    let cores = cpus.lines().filter(|line| line.starts_with("processor")).count();
    Ok(vec![
        format!("{cores} cores, {}", model.unwrap_or_else(|| "unknown model".to_owned())),
        format!("Linux {}", kernel.trim()),
    ])
}

/// The average number of runnable processes over the last minute.
pub(crate) fn load_average() -> anyhow::Result<f64> {
    let text = fs::read_to_string("/proc/loadavg").context("/proc/loadavg")?;
    text.split(' ').next().unwrap_or_default().parse().context("/proc/loadavg")
}

/// Waits until the machine is idle, up to a limit.
pub(crate) async fn quiet() -> anyhow::Result<()> {
    let started = Instant::now();
    let mut said = false;
    while let Some(reason) = busy().await? {
        anyhow::ensure!(started.elapsed() < PATIENCE, "this machine is busy: {reason}; --force measures anyway");
        if !said {
            say(format_args!("waiting for a quiet machine: {reason}"));
            said = true;
        }
    }
    Ok(())
}

/// A description of other programs' work, if there is any.
async fn busy() -> anyhow::Result<Option<String>> {
    let before = proc::all()?;
    tokio::time::sleep(LOOK).await;
    let used = |now: &proc::Stat| {
        let then = before.iter().find(|stat| stat.pid == now.pid).map_or(0, |stat| stat.ticks);
        now.ticks.saturating_sub(then)
    };
    let others = proc::all()?.into_iter().filter(|stat| stat.pid != std::process::id());
    let busiest = others.map(|stat| (used(&stat), stat)).max_by_key(|(percent, _)| *percent);
    if let Some((percent, stat)) = busiest.filter(|(percent, _)| *percent > OTHERS_PERCENT_MAX) {
        return Ok(Some(format!("{} ({}) uses {percent} % of a core", stat.command, stat.pid)));
    }
    let load = load_average()?;
    Ok((load > LOAD_MAX).then(|| format!("the load average is {load}")))
}

/// Restricts the calling thread, and processes it starts, to one core.
pub(crate) fn pin(core: usize) -> anyhow::Result<()> {
    allow(0, &[core])
}

/// Restricts a process, and processes it starts from now on, to these cores.
#[cfg(target_os = "linux")]
pub(crate) fn allow(pid: u32, cores: &[usize]) -> anyhow::Result<()> {
    use nix::{
        sched::{CpuSet, sched_setaffinity},
        unistd::Pid,
    };

    let mut set = CpuSet::new();
    for core in cores {
        set.set(*core)?;
    }
    sched_setaffinity(Pid::from_raw(pid.cast_signed()), &set)
        .with_context(|| format!("no cores {cores:?}: two are needed"))
}

/// Restricts a process with all its threads and descendants to these cores.
pub(crate) fn allow_family(pid: u32, cores: &[usize]) -> anyhow::Result<()> {
    for thread in proc::threads_of_family(pid)? {
        // The thread may have ended since.
        let _ = allow(thread, cores);
    }
    allow(pid, cores)
}

/// Only Linux supports this.
#[cfg(not(target_os = "linux"))]
pub(crate) fn allow(_pid: u32, _cores: &[usize]) -> anyhow::Result<()> {
    anyhow::bail!("this is measured on Linux")
}

/// Raises the limit of open files for ten thousand readers, in this process and in those it starts.
pub(crate) fn allow_files() -> anyhow::Result<()> {
    use nix::sys::resource::{Resource, getrlimit, setrlimit};

    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE)?;
    anyhow::ensure!(hard >= FILES, "{FILES} open files are needed, and {hard} allowed (ulimit -Hn)");
    if soft < FILES {
        setrlimit(Resource::RLIMIT_NOFILE, FILES, hard)?;
    }
    Ok(())
}
