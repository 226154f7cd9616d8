//! A fleet: several machines serve one certificate, one application is made for all, and no machine's death costs a renewal.
//!
//! Turns are of half a minute here, and all that goes by them is as much shorter; the stand-in's patience with old signatures
//! too.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use chrono::{Datelike, TimeDelta};
use evercert::clock::{Clock, SystemClock};
use evercert::sandbox::FaultKind;
use nix::sys::signal::Signal;
use serde_json::{Value, json};

use crate::common::{Daemon, Home, StandIn, now, read_pair, wait_for};

mod numbers;
mod shared;

/// The length of a turn, in seconds.
const TURN: i64 = 30;

/// Longer than a round of turns.
const ROUND: Duration = Duration::from_secs(300);

/// What every marker of the fleet "shop" begins with.
const MARKER: &str = "ec-cx6li8-";

fn stand_in() -> StandIn {
    StandIn::with(|options| options.leeway = Duration::from_secs(TURN as u64 / 3))
}

/// The turn that is under way or so near that no daemon is up before it, and how many seconds it began ago.
fn turn() -> i64 {
    (now().timestamp() + 6).div_euclid(TURN)
}

/// The machine whose turn is the `after`-th from now.
fn machine(after: i64) -> i64 {
    (turn() + after).rem_euclid(8) + 1
}

fn in_turn(machine: i64) -> String {
    format!("orders = \"in-turn\"\nmachine = {machine}")
}

/// A machine of the fleet, for these domains.
fn home(endpoint: &str, domains: &[&str], role: &str) -> Home {
    let home = Home::empty();
    configure(&home, endpoint, domains, role, "");
    home
}

fn configure(home: &Home, endpoint: &str, domains: &[&str], role: &str, more: &str) {
    let text = home.config_text(endpoint, domains);
    // The service counts all machines together: four of them stay below its ten. An answer may take long on a busy machine.
    let api = "timeout = \"10s\"\nrequests_per_second = 2";
    let text = text.replace("timeout = \"3s\"", api);
    let fleet = format!("[fleet]\nname = \"shop\"\nlook = \"10s\"\n{role}\n\n[http]");
    home.write_config(text.replace("[http]", &fleet) + more);
}

fn start(home: &Home) -> Daemon {
    let mut command = home.command();
    command.env("EVERCERT_FLEET_TURN", TURN.to_string());
    Daemon::spawn(command.arg("run"))
}

/// Waits up to a round and some more; the log is shown where that is in vain.
fn wait_round<T>(what: &str, daemon: &Daemon, mut probe: impl FnMut() -> Option<T>) -> T {
    let clock = SystemClock::new();
    loop {
        if let Some(found) = probe() {
            return found;
        }
        assert!(
            clock.monotonic() < ROUND,
            "waited in vain for {what}; the log:\n{}",
            daemon.text()
        );
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn wait_installed(home: &Home, domain: &str, daemon: &Daemon) {
    let what = format!("{domain} to be installed");
    wait_round(&what, daemon, || read_pair(&home.live(domain)).map(drop));
}

/// Waits for an event about a domain.
fn wait_event(event: &str, domain: &str, daemon: &Daemon) -> Value {
    wait_round(event, daemon, || daemon.events_of(event, domain).pop())
}

/// The markers of a name's orders, the newest first.
fn markers(stand_in: &StandIn, domain: &str) -> Vec<String> {
    let orders = stand_in.orders(domain);
    let alias = |order: &Value| order["alias"].as_str().unwrap_or_default().to_owned();
    orders.iter().map(alias).collect()
}

/// Applications that were made, refused ones too.
fn applications(stand_in: &StandIn) -> Vec<Value> {
    let listed = stand_in.on(|service| service.requests(0));
    let mut all = listed["requests"].as_array().unwrap().clone();
    all.retain(|entry| entry["action"] == "ApplyCertificate");
    all
}

#[test]
fn three_machines_make_one_order_and_every_machine_installs_it() {
    // Turns are short here, and all thirty are to be ordered in two of them.
    let stand_in = StandIn::with(|options| {
        options.leeway = Duration::from_secs(TURN as u64 / 3);
        options.requests_per_second = 0;
    });
    let endpoint = stand_in.endpoint();
    let names: Vec<String> = (0..30).map(|number| format!("shop{number}.com")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let machines = [1, 2, 3].map(machine);
    let homes: Vec<Home> = machines
        .iter()
        .map(|machine| home(&endpoint, &names, &in_turn(*machine)))
        .chain([home(&endpoint, &names, "orders = \"never\"")])
        .collect();
    for home in &homes {
        let text = std::fs::read_to_string(home.config()).unwrap();
        home.write_config(text.replace("requests_per_second = 2", "requests_per_second = 10"));
    }
    let daemons: Vec<Daemon> = homes.iter().map(start).collect();
    for (home, daemon) in homes.iter().zip(&daemons) {
        for name in &names {
            wait_installed(home, name, daemon);
        }
    }
    for name in &names {
        let markers = markers(&stand_in, name);
        assert_eq!(markers.len(), 1, "{name}: {markers:?}");
        // What a slow machine had no time for, the next turn's ordered.
        let is_of = |machine| markers[0].starts_with(&format!("{MARKER}{machine}"));
        assert!(
            machines.iter().any(is_of),
            "{name}: {markers:?}, and the machines are {machines:?}"
        );
        let pairs: Vec<_> = homes
            .iter()
            .map(|home| read_pair(&home.live(name)))
            .collect();
        let ends: Vec<_> = pairs
            .iter()
            .map(|pair| pair.as_ref().unwrap().not_after)
            .collect();
        assert!(ends.iter().all(|end| *end == ends[0]), "{name}: {ends:?}");
    }
    // An application and a fetch each, and a fetch for each further machine. Looks are apart.
    assert_eq!(applications(&stand_in).len(), names.len());
    let fetches =
        stand_in.asked("DescribeCertificateDetail") + stand_in.asked("DownloadCertificate");
    let wanted = names.len() * homes.len();
    // A busy machine is slow, and asks once more now and then.
    assert!(
        (wanted..=wanted + names.len() / 5).contains(&fetches),
        "{fetches}"
    );
    for (home, said) in homes.iter().zip([
        format!("machine {} of fleet shop", machines[0]),
        format!("machine {} of fleet shop", machines[1]),
        format!("machine {} of fleet shop", machines[2]),
        "a machine of fleet shop".to_owned(),
    ]) {
        let status = home.run(&["status"]);
        assert!(status.all().contains(&said), "{}", status.all());
    }
    for daemon in &daemons {
        assert_eq!(daemon.events("twin.seen").len(), 0, "{}", daemon.text());
        assert_eq!(
            daemon.events("certificate.failed").len(),
            0,
            "{}",
            daemon.text()
        );
        assert_eq!(
            daemon.events("fleet.same_machine").len(),
            0,
            "{}",
            daemon.text()
        );
    }
}

/// The machine whose turn it is dies with this fault at its application; the next one sees to the certificate.
fn killed_at_its_application(kind: FaultKind, orders: usize) {
    let stand_in = stand_in();
    let endpoint = stand_in.endpoint();
    stand_in.once("ApplyCertificate", kind);
    let one = home(&endpoint, &["a.com"], &in_turn(machine(1)));
    let two = home(&endpoint, &["a.com"], &in_turn(machine(2)));
    let (mut first, second) = (start(&one), start(&two));
    wait_for("the application", ROUND, || {
        (!applications(&stand_in).is_empty()).then_some(())
    });
    first.kill_9();
    wait_installed(&two, "a.com", &second);
    assert_eq!(applications(&stand_in).len(), orders);
    // It comes back, and finds what was done meanwhile.
    let first = start(&one);
    wait_installed(&one, "a.com", &first);
    let markers = markers(&stand_in, "a.com");
    assert_eq!(markers.len(), 1, "{markers:?}");
    assert_eq!(applications(&stand_in).len(), orders);
}

#[test]
fn a_machine_that_dies_before_the_answer_to_its_application_leaves_one_order() {
    killed_at_its_application(FaultKind::Stall, 1);
}

#[test]
fn what_a_dead_machine_did_not_order_the_next_turn_does() {
    killed_at_its_application(FaultKind::DropBefore, 2);
}

/// HTTP in front of the stand-in.
struct Between {
    address: SocketAddr,
    acts: Arc<Acts>,
}

/// What it does.
#[derive(Default)]
struct Acts {
    /// Applications are kept until this ends.
    holds: AtomicBool,
    /// So many are kept, or were.
    held: AtomicUsize,
    /// Answers have no Date.
    timeless: bool,
}

impl Between {
    fn with(stand_in: &StandIn, acts: Acts) -> Self {
        let upstream = stand_in.endpoint().trim_start_matches("http://").to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let acts = Arc::new(acts);
        let shared = Arc::clone(&acts);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (upstream, acts) = (upstream.clone(), Arc::clone(&shared));
                std::thread::spawn(move || pass_on(stream, &upstream, &acts));
            }
        });
        Self { address, acts }
    }

    /// One that keeps applications.
    fn holding(stand_in: &StandIn) -> Self {
        let holds = AtomicBool::new(true);
        Self::with(
            stand_in,
            Acts {
                holds,
                ..Acts::default()
            },
        )
    }

    /// One that takes the Date out of answers.
    fn timeless(stand_in: &StandIn) -> Self {
        Self::with(
            stand_in,
            Acts {
                timeless: true,
                ..Acts::default()
            },
        )
    }

    fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }
}

/// One connection: each request is read whole, kept where it is an application, and passed on as it came.
fn pass_on(mut stream: TcpStream, upstream: &str, acts: &Acts) {
    while let Some(request) = message(&mut stream, false) {
        let text = String::from_utf8_lossy(&request).to_lowercase();
        if text.contains("x-tc-action: applycertificate") && acts.holds.load(Ordering::Relaxed) {
            acts.held.fetch_add(1, Ordering::Relaxed);
            while acts.holds.load(Ordering::Relaxed) {
                std::thread::sleep(Duration::from_millis(20));
            }
        }
        let mut server = TcpStream::connect(upstream).unwrap();
        server.write_all(&request).unwrap();
        let Some(answer) = message(&mut server, acts.timeless) else {
            return;
        };
        if stream.write_all(&answer).is_err() {
            return;
        }
    }
}

/// A head and its body; without its Date, where that is asked for.
fn message(stream: &mut TcpStream, timeless: bool) -> Option<Vec<u8>> {
    let mut whole = Vec::new();
    let mut byte = [0];
    while !whole.ends_with(b"\r\n\r\n") {
        if stream.read(&mut byte).ok()? == 0 {
            return None;
        }
        whole.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&whole).to_lowercase();
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length:"));
    let length: usize = length.map_or(0, |length| length.trim().parse().unwrap());
    let mut body = vec![0; length];
    stream.read_exact(&mut body).ok()?;
    if timeless {
        let head = String::from_utf8_lossy(&whole);
        let lines = head.split_inclusive("\r\n");
        let kept: String = lines
            .filter(|line| !line.to_lowercase().starts_with("date:"))
            .collect();
        whole = kept.into_bytes();
    }
    whole.extend(body);
    Some(whole)
}

#[test]
fn a_machine_that_is_frozen_at_its_application_can_make_none_after_its_turn() {
    let stand_in = stand_in();
    let between = Between::holding(&stand_in);
    let one = home(&between.endpoint(), &["a.com"], &in_turn(machine(1)));
    // It would wait for the answer until long after its turn.
    let text = std::fs::read_to_string(one.config()).unwrap();
    one.write_config(text.replace("timeout = \"3s\"", "timeout = \"120s\""));
    let two = home(&stand_in.endpoint(), &["a.com"], &in_turn(machine(2)));
    let (first, second) = (start(&one), start(&two));
    wait_for("the application is on its way", ROUND, || {
        (between.acts.held.load(Ordering::Relaxed) > 0).then_some(())
    });
    first.signal(Signal::SIGSTOP);
    assert_eq!(applications(&stand_in).len(), 0);
    wait_installed(&two, "a.com", &second);
    assert_eq!(markers(&stand_in, "a.com").len(), 1);
    // Now it arrives, and the machine goes on where it was.
    between.acts.holds.store(false, Ordering::Relaxed);
    wait_for("the late application", ROUND, || {
        (applications(&stand_in).len() == 2).then_some(())
    });
    first.signal(Signal::SIGCONT);
    let late = applications(&stand_in).pop().unwrap();
    assert_eq!(late["code"], "AuthFailure.SignatureExpire", "{late}");
    wait_installed(&one, "a.com", &first);
    assert_eq!(first.events("account.paused").len(), 0, "{}", first.text());
    let markers = markers(&stand_in, "a.com");
    assert_eq!(markers.len(), 1, "{markers:?}");
}

/// What a key may do that only reads.
const READING: [&str; 4] = [
    "DescribeCertificates",
    "DescribeCertificate",
    "DescribeCertificateDetail",
    "DownloadCertificate",
];

#[test]
fn a_follower_reads_and_never_orders() {
    let stand_in = stand_in();
    let follower = home(&stand_in.endpoint(), &["a.com"], "orders = \"never\"");
    let daemon = start(&follower);
    wait_for("it looked", ROUND, || {
        (stand_in.asked("DescribeCertificates") > 1).then_some(())
    });
    let asked = json!({"DvAuthMethod": "DNS_AUTO", "DomainName": "a.com", "Alias": format!("{MARKER}1zzabcde")});
    stand_in.call("ApplyCertificate", &asked);
    wait_installed(&follower, "a.com", &daemon);
    let listed = stand_in.on(|service| service.requests(0));
    let others: Vec<&Value> = listed["requests"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| &entry["action"])
        .filter(|action| !READING.iter().any(|reading| *action == *reading))
        .collect();
    assert_eq!(
        others,
        ["ApplyCertificate"],
        "the one that was made by hand"
    );
    let why = follower.run(&["why", "a.com"]);
    assert_eq!(why.code, 0, "{}", why.all());
    assert_eq!(
        daemon.events("certificate.failed").len(),
        0,
        "{}",
        daemon.text()
    );
}

#[test]
fn every_machine_publishes_the_file_of_a_pending_order_and_takes_it_down() {
    let stand_in = stand_in();
    stand_in.on(|service| {
        service.set_limits(evercert::sandbox::Limits {
            issue_after_seconds: Some(4),
            ..Default::default()
        });
    });
    let endpoint = stand_in.endpoint();
    let roles = [
        in_turn(machine(1)),
        in_turn(machine(2)),
        "orders = \"never\"".to_owned(),
    ];
    let mut homes = Vec::new();
    for role in &roles {
        let home = Home::empty();
        let root = home.path().join("www");
        std::fs::create_dir(&root).unwrap();
        let way = format!(
            "validation = {{ method = \"FILE\", webroot = \"{}\" }}\n",
            root.display()
        );
        configure(&home, &endpoint, &["a.com"], role, &way);
        homes.push(home);
    }
    let daemons: Vec<Daemon> = homes.iter().map(start).collect();
    let published = |home: &Home| {
        let proofs = home.path().join("www/.well-known/pki-validation");
        std::fs::read_dir(proofs).is_ok_and(|mut found| found.next().is_some())
    };
    wait_for("each webroot has the file", ROUND, || {
        homes.iter().all(published).then_some(())
    });
    for (home, daemon) in homes.iter().zip(&daemons) {
        wait_installed(home, "a.com", daemon);
    }
    assert_eq!(markers(&stand_in, "a.com").len(), 1);
    wait_for("no webroot has it any more", ROUND, || {
        (!homes.iter().any(published)).then_some(())
    });
    assert_eq!(
        daemons[2].events("validation.asked").len(),
        0,
        "a follower asks for nothing"
    );
}

#[test]
fn a_name_on_one_machine_only_is_that_machine_s() {
    let stand_in = stand_in();
    let endpoint = stand_in.endpoint();
    let one = home(&endpoint, &["a.com", "b.com"], &in_turn(machine(1)));
    let two = home(&endpoint, &["a.com"], &in_turn(machine(2)));
    let (first, second) = (start(&one), start(&two));
    wait_installed(&one, "a.com", &first);
    wait_installed(&one, "b.com", &first);
    wait_installed(&two, "a.com", &second);
    assert_eq!(markers(&stand_in, "b.com").len(), 1);
    assert!(read_pair(&two.live("b.com")).is_none());
    assert_eq!(second.events("twin.seen").len(), 0, "{}", second.text());
}

#[test]
fn of_two_machines_with_one_number_the_younger_orders_nothing_until_its_operator_decides() {
    let stand_in = stand_in();
    let endpoint = stand_in.endpoint();
    let role = in_turn(machine(1));
    let one = home(&endpoint, &["a.com"], &role);
    let first = start(&one);
    wait_installed(&one, "a.com", &first);
    let two = home(&endpoint, &["a.com", "b.com"], &role);
    let second = start(&two);
    wait_installed(&two, "a.com", &second);
    let seen = second.wait("fleet.same_machine");
    assert!(
        seen["message"].to_string().contains("evercert claim"),
        "{seen}"
    );
    let failed = wait_event("certificate.failed", "b.com", &second);
    assert_eq!(failed["class"], "operator", "{failed}");
    assert_eq!(markers(&stand_in, "b.com").len(), 0);
    assert_eq!(first.events("fleet.same_machine").len(), 0);
}

#[test]
fn nothing_is_ordered_where_the_service_does_not_tell_its_time() {
    let stand_in = stand_in();
    let between = Between::timeless(&stand_in);
    let one = home(&between.endpoint(), &["a.com"], &in_turn(machine(1)));
    let daemon = start(&one);
    let failed = wait_event("certificate.failed", "a.com", &daemon);
    assert!(failed["message"].to_string().contains("Date"), "{failed}");
    assert_eq!(applications(&stand_in).len(), 0);
}

#[test]
fn a_machine_whose_clock_is_an_hour_off_goes_by_the_service_s() {
    let stand_in = stand_in();
    stand_in.on(|service| service.set_clock_offset(3600));
    // The service's turns, an hour ahead of this machine's clock.
    let its = (now().timestamp() + 3600 + 6).div_euclid(TURN);
    let number = (its + 1).rem_euclid(8) + 1;
    let one = home(&stand_in.endpoint(), &["a.com"], &in_turn(number));
    let daemon = start(&one);
    wait_installed(&one, "a.com", &daemon);
    assert_eq!(markers(&stand_in, "a.com").len(), 1);
    daemon.wait("clock.skewed");
    let late = applications(&stand_in);
    assert!(late.iter().all(|entry| entry["code"] == "OK"), "{late:?}");
}

/// A certificate for these names by a CA of its own, and that CA's root.
fn bought(names: &[&str], days: i64) -> (String, String, String) {
    use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
    let ca_key = KeyPair::generate().unwrap();
    let mut ca = CertificateParams::new(Vec::new()).unwrap();
    ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    ca.distinguished_name
        .push(rcgen::DnType::CommonName, "A CA of tests");
    let root = ca.self_signed(&ca_key).unwrap();
    let issuer = Issuer::new(ca, ca_key);
    let key = KeyPair::generate().unwrap();
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut leaf = CertificateParams::new(names.clone()).unwrap();
    leaf.distinguished_name
        .push(rcgen::DnType::CommonName, names[0].as_str());
    let at = |days: i64| {
        let day = now() + TimeDelta::days(days);
        let number = |part: u32| u8::try_from(part).unwrap();
        rcgen::date_time_ymd(day.year(), number(day.month()), number(day.day()))
    };
    leaf.not_before = at(-1);
    leaf.not_after = at(days);
    let signed = leaf.signed_by(&key, &issuer).unwrap();
    (
        format!("{}{}", signed.pem(), root.pem()),
        key.serialize_pem(),
        root.pem(),
    )
}

#[test]
fn what_somebody_else_brought_along_is_fetched_where_it_covers_the_name_and_is_trusted() {
    let stand_in = StandIn::quick();
    let home = Home::empty();
    let text = home.config_text(&stand_in.endpoint(), &["shop.example.com"]);
    home.write_config(format!("{text}order = false\n"));
    let upload = |(public, private, _): &(String, String, String)| {
        let asked = json!({"CertificatePublicKey": public, "CertificatePrivateKey": private});
        stand_in.call("UploadCertificate", &asked)["Response"]["CertificateId"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let trusted = bought(&["*.example.com", "example.com"], 200);
    let roots = home.path().join("roots.pem");
    std::fs::write(&roots, &trusted.2).unwrap();
    // One that lives longer, and whose CA this system does not trust; one for another name.
    upload(&bought(&["*.example.com"], 300));
    upload(&bought(&["*.example.org"], 350));
    let wanted = upload(&trusted);
    let mut command = home.command();
    command.env("SSL_CERT_FILE", &roots);
    let daemon = Daemon::spawn(command.arg("run"));
    wait_installed(&home, "shop.example.com", &daemon);
    let installed = daemon.wait_of("certificate.installed", "shop.example.com");
    assert_eq!(installed["certificate_id"], wanted.as_str(), "{installed}");
    let unusable = daemon.wait_of("order.unusable", "shop.example.com");
    assert!(
        unusable["message"].to_string().contains("does not trust"),
        "{unusable}"
    );
    assert_eq!(stand_in.asked("ApplyCertificate"), 0);
    let why = home.run(&["why", "shop.example.com"]);
    assert_eq!(why.code, 0, "{}", why.all());
}

#[test]
fn a_certificate_that_nobody_has_yet_is_waited_for_and_why_says_so() {
    let stand_in = StandIn::quick();
    let home = Home::empty();
    let text = home.config_text(&stand_in.endpoint(), &["shop.example.com"]);
    home.write_config(format!("{text}order = false\n"));
    let daemon = Daemon::start(&home);
    wait_for("it looked", ROUND, || {
        (stand_in.asked("DescribeCertificates") > 0).then_some(())
    });
    wait_for("why says it", ROUND, || {
        let why = home.run(&["why", "shop.example.com"]);
        why.stdout.contains("somebody else orders it").then_some(())
    });
    let plan = home.run(&["plan", "--json"]);
    assert_eq!(plan.json()[0]["slots"], 0, "{}", plan.all());
    assert_eq!(
        daemon.events("certificate.failed").len(),
        0,
        "{}",
        daemon.text()
    );
}
