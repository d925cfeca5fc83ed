//! Compares a database's schema with this binary's.

use crate::{
    Error, Store,
    migrations::{CODE_DIGEST, STANDALONE, TABLES, release},
    roles::check_entrance,
};

/// A database's schema, compared with this binary's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Schema {
    /// The same.
    Current,
    /// Older: `prewarm migrate` has to run.
    Behind,
    /// The same, but the database has no source.
    WithoutSource,
    /// A newer release has migrated it.
    Ahead,
}

impl Schema {
    /// The reason why a process cannot work on it, and the remedy; `None` if it can.
    #[must_use]
    pub const fn obstacle(self) -> Option<&'static str> {
        match self {
            Self::Current => None,
            Self::Behind => Some("the database's schema is older than this version: run `prewarm migrate`"),
            Self::WithoutSource => Some(
                "the database has no source: run `prewarm attach`, or `prewarm migrate --with-source` for tables of its own",
            ),
            Self::Ahead => Some("the database's schema is of a newer version than this one"),
        }
    }
}

/// The migrations that a database has.
#[derive(Debug)]
pub(crate) struct Applied {
    /// The newest number of `tables/`.
    pub(crate) tables: i32,
    /// The newest number of `standalone/`; 0 where the tables are not those.
    pub(crate) standalone: i32,
    /// Whether tables are attached.
    pub(crate) has_source: bool,
    /// The digest of `code/`.
    pub(crate) code: String,
    /// The release that applied it.
    pub(crate) release: Vec<i32>,
}

impl Applied {
    /// `None` without a record of this form.
    pub(crate) async fn read(pg: impl sqlx::PgExecutor<'_>) -> Result<Option<Self>, Error> {
        match sqlx::query_file_as!(Self, "queries/schema/applied.sql").fetch_one(pg).await {
            Err(error) if is_missing(&error) => Ok(None),
            applied => Ok(Some(applied?)),
        }
    }

    /// Whether the tables are those of `standalone/`.
    pub(crate) const fn is_standalone(&self) -> bool {
        self.standalone > 0
    }

    pub(crate) fn compared(&self) -> Schema {
        let (tables, standalone) = (TABLES.newest(), STANDALONE.newest());
        let is_ours = self.tables == tables && self.code == CODE_DIGEST;
        match () {
            () if is_ours && !self.has_source => Schema::WithoutSource,
            () if is_ours && (self.standalone == standalone || !self.is_standalone()) => Schema::Current,
            () if self.tables > tables || self.standalone > standalone => Schema::Ahead,
            // Code has no number: of two digests the later release's is the newer one.
            () if self.release.as_slice() > release().as_slice() => Schema::Ahead,
            () => Schema::Behind,
        }
    }
}

impl Store {
    /// Compares the database's schema with this binary's.
    pub async fn schema(&self) -> Result<Schema, Error> {
        let mut session = self.pg.take().await?;
        check_entrance(&mut session).await?;
        session.give_back();
        Ok(Applied::read(&self.pg).await?.map_or(Schema::Behind, |applied| applied.compared()))
    }
}

/// SQLSTATE `undefined_table`, `undefined_column` or `invalid_schema_name`.
fn is_missing(error: &sqlx::Error) -> bool {
    matches!(error.as_database_error().and_then(|error| error.code()).as_deref(), Some("42P01" | "42703" | "3F000"))
}
