//! Being told by mail: a mail server of the test's own, with a certificate of the test's own authority.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::common::{Home, Output, SOON, output};

/// How the server takes its guests.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Door {
    /// Offers STARTTLS.
    StartTls,
    /// Speaks TLS from the start.
    Tls,
    /// Never heard of TLS.
    Plain,
}

/// What a guest did.
#[derive(Debug, Default)]
struct Visit {
    /// What was said before TLS stood.
    plain: Vec<String>,
    /// What was said over TLS.
    sealed: Vec<String>,
    /// The mail.
    mail: String,
}

/// A mail server; returns its port, the file with its authority, and what its guests did.
fn server(home: &Home, door: Door) -> (u16, String, Receiver<Visit>) {
    let key = rcgen::KeyPair::generate().unwrap();
    let mut params = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    params.is_ca = rcgen::IsCa::NoCa;
    let mut authority = rcgen::CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let authority_key = rcgen::KeyPair::generate().unwrap();
    let authority_certificate = authority.self_signed(&authority_key).unwrap();
    let issuer = rcgen::Issuer::new(authority, authority_key);
    let certificate = params.signed_by(&key, &issuer).unwrap();
    let file = home.path().join("authority.pem");
    std::fs::write(&file, authority_certificate.pem()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key.into())
        .unwrap();
    let config = Arc::new(config);
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let (tell, told) = channel();
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let (config, tell) = (Arc::clone(&config), tell.clone());
            thread::spawn(move || visit(stream, door, config, &tell));
        }
    });
    (port, file.display().to_string(), told)
}

fn visit(stream: TcpStream, door: Door, config: Arc<ServerConfig>, tell: &Sender<Visit>) {
    let mut visit = Visit::default();
    let sealed = |stream| StreamOwned::new(ServerConnection::new(config).unwrap(), stream);
    if door == Door::Tls {
        talk(sealed(stream), true, true, true, &mut visit);
    } else {
        let again = stream.try_clone().unwrap();
        if talk(stream, door == Door::StartTls, true, false, &mut visit) {
            talk(sealed(again), false, false, true, &mut visit);
        }
    }
    tell.send(visit).ok();
}

fn say(stream: &mut BufReader<impl Read + Write>, words: &str) -> bool {
    write!(stream.get_mut(), "{words}\r\n").is_ok()
}

/// One conversation. True if it goes on over TLS.
fn talk(
    stream: impl Read + Write,
    offers: bool,
    greets: bool,
    is_sealed: bool,
    visit: &mut Visit,
) -> bool {
    let mut stream = BufReader::new(stream);
    if greets && !say(&mut stream, "220 mail.example.com ready") {
        return false;
    }
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).unwrap_or(0) == 0 {
            return false;
        }
        let word = line
            .split_whitespace()
            .next()
            .unwrap_or_default()
            .to_ascii_uppercase();
        let said = if is_sealed {
            &mut visit.sealed
        } else {
            &mut visit.plain
        };
        said.push(line.trim().to_owned());
        let good = match word.as_str() {
            "EHLO" if offers && !is_sealed => {
                say(&mut stream, "250-mail.example.com\r\n250 STARTTLS")
            }
            "EHLO" => say(&mut stream, "250-mail.example.com\r\n250 AUTH PLAIN LOGIN"),
            "STARTTLS" => {
                say(&mut stream, "220 go ahead");
                return true;
            }
            "AUTH" => say(&mut stream, "235 welcome"),
            "DATA" => {
                say(&mut stream, "354 go ahead");
                let mut mail = String::new();
                while !mail.ends_with("\r\n.\r\n") && stream.read_line(&mut mail).unwrap_or(0) > 0 {
                }
                visit.mail = mail;
                say(&mut stream, "250 queued as 42")
            }
            "QUIT" => {
                say(&mut stream, "221 bye");
                return false;
            }
            _ => say(&mut stream, "250 fine"),
        };
        if !good {
            return false;
        }
    }
}

/// Runs `notify test` against a server on this port, trusting this authority.
fn test(home: &Home, port: u16, tls: &str, authority: &str) -> Output {
    home.write_config(format!(
        "[[certificates]]\ndomain = \"a.example\"\n[[notify]]\ntype = \"email\"\nserver = \"localhost:{port}\"\n\
         tls = \"{tls}\"\nuser = \"evercert\"\npassword = \"PASSWORD-OF-MINE\"\nfrom = \"evercert@example.com\"\n\
         to = [\"ops@example.com\", \"boss@example.com\"]\ntimeout = \"10s\"\n"
    ));
    let mut command = home.command();
    command
        .args(["notify", "test"])
        .env("SSL_CERT_FILE", authority);
    output(&mut command, SOON)
}

#[test]
fn a_mail_goes_over_tls_and_nothing_before_it() {
    for (door, tls) in [(Door::StartTls, "starttls"), (Door::Tls, "tls")] {
        let home = Home::empty();
        let (port, authority, visits) = server(&home, door);
        let out = test(&home, port, tls, &authority);
        assert_eq!(out.code, 0, "{}", out.all());
        assert!(out.stdout.contains("queued as 42"), "{}", out.all());
        let visit = visits.recv().unwrap();
        let before: Vec<&str> = visit
            .plain
            .iter()
            .map(|line| line.split(' ').next().unwrap())
            .collect();
        let allowed: &[&str] = if door == Door::Tls {
            &[]
        } else {
            &["EHLO", "STARTTLS"]
        };
        assert_eq!(before, allowed, "{visit:?}");
        assert!(
            visit
                .sealed
                .iter()
                .any(|line| line.starts_with("AUTH PLAIN ")),
            "{visit:?}"
        );
        assert!(
            visit
                .sealed
                .iter()
                .any(|line| line == "RCPT TO:<boss@example.com>"),
            "{visit:?}"
        );
        for words in [
            "From: evercert@example.com",
            "Subject: [TEST] Evercert can reach you this way",
            "Message-ID: <",
            "\r\nEvercert on ",
        ] {
            assert!(visit.mail.contains(words), "{words} in {}", visit.mail);
        }
    }
}

#[test]
fn a_server_without_tls_or_of_an_unknown_authority_gets_no_password() {
    let home = Home::empty();
    let (port, authority, visits) = server(&home, Door::Plain);
    let out = test(&home, port, "starttls", &authority);
    assert_eq!(out.code, 1, "{}", out.all());
    assert!(
        out.stdout.contains("STARTTLS is not supported"),
        "{}",
        out.all()
    );
    let visit = visits.recv().unwrap();
    assert!(
        !visit.plain.iter().any(|line| line.starts_with("AUTH")),
        "{visit:?}"
    );

    let other = Home::empty();
    let (_, stranger, _visits) = server(&other, Door::Tls);
    for (door, tls) in [(Door::StartTls, "starttls"), (Door::Tls, "tls")] {
        let home = Home::empty();
        let (port, _, visits) = server(&home, door);
        let out = test(&home, port, tls, &stranger);
        assert_eq!(out.code, 1, "{}", out.all());
        assert!(!out.all().contains("PASSWORD"), "{}", out.all());
        assert_eq!(visits.recv().unwrap().sealed.len(), 0);
    }
}

#[test]
fn a_server_that_babbles_or_is_silent_is_left() {
    let home = Home::empty();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            // No end of a line, ever.
            while stream.write_all(&[b'x'; 65536]).is_ok() {}
        }
    });
    let out = test(&home, port, "none", "/nonexistent");
    assert_eq!(out.code, 1);
    assert!(
        out.stdout.contains("more than a mail server has to"),
        "{}",
        out.all()
    );
    let silent = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = silent.local_addr().unwrap().port();
    let out = test(&home, port, "none", "/nonexistent");
    assert!(
        out.stdout.contains("longer than 10 seconds"),
        "{}",
        out.all()
    );
}
