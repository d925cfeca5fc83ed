//! Views maintained by pg_ivm.

use std::{
    fs::File,
    io::Write as _,
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use anyhow::ensure;
use futures_util::TryStreamExt as _;
use sqlx::postgres::PgPoolCopyExt as _;

use super::files;
use testkit::process::Place;

use crate::{
    http::{self, Connection},
    process::Process,
    stack::{Org, Stack},
};

const PORT: u16 = 8080;
const CONTACTS: &str = "id, org_id, phone, lead_score, lead_status from public.contacts";
const CALLS: &str = "id, org_id, contact_id, phone_number, duration_seconds, sentiment_label, sentiment_score, created_at \
                     from public.calls";

/// PGlite with an org's contacts and calls.
#[derive(Debug)]
pub(crate) struct Ivm {
    process: Process,
}

impl Ivm {
    /// Loads an org's rows and waits for the views.
    pub(crate) async fn start(stack: &Stack, org: &Org) -> anyhow::Result<Self> {
        let place = Place::new()?;
        let (contacts, calls) = (place.dir().join("contacts.csv"), place.dir().join("calls.csv"));
        copy(stack, org, CONTACTS, &contacts).await?;
        copy(stack, org, CALLS, &calls).await?;
        let mut command = Command::new("node");
        command.arg(files().join("node/ivm.js")).arg(org.id.to_string()).arg(contacts).arg(calls);
        command.env("HOST", place.addr(PORT).ip().to_string()).env("PORT", PORT.to_string());
        let mut process = Process::start(place, "pg_ivm", &mut command)?;
        process.ready(process.addr(PORT), "/", &[]).await?;
        Ok(Self { process })
    }

    /// Its processor time per call, over as many calls as it processes within `time`.
    pub(crate) async fn milliseconds_a_call(&self, caller: impl Fn() -> String, time: Duration) -> anyhow::Result<f64> {
        let addr = self.process.addr(PORT);
        let mut connection = Connection::open(addr).await?;
        let (started, before, mut calls) = (Instant::now(), self.process.cpu()?, 0);
        while calls == 0 || started.elapsed() < time {
            let request = http::post(addr, &format!("/{}", caller()), &[], "");
            let status = connection.outline(&request).await?.status;
            ensure!(status == 200, "pg_ivm answered {status}");
            calls += 1;
        }
        let used = self.process.cpu()?.saturating_sub(before);
        Ok(used.as_secs_f64() * 1e3 / f64::from(calls))
    }
}

async fn copy(stack: &Stack, org: &Org, what: &str, to: &Path) -> anyhow::Result<()> {
    let sql = format!("copy (select {what} where org_id = '{}') to stdout csv", org.id);
    let mut rows = stack.store.apart(1).copy_out_raw(&sql).await?;
    let mut file = File::create(to)?;
    while let Some(bytes) = rows.try_next().await? {
        file.write_all(&bytes)?;
    }
    Ok(())
}
