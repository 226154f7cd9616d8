use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::sync::mpsc::{Receiver, channel};

use super::super::Message;
use super::*;
use crate::config::HostPort;

/// A strict mail server for one guest: refuses bare names, and every recipient whose name begins with "dead". Gives what
/// it was told, line by line.
fn strict_server() -> (u16, Receiver<Vec<String>>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let (tell, told) = channel();
    std::thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        let mut writer = stream.try_clone().unwrap();
        let mut say = |text: &str| writer.write_all(format!("{text}\r\n").as_bytes()).unwrap();
        say("220 strict.example ESMTP");
        let mut lines = Vec::new();
        let mut in_mail = false;
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            lines.push(line.clone());
            let answer = match line.as_str() {
                "." => "250 queued",
                _ if in_mail => continue,
                "DATA" => "354 go on",
                "QUIT" => "221 bye",
                line if line.starts_with("EHLO ") => {
                    let name = &line[5..];
                    if name.starts_with('[') || name.contains('.') {
                        "250 strict.example"
                    } else {
                        "504 need a fully-qualified host name"
                    }
                }
                line if line.starts_with("RCPT TO:<dead") => "550 5.1.1 no such user here",
                _ => "250 ok",
            };
            in_mail = line == "DATA";
            say(answer);
            if line == "QUIT" {
                break;
            }
        }
        tell.send(lines).unwrap();
    });
    (port, told)
}

async fn send_to(to: &[&str]) -> (Result<Sent, NotificationError>, Vec<String>) {
    let (port, told) = strict_server();
    let mail = Mail {
        server: HostPort {
            host: "127.0.0.1".to_owned(),
            port,
        },
        tls: MailTls::None,
        user: None,
        password: None,
        from: "evercert@example.com".to_owned(),
        to: to.iter().map(|to| (*to).to_owned()).collect(),
    };
    let at = chrono::DateTime::from_timestamp(1_770_000_000, 0).unwrap();
    let outcome = send(&mail, &Message::test("web1", at)).await;
    (outcome, told.recv().unwrap_or_default())
}

#[tokio::test]
async fn who_is_refused_is_named_and_the_others_get_the_mail() {
    let (outcome, lines) = send_to(&["dead@example.com", "ops@example.com"]).await;
    let refused = outcome.unwrap().refused.unwrap();
    assert!(
        refused.contains("dead@example.com") && refused.contains("no such user"),
        "{refused}"
    );
    assert!(!refused.contains("ops@example.com"), "{refused}");
    assert!(lines.contains(&".".to_owned()), "{lines:?}");
    let (outcome, lines) = send_to(&["ops@example.com", "night@example.com"]).await;
    assert_eq!(outcome.unwrap().refused, None);
    assert_eq!(
        lines.iter().filter(|line| line.starts_with("RCPT")).count(),
        2
    );
}

#[tokio::test]
async fn a_mail_that_nobody_may_get_is_refused_as_a_whole() {
    let (port, _told) = strict_server();
    let mail = Mail {
        server: HostPort {
            host: "127.0.0.1".to_owned(),
            port,
        },
        tls: MailTls::None,
        user: None,
        password: None,
        from: "evercert@example.com".to_owned(),
        to: vec!["dead@example.com".to_owned()],
    };
    let at = chrono::DateTime::from_timestamp(1_770_000_000, 0).unwrap();
    let error = send(&mail, &Message::test("web1", at)).await.unwrap_err();
    assert!(error.to_string().contains("no such user"), "{error}");
}

#[test]
fn a_bare_host_name_is_never_given() {
    let own = "192.0.2.7:40000".parse().unwrap();
    assert_eq!(hello("web1", own).to_string(), "[192.0.2.7]");
    assert_eq!(
        hello("web1.example.com", own).to_string(),
        "web1.example.com"
    );
    assert_eq!(hello("we b.1", own).to_string(), "[192.0.2.7]");
    let own = "[2001:db8::7]:40000".parse().unwrap();
    assert_eq!(hello("", own).to_string(), "[IPv6:2001:db8::7]");
}
