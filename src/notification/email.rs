//! `type = "email"`: a mail in plain text, over TLS.
//!
//! With `starttls` nothing is said before TLS stands: a server that does not offer it is refused, so that nobody on the
//! way can take the offer out. All that a server says is bounded, in time by the caller and in size here.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use lettre::message::header::ContentType;
use lettre::message::{Mailbox, MessageBuilder};
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, AsyncTokioStream, TlsParameters};
use lettre::transport::smtp::commands;
use lettre::transport::smtp::extension::ClientId;
use lettre::transport::smtp::response::Response;
use rustls_pki_types::ServerName;
use secrecy::ExposeSecret;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::message::Message;
use super::{NotificationError, Sent, expose, shortened};
use crate::config::{Mail, MailTls};
use crate::tencent::system_tls;

/// The longest text, in bytes.
const LONGEST: usize = 32 * 1024;

/// As much as is read from a server, in bytes: a handshake with its certificates, and a line for each command.
const LARGEST_TALK: usize = 256 * 1024;

/// Sends one mail.
pub(super) async fn send(mail: &Mail, message: &Message) -> Result<Sent, NotificationError> {
    let letter = letter(mail, message)?;
    let failed = |error: lettre::transport::smtp::Error| refusal(mail, &error);
    let mut server = connect(mail, &message.host).await?;
    if let (Some(user), Some(password)) = (&mail.user, &mail.password) {
        let password = expose(password).await?;
        let credentials = Credentials::new(user.clone(), password.expose_secret().to_owned());
        server
            .auth(&[Mechanism::Plain, Mechanism::Login], &credentials)
            .await
            .map_err(failed)?;
    }
    let (answer, refused) = hand_over(mail, &mut server, &letter).await?;
    // It has the mail; how it says good-bye changes nothing.
    if let Err(error) = server.quit().await {
        tracing::debug!(%error, "the mail server did not say good-bye");
    }
    let said: Vec<&str> = answer.message().collect();
    Ok(Sent {
        answer: format!(
            "{} took it: {}",
            mail.server.host,
            shortened(&said.join(" "))
        ),
        refused: (!refused.is_empty()).then(|| refused.join("; ")),
    })
}

/// Gives the server the mail for everybody whom it takes. Whom it refuses is named; who is left gets the mail.
async fn hand_over(
    mail: &Mail,
    server: &mut AsyncSmtpConnection,
    letter: &lettre::Message,
) -> Result<(Response, Vec<String>), NotificationError> {
    let failed = |error: lettre::transport::smtp::Error| refusal(mail, &error);
    let envelope = letter.envelope();
    let from = commands::Mail::new(envelope.from().cloned(), Vec::new());
    server.command(from).await.map_err(failed)?;
    let mut refused = Vec::new();
    let mut last = None;
    for to in envelope.to() {
        let asked = server.command(commands::Rcpt::new(to.clone(), Vec::new()));
        match asked.await {
            Ok(_) => {}
            // It answered: whatever is wrong is wrong with this address.
            Err(error) if error.is_permanent() || error.is_transient() => {
                refused.push(format!("{to}: {}", shortened(&error.to_string())));
                last = Some(error);
            }
            Err(error) => return Err(failed(error)),
        }
    }
    if let Some(error) = last.filter(|_| refused.len() == envelope.to().len()) {
        return Err(failed(error));
    }
    server.command(commands::Data).await.map_err(failed)?;
    let answer = server.message(&letter.formatted()).await.map_err(failed)?;
    Ok((answer, refused))
}

/// What the server is greeted with: strict ones refuse the bare name that most machines have, and take an address
/// (RFC 5321, 4.1.3).
fn hello(host: &str, own: SocketAddr) -> ClientId {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.');
    let is_full = host.trim_matches('.').contains('.') && host.bytes().all(plain);
    match own {
        _ if is_full => ClientId::Domain(host.to_owned()),
        SocketAddr::V4(own) => ClientId::Ipv4(*own.ip()),
        SocketAddr::V6(own) => ClientId::Ipv6(*own.ip()),
    }
}

async fn connect(mail: &Mail, from: &str) -> Result<AsyncSmtpConnection, NotificationError> {
    let failed = |error: lettre::transport::smtp::Error| refusal(mail, &error);
    let unreachable = |error: io::Error| NotificationError::Unreachable {
        host: mail.server.host.clone(),
        what: format!("can't be reached: {error}"),
    };
    let socket = TcpStream::connect((mail.server.host.as_str(), mail.server.port))
        .await
        .map_err(unreachable)?;
    let peer = socket.peer_addr().map_err(unreachable)?;
    let hello = hello(from, socket.local_addr().map_err(unreachable)?);
    let transport: Box<dyn AsyncTokioStream> = if mail.tls == MailTls::Tls {
        let name = ServerName::try_from(mail.server.host.clone())
            .map_err(|_| NotificationError::Address("names no server that TLS knows"))?;
        let connector = TlsConnector::from(Arc::new(system_tls()?));
        let stream = connector.connect(name, socket).await.map_err(unreachable)?;
        Box::new(Bounded::new(stream, peer))
    } else {
        Box::new(Bounded::new(socket, peer))
    };
    let mut server = AsyncSmtpConnection::connect_with_transport(transport, &hello)
        .await
        .map_err(failed)?;
    if mail.tls == MailTls::StartTls {
        let parameters =
            TlsParameters::new_rustls(mail.server.host.as_str().into()).map_err(failed)?;
        server.starttls(parameters, &hello).await.map_err(failed)?;
    }
    Ok(server)
}

fn letter(mail: &Mail, message: &Message) -> Result<lettre::Message, NotificationError> {
    let wrong = |error: &dyn std::error::Error| NotificationError::Mail(error.to_string());
    let mailbox = |text: &str| {
        let address = text
            .parse()
            .map_err(|error: lettre::address::AddressError| wrong(&error))?;
        Ok::<_, NotificationError>(Mailbox::new(None, address))
    };
    let from = mailbox(&mail.from)?;
    let id = format!("<{}@{}>", message.id, from.email.domain());
    let mut builder: MessageBuilder = lettre::Message::builder()
        .message_id(Some(id))
        .date(
            std::time::SystemTime::UNIX_EPOCH
                + std::time::Duration::from_secs(
                    u64::try_from(message.at.timestamp()).unwrap_or(0),
                ),
        )
        .from(from)
        .subject(message.title())
        .header(ContentType::TEXT_PLAIN);
    for to in &mail.to {
        builder = builder.to(mailbox(to)?);
    }
    builder
        .body(message.text(LONGEST))
        .map_err(|error| wrong(&error))
}

/// What a server said, or what went wrong on the way. The library's errors hold no credentials.
fn refusal(mail: &Mail, error: &lettre::transport::smtp::Error) -> NotificationError {
    NotificationError::Refused {
        host: mail.server.host.clone(),
        said: shortened(&error.to_string()),
        retry_after: None,
    }
}

/// A connection of which no more than [`LARGEST_TALK`] is read.
#[derive(Debug)]
struct Bounded<S> {
    inner: S,
    peer: SocketAddr,
    left: usize,
}

impl<S> Bounded<S> {
    fn new(inner: S, peer: SocketAddr) -> Self {
        Self {
            inner,
            peer,
            left: LARGEST_TALK,
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Send + Sync + Unpin + std::fmt::Debug> AsyncTokioStream
    for Bounded<S>
{
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.peer)
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Bounded<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.left == 0 {
            return Poll::Ready(Err(io::Error::other(
                "it says more than a mail server has to",
            )));
        }
        let before = buffer.filled().len();
        let outcome = Pin::new(&mut self.inner).poll_read(context, buffer);
        let read = buffer.filled().len() - before;
        self.left = self.left.saturating_sub(read);
        outcome
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Bounded<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests;
