//! `prewarm token`: an access token for use by hand.

use std::time::Duration;

use readmodel::ids::OrgId;

use crate::{demo::Secrets, settings::Settings};

/// Prints an access token for an org.
#[expect(clippy::print_stdout, reason = "the token is the command's output")]
pub(crate) fn print(settings: &Settings, org: OrgId, hours: u32) -> anyhow::Result<()> {
    let lifetime = Duration::from_secs(u64::from(hours) * 3600);
    println!("{}", signers(settings)?.mint(org, lifetime, api::auth::wall_clock())?);
    Ok(())
}

/// The settings that sign tokens: those of the environment, or else of the demo in the data directory.
fn signers(settings: &Settings) -> anyhow::Result<api::auth::Config> {
    let demo = Secrets::read(&settings.data_dir)?;
    let lookup = |name: &str| {
        let secret = demo.as_ref().filter(|_| name == "SUPABASE_JWT_SECRET").map(|demo| demo.jwt.clone());
        settings.get(name).map(str::to_owned).or(secret)
    };
    match api::auth::Config::from_env(lookup) {
        // Tokens can be verified by other means too, but only signed with this secret.
        Err(api::auth::ConfigError::NoSource) => Err(api::auth::MintError::NoSecret.into()),
        config => Ok(config?),
    }
}
