//! The system's resolvers: what the world's DNS says, as far as it can be seen from here.
//!
//! Answers are remembered for one look, in which several ask the same, and /etc/hosts is not read: the CA does not read it
//! either.

use std::collections::HashMap;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::future::{join, join_all};
use hickory_net::proto::op::{Message, ResponseCode};
use hickory_net::proto::rr::{Name, RData, RecordType};
use hickory_resolver::system_conf::read_system_conf;
use tokio::sync::OnceCell;

use super::query::{Manner, absolute, ask, plain, upward};
use crate::config::main_domain;

/// The most resolvers that are asked (the system's own functions take no more: resolv.conf(5)).
const RESOLVERS: usize = 3;
/// The most name servers of a zone that are asked.
const SERVERS: usize = 16;

/// A name server, and how people call it.
pub(super) type Server = (SocketAddr, String);

/// Why a look-up gave neither records nor the word that there are none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Failed {
    /// A resolver answered with this error.
    Answered(ResponseCode),
    /// No resolver answered; in words.
    Silent(String),
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Answered(code) => f.write_str(word(*code)),
            Self::Silent(words) => f.write_str(words),
        }
    }
}

/// The word that name servers' manuals have for an error.
fn word(code: ResponseCode) -> &'static str {
    match code {
        ResponseCode::ServFail => "SERVFAIL",
        ResponseCode::Refused => "REFUSED",
        ResponseCode::NotImp => "NOTIMP",
        ResponseCode::FormErr => "FORMERR",
        other => other.to_str(),
    }
}

/// Whether an answer tells something: records, or that there are none.
pub(super) fn tells(answer: &Message) -> bool {
    matches!(
        answer.metadata.response_code,
        ResponseCode::NoError | ResponseCode::NXDomain
    )
}

/// What is asked, and how.
type Question = (Name, RecordType, Manner);

/// An answer, once it is there: whoever asks the same meanwhile waits for it too.
type Answered = Arc<OnceCell<Result<Message, Failed>>>;

/// The resolvers that this machine asks.
pub(super) struct Resolvers {
    servers: Vec<SocketAddr>,
    answers: Mutex<HashMap<Question, Answered>>,
}

impl Resolvers {
    /// Those of /etc/resolv.conf.
    ///
    /// # Errors
    /// It can't be read, or names none.
    pub(super) fn system() -> Result<Self, String> {
        let (config, _) = read_system_conf()
            .map_err(|error| format!("the system's resolver can't be used: {error}"))?;
        let named = config.name_servers().iter().take(RESOLVERS);
        let port = |connections: &[hickory_resolver::config::ConnectionConfig]| {
            connections.first().map_or(53, |first| first.port)
        };
        Ok(Self::of(
            named
                .map(|server| SocketAddr::new(server.ip, port(&server.connections)))
                .collect(),
        ))
    }

    fn of(servers: Vec<SocketAddr>) -> Self {
        Self {
            servers,
            answers: Mutex::default(),
        }
    }

    /// Those of them that answer at all, asked for this name.
    ///
    /// # Errors
    /// None does; in words.
    pub(super) async fn that_answer(self, name: &Name) -> Result<Self, String> {
        let asked = self
            .servers
            .iter()
            .map(|server| ask(*server, name, RecordType::SOA, Manner::Checked));
        let (mut living, mut silent) = (Vec::new(), Vec::new());
        for (server, answer) in self.servers.iter().zip(join_all(asked).await) {
            match answer {
                Ok(_) => living.push(*server),
                Err(words) => silent.push(format!("{} {words}", server.ip())),
            }
        }
        if living.is_empty() {
            return Err(format!("no resolver answers: {}", silent.join("; ")));
        }
        Ok(Self::of(living))
    }

    /// Each of them.
    pub(super) fn each(&self) -> impl Iterator<Item = SocketAddr> {
        self.servers.iter().copied()
    }

    /// The first answer that tells something. An error that was answered is asked for once more, as CAs do: it may have
    /// been a server's that was slow.
    ///
    /// # Errors
    /// There is none.
    pub(super) async fn ask(
        &self,
        name: &Name,
        kind: RecordType,
        manner: Manner,
    ) -> Result<Message, Failed> {
        let answer = {
            let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(answers.entry((name.clone(), kind, manner)).or_default())
        };
        let asked = answer.get_or_init(async || match self.ask_once(name, kind, manner).await {
            Err(Failed::Answered(_)) => self.ask_once(name, kind, manner).await,
            other => other,
        });
        asked.await.clone()
    }

    async fn ask_once(
        &self,
        name: &Name,
        kind: RecordType,
        manner: Manner,
    ) -> Result<Message, Failed> {
        let mut failed = None;
        for server in self.each() {
            match ask(server, name, kind, manner).await {
                Ok(answer) if tells(&answer) => return Ok(answer),
                // An error that was answered says more than silence.
                Ok(answer) => failed = Some(Failed::Answered(answer.metadata.response_code)),
                Err(words) => {
                    failed
                        .get_or_insert_with(|| Failed::Silent(format!("{} {words}", server.ip())));
                }
            }
        }
        Err(failed.unwrap_or_else(|| Failed::Silent("there is no resolver".to_owned())))
    }

    /// The zone that a name is in, and its name servers: the nearest name upward that has any. `None` where there is none.
    ///
    /// # Errors
    /// A look-up failed, and without it only the registry's own zone is known.
    pub(super) async fn zone_of(&self, name: &Name) -> Result<Option<(Name, Vec<Name>)>, Failed> {
        let registered = absolute(&main_domain(&plain(name))).unwrap_or_else(|_| name.clone());
        let mut failed = None;
        for zone in upward(name) {
            let answer = match self.ask(&zone, RecordType::NS, Manner::Checked).await {
                Ok(answer) => answer,
                // Some servers refuse what they don't expect to be asked for; the zone's own name may do.
                Err(error) => {
                    failed.get_or_insert(error);
                    continue;
                }
            };
            let records = answer.answers.iter().filter(|record| record.name == zone);
            let names: Vec<Name> = records
                .filter_map(|record| match &record.data {
                    RData::NS(server) => Some(server.0.clone()),
                    _ => None,
                })
                .collect();
            if !names.is_empty() {
                return match failed {
                    Some(error) if !registered.zone_of(&zone) => Err(error),
                    _ => Ok(Some((zone, names))),
                };
            }
        }
        failed.map_or(Ok(None), Err)
    }

    /// The addresses of these name servers. One that has none, or can't be looked up, is passed over while others have.
    ///
    /// # Errors
    /// None has any, and a look-up failed.
    pub(super) async fn addresses_of(&self, names: &[Name]) -> Result<Vec<Server>, Failed> {
        // An answer may name thousands, each of which is two look-ups.
        let names = names.get(..SERVERS).unwrap_or(names);
        let found = join_all(names.iter().map(|server| self.addresses(server))).await;
        let (mut servers, mut failed) = (Vec::new(), None);
        for (server, found) in names.iter().zip(found) {
            match found {
                Ok(found) => servers.extend(
                    found
                        .into_iter()
                        .map(|ip| (SocketAddr::new(ip, 53), format!("{} ({ip})", plain(server)))),
                ),
                Err(error) => failed = Some(error),
            }
        }
        servers.truncate(SERVERS);
        match failed {
            Some(error) if servers.is_empty() => Err(error),
            _ => Ok(servers),
        }
    }

    /// The addresses of a name, of both families.
    ///
    /// # Errors
    /// A family could not be looked up, and the other has none.
    async fn addresses(&self, name: &Name) -> Result<Vec<IpAddr>, Failed> {
        let four = self.ask(name, RecordType::A, Manner::Checked);
        let six = self.ask(name, RecordType::AAAA, Manner::Checked);
        let (four, six) = join(four, six).await;
        let (mut found, mut failed) = (Vec::new(), None);
        for answer in [four, six] {
            match answer {
                Ok(answer) => {
                    let records = answer.answers.into_iter();
                    found.extend(records.filter_map(|record| record.data.ip_addr()));
                }
                Err(error) => failed = Some(error),
            }
        }
        match failed {
            Some(error) if found.is_empty() => Err(error),
            _ => Ok(found),
        }
    }
}

/// The name servers of the zone that a name is in, as the system's resolvers know them.
///
/// # Errors
/// They can't be found; in words.
pub(super) async fn servers_of(name: &Name) -> Result<Vec<Server>, String> {
    let resolvers = Resolvers::system()?;
    let missing = |why: &str| format!("the name servers of {} can't be found{why}", plain(name));
    let found = resolvers.zone_of(name).await;
    let (zone, names) = found
        .map_err(|error| missing(&format!(": {error}")))?
        .ok_or_else(|| missing(""))?;
    let servers = resolvers.addresses_of(&names).await;
    let servers = servers.map_err(|error| missing(&format!(": {error}")))?;
    if servers.is_empty() {
        let zone = plain(&zone);
        return Err(format!("the name servers of {zone} have no addresses"));
    }
    Ok(servers)
}

#[cfg(test)]
impl Resolvers {
    /// Some that have this answer to whatever is asked about these names, and know nothing else.
    pub(super) fn that_say(answer: &Message, names: &[Name]) -> Self {
        let kinds = [
            RecordType::NS,
            RecordType::CAA,
            RecordType::SOA,
            RecordType::DS,
            RecordType::DNSKEY,
            RecordType::A,
            RecordType::AAAA,
        ];
        let mut answers = HashMap::new();
        for name in names.iter().flat_map(upward) {
            for kind in kinds {
                for manner in [Manner::Checked, Manner::Unchecked] {
                    let said = match tells(answer) {
                        true => Ok(answer.clone()),
                        false => Err(Failed::Answered(answer.metadata.response_code)),
                    };
                    let cell = Arc::new(OnceCell::new_with(Some(said)));
                    answers.insert((name.clone(), kind, manner), cell);
                }
            }
        }
        Self {
            servers: Vec::new(),
            answers: Mutex::new(answers),
        }
    }
}
