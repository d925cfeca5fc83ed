//! Pages of calls: the first ones of a snapshot for the blobs, any other by one query.

use std::time::Duration;

use readmodel::{
    calls::{CallFacts, Calls, Newest, PAGE_LIMIT},
    ids::{CallId, ContactId, OrgId},
    moment::Moment,
    time::{Calendar, Timestamp},
    version::Version,
};
use sqlx::PgConnection;
use tokio::{
    sync::oneshot,
    time::{sleep, timeout},
};

use crate::{Error, Store, instant::PgTime, rows::Touched, sessions::WarmSession};

/// A caller waits this long for a list. A list that takes longer has to be narrowed.
const LIMIT: Duration = Duration::from_secs(2);

/// A list whose caller has gone may end by itself within this time: most do.
const GRACE: Duration = Duration::from_millis(25);

/// A list stops within this time of being cancelled, or its line is cut.
const STOP: Duration = Duration::from_secs(2);

/// Set inside the transaction, so that it holds behind a pooler as well. A tenant decides what a list asks for: its plan is
/// made for the values at hand, by indexes whatever the statistics say, for one process; and the server gives up by itself.
const BEGIN: &str = "begin isolation level repeatable read read only;
    set local statement_timeout = '2s';
    set local plan_cache_mode = force_custom_plan;
    set local enable_seqscan = off;
    set local enable_bitmapscan = off;
    set local max_parallel_workers_per_gather = 0";

/// A search looks at so many of the newest calls that the rest of the filter lets through.
pub const SEARCHED: i64 = 20_000;

/// Which calls, and which page of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter {
    /// `inbound` or `outbound`; both without.
    pub direction: Option<&'static str>,
    /// The stored status; any without.
    pub status: Option<&'static str>,
    /// Created on that day or later, or at that instant or later.
    pub from: Option<Moment>,
    /// Created on that day or earlier, or at that instant or earlier.
    pub to: Option<Moment>,
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

    /// Rows before the page.
    fn offset(&self) -> i64 {
        (self.page - 1).saturating_mul(self.limit)
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
    /// Where a search stopped: no call before this instant was looked at.
    pub searched_from: Option<Timestamp>,
}

/// The row of a query as the models want it: the macro gives each query a row type of its own.
macro_rules! facts {
    ($row:expr) => {{
        let row = $row;
        CallFacts {
            id: CallId(row.id),
            phone_number: row.phone_number,
            contact_id: row.contact_id.map(ContactId),
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
        }
    }};
}

/// The newest calls of a snapshot, a page of each direction.
pub(crate) async fn newest(
    connection: &mut PgConnection,
    org: OrgId,
    before: Option<(&Newest, &Touched)>,
) -> Result<Newest, Error> {
    if let Some((newest, touched)) = before
        && touched.leaves_names(newest)
        && let Some(newest) = newest_after(connection, org, newest, &touched.instants).await?
    {
        return Ok(newest);
    }
    let rows = sqlx::query_file!("queries/calls/newest.sql", org.0, PAGE_LIMIT).fetch_all(connection).await?;
    Ok(Newest::of(rows.into_iter().map(|row| facts!(row)).collect()))
}

/// The most instants at which changed calls are read one by one, and calls of each.
const FEW: usize = 20;

/// The newest calls, given those before and the instants at which calls have changed. `None`: they have to be read.
async fn newest_after(
    connection: &mut PgConnection,
    org: OrgId,
    before: &Newest,
    instants: &[Timestamp],
) -> Result<Option<Newest>, Error> {
    if instants.is_empty() {
        return Ok(Some(before.clone()));
    }
    if instants.len() > FEW || instants.iter().any(|at| at.finite().is_none()) {
        return Ok(None);
    }
    let at: Vec<PgTime> = instants.iter().copied().map(PgTime).collect();
    let changed = sqlx::query_file!("queries/calls/created_at.sql", org.0, &at as &[PgTime], FEW as i64);
    let changed = changed.fetch_all(connection).await?;
    // There may be more at one of the instants.
    if changed.len() >= FEW {
        return Ok(None);
    }
    let calls = changed.into_iter().filter(|row| !row.is_test_call).map(|row| facts!(row));
    Ok(before.after(instants, calls.collect()))
}

impl Store {
    /// One page of the calls that match, straight from the source. `place` is dropped when the server is done with it, which
    /// may be some time after the caller has gone: so the number of places bounds what runs at once.
    pub async fn calls(&self, org: OrgId, filter: Filter, place: impl Send + 'static) -> Result<Page, Error> {
        let (answer, page) = oneshot::channel();
        let list = List { store: self.clone(), org, filter };
        tokio::spawn(async move {
            list.run(answer).await;
            drop(place);
        });
        match timeout(LIMIT, page).await {
            Ok(Ok(page)) => page,
            Ok(Err(_)) | Err(_) => Err(Error::TimedOut),
        }
    }
}

/// A list to be read. It has a task of its own, since its caller may hang up: nothing that it has begun is dropped
/// before the server has ended it.
struct List {
    store: Store,
    org: OrgId,
    filter: Filter,
}

type Answer = oneshot::Sender<Result<Page, Error>>;

impl List {
    async fn run(self, answer: Answer) {
        match self.store.lists.begin(BEGIN).await {
            Ok(session) => self.read(session, answer).await,
            Err(error) => drop(answer.send(Err(error))),
        }
    }

    /// Reads in an open transaction. A session that was stopped is used again: a new one would have to plan its statements, at
    /// the cost of the org that gets it next. The signal cannot come late, since it is sent before the transaction ends.
    async fn read(self, mut session: WarmSession, mut answer: Answer) {
        let opened = match timeout(STOP, open(&mut session, self.org)).await {
            Ok(Ok(opened)) => opened,
            Ok(Err(error)) => return drop(answer.send(Err(error))),
            Err(_) => return,
        };
        let backend = opened.backend;
        let ended = {
            let read = page(&mut session, self.org, &self.filter, opened);
            tokio::pin!(read);
            tokio::select! {
                page = &mut read => {
                    let _ = answer.send(page);
                    true
                }
                () = hung_up(&mut answer) => {
                    let cancelled = self.cancel(backend).await;
                    timeout(STOP, read).await.is_ok() && cancelled
                }
            }
        };
        if ended {
            session.roll_back().await;
        }
    }

    /// Stops the statement of a session that is still ours, its transaction being open; tells whether that was done.
    async fn cancel(&self, backend: i32) -> bool {
        let cancelled = sqlx::query_file!("queries/calls/cancel.sql", backend).fetch_one(&self.store.pg).await;
        if let Err(error) = &cancelled {
            tracing::debug!(error = error as &dyn std::error::Error, "a list ends by its time limit");
        }
        cancelled.is_ok_and(|cancelled| cancelled.sent)
    }
}

async fn hung_up(answer: &mut Answer) {
    answer.closed().await;
    sleep(GRACE).await;
}

/// The row of a list's first statement.
struct Opened {
    as_of: PgTime,
    timezone: Option<String>,
    version_epoch: Option<i64>,
    version_n: Option<i64>,
    backend: i32,
}

async fn open(session: &mut PgConnection, org: OrgId) -> Result<Opened, Error> {
    Ok(sqlx::query_file_as!(Opened, "queries/calls/open.sql", org.0).fetch_one(session).await?)
}

/// Reads the total and the page in one snapshot, so that they agree.
async fn page(session: &mut PgConnection, org: OrgId, filter: &Filter, opened: Opened) -> Result<Page, Error> {
    let range = Range::of(filter, &Calendar::of(opened.timezone.as_deref()));
    let found = match &filter.search {
        Some(text) => search(session, org, filter, &range, &contains(text)).await?,
        None => list(session, org, filter, &range).await?,
    };
    Ok(Page {
        calls: Calls::of(found.rows, filter.page, filter.limit, found.total),
        version: Version { epoch: opened.version_epoch.unwrap_or(0), n: opened.version_n.unwrap_or(0) },
        as_of: opened.as_of.into(),
        searched_from: found.searched_from,
    })
}

/// The instants that a filter lets through, the end not included.
struct Range {
    from: Option<PgTime>,
    before: Option<PgTime>,
}

impl Range {
    fn of(filter: &Filter, calendar: &Calendar) -> Self {
        Self {
            from: filter.from.map(|from| PgTime(from.start(calendar))),
            before: filter.to.map(|to| PgTime(to.end(calendar))),
        }
    }
}

struct Found {
    rows: Vec<CallFacts>,
    total: i64,
    searched_from: Option<Timestamp>,
}

async fn list(session: &mut PgConnection, org: OrgId, filter: &Filter, range: &Range) -> Result<Found, Error> {
    let Filter { direction, status, include_test, limit, .. } = filter;
    let (from, before) = (range.from, range.before);
    let count =
        sqlx::query_file!("queries/calls/count.sql", org.0, *direction, *status, from as _, before as _, include_test);
    let total = count.fetch_one(&mut *session).await?.count;
    let skipped = filter.offset();
    let rows =
        rows(session, org, filter, range, &Window { looked_at: limit + skipped, skipped, pattern: None }).await?;
    Ok(Found { rows, total, searched_from: None })
}

async fn search(
    session: &mut PgConnection,
    org: OrgId,
    filter: &Filter,
    range: &Range,
    pattern: &str,
) -> Result<Found, Error> {
    let Filter { direction, status, include_test, .. } = filter;
    let (from, before) = (range.from, range.before);
    let found = sqlx::query_file!(
        "queries/calls/count_found.sql",
        org.0,
        *direction,
        *status,
        from as _,
        before as _,
        include_test,
        SEARCHED,
        pattern
    );
    let found = found.fetch_one(&mut *session).await?;
    let window = Window { looked_at: SEARCHED, skipped: 0, pattern: Some(pattern) };
    let rows = rows(session, org, filter, range, &window).await?;
    let is_cut = found.looked_at >= SEARCHED;
    let searched_from = found.oldest.filter(|_| is_cut).map(Timestamp::from);
    Ok(Found { rows, total: found.count, searched_from })
}

/// The calls among which a page is looked for.
struct Window<'a> {
    looked_at: i64,
    /// The newest among them that no page needs.
    skipped: i64,
    pattern: Option<&'a str>,
}

async fn rows(
    session: &mut PgConnection,
    org: OrgId,
    filter: &Filter,
    range: &Range,
    window: &Window<'_>,
) -> Result<Vec<CallFacts>, Error> {
    let Filter { direction, status, include_test, limit, .. } = filter;
    let page = sqlx::query_file!(
        "queries/calls/page.sql",
        org.0,
        *direction,
        *status,
        range.from as _,
        range.before as _,
        include_test,
        window.looked_at,
        window.skipped,
        window.pattern,
        limit,
        filter.offset() - window.skipped
    );
    Ok(page.fetch_all(session).await?.into_iter().map(|row| facts!(row)).collect())
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
    fn wildcards_in_a_search_are_literal() {
        assert_eq!(contains(r"50%_\é"), r"%50\%\_\\é%");
    }
}
