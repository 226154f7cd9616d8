//! Channels against servers of our own: good ones, and those that hang, redirect or answer rubbish.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use serde_json::Value;

use super::*;
use crate::clock::SystemClock;
use crate::config::{Config, Topic};
use crate::observe::{Event, Fact};

/// What a server was asked.
struct Asked {
    head: String,
    body: Vec<u8>,
}

impl Asked {
    fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (found, value) = line.split_once(": ")?;
            found.eq_ignore_ascii_case(name).then_some(value)
        })
    }

    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// A server that gives every request this answer, byte by byte. Returns its port and what it was asked.
fn server(answer: impl Into<Vec<u8>>) -> (u16, Receiver<Asked>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let (tell, told) = channel();
    let answer = answer.into();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            tell.send(read_request(&mut stream)).ok();
            // A client that has read enough may have gone.
            stream.write_all(&answer).ok();
        }
    });
    (port, told)
}

fn read_request(stream: &mut TcpStream) -> Asked {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let end = bytes.windows(4).position(|window| window == b"\r\n\r\n");
        if let Some(end) = end {
            let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
            let body = bytes[end + 4..].to_vec();
            let asked = Asked { head, body };
            let length = asked
                .header("content-length")
                .map_or(0, |length| length.parse().unwrap());
            if asked.body.len() >= length {
                return asked;
            }
        }
        let read = stream.read(&mut buffer).unwrap();
        assert!(read > 0, "the request broke off");
        bytes.extend_from_slice(&buffer[..read]);
    }
}

fn ok(body: &str) -> String {
    format!(
        "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
}

/// The channel that this entry of a config makes.
fn notify(entry: &str) -> Notify {
    let text = format!("[[certificates]]\ndomain = \"a.example\"\n[[notify]]\n{entry}\n");
    let config: Config = crate::config::parse(&text, None).unwrap().config;
    config.notifications.channels.into_iter().next().unwrap()
}

fn message() -> Message {
    let fact = Fact::CertificateFailed {
        reason: "<b>no</b> & \"luck\"".into(),
        goes_back: false,
    };
    let notice = Notice {
        id: 7,
        at: SystemClock::new().now(),
        topic: Topic::Failed,
        state: State::Problem,
        event: Event::of(fact).certificate("a.example"),
    };
    Message::of_events(
        "ec-abcdef-7-7".into(),
        "web1",
        SystemClock::new().now(),
        vec![notice],
    )
}

async fn send(entry: &str) -> Result<String, String> {
    let sender = Sender::new(None, Arc::new(SystemClock::new()));
    let outcome = sender.send(&notify(entry), &message()).await;
    outcome
        .map(|sent| sent.answer)
        .map_err(|error| error.to_string())
}

/// HMAC-SHA256 as RFC 2104 writes it down, for keys of up to 64 bytes: not by the library that signs.
fn rfc2104(key: &[u8], data: &[u8]) -> String {
    use sha2::Digest as _;
    let padded = |pad: u8| -> Vec<u8> {
        (0..64)
            .map(|place| key.get(place).unwrap_or(&0) ^ pad)
            .collect()
    };
    let inner = Sha256::digest([padded(0x36), data.to_vec()].concat());
    let outer = Sha256::digest([padded(0x5c), inner.to_vec()].concat());
    outer.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[tokio::test]
async fn a_webhook_gets_json_and_a_signature_over_timestamp_and_body() {
    let (port, asked) = server(ok(""));
    send(&format!(
        "type = \"webhook\"\nurl = \"http://127.0.0.1:{port}/hook?token=T\"\nsecret = \"hush\""
    ))
    .await
    .unwrap();
    let asked = asked.recv().unwrap();
    assert!(
        asked.head.starts_with("POST /hook?token=T HTTP/1.1"),
        "{}",
        asked.head
    );
    let timestamp = asked.header("X-Evercert-Timestamp").unwrap();
    let mut signed = format!("{timestamp}.").into_bytes();
    signed.extend_from_slice(&asked.body);
    let expected = format!("sha256={}", rfc2104(b"hush", &signed));
    assert_eq!(
        asked.header("X-Evercert-Signature"),
        Some(expected.as_str())
    );
    assert_eq!(asked.header("X-Evercert-Id"), Some("ec-abcdef-7-7"));
    assert_eq!(asked.json()["events"][0]["certificate"], "a.example");
}

#[tokio::test]
async fn each_service_gets_its_own_form() {
    let (port, asked) = server(ok(
        r#"{"errcode":0,"errmsg":"ok","code":0,"msg":"success","ok":true}"#,
    ));
    let url = format!("url = \"http://127.0.0.1:{port}/send?key=K\"");
    let read = |path: &[&str]| {
        let json = asked.recv().unwrap().json();
        let text = path.iter().fold(&json, |value, key| &value[*key]);
        text.as_str().unwrap_or_else(|| panic!("{json}")).to_owned()
    };
    for (entry, path) in [
        ("type = \"wecom\"", ["text", "content"]),
        (
            "type = \"dingtalk\"\nsecret = \"SEC1\"",
            ["text", "content"],
        ),
        ("type = \"feishu\"\nsecret = \"s\"", ["content", "text"]),
    ] {
        send(&format!("{entry}\n{url}")).await.unwrap();
        let text = read(&path);
        assert!(
            text.starts_with("[WARNING] a.example gets no new certificate\n")
                && text.contains("\n[WARNING] a.example: <b>no</b>"),
            "{text}"
        );
    }
    send(&format!("type = \"slack\"\n{url}")).await.unwrap();
    assert!(read(&["text"]).contains("&lt;b&gt;no&lt;/b&gt; &amp;"));
    send(&format!(
        "type = \"telegram\"\n{url}\ntoken = \"1:abc\"\nchat_id = \"-5\""
    ))
    .await
    .unwrap();
    let telegram = asked.recv().unwrap();
    assert!(
        telegram.head.starts_with("POST /send/bot1:abc/sendMessage"),
        "{}",
        telegram.head
    );
    assert_eq!(telegram.json()["chat_id"], "-5");
}

#[tokio::test]
async fn a_code_other_than_zero_is_a_refusal_though_the_status_is_200() {
    for (kind, body, says) in [
        (
            "wecom",
            r#"{"errcode":45009,"errmsg":"freq out of limit"}"#,
            "its answer has code 45009: freq out of limit",
        ),
        (
            "dingtalk",
            r#"{"errcode":310000,"errmsg":"sign not match"}"#,
            "its answer has code 310000: sign not match",
        ),
        (
            "feishu",
            r#"{"code":19021,"msg":"sign match fail"}"#,
            "its answer has code 19021: sign match fail",
        ),
        (
            "feishu",
            r#"{"StatusCode":0,"StatusMessage":"success"}"#,
            "",
        ),
        ("wecom", "<html>rubbish</html>", "no code in it"),
        ("feishu", r#"{"code":"0"}"#, "no code in it"),
    ] {
        let (port, _asked) = server(ok(body));
        let outcome = send(&format!(
            "type = \"{kind}\"\nurl = \"http://127.0.0.1:{port}/K\""
        ))
        .await;
        match outcome {
            Ok(_) => assert_eq!(says, "", "{body}"),
            Err(error) => assert!(!says.is_empty() && error.contains(says), "{body}: {error}"),
        }
    }
}

#[tokio::test]
async fn who_asks_for_patience_is_heard_within_reason() {
    let throttled =
        "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 30\r\nContent-Length: 0\r\n\r\n";
    let telegram = r#"{"ok":false,"error_code":429,"description":"Too Many Requests","parameters":{"retry_after":999999}}"#;
    for (entry, answer, wait) in [
        ("type = \"slack\"", throttled.to_owned(), 30),
        (
            "type = \"telegram\"\ntoken = \"1:a\"\nchat_id = \"1\"",
            ok(telegram),
            3600,
        ),
    ] {
        let (port, _asked) = server(answer);
        let sender = Sender::new(None, Arc::new(SystemClock::new()));
        let notify = notify(&format!("{entry}\nurl = \"http://127.0.0.1:{port}/\""));
        let error = sender.send(&notify, &message()).await.unwrap_err();
        assert_eq!(
            error.retry_after(),
            Some(Duration::from_secs(wait)),
            "{error}"
        );
    }
}

#[tokio::test]
async fn a_token_that_an_answer_repeats_is_not_shown() {
    let echo = r#"{"errcode":93000,"errmsg":"invalid key TOKEN-1 at /HOOK-2/send","ok":false,"description":"bot9:TOKEN-3 is unknown"}"#;
    let (port, _asked) = server(ok(echo));
    let url = format!("url = \"http://127.0.0.1:{port}/HOOK-2/send?key=TOKEN-1\"");
    for entry in [
        "type = \"wecom\"",
        "type = \"telegram\"\ntoken = \"9:TOKEN-3\"\nchat_id = \"1\"",
    ] {
        let error = send(&format!("{entry}\n{url}")).await.unwrap_err();
        assert!(error.contains("…") && !error.contains("TOKEN"), "{error}");
    }
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let (inner, reached) = server(ok(""));
    let moved = format!(
        "HTTP/1.1 307 Moved\r\nLocation: http://127.0.0.1:{inner}/\r\nContent-Length: 0\r\n\r\n"
    );
    let (port, _asked) = server(moved);
    let error = send(&format!(
        "type = \"webhook\"\nurl = \"http://127.0.0.1:{port}/T\""
    ))
    .await
    .unwrap_err();
    assert!(error.contains("redirects are not followed"), "{error}");
    assert!(reached.try_recv().is_err());
}

#[tokio::test]
async fn endless_slow_and_broken_answers_are_bounded_and_show_no_address() {
    let endless = [b"HTTP/1.1 200 OK\r\n\r\n".to_vec(), vec![b'x'; 32 << 20]].concat();
    let (port, _asked) = server(endless);
    send(&format!(
        "type = \"webhook\"\nurl = \"http://127.0.0.1:{port}/TOKEN\""
    ))
    .await
    .unwrap();
    let started = SystemClock::new();
    let silent = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = silent.local_addr().unwrap().port();
    for entry in ["type = \"webhook\"", "type = \"slack\""] {
        let entry = format!("{entry}\ntimeout = \"1s\"\nurl = \"http://127.0.0.1:{port}/TOKEN\"");
        let error = send(&entry).await.unwrap_err();
        assert!(error.contains("longer than 1 seconds"), "{error}");
    }
    assert!(started.monotonic() < Duration::from_secs(20));
    drop(silent);
    for answer in [
        "",
        "rubbish\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhalf",
    ] {
        let (port, _asked) = server(answer);
        let error = send(&format!(
            "type = \"webhook\"\nurl = \"http://127.0.0.1:{port}/TOKEN\""
        ))
        .await
        .unwrap_err();
        assert!(
            error.starts_with("127.0.0.1 ") && !error.contains("TOKEN"),
            "{error}"
        );
    }
}

#[tokio::test]
async fn a_name_that_leads_to_the_internet_gets_no_plain_http() {
    use reqwest::dns::Resolve as _;
    let found = http::PrivateOnly
        .resolve("127.0.0.1".parse().unwrap())
        .await;
    assert_eq!(found.map(Iterator::count).unwrap_or_default(), 1);
    let found = http::PrivateOnly
        .resolve("203.0.113.7".parse().unwrap())
        .await;
    assert!(found.is_err());
}

#[tokio::test]
async fn secrets_come_from_files_that_are_their_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let (port, asked) = server(ok(""));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("url");
    std::fs::write(&path, format!("http://127.0.0.1:{port}/TOKEN\n")).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    let entry = format!("type = \"slack\"\nurl_file = \"{}\"", path.display());
    let notify = notify(&entry);
    let sender = Sender::new(None, Arc::new(SystemClock::new()));
    sender.send(&notify, &message()).await.unwrap();
    assert!(asked.recv().unwrap().head.starts_with("POST /TOKEN "));
    std::fs::write(&path, "http://203.0.113.1/TOKEN\n").unwrap();
    let error = sender
        .send(&notify, &message())
        .await
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("plain http") && !error.contains("TOKEN"),
        "{error}"
    );
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    let error = sender
        .send(&notify, &message())
        .await
        .unwrap_err()
        .to_string();
    assert!(error.contains("chmod 600"), "{error}");
}

#[tokio::test]
async fn a_command_gets_the_json_and_its_failure_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let script = format!(
        "cat > {0}; echo \"$EVERCERT_KIND $EVERCERT_TITLE\" >> {0}; echo done",
        out.display()
    );
    let answer = send(&format!(
        "type = \"exec\"\ncommand = [\"sh\", \"-c\", {script:?}]"
    ))
    .await
    .unwrap();
    assert_eq!(answer, "it ended well: done");
    let written = std::fs::read_to_string(out).unwrap();
    assert!(
        written.starts_with('{')
            && written.contains("events [WARNING] a.example gets no new certificate"),
        "{written}"
    );
    let error = send("type = \"exec\"\ncommand = [\"sh\", \"-c\", \"echo no >&2; exit 4\"]")
        .await
        .unwrap_err();
    assert_eq!(error, "sh ended with exit code 4: no");
}

#[tokio::test]
async fn the_dead_mans_switch_is_asked_once() {
    let (port, asked) = server(ok("OK"));
    let text = format!(
        "[notifications]\ndead_man = \"http://127.0.0.1:{port}/uuid\"\n[[certificates]]\ndomain = \"a.example\"\n"
    );
    let config = crate::config::parse(&text, None).unwrap().config;
    let sender = Sender::new(None, Arc::new(SystemClock::new()));
    sender
        .ping(&config.notifications.dead_man.unwrap())
        .await
        .unwrap();
    assert!(asked.recv().unwrap().head.starts_with("GET /uuid "));
}

#[tokio::test]
async fn each_channel_writes_in_its_own_language_and_the_first_line_is_the_title() {
    let (port, asked) = server(ok(r#"{"errcode":0,"code":0,"ok":true}"#));
    let url = format!("url = \"http://127.0.0.1:{port}/send?key=K\"\nlang = \"zh\"");
    for (entry, path) in [
        ("type = \"wecom\"", ["text", "content"]),
        ("type = \"dingtalk\"", ["text", "content"]),
        ("type = \"feishu\"", ["content", "text"]),
    ] {
        send(&format!("{entry}\n{url}")).await.unwrap();
        let json = asked.recv().unwrap().json();
        let text = json[path[0]][path[1]].as_str().unwrap();
        assert!(
            text.starts_with("[警告] a.example 申请证书失败\n[警告] a.example：申请证书失败：")
                && text.ends_with("\n来自 web1 上的 Evercert"),
            "{text}"
        );
    }
}
