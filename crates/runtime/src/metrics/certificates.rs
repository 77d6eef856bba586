//! Until when the certificates are good that the process shows and believes.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use metrics::gauge;
use rustls::pki_types::CertificateDer;
use x509_parser::parse_x509_certificate;

/// By what they are for: when the first of them ends, in seconds since 1970.
static ENDS: Mutex<BTreeMap<&'static str, i64>> = Mutex::new(BTreeMap::new());

/// Remembers certificates that were read, in place of those that were read before.
pub(crate) fn read(what: &'static str, certificates: &[CertificateDer<'_>]) {
    let ends = certificates.iter().filter_map(|certificate| {
        let (_, parsed) = parse_x509_certificate(certificate).ok()?;
        Some(parsed.validity().not_after.timestamp())
    });
    if let Some(first) = ends.min() {
        ENDS.lock().unwrap_or_else(PoisonError::into_inner).insert(what, first);
    }
}

/// Records it.
pub(super) fn record() {
    for (what, ends) in &*ENDS.lock().unwrap_or_else(PoisonError::into_inner) {
        let ends = u64::try_from(*ends).unwrap_or_default();
        gauge!("laurel_certificate_expiry_timestamp_seconds", "certificate" => *what)
            .set(super::float(ends));
    }
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair, date_time_ymd};

    use super::*;

    #[test]
    fn the_first_certificate_of_a_chain_to_end_counts() {
        let chain = [2031, 2030, 2032].map(|year| {
            let mut params = CertificateParams::new(["localhost".to_owned()]).unwrap();
            params.not_after = date_time_ymd(year, 1, 1);
            params.self_signed(&KeyPair::generate().unwrap()).unwrap().der().clone()
        });
        read("test", &chain);
        read("test", &[]);
        let ends = ENDS.lock().unwrap().get("test").copied();
        assert_eq!(ends, Some(1_893_456_000), "the beginning of 2030");
    }
}
