//! The identity of a database. A copy (restored, cloned, promoted) notices that it is one, and becomes an installation
//! of its own before anything is made from it.

use readmodel::ids::Installation;

use crate::{Error, Store};

/// The identity of a database and its newest transaction, as one query saw them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Present {
    /// The installation; `None` if the database is a copy that could not be made one of its own.
    pub installation: Option<Installation>,
    /// The next transaction id; `None` on a standby, which lags.
    pub next_xid: Option<i64>,
}

impl Store {
    /// The installation, renewed if this database is a copy; `None` if it is one and accepts no writes.
    pub async fn installation(&self) -> Result<Option<Installation>, Error> {
        Ok(self.newest_versions(&[]).await?.present.installation)
    }

    /// Begins a new installation with a higher epoch, if this database is a copy. Several processes may call it at
    /// once.
    pub async fn renew_installation(&self) -> Result<(), Error> {
        let renewed = sqlx::query_file!("queries/installation/renew.sql").fetch_one(&self.pg).await?.renewed;
        if renewed {
            tracing::warn!("the database is a copy or was restored: began a new installation and epoch");
        }
        Ok(())
    }

    /// Does the same if the database is behind a transaction that this process has seen in it.
    pub async fn renew_if_behind(&self, installation: Installation, seen_xid: i64) -> Result<(), Error> {
        let renewed =
            sqlx::query_file!("queries/installation/renew_if_behind.sql", installation.0, seen_xid.to_string())
                .fetch_one(&self.pg)
                .await?
                .renewed;
        if renewed {
            tracing::warn!("the database was set back while this process ran: began a new installation and epoch");
        }
        Ok(())
    }
}

impl Store {
    /// The address of the database as this process has it: user, server and name. Two databases may have the same one.
    pub(crate) fn address(&self) -> String {
        let options = self.connect_options();
        let database = options.get_database().unwrap_or_default();
        let socket = options.get_socket().map(|socket| socket.display().to_string()).unwrap_or_default();
        format!("{}@{socket}{}:{}/{database}", options.get_username(), options.get_host(), options.get_port())
    }

    /// Records the installation in Redis, for nodes that start while Postgres is down.
    pub async fn note_installation(&self, installation: Installation) {
        let Some(redis) = &self.redis else { return };
        if let Err(error) = redis.note_installation(&self.address(), installation).await {
            tracing::debug!(error = &error as &dyn std::error::Error, "could not record the installation in Redis");
        }
    }

    /// The installation last recorded in Redis, for use while Postgres is down.
    pub async fn noted_installation(&self) -> Option<Installation> {
        self.redis.as_ref()?.noted_installation(&self.address()).await.ok().flatten()
    }
}

/// Makes a copy an installation of its own. On failure, as on a standby or with a read-only role, the caller goes on
/// without an installation.
pub(crate) async fn renew_or_go_without(store: &Store) {
    if let Err(error) = store.renew_installation().await {
        tracing::debug!(error = &error as &dyn std::error::Error, "the database is a copy and cannot be renewed");
    }
}
