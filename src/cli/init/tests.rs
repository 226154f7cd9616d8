//! What is written is a config that the daemon starts with, whatever was found out there.

use std::path::Path;
use std::sync::Arc;

use proptest::prelude::*;
use serde_json::json;

use super::grammar::parse;
use super::proposal::{Proposal, Verify};
use super::served::{Advice, ToDo, propose};
use super::sites::sites;
use super::{Language, account, next, render};
use crate::clock::{Clock, SystemClock};
use crate::config::{self, Config};
use crate::lifecycle::Algorithm;
use crate::tencent::ssl::Listed;

const LIVE: &str = "/var/lib/evercert/live";

fn of_nginx(text: &str) -> (Proposal, Vec<Advice>) {
    let tree = parse(
        &Arc::from(Path::new("/etc/nginx/nginx.conf")),
        text.as_bytes(),
    )
    .unwrap();
    let mut proposal = Proposal::default();
    let advice = propose(&sites(&tree), Path::new(LIVE), &mut proposal);
    (proposal, advice)
}

fn text_of(proposal: &Proposal) -> String {
    render::config(
        &render::Head::default(),
        Path::new(LIVE),
        proposal,
        Language::English,
    )
}

/// The config that the daemon reads of it.
fn read(proposal: &Proposal) -> Config {
    let text = text_of(proposal);
    let loaded = config::parse(&text, None).unwrap_or_else(|rejected| panic!("{rejected}\n{text}"));
    assert!(loaded.warnings.is_empty(), "{:?}\n{text}", loaded.warnings);
    loaded.config
}

/// `name: verify`, an entry each.
fn shown(proposal: &Proposal) -> Vec<String> {
    let all = proposal.entries.iter();
    all.map(|entry| match &entry.verify {
        Some(Verify::At(address)) => format!("{}: {address}", entry.name.ascii),
        Some(Verify::Later(address)) => format!("{}: later {address}", entry.name.ascii),
        None => format!("{}: -", entry.name.ascii),
    })
    .collect()
}

fn left_out(proposal: &Proposal) -> Vec<String> {
    let all = proposal.left_out.iter();
    all.map(|one| format!("{}: {}", one.name, one.why.english))
        .collect()
}

#[test]
fn each_name_that_nginx_serves_gets_an_entry_and_what_has_none_is_said() {
    let (proposal, advice) = of_nginx(
        r#"http {
            ssl_certificate /etc/ssl/snakeoil.pem;
            server { listen 80 default_server; server_name _; return 301 https://$host$request_uri; }
            server { listen 80; server_name A.example plain.example; }
            server { listen 443 ssl; server_name a.example "www.a.example"; }
            server { listen 127.0.0.1:8443 ssl; server_name b.example; ssl_certificate /var/lib/evercert/live/b.example/fullchain.pem; }
            server { listen 443 ssl proxy_protocol; server_name c.example; ssl_certificate $ssl_server_name.crt; }
            server { listen 443 ssl; server_name .d.example *.e.example ~^f\.example$ $hostname 192.0.2.1 localhost a_b.example 例子.中国; }
        }"#,
    );
    // One socket, one protocol: what stands beside the PROXY protocol can't be looked at either.
    assert_eq!(
        shown(&proposal),
        [
            "a.example: -",
            "www.a.example: -",
            "b.example: 127.0.0.1:8443",
            "c.example: -",
            "d.example: -",
            "xn--fsqu00a.xn--fiqs8s: -",
            "plain.example: later plain.example:443",
        ]
    );
    let left = left_out(&proposal).join("\n");
    for says in [
        ".d.example: and every name below it",
        "*.e.example: a wildcard",
        "~^f\\.example$: a pattern",
        "$hostname: the machine's own name",
        "192.0.2.1: `192.0.2.1` is an IP address",
        "localhost: `localhost` has no dot",
        "a_b.example: `a_b.example` has `_` in it",
    ] {
        assert!(left.contains(says), "{says} is missing:\n{left}");
    }
    assert!(
        !left.contains("_:"),
        "a server for what no other is for is no name: {left}"
    );
    let to_do: Vec<ToDo> = advice.iter().map(|one| one.to_do).collect();
    assert_eq!(
        to_do,
        [
            ToDo::Split,
            ToDo::Nothing,
            ToDo::NameFiles,
            ToDo::Split,
            ToDo::AddTls
        ]
    );
    assert_eq!(advice[4].names, ["plain.example"]);
    let config = read(&proposal);
    assert_eq!(config.certificates.len(), 7);
    assert!(text_of(&proposal).contains("# 例子.中国\n"));
    assert!(text_of(&proposal).contains("# verify = \"plain.example:443\" # once nginx"));
}

#[test]
fn what_is_to_be_changed_in_nginx_is_told_as_it_is_typed() {
    let (_, advice) = of_nginx(
        "http { server { listen 443 ssl; server_name a.example; } server { listen 443 ssl; server_name b.example c.example; } }",
    );
    let written = |by_service| next::Written {
        config: Path::new(if by_service {
            "/etc/evercert/config.toml"
        } else {
            "/srv/my files/e.toml"
        }),
        by_service,
        is_added: false,
        new_drop_in: by_service,
        live: Path::new(LIVE),
        nginx: &advice,
    };
    let text = next::text(&written(true), Language::English);
    for line in [
        "    systemctl daemon-reload\n    systemctl enable --now evercert\n",
        "      ssl_certificate     /var/lib/evercert/live/a.example/fullchain.pem;\n      ssl_certificate_key /var/lib/evercert/live/a.example/privkey.pem;\n",
        "/etc/nginx/nginx.conf:1: serves 2 names",
        "      server {\n          server_name c.example;\n          ssl_certificate     /var/lib/evercert/live/c.example/fullchain.pem;\n",
        "    nginx -t && systemctl reload nginx\n",
        "    systemctl enable --now evercert-reload@a.example.path \\\n        evercert-reload@b.example.path \\\n        evercert-reload@c.example.path\n",
    ] {
        assert!(text.contains(line), "{line} is missing:\n{text}");
    }
    let text = next::text(&written(false), Language::Chinese);
    assert!(
        text.contains("    evercert --config '/srv/my files/e.toml' run\n"),
        "{text}"
    );
    assert!(!text.contains("systemctl"), "{text}");
}

/// An entry of the account's list, with what is changed of a live free certificate.
fn listed(id: &str, name: &str, changes: serde_json::Value) -> Listed {
    let mut entry = json!({
        "CertificateId": id, "Domain": name, "SubjectAltName": [], "Status": 1, "PackageType": "83",
        "From": "trustasia", "EncryptAlgorithm": "RSA 2048", "VerifyType": "DNS_AUTO", "AllowDownload": true,
        "CertEndTime": "2027-01-10 07:59:59", "InsertTime": "2026-10-12 08:00:00", "Alias": "",
    });
    for (key, value) in changes.as_object().unwrap() {
        entry[key] = value.clone();
    }
    serde_json::from_str(&entry.to_string()).unwrap()
}

fn of_account(entries: &[Listed]) -> Proposal {
    let now = chrono::DateTime::parse_from_rfc3339("2026-11-30T00:00:00Z").unwrap();
    let mut proposal = Proposal::default();
    account::List::of(entries, now.into()).propose(&mut proposal);
    proposal
}

#[test]
fn what_is_filed_under_a_project_stays_there() {
    let proposal = of_account(&[
        listed("a0001", "a.example", json!({"ProjectId": "1023"})),
        listed("b0001", "b.example", json!({"ProjectId": "0"})),
        listed("c0001", "c.example", json!({})),
    ]);
    let config = read(&proposal);
    let projects: Vec<Option<u64>> = config
        .certificates
        .iter()
        .map(|certificate| certificate.project_id)
        .collect();
    assert_eq!(projects, [Some(1023), None, None]);
}

#[test]
fn only_what_the_first_run_adopts_gets_an_entry() {
    let proposal = of_account(&[
        listed("live1", "a.example", json!({})),
        listed(
            "live2",
            "a.example",
            json!({"CertEndTime": "2027-02-10 07:59:59", "EncryptAlgorithm": "ECC prime256v1"}),
        ),
        listed(
            "old01",
            "a.example",
            json!({"Status": 3, "CertEndTime": "2026-01-10 07:59:59"}),
        ),
        listed(
            "www01",
            "b.example",
            json!({"SubjectAltName": ["www.b.example"], "VerifyType": "DNS"}),
        ),
        listed("paid1", "paid.example", json!({"PackageType": "3"})),
        listed(
            "upld1",
            "uploaded.example",
            json!({"From": "upload", "PackageType": null}),
        ),
        listed(
            "many1",
            "many.example",
            json!({"CertSANs": ["other.example"]}),
        ),
        listed("wild1", "*.w.example", json!({})),
        listed("endd1", "ended.example", json!({"Status": 3})),
        listed(
            "endd2",
            "past.example",
            json!({"CertEndTime": "2026-11-29 07:59:59"}),
        ),
        listed(
            "pend1",
            "pending.example",
            json!({"Status": 0, "CertEndTime": null}),
        ),
        listed(
            "fail1",
            "failed.example",
            json!({"Status": 2, "CertEndTime": null}),
        ),
        listed("nodl1", "kept.example", json!({"AllowDownload": false})),
        listed(
            "mark1",
            "twin.example",
            json!({"Alias": "ec-abc123-0000000a shop"}),
        ),
    ]);
    assert_eq!(
        shown(&proposal),
        ["a.example: -", "b.example: -", "twin.example: -"]
    );
    assert_eq!(
        proposal.entries[0].algorithm,
        Algorithm::Ecc,
        "what is adopted decides about the key"
    );
    let text = text_of(&proposal);
    for says in [
        "# adopted, not ordered: live2, until ",
        "# the longest-lived of 2 in the account\ndomain = \"a.example\"\nkey = \"ECC\"\n",
        "# it was proved by DNS;",
        "#   paid.example: no free certificate, but of package 3",
        "#   uploaded.example: uploaded",
        "#   many.example: covers several names: other.example",
        "#   *.w.example: a wildcard",
        "#   ended.example: ended",
        "#   past.example: ended",
        "#   pending.example: an order is under way",
        "#   kept.example: the service does not let it be downloaded",
    ] {
        assert!(text.contains(says), "{says} is missing:\n{text}");
    }
    assert!(
        !text.contains("failed.example"),
        "an order that came to nothing is no certificate:\n{text}"
    );
    read(&proposal);
}

#[test]
fn names_nginx_and_the_account_make_one_set() {
    let (mut proposal, _) =
        of_nginx("http { server { listen 443 ssl; server_name b.example a.example; } }");
    assert!(
        proposal
            .take_names(&["A.example".to_owned(), "c.example".to_owned()])
            .unwrap()
            .len()
            == 1
    );
    let now = SystemClock::new().now();
    let end = (now + chrono::TimeDelta::days(50))
        .format("%Y-%m-%d %H:%M:%S")
        .to_string();
    let entries = [listed(
        "live1",
        "b.example",
        json!({"CertEndTime": end, "EncryptAlgorithm": "ECC"}),
    )];
    account::List::of(&entries, now).propose(&mut proposal);
    assert_eq!(
        shown(&proposal),
        [
            "b.example: b.example:443",
            "a.example: a.example:443",
            "c.example: -"
        ]
    );
    assert_eq!(read(&proposal).certificates.len(), 3);
}

#[test]
fn names_that_were_typed_are_refused_all_at_once_with_what_to_write() {
    let names = [
        "*.a.example",
        "b.example.",
        "例子.中国",
        "https://c.example/x",
        "ok.example",
    ];
    let wrong = Proposal::default()
        .take_names(&names.map(str::to_owned))
        .unwrap_err();
    assert_eq!(wrong.len(), 3, "{wrong:?}");
    assert!(
        wrong[0].contains("\"a.example\" and \"www.a.example\""),
        "{wrong:?}"
    );
    assert!(wrong[1].contains("write \"b.example\""), "{wrong:?}");
}

#[test]
fn what_is_left_out_of_an_account_with_thousands_is_counted() {
    let entries: Vec<Listed> = (0..4000)
        .map(|n| match n % 4 {
            0 => listed(&format!("live{n}"), &format!("n{n}.example"), json!({})),
            _ => listed(
                &format!("paid{n}"),
                &format!("p{n}.example"),
                json!({"PackageType": "25"}),
            ),
        })
        .collect();
    let proposal = of_account(&entries);
    assert_eq!(read(&proposal).certificates.len(), 1000);
    let text = text_of(&proposal);
    assert!(text.contains("# and 2950 others"), "{text}");
    let notes = proposal.limits(50, 20);
    assert_eq!(notes.len(), 1);
    assert!(
        notes[0]
            .english
            .starts_with("1000 names, and an account has 50")
    );
}

fn odd_name() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z]{1,8}\\.(example|com|中国|xn--fiqs8s)",
        "[a-zA-Z0-9._*~$-]{1,30}",
        "\\PC{0,20}",
        "[\\x00-\\x1f\\x7f\u{85}\u{2028}\u{202e}a.#\"\\\\=\\[\\]']{0,20}",
        "[a-z]{60,70}\\.example",
    ]
}

fn odd_listen() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("443 ssl".to_owned()),
        "[0-9]{1,6}( ssl)?",
        "(\\*|127\\.0\\.0\\.1|\\[::1?\\]|localhost|[a-z_]{1,9}|unix:/x|\\[zz\\]):[0-9]{1,6} ssl( proxy_protocol| quic)?",
        "[\\PC&&[^;{}\"'\\\\#$]]{0,10} ssl",
    ]
}

proptest! {
    #[test]
    fn whatever_nginx_serves_the_file_is_a_config(
        servers in proptest::collection::vec((proptest::collection::vec(odd_name(), 0..6), odd_listen()), 1..6),
        chinese in any::<bool>(),
    ) {
        let quoted = |name: &String| format!("\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\""));
        let servers: Vec<String> = servers
            .iter()
            .map(|(names, listen)| {
                let names: Vec<String> = names.iter().map(quoted).collect();
                format!("server {{ listen {listen}; server_name \"\" {}; }}", names.join(" "))
            })
            .collect();
        let (proposal, advice) = of_nginx(&servers.join("\n"));
        if !proposal.entries.is_empty() {
            read(&proposal);
        }
        for one in &advice {
            for name in &one.names {
                prop_assert!(proposal.has(name));
            }
        }
        let language = if chinese { Language::Chinese } else { Language::English };
        let text = render::config(&render::Head::default(), Path::new("/a\"b\\c\u{7}"), &proposal, language);
        if !proposal.entries.is_empty() {
            prop_assert!(config::parse(&text, None).is_ok(), "{text}");
        }
    }

    #[test]
    fn whatever_an_account_lists_the_file_is_a_config(
        names in proptest::collection::vec((odd_name(), 0..16_i64, proptest::option::of("[0-9]{1,3}"), "\\PC{0,12}"), 1..20),
    ) {
        let entries: Vec<Listed> = names
            .iter()
            .enumerate()
            .map(|(n, (name, status, package, alias))| {
                listed(&format!("id{n}"), name, json!({"Status": status, "PackageType": package, "Alias": alias, "SubjectAltName": [alias]}))
            })
            .collect();
        let proposal = of_account(&entries);
        if !proposal.entries.is_empty() {
            read(&proposal);
        }
    }

    #[test]
    fn whatever_is_typed_the_file_is_a_config(names in proptest::collection::vec(odd_name(), 1..6)) {
        let mut proposal = Proposal::default();
        if proposal.take_names(&names).is_ok() {
            read(&proposal);
        }
    }
}
