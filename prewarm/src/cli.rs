//! The command line.

use anyhow::Context as _;
use clap::{Parser, Subcommand};
use monitoring::logging;
use readmodel::ids::OrgId;
use store::{Sessions, Source};
use uuid::Uuid;

use crate::{
    dead, erase, process, rebuild, seed,
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
    /// With DATABASE_URL unset it starts a private Postgres, and with REDIS_URL unset too a private Redis. Their data is
    /// kept in PREWARM_DATA_DIR (.prewarm).
    Up {
        /// Seed three orgs of 60, 600 and 6,000 contacts, then send a call now and then; makes its own secrets, and takes no
        /// DATABASE_URL
        #[arg(long)]
        demo: bool,
    },
    /// Serve dashboards and take webhooks
    Api,
    /// Rebuild read models, on events and on the clock
    Worker,
    /// Bring the database to this version's schema
    ///
    /// Makes what is Prewarm's own, in the schema `prewarm`. Waits for other sessions two seconds at a time and says who they
    /// are; gives up after five minutes. Writes nothing where all is in order.
    Migrate {
        /// Also make the application's six tables in `public` where none of them exists; attach them where they are there,
        /// from a dump for instance. Other tables of these names are left alone, and named.
        #[arg(long)]
        with_source: bool,
    },
    /// Make orgs with contacts, calls and appointments
    Seed {
        /// Contacts of each org to make, comma-separated
        #[arg(long, value_delimiter = ',', default_value = "60,600,6000")]
        contacts: Vec<u32>,
        /// Calls of each contact
        #[arg(long, default_value_t = seed::CALLS_PER_CONTACT)]
        calls: u16,
    },
    /// Make read models anew from the source, while workers and readers go on
    ///
    /// A run over all orgs that was stopped or killed goes on where it was when it is started again. An org that cannot be
    /// rebuilt is listed at the end and keeps no other from its rebuild.
    Rebuild(rebuild::Arguments),
    /// Erase an org, a contact or the people behind a phone number, for good
    ///
    /// From the source: of an org everything; of a contact its row and its appointments, and the number and the summary of
    /// its calls, whose times and costs stay. From everything else: names, numbers and summaries in events, in what is known
    /// of calls, in leads, in panels, in Redis. What is told later does not bring them back; who calls again is a new
    /// contact. Prints what was removed, by place. Exits with 1 while anything is owed: workers go on with it.
    Erase(erase::Arguments),
    /// Print an access token for an org, signed with SUPABASE_JWT_SECRET
    Token {
        /// The org's id
        #[arg(long)]
        org: Uuid,
        /// How long it is valid, in hours
        #[arg(long, default_value_t = 24, value_parser = clap::value_parser!(u32).range(1..))]
        hours: u32,
    },
    /// Jobs that failed too often
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
            Command::Seed { contacts, calls } => {
                let store = settings.open_store("prewarm-seed", Sessions::Serving).await?;
                seed::run(&store, &contacts, calls).await
            }
            Command::Rebuild(arguments) => arguments.run(&settings).await,
            Command::Erase(arguments) => arguments.run(&settings).await,
            Command::Token { org, hours } => token::print(&settings, OrgId(org), hours),
            Command::Dead { command } => {
                command.run(&settings.open_store("prewarm-dead", Sessions::Serving).await?).await
            }
        }
    }
}

async fn migrate(settings: &Settings, source: Source) -> anyhow::Result<()> {
    logging::init(settings.get("PREWARM_LOG"));
    store::migrate(settings.reach_direct().await?, source).await.context("migrating")
}
