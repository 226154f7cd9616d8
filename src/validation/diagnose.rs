//! What stands in the way of the CA, seen from here: for `doctor`, and named when an order stalls.
//!
//! Everything is asked of the system's resolvers and of the domain's own servers. The findings advise and stop nothing;
//! what can't be asked from here is said where it may be the CA's trouble too.
//!
//! - `caa`: who may issue;
//! - `dnssec`: whether the chain of signatures holds;
//! - `finding`: what may be found, and its words.

mod caa;
mod dnssec;
mod finding;

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use futures_util::future::{join, join_all, join3};
use hickory_net::proto::op::ResponseCode;
use hickory_net::proto::rr::{Name, RecordType};

pub(crate) use finding::{Finding, Gravity};

use self::finding as say;
use super::probe::{self, Way};
use super::query::{Manner, absolute, ask, plain};
use super::resolver::{Failed, Resolvers, tells};
use crate::clock::Clock;
use crate::config::{Validation, is_private, main_domain};

/// How long a connection may take.
const WAIT: Duration = Duration::from_secs(3);

/// How long all of it may take.
const LONGEST: Duration = Duration::from_secs(60);

/// Whether any resolver of this machine answers at all, asked for this name.
///
/// # Errors
/// None does; in words.
pub(crate) async fn can_ask(domain: &str) -> Result<(), String> {
    Resolvers::system()?.that_answer(&absolute(domain)?).await?;
    Ok(())
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
    tokio::select! {
        found = look_at(domain, way, clock) => found,
        () = clock.sleep(LONGEST) => Err("the answers take too long".to_owned()),
    }
}

async fn look_at(
    domain: &str,
    way: &Validation,
    clock: &dyn Clock,
) -> Result<Vec<Finding>, String> {
    let name = absolute(domain)?;
    let resolvers = Resolvers::system()?.that_answer(&name).await?;
    let mut findings = Vec::new();
    let signed = async {
        let caa = caa::find(&resolvers, &name);
        let (caa, zones) = join(caa, dnssec::signed_zones(&resolvers, &name)).await;
        let mut asked = vec![(&name, RecordType::SOA), (&name, RecordType::CAA)];
        if let Err((at, _)) = &caa
            && *at != name
        {
            asked.push((at, RecordType::CAA));
        }
        let chain = dnssec::look(&resolvers, &zones, &asked, clock.now()).await;
        (caa, chain)
    };
    let file = async {
        let Validation::File(file) = way else {
            return Vec::new();
        };
        let addresses = addresses(&resolvers, &name, clock);
        let (mut found, way) = join(addresses, way_of_the_file(domain, file.probe)).await;
        found.extend(way);
        found
    };
    // One beside the other: a resolver that is slow is so for each.
    let ((caa, chain), delegation, file) = join3(signed, delegation(&resolvers, &name), file).await;
    let mut seen = chain.iter();
    let is_broken = seen.any(|finding| finding.gravity == Gravity::Fails);
    match &caa {
        Ok(Some((at, set))) => findings.extend(caa::judge(at, set)),
        Ok(None) => {}
        // Told already, with its reason.
        Err(_) if is_broken => {}
        Err((at, error)) => findings.push(caa_fails(&resolvers, at, error).await),
    }
    if !is_broken {
        findings.extend(delegation);
    }
    findings.extend(chain);
    findings.extend(file);
    Ok(findings)
}

/// A look-up of CAA records that failed: the zone's own servers tell whether that is the resolver's fault here.
async fn caa_fails(resolvers: &Resolvers, at: &Name, error: &Failed) -> Finding {
    let names = match resolvers.zone_of(at).await {
        Ok(Some((_, names))) => names,
        Ok(None) | Err(_) => Vec::new(),
    };
    let servers = resolvers.addresses_of(&names).await.unwrap_or_default();
    let own = servers
        .iter()
        .map(|(server, _)| ask(*server, at, RecordType::CAA, Manner::Own));
    let mut answers = join_all(own).await.into_iter().flatten();
    let domain = plain(at);
    if answers.any(|answer| answer.metadata.authoritative && tells(&answer)) {
        let what = say::caa_unseen(domain, error);
        return Finding::leaves_open(what, say::look_from_elsewhere());
    }
    let (what, remedy) = (say::caa_fails(domain, error), say::let_caa_be_answered());
    match error {
        Failed::Answered(_) => Finding::fails(what, remedy),
        // This machine's network may be the reason.
        Failed::Silent(_) => Finding::advises(what, remedy),
    }
}

/// Each of the name servers that the parent names must answer for the zone.
async fn delegation(resolvers: &Resolvers, domain: &Name) -> Vec<Finding> {
    let missing = || {
        let what = say::no_name_servers(plain(domain));
        vec![Finding::fails(what, say::set_name_servers())]
    };
    // Where the CA can't look them up either, its look-up of CAA records fails, and is told as that.
    let unseen = |error: &Failed| {
        let what = say::name_servers_fail(plain(domain), error);
        Finding::advises(what, say::look_from_elsewhere())
    };
    if !is_registered(resolvers, domain).await {
        return missing();
    }
    let (zone, names) = match resolvers.zone_of(domain).await {
        Ok(Some(found)) => found,
        Ok(None) => return missing(),
        Err(error) => return vec![unseen(&error)],
    };
    let servers = match resolvers.addresses_of(&names).await {
        Ok(servers) => servers,
        Err(error) => return vec![unseen(&error)],
    };
    if servers.is_empty() {
        let what = say::name_servers_without_address(plain(&zone));
        return vec![Finding::fails(what, say::correct_name_servers())];
    }
    let asked = servers
        .iter()
        .map(|(server, _)| ask(*server, &zone, RecordType::SOA, Manner::Own));
    let answers = join_all(asked).await;
    let some_answer = answers.iter().any(Result::is_ok);
    let mut findings = Vec::new();
    for ((server, called), answer) in servers.iter().zip(answers) {
        match answer {
            Ok(answer) if answer.metadata.authoritative => {}
            Ok(_) => findings.push(Finding::fails(
                say::lame_name_server(called, plain(&zone)),
                say::correct_name_servers(),
            )),
            // Without a route to it, an IPv6 address says nothing; nor does silence where none may be asked from here.
            Err(_) if server.is_ipv4() && some_answer => findings.push(Finding::advises(
                say::silent_name_server(called, plain(&zone)),
                say::open_name_server(),
            )),
            Err(_) => {}
        }
    }
    findings
}

/// Whether the registry knows the domain; also where that can't be asked.
async fn is_registered(resolvers: &Resolvers, domain: &Name) -> bool {
    let Ok(registered) = absolute(&main_domain(&plain(domain))) else {
        return true;
    };
    let asked = resolvers.ask(&registered, RecordType::SOA, Manner::Unchecked);
    !asked
        .await
        .is_ok_and(|answer| answer.metadata.response_code == ResponseCode::NXDomain)
}

/// A CA that has IPv6 uses it first: an AAAA record that leads elsewhere hides the file.
async fn addresses(resolvers: &Resolvers, domain: &Name, clock: &dyn Clock) -> Vec<Finding> {
    let (mut all, mut findings) = (Vec::new(), Vec::new());
    let mut failed = None;
    let four = resolvers.ask(domain, RecordType::A, Manner::Checked);
    let six = resolvers.ask(domain, RecordType::AAAA, Manner::Checked);
    let (four, six) = join(four, six).await;
    for answer in [four, six] {
        match answer {
            Ok(answer) => all.extend(
                answer
                    .answers
                    .into_iter()
                    .filter_map(|record| record.data.ip_addr()),
            ),
            Err(error) => failed = Some(error),
        }
    }
    if let Some(error) = failed {
        findings.push(Finding::advises(
            say::address_fails(plain(domain), error),
            say::let_addresses_be_answered(),
        ));
    } else if all.is_empty() {
        let what = say::no_address(plain(domain));
        findings.push(Finding::fails(what, say::add_a_record()));
    }
    let four = all.iter().any(IpAddr::is_ipv4);
    // Only a refusal counts: silence may be this machine's own lack of IPv6.
    let refuses = |address: IpAddr| async move {
        tokio::select! {
            result = tokio::net::TcpStream::connect((address, 80)) => {
                result.is_err_and(|error| error.kind() == std::io::ErrorKind::ConnectionRefused)
            }
            () = clock.sleep(WAIT) => false,
        }
    };
    let sixes: Vec<IpAddr> = all
        .iter()
        .filter(|address| address.is_ipv6())
        .copied()
        .collect();
    let dead = join_all(sixes.iter().map(|address| refuses(*address))).await;
    for (address, dead) in sixes.iter().zip(dead) {
        if four && dead {
            let what = say::refused_over_ipv6(plain(domain), address);
            findings.push(Finding::fails(what, say::listen_or_remove()));
        }
    }
    for address in all.iter().filter(|address| is_private(**address)) {
        let what = say::private_address(plain(domain), address);
        findings.push(Finding::fails(what, say::use_public_address()));
    }
    findings
}

/// A redirect of everything to another host is common, and hides the file where that host does not answer.
async fn way_of_the_file(domain: &str, probe: Option<SocketAddr>) -> Option<Finding> {
    match probe::way(domain, probe).await? {
        Way::DeadEnd(reason) => Some(Finding::fails(
            say::dead_end_for_the_file(reason),
            say::let_the_file_be_reached(),
        )),
        Way::Blocked { https: false } => {
            Some(Finding::fails(say::not_filed(domain), say::prove_by_dns()))
        }
        Way::Blocked { https: true } => Some(Finding::advises(
            say::not_filed_but_https(domain),
            say::prove_by_dns(),
        )),
    }
}

/// What is found where only these resolvers are asked.
#[cfg(test)]
pub(super) async fn found_by(
    resolvers: &Resolvers,
    name: &Name,
    now: chrono::DateTime<chrono::Utc>,
) -> Vec<Finding> {
    let mut found = Vec::new();
    match caa::find(resolvers, name).await {
        Ok(Some((at, set))) => found.extend(caa::judge(&at, &set)),
        Ok(None) => {}
        Err((at, error)) => found.push(caa_fails(resolvers, &at, &error).await),
    }
    let zones = dnssec::signed_zones(resolvers, name).await;
    let asked = [(name, RecordType::CAA)];
    found.extend(dnssec::look(resolvers, &zones, &asked, now).await);
    found
}
