//! Dead letters: work that has used up its attempts, orgs in quarantine among it. The newest of each subject is kept until
//! work on the subject ends well.

use readmodel::time::Timestamp;
use uuid::Uuid;

use crate::{
    Error, Store,
    instant::PgTime,
    queue::{Job, JobId},
};

/// Work that is not tried again by itself. (An org in quarantine is tried once a minute.)
#[derive(Clone, Debug)]
pub struct DeadLetter {
    /// Names it to [`Store::retry_dead_letter`] and [`Store::discard_dead_letter`].
    pub id: JobId,
    /// The queue's name.
    pub queue: String,
    /// The work. The org of a rebuild is in quarantine.
    pub job: Job,
    /// The number of its starts.
    pub attempts: i32,
    /// The reason of the last bad end.
    pub error: Option<String>,
    /// When it first died. It has had no good end since.
    pub since: Timestamp,
    /// The time of the last bad end.
    pub died_at: Timestamp,
}

struct Row {
    id: i64,
    queue: String,
    kind: String,
    subject: Uuid,
    attempts: i32,
    error: Option<String>,
    since: PgTime,
    died_at: PgTime,
}

impl From<Row> for DeadLetter {
    fn from(row: Row) -> Self {
        let Row { id, queue, kind, subject, attempts, error, since, died_at } = row;
        let job = Job::of(kind, subject);
        Self { id: JobId(id), queue, job, attempts, error, since: since.into(), died_at: died_at.into() }
    }
}

impl Store {
    /// The dead letters, newest first.
    pub async fn dead_letters(&self, limit: i64) -> Result<Vec<DeadLetter>, Error> {
        self.dead_letters_where(None, limit).await
    }

    /// One dead letter.
    pub async fn dead_letter(&self, id: JobId) -> Result<Option<DeadLetter>, Error> {
        Ok(self.dead_letters_where(Some(id.0), 1).await?.pop())
    }

    async fn dead_letters_where(&self, id: Option<i64>, limit: i64) -> Result<Vec<DeadLetter>, Error> {
        let rows = sqlx::query_file_as!(Row, "queries/queue/dead_letters/list.sql", id, limit);
        Ok(rows.fetch_all(&self.pg).await?.into_iter().map(DeadLetter::from).collect())
    }

    /// Has dead work done again with all its attempts before it, and takes its org out of quarantine. False when there is no
    /// such dead letter.
    pub async fn retry_dead_letter(&self, id: JobId) -> Result<bool, Error> {
        Ok(sqlx::query_file_scalar!("queries/queue/dead_letters/retry.sql", id.0).fetch_one(&self.pg).await?)
    }

    /// Throws a dead letter away. False when there is no such dead letter.
    pub async fn discard_dead_letter(&self, id: JobId) -> Result<bool, Error> {
        let discarded = sqlx::query_file!("queries/queue/dead_letters/discard.sql", id.0).execute(&self.pg).await?;
        Ok(discarded.rows_affected() == 1)
    }
}
