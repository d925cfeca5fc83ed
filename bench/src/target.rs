//! A server under load.

use std::{net::SocketAddr, time::Duration};

use anyhow::{Context as _, ensure};

use crate::{
    http,
    latency::{Percentiles, median},
    load::{self, Load},
    process::Process,
    progress::say,
};

const WARM_UP: Duration = Duration::from_secs(1);

/// One request to one server.
pub(crate) struct Target<'a> {
    /// The name of the server.
    pub(crate) name: String,
    process: &'a Process,
    pub(crate) load: Load,
}

/// One measurement of a server, or the median of several.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sample {
    /// The rate of a closed loop.
    pub(crate) per_second: f64,
    /// Microseconds of processor time per request during the closed loop.
    pub(crate) cpu_us: f64,
    /// Latencies of an open loop at half that rate.
    pub(crate) latency: Percentiles,
}

impl<'a> Target<'a> {
    /// A target from a first response, which must be 200 and which all others must equal.
    pub(crate) async fn reading(
        name: impl Into<String>,
        process: &'a Process,
        addr: SocketAddr,
        path: &str,
        headers: &[(&str, &str)],
    ) -> anyhow::Result<Self> {
        Self::expecting(200, name.into(), process, addr, path, headers).await
    }

    /// A target for a reader that already has the body and must get 304.
    pub(crate) async fn revalidating(
        name: impl Into<String>,
        process: &'a Process,
        addr: SocketAddr,
        path: &str,
        headers: &[(&str, &str)],
    ) -> anyhow::Result<Self> {
        let held = http::fetch(addr, path, headers).await?;
        let etag = held.header("etag").with_context(|| format!("{addr}{path} has no ETag"))?;
        let headers = [headers, &[("if-none-match", etag)]].concat();
        Self::expecting(304, name.into(), process, addr, path, &headers).await
    }

    async fn expecting(
        status: u16,
        name: String,
        process: &'a Process,
        addr: SocketAddr,
        path: &str,
        headers: &[(&str, &str)],
    ) -> anyhow::Result<Self> {
        let answer = http::fetch(addr, path, headers).await?;
        ensure!(answer.status == status, "{name}: {addr}{path} answered {} instead of {status}", answer.status);
        let request = http::get(addr, path, headers).into();
        Ok(Self { name, process, load: Load { addr, request, expected: answer.outline() } })
    }

    async fn sample(&self, time: Duration) -> anyhow::Result<Sample> {
        let before = self.process.cpu()?;
        let rate = load::closed(&self.load, time).await?;
        let cpu = self.process.cpu()?.saturating_sub(before);
        let latencies = load::open(&self.load, rate.per_second() / 2.0, time).await?;
        let sample = Sample {
            per_second: rate.per_second(),
            cpu_us: cpu.as_secs_f64() * 1e6 / rate.answers as f64,
            latency: latencies.percentiles(),
        };
        say(format_args!(
            "  {}: {:.0}/s, {:.2} µs, p99 {:.3} ms (generator {:.0} % busy)",
            self.name,
            sample.per_second,
            sample.cpu_us,
            sample.latency.p99,
            100.0 * rate.generator_share()
        ));
        Ok(sample)
    }
}

/// Measures the targets in turn, the first again after the others, over several rounds. Returns the medians of each.
pub(crate) async fn alternate(targets: &[Target<'_>], rounds: u32, time: Duration) -> anyhow::Result<Vec<Sample>> {
    for target in targets {
        load::closed(&target.load, WARM_UP).await?;
    }
    let mut samples: Vec<Vec<Sample>> = targets.iter().map(|_| Vec::new()).collect();
    for round in 1..=rounds {
        say(format_args!(" round {round} of {rounds}"));
        for index in (0..targets.len()).chain([0]) {
            samples[index].push(targets[index].sample(time).await?);
        }
    }
    Ok(samples.iter().map(|samples| median_sample(samples)).collect())
}

fn median_sample(samples: &[Sample]) -> Sample {
    Sample {
        per_second: median(samples.iter().map(|sample| sample.per_second)),
        cpu_us: median(samples.iter().map(|sample| sample.cpu_us)),
        latency: Percentiles::median(&samples.iter().map(|sample| sample.latency).collect::<Vec<_>>()),
    }
}
