//! The feed of new versions, from Redis and from Postgres. It is a hint: a lost message costs latency, because every
//! node also asks Postgres for the newest versions of the orgs that it serves.

use std::time::Duration;

use futures_util::StreamExt;
use readmodel::{ids::OrgId, version::Version};
use sqlx::{PgPool, postgres::PgListener};
use tokio::sync::mpsc;

use crate::redis::Redis;

/// Postgres' channel; the message is that of Redis.
const CHANNEL: &str = "prewarm_versions";

/// Between attempts to come back.
const PAUSE: Duration = Duration::from_millis(500);

/// What a node is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notice {
    /// A version has been published; [`Version::NONE`] where the org is gone.
    Published(OrgId, Version),
    /// The connection was down: anything may have been published meanwhile.
    Gap,
}

/// Where workers say how far assistants and test calls are: `agent <id>`, `test_call <id>`.
const CONSOLE: &str = "prewarm_console";

/// Passes on what workers say for the console, for ever. Needs a direct connection, too.
pub async fn follow_console(pg: PgPool, pass_on: impl Fn(&str)) {
    loop {
        if let Err(error) = listen_for_console(&pg, &pass_on).await {
            tracing::debug!(error = &error as &dyn std::error::Error, "console feed");
        }
        tokio::time::sleep(PAUSE).await;
    }
}

async fn listen_for_console(pg: &PgPool, pass_on: &impl Fn(&str)) -> Result<(), sqlx::Error> {
    let mut listener = PgListener::connect_with(pg).await?;
    listener.listen(CONSOLE).await?;
    while let Some(notification) = listener.try_recv().await? {
        pass_on(notification.payload());
    }
    Ok(())
}

/// Passes on what Redis announces, for ever.
pub async fn follow_redis(redis: Redis, notices: mpsc::Sender<Notice>) {
    loop {
        match redis.announcements().await {
            Ok(mut announcements) => {
                if notices.send(Notice::Gap).await.is_err() {
                    return;
                }
                while let Some(message) = announcements.next().await {
                    if !pass_on(&notices, &message).await {
                        return;
                    }
                }
            }
            Err(error) => tracing::debug!(error = &error as &dyn std::error::Error, "redis feed"),
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Passes on what Postgres announces, for ever. Needs a direct connection: a transaction pooler loses LISTEN.
pub async fn follow_postgres(pg: PgPool, notices: mpsc::Sender<Notice>) {
    loop {
        if let Err(error) = listen(&pg, &notices).await {
            tracing::debug!(error = &error as &dyn std::error::Error, "postgres feed");
        }
        if notices.is_closed() {
            return;
        }
        tokio::time::sleep(PAUSE).await;
    }
}

async fn listen(pg: &PgPool, notices: &mpsc::Sender<Notice>) -> Result<(), sqlx::Error> {
    let mut listener = PgListener::connect_with(pg).await?;
    listener.listen(CHANNEL).await?;
    if notices.send(Notice::Gap).await.is_err() {
        return Ok(());
    }
    while let Some(notification) = listener.try_recv().await? {
        if !pass_on(notices, notification.payload()).await {
            return Ok(());
        }
    }
    Ok(())
}

/// Whether somebody still listens.
async fn pass_on(notices: &mpsc::Sender<Notice>, message: &str) -> bool {
    match parse(message) {
        Some((org, version)) => notices.send(Notice::Published(org, version)).await.is_ok(),
        None => true,
    }
}

fn parse(message: &str) -> Option<(OrgId, Version)> {
    let (org, version) = message.split_once(' ')?;
    Some((org.parse().ok()?, version.parse().ok()?))
}
