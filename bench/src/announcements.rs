//! The versions that workers announce in Redis, as a node hears them.

use std::time::{Duration, Instant};

use anyhow::Context as _;
use futures_util::StreamExt as _;
use readmodel::ids::OrgId;
use tokio::{sync::mpsc, time::timeout};

/// Where versions are announced, as `<org> <version>`: of any installation, since this Redis has one.
const CHANNELS: &str = "prewarm:*:versions";
const TAKES: Duration = Duration::from_secs(60);

/// Orgs, and when a version of each was announced.
pub(crate) struct Announcements(mpsc::UnboundedReceiver<(OrgId, Instant)>);

impl Announcements {
    /// Hears them from now on, on the runtime of the caller.
    pub(crate) async fn open(redis: &redis::Client) -> anyhow::Result<Self> {
        let (sender, announced) = mpsc::unbounded_channel();
        let mut subscription = redis.get_async_pubsub().await?;
        subscription.psubscribe(CHANNELS).await?;
        tokio::spawn(async move {
            let mut messages = subscription.into_on_message();
            while let Some(message) = messages.next().await {
                let at = Instant::now();
                let text: String = message.get_payload().unwrap_or_default();
                let org = text.split(' ').next().and_then(|org| org.parse().ok());
                if org.is_some_and(|org| sender.send((org, at)).is_err()) {
                    return;
                }
            }
        });
        Ok(Self(announced))
    }

    /// Forgets what was announced until now.
    pub(crate) fn forget(&mut self) {
        while self.0.try_recv().is_ok() {}
    }

    /// When the next version of an org is announced.
    pub(crate) async fn of(&mut self, org: OrgId) -> anyhow::Result<Instant> {
        loop {
            let heard = timeout(TAKES, self.0.recv()).await.context("no version was announced")?;
            let (announced, at) = heard.context("Redis closed the connection")?;
            if announced == org {
                return Ok(at);
            }
        }
    }
}
