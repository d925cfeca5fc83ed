//! The roles of processes: each has a duty, and what it needs for it. `prewarm migrate` grants that to the roles `prewarm_api` and
//! `prewarm_worker`; any other role is told what it lacks.

use sqlx::PgConnection;

use crate::{Error, Map, Store, lack::Lack, map::Mode};

/// The script that makes the roles, without the tables.
const SCRIPT: &str = include_str!("../../migrations/roles.sql");

/// The sources that webhooks write, by their tables.
const WRITTEN: [&str; 2] = ["contacts", "calls"];

/// The work that a role is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Duty {
    /// Serves dashboards and takes webhooks.
    Api,
    /// Rebuilds.
    Worker,
    /// Owns the schema: migrates, attaches, and changes the source for an operator.
    Owner,
}

impl Store {
    /// Fails with [`Error::Lacks`] if this process' role may not do all that a duty needs. Needs a schema of this release.
    pub async fn check_role(&self, duty: Duty) -> Result<(), Error> {
        let mut session = self.pg.take().await?;
        check_entrance(&mut session).await?;
        match duty {
            Duty::Api => check_grants(&mut session, "api").await?,
            Duty::Worker => check_grants(&mut session, "worker").await?,
            Duty::Owner => check_ownership(&mut session).await?,
        }
        session.give_back();
        Ok(())
    }
}

/// Fails if a role lacks a privilege without which it cannot even ask what it lacks.
pub(crate) async fn check_entrance(session: &mut PgConnection) -> Result<(), Error> {
    let entrance = sqlx::query_file!("queries/roles/entrance.sql").fetch_one(session).await?;
    entrance.lacks.map_or(Ok(()), |privilege| Err(Lack::of_privilege(entrance.role, &privilege).into()))
}

async fn check_grants(session: &mut PgConnection, duty: &str) -> Result<(), Error> {
    let lacking = sqlx::query_file!("queries/roles/missing_grants.sql", duty).fetch_all(session).await?;
    let others = lacking.len().saturating_sub(1);
    let first = lacking.into_iter().next();
    first
        .map_or(Ok(()), |first| Err(Lack { role: first.role, lacks: first.lacks, remedy: first.remedy, others }.into()))
}

/// Fails if a role may not make or change the schema.
pub(crate) async fn check_ownership(session: &mut PgConnection) -> Result<(), Error> {
    let found = sqlx::query_file!("queries/roles/ownership.sql").fetch_one(session).await?;
    let role = found.role;
    match (found.owner, found.is_ours) {
        (Some(owner), Some(false)) => {
            let remedy = format!("connect as {owner}, or grant {owner} to {role}");
            Err(Lack { role, lacks: "does not own the schema prewarm".to_owned(), remedy, others: 0 }.into())
        }
        (None, _) if !found.may_create => {
            Err(Lack::of_privilege(role, &format!("create on database {}", found.database)).into())
        }
        _ => Ok(()),
    }
}

/// The script that makes the roles and lets them read a map's tables, for the tables' owner to run.
#[must_use]
pub fn script(map: &Map) -> String {
    let tables = map.tables();
    let mut script = SCRIPT.to_owned();
    if *map == Map::standalone() {
        script.push_str("\n-- `prewarm migrate --with-source` makes the application's tables.\n");
        script.push_str("grant usage, create on schema public to prewarm_migrate;\n");
        script.push_str("grant usage on schema public to prewarm_worker, prewarm_api;\n");
        return script;
    }
    script.push_str(
        "\n-- The application's tables, as the map has them. Webhooks write through functions of prewarm_migrate's.\n",
    );
    let mut schemas: Vec<_> = tables.iter().filter_map(|table| table.split('.').next()).collect();
    schemas.sort_unstable();
    schemas.dedup();
    let all = "prewarm_migrate, prewarm_worker, prewarm_api";
    script.push_str(&format!("grant usage on schema {} to {all};\n", schemas.join(", ")));
    script.push_str(&format!("grant select on {} to {all};\n", tables.join(", ")));
    if map.mode() == Mode::Intake {
        let written: Vec<_> = WRITTEN.into_iter().filter_map(|source| map.table_of(source)).collect();
        script.push_str(&format!("grant insert, update on {} to prewarm_migrate;\n", written.join(", ")));
    }
    script
}
