//! The certificate authorities that may sign Redis' certificate: Mozilla's, the system's, and those of a file.

use std::path::Path;

use redis::TlsCertificates;

use crate::{Error, authorities};

/// All authorities, as the client takes them.
pub(super) fn certificates(ca_file: Option<&Path>) -> Result<TlsCertificates, Error> {
    let mut roots = webpki_root_certs::TLS_SERVER_ROOT_CERTS.to_vec();
    // The system's may be missing or unreadable; the others remain.
    roots.extend(rustls_native_certs::load_native_certs().certs);
    if let Some(path) = ca_file {
        roots.extend(authorities::of_file(path, "REDIS_CA_FILE")?);
    }
    Ok(TlsCertificates { client_tls: None, root_cert: Some(authorities::to_pem(&roots)) })
}
