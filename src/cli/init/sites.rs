//! What nginx serves, as its configuration says: names, where they are reached with TLS, and with which certificate.

use std::collections::HashMap;
use std::path::Path;

use super::grammar::{Directive, Place};

/// One `server` block of http.
#[derive(Clone, Debug)]
pub(super) struct Server {
    /// Where it begins.
    pub(super) place: Place,
    /// Its names, as they are written.
    pub(super) names: Vec<String>,
    /// Where it is reached with TLS.
    pub(super) tls: Vec<Socket>,
    /// Whether it takes plain HTTP too.
    pub(super) plain: bool,
    /// The certificate files that it serves.
    pub(super) certificates: Vec<String>,
}

/// An address and a port that a server is reached at, with TLS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Socket {
    /// The address, as it is written; `None` for every address of the machine.
    pub(super) address: Option<String>,
    /// The port.
    pub(super) port: u16,
    /// Whether a connection begins with the PROXY protocol, which no visitor speaks.
    pub(super) behind_proxy: bool,
}

/// A `server` block of stream or mail that has a certificate.
#[derive(Clone, Debug)]
pub(super) struct Other {
    /// Where it begins.
    pub(super) place: Place,
    /// `stream` or `mail`.
    pub(super) kind: &'static str,
}

/// What a configuration serves.
#[derive(Debug, Default)]
pub(super) struct Sites {
    /// Servers of http, in the order of the files.
    pub(super) servers: Vec<Server>,
    /// Servers of other protocols, with TLS.
    pub(super) others: Vec<Other>,
}

/// One `listen`.
#[derive(Clone)]
struct Listen {
    /// As it is written; [`EVERYWHERE`] has two.
    address: String,
    port: u16,
    tls: bool,
    behind_proxy: bool,
    /// Over UDP: HTTP/3.
    quic: bool,
}

/// Every address of the machine: of the fourth version of IP, and of the sixth.
const EVERYWHERE: [&str; 2] = ["*", "[::]"];

/// What a block says of certificates, and leaves to blocks in it that say nothing.
#[derive(Clone, Default)]
struct Tls {
    certificates: Vec<String>,
    /// The former `ssl on`.
    on: bool,
}

impl Tls {
    fn of(block: &[Directive], around: &Self) -> Self {
        let files = |directive: &Directive| directive.arguments().first().cloned();
        let own: Vec<String> = named(block, "ssl_certificate").filter_map(files).collect();
        let on = named(block, "ssl")
            .last()
            .and_then(|last| last.arguments().first());
        Self {
            certificates: if own.is_empty() {
                around.certificates.clone()
            } else {
                own
            },
            on: on.map_or(around.on, |word| word == "on"),
        }
    }
}

/// The directives of this name in a block.
fn named<'d>(block: &'d [Directive], name: &'static str) -> impl Iterator<Item = &'d Directive> {
    block
        .iter()
        .filter(move |directive| directive.name() == name)
}

/// What a configuration serves. Files of a folder of sites have their servers at the top.
pub(super) fn sites(directives: &[Directive]) -> Sites {
    let none = Tls::default();
    let mut found = Vec::new();
    servers_in(directives, &none, &mut found);
    for http in named(directives, "http") {
        let block = http.block.as_deref().unwrap_or_default();
        servers_in(block, &Tls::of(block, &none), &mut found);
    }
    // What one server says of a socket holds for every server there.
    let mut sockets: HashMap<(String, u16), (bool, bool)> = HashMap::new();
    for listen in found
        .iter()
        .flat_map(|(_, listens)| listens)
        .filter(|listen| !listen.quic)
    {
        let known = sockets
            .entry((listen.address.clone(), listen.port))
            .or_default();
        known.0 |= listen.tls;
        known.1 |= listen.behind_proxy;
    }
    let mut sites = Sites::default();
    for (mut server, listens) in found {
        for listen in listens.into_iter().filter(|listen| !listen.quic) {
            let key = (listen.address, listen.port);
            let (tls, behind_proxy) = sockets.get(&key).copied().unwrap_or_default();
            let socket = Socket {
                address: Some(key.0).filter(|address| !EVERYWHERE.contains(&address.as_str())),
                port: key.1,
                behind_proxy,
            };
            server.plain |= !tls;
            if tls && !server.tls.contains(&socket) {
                server.tls.push(socket);
            }
        }
        sites.servers.push(server);
    }
    for kind in ["stream", "mail"] {
        for around in named(directives, kind) {
            let block = around.block.as_deref().unwrap_or_default();
            let outer = Tls::of(block, &none);
            for server in named(block, "server") {
                let inner = server.block.as_deref().unwrap_or_default();
                if !Tls::of(inner, &outer).certificates.is_empty() {
                    sites.others.push(Other {
                        place: server.place.clone(),
                        kind,
                    });
                }
            }
        }
    }
    sites
}

fn servers_in(block: &[Directive], around: &Tls, found: &mut Vec<(Server, Vec<Listen>)>) {
    for directive in named(block, "server") {
        // In an upstream it has none.
        let Some(inner) = &directive.block else {
            continue;
        };
        let tls = Tls::of(inner, around);
        let mut listens: Vec<Listen> = Vec::new();
        for listen in named(inner, "listen") {
            listens.extend(read_listen(listen.arguments()));
        }
        if named(inner, "listen").next().is_none() {
            listens.push(Listen {
                address: EVERYWHERE[0].to_owned(),
                port: 80,
                tls: false,
                behind_proxy: false,
                quic: false,
            });
        }
        if tls.on {
            listens.iter_mut().for_each(|listen| listen.tls = true);
        }
        let names = named(inner, "server_name").flat_map(|names| names.arguments());
        let server = Server {
            place: directive.place.clone(),
            names: names.cloned().collect(),
            tls: Vec::new(),
            plain: false,
            certificates: tls.certificates,
        };
        found.push((server, listens));
    }
}

/// One `listen`; `None` where nobody can connect to it by an address and a port.
fn read_listen(arguments: &[String]) -> Option<Listen> {
    let (written, options) = arguments.split_first()?;
    if written.starts_with("unix:") {
        return None;
    }
    let has = |option: &str| options.iter().any(|word| word == option);
    let (address, port) = match written.rsplit_once(':') {
        _ if written.bytes().all(|byte| byte.is_ascii_digit()) => ("", written.as_str()),
        // `[::]` without a port.
        _ if written.ends_with(']') => (written.as_str(), "80"),
        Some((address, port)) => (address, port),
        None => (written.as_str(), "80"),
    };
    let address = match address {
        "" | "0.0.0.0" => EVERYWHERE[0],
        "[::0]" => EVERYWHERE[1],
        other => other,
    };
    Some(Listen {
        address: address.to_ascii_lowercase(),
        port: port.parse().ok().filter(|port| *port > 0)?,
        tls: has("ssl"),
        behind_proxy: has("proxy_protocol"),
        quic: has("quic"),
    })
}

/// What one of a server's names is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Named<'n> {
    /// One name.
    Exact(&'n str),
    /// `.example.com`: this name, and every name below it.
    WithAllBelow(&'n str),
    /// `*.example.com`, `www.example.*`.
    Wildcard,
    /// `~…`.
    Pattern,
    /// `$hostname`.
    HostName,
    /// None: the server is for what no other is for.
    Nothing,
}

impl<'n> Named<'n> {
    /// What this one is (nginx, "Server names").
    pub(super) fn of(written: &'n str) -> Self {
        match written {
            "" | "_" => Self::Nothing,
            "$hostname" => Self::HostName,
            _ if written.starts_with('~') => Self::Pattern,
            _ if written.contains('*') => Self::Wildcard,
            _ => match written.strip_prefix('.') {
                Some(name) => Self::WithAllBelow(name),
                None => Self::Exact(written),
            },
        }
    }
}

impl Server {
    /// Where a client that looks after this name connects: `host:port`. By the name itself where every address is
    /// listened on, else at the very address; `None` where none can.
    pub(super) fn reached_as(&self, name: &str) -> Option<String> {
        let open = || self.tls.iter().filter(|socket| !socket.behind_proxy);
        let everywhere = || open().filter(|socket| socket.address.is_none());
        let usual = |socket: &&Socket| socket.port == 443;
        let socket = everywhere()
            .find(usual)
            .or_else(|| everywhere().next())
            .or_else(|| open().find(usual))
            .or_else(|| open().next())?;
        let host = socket.address.as_deref().unwrap_or(name);
        Some(format!("{host}:{}", socket.port))
    }

    /// Whether it serves what lies in this folder already.
    pub(super) fn serves_from(&self, folder: &Path) -> bool {
        let mut files = self.certificates.iter();
        files.any(|file| Path::new(file).starts_with(folder))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::grammar::parse;
    use super::*;

    fn read(text: &str) -> Sites {
        sites(&parse(&Arc::from(Path::new("nginx.conf")), text.as_bytes()).unwrap())
    }

    /// Where the first server of this text is reached as `a.example`.
    fn reached(inside: &str) -> Option<String> {
        read(&format!("http {{ server {{ {inside} }} }}")).servers[0].reached_as("a.example")
    }

    #[test]
    fn a_server_is_reached_where_it_listens_with_tls() {
        for (inside, address) in [
            ("listen 443 ssl;", Some("a.example:443")),
            (
                "listen 443 ssl http2 default_server;",
                Some("a.example:443"),
            ),
            (
                "listen 80; listen [::]:443 ssl ipv6only=on;",
                Some("a.example:443"),
            ),
            ("listen 8443 ssl; listen *:443 ssl;", Some("a.example:443")),
            ("listen 8443 ssl;", Some("a.example:8443")),
            ("listen 127.0.0.1:8443 ssl;", Some("127.0.0.1:8443")),
            ("listen [2001:DB8::1]:443 ssl;", Some("[2001:db8::1]:443")),
            ("listen localhost:8443 ssl;", Some("localhost:8443")),
            (
                "listen 10.0.0.1:443 ssl; listen 0.0.0.0:444 ssl;",
                Some("a.example:444"),
            ),
            ("listen 443; ssl on;", Some("a.example:443")),
            (
                "listen 443 quic reuseport; listen 443 ssl;",
                Some("a.example:443"),
            ),
            ("listen 443 quic;", None),
            ("listen 127.0.0.1:8443 ssl proxy_protocol;", None),
            ("listen unix:/run/a.sock ssl;", None),
            ("listen 80;", None),
            ("listen [::];", None),
            ("", None),
        ] {
            assert_eq!(reached(inside).as_deref(), address, "{inside}");
        }
    }

    #[test]
    fn what_one_server_says_of_a_socket_holds_for_all() {
        let sites = read(
            "http { server { listen 443 ssl; server_name a.example; } server { listen 443; server_name b.example; } }",
        );
        assert_eq!(
            sites.servers[1].reached_as("b.example").unwrap(),
            "b.example:443"
        );
        assert!(!sites.servers[1].plain);
    }

    #[test]
    fn certificates_are_inherited_unless_a_server_has_its_own() {
        let sites = read(
            "http { ssl_certificate /a.pem; server { listen 443 ssl; } server { listen 443 ssl; ssl_certificate /b.pem; ssl_certificate /c.pem; } }",
        );
        assert_eq!(sites.servers[0].certificates, ["/a.pem"]);
        assert_eq!(sites.servers[1].certificates, ["/b.pem", "/c.pem"]);
        assert!(sites.servers[1].serves_from(Path::new("/")));
        assert!(!sites.servers[0].serves_from(Path::new("/a")));
    }

    #[test]
    fn only_servers_of_http_are_sites() {
        let sites = read(
            "stream { ssl_certificate /s.pem; upstream u { server 10.0.0.1:443; } map $a $b { server x; } server { listen 993 ssl; } }
             mail { server { listen 25; } server { listen 465 ssl; ssl_certificate /m.pem; } }
             http { upstream u { server 10.0.0.1; } server { server_name a.example; location / { if ($x) { return 1; } } } }
             server { server_name b.example; }",
        );
        let names: Vec<&String> = sites
            .servers
            .iter()
            .flat_map(|server| &server.names)
            .collect();
        assert_eq!(names, ["b.example", "a.example"]);
        let others: Vec<&str> = sites.others.iter().map(|other| other.kind).collect();
        assert_eq!(others, ["stream", "mail"]);
    }

    #[test]
    fn names_are_told_apart_as_nginx_does() {
        for (written, named) in [
            ("a.example", Named::Exact("a.example")),
            (".a.example", Named::WithAllBelow("a.example")),
            ("*.a.example", Named::Wildcard),
            ("www.a.*", Named::Wildcard),
            (r"~^(www\.)?a\.example$", Named::Pattern),
            ("$hostname", Named::HostName),
            ("_", Named::Nothing),
            ("", Named::Nothing),
        ] {
            assert_eq!(Named::of(written), named, "{written}");
        }
    }
}
