//! Questions about the mesh: this process's certificate, and the roles of others.

use std::sync::Arc;

use runtime::{Clock, Config, Mesh, RoleName, SystemClock, health};
use rustls::{
    RootCertStore,
    client::{WebPkiServerVerifier, danger::ServerCertVerifier},
    pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject},
};
use x509_parser::prelude::{FromDer, X509Certificate};

use super::{Answer, Ask, Ground, Probe, Severity, certificates, network, stores::chain};

pub(super) const PROBES: &[Probe] = &[
    Probe {
        name: "mesh-files",
        question: "do certificate, key and authority of the mesh go together?",
        severity: Severity::Error,
        fix: "put certificate and key of one pair where mesh.certificate and mesh.key say; \
              deploy/mesh-certificates makes some",
        ask: Ask::Here(|ground| match ground.config.mesh.clone().map(Mesh::new) {
            None => Answer::Idle(NONE),
            Some(Ok(_)) => Answer::Good(String::new()),
            Some(Err(error)) => Answer::Bad(chain(&error)),
        }),
    },
    Probe {
        name: "mesh-names",
        question: "does the certificate name a role?",
        severity: Severity::Error,
        fix: "get one that names ROLE.laurel for each role that this process acts as",
        ask: Ask::Here(|ground| shown(&ground.config, |_, chain| names(chain))),
    },
    Probe {
        name: "mesh-chain",
        question: "is it signed by the authority?",
        severity: Severity::Error,
        fix: "get one that the authority in mesh.authority signed, and put those in between into \
              the same file",
        ask: Ask::Here(|ground| shown(&ground.config, signed)),
    },
    Probe {
        name: "mesh-dates",
        question: "are the mesh's certificates valid for a while?",
        severity: Severity::Error,
        fix: "renew the files that [mesh] names; nothing needs a restart",
        ask: Ask::Here(|ground| shown(&ground.config, dates)),
    },
    Probe {
        name: "mesh-roles",
        question: "do the roles of other processes answer?",
        severity: Severity::Error,
        fix: "start them, correct mesh.roles, or give both sides certificates of one authority",
        ask: Ask::There(|ground| Box::pin(roles(ground))),
    },
];

const NONE: &str = "there is no mesh";

type Chain = Vec<CertificateDer<'static>>;

/// The certificates that this process shows, judged.
fn shown(config: &Config, judge: fn(&runtime::config::Mesh, &Chain) -> Answer) -> Answer {
    let Some(mesh) = &config.mesh else { return Answer::Idle(NONE) };
    match read(&mesh.certificate) {
        Some(chain) => judge(mesh, &chain),
        None => Answer::Unknown(format!("{} cannot be read", mesh.certificate.display())),
    }
}

fn read(path: &std::path::Path) -> Option<Chain> {
    let read = CertificateDer::pem_file_iter(path).and_then(Iterator::collect::<Result<_, _>>);
    read.ok().filter(|chain: &Chain| !chain.is_empty())
}

/// The roles that the first certificate names.
fn named(chain: &Chain) -> Vec<RoleName> {
    let Ok((_, certificate)) = X509Certificate::from_der(&chain[0]) else { return Vec::new() };
    let names = network::dns_names(&certificate);
    RoleName::ALL.into_iter().filter(|role| names.contains(&role.dns_name())).collect()
}

fn names(chain: &Chain) -> Answer {
    let named: Vec<_> = named(chain).iter().map(ToString::to_string).collect();
    if named.is_empty() { Answer::Bad("none".to_owned()) } else { Answer::Good(named.join(", ")) }
}

fn signed(mesh: &runtime::config::Mesh, chain: &Chain) -> Answer {
    let Some(authorities) = read(&mesh.authority) else {
        return Answer::Unknown(format!("{} cannot be read", mesh.authority.display()));
    };
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(authorities);
    let Some(role) = named(chain).first().copied() else {
        return Answer::Unknown("it names no role".to_owned());
    };
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider).build();
    let (Ok(verifier), Ok(name)) = (verifier, ServerName::try_from(role.dns_name())) else {
        return Answer::Bad("the authority cannot be used".to_owned());
    };
    let now = u64::try_from(SystemClock.now().unix_seconds()).unwrap_or_default();
    let now = UnixTime::since_unix_epoch(std::time::Duration::from_secs(now));
    match verifier.verify_server_cert(&chain[0], &chain[1..], &name, &[], now) {
        Ok(_) => Answer::Good(String::new()),
        Err(error) => Answer::Bad(error.to_string()),
    }
}

fn dates(mesh: &runtime::config::Mesh, chain: &Chain) -> Answer {
    let authorities = read(&mesh.authority).unwrap_or_default();
    certificates::last(chain.iter().chain(&authorities).map(AsRef::as_ref))
}

async fn roles(ground: &Ground) -> Answer {
    let Some(settings) = ground.config.mesh.clone() else { return Answer::Idle(NONE) };
    if settings.roles.is_empty() {
        return Answer::Idle("mesh.roles names none");
    }
    let named: Vec<RoleName> = settings.roles.keys().copied().collect();
    let mesh = match Mesh::new(settings) {
        Ok(mesh) => Arc::new(mesh),
        Err(error) => return Answer::Unknown(chain(&error)),
    };
    let mut silent = Vec::new();
    for role in &named {
        match mesh.wire(*role) {
            Ok(Some(wire)) => {
                if let Err(why) = health::greet(wire).await {
                    silent.push(format!("{role}: {}", why.message()));
                }
            }
            Ok(None) => {}
            Err(error) => silent.push(error.to_string()),
        }
    }
    if silent.is_empty() {
        let named: Vec<_> = named.iter().map(ToString::to_string).collect();
        return Answer::Good(named.join(", "));
    }
    Answer::Bad(silent.join("; "))
}
