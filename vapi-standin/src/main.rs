//! `vapi-standin`: the stand-in as a process of its own, for use by hand.

use std::net::SocketAddr;

use anyhow::Context;
use clap::Parser;
use vapi_standin::{Chaos, Config, Fault, Standin};

/// A stand-in for Vapi's REST API. It keeps everything in memory and makes no real calls.
#[derive(Parser)]
#[command(version)]
struct Cli {
    /// Address to listen on
    #[arg(long, default_value = "127.0.0.1:8090")]
    addr: SocketAddr,
    /// Key for everything but web calls [default: standin-private-key]
    #[arg(long)]
    private_key: Option<String>,
    /// Key for web calls [default: standin-public-key]
    #[arg(long)]
    public_key: Option<String>,
    /// Most calls at a time
    #[arg(long, default_value_t = 10)]
    concurrency: usize,
    /// Percentage of requests that fail
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u8).range(..=100))]
    chaos_percent: u8,
    /// Seed of ids and failures
    #[arg(long, default_value_t = 0)]
    seed: u64,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let cli = Cli::parse();
    let defaults = Config::default();
    let config = Config {
        addr: cli.addr,
        private_key: cli.private_key.unwrap_or(defaults.private_key),
        public_key: cli.public_key.unwrap_or(defaults.public_key),
        concurrency_limit: cli.concurrency,
        seed: cli.seed,
        org_id: defaults.org_id,
        clock: defaults.clock,
        blocked_calls_are_answered: defaults.blocked_calls_are_answered,
        rate_limit: defaults.rate_limit,
    };
    let standin = Standin::start(config).await.with_context(|| format!("cannot listen on {}", cli.addr))?;
    let faults =
        vec![Fault::status(429), Fault::status(503), Fault::StatusAfter(502), Fault::ResetAfter, Fault::Truncated];
    standin.set_chaos(Chaos { seed: cli.seed, percent: cli.chaos_percent, faults });
    welcome(&standin);
    Ok(standin.serve_forever().await?)
}

#[expect(clippy::print_stdout, reason = "the command's output")]
fn welcome(standin: &Standin) {
    println!("VAPI_BASE_URL={}", standin.url());
    println!("VAPI_API_KEY={}", standin.config().private_key);
    println!("VAPI_PUBLIC_KEY={}", standin.config().public_key);
}
