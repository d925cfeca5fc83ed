//! The certificate authorities that may sign Redis' certificate: Mozilla's, the system's, and those of a file.

use std::path::Path;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use redis::TlsCertificates;
use rustls::{
    RootCertStore,
    pki_types::{CertificateDer, pem::PemObject as _},
};

use crate::Error;

/// All authorities, as the client takes them.
pub(super) fn certificates(ca_file: Option<&Path>) -> Result<TlsCertificates, Error> {
    let mut roots = webpki_root_certs::TLS_SERVER_ROOT_CERTS.to_vec();
    // The system's may be missing or unreadable; the others remain.
    roots.extend(rustls_native_certs::load_native_certs().certs);
    if let Some(path) = ca_file {
        roots.extend(of_file(path)?);
    }
    // The client would reject the whole list for one certificate that it cannot parse.
    let usable = roots.iter().filter(|root| RootCertStore::empty().add((*root).clone()).is_ok());
    let pem: String = usable.map(to_pem).collect();
    Ok(TlsCertificates { client_tls: None, root_cert: Some(pem.into_bytes()) })
}

fn of_file(path: &Path) -> Result<Vec<CertificateDer<'static>>, Error> {
    let unusable = |reason: String| Error::CaFile { path: path.to_owned(), reason };
    let certificates = CertificateDer::pem_file_iter(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let certificates = certificates.map_err(|error| unusable(error.to_string()))?;
    match certificates.is_empty() {
        true => Err(unusable("it has no certificate".into())),
        false => Ok(certificates),
    }
}

fn to_pem(certificate: &CertificateDer<'_>) -> String {
    format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", STANDARD.encode(certificate))
}
