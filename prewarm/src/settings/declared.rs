//! The declaration of all settings: variable, default and help. `--help` lists them, and a test compares
//! `.env.example`.

use std::collections::HashMap;

use clap::{Arg, ArgMatches, Args, Command, FromArgMatches, error::ErrorKind, parser::ValueSource};

/// The given settings: from flags, or else the environment, or else defaults. They include secrets, so this type has no
/// `Debug`.
pub(crate) struct Given(HashMap<&'static str, String>);

impl Given {
    /// A setting's value.
    pub(super) fn get(&self, variable: &str) -> Option<String> {
        self.0.get(variable).cloned()
    }
}

impl Args for Given {
    fn augment_args(command: Command) -> Command {
        command.args(SETTINGS.iter().map(Setting::argument))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for Given {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let is_told = |setting: &&Setting| matches.value_source(setting.variable) == Some(ValueSource::CommandLine);
        if let Some(setting) = SETTINGS.iter().filter(|setting| setting.is_bare_secret()).find(is_told) {
            let (flag, variable) = (setting.flag(), setting.variable);
            let why = format!("--{flag}: set {variable} in the environment; others could read it on a command line\n");
            return Err(clap::Error::raw(ErrorKind::ValueValidation, why));
        }
        let given = |setting: &Setting| Some((setting.variable, matches.get_one::<String>(setting.variable)?.clone()));
        Ok(Self(SETTINGS.iter().filter_map(given).collect()))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

/// A setting. Its value is checked where it is used.
pub(super) struct Setting {
    pub(super) variable: &'static str,
    value: &'static str,
    help: &'static str,
    pub(super) default: Option<&'static str>,
    is_secret: bool,
}

const fn setting(variable: &'static str, value: &'static str, help: &'static str) -> Setting {
    Setting { variable, value, help, default: None, is_secret: false }
}

impl Setting {
    const fn by_default(self, value: &'static str) -> Self {
        Self { default: Some(value), ..self }
    }

    /// Hides the current value in `--help`.
    const fn secret(self) -> Self {
        Self { is_secret: true, ..self }
    }

    /// Whether it is nothing but a secret. (A URL may contain a password, but need not.)
    fn is_bare_secret(&self) -> bool {
        self.is_secret && self.value != "URL"
    }

    fn argument(&self) -> Arg {
        let is_empty = std::env::var_os(self.variable).is_some_and(|value| value.to_string_lossy().trim().is_empty());
        let argument = Arg::new(self.variable)
            .long(self.flag())
            .value_name(self.value)
            .help(self.help)
            .help_heading("Settings")
            .hide_short_help(true)
            .hide_env_values(self.is_secret)
            .global(true);
        let argument = if let Some(default) = self.default { argument.default_value(default) } else { argument };
        // An empty variable counts as unset.
        if is_empty { argument } else { argument.env(self.variable) }
    }

    /// The flag: `--http-addr` for `PREWARM_HTTP_ADDR`.
    fn flag(&self) -> String {
        self.variable.trim_start_matches("PREWARM_").to_lowercase().replace('_', "-")
    }
}

/// The settings, in the order of `.env.example`.
pub(super) const SETTINGS: &[Setting] = &[
    setting("DATABASE_URL", "URL", "PostgreSQL 15 or newer, TLS by sslmode; `up` starts a private one without it")
        .secret(),
    setting("DATABASE_DIRECT_URL", "URL", "The same server, bypassing a transaction pooler, for LISTEN and migrations")
        .secret(),
    setting(
        "REDIS_URL",
        "URL",
        "redis:// or rediss://, comma-separated nodes of a cluster, or redis+sentinel://; without it Postgres serves alone",
    )
    .secret(),
    setting(
        "REDIS_CA_FILE",
        "FILE",
        "PEM certificates of authorities for rediss://, besides the public and the system's ones",
    ),
    setting("PREWARM_REDIS_TIMEOUT", "MS", "The limit of a read's wait for Redis: 1 to 1000; then Postgres answers")
        .by_default("50"),
    setting("PREWARM_HTTP_ADDR", "ADDR", "Address for dashboards and webhooks").by_default(api::DEFAULT_HTTP_ADDR),
    setting(
        "PREWARM_HTTP_KEEP_ALIVE",
        "SECONDS",
        "The limit of a connection's idle time; set it above your balancer's",
    )
    .by_default("75"),
    setting("PREWARM_STREAMS_PER_ORG", "STREAMS", "Most open streams of an organization on a node").by_default("512"),
    setting("PREWARM_STREAMS_PER_TOKEN", "STREAMS", "Most open streams of a token on a node").by_default("64"),
    setting("PREWARM_ADMIN_ADDR", "ADDR", "Address for /metrics, /livez and /readyz").by_default("127.0.0.1:9100"),
    setting("PREWARM_QUEUE_UI_ADDR", "ADDR", "Address for the queue's board, which has no authentication")
        .by_default("127.0.0.1:9101"),
    setting("PREWARM_DATA_DIR", "DIR", "Directory of private servers and the demo's secrets").by_default(".prewarm"),
    setting("PREWARM_CORS_ORIGINS", "ORIGINS", "Origins whose pages may read, comma-separated"),
    setting("PREWARM_EVENT_RETENTION", "DAYS", "The retention of the bodies of webhooks").by_default("30"),
    setting("PREWARM_LOG", "FILTER", "Filter of log lines, in the syntax of RUST_LOG"),
    setting("SUPABASE_JWT_SECRET", "SECRET", "Secret that signs access tokens (HS256)").secret(),
    setting("SUPABASE_URL", "URL", "Project whose keys sign access tokens (ES256, RS256)"),
    setting("PREWARM_JWKS_URL", "URL", "Where those keys are published, if not under SUPABASE_URL"),
    setting(
        "PREWARM_JWT_ISSUER",
        "ISSUERS",
        "Issuers of accepted tokens, comma-separated, if not SUPABASE_URL/auth/v1 alone",
    ),
    setting("PREWARM_ALLOW_ANONYMOUS", "BOOL", "Whether anonymous users' tokens are accepted").by_default("false"),
    setting("PREWARM_REQUIRE_AAL", "AAL", "Least assurance level of a session: aal1, aal2 or aal3"),
    setting("VAPI_WEBHOOK_SECRET", "SECRETS", "Secrets that Vapi presents or signs with, comma-separated").secret(),
    setting("VAPI_WEBHOOK_HMAC", "ALGORITHM", "Algorithm of signed webhooks: sha256, sha512 or sha1"),
    setting(
        "VAPI_WEBHOOK_HMAC_ONLY",
        "BOOL",
        "With signed webhooks, whether those that only present a secret are refused",
    )
    .by_default("true"),
    setting("VAPI_WEBHOOK_HMAC_HEADER", "NAME", "Header of the signature").by_default("x-signature"),
    setting("VAPI_WEBHOOK_HMAC_TIMESTAMP_HEADER", "NAME", "Header of {timestamp}").by_default("x-timestamp"),
    setting("VAPI_WEBHOOK_HMAC_FORMAT", "FORMAT", "Text that is signed").by_default("{timestamp}.{body}"),
    setting("VAPI_WEBHOOK_HMAC_ENCODING", "ENCODING", "Encoding of the signature: hex or base64").by_default("hex"),
    setting("VAPI_WEBHOOK_HMAC_PREFIX", "TEXT", "Text before the signature, such as sha256="),
    setting("VAPI_WEBHOOK_HMAC_ID_HEADER", "NAME", "Header of {svix-id}").by_default("svix-id"),
    setting("VAPI_WEBHOOK_HMAC_SECRET_IS_BASE64", "BOOL", "Whether the secrets are keys in base64").by_default("false"),
    setting("VAPI_API_KEY", "KEY", "Vapi's private key; without it no assistants are made").secret(),
    setting("VAPI_PUBLIC_KEY", "KEY", "Vapi's public key, which may start web calls").secret(),
    setting("VAPI_BASE_URL", "URL", "Vapi's REST API").by_default("https://api.vapi.ai"),
    setting("PREWARM_PUBLIC_URL", "URL", "URL at which Vapi reaches this api, without a path"),
    setting("VAPI_WEBHOOK_CREDENTIAL_ID", "ID", "Credential stored at Vapi, used instead of the first secret"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn env_example_lists_every_setting_with_its_default() {
        let example = include_str!("../../../.env.example");
        let listed: Vec<_> = example.lines().filter_map(|line| line.split_once('=')).collect();
        let listed: Vec<_> = listed.into_iter().filter(|(name, _)| !name.starts_with('#')).collect();
        let declared: Vec<_> =
            SETTINGS.iter().map(|setting| (setting.variable, setting.default.unwrap_or_default())).collect();
        assert_eq!(listed, declared);
    }

    #[test]
    fn every_secret_is_declared_as_a_secret() {
        for setting in SETTINGS {
            let sounds_secret =
                ["SECRET", "KEY", "DATABASE_", "REDIS_URL"].iter().any(|word| setting.variable.contains(word));
            let is_switch = setting.value == "BOOL";
            assert_eq!(setting.is_secret, sounds_secret && !is_switch, "{}", setting.variable);
        }
    }
}
