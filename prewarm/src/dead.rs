//! `prewarm dead`: the jobs that failed too often.

use anyhow::bail;
use clap::Subcommand;
use store::{
    Store,
    queue::{JobId, dead_letters::DeadLetter},
};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List them, newest first
    List {
        /// Most to list
        #[arg(long, default_value_t = 100)]
        limit: u32,
    },
    /// Show one in full
    Show {
        /// Id of the dead letter
        id: JobId,
    },
    /// Run one again
    Retry {
        /// Id of the dead letter
        id: JobId,
    },
    /// Discard one
    Discard {
        /// Id of the dead letter
        id: JobId,
    },
}

impl Command {
    pub(crate) async fn run(self, store: &Store) -> anyhow::Result<()> {
        match self {
            Self::List { limit } => list(&store.dead_letters(i64::from(limit)).await?),
            Self::Show { id } => match store.dead_letter(id).await? {
                Some(letter) => show(&letter),
                None => bail!("there is no dead letter {id}; `prewarm dead list` lists them"),
            },
            Self::Retry { id } if !store.retry_dead_letter(id).await? => {
                bail!("there is no dead letter {id}; `prewarm dead list` lists them")
            }
            Self::Discard { id } if !store.discard_dead_letter(id).await? => {
                bail!("there is no dead letter {id}; `prewarm dead list` lists them")
            }
            Self::Retry { .. } | Self::Discard { .. } => {}
        }
        Ok(())
    }
}

#[expect(clippy::print_stdout, reason = "the command's output")]
fn list(letters: &[DeadLetter]) {
    if letters.is_empty() {
        println!("no dead letters");
    }
    for letter in letters {
        let error = letter.error.as_deref().unwrap_or("-");
        println!(
            "{}  {}  {:<40}  {} starts  {}",
            letter.id,
            letter.died_at,
            letter.job.to_string(),
            letter.attempts,
            error
        );
    }
}

#[expect(clippy::print_stdout, reason = "the command's output")]
fn show(letter: &DeadLetter) {
    println!("id        {}", letter.id);
    println!("queue     {}", letter.queue);
    println!("subject   {}", letter.job);
    println!("since     {}", letter.since);
    println!("died at   {}", letter.died_at);
    println!("starts    {}", letter.attempts);
    println!("error     {}", letter.error.as_deref().unwrap_or("-"));
}
