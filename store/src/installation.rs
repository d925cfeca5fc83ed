//! Which database this is. Copies of a database (restored, cloned, promoted) notice that they are copies, and become
//! installations of their own before anything is made from them.

use readmodel::ids::Installation;

use crate::{Error, Store};

/// What one look at a database tells of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Present {
    /// The installation; none where the database is a copy of another and could not be taken into use.
    pub installation: Option<Installation>,
    /// The first transaction that had not begun; none on a standby, which lags.
    pub next_xid: Option<i64>,
}

impl Store {
    /// The installation, renewed if this database is a copy; none if it is one and may not be written.
    pub async fn installation(&self) -> Result<Option<Installation>, Error> {
        Ok(self.newest(&[]).await?.present.installation)
    }

    /// Begins another installation, with a higher epoch, if this database is a copy. Safe to call at any time, and from
    /// several processes at once.
    pub async fn renew_installation(&self) -> Result<(), Error> {
        let renewed = sqlx::query_file!("queries/installation/renew.sql").fetch_one(&self.pg).await?.renewed;
        if renewed {
            tracing::warn!("the database is a copy or was set back: a new installation and epoch have begun");
        }
        Ok(())
    }

    /// The same for a database that has not come to a transaction that this process has seen in it.
    pub async fn renew_if_behind(&self, installation: Installation, seen_xid: i64) -> Result<(), Error> {
        let renewed =
            sqlx::query_file!("queries/installation/renew_if_behind.sql", installation.0, seen_xid.to_string())
                .fetch_one(&self.pg)
                .await?
                .renewed;
        if renewed {
            tracing::warn!("the database was set back while this process ran: a new installation and epoch have begun");
        }
        Ok(())
    }
}

impl Store {
    /// How this process calls its database: by user, server and name. Two databases may go by the same address.
    pub(crate) fn address(&self) -> String {
        let options = self.connect_options();
        let database = options.get_database().unwrap_or_default();
        let socket = options.get_socket().map(|socket| socket.display().to_string()).unwrap_or_default();
        format!("{}@{socket}{}:{}/{database}", options.get_username(), options.get_host(), options.get_port())
    }

    /// Notes the installation in Redis, for nodes that start while Postgres is away.
    pub async fn note_installation(&self, installation: Installation) {
        let Some(redis) = &self.redis else { return };
        if let Err(error) = redis.note_installation(&self.address(), installation).await {
            tracing::debug!(error = &error as &dyn std::error::Error, "redis did not note the installation");
        }
    }

    /// The installation as it was last noted in Redis, for want of word from Postgres.
    pub async fn noted_installation(&self) -> Option<Installation> {
        self.redis.as_ref()?.noted_installation(&self.address()).await.ok().flatten()
    }
}

/// Takes a copy into use. Where that fails, as on a standby or by a role that may only read, the caller goes on without an
/// installation.
pub(crate) async fn renew_or_go_without(store: &Store) {
    if let Err(error) = store.renew_installation().await {
        tracing::debug!(error = &error as &dyn std::error::Error, "the database is a copy and stays one");
    }
}
