//! The certificate authorities that may sign a server's certificate: the system's, those of a file, and Supabase's.

use std::{path::Path, sync::OnceLock};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use percent_encoding::percent_decode_str;
use rustls::{
    RootCertStore,
    pki_types::{CertificateDer, pem::PemObject as _},
};
use sqlx::postgres::{PgConnectOptions, PgSslMode};

use crate::Error;

/// `Supabase Root 2021 CA`, which signs the databases and poolers of Supabase. Its dashboard offers it as `prod-ca-2021.crt`.
const SUPABASE: &[u8] = include_bytes!("../certificates/supabase-2021.crt");

/// The names of the parameter for a file of authorities, as the driver has them.
const PARAMETERS: [&str; 3] = ["sslrootcert", "ssl-root-cert", "ssl-ca"];

/// The options of a connection to Postgres with the authorities that its URL names: a file, `system` or `supabase`. Without any
/// the system's are trusted, and always Mozilla's, which the driver adds.
///
/// # Errors
/// The file has no certificate.
pub(crate) fn trusted_by(options: PgConnectOptions, url: &str) -> Result<PgConnectOptions, Error> {
    let named = named(url);
    // As libpq has it: whoever names an authority wants the server's certificate to be checked.
    let options = match options.get_ssl_mode() {
        PgSslMode::Require if named.is_some() => options.ssl_mode(PgSslMode::VerifyCa),
        _ => options,
    };
    if !matches!(options.get_ssl_mode(), PgSslMode::VerifyCa | PgSslMode::VerifyFull) {
        return Ok(options);
    }
    match named.as_deref() {
        None | Some("system") => Ok(options.ssl_root_cert_from_pem(of_system().to_vec())),
        Some("supabase") => Ok(options.ssl_root_cert_from_pem(SUPABASE.to_vec())),
        Some(path) => {
            // The driver reads it at each connection, and would not name it.
            of_file(Path::new(path), "sslrootcert")?;
            Ok(options.ssl_root_cert(path))
        }
    }
}

/// The value of `sslrootcert` in a URL, or else of `PGSSLROOTCERT`.
fn named(url: &str) -> Option<String> {
    let (_, query) = url.split_once('?').unwrap_or_default();
    let value = query.split('&').filter_map(|pair| pair.split_once('=')).rfind(|(name, _)| PARAMETERS.contains(name));
    let value = value.map(|(_, value)| percent_decode_str(value).decode_utf8_lossy().into_owned());
    value.or_else(|| std::env::var("PGSSLROOTCERT").ok()).filter(|value| !value.is_empty())
}

/// The system's authorities, or those of `SSL_CERT_FILE` and `SSL_CERT_DIR`, as PEM. They may be missing or unreadable.
fn of_system() -> &'static [u8] {
    static OF_SYSTEM: OnceLock<Vec<u8>> = OnceLock::new();
    OF_SYSTEM.get_or_init(|| to_pem(&rustls_native_certs::load_native_certs().certs))
}

/// The certificates of a file, which a setting names.
pub(crate) fn of_file(path: &Path, setting: &'static str) -> Result<Vec<CertificateDer<'static>>, Error> {
    let unusable = |reason: String| Error::CaFile { setting, path: path.to_owned(), reason };
    let certificates = CertificateDer::pem_file_iter(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let certificates = certificates.map_err(|error| unusable(error.to_string()))?;
    match certificates.is_empty() {
        true => Err(unusable("it has no certificate".into())),
        false => Ok(certificates),
    }
}

/// Certificates as PEM, without those that a client could not parse: it would reject the whole list.
pub(crate) fn to_pem(certificates: &[CertificateDer<'_>]) -> Vec<u8> {
    let usable = certificates.iter().filter(|root| RootCertStore::empty().add((*root).clone()).is_ok());
    usable.flat_map(|certificate| encoded(certificate).into_bytes()).collect()
}

fn encoded(certificate: &CertificateDer<'_>) -> String {
    format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", STANDARD.encode(certificate))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(url: &str) -> Result<PgSslMode, Error> {
        Ok(trusted_by(url.parse().unwrap(), url)?.get_ssl_mode())
    }

    #[test]
    fn a_named_authority_is_asked_for_its_signature() {
        assert!(matches!(mode("postgres://h/d?sslmode=require"), Ok(PgSslMode::Require)));
        assert!(matches!(mode("postgres://h/d?sslmode=require&sslrootcert=supabase"), Ok(PgSslMode::VerifyCa)));
        assert!(matches!(mode("postgres://h/d?sslmode=verify-full&sslrootcert=system"), Ok(PgSslMode::VerifyFull)));
        let missing = mode("postgres://h/d?sslmode=verify-full&sslrootcert=%2Fno%20such").unwrap_err().to_string();
        assert!(missing.starts_with("sslrootcert (/no such): "), "{missing}");
        let empty = mode("postgres://h/d?sslmode=verify-full&sslrootcert=/dev/null").unwrap_err().to_string();
        assert_eq!(empty, "sslrootcert (/dev/null): it has no certificate");
    }

    #[test]
    fn the_certificate_of_supabase_is_an_authority() {
        let certificates: Vec<_> = CertificateDer::pem_slice_iter(SUPABASE).map(Result::unwrap).collect();
        let [certificate] = certificates.as_slice() else { panic!("{} certificates", certificates.len()) };
        assert!(RootCertStore::empty().add(certificate.clone()).is_ok());
        assert_eq!(to_pem(&certificates).iter().filter(|byte| **byte == b'-').count(), 20);
    }
}
