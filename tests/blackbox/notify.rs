//! Being told: nothing is lost, nothing waits for a channel, and no address is shown.

use std::net::{Ipv4Addr, TcpListener};
use std::time::Duration;

use crate::common::{Daemon, Home, Inbox, StandIn, url, wait_for};

const SECRET: &str = "TOKEN-THAT-NOBODY-SEES";

/// A folder with these channels before its certificates.
fn home_with(stand_in: &StandIn, domains: &[&str], notify: &str) -> Home {
    let home = Home::empty();
    configure(&home, stand_in, domains, notify);
    home
}

fn configure(home: &Home, stand_in: &StandIn, domains: &[&str], notify: &str) {
    let text = home.config_text(&stand_in.endpoint(), domains);
    home.write_config(format!("{text}\n{notify}\n"));
}

fn webhook(url: &str) -> String {
    format!("[[notify]]\ntype = \"webhook\"\ntimeout = \"30s\"\nurl = \"{url}\"")
}

#[test]
fn a_renewal_is_told_and_the_dead_mans_switch_hears_of_good_passes() {
    let stand_in = StandIn::aged(62);
    let inbox = Inbox::open(0);
    let switch = Inbox::open(0);
    let notify = format!(
        "{}\n[notifications]\ndead_man = \"{}\"",
        webhook(&inbox.url()),
        switch.url()
    );
    let home = home_with(&stand_in, &["wgc.red"], &notify);
    let mut daemon = Daemon::start(&home);
    let told = inbox.wait("certificate.renewed");
    assert_eq!(told["certificate"], "wgc.red");
    assert_eq!(
        (&told["topic"], &told["state"]),
        (&"renewed".into(), &"news".into())
    );
    let history = home.run(&["history", "wgc.red", "--json"]).json();
    let recorded = history
        .as_array()
        .unwrap()
        .iter()
        .find(|entry| entry["event"] == "certificate.renewed");
    assert_eq!(told["message"], recorded.unwrap()["message"]);
    wait_for("a ping", Duration::from_secs(30), || {
        switch.messages().pop()
    });
    assert_eq!(
        switch.messages().len(),
        1,
        "at most once a minute, though it passes every second"
    );
    assert_eq!(daemon.stop().code(), Some(0));
    assert!(daemon.text().contains("notification.sent"));
    let said = format!("{}{}", daemon.text(), home.run(&["status"]).all());
    assert!(!said.contains(SECRET), "{said}");
}

#[test]
fn a_channel_that_hangs_delays_no_renewal_and_no_other_channel_and_no_stop() {
    let stand_in = StandIn::aged(62);
    // Takes connections, as the kernel does for it, and never answers.
    let silent = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let inbox = Inbox::open(0);
    let notify = format!(
        "{}\nname = \"dead\"\n{}\nname = \"alive\"",
        webhook(&url(silent.local_addr().unwrap().port())),
        webhook(&inbox.url())
    );
    let home = home_with(&stand_in, &["first.example.com"], &notify);
    let mut daemon = Daemon::start(&home);
    daemon.wait_of("certificate.renewed", "first.example.com");
    inbox.wait("certificate.renewed");
    // It hangs now, and thirty seconds long. Another certificate is got meanwhile.
    configure(
        &home,
        &stand_in,
        &["first.example.com", "second.example.com"],
        &notify,
    );
    daemon.signal(nix::sys::signal::Signal::SIGHUP);
    daemon.wait_of("certificate.renewed", "second.example.com");
    wait_for("the other channel", Duration::from_secs(20), || {
        (inbox.events().len() == 2).then_some(())
    });
    assert_eq!(
        daemon.events("notification.failed").len(),
        0,
        "it still hangs"
    );
    assert_eq!(daemon.stop().code(), Some(0));
}

#[test]
fn what_happened_before_a_crash_is_told_after_it() {
    let stand_in = StandIn::aged(62);
    let silent = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = silent.local_addr().unwrap().port();
    let home = home_with(&stand_in, &["wgc.red"], &webhook(&url(port)));
    let mut daemon = Daemon::start(&home);
    daemon.wait_of("certificate.renewed", "wgc.red");
    daemon.kill_9();
    drop(silent);
    let inbox = Inbox::open(port);
    let mut daemon = Daemon::start(&home);
    let told = inbox.wait("certificate.renewed");
    assert_eq!(told["certificate"], "wgc.red");
    // Nothing is told twice once it was taken: not by itself, and not by another start.
    daemon.wait("notification.sent");
    daemon.kill_9();
    let daemon = Daemon::start(&home);
    daemon.wait("daemon.ready");
    configure(
        &home,
        &stand_in,
        &["wgc.red", "next.example.com"],
        &webhook(&url(port)),
    );
    daemon.signal(nix::sys::signal::Signal::SIGHUP);
    wait_for("the next certificate", Duration::from_secs(30), || {
        inbox
            .events()
            .into_iter()
            .find(|told| told["certificate"] == "next.example.com")
    });
    let ids: Vec<_> = inbox
        .events()
        .iter()
        .map(|told| told["id"].clone())
        .collect();
    assert_eq!(ids.len(), 2, "{ids:?}");
}

#[test]
fn a_full_account_is_one_message_and_a_record_to_set_is_in_it() {
    let stand_in = StandIn::with(|options| options.free_limit = 1);
    let inbox = Inbox::open(0);
    let home = Home::empty();
    let mut text = home.head(&stand_in.endpoint());
    text.push_str("[[certificates]]\ndomain = \"hand.example.org\"\nvalidation = { method = \"DNS\", provider = \"manual\" }\n");
    for number in 0..30 {
        text.push_str(&format!(
            "[[certificates]]\ndomain = \"n{number}.example.com\"\n"
        ));
    }
    home.write_config(format!("{text}\n{}\n", webhook(&inbox.url())));
    let daemon = Daemon::start(&home);
    let full = inbox.wait("quota.exhausted");
    assert_eq!(
        (&full["topic"], &full["state"]),
        (&"quota".into(), &"problem".into())
    );
    assert!(
        full["remedy"]
            .as_str()
            .unwrap()
            .contains("Delete what is not needed"),
        "{full}"
    );
    daemon.wait("quota.exhausted");
    let quotas = inbox
        .events()
        .iter()
        .filter(|told| told["topic"] == "quota")
        .count();
    assert_eq!(quotas, 1);
    assert!(inbox.messages().len() <= 3, "{:#?}", inbox.messages());
}

#[test]
fn who_sets_records_by_hand_is_told_which() {
    let stand_in = StandIn::quick();
    let inbox = Inbox::open(0);
    let home = Home::empty();
    let text = home.head(&stand_in.endpoint());
    home.write_config(format!(
        "{text}\n[[certificates]]\ndomain = \"hand.example.org\"\n\
         validation = {{ method = \"DNS\", provider = \"manual\" }}\n{}\non = [\"validation\"]\n",
        webhook(&inbox.url())
    ));
    let _daemon = Daemon::start(&home);
    let told = inbox.wait("validation.wanted");
    let words = told["message"].as_str().unwrap();
    assert!(
        words.contains("please set") && words.contains("hand.example.org"),
        "{words}"
    );
    let text = inbox.messages()[0]["text"].as_str().unwrap().to_owned();
    assert!(
        text.starts_with("[WARNING] hand.example.org needs a DNS record from you\n")
            && text.contains("\n[WARNING] hand.example.org: please set"),
        "{text}"
    );
}

#[test]
fn notify_test_says_what_came_back_and_fails_if_one_does() {
    let stand_in = StandIn::quick();
    let inbox = Inbox::open(0);
    let good = webhook(&inbox.url());
    let home = home_with(&stand_in, &["wgc.red"], &good);
    let out = home.run(&["notify", "test"]);
    assert_eq!(out.code, 0, "{}", out.all());
    assert!(
        out.stdout
            .starts_with("ok: webhook (webhook): 127.0.0.1 answered 200"),
        "{}",
        out.all()
    );
    assert_eq!(inbox.messages()[0]["kind"], "test");
    assert!(!home.database().exists(), "it needs no database");
    let bad = "[[notify]]\ntype = \"slack\"\ntimeout = \"5s\"\nurl = \"http://127.0.0.1:1/TOKEN-THAT-NOBODY-SEES\"\n\
               [[notify]]\ntype = \"exec\"\ncommand = [\"sh\", \"-c\", \"echo why >&2; exit 3\"]";
    configure(&home, &stand_in, &["wgc.red"], &format!("{good}\n{bad}"));
    let out = home.run(&["notify", "test"]);
    assert_eq!(out.code, 1);
    for words in [
        "ok: webhook",
        "FAILED: slack (slack): 127.0.0.1 can't be reached",
        "exit code 3: why",
    ] {
        assert!(out.stdout.contains(words), "{words} in {}", out.all());
    }
    assert!(!out.all().contains(SECRET), "{}", out.all());
    let one = home.run(&["notify", "test", "webhook", "--json"]);
    assert_eq!((one.code, one.json()[0]["taken"].clone()), (0, true.into()));
    assert_eq!(home.run(&["notify", "test", "nobody"]).code, 2);
}

#[test]
fn messages_are_in_the_language_of_their_channel() {
    let stand_in = StandIn::aged(62);
    let (chinese, english) = (Inbox::open(0), Inbox::open(0));
    let channels = format!(
        "{}\n{}\nname = \"second\"\nlang = \"en\"\n\
         [[notify]]\ntype = \"exec\"\ncommand = [\"sh\", \"-c\", \"echo $EVERCERT_TITLE\"]\n\
         [notifications]\nlang = \"zh\"\n",
        webhook(&chinese.url()),
        webhook(&english.url()),
    );
    let home = home_with(&stand_in, &["wgc.red"], &channels);
    let out = home.run(&["notify", "test"]);
    assert_eq!(out.code, 0, "{}", out.all());
    assert!(
        out.stdout.contains("[测试] Evercert 可以用这个渠道通知您"),
        "{}",
        out.all()
    );
    let title = |inbox: &Inbox| inbox.messages()[0]["title"].as_str().unwrap().to_owned();
    assert_eq!(title(&chinese), "[测试] Evercert 可以用这个渠道通知您");
    assert_eq!(title(&english), "[TEST] Evercert can reach you this way");
    let daemon = Daemon::start(&home);
    let told = chinese.wait("certificate.renewed");
    let words = told["message"].as_str().unwrap();
    assert!(words.starts_with("wgc.red：已续期"), "{words}");
    let words = english.wait("certificate.renewed")["message"].to_string();
    assert!(words.contains("wgc.red: renewed"), "{words}");
    // The log is English, whatever a channel's language is.
    let sent = daemon.wait("notification.sent")["message"].to_string();
    assert!(sent.contains(": [NEWS] wgc.red: renewed"), "{sent}");
}

#[test]
fn a_run_with_the_stand_in_tells_nobody_and_says_whom_it_would() {
    let inbox = Inbox::open(0);
    let home = Home::empty();
    let notify = format!(
        "{}\n[notifications]\ndead_man = \"{}\"",
        webhook(&inbox.url()),
        inbox.url()
    );
    home.write_config(format!(
        "[[certificates]]\ndomain = \"real.example.com\"\n[log]\nformat = \"json\"\n{notify}\n"
    ));
    let mut command = home.command();
    command.args(["run", "--sandbox"]);
    let mut daemon = Daemon::spawn(&mut command);
    daemon.wait_until("what it would tell", |log| {
        let mut lines = log
            .iter()
            .filter(|line| line["event"] == "notification.pretended");
        lines.find(|line| {
            line["message"]
                .as_str()
                .is_some_and(|words| words.contains("would tell webhook"))
        })?;
        Some(())
    });
    assert_eq!(daemon.stop().code(), Some(0));
    assert_eq!(inbox.messages().len(), 0);
    assert!(!daemon.text().contains(SECRET));
}

#[test]
fn a_refused_config_is_told_and_so_is_that_it_was_mended() {
    let stand_in = StandIn::quick();
    let inbox = Inbox::open(0);
    let home = home_with(&stand_in, &["wgc.red"], &webhook(&inbox.url()));
    let daemon = Daemon::start(&home);
    daemon.wait("daemon.ready");
    home.write_config("nonsense");
    daemon.signal(nix::sys::signal::Signal::SIGHUP);
    let told = inbox.wait("config.rejected");
    assert_eq!(
        (&told["state"], &told["line"]),
        (&"problem".into(), &1.into())
    );
    configure(&home, &stand_in, &["wgc.red"], &webhook(&inbox.url()));
    daemon.signal(nix::sys::signal::Signal::SIGHUP);
    assert_eq!(inbox.wait("config.reloaded")["state"], "solved");
}
