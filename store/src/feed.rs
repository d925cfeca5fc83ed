//! The feed of new versions, from Redis and from Postgres. A message is a hint to look and nothing more: a lost one
//! only costs latency, because every node also asks Postgres for the newest versions, and anyone who may NOTIFY or
//! PUBLISH can send one.

use std::time::Duration;

use futures_util::StreamExt;
use readmodel::{
    ids::{Installation, OrgId},
    version::Version,
};
use sqlx::{PgPool, postgres::PgListener};
use tokio::sync::{mpsc, watch};
use uuid::Uuid;

use crate::{Store, redis::Redis};

/// Postgres' channel of new versions. Its messages are the same as Redis'.
const VERSIONS_CHANNEL: &str = "prewarm_versions";

/// Delay before the next attempt to connect.
const RECONNECT_DELAY: Duration = Duration::from_millis(500);

/// A message of the feed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notice {
    /// This version is said to be published; [`Version::NONE`] if the org is said to be deleted.
    Announced(OrgId, Version),
    /// The connection was down: versions may have been missed.
    Gap,
}

/// Postgres' channel for the console: `agent <id>`, `test_call <id>`.
const CONSOLE_CHANNEL: &str = "prewarm_console";

impl Store {
    /// Passes on the console's messages, for ever. Reconnects when Postgres goes silent.
    pub async fn follow_console(&self, pass_on: impl Fn(&str)) {
        self.link.listen(|| follow_console(self.direct(), &pass_on)).await;
    }

    /// Passes on the versions that Postgres announces, for ever. Reconnects when Postgres goes silent.
    pub async fn follow_postgres(&self, notices: mpsc::Sender<Notice>) {
        self.link.listen(|| follow_postgres(self.direct(), notices.clone())).await;
    }
}

async fn follow_console(pg: PgPool, pass_on: &impl Fn(&str)) {
    loop {
        if let Err(error) = listen_for_console(&pg, pass_on).await {
            tracing::debug!(error = &error as &dyn std::error::Error, "console feed");
        }
        tokio::time::sleep(RECONNECT_DELAY).await;
    }
}

async fn listen_for_console(pg: &PgPool, pass_on: &impl Fn(&str)) -> Result<(), sqlx::Error> {
    let mut listener = PgListener::connect_with(pg).await?;
    listener.listen(CONSOLE_CHANNEL).await?;
    while let Some(notification) = listener.try_recv().await? {
        let payload = notification.payload();
        if is_of_console(payload) {
            pass_on(payload);
        }
    }
    Ok(())
}

/// Whether a message is one that we send. Any other would only fill the watchers' backlog.
fn is_of_console(payload: &str) -> bool {
    let Some(("agent" | "test_call", id)) = payload.split_once(' ') else { return false };
    id.parse::<Uuid>().is_ok_and(|parsed| parsed.to_string() == id)
}

/// Passes on the versions that Redis announces for the present installation, for ever.
pub async fn follow_redis(
    redis: Redis,
    mut installation: watch::Receiver<Option<Installation>>,
    notices: mpsc::Sender<Notice>,
) {
    loop {
        let present = *installation.borrow_and_update();
        let followed = async {
            match present {
                Some(present) => follow_announcements(&redis, present, &notices).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = followed => {}
            changed = installation.changed() => match changed {
                Ok(()) => continue,
                Err(_) => return,
            }
        }
        if notices.is_closed() {
            return;
        }
        tokio::time::sleep(RECONNECT_DELAY).await;
    }
}

async fn follow_announcements(redis: &Redis, installation: Installation, notices: &mpsc::Sender<Notice>) {
    match redis.announcements(installation).await {
        Ok(mut announcements) => {
            if notices.send(Notice::Gap).await.is_err() {
                return;
            }
            while let Some(message) = announcements.next().await {
                if !pass_on(notices, &message).await {
                    return;
                }
            }
        }
        Err(error) => tracing::debug!(error = &error as &dyn std::error::Error, "redis feed"),
    }
}

async fn follow_postgres(pg: PgPool, notices: mpsc::Sender<Notice>) {
    loop {
        if let Err(error) = listen(&pg, &notices).await {
            tracing::debug!(error = &error as &dyn std::error::Error, "postgres feed");
        }
        if notices.is_closed() {
            return;
        }
        tokio::time::sleep(RECONNECT_DELAY).await;
    }
}

async fn listen(pg: &PgPool, notices: &mpsc::Sender<Notice>) -> Result<(), sqlx::Error> {
    let mut listener = PgListener::connect_with(pg).await?;
    listener.listen(VERSIONS_CHANNEL).await?;
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

/// Passes on a message that parses; returns whether the receiver is still open.
async fn pass_on(notices: &mpsc::Sender<Notice>, message: &str) -> bool {
    match parse(message) {
        Some((org, version)) => notices.send(Notice::Announced(org, version)).await.is_ok(),
        None => !notices.is_closed(),
    }
}

/// Accepts only what we would have written, character by character.
fn parse(message: &str) -> Option<(OrgId, Version)> {
    let (org, version) = message.split_once(' ')?;
    let (org, version) = (org.parse::<OrgId>().ok()?, version.parse::<Version>().ok()?);
    (format!("{org} {version}") == message).then_some((org, version))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn console_notices_are_parsed_strictly() {
        let id = "0193a1f0-0000-7000-8000-000000000001";
        assert!(is_of_console(&format!("agent {id}")) && is_of_console(&format!("test_call {id}")));
        for payload in
            ["", "agent", "agent ", "agent x", &format!("org {id}"), &format!("agent {id} "), &"x".repeat(8000)]
        {
            assert!(!is_of_console(payload), "{payload:.80}");
        }
    }

    #[test]
    fn version_messages_are_parsed_strictly() {
        let id = "0193a1f0-0000-7000-8000-000000000001";
        assert_eq!(parse(&format!("{id} 1-7")), Some((id.parse().unwrap(), Version { epoch: 1, n: 7 })));
        assert_eq!(parse(&format!("{id} 0-0")), Some((id.parse().unwrap(), Version::NONE)));
        let upper = id.to_uppercase();
        let other = [
            String::new(),
            id.to_owned(),
            format!("{id} "),
            format!("{id}  1-7"),
            format!("{id} 1-7 "),
            format!("{id} 1-07"),
            format!("{id} 1-7 and more"),
            format!("{id} 1-99999999999999999999"),
            format!("{id} -1-7"),
            format!("{{{id}}} 1-7"),
            format!("{upper} 1-7"),
            format!("{} 1-7", id.replace('-', "")),
        ];
        for message in other {
            assert_eq!(parse(&message), None, "{message:?}");
        }
    }
}
