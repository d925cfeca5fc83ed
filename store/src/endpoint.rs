//! A way to a database, and the settings that a session gets there.

use std::{sync::Arc, time::Duration};

use sqlx::{
    AssertSqlSafe, Connection as _, PgConnection, PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};

use crate::{Error, authorities::trusted_by};

/// The limit of a caller's wait for a session. An exhausted pool must fail fast, not hang its callers.
pub(crate) const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(2);

/// The options of a URL, which a variable holds. They lack a startup parameter that poolers refuse; Postgres writes numbers
/// exactly without it.
pub(crate) fn options_in(variable: &'static str, url: &str) -> Result<PgConnectOptions, Error> {
    let options = url.parse::<PgConnectOptions>().map_err(Error::url(variable))?;
    trusted_by(options.extra_float_digits(None), url)
}

/// The options of a URL that was read before.
pub(crate) fn options_of(url: &str) -> Result<PgConnectOptions, Error> {
    options_in("DATABASE_URL", url)
}

/// A way to a database, and the settings that a session gets once it is connected. They are no options of the connection: a
/// pooler refuses those, or drops them without a word, and a promise such as `synchronous_commit` would rest on nothing.
/// Cheap to clone.
#[derive(Clone, Debug)]
pub struct Endpoint(Arc<Way>);

#[derive(Debug)]
struct Way {
    options: PgConnectOptions,
    settings: String,
}

impl Endpoint {
    pub(crate) fn new(options: PgConnectOptions) -> Self {
        Self(Arc::new(Way { options, settings: String::new() }))
    }

    /// The same, with more settings.
    pub(crate) fn set(&self, settings: &[(&str, &str)]) -> Self {
        let more: String = settings.iter().map(|(name, value)| format!("set {name} = {value}; ")).collect();
        Self(Arc::new(Way { options: self.0.options.clone(), settings: format!("{}{more}", self.0.settings) }))
    }

    /// The same under another name in `pg_stat_activity`.
    pub(crate) fn named(&self, application_name: &str) -> Self {
        let options = self.0.options.clone().application_name(application_name);
        Self(Arc::new(Way { options, settings: self.0.settings.clone() }))
    }

    /// The options of its connections.
    pub fn options(&self) -> &PgConnectOptions {
        &self.0.options
    }

    /// Opens a session.
    pub(crate) async fn connect(&self) -> Result<PgConnection, sqlx::Error> {
        let mut session = PgConnection::connect_with(&self.0.options).await?;
        apply(&mut session, &self.0.settings).await?;
        Ok(session)
    }

    /// A pool for users that keep a connection, such as LISTEN.
    pub(crate) fn pool(&self, connections: u32) -> PgPool {
        let way = Arc::clone(&self.0);
        PgPoolOptions::new()
            .max_connections(connections)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .after_connect(move |session, _| {
                let way = Arc::clone(&way);
                Box::pin(async move { apply(session, &way.settings).await })
            })
            .connect_lazy_with(self.0.options.clone())
    }
}

async fn apply(session: &mut PgConnection, settings: &str) -> Result<(), sqlx::Error> {
    if !settings.is_empty() {
        sqlx::raw_sql(AssertSqlSafe(settings)).execute(session).await?;
    }
    Ok(())
}
