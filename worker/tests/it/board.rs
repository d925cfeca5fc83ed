//! The board shows our queues and changes nothing.

use std::time::Duration;

use axum::{
    body::{Body, to_bytes},
    http::{Method, Request, StatusCode},
};
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
    db.run("select prewarm.fold(prewarm.owed_orgs())").await;
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

/// A single owed org's job starts without a waiting state.
#[tokio::test]
async fn the_board_lists_the_job_of_a_single_owed_org() {
    let db = Db::create().await;
    db.org().await;
    db.store().heartbeat(WORKER, Queue::Rebuild, LEASE, &[]).await.unwrap();
    let claimed = db.store().claim_jobs(WORKER, Queue::Rebuild, 1, LEASE).await.unwrap();
    let [job] = claimed.as_slice() else { panic!("{claimed:?}") };
    let listed = async |status: &str| {
        let (code, jobs) = ask(&db, Method::GET, &format!("/api/v1/queues/rebuild/tasks?status={status}")).await;
        assert_eq!(code, StatusCode::OK, "{jobs}");
        assert!(jobs.contains(&job.id), "{jobs}");
    };
    listed("Running").await;
    db.store().finish_jobs(WORKER, &[(job.id.clone(), End::Done)]).await.unwrap();
    listed("Done").await;
    db.close().await;
}

#[tokio::test]
async fn the_board_cannot_push_jobs() {
    let db = Db::create().await;
    for method in [Method::PUT, Method::POST, Method::DELETE, Method::PATCH, Method::OPTIONS] {
        let (status, _) = ask(&db, method, "/api/v1/queues/maintenance/tasks").await;
        assert_eq!(status, StatusCode::METHOD_NOT_ALLOWED);
    }
    assert_eq!(db.count("select count(*) from apalis.jobs").await, 0);
    db.close().await;
}
