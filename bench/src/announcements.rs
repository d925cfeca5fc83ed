//! The versions that workers announce in Redis, as a node receives them.

use std::time::{Duration, Instant};

use anyhow::Context as _;
use futures_util::StreamExt as _;
use readmodel::ids::OrgId;
use tokio::{sync::mpsc, time::timeout};

/// The channels of version announcements, `<org> <version>`. The pattern fits any installation, since this Redis has one.
const CHANNELS: &str = "prewarm:*:versions";
const TAKES: Duration = Duration::from_secs(60);

/// A receiver of announcements: the org and the time of each.
pub(crate) struct Announcements(mpsc::UnboundedReceiver<(OrgId, Instant)>);

impl Announcements {
    /// Subscribes, on the runtime of the caller.
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

    /// Discards the announcements received so far.
    pub(crate) fn forget(&mut self) {
        while self.0.try_recv().is_ok() {}
    }

    /// Waits for the next version of an org and returns when it was announced.
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
