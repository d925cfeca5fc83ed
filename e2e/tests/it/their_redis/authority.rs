//! A private authority for certificates, made with openssl.

use std::{
    fs,
    path::{Path, PathBuf},
};

use embedded::tool;
use redis::TlsCertificates;
use tempfile::TempDir;

/// An authority, with its files in a directory of its own.
pub(super) struct Authority(TempDir);

impl Authority {
    pub(super) fn new() -> Self {
        let authority = Self(tempfile::tempdir().unwrap());
        let config = "[req]\ndistinguished_name=name\n[name]\n[authority]\nbasicConstraints=critical,CA:true\n";
        fs::write(authority.path("config"), config).unwrap();
        let [config, key, file] = ["config", "key", "ca.pem"].map(|name| authority.path(name).display().to_string());
        // Two of one name would be taken for each other.
        let name = authority.0.path().file_name().unwrap().display();
        run(&format!(
            "req -config {config} -x509 -extensions authority -subj /CN={name} -days 2 -newkey ec \
             -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout {key} -out {file}"
        ));
        authority
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// The certificate of the authority.
    pub(super) fn file(&self) -> PathBuf {
        self.path("ca.pem")
    }

    /// The settings of a client that trusts only this authority.
    pub(super) fn trusted(&self) -> TlsCertificates {
        TlsCertificates { client_tls: None, root_cert: Some(fs::read(self.file()).unwrap()) }
    }

    /// Makes the certificate of an address in a directory; returns its file and that of its key.
    pub(super) fn sign(&self, dir: &Path, address: &str) -> [PathBuf; 2] {
        let [certificate, key, request, names] =
            ["certificate.pem", "key.pem", "request", "names"].map(|name| dir.join(name));
        fs::write(&names, format!("subjectAltName=IP:{address}\n")).unwrap();
        run(&format!(
            "req -config {} -new -subj /CN=redis -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout {} -out {}",
            self.path("config").display(),
            key.display(),
            request.display()
        ));
        run(&format!(
            "x509 -req -days 2 -CA {} -CAkey {} -set_serial 1 -extfile {} -in {} -out {}",
            self.file().display(),
            self.path("key").display(),
            names.display(),
            request.display(),
            certificate.display()
        ));
        [certificate, key]
    }
}

fn run(arguments: &str) {
    let output = tool("openssl").args(arguments.split_whitespace()).output().unwrap();
    assert!(output.status.success(), "openssl {arguments}\n{}", String::from_utf8_lossy(&output.stderr));
}
