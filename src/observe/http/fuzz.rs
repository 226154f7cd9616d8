//! Requests from whoever reaches the port, over a real connection: whole, cut short, or nothing that HTTP knows.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::tests::site;
use super::*;
use crate::clock::SystemClock;
use crate::fuzz::Target;

/// The largest page is of a few hundred certificates.
const LARGEST: usize = 2 * 1024 * 1024;

const WORDS: &[&str] = &[
    "GET / HTTP/1.1\r\n",
    "HEAD ",
    "OPTIONS /healthz HTTP/1.0\r\n\r\n",
    "Host: localhost\r\n",
    "Host: 127.0.0.1:9219\r\n",
    "Content-Length: 0\r\n",
    "Content-Length: 18446744073709551616\r\n",
    "Transfer-Encoding: chunked\r\n",
    "Connection: keep-alive\r\n",
    "Expect: 100-continue\r\n",
    "Upgrade: h2c\r\n",
    "Accept-Language: zh-CN,zh;q=0.9\r\n",
    "/certificates/new.example.com",
    "?q=%e4%be%8b&page=-1&lang=zh&state=",
    "%0d%0aX: y",
    "\"><script>alert(1)</script>",
    " HTTP/1.1\r\n\r\n",
    "\r\n\r\n",
];

/// All that comes back.
async fn answered(address: std::net::SocketAddr, request: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(address).await.unwrap();
    // It may be closed before all of it is read.
    let sent = stream.write_all(request).await;
    if sent.is_ok() {
        drop(stream.shutdown().await);
    }
    let mut all = Vec::new();
    let mut bounded = stream.take(LARGEST as u64 + 1);
    drop(bounded.read_to_end(&mut all).await);
    all
}

fn judge(answer: &[u8]) -> String {
    if answer.is_empty() {
        return "nothing".to_owned();
    }
    assert!(answer.len() <= LARGEST);
    let text = String::from_utf8_lossy(answer);
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let mut lines = head.split("\r\n");
    let status = lines.next().unwrap();
    let number = status.split(' ').nth(1).unwrap();
    assert!(
        [
            "200", "400", "404", "405", "413", "414", "421", "431", "505"
        ]
        .contains(&number),
        "{status}"
    );
    let names = [
        "content-security-policy",
        "x-frame-options",
        "cache-control",
    ];
    // Hyper answers by itself where it is no request.
    let is_ours = head.contains("content-type");
    for name in names {
        let count = head.matches(&format!("\r\n{name}: ")).count();
        assert!(!is_ours || count == 1, "{head}");
    }
    for line in lines {
        let (name, value) = line.split_once(':').unwrap();
        assert!(
            name.bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte == b'-'),
            "{line}"
        );
        assert!(!value.contains(char::is_control), "{line}");
    }
    assert!(!body.contains("<script>"), "{body}");
    let title = body.split("<h1").nth(1).and_then(|rest| rest.get(..40));
    format!("{status} {}", title.unwrap_or_default())
}

#[test]
fn no_request_makes_it_panic_hang_or_show_what_was_sent_as_it_was_sent() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let stop = CancellationToken::new();
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let address = listener.local_addr().unwrap();
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let server = runtime.spawn(serve(listener, Arc::new(site(true)), clock, stop.clone()));
    Target::of("http").words(WORDS).run(|request| {
        let answer = runtime.block_on(answered(address, request));
        judge(&answer)
    });
    // It is there still.
    let good = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let answer = runtime.block_on(answered(address, good));
    assert!(answer.ends_with(b"alive\n"));
    stop.cancel();
    runtime.block_on(server).unwrap();
}
