//! The command line.

use anyhow::Context as _;
use clap::{Parser, Subcommand};
use monitoring::logging;
use readmodel::ids::OrgId;
use store::{Sessions, Source, roles::Duty};
use uuid::Uuid;

use crate::{
    attach, dead, detach, erase, process, rebuild, roles, seed,
    settings::{Given, Settings},
    token, up,
};

/// Keeps voice-agent dashboards and voice agents ready before anyone asks.
#[derive(Parser)]
#[command(version, arg_required_else_help = true, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    given: Given,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Migrate, then run api and worker in one process
    ///
    /// Without DATABASE_URL it starts a private Postgres, and without REDIS_URL as well a private Redis. They keep
    /// their data in PREWARM_DATA_DIR (.prewarm).
    Up {
        /// Seed three orgs with 60, 600 and 6,000 contacts, then send calls from time to time; makes its own secrets,
        /// and refuses a DATABASE_URL
        #[arg(long)]
        demo: bool,
    },
    /// Serve dashboards and receive webhooks
    Api,
    /// Rebuild read models after changes and at deadlines
    Worker,
    /// Migrate the schema `prewarm` to this release
    ///
    /// Waits for locks of other sessions, two seconds at a time, names those sessions in the log, and gives up after
    /// five minutes. Writes nothing if the schema is current.
    Migrate {
        /// Also create the application's six tables in `public` if none of them exists, or attach them if all are
        /// there, for instance from a dump. Other tables of these names are left alone, and named.
        #[arg(long)]
        with_source: bool,
    },
    /// Attach Prewarm to tables that exist, as a map names them
    ///
    /// Looks at the tables first, tells all that does not fit, and shows a few orgs as their panels would show them. Then
    /// makes the schema `prewarm` and puts triggers on the tables, in one transaction at a moment when nobody writes them,
    /// or else table by table. Makes nothing else in the tables' schema. Run it again after the tables have changed.
    Attach(attach::Arguments),
    /// Print SQL that makes a role for each process, with no more rights than it needs
    ///
    /// Makes prewarm_migrate (for `migrate` and `attach`), prewarm_worker and prewarm_api. The owner of the application's
    /// tables runs it, at Supabase `postgres` in the SQL editor. Needs no connection.
    Roles(roles::Arguments),
    /// Take the triggers and the schema `prewarm` away, and leave the application's tables as they were
    Detach(detach::Arguments),
    /// Create orgs with contacts, calls and appointments
    Seed {
        /// Number of contacts of each org, comma-separated
        #[arg(long, value_delimiter = ',', default_value = "60,600,6000")]
        contacts: Vec<u32>,
        /// Number of calls of each contact
        #[arg(long, default_value_t = seed::CALLS_PER_CONTACT)]
        calls: u16,
    },
    /// Recompute read models from the source, while workers and readers go on
    ///
    /// A run over all orgs that was stopped or killed resumes when it is started again. An org that cannot be rebuilt
    /// is listed at the end and does not stop the run.
    Rebuild(rebuild::Arguments),
    /// Erase an org, a contact or the people behind a phone number, for good
    ///
    /// From the source it deletes an org with all its data, or a contact with its appointments; a contact's calls keep
    /// their times and costs, but lose the number and the summary. From everything derived it removes names, numbers
    /// and summaries: events, states of calls, leads, panels, Redis. Later webhooks about the same calls do not bring
    /// them back; a new call makes a new contact. Prints the removed rows by table. Exits with 1 while anything is
    /// still owed, which workers finish.
    Erase(erase::Arguments),
    /// Print an access token for an org, signed with SUPABASE_JWT_SECRET
    Token {
        /// The org's id
        #[arg(long)]
        org: Uuid,
        /// Validity in hours
        #[arg(long, default_value_t = 24, value_parser = clap::value_parser!(u32).range(1..))]
        hours: u32,
    },
    /// List, show, retry or discard jobs that failed too often
    Dead {
        #[command(subcommand)]
        command: dead::Command,
    },
}

impl Cli {
    pub(crate) async fn run(self) -> anyhow::Result<()> {
        let settings = Settings::of(&self.given)?;
        match self.command {
            Command::Up { demo } => up::run(settings, demo).await,
            Command::Api => process::run(settings, process::Parts::API).await,
            Command::Worker => process::run(settings, process::Parts::WORKER).await,
            Command::Migrate { with_source } => {
                migrate(&settings, if with_source { Source::Standalone } else { Source::Untouched }).await
            }
            Command::Attach(arguments) => arguments.run(&settings).await,
            Command::Roles(arguments) => arguments.run(),
            Command::Detach(arguments) => arguments.run(&settings).await,
            Command::Seed { contacts, calls } => {
                let store = settings.open_store("prewarm-seed", Sessions::Serving, Duty::Owner).await?;
                seed::run(&store, &contacts, calls).await
            }
            Command::Rebuild(arguments) => arguments.run(&settings).await,
            Command::Erase(arguments) => arguments.run(&settings).await,
            Command::Token { org, hours } => token::print(&settings, OrgId(org), hours),
            Command::Dead { command } => {
                command.run(&settings.open_store("prewarm-dead", Sessions::Serving, Duty::Worker).await?).await
            }
        }
    }
}

async fn migrate(settings: &Settings, source: Source) -> anyhow::Result<()> {
    logging::init(settings.get("PREWARM_LOG"));
    store::migrate(settings.reach_direct().await?, source).await.context("cannot migrate")
}
