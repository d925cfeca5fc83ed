//! A Postgres whose certificate a private authority has signed.

use std::{
    fs,
    os::unix::fs::{PermissionsExt as _, chown},
    path::{Path, PathBuf},
    process::Command,
};

use e2e::{Answer, Environment, Org, Process, eventually, program};
use embedded::{Postgres, tool};
use nix::unistd::{User, geteuid};
use reqwest::StatusCode;
use tempfile::TempDir;
use testkit::{Database, process::Place, servers};

/// A server at two addresses, of which its certificate names one.
struct Server {
    postgres: Postgres,
    named: String,
    unnamed: String,
    home: TempDir,
    _places: [Place; 2],
}

impl Server {
    async fn start() -> Self {
        let (home, places) = (tempfile::tempdir().unwrap(), [Place::new().unwrap(), Place::new().unwrap()]);
        let [named, unnamed] = [&places[0], &places[1]].map(|place| place.addr(0).ip().to_string());
        fs::set_permissions(home.path(), fs::Permissions::from_mode(0o755)).unwrap();
        for name in ["ca", "another"] {
            authority(home.path(), name);
        }
        let [certificate, key] = sign(home.path(), &named);
        let rules = home.path().join("hba");
        // Without TLS there is no way in by an address.
        fs::write(&rules, "local all all trust\nhostssl all all 127.0.0.0/8 trust\n").unwrap();
        let shown = |path: &Path| path.display().to_string();
        let settings = vec![
            ("listen_addresses", format!("{named},{unnamed}")),
            ("ssl", "on".to_owned()),
            ("ssl_cert_file", shown(&certificate)),
            ("ssl_key_file", shown(&key)),
            ("hba_file", shown(&rules)),
        ];
        let postgres = servers::postgres_with(settings).await.unwrap();
        Self { postgres, named, unnamed, home, _places: places }
    }

    /// The URL of a database at an address, with parameters in which `ca` and `another` stand for the authorities' files.
    fn url(&self, database: &Database, address: &str, parameters: &str) -> String {
        let file = |name: &str| format!("={}/{name}.pem", self.home.path().display());
        let parameters = parameters.replace("=ca", &file("ca")).replace("=another", &file("another"));
        format!("postgres://postgres@{address}/{}?{parameters}", database.name())
    }
}

/// Makes an authority of a name in a directory.
fn authority(dir: &Path, name: &str) {
    let config = "[req]\ndistinguished_name=name\n[name]\n[authority]\nbasicConstraints=critical,CA:true\n";
    fs::write(dir.join("config"), config).unwrap();
    openssl(
        dir,
        &format!(
            "req -config config -x509 -extensions authority -subj /CN={name} -days 2 -newkey ec \
             -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout {name}.key -out {name}.pem"
        ),
    );
}

/// Has the authority `ca` sign a certificate of an address, which the server may read.
fn sign(dir: &Path, address: &str) -> [PathBuf; 2] {
    fs::write(dir.join("names"), format!("subjectAltName=IP:{address}\n")).unwrap();
    openssl(
        dir,
        "req -config config -new -subj /CN=server -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes \
         -keyout server.key -out request",
    );
    openssl(dir, "x509 -req -days 2 -CA ca.pem -CAkey ca.key -set_serial 1 -extfile names -in request -out server.pem");
    let [certificate, key] = ["server.pem", "server.key"].map(|name| dir.join(name));
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    if geteuid().is_root() {
        let postgres = User::from_name("postgres").unwrap().unwrap();
        chown(&key, Some(postgres.uid.as_raw()), Some(postgres.gid.as_raw())).unwrap();
    }
    [certificate, key]
}

fn openssl(dir: &Path, arguments: &str) {
    let output = tool("openssl").args(arguments.split_whitespace()).current_dir(dir).output().unwrap();
    assert!(output.status.success(), "openssl {arguments}\n{}", String::from_utf8_lossy(&output.stderr));
}

/// Runs a command that writes nothing on a migrated database; returns whether it succeeded, and its log.
fn migrate(environment: &Environment) -> (bool, String) {
    let output = Command::new(program()).arg("migrate").env_clear().envs(environment).output().unwrap();
    (output.status.success(), String::from_utf8(output.stderr).unwrap())
}

#[tokio::test]
async fn a_certificate_is_accepted_from_a_trusted_authority_and_for_the_right_name() {
    let server = Server::start().await;
    let database = Database::create_on(&server.postgres.url("postgres")).await.unwrap();
    let url = |address: &str, parameters: &str| {
        Environment::from([("DATABASE_URL", server.url(&database, address, parameters))])
    };
    let (named, unnamed) = (server.named.as_str(), server.unnamed.as_str());
    let mut by_the_system = url(named, "sslmode=verify-full");
    by_the_system.insert("SSL_CERT_FILE", server.home.path().join("ca.pem").display().to_string());
    for trusting in [
        by_the_system,
        url(named, "sslmode=verify-full&sslrootcert=ca"),
        url(unnamed, "sslmode=verify-ca&sslrootcert=ca"),
        url(unnamed, "sslmode=require"),
    ] {
        let (done, log) = migrate(&trusting);
        assert!(done, "{trusting:?}: {log}");
    }
    let untrusted = "cannot be used: the server's certificate is signed by an authority that is not trusted";
    let misnamed = format!("{named}), and not for {unnamed}");
    for (address, parameters, reason) in [
        (named, "sslmode=verify-full", untrusted),
        (named, "sslmode=verify-full&sslrootcert=another", untrusted),
        (named, "sslmode=verify-full&sslrootcert=supabase", untrusted),
        // The server is refused where its URL names an authority, although `require` alone would not ask one.
        (named, "sslmode=require&sslrootcert=another", untrusted),
        (unnamed, "sslmode=verify-full&sslrootcert=ca", misnamed.as_str()),
        (named, "sslmode=verify-full&sslrootcert=/none", "sslrootcert (/none): "),
        (named, "sslmode=disable", "no encryption"),
    ] {
        let (done, log) = migrate(&url(address, parameters));
        assert!(!done && log.contains(reason) && log.lines().count() == 1, "{address} {parameters}: {log}");
    }
    database.close().await.unwrap();
}

#[tokio::test]
async fn a_refused_certificate_is_told_to_operators_alone() {
    let server = Server::start().await;
    let database = Database::create_on(&server.postgres.url("postgres")).await.unwrap();
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().no_proxy().tls_certs_only([]).build().unwrap();
    let environment = Environment::from([
        ("DATABASE_URL", server.url(&database, &server.unnamed, "sslmode=verify-full&sslrootcert=ca")),
        ("SUPABASE_JWT_SECRET", e2e::JWT_SECRET.to_owned()),
        ("VAPI_WEBHOOK_SECRET", e2e::WEBHOOK_SECRET.to_owned()),
    ]);
    let mut api = Process::start(&["api"], &environment);
    let reason = "unreachable: the server's certificate is for ";
    eventually("the reason is told", async || {
        let ready = Answer::to(client.get(api.admin("/readyz"))).await.ok()?;
        assert_eq!(ready.status, StatusCode::SERVICE_UNAVAILABLE, "{}", ready.text());
        ready.text().contains(reason).then_some(())
    })
    .await;
    let org = Org::unknown();
    let read = Answer::to(client.get(api.http("/api/analytics/leads")).bearer_auth(&org.token)).await.unwrap();
    assert_eq!((read.status, read.text().contains("certificate")), (StatusCode::SERVICE_UNAVAILABLE, false));
    assert!(api.log().matches(reason).count() <= 2, "{}", api.log());
    api.stop().await;
    database.close().await.unwrap();
}
