//! Dead letters: jobs that ended badly once too often, and so the orgs in quarantine. The newest of each subject is kept
//! until a job of the subject ends well.

use readmodel::{ids::OrgId, time::Timestamp};

use crate::{Error, Store, instant::PgTime};

/// A job that is not tried again by itself. (An org in quarantine is, as a new job each minute.)
#[derive(Clone, Debug)]
pub struct DeadLetter {
    /// Names it to [`Store::retry_dead_letter`] and [`Store::discard_dead_letter`].
    pub id: String,
    /// The queue's name.
    pub queue: String,
    /// What the job was about, where it said so.
    pub subject: Option<String>,
    /// The org in quarantine.
    pub org: Option<OrgId>,
    /// The bytes that the worker was handed.
    pub args: Vec<u8>,
    /// Starts.
    pub attempts: i32,
    /// How the last one ended.
    pub error: Option<String>,
    /// When.
    pub died_at: Timestamp,
}

struct Row {
    id: String,
    queue: String,
    subject: Option<String>,
    org_id: Option<uuid::Uuid>,
    args: Vec<u8>,
    attempts: i32,
    error: Option<String>,
    died_at: PgTime,
}

impl From<Row> for DeadLetter {
    fn from(row: Row) -> Self {
        let Row { id, queue, subject, org_id, args, attempts, error, died_at } = row;
        Self { id, queue, subject, org: org_id.map(OrgId), args, attempts, error, died_at: died_at.into() }
    }
}

impl Store {
    /// The newest dead letters, newest first.
    pub async fn dead_letters(&self, limit: i64) -> Result<Vec<DeadLetter>, Error> {
        let rows = sqlx::query_file_as!(Row, "queries/queue/dead_letters/list.sql", limit).fetch_all(&self.pg).await?;
        Ok(rows.into_iter().map(DeadLetter::from).collect())
    }

    /// One dead letter.
    pub async fn dead_letter(&self, id: &str) -> Result<Option<DeadLetter>, Error> {
        let row = sqlx::query_file_as!(Row, "queries/queue/dead_letters/find.sql", id).fetch_optional(&self.pg).await?;
        Ok(row.map(DeadLetter::from))
    }

    /// Makes a dead letter wait again with all its attempts before it, and takes its org out of quarantine. False when there
    /// is no such dead letter.
    pub async fn retry_dead_letter(&self, id: &str) -> Result<bool, Error> {
        Ok(sqlx::query_file_scalar!("queries/queue/dead_letters/retry.sql", id).fetch_one(&self.pg).await?)
    }

    /// Throws a dead letter away. False when there is no such dead letter.
    pub async fn discard_dead_letter(&self, id: &str) -> Result<bool, Error> {
        let discarded = sqlx::query_file!("queries/queue/dead_letters/discard.sql", id).execute(&self.pg).await?;
        Ok(discarded.rows_affected() == 1)
    }
}
