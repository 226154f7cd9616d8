//! An internet of its own: a network in which real name servers (bind9) have the root, a top domain and some domains, signed
//! and not, soundly and not, with resolvers that check signatures or don't. Nothing of it is to be seen outside.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use super::bench::{Process, have};

/// Nothing here takes this long unless it is broken.
const PATIENCE: Duration = Duration::from_secs(60);

/// Has all zones.
const AUTHORITY: &str = "127.0.0.2";
/// A resolver that checks signatures.
pub(crate) const CHECKING: &str = "127.0.0.1";
/// A resolver that does not; as a name server of a zone it is one that knows nothing of it.
pub(crate) const CARELESS: &str = "127.0.0.3";
/// A resolver that has to be started, see [`Internet::start_narrow`].
pub(crate) const NARROW: &str = "127.0.0.6";
/// Nobody.
pub(crate) const NOBODY: &str = "127.0.0.9";

/// How a zone is signed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Signing {
    /// Not at all.
    No,
    /// As it should be.
    Good,
    /// In a year that has passed.
    Ended,
    /// Its parent says that it is, and it is not.
    DsAlone,
    /// With other keys than its parent says.
    OtherKeys,
    /// Its CAA record was changed since.
    Changed,
    /// It has keys, and signatures of nothing.
    Stripped,
}

/// A zone below the top domain, or below another zone.
pub(crate) struct Zone {
    pub(crate) name: &'static str,
    /// As a zone file has them.
    pub(crate) records: &'static str,
    pub(crate) signing: Signing,
    /// The addresses of its name servers, by its parent.
    pub(crate) servers: &'static [&'static str],
}

impl Zone {
    pub(crate) fn plain(name: &'static str, records: &'static str) -> Self {
        Self::signed(name, records, Signing::No)
    }

    pub(crate) fn signed(name: &'static str, records: &'static str, signing: Signing) -> Self {
        let servers = &[AUTHORITY];
        Self {
            name,
            records,
            signing,
            servers,
        }
    }

    pub(crate) fn at(self, servers: &'static [&'static str]) -> Self {
        Self { servers, ..self }
    }
}

/// The network, and all that is in it.
pub(crate) struct Internet {
    folder: TempDir,
    holder: Process,
    servers: Vec<Process>,
}

impl Internet {
    /// With these zones; `None` where this machine can't make one.
    pub(crate) fn with(zones: &[Zone]) -> Option<Self> {
        if !have(&[
            "named",
            "dig",
            "dnssec-signzone",
            "unshare",
            "nsenter",
            "ip",
        ]) {
            return None;
        }
        let folder = TempDir::new().unwrap();
        let resolv = folder.path().join("resolv.conf");
        fs::write(&resolv, format!("nameserver {CHECKING}\n")).unwrap();
        let script = format!(
            "ip link set lo up && ip addr add {AUTHORITY}/32 dev lo && ip addr add {CARELESS}/32 dev lo && ip addr add {NARROW}/32 dev lo && mount --bind {} \"$(readlink -f /etc/resolv.conf)\" && echo ready && exec sleep 3600",
            resolv.display()
        );
        let mut holder = Command::new("unshare")
            .args(["--net", "--mount", "sh", "-c", &script])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = String::new();
        BufReader::new(holder.stdout.take().unwrap())
            .read_line(&mut said)
            .unwrap();
        let mut internet = Self {
            folder,
            holder: Process(holder),
            servers: Vec::new(),
        };
        if said.trim() != "ready" {
            eprintln!("skipped: no network of one's own can be made here");
            return None;
        }
        internet.fill(zones);
        Some(internet)
    }

    /// A program in this network.
    pub(crate) fn command(&self, program: &str) -> Command {
        let mut command = Command::new("nsenter");
        command
            .args(["--target", &self.holder.0.id().to_string()])
            .args(["--net", "--mount", program]);
        command
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// What `doctor` finds of a domain's certificate, where these are the system's resolvers.
    pub(crate) fn doctor(&self, resolvers: &[&str], domain: &str, validation: &str) -> Vec<Value> {
        let lines = resolvers.iter().map(|at| format!("nameserver {at}\n"));
        fs::write(self.path("resolv.conf"), lines.collect::<String>()).unwrap();
        let config = self.path("config.toml");
        let text = format!(
            "state_dir = \"{}\"\n[accounts.default]\nendpoint = \"http://127.0.0.1:9\"\nsecret_id = \"AKIDSANDBOX\"\n\
             secret_key = \"SANDBOXKEY\"\n[[certificates]]\ndomain = \"{domain}\"\n{validation}\n",
            self.path("state").display()
        );
        fs::write(&config, text).unwrap();
        fs::set_permissions(&config, fs::Permissions::from_mode(0o600)).unwrap();
        let output = self
            .command(env!("CARGO_BIN_EXE_evercert"))
            .args(["doctor", "--json", "--config"])
            .arg(&config)
            .output()
            .unwrap();
        let all: Value = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|error| panic!("{error}: {output:?}"));
        let all = all.as_array().unwrap().iter();
        all.filter(|one| one["domain"] == domain).cloned().collect()
    }

    fn fill(&mut self, zones: &[Zone]) {
        // From the leaves up: each zone's parent takes in what names its keys.
        let mut all: Vec<&Zone> = zones.iter().collect();
        all.sort_by_key(|zone| std::cmp::Reverse(zone.name.len()));
        let parent = |name: &str| {
            let above = zones.iter().filter(|zone| {
                name.strip_suffix(zone.name)
                    .is_some_and(|front| front.ends_with('.'))
            });
            above
                .map(|zone| zone.name)
                .max_by_key(|name| name.len())
                .unwrap_or("com")
        };
        let mut delegations: Vec<(&str, String)> = Vec::new();
        for zone in all {
            let below = delegations
                .iter()
                .filter(|(parent, _)| *parent == zone.name);
            let below: String = below.map(|(_, lines)| lines.as_str()).collect();
            // The first is a name of its parent's, as most are: asked for names of its own, bind9 may see a loop.
            let servers = zone.servers.iter().enumerate();
            let named: String = servers
                .map(|(number, address)| match (number, zone.name) {
                    (0, name) if *address == AUTHORITY => format!("{name}. NS ns0.com.\n"),
                    (_, name) => {
                        format!("{name}. NS ns{number}.{name}.\nns{number}.{name}. A {address}\n")
                    }
                })
                .collect();
            let records = format!("{named}{}\n{below}", zone.records);
            let ds = self.zone(zone.name, &records, zone.signing);
            delegations.push((parent(zone.name), format!("{named}{ds}")));
        }
        let top: String = delegations
            .iter()
            .filter(|(parent, _)| *parent == "com")
            .map(|(_, lines)| lines.as_str())
            .collect();
        let top_servers = format!("com. NS ns0.com.\nns0.com. A {AUTHORITY}\n");
        let ds = self.zone("com", &format!("{top_servers}{top}"), Signing::Good);
        let root = format!(". NS ns0.\nns0. A {AUTHORITY}\n{top_servers}{ds}");
        self.zone("", &root, Signing::Good);

        let mut files = String::new();
        let hosted = zones
            .iter()
            .filter(|zone| zone.servers.contains(&AUTHORITY));
        for name in hosted.map(|zone| zone.name).chain(["com", ""]) {
            let file = self.path(&format!("zone.{name}"));
            files.push_str(&format!(
                "zone \"{name}.\" {{ type primary; file \"{}\"; }};\n",
                file.display()
            ));
        }
        let hint = self.hint();
        let keys = fs::read_to_string(self.path("anchor")).unwrap();
        let checks = format!("{hint}trust-anchors {{ {keys} }};\n");
        self.servers = vec![
            self.named(AUTHORITY, "recursion no; dnssec-validation no;", &files),
            self.named(CHECKING, "recursion yes; dnssec-validation yes;", &checks),
            self.named(CARELESS, "recursion yes; dnssec-validation no;", &hint),
        ];
        for resolver in [CHECKING, CARELESS] {
            self.wait_for(resolver);
        }
    }

    /// Starts a resolver that fails for more than two records of one type, and answers for the name's other types. (bind9
    /// limits that since 9.18.28, to 100 if it is not told otherwise.)
    pub(crate) fn start_narrow(&mut self) {
        let options = "recursion yes; dnssec-validation no; max-records-per-type 2;";
        let narrow = self.named(NARROW, options, &self.hint());
        self.servers.push(narrow);
        self.wait_for(NARROW);
    }

    /// Where a resolver begins, for its config.
    fn hint(&self) -> String {
        let hints = self.path("hints");
        fs::write(&hints, format!(". NS ns0.\nns0. A {AUTHORITY}\n")).unwrap();
        format!(
            "zone \".\" {{ type hint; file \"{}\"; }};\n",
            hints.display()
        )
    }

    fn wait_for(&self, resolver: &str) {
        let began = Instant::now();
        while !self.dig(resolver, "com", "SOA").contains("NOERROR") {
            assert!(began.elapsed() < PATIENCE, "{resolver} does not answer");
            sleep(Duration::from_millis(50));
        }
    }

    /// What a server answers, in full.
    pub(crate) fn dig(&self, server: &str, name: &str, kind: &str) -> String {
        let mut dig = self.command("dig");
        dig.args([&format!("@{server}"), name, kind, "+time=2", "+tries=1"]);
        String::from_utf8_lossy(&dig.output().unwrap().stdout).into_owned()
    }

    fn named(&self, address: &str, options: &str, rest: &str) -> Process {
        let at = self.path(&format!("named.{address}"));
        fs::create_dir(&at).unwrap();
        let (shown, config) = (at.display(), at.join("named.conf"));
        let text = format!(
            "options {{ directory \"{shown}\"; listen-on {{ {address}; }}; listen-on-v6 {{ none; }}; pid-file none;\n\
             session-keyfile \"{shown}/session.key\"; query-source address {address}; servfail-ttl 0; {options} }};\n\
             controls {{}};\n{rest}"
        );
        fs::write(&config, text).unwrap();
        let child = self
            .command("named")
            .args(["-f", "-c"])
            .arg(&config)
            .stderr(fs::File::create(at.join("log")).unwrap())
            .spawn()
            .unwrap();
        Process(child)
    }

    /// Writes a zone's file, and gives the records that its parent has of its keys.
    fn zone(&self, name: &str, records: &str, signing: Signing) -> String {
        let file = self.path(&format!("zone.{name}"));
        let own = if name.is_empty() {
            "ns0.".to_owned()
        } else {
            format!("ns0.{name}.")
        };
        let text = format!("$TTL 60\n$ORIGIN {name}.\n@ SOA {own} a. 1 60 60 3600 60\n{records}\n");
        fs::write(&file, text).unwrap();
        if signing == Signing::No {
            return String::new();
        }
        let keys = self.path(&format!("keys.{name}"));
        fs::create_dir(&keys).unwrap();
        let (key, file) = (self.key(&keys, name), file.as_path());
        let ds = match signing {
            Signing::OtherKeys => {
                let others = self.path(&format!("other.{name}"));
                fs::create_dir(&others).unwrap();
                self.ds(&self.key(&others, name))
            }
            _ => self.ds(&key),
        };
        if name.is_empty() {
            let text = fs::read_to_string(format!("{}.key", key.display())).unwrap();
            let line = text.lines().find(|line| line.contains("DNSKEY")).unwrap();
            let fields: Vec<&str> = line.split_whitespace().skip(3).collect();
            let anchor = format!(
                "\".\" static-key {} {} {} \"{}\";",
                fields[0],
                fields[1],
                fields[2],
                fields[3..].concat()
            );
            fs::write(self.path("anchor"), anchor).unwrap();
        }
        if signing == Signing::DsAlone {
            return ds;
        }
        let mut sign = Command::new("dnssec-signzone");
        if signing == Signing::Ended {
            sign.args(["-s", "20200101000000", "-e", "20200201000000"]);
        }
        sign.args(["-P", "-z", "-S", "-K"]).arg(&keys);
        sign.args(["-o", &format!("{name}."), "-f"])
            .arg(file)
            .arg(file);
        done(&sign.current_dir(self.folder.path()).output().unwrap());
        let signed = fs::read_to_string(file).unwrap();
        match signing {
            Signing::Changed => fs::write(file, signed.replace("trustasia.com", "TrustAsia.com")),
            Signing::Stripped => fs::write(file, without_signatures(&signed)),
            _ => Ok(()),
        }
        .unwrap();
        ds
    }

    /// A new key, by the path of its files without their endings.
    fn key(&self, folder: &Path, zone: &str) -> PathBuf {
        let output = Command::new("dnssec-keygen")
            .args(["-q", "-a", "ECDSAP256SHA256", "-f", "KSK", "-K"])
            .arg(folder)
            .arg(format!("{zone}."))
            .output()
            .unwrap();
        done(&output);
        folder.join(String::from_utf8(output.stdout).unwrap().trim())
    }

    fn ds(&self, key: &Path) -> String {
        let output = Command::new("dnssec-dsfromkey")
            .arg("-2")
            .arg(format!("{}.key", key.display()))
            .output()
            .unwrap();
        done(&output);
        String::from_utf8(output.stdout).unwrap()
    }
}

/// A signed zone's text without its RRSIG records, each of which ends with a bracket.
fn without_signatures(text: &str) -> String {
    let (mut kept, mut within) = (String::new(), false);
    for line in text.lines() {
        within |= line.contains("\tRRSIG\t");
        if !within {
            kept.push_str(line);
            kept.push('\n');
        }
        within &= !line.contains(')');
    }
    kept
}

fn done(output: &Output) {
    assert!(output.status.success(), "{output:?}");
}

/// Whether one of the findings has this level and these words.
pub(crate) fn has(found: &[Value], level: &str, words: &str) -> bool {
    found
        .iter()
        .any(|one| one["level"] == level && one["finding"].as_str().unwrap().contains(words))
}
