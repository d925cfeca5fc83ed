//! Pages of calls: the first ones of a snapshot for the blobs, any other by one query.

use readmodel::{
    calls::{CallFacts, Calls, Newest, PAGE_LIMIT},
    ids::{CallId, OrgId},
    time::Timestamp,
    version::Version,
};
use sqlx::PgConnection;

use crate::{Error, Store, instant::PgTime};

/// Which calls, and which page of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter {
    /// `inbound` or `outbound`; both without.
    pub direction: Option<&'static str>,
    /// The stored status; any without.
    pub status: Option<&'static str>,
    /// Created at or after.
    pub from: Option<Timestamp>,
    /// Created at or before.
    pub to: Option<Timestamp>,
    /// Whether test calls count.
    pub include_test: bool,
    /// Part of the phone number or of the name shown, in any case.
    pub search: Option<String>,
    /// From 1 on.
    pub page: i64,
    /// Rows of a page.
    pub limit: i64,
}

impl Filter {
    /// The first page of all calls but test calls.
    pub const fn first_page() -> Self {
        Self {
            direction: None,
            status: None,
            from: None,
            to: None,
            include_test: false,
            search: None,
            page: 1,
            limit: PAGE_LIMIT,
        }
    }
}

/// A page of calls, and the snapshot that it was read from.
#[derive(Debug)]
pub struct Page {
    /// The page.
    pub calls: Calls,
    /// The version that the org was at: the page shows at least what that version does.
    pub version: Version,
    /// The instant of the snapshot.
    pub as_of: Timestamp,
}

/// The rows of a query, as the models want them: the macro gives each query a row type of its own.
macro_rules! facts {
    ($rows:expr) => {
        $rows
            .into_iter()
            .map(|row| CallFacts {
                id: CallId(row.id),
                phone_number: row.phone_number,
                contact_name: row.contact_name,
                created_at: row.created_at.0.finite(),
                duration_seconds: row.duration_seconds,
                status: row.status,
                call_direction: row.call_direction,
                sentiment_score: row.sentiment_score,
                sentiment_label: row.sentiment_label,
                summary: row.summary,
                cost_cents: row.cost_cents,
                ended_reason: row.ended_reason,
            })
            .collect::<Vec<_>>()
    };
}

/// The newest calls of a snapshot, a page of each direction.
pub(crate) async fn newest(connection: &mut PgConnection, org: OrgId) -> Result<Newest, Error> {
    let rows = sqlx::query_file!("queries/calls/newest.sql", org.0, PAGE_LIMIT).fetch_all(connection).await?;
    Ok(Newest::of(facts!(rows)))
}

impl Store {
    /// One page of the calls that match, straight from the source.
    pub async fn calls(&self, org: OrgId, filter: &Filter) -> Result<Page, Error> {
        let Filter { direction, status, from, to, include_test, search, page, limit } = filter;
        let (from, to) = (from.map(PgTime), to.map(PgTime));
        let pattern = search.as_deref().map(contains);
        // One snapshot for both, so that the total is that of the page.
        let mut snapshot = self.pg.begin_with("begin isolation level repeatable read read only").await?;
        let head = sqlx::query_file!("queries/snapshot/open.sql", org.0, None::<PgTime> as Option<PgTime>, false)
            .fetch_one(&mut *snapshot)
            .await?;
        let total = sqlx::query_file!(
            "queries/calls/count.sql",
            org.0,
            *direction,
            *status,
            from as _,
            to as _,
            include_test,
            pattern
        )
        .fetch_one(&mut *snapshot)
        .await?
        .count;
        let rows = sqlx::query_file!(
            "queries/calls/page.sql",
            org.0,
            *direction,
            *status,
            from as _,
            to as _,
            include_test,
            pattern,
            limit,
            (page - 1).saturating_mul(*limit)
        )
        .fetch_all(&mut *snapshot)
        .await?;
        Ok(Page {
            calls: Calls::of(facts!(rows), *page, *limit, total),
            version: Version { epoch: head.base_epoch.unwrap_or(0), n: head.base_n.unwrap_or(0) },
            as_of: head.as_of.into(),
        })
    }
}

/// A LIKE pattern for a text anywhere, with the text's own wildcards taken literally.
fn contains(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len() + 2);
    pattern.push('%');
    for c in text.chars() {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}

#[cfg(test)]
mod tests {
    use super::contains;

    #[test]
    fn wildcards_in_a_search_are_letters() {
        assert_eq!(contains(r"50%_\é"), r"%50\%\_\\é%");
    }
}
