//! What rustls is told: whom to trust, and who we are.

use std::{io, path::Path, sync::Arc};

use rustls::{
    ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{
        CertificateDer, PrivateKeyDer,
        pem::{self, PemObject},
    },
};

use super::{
    TlsMode, TlsParameters,
    parameters::{Roots, ServerNameIndication},
    verifier::{Check, Trust, Verifier},
};

/// The protocol's name (RFC 7301), which a server asks for where TLS begins at once (`sslnegotiation=direct`).
const PROTOCOL: &[u8] = b"postgresql";

/// Reads the files that the parameters name.
///
/// # Errors
/// If one of them can't be used; with the name of the parameter.
pub(super) fn client_config(parameters: &TlsParameters, mode: TlsMode) -> Result<ClientConfig, String> {
    // Named, not the process's default one: that is the application's to choose.
    let provider = Arc::new(ring::default_provider());
    let verifier =
        Verifier { check: check(parameters, mode)?, algorithms: provider.signature_verification_algorithms };
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier));
    let mut config = match &parameters.identity {
        None => builder.with_no_client_auth(),
        Some((certificate, key)) => {
            let chain = certificates("sslcert", certificate)?;
            builder.with_client_auth_cert(chain, private_key(key)?).map_err(|error| match error {
                rustls::Error::InconsistentKeys(_) => {
                    format!(
                        "`sslkey={}` is not the key of `sslcert={}`",
                        key.display(),
                        certificate.display()
                    )
                }
                error => format!("`sslcert={}` cannot be used: {error}", certificate.display()),
            })?
        }
    };
    config.enable_sni = parameters.server_name == ServerNameIndication::Sent;
    config.alpn_protocols = vec![PROTOCOL.to_vec()];
    Ok(config)
}

fn check(parameters: &TlsParameters, mode: TlsMode) -> Result<Check, String> {
    match (mode, &parameters.roots) {
        (TlsMode::Disable | TlsMode::Prefer | TlsMode::Require, None) => Ok(Check::Nothing),
        // Where an authority is named, it is asked for, as libpq does.
        (TlsMode::Disable | TlsMode::Prefer | TlsMode::Require | TlsMode::VerifyCa, roots) => {
            trust(roots.as_ref()).map(Check::Chain)
        }
        (TlsMode::VerifyFull, roots) => trust(roots.as_ref()).map(Check::ChainAndName),
    }
}

fn trust(roots: Option<&Roots>) -> Result<Trust, String> {
    let mut trust = Trust { roots: RootCertStore::empty(), listed: Vec::new() };
    match roots {
        None | Some(Roots::System) => {
            let found = rustls_native_certs::load_native_certs();
            for error in &found.errors {
                log::warn!("of the authorities that the system trusts: {error}");
            }
            let (usable, _) = trust.roots.add_parsable_certificates(found.certs);
            if usable == 0 {
                return Err("the system has no list of authorities that it trusts (`sslrootcert=system`, the default): \
                            install it, in Debian the package `ca-certificates`, or name the file of your authority in \
                            `sslrootcert`, or use the list that is built in, `sslrootcert=webpki`"
                    .into());
            }
        }
        Some(Roots::Webpki) => trust.roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
        Some(Roots::File(path)) => {
            trust.listed = certificates("sslrootcert", path)?;
            for certificate in &trust.listed {
                trust.roots.add(certificate.clone()).map_err(|error| {
                    format!(
                        "`sslrootcert={}` holds a certificate that cannot be used: {error}",
                        path.display()
                    )
                })?;
            }
        }
    }
    Ok(trust)
}

/// All certificates of a file, of which there is at least one.
fn certificates(parameter: &str, path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let problem = |error| cannot_use(parameter, path, "certificate", &error);
    let found: Result<Vec<_>, _> = CertificateDer::pem_file_iter(path).map_err(problem)?.collect();
    match found {
        Ok(found) if found.is_empty() => Err(problem(pem::Error::NoItemsFound)),
        found => found.map_err(problem),
    }
}

fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, String> {
    PrivateKeyDer::from_pem_file(path).map_err(|error| {
        let problem = cannot_use("sslkey", path, "private key", &error);
        match error {
            pem::Error::NoItemsFound => format!("{problem} (one with a passphrase is not taken)"),
            _ => problem,
        }
    })
}

fn cannot_use(parameter: &str, path: &Path, what: &str, error: &pem::Error) -> String {
    let path = path.display();
    match error {
        pem::Error::Io(error) if error.kind() == io::ErrorKind::NotFound => {
            format!("`{parameter}={path}`: there is no such file")
        }
        pem::Error::Io(error) => format!("`{parameter}={path}` cannot be read: {error}"),
        pem::Error::NoItemsFound => format!("`{parameter}={path}` holds no {what} in PEM form"),
        error => format!("`{parameter}={path}` is not in PEM form: {error}"),
    }
}
