//! Runs a command with the `DATABASE_URL` of a new, migrated database on the server of `PREWARM_TEST_POSTGRES`, drops the
//! database afterwards and exits with the command's code.
//!
//! It reads `migrations/` at run time and does not use `store`, because preparing store's queries needs a migrated database
//! before store compiles.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context, Result};
use sqlx::{AssertSqlSafe, Connection, PgConnection};

const MIGRATIONS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../migrations");

#[tokio::main]
async fn main() -> Result<ExitCode> {
    let server = std::env::var("PREWARM_TEST_POSTGRES").context("PREWARM_TEST_POSTGRES is not set")?;
    let mut arguments = std::env::args_os().skip(1);
    let program = arguments.next().context("usage: with_database COMMAND [ARGUMENTS]")?;

    let name = format!("prewarm_{}", uuid::Uuid::new_v4().simple());
    let url = embedded::database_url(&server, &name);
    let mut admin = PgConnection::connect(&server).await?;
    sqlx::query(AssertSqlSafe(format!("create database {name}"))).execute(&mut admin).await?;

    let outcome = match migrate(&url).await {
        Ok(()) => {
            Command::new(&program).args(arguments).env("DATABASE_URL", &url).status().context("cannot run the command")
        }
        Err(error) => Err(error),
    };
    sqlx::query(AssertSqlSafe(format!("drop database {name} with (force)"))).execute(&mut admin).await?;
    let code = outcome?.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1);
    Ok(ExitCode::from(code))
}

async fn migrate(url: &str) -> Result<()> {
    let mut session = PgConnection::connect(url).await?;
    run(&mut session, "set search_path = pg_catalog, pg_temp").await?;
    for file in files()? {
        let sql = fs::read_to_string(&file)?;
        run(&mut session, &sql).await.with_context(|| format!("applying {}", file.display()))?;
    }
    // No table is attached: the views return no rows, which is all that a statement needs to be prepared.
    run(&mut session, "call prewarm.attach_again()").await?;
    Ok(())
}

/// The files of `migrations/` in store's order.
fn files() -> Result<Vec<PathBuf>> {
    let root = Path::new(MIGRATIONS);
    let mut files = Vec::new();
    for folder in ["tables", "standalone"] {
        let mut numbered =
            fs::read_dir(root.join(folder))?.map(|entry| Ok(entry?.path())).collect::<std::io::Result<Vec<_>>>()?;
        numbered.sort();
        files.append(&mut numbered);
    }
    let order = fs::read_to_string(root.join("code/order"))?;
    let code = order.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    files.extend(code.map(|line| root.join("code").join(line)));
    Ok(files)
}

async fn run(session: &mut PgConnection, sql: &str) -> Result<()> {
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(session).await?;
    Ok(())
}
