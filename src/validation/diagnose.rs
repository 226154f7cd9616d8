//! What stands in the way of the CA, seen from here: for `doctor`, and named when an order stalls.
//!
//! Everything is asked of the system's resolver and of the domain's own servers; what can't be asked is left out. The
//! findings advise and stop nothing.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use hickory_net::proto::rr::{Name, RData, RecordType};
use hickory_resolver::TokioResolver;

use crate::clock::Clock;
use crate::config::{Validation, is_private};
use crate::sentence::{Sentence, sentences};

use super::dns::{absolute, ask, plain, servers_of, system, upward, zone_of};

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
pub(crate) struct Finding {
    /// What is wrong.
    pub(crate) what: Sentence,
    /// What to do.
    pub(crate) remedy: Sentence,
}

impl Finding {
    fn new(what: Sentence, remedy: Sentence) -> Self {
        Self { what, remedy }
    }
}

sentences! {
    dead_end_for_the_file(reason) "the way of the validation file is a dead end: {reason}" "验证文件的访问路径走不通：{reason}";
    let_the_file_be_reached() "leave /.well-known/pki-validation/ out of that redirect, or let its target answer" "请让该重定向跳过 /.well-known/pki-validation/，或让其目标可以访问";
    other_cas_only(domain, issuers) "the CAA records of {domain} allow only {issuers}" "{domain} 的 CAA 记录只允许 {issuers}";
    allow_the_ca() "add CAA records that allow it too: 0 issue \"trustasia.com\", and the same for digicert.com and sectigo.com" "请添加允许它的 CAA 记录：0 issue \"trustasia.com\"，digicert.com 和 sectigo.com 同理";
    no_name_servers(domain) "no name servers of {domain} could be found from here" "在本机查不到 {domain} 的权威 DNS 服务器";
    set_name_servers() "if other names resolve on this machine, its delegation is missing: set the name servers at the registrar" "如果本机能解析其他域名，说明它没有委派：请在注册商处设置 DNS 服务器";
    lame_name_server(server, zone) "{server} is named as a name server of {zone}, and does not answer for it" "{server} 被设为 {zone} 的 DNS 服务器，却不应答它的查询";
    correct_name_servers() "correct the name servers at the registrar, or the zone on that server" "请改正注册商处的 DNS 服务器，或该服务器上的解析";
    no_address(domain) "no address of {domain} could be found from here" "在本机查不到 {domain} 的 IP 地址";
    add_a_record() "add an A record that points at the web server" "请添加指向 Web 服务器的 A 记录";
    refused_over_ipv6(domain, address) "the AAAA record of {domain} points at {address}, which refuses http" "{domain} 的 AAAA 记录指向 {address}，而它拒绝 http 连接";
    listen_or_remove() "let the web server listen there, or take the AAAA record away" "让 Web 服务器监听该地址，或删除 AAAA 记录";
    private_address(domain, address) "{domain} points at {address}, which the CA can't reach from outside" "{domain} 指向 {address}，CA 无法从外部访问";
    use_public_address() "use a public address, or prove control by DNS" "请使用公网地址，或改用 DNS 验证";
}

/// Looks at a domain as its way of validation needs it.
///
/// # Errors
/// Why nothing could be asked at all, in words.
pub(crate) async fn look(
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
    for name in upward(domain) {
        let Ok(found) = resolver.lookup(name.clone(), RecordType::CAA).await else {
            continue;
        };
        let records = found.answers().iter();
        let records: Vec<(String, String)> = records
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
        let what = other_cas_only(name.trim_end_matches('.'), issuers.join(", "));
        Finding::new(what, allow_the_ca())
    })
}

/// Each of the name servers that the parent names must answer for the zone.
async fn delegation(resolver: &TokioResolver, domain: &Name) -> Vec<Finding> {
    let Some((zone, _)) = zone_of(resolver, domain).await else {
        let what = no_name_servers(plain(domain));
        return vec![Finding::new(what, set_name_servers())];
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
            let what = lame_name_server(called, plain(&zone));
            findings.push(Finding::new(what, correct_name_servers()));
        }
    }
    findings
}

/// A CA that has IPv6 uses it first: an AAAA record that leads elsewhere hides the file.
async fn addresses(resolver: &TokioResolver, domain: &Name, clock: &dyn Clock) -> Vec<Finding> {
    let Ok(found) = resolver.lookup_ip(domain.clone()).await else {
        return vec![Finding::new(no_address(plain(domain)), add_a_record())];
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
            let what = refused_over_ipv6(plain(domain), address);
            findings.push(Finding::new(what, listen_or_remove()));
        }
    }
    for address in all.iter().filter(|address| is_private(**address)) {
        let what = private_address(plain(domain), address);
        findings.push(Finding::new(what, use_public_address()));
    }
    findings
}

/// A redirect of everything to another host is common, and hides the file where that host does not answer.
async fn dead_end(domain: &str, probe: Option<SocketAddr>) -> Option<Finding> {
    let reason = super::probe::dead_end(domain, probe).await?;
    Some(Finding::new(
        dead_end_for_the_file(reason),
        let_the_file_be_reached(),
    ))
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
            only.what.english,
            "the CAA records of example.com allow only letsencrypt.org"
        );
        assert!(excluded("example.com.", &records(&[("issue", ";")])).is_some());
    }
}
