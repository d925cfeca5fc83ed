//! The usual design: Express, compression, JSON in Redis, and a view behind it.

use std::{fs, net::SocketAddr, process::Command};

use anyhow::Context as _;
use percent_encoding::percent_decode_str;
use serde_json::Value;

use super::{files, says};
use testkit::process::Place;

use crate::{
    process::Process,
    stack::{LEADS, Org, Stack},
};

const PORT: u16 = 8080;

/// A running server, with the org's leads in its cache.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) process: Process,
}

impl Node {
    /// Starts it on our Postgres and our Redis. The first read fills the cache from the view.
    pub(crate) async fn start(stack: &Stack, org: &Org) -> anyhow::Result<Self> {
        sqlx::raw_sql(include_str!("../../peers/node/view.sql")).execute(stack.store.sessions()).await?;
        let place = Place::new()?;
        let mut command = Command::new("node");
        command.arg(files().join("node/server.js")).env("NODE_ENV", "production");
        command.env("HOST", place.addr(PORT).ip().to_string()).env("PORT", PORT.to_string());
        command.env("DATABASE_URL", stack.database_url()).env("JWT_SECRET", stack.jwt_secret());
        command.env("REDIS_SOCKET", redis_socket(stack)?);
        let mut process = Process::start(place, "node", &mut command)?;
        process.ready(process.addr(PORT), LEADS, &[("authorization", &org.authorization)]).await?;
        Ok(Self { process })
    }

    pub(crate) fn addr(&self) -> SocketAddr {
        self.process.addr(PORT)
    }
}

/// The path of the socket, which ioredis expects instead of a URL.
fn redis_socket(stack: &Stack) -> anyhow::Result<String> {
    let url = stack.redis.url();
    let path = url.strip_prefix("unix://").context("Redis is not on a unix socket")?;
    Ok(percent_decode_str(path).decode_utf8()?.into_owned())
}

/// The versions of Node and Express.
pub(super) fn version() -> anyhow::Result<String> {
    let path = files().join("node/node_modules/express/package.json");
    let text = fs::read(&path).with_context(|| format!("{}: run scripts/setup bench", path.display()))?;
    let express: Value = serde_json::from_slice(&text)?;
    let express = express.get("version").and_then(Value::as_str).unwrap_or("unknown");
    Ok(format!("Node {}, Express {express}", says("node", "--version")?))
}
