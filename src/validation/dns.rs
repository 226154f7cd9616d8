//! A look at the zone's own name servers, before the CA looks.
//!
//! A recursive resolver may still remember that the record was not there, so it is only asked who the name servers are;
//! these are asked directly. All of those that answer must have the record: the CA asks any of them. The look advises.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::join_all;
use hickory_net::proto::op::{
    DnsRequest, DnsRequestOptions, DnsResponse, Message, Query, ResponseCode,
};
use hickory_net::proto::rr::{Name, RData, RecordType, TSigner};
use hickory_net::runtime::{TokioHandle, TokioRuntimeProvider};
use hickory_net::tcp::TcpClientStream;
use hickory_net::udp::UdpClientStream;
use hickory_net::xfer::{DnsExchange, DnsHandle, DnsMultiplexer};
use hickory_resolver::TokioResolver;

use crate::lifecycle::Challenge;
use crate::lifecycle::proof::ChallengeKind;

/// How long one server is waited for.
const TIMEOUT: Duration = Duration::from_secs(3);
/// The most servers that are asked.
const MOST: usize = 16;
/// A record may be delegated by a CNAME; so many are followed.
const HOPS: usize = 4;

/// What a look from outside saw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Sight {
    /// Everybody asked shows what is wanted.
    Seen,
    /// Somebody asked does not; in words.
    Unseen(String),
    /// Nobody could be asked; in words.
    Unknown(String),
}

/// Looks for a record, at these servers or else at the zone's own.
pub(crate) async fn look(challenge: &Challenge, name_servers: &[SocketAddr]) -> Sight {
    let Ok(mut name) = absolute(&challenge.name) else {
        return Sight::Unknown(format!("{} is not a DNS name", challenge.name));
    };
    for _ in 0..HOPS {
        let servers = if name_servers.is_empty() {
            match servers_of(&name).await {
                Ok(servers) => servers,
                Err(words) => return Sight::Unknown(words),
            }
        } else {
            named(name_servers)
        };
        match look_at(challenge, &name, &servers).await {
            Looked::Done(sight) => return sight,
            Looked::Elsewhere(target) => name = target,
        }
    }
    Sight::Unseen(format!(
        "{} is a chain of CNAME records without an end",
        challenge.name
    ))
}

/// A name server, and how people call it.
type Server = (SocketAddr, String);

enum Looked {
    Done(Sight),
    /// The name is an alias of another.
    Elsewhere(Name),
}

async fn look_at(challenge: &Challenge, name: &Name, servers: &[Server]) -> Looked {
    let kind = match challenge.kind {
        ChallengeKind::Cname => RecordType::CNAME,
        _ => RecordType::TXT,
    };
    let answers = join_all(servers.iter().map(|(address, _)| ask(*address, name, kind))).await;
    let (mut seen, mut missing, mut silent) = (0, Vec::new(), Vec::new());
    for ((_, called), answer) in servers.iter().zip(answers) {
        match answer {
            Err(words) => silent.push(format!("{called} {words}")),
            Ok(answer) if has(&answer, challenge) => seen += 1,
            Ok(answer) => {
                if kind == RecordType::TXT
                    && let Some(target) = alias(&answer, name)
                {
                    return Looked::Elsewhere(target);
                }
                missing.push(format!("{called} {}", instead(&answer, challenge)));
            }
        }
    }
    Looked::Done(if !missing.is_empty() {
        Sight::Unseen(format!("{}: {}", challenge.name, missing.join("; ")))
    } else if seen > 0 {
        Sight::Seen
    } else {
        Sight::Unknown(format!(
            "no name server could be asked: {}",
            silent.join("; ")
        ))
    })
}

fn has(answer: &Message, challenge: &Challenge) -> bool {
    values(answer, challenge.kind)
        .iter()
        .any(|value| match challenge.kind {
            ChallengeKind::Cname => value.eq_ignore_ascii_case(&challenge.value),
            _ => *value == challenge.value,
        })
}

fn values(answer: &Message, kind: ChallengeKind) -> Vec<String> {
    let value = |data: &RData| match data {
        RData::TXT(txt) if kind == ChallengeKind::Txt => {
            let whole: Vec<u8> = txt.txt_data.iter().flat_map(|part| part.to_vec()).collect();
            Some(String::from_utf8_lossy(&whole).into_owned())
        }
        RData::CNAME(target) if kind == ChallengeKind::Cname => Some(plain(&target.0)),
        _ => None,
    };
    answer
        .answers
        .iter()
        .filter_map(|record| value(&record.data))
        .collect()
}

fn alias(answer: &Message, name: &Name) -> Option<Name> {
    answer.answers.iter().find_map(|record| match &record.data {
        RData::CNAME(target) if record.name == *name => Some(target.0.clone()),
        _ => None,
    })
}

fn instead(answer: &Message, challenge: &Challenge) -> String {
    let found = values(answer, challenge.kind);
    match answer.metadata.response_code {
        ResponseCode::NXDomain => "does not have the name".to_owned(),
        ResponseCode::NoError if found.is_empty() => {
            format!("has no {} record there", challenge.kind.name())
        }
        ResponseCode::NoError => {
            let shown = crate::text::plain_up_to(&found[0], 60);
            format!(
                "has another {} record there: {shown}",
                challenge.kind.name()
            )
        }
        code => format!("answers {code}"),
    }
}

fn named(addresses: &[SocketAddr]) -> Vec<Server> {
    addresses
        .iter()
        .map(|address| (*address, address.to_string()))
        .collect()
}

/// The name servers of the zone that a name is in, as the system's resolver knows them.
pub(super) async fn servers_of(name: &Name) -> Result<Vec<Server>, String> {
    let resolver = system()?;
    let (zone, names) = zone_of(&resolver, name)
        .await
        .ok_or_else(|| format!("the name servers of {name} can't be found"))?;
    let lookups = names
        .iter()
        .map(|server| resolver.lookup_ip(server.clone()));
    let mut servers = Vec::new();
    for (server, found) in names.iter().zip(join_all(lookups).await) {
        if let Ok(found) = found {
            let addresses = found
                .iter()
                .map(|ip: IpAddr| (SocketAddr::new(ip, 53), format!("{} ({ip})", plain(server))));
            servers.extend(addresses);
        }
    }
    servers.truncate(MOST);
    if servers.is_empty() {
        return Err(format!("the name servers of {zone} have no addresses"));
    }
    Ok(servers)
}

/// The zone that a name is in, and its name servers: the nearest name upward that has any.
pub(super) async fn zone_of(resolver: &TokioResolver, name: &Name) -> Option<(Name, Vec<Name>)> {
    for zone in upward(name) {
        let Ok(found) = resolver.lookup(zone.clone(), RecordType::NS).await else {
            continue;
        };
        let records = found.answers().iter();
        let names: Vec<Name> = records
            .filter(|record| record.name == zone)
            .filter_map(|record| match &record.data {
                RData::NS(server) => Some(server.0.clone()),
                _ => None,
            })
            .collect();
        if !names.is_empty() {
            return Some((zone, names));
        }
    }
    None
}

/// A name and its parents, the root left out.
pub(super) fn upward(name: &Name) -> impl Iterator<Item = Name> {
    std::iter::successors(Some(name.clone()), |name| Some(name.base_name()))
        .take_while(|name| !name.is_root())
}

/// The system's resolver, with nothing remembered.
pub(super) fn system() -> Result<TokioResolver, String> {
    let broken =
        |error: &dyn std::fmt::Display| format!("the system's resolver can't be used: {error}");
    let mut builder = TokioResolver::builder_tokio().map_err(|error| broken(&error))?;
    let options = builder.options_mut();
    options.cache_size = 0;
    options.timeout = TIMEOUT;
    options.attempts = 2;
    builder.build().map_err(|error| broken(&error))
}

pub(super) fn absolute(name: &str) -> Result<Name, String> {
    let mut name = Name::from_ascii(name).map_err(|error| error.to_string())?;
    name.set_fqdn(true);
    Ok(name)
}

/// A name as people write it, without the dot at its end.
pub(super) fn plain(name: &Name) -> String {
    name.to_ascii().trim_end_matches('.').to_owned()
}

/// Asks one server, without asking it to ask others.
pub(super) async fn ask(
    server: SocketAddr,
    name: &Name,
    kind: RecordType,
) -> Result<Message, String> {
    let question = || {
        let mut message = Message::query();
        message.metadata.recursion_desired = false;
        message.add_query(Query::query(name.clone(), kind));
        message
    };
    match by_udp(server, question()).await {
        Ok(answer) if !answer.metadata.truncation => Ok(answer.into_message()),
        // Cut short, or lost: some networks let only one of the two through.
        _ => Ok(by_tcp(server, question(), None).await?.into_message()),
    }
}

async fn by_udp(server: SocketAddr, message: Message) -> Result<DnsResponse, String> {
    let exchange = UdpClientStream::builder(server, TokioRuntimeProvider::new())
        .with_timeout(Some(TIMEOUT))
        .exchange();
    first(&exchange, message).await
}

/// Sends one message by TCP, signed where there is a signer, and gives the answer, its signature checked.
pub(super) async fn by_tcp(
    server: SocketAddr,
    message: Message,
    signer: Option<TSigner>,
) -> Result<DnsResponse, String> {
    use hickory_net::runtime::Spawn;
    let provider = TokioRuntimeProvider::new();
    let (connecting, handle) = TcpClientStream::new(server, None, Some(TIMEOUT), provider);
    let stream = connecting
        .await
        .map_err(|error| format!("can't be reached: {error}"))?;
    let mut multiplexer = DnsMultiplexer::new(stream, handle).with_timeout(TIMEOUT);
    if let Some(signer) = signer {
        multiplexer = multiplexer.with_signer(signer);
    }
    let (exchange, background) = DnsExchange::<TokioRuntimeProvider>::from_stream(multiplexer);
    // The connection lives as long as this handle.
    let mut connection = TokioHandle::default();
    connection.spawn_bg(background);
    let answer = first(&exchange, message).await;
    drop(connection);
    answer
}

async fn first(
    exchange: &DnsExchange<TokioRuntimeProvider>,
    message: Message,
) -> Result<DnsResponse, String> {
    let mut options = DnsRequestOptions::default();
    options.recursion_desired = message.metadata.recursion_desired;
    match exchange
        .send(DnsRequest::new(message, options))
        .next()
        .await
    {
        Some(Ok(answer)) => Ok(answer),
        Some(Err(error)) => Err(format!("does not answer: {error}")),
        None => Err("does not answer".to_owned()),
    }
}
