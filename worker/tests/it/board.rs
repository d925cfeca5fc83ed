//! The board shows our queues and changes nothing.

use std::time::Duration;

use axum::{
    body::{Body, to_bytes},
    http::{Method, Request, StatusCode},
};
use serde_json::{Value, json};
use store::queue::{End, Queue};
use tower::ServiceExt;
use worker::board_router;

use crate::harness::Db;

const WORKER: &str = "worker-1";
const LEASE: Duration = Duration::from_secs(60);

async fn ask(db: &Db, method: Method, path: &str) -> (StatusCode, String) {
    let request = Request::builder().method(method).uri(path).body(Body::from("{}")).unwrap();
    let response = board_router(&db.store()).oneshot(request).await.unwrap();
    let status = response.status();
    let body = to_bytes(response.into_body(), 10_000_000).await.unwrap();
    (status, String::from_utf8_lossy(&body).into_owned())
}

#[tokio::test]
async fn the_board_lists_our_queues_and_jobs() {
    let db = Db::create().await;
    db.org().await;
    let (status, page) = ask(&db, Method::GET, "/").await;
    assert_eq!(status, StatusCode::OK);
    assert!(page.contains("<html"), "{page}");
    let (status, queues) = ask(&db, Method::GET, "/api/v1/queues").await;
    assert_eq!(status, StatusCode::OK);
    assert!(queues.contains("rebuild"), "{queues}");
    let (status, jobs) = ask(&db, Method::GET, "/api/v1/queues/rebuild/tasks?status=Pending").await;
    assert_eq!(status, StatusCode::OK, "{jobs}");
    assert!(jobs.contains("org_id"), "{jobs}");
    db.close().await;
}

/// A rebuild has no job: it is named after its org.
#[tokio::test]
async fn the_board_lists_an_org_from_its_mark_to_its_dead_letter() {
    let db = Db::create().await;
    let org = db.org().await;
    db.store().heartbeat(WORKER, Queue::Rebuild, LEASE, &[]).await.unwrap();
    let listed = async |status: &str, id: &str| {
        let (code, jobs) = ask(&db, Method::GET, &format!("/api/v1/queues/rebuild/tasks?status={status}")).await;
        assert_eq!(code, StatusCode::OK, "{jobs}");
        assert_eq!(jobs.matches("task_id").count(), 1, "{status}: {jobs}");
        assert!(jobs.contains(&format!(r#""task_id":"{id}""#)) && jobs.contains(&org.to_string()), "{status}: {jobs}");
        let (code, job) = ask(&db, Method::GET, &format!("/api/v1/queues/rebuild/tasks/{id}")).await;
        assert_eq!(code, StatusCode::OK, "{job}");
    };
    listed("Pending", &org.to_string()).await;
    let claimed = db.claim_rebuild(WORKER).await.unwrap();
    listed("Running", &org.to_string()).await;
    db.finish(WORKER, &claimed, End::Dead("no".to_owned())).await;
    listed("Pending", &org.to_string()).await;
    listed("Killed", &claimed.id.to_string()).await;
    db.close().await;
}

#[tokio::test]
async fn the_board_cannot_push_jobs() {
    let db = Db::create().await;
    for method in [Method::PUT, Method::POST, Method::DELETE, Method::PATCH, Method::OPTIONS] {
        let (status, _) = ask(&db, method, "/api/v1/queues/maintenance/tasks").await;
        assert_eq!(status, StatusCode::METHOD_NOT_ALLOWED);
    }
    assert_eq!(db.count("select count(*) from prewarm.jobs").await, 0);
    db.close().await;
}

#[tokio::test]
async fn it_shows_dead_letters_agents_crons_and_workers() {
    const AGENT: &str = "00000000-0000-0000-0000-000000000007";
    let db = Db::create().await;
    db.store().heartbeat(WORKER, Queue::Maintenance, LEASE, &[]).await.unwrap();
    db.run(&format!(
        "insert into prewarm.dead_letters (id, queue, kind, subject, attempts, max_attempts, error) values
           (1001, 'maintenance', 'prune', '00000000-0000-0000-0000-000000000000', 10, 10, 'out of disk');
         insert into prewarm.jobs (id, queue, kind, state, attempts, max_attempts, ended_at) values
           (1002, 'maintenance', 'sweep', 'done', 1, 10, now());
         insert into prewarm.assistants (agent_id, stage, reason) values ('{AGENT}', 'failed', 'no such voice');
         insert into prewarm.assistants (agent_id, stage) select gen_random_uuid(), 'synced' from generate_series(1, 12);
         insert into prewarm.cron_slots (name, slot) values ('sweep', '2026-01-01Z'), ('sweep', '2026-01-02Z')"
    ))
    .await;
    let read = async |path: &str| {
        let (status, body) = ask(&db, Method::GET, &format!("/api/v1{path}")).await;
        assert_eq!(status, StatusCode::OK, "{path}: {body}");
        serde_json::from_str::<Value>(&body).unwrap()
    };
    let tasks = async |path: &str| read(&format!("/queues/{path}")).await.as_array().unwrap().clone();

    let queues = read("/queues").await;
    let names: Vec<_> = queues.as_array().unwrap().iter().map(|queue| queue["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["rebuild", "maintenance", "prewarm", "agents", "crons"]);
    assert_eq!(queues[1]["workers"], json!([WORKER]));

    let dead = tasks("maintenance/tasks?status=Killed").await;
    assert_eq!(dead.len(), 1);
    assert_eq!(dead[0]["args"], json!({ "kind": "prune", "error": "out of disk" }));
    assert_eq!((&dead[0]["ctx"]["task_id"], &dead[0]["ctx"]["status"]), (&json!("1001"), &json!("Killed")));
    assert_eq!(read("/queues/maintenance/tasks/1001").await, dead[0]);
    assert_eq!(tasks("maintenance/tasks?status=Failed").await.len(), 0);
    assert_eq!(read("/tasks?page=0").await.as_array().unwrap().len(), 2);
    for path in ["maintenance/tasks/1003", "maintenance/tasks/nobody", "agents/tasks/nobody", "crons/tasks/nobody"] {
        assert_eq!(ask(&db, Method::GET, &format!("/api/v1/queues/{path}")).await.0, StatusCode::NOT_FOUND, "{path}");
    }

    let failed = tasks("agents/tasks?status=Failed").await;
    assert_eq!((failed.len(), &failed[0]["args"]["reason"]), (1, &json!("no such voice")));
    assert_eq!(read(&format!("/queues/agents/tasks/{AGENT}")).await, failed[0]);
    assert_eq!((tasks("agents/tasks").await.len(), tasks("agents/tasks?page=2").await.len()), (10, 3));

    let fired = tasks("crons/tasks?status=Done").await;
    assert_eq!((fired.len(), &fired[0]["args"]["cron"]), (1, &json!("sweep")));
    assert_eq!(fired[0]["ctx"]["run_at"], 1_767_312_000);
    assert_eq!(tasks("crons/tasks").await.len(), worker::schedule::CRONS.len());

    let workers = read("/workers").await;
    assert_eq!((&workers[0]["id"], &workers[0]["queue"]), (&json!(WORKER), &json!("maintenance")));
    assert_eq!(tasks("maintenance/workers").await.len(), 1);
    assert_eq!(tasks("rebuild/workers").await.len(), 0);

    let overview = read("/overview").await;
    assert_eq!((number(&overview, "KILLED_JOBS"), number(&overview, "TOTAL_JOBS")), (json!("1"), json!("2")));
    let agents = read("/queues/agents/stats").await;
    assert_eq!((number(&agents, "FAILED_JOBS"), number(&agents, "DONE_JOBS")), (json!("1"), json!("12")));
    db.close().await;
}

/// One of the numbers of a list.
fn number(statistics: &Value, title: &str) -> Value {
    statistics.as_array().unwrap().iter().find(|it| it["title"] == title).unwrap()["value"].clone()
}

#[tokio::test]
async fn a_page_of_the_board_has_a_hundred_jobs_at_most() {
    let db = Db::create().await;
    db.run(
        "insert into prewarm.jobs (queue, kind, state, max_attempts, ended_at)
           select 'maintenance', 'sweep', 'done', 3, now() from generate_series(1, 150) n",
    )
    .await;
    let path = "/api/v1/queues/maintenance/tasks?status=Done&page_size=4294967295";
    let listed = async |page: &str| {
        let (status, jobs) = ask(&db, Method::GET, &format!("{path}&page={page}")).await;
        assert_eq!(status, StatusCode::OK, "{jobs}");
        jobs.matches("task_id").count()
    };
    assert_eq!((listed("1").await, listed("2").await, listed("4294967295").await), (100, 50, 0));
    db.close().await;
}
