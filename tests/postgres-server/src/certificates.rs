//! Certificates of a test's own, made while it runs: nothing in the repository expires.

use rcgen::{
    BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose, date_time_ymd,
};

/// Signs certificates.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

/// A certificate and its key.
#[derive(Clone, Debug)]
pub struct Certificate {
    /// The certificate, in PEM form.
    pub pem: String,
    /// Its key, in PEM form, without a passphrase.
    pub key: String,
}

/// When a certificate is valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Validity {
    /// Today.
    Valid,
    /// Until the end of the year 2000.
    Expired,
}

impl Authority {
    /// A new one of this name.
    ///
    /// # Panics
    /// If the system has no random numbers.
    pub fn new(name: &str) -> Self {
        let mut params = parameters(&[], name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let key = KeyPair::generate().expect("a key");
        let pem = params.self_signed(&key).expect("a certificate").pem();
        Self { issuer: Issuer::new(params, key), pem }
    }

    /// Its certificate, in PEM form.
    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// A certificate for a server of these names and addresses, or, without any, for a client.
    ///
    /// # Panics
    /// If a name is none.
    pub fn certify(&self, names: &[&str], validity: Validity) -> Certificate {
        let mut params = parameters(names, "certified");
        if validity == Validity::Expired {
            params.not_after = date_time_ymd(2000, 12, 31);
        }
        let key = KeyPair::generate().expect("a key");
        let pem = params.signed_by(&key, &self.issuer).expect("a certificate").pem();
        Certificate { pem, key: key.serialize_pem() }
    }
}

impl Certificate {
    /// One that nobody else has signed, made as PostgreSQL's manual shows it: it is an authority, too.
    ///
    /// # Panics
    /// If a name is none.
    pub fn signed_by_itself(names: &[&str]) -> Self {
        let mut params = parameters(names, "by itself");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        let pem = params.self_signed(&key).expect("a certificate").pem();
        Self { pem, key: key.serialize_pem() }
    }
}

fn parameters(names: &[&str], common_name: &str) -> CertificateParams {
    let names: Vec<String> = names.iter().map(|name| (*name).into()).collect();
    let mut params = CertificateParams::new(names).expect("names");
    params.distinguished_name.push(DnType::CommonName, common_name);
    params
}
