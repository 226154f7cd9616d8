//! What stands in the way of the CA, seen from here: for `doctor`, and named when an order stalls.
//!
//! Everything is asked of the system's resolver and of the domain's own servers; what can't be asked is left out. The
//! findings advise and stop nothing.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use hickory_net::proto::rr::{Name, RData, RecordType};
use hickory_resolver::TokioResolver;

use crate::clock::Clock;
use crate::config::Validation;

use super::dns::{absolute, ask, servers_of, system, zone_of};

/// Names by which a CAA record may allow the CA behind the service's free certificates. Which of them it goes by is not
/// documented (the product is TrustAsia's, whose partners sign for it), so any of them counts as allowing it.
const ISSUERS: [&str; 4] = [
    "trustasia.com",
    "digicert.com",
    "sectigo.com",
    "usertrust.com",
];

/// How long a connection may take.
const WAIT: Duration = Duration::from_secs(3);

/// One thing that stands in the way, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What is wrong.
    pub what: String,
    /// What to do.
    pub remedy: String,
}

impl Finding {
    fn new(what: String, remedy: &str) -> Self {
        Self {
            what,
            remedy: remedy.to_owned(),
        }
    }
}

/// Looks at a domain as its way of validation needs it.
///
/// # Errors
/// Why nothing could be asked at all, in words.
pub async fn look(
    domain: &str,
    way: &Validation,
    clock: &dyn Clock,
) -> Result<Vec<Finding>, String> {
    let resolver = system()?;
    let name = absolute(domain)?;
    let mut findings = Vec::new();
    findings.extend(caa(&resolver, &name).await);
    findings.extend(delegation(&resolver, &name).await);
    if let Validation::File(file) = way {
        findings.extend(addresses(&resolver, &name, clock).await);
        findings.extend(dead_end(domain, file.probe).await);
    }
    Ok(findings)
}

/// CAA records (RFC 8659): the nearest set upward rules; one without `issue` allows every CA.
async fn caa(resolver: &TokioResolver, domain: &Name) -> Option<Finding> {
    let mut name = domain.clone();
    while !name.is_root() {
        if let Ok(found) = resolver.lookup(name.clone(), RecordType::CAA).await {
            let records: Vec<(String, String)> = found
                .answers()
                .iter()
                .filter_map(|record| match &record.data {
                    RData::CAA(caa) => Some((
                        caa.tag.to_ascii_lowercase(),
                        String::from_utf8_lossy(&caa.value).to_ascii_lowercase(),
                    )),
                    _ => None,
                })
                .collect();
            if !records.is_empty() {
                return excluded(&name.to_ascii(), &records);
            }
        }
        name = name.base_name();
    }
    None
}

fn excluded(name: &str, records: &[(String, String)]) -> Option<Finding> {
    let issuers: Vec<&str> = records
        .iter()
        .filter(|(tag, _)| tag == "issue")
        .map(|(_, value)| value.split(';').next().unwrap_or_default().trim())
        .collect();
    let allowed = issuers.is_empty() || issuers.iter().any(|issuer| ISSUERS.contains(issuer));
    (!allowed).then(|| {
        Finding::new(
            format!(
                "the CAA records of {} allow only {}",
                name.trim_end_matches('.'),
                issuers.join(", ")
            ),
            "add CAA records that allow it too: 0 issue \"trustasia.com\", and the same for digicert.com and sectigo.com",
        )
    })
}

/// Each of the name servers that the parent names must answer for the zone.
async fn delegation(resolver: &TokioResolver, domain: &Name) -> Vec<Finding> {
    let Some((zone, _)) = zone_of(resolver, domain).await else {
        return vec![Finding::new(
            format!(
                "no name servers of {} could be found from here",
                plain(domain)
            ),
            "if other names resolve on this machine, its delegation is missing: set the name servers at the registrar",
        )];
    };
    let Ok(servers) = servers_of(domain).await else {
        return Vec::new();
    };
    let mut findings = Vec::new();
    for (address, called) in servers {
        // Without a route to it, an IPv6 address says nothing.
        let Ok(answer) = ask(address, &zone, RecordType::SOA).await else {
            continue;
        };
        if !answer.metadata.authoritative {
            findings.push(Finding::new(
                format!(
                    "{called} is named as a name server of {}, and does not answer for it",
                    plain(&zone)
                ),
                "correct the name servers at the registrar, or the zone on that server",
            ));
        }
    }
    findings
}

/// A CA that has IPv6 uses it first: an AAAA record that leads elsewhere hides the file.
async fn addresses(resolver: &TokioResolver, domain: &Name, clock: &dyn Clock) -> Vec<Finding> {
    let Ok(found) = resolver.lookup_ip(domain.clone()).await else {
        return vec![Finding::new(
            format!("no address of {} could be found from here", plain(domain)),
            "add an A record that points at the web server",
        )];
    };
    let all: Vec<IpAddr> = found.iter().collect();
    let four = all.iter().any(IpAddr::is_ipv4);
    let mut findings = Vec::new();
    for address in all.iter().filter(|address| address.is_ipv6()) {
        // Only a refusal counts: silence may be this machine's own lack of IPv6.
        let dead = tokio::select! {
            result = tokio::net::TcpStream::connect((*address, 80)) => {
                result.is_err_and(|error| error.kind() == std::io::ErrorKind::ConnectionRefused)
            }
            () = clock.sleep(WAIT) => false,
        };
        if four && dead {
            findings.push(Finding::new(
                format!(
                    "the AAAA record of {} points at {address}, which refuses http",
                    plain(domain)
                ),
                "let the web server listen there, or take the AAAA record away",
            ));
        }
    }
    for address in all.iter().filter(|address| is_private(address)) {
        findings.push(Finding::new(
            format!(
                "{} points at {address}, which the CA can't reach from outside",
                plain(domain)
            ),
            "use a public address, or prove control by DNS",
        ));
    }
    findings
}

/// A redirect of everything to another host is common, and hides the file where that host does not answer.
async fn dead_end(domain: &str, probe: Option<SocketAddr>) -> Option<Finding> {
    let what = super::probe::dead_end(domain, probe).await?;
    Some(Finding::new(
        format!("the way of the validation file is a dead end: {what}"),
        "leave /.well-known/pki-validation/ out of that redirect, or let its target answer",
    ))
}

/// A name as people write it, without the dot at its end.
fn plain(name: &Name) -> String {
    name.to_ascii().trim_end_matches('.').to_owned()
}

fn is_private(address: &IpAddr) -> bool {
    match address {
        IpAddr::V4(four) => four.is_private() || four.is_loopback() || four.is_link_local(),
        IpAddr::V6(six) => {
            six.is_loopback() || six.is_unique_local() || six.is_unicast_link_local()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn records(list: &[(&str, &str)]) -> Vec<(String, String)> {
        list.iter()
            .map(|(tag, value)| ((*tag).into(), (*value).into()))
            .collect()
    }

    #[test]
    fn caa_records_exclude_the_ca_only_where_they_name_others() {
        for open in [
            records(&[("iodef", "mailto:a@example.com")]),
            records(&[("issue", "letsencrypt.org"), ("issue", "digicert.com; a=b")]),
            records(&[("issuewild", "letsencrypt.org")]),
        ] {
            assert_eq!(excluded("example.com.", &open), None);
        }
        let only = excluded("example.com.", &records(&[("issue", "letsencrypt.org")])).unwrap();
        assert_eq!(
            only.what,
            "the CAA records of example.com allow only letsencrypt.org"
        );
        assert!(excluded("example.com.", &records(&[("issue", ";")])).is_some());
    }
}
