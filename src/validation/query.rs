//! One question to one DNS server.

use std::net::SocketAddr;
use std::time::Duration;

use futures_util::StreamExt;
use hickory_net::proto::op::{DnsRequest, DnsRequestOptions, DnsResponse, Edns, Message, Query};
use hickory_net::proto::rr::{Name, RecordType, TSigner};
use hickory_net::runtime::{Spawn, TokioHandle, TokioRuntimeProvider};
use hickory_net::tcp::TcpClientStream;
use hickory_net::udp::UdpClientStream;
use hickory_net::xfer::{DnsExchange, DnsHandle, DnsMultiplexer};

/// How long one server is waited for.
const TIMEOUT: Duration = Duration::from_secs(3);
/// The longest answer that is taken by UDP, in bytes: what passes everywhere unbroken (RFC 9715).
const LONGEST: u16 = 1232;

/// What the server is to do for the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Manner {
    /// Tell what it has itself, and ask nobody.
    Own,
    /// Find out, and check signatures if it is one that does.
    Checked,
    /// Find out, check no signature, and give signatures with what they sign (CD and DO: RFC 4035, 3.2).
    Unchecked,
}

/// Asks one server.
///
/// # Errors
/// It did not answer: in words that follow its name.
pub(super) async fn ask(
    server: SocketAddr,
    name: &Name,
    kind: RecordType,
    manner: Manner,
) -> Result<Message, String> {
    let question = || {
        let mut message = Message::query();
        message.metadata.recursion_desired = manner != Manner::Own;
        // Whether it checked is told to whoever asks for that (RFC 6840, 5.7).
        message.metadata.authentic_data = manner == Manner::Checked;
        message.metadata.checking_disabled = manner == Manner::Unchecked;
        if manner != Manner::Own {
            let mut edns = Edns::new();
            edns.set_max_payload(LONGEST);
            edns.set_dnssec_ok(manner == Manner::Unchecked);
            message.set_edns(edns);
        }
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
///
/// # Errors
/// As of [`ask`].
pub(super) async fn by_tcp(
    server: SocketAddr,
    message: Message,
    signer: Option<TSigner>,
) -> Result<DnsResponse, String> {
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

/// A name and its parents, the root left out.
pub(super) fn upward(name: &Name) -> impl Iterator<Item = Name> {
    std::iter::successors(Some(name.clone()), |name| Some(name.base_name()))
        .take_while(|name| !name.is_root())
}

/// A name that is whole.
///
/// # Errors
/// It is no DNS name.
pub(super) fn absolute(name: &str) -> Result<Name, String> {
    let mut name = Name::from_ascii(name).map_err(|error| error.to_string())?;
    name.set_fqdn(true);
    Ok(name)
}

/// A name as people write it, without the dot at its end.
pub(super) fn plain(name: &Name) -> String {
    name.to_ascii().trim_end_matches('.').to_owned()
}
