//! Process statistics from `/proc`.

use std::{fs, path::Path, time::Duration};

use anyhow::Context as _;
use nix::sys::{
    resource::{UsageWho, getrusage},
    time::TimeValLike as _,
};

/// The fields of `/proc/PID/stat` that are used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stat {
    pub(crate) pid: u32,
    pub(crate) command: String,
    parent: u32,
    /// Processor time in ticks of 10 ms.
    pub(crate) ticks: u64,
    /// Processor time of ended children.
    ended_ticks: u64,
}

/// The kernel's unit of processor time (USER_HZ), independent of its timer.
const TICK: Duration = Duration::from_millis(10);

impl Stat {
    /// Parses `pid (command) state parent …`. A command may contain spaces and parentheses.
    fn parse(line: &str) -> Option<Self> {
        let (pid, rest) = line.split_once(" (")?;
        let (command, rest) = rest.rsplit_once(") ")?;
        let fields: Vec<&str> = rest.split(' ').collect();
        let number = |index: usize| fields.get(index)?.parse::<u64>().ok();
        Some(Self {
            pid: pid.parse().ok()?,
            command: command.to_owned(),
            parent: number(1)?.try_into().ok()?,
            ticks: number(11)? + number(12)?,
            ended_ticks: number(13)? + number(14)?,
        })
    }
}

/// Every process of the system.
pub(crate) fn all() -> anyhow::Result<Vec<Stat>> {
    let entries = fs::read_dir("/proc").context("this is measured in /proc, which only Linux has")?;
    // A process that ends meanwhile is left out.
    let stat = |entry: fs::DirEntry| Stat::parse(&fs::read_to_string(entry.path().join("stat")).ok()?);
    Ok(entries.flatten().filter_map(stat).collect())
}

/// A process and its descendants.
pub(crate) fn family(pid: u32) -> anyhow::Result<Vec<u32>> {
    let all = all()?;
    let mut family = vec![pid];
    let mut next = 0;
    while let Some(&parent) = family.get(next) {
        family.extend(all.iter().filter(|stat| stat.parent == parent).map(|stat| stat.pid));
        next += 1;
    }
    Ok(family)
}

/// The threads of a family.
pub(crate) fn threads_of_family(pid: u32) -> anyhow::Result<Vec<u32>> {
    let threads = |pid| fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let number = |thread: fs::DirEntry| thread.file_name().to_str()?.parse().ok();
    Ok(family(pid)?.into_iter().flat_map(threads).filter_map(number).collect())
}

/// Processor time of a family's living threads, in nanoseconds.
pub(crate) fn cpu(pid: u32) -> anyhow::Result<Duration> {
    // A thread that has ended meanwhile is left out.
    let used = |thread| schedstat(Path::new(&format!("/proc/{thread}/schedstat"))).unwrap_or_default();
    Ok(threads_of_family(pid)?.into_iter().map(used).sum())
}

/// Processor time of a family, including ended processes, to a hundredth of a second. For servers that start a process per
/// connection.
pub(crate) fn cpu_with_ended(pid: u32) -> anyhow::Result<Duration> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).with_context(|| format!("process {pid}"))?;
    let ended = Stat::parse(&stat).with_context(|| format!("the stat of process {pid}"))?.ended_ticks;
    Ok(cpu(pid)? + TICK * u32::try_from(ended)?)
}

/// Processor time of this process's ended children.
pub(crate) fn cpu_of_ended_children() -> anyhow::Result<Duration> {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let microseconds = usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
    Ok(Duration::from_micros(microseconds.unsigned_abs()))
}

/// Processor time of the calling thread.
pub(crate) fn cpu_of_this_thread() -> Duration {
    schedstat(Path::new("/proc/thread-self/schedstat")).unwrap_or_default()
}

/// Parses a schedstat file, whose first number is the nanoseconds on a core.
fn schedstat(path: &Path) -> Option<Duration> {
    fs::read_to_string(path).ok()?.split(' ').next()?.parse().ok().map(Duration::from_nanos)
}

/// Resident memory of a family. Shared pages count in each member.
pub(crate) fn resident_bytes(pid: u32) -> anyhow::Result<u64> {
    let mut total = 0;
    for pid in family(pid)? {
        let Ok(status) = fs::read_to_string(format!("/proc/{pid}/status")) else { continue };
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
        total += line.trim().trim_end_matches(" kB").parse::<u64>().context("VmRSS")? * 1024;
    }
    Ok(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stat_line_is_parsed_with_any_command_name() {
        let line = "42 (a) (b c) S 7 42 42 0 -1 4194560 1 2 3 4 11 22 33 44 20 0 1 0 99 1000 2";
        let stat = Stat { pid: 42, command: "a) (b c".to_owned(), parent: 7, ticks: 33, ended_ticks: 77 };
        assert_eq!(Stat::parse(line), Some(stat));
        assert_eq!(Stat::parse("42 (cut off"), None);
    }

    #[test]
    fn a_process_tree_is_measured_in_time_and_memory() {
        let own = std::process::id();
        assert!(family(own).unwrap().contains(&own));
        assert!(cpu(own).unwrap() > Duration::ZERO);
        assert!(cpu(own).unwrap() >= cpu_of_this_thread());
        assert!(resident_bytes(own).unwrap() > 1 << 20);
    }
}
