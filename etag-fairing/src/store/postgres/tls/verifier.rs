//! Whether a server's certificate is what `sslmode` asks for.

use rustls::{
    CertificateError, DigitallySignedStruct, Error, OtherError, RootCertStore, SignatureScheme,
    client::{
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
        verify_server_cert_signed_by_trust_anchor, verify_server_name,
    },
    crypto::{WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime},
    server::ParsedCertificate,
};

/// What is asked of a certificate.
#[derive(Debug)]
pub(super) enum Check {
    /// Nothing: whoever answers has the key of the certificate that they show.
    Nothing,
    /// That an authority which is trusted has signed it.
    Chain(Trust),
    /// That it is for the server's name, too.
    ChainAndName(Trust),
}

/// Who is trusted.
#[derive(Debug)]
pub(super) struct Trust {
    /// The authorities.
    pub(super) roots: RootCertStore,
    /// The certificates of a file as they stand there.
    pub(super) listed: Vec<CertificateDer<'static>>,
}

/// Verifies servers' certificates.
#[derive(Debug)]
pub(super) struct Verifier {
    pub(super) check: Check,
    pub(super) algorithms: WebPkiSupportedAlgorithms,
}

impl Verifier {
    fn is_trusted(
        &self,
        trust: &Trust,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<(), Error> {
        let parsed = ParsedCertificate::try_from(certificate)?;
        let algorithms = self.algorithms.all;
        let outcome =
            verify_server_cert_signed_by_trust_anchor(&parsed, &trust.roots, intermediates, now, algorithms);
        match outcome {
            // PostgreSQL's manual has servers make such a certificate: it is its own authority. It is trusted if it is in
            // the file itself. Whether it is valid today was checked before.
            Err(Error::InvalidCertificate(CertificateError::Other(error)))
                if is_authority_itself(&error) && trust.listed.iter().any(|listed| listed == certificate) =>
            {
                Ok(())
            }
            outcome => outcome,
        }
    }
}

fn is_authority_itself(OtherError(error): &OtherError) -> bool {
    error.downcast_ref::<webpki::Error>() == Some(&webpki::Error::CaUsedAsEndEntity)
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        _: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        match &self.check {
            Check::Nothing => {}
            Check::Chain(trust) => self.is_trusted(trust, certificate, intermediates, now)?,
            Check::ChainAndName(trust) => {
                self.is_trusted(trust, certificate, intermediates, now)?;
                verify_server_name(&ParsedCertificate::try_from(certificate)?, name)?;
            }
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signed, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signed, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}
