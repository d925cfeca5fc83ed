//! Vapi's settings.

use std::sync::Arc;

use ::vapi::{
    Deployment, Private, WebhookAuth,
    client::{Client, Config, Observation, Observer, Times},
    flag, is_loopback, webhook_secrets,
};
use anyhow::Context as _;
use jobs::{AssistantSync, SyncPace};
use metrics::{counter, histogram};
use monitoring::{
    health::State,
    names::{VAPI_REQUEST_SECONDS, VAPI_REQUESTS_TOTAL},
};
use reqwest::Url;

use crate::settings::Settings;

/// Vapi's edge rejects requests without one.
const USER_AGENT: &str = concat!("prewarm/", env!("CARGO_PKG_VERSION"));

/// A part that a process can do without.
#[derive(Clone, Debug)]
pub(crate) enum Optional<T> {
    Ready(T),
    /// The reason why it is off.
    Off(String),
}

impl<T> Optional<T> {
    pub(crate) fn ready(self) -> Option<T> {
        match self {
            Self::Ready(it) => Some(it),
            Self::Off(_) => None,
        }
    }

    /// The state for `/readyz`; a process works without it.
    pub(crate) fn state(&self) -> State {
        match self {
            Self::Ready(_) => State::Ok,
            Self::Off(reason) => State::Degraded(reason.clone()),
        }
    }
}

/// The resources for syncing assistants.
pub(crate) fn assistant_sync(settings: &Settings) -> anyhow::Result<Optional<AssistantSync>> {
    let Some(key) = settings.get("VAPI_API_KEY") else {
        return Ok(Optional::Off("VAPI_API_KEY is not set: no assistants are made".into()));
    };
    let deployment = match deployment(settings)? {
        Optional::Ready(deployment) => deployment,
        Optional::Off(missing) => return Ok(Optional::Off(missing)),
    };
    let client = Client::new(Config {
        base_url: settings.get("VAPI_BASE_URL").unwrap_or_default().to_owned(),
        private_key: secret(key),
        public_key: settings.get("VAPI_PUBLIC_KEY").map(secret),
        user_agent: USER_AGENT.to_owned(),
        observer: Some(observer()),
        times: Times::default(),
    });
    let client = client.context("VAPI_BASE_URL, VAPI_API_KEY and VAPI_PUBLIC_KEY")?;
    Ok(Optional::Ready(AssistantSync { client, deployment, pace: SyncPace::default() }))
}

/// The settings that all assistants share: the URL of their webhooks, and how these are authenticated.
pub(crate) fn deployment(settings: &Settings) -> anyhow::Result<Optional<Deployment>> {
    let Some(url) = public_url(settings) else {
        let reason = "PREWARM_PUBLIC_URL is not set: assistants need it to send webhooks";
        return Ok(Optional::Off(reason.into()));
    };
    let parsed = Url::parse(&url).ok().filter(|url| matches!(url.scheme(), "https" | "http"));
    anyhow::ensure!(parsed.is_some(), "PREWARM_PUBLIC_URL is not a URL such as https://prewarm.example.com");
    let is_prewarmed = settings.get("VAPI_API_KEY").is_some();
    anyhow::ensure!(
        !(is_prewarmed && signs_without_credential(settings)?),
        "VAPI_WEBHOOK_HMAC is set and VAPI_WEBHOOK_CREDENTIAL_ID is not: assistants would present a secret, which is refused; \
         set the credential, or VAPI_WEBHOOK_HMAC_ONLY=false"
    );
    let auth = match (settings.get("VAPI_WEBHOOK_CREDENTIAL_ID"), first_secret(settings)) {
        (Some(id), _) => WebhookAuth::Credential(id.trim().to_owned()),
        (None, Some(secret)) => WebhookAuth::Secret(secret),
        (None, None) => {
            let reason = "VAPI_WEBHOOK_SECRET is not set: forged webhooks could not be recognised";
            return Ok(Optional::Off(reason.into()));
        }
    };
    Ok(Optional::Ready(Deployment::new(url.trim(), auth)))
}

/// The api's settings.
pub(crate) fn api(settings: &Settings) -> anyhow::Result<api::Config> {
    let config = api::Config::from_env(|name| settings.get(name).map(str::to_owned))?;
    Ok(api::Config { deployment: deployment(settings)?.ready(), ..config })
}

/// `PREWARM_PUBLIC_URL`; or, for a Vapi on this machine, the address that we listen on.
fn public_url(settings: &Settings) -> Option<String> {
    if let Some(url) = settings.get("PREWARM_PUBLIC_URL") {
        return Some(url.to_owned());
    }
    let base = Url::parse(settings.get("VAPI_BASE_URL")?).ok()?;
    is_loopback(base.host_str()?).then(|| format!("http://{}", settings.get("PREWARM_HTTP_ADDR").unwrap_or_default()))
}

/// Whether webhooks must be signed, and assistants have no credential to sign with.
fn signs_without_credential(settings: &Settings) -> anyhow::Result<bool> {
    let is_set = |name| settings.get(name).is_some();
    let only_signed = flag(|name| settings.get(name).map(str::to_owned), "VAPI_WEBHOOK_HMAC_ONLY", true)?;
    Ok(is_set("VAPI_WEBHOOK_HMAC") && only_signed && !is_set("VAPI_WEBHOOK_CREDENTIAL_ID"))
}

fn first_secret(settings: &Settings) -> Option<Private> {
    webhook_secrets(settings.get("VAPI_WEBHOOK_SECRET")?).next().map(secret)
}

fn secret(text: &str) -> Private {
    Private::from(text.trim().to_owned())
}

fn observer() -> Observer {
    Arc::new(|Observation { operation, status, took }| {
        counter!(VAPI_REQUESTS_TOTAL, "operation" => operation.as_str(), "status" => status.clone()).increment(1);
        histogram!(VAPI_REQUEST_SECONDS, "operation" => operation.as_str()).record(*took);
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(variables: &[(&str, &str)]) -> Settings {
        let lookup = |name: &str| Some(variables.iter().find(|(known, _)| *known == name)?.1.to_owned());
        Settings::from_lookup(lookup).unwrap()
    }

    const ALL: [(&str, &str); 3] = [
        ("VAPI_API_KEY", "canary-key"),
        ("PREWARM_PUBLIC_URL", "https://prewarm.example/"),
        ("VAPI_WEBHOOK_SECRET", " , canary-first, canary-second"),
    ];

    #[test]
    fn every_missing_setting_is_named() {
        assert!(assistant_sync(&settings(&ALL)).unwrap().ready().is_some());
        for (at, (missing, _)) in ALL.iter().enumerate() {
            let rest: Vec<_> = ALL.iter().enumerate().filter(|(other, _)| *other != at).map(|(_, set)| *set).collect();
            let Optional::Off(reason) = assistant_sync(&settings(&rest)).unwrap() else {
                panic!("{missing} is not missed")
            };
            assert!(reason.starts_with(missing), "{reason}");
        }
        let credential = ("VAPI_WEBHOOK_CREDENTIAL_ID", "credential");
        assert!(assistant_sync(&settings(&[ALL[0], ALL[1], credential])).unwrap().ready().is_some());
    }

    #[test]
    fn the_error_for_an_invalid_address_does_not_show_the_key() {
        for wrong in [("VAPI_BASE_URL", "ftp://vapi"), ("PREWARM_PUBLIC_URL", "prewarm.example")] {
            let mut variables: Vec<_> = ALL.iter().filter(|(name, _)| *name != wrong.0).copied().collect();
            variables.push(wrong);
            let error = format!("{:?}", assistant_sync(&settings(&variables)).unwrap_err());
            assert!(error.contains(wrong.0) && !error.contains("canary"), "{error}");
        }
    }

    #[test]
    fn a_local_vapi_is_given_our_listening_address() {
        let url = |base: &str, addr: &[(&str, &str)]| {
            let base = ("VAPI_BASE_URL", base);
            let deployment = deployment(&settings(&[&[ALL[0], ALL[2], base], addr].concat())).unwrap();
            deployment.ready().map(|deployment| deployment.webhook_url().to_owned())
        };
        for here in ["http://127.0.0.1:4000", "http://localhost:4000/v", "http://[::1]:4000"] {
            assert_eq!(url(here, &[]).as_deref(), Some("http://127.0.0.1:8080/webhooks/vapi"), "{here}");
        }
        let addr = ("PREWARM_HTTP_ADDR", "127.0.0.2:9000");
        assert_eq!(url("http://127.0.0.1:1", &[addr]).as_deref(), Some("http://127.0.0.2:9000/webhooks/vapi"));
        assert_eq!(url("https://api.vapi.ai", &[addr]), None);
    }

    #[test]
    fn the_secret_that_assistants_are_given_is_accepted() {
        let hmac = ("VAPI_WEBHOOK_HMAC", "sha256");
        let refused = deployment(&settings(&[&ALL[..], &[hmac]].concat())).unwrap_err().to_string();
        assert!(refused.contains("VAPI_WEBHOOK_CREDENTIAL_ID") && !refused.contains('\n'), "{refused}");
        for either in [("VAPI_WEBHOOK_CREDENTIAL_ID", "id"), ("VAPI_WEBHOOK_HMAC_ONLY", " false ")] {
            assert!(deployment(&settings(&[&ALL[..], &[hmac, either]].concat())).is_ok(), "{either:?}");
        }
        // Without assistants no webhook needs the credential.
        assert!(deployment(&settings(&[ALL[1], ALL[2], hmac])).is_ok());
    }

    #[test]
    fn secrets_are_not_printed() {
        let shown = format!("{:?}", assistant_sync(&settings(&ALL)).unwrap());
        assert!(!shown.contains("canary"), "{shown}");
    }
}
