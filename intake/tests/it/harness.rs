//! A store on a private database.

use readmodel::model::Format;
use store::{Config, Sessions, Store};
use testkit::{
    Database,
    sqlx::{self, AssertSqlSafe},
};

pub(crate) fn open(database: &Database) -> Store {
    Store::open(&Config {
        database_url: database.url(),
        direct_url: None,
        redis: None,
        connections: 4,
        sessions: Sessions::Serving,
        application_name: "test",
        format: Format::CURRENT,
    })
    .unwrap()
}

pub(crate) async fn sql(store: &Store, statements: &str) {
    // Sessions without our statement timeout.
    let apart = store.apart(1);
    sqlx::raw_sql(AssertSqlSafe(statements.to_owned())).execute(&apart).await.unwrap();
    apart.close().await;
}

pub(crate) async fn count(store: &Store, query: &str) -> i64 {
    sqlx::query_scalar(AssertSqlSafe(query.to_owned())).fetch_one(store.sessions()).await.unwrap()
}

/// Adds an org with one inbound assistant.
pub(crate) async fn add_org(store: &Store, assistant: &str) {
    sql(
        store,
        &format!(
            "with org as (insert into public.organizations (name) values ('org') returning id)
             insert into public.agents (org_id, name, vapi_assistant_id) select id, 'agent', '{assistant}' from org"
        ),
    )
    .await;
}

pub(crate) async fn close(store: Store, database: Database) {
    store.close().await;
    database.close().await.unwrap();
}
