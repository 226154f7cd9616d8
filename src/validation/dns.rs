//! A look at the zone's own name servers, before the CA looks.
//!
//! A recursive resolver may still remember that the record was not there, so it is only asked who the name servers are;
//! these are asked directly. All of those that answer must have the record: the CA asks any of them. The look advises.

use std::net::SocketAddr;

use futures_util::future::join_all;
use hickory_net::proto::op::{Message, ResponseCode};
use hickory_net::proto::rr::{Name, RData, RecordType};

use super::query::{Manner, absolute, ask, plain};
use super::resolver::{Server, servers_of};
use crate::lifecycle::Challenge;
use crate::lifecycle::proof::ChallengeKind;

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
    let answers = join_all(
        servers
            .iter()
            .map(|(address, _)| ask(*address, name, kind, Manner::Own)),
    )
    .await;
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

pub(super) fn has(answer: &Message, challenge: &Challenge) -> bool {
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

pub(super) fn alias(answer: &Message, name: &Name) -> Option<Name> {
    answer.answers.iter().find_map(|record| match &record.data {
        RData::CNAME(target) if record.name == *name => Some(target.0.clone()),
        _ => None,
    })
}

pub(super) fn instead(answer: &Message, challenge: &Challenge) -> String {
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
