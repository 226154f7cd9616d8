//! Copies for servers: written, checked, reloaded, put back; and what a crash leaves.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::time::Duration;

use super::harness::{DOMAIN, World, eventually, read, set_mode};

const FRESH: Duration = Duration::ZERO;
/// Old enough to be renewed at once.
const AGED: Duration = Duration::from_secs(62 * 86_400);

/// A pem target in the world's `ssl` folder, and a log of its commands.
fn pem(world: &World, check: &str, reload: &str) -> String {
    let check = world.script("check.sh", check);
    let reload = world.script("reload.sh", reload);
    format!(
        "[[certificates.install]]\nformat = \"pem\"\ncert = \"{cert}\"\nkey = \"{key}\"\nmode = \"0640\"\n\
         check = [\"{check}\"]\nreload = [\"{reload}\"]\ntimeout = \"3s\"\n",
        cert = world.path("ssl/c.crt").display(),
        key = world.path("ssl/c.key").display(),
    )
}

fn noting(world: &World, word: &str) -> String {
    format!("echo {word} >> {}", world.path("calls").display())
}

#[test]
fn a_target_is_written_checked_reloaded_and_said() {
    let world = World::new(FRESH);
    fs::create_dir(world.path("ssl")).unwrap();
    let targets = pem(&world, &noting(&world, "check"), &noting(&world, "reload"));
    let combined = format!(
        "[[certificates.install]]\nformat = \"combined\"\nfile = \"{}\"\ncreate_folders = true\n",
        world.path("made/h.pem").display()
    );
    world.write_config(&format!("{targets}{combined}"));
    let daemon = world.daemon();
    daemon.wait_for("certificate.deployed", 2);
    assert_eq!(
        read(world.path("ssl/c.crt")),
        read(world.live("fullchain.pem"))
    );
    assert_eq!(
        read(world.path("ssl/c.key")),
        read(world.live("privkey.pem"))
    );
    let whole = read(world.live("fullchain.pem")) + &read(world.live("privkey.pem"));
    assert_eq!(read(world.path("made/h.pem")), whole);
    assert_eq!(
        fs::metadata(world.path("ssl/c.key")).unwrap().mode() & 0o777,
        0o640
    );
    assert_eq!(
        fs::metadata(world.path("made/h.pem")).unwrap().mode() & 0o777,
        0o600
    );
    assert_eq!(read(world.path("calls")), "check\nreload\n");
    let status = world.status();
    assert_eq!(status["targets"][0]["state"], "done", "{status}");
    // A first certificate renews nothing.
    assert_eq!(
        daemon.events("certificate.renewed").len(),
        0,
        "{}",
        daemon.log()
    );
    assert_eq!(
        fs::read_dir(world.path("ssl")).unwrap().count(),
        2,
        "temporary files stay"
    );
}

#[test]
fn renewed_is_said_once_when_the_target_is_done_and_not_when_it_is_installed() {
    let world = World::new(AGED);
    fs::create_dir(world.path("ssl")).unwrap();
    // The first certificate comes through, the second is stopped until the gate opens.
    let gate = world.path("gate");
    let reload = format!(
        "n=$(cat {n} 2>/dev/null || echo 0); echo $((n+1)) > {n}; [ $n = 0 ] || [ -e {gate} ]",
        n = world.path("n").display(),
        gate = gate.display()
    );
    world.write_config(&pem(&world, "exit 0", &reload));
    let daemon = world.daemon();
    daemon.wait_for("certificate.installed", 2);
    let rolled_back = daemon.wait_for("certificate.rolled_back", 1);
    assert_eq!(rolled_back["certificate"], DOMAIN);
    assert!(rolled_back["next_attempt"].is_string(), "{rolled_back}");
    assert_eq!(
        daemon.events("certificate.renewed").len(),
        0,
        "{}",
        daemon.log()
    );
    fs::write(&gate, "").unwrap();
    let renewed = daemon.wait_for("certificate.renewed", 1);
    assert_eq!(renewed["certificate"], DOMAIN);
    assert_eq!(
        read(world.path("ssl/c.crt")),
        read(world.live("fullchain.pem"))
    );
    // Restarted, it is not said again, and nothing was ordered for it.
    daemon.kill();
    let again = world.daemon();
    again.wait_for("daemon.ready", 1);
    eventually("a verb is answered", || {
        world.verb(&["deploy", DOMAIN]).status.success()
    });
    assert_eq!(
        again.events("certificate.renewed").len(),
        0,
        "{}",
        again.log()
    );
    assert_eq!(world.orders(), 2);
}

#[test]
fn a_failed_check_puts_the_files_back_and_reloads_nothing() {
    let world = World::new(FRESH);
    fs::create_dir(world.path("ssl")).unwrap();
    fs::write(world.path("ssl/c.crt"), "theirs").unwrap();
    set_mode(&world.path("ssl/c.crt"), 0o604);
    world.write_config(&pem(
        &world,
        "echo the config is broken >&2; exit 1",
        &noting(&world, "reload"),
    ));
    let daemon = world.daemon();
    daemon.wait_for("certificate.rolled_back", 1);
    let failed = daemon.wait_for("certificate.failed", 1);
    assert!(
        failed["message"]
            .as_str()
            .unwrap()
            .contains("the config is broken"),
        "{failed}"
    );
    assert_eq!(failed["class"], "transient");
    assert_eq!(read(world.path("ssl/c.crt")), "theirs");
    assert_eq!(
        fs::metadata(world.path("ssl/c.crt")).unwrap().mode() & 0o777,
        0o604
    );
    assert!(!world.path("ssl/c.key").exists());
    assert!(!world.path("calls").exists());
    // Mended, it is tried again by itself, with no new order.
    world.script("check.sh", "exit 0");
    daemon.wait_for("certificate.deployed", 1);
    assert_eq!(
        read(world.path("ssl/c.crt")),
        read(world.live("fullchain.pem"))
    );
    assert_eq!(read(world.path("calls")), "reload\n");
    assert_eq!(world.orders(), 1);
    assert!(!world.good_verb(&["status"]).contains("broken"));
}

#[test]
fn a_failed_reload_goes_back_and_reloads_the_old_files_too() {
    let world = World::new(FRESH);
    fs::create_dir(world.path("ssl")).unwrap();
    fs::write(world.path("ssl/c.crt"), "theirs").unwrap();
    let reload = format!(
        "cat {} | head -c 6 >> {calls}; echo >> {calls}; grep -q theirs {}",
        world.path("ssl/c.crt").display(),
        world.path("ssl/c.crt").display(),
        calls = world.path("calls").display()
    );
    world.write_config(&pem(&world, "exit 0", &reload));
    let daemon = world.daemon();
    daemon.wait_for("certificate.rolled_back", 1);
    let calls = read(world.path("calls"));
    assert!(calls.starts_with("-----B\ntheirs\n"), "{calls}");
}

#[test]
fn a_reload_that_hangs_is_ended_and_holds_up_nobody_else() {
    let world = World::new(FRESH);
    fs::create_dir(world.path("ssl")).unwrap();
    fs::write(world.path("ssl/c.crt"), "before").unwrap();
    let targets = pem(
        &world,
        "exit 0",
        &format!(
            "sleep 300 & echo $! >> {}; wait",
            world.path("pids").display()
        ),
    );
    let other = "[[certificates]]\ndomain = \"other.example.com\"\n";
    world.write_config(&format!("{targets}{other}"));
    let daemon = world.daemon();
    daemon.wait_for("certificate.installed", 2);
    daemon.wait_for("certificate.rolled_back", 1);
    // Of the first attempt; another may be under way by now.
    let pids = read(world.path("pids"));
    let pid = pids.lines().next().unwrap_or_default();
    eventually("the child of the command is gone", || {
        let stat = read(format!("/proc/{pid}/stat"));
        stat.is_empty() || stat.contains(") Z")
    });
    // A stop doesn't wait for it longer than a few seconds.
    let took = daemon.stop();
    assert!(took < Duration::from_secs(8), "{took:?}");
}

#[test]
fn a_missing_folder_is_named_and_made_only_when_told() {
    let world = World::new(FRESH);
    world.write_config(&pem(&world, "exit 0", "exit 0"));
    let daemon = world.daemon();
    let failed = daemon.wait_for("certificate.failed", 1);
    assert!(
        failed["message"]
            .as_str()
            .unwrap()
            .contains("create_folders"),
        "{failed}"
    );
    assert!(!world.path("ssl").exists());
    let output = world.verb(&["status", "--check"]);
    assert_eq!(output.status.code(), Some(1));
    fs::create_dir(world.path("ssl")).unwrap();
    daemon.wait_for("certificate.deployed", 1);
}

#[test]
fn killed_in_any_step_it_goes_on_and_ends_right() {
    let world = World::new(AGED);
    fs::create_dir(world.path("ssl")).unwrap();
    let slow = format!("{}; sleep 0.2", noting(&world, "call"));
    world.write_config(&pem(&world, &slow, &slow));
    // Killed at many moments while two certificates come and go through.
    for pause in [
        200, 450, 700, 950, 1200, 1450, 1700, 1950, 2200, 2450, 1600, 1850,
    ] {
        let daemon = world.daemon();
        std::thread::sleep(Duration::from_millis(pause));
        daemon.kill();
    }
    let _daemon = world.daemon();
    eventually("the newest certificate is delivered", || {
        let status = world.status();
        status["targets"][0]["state"] == "done"
            && status["next_step"] == "renew"
            && world.orders() == 2
    });
    assert_eq!(
        read(world.path("ssl/c.crt")),
        read(world.live("fullchain.pem"))
    );
    assert_eq!(
        read(world.path("ssl/c.key")),
        read(world.live("privkey.pem"))
    );
}

#[test]
fn a_newer_certificate_of_somebody_else_is_left_and_said_until_deploy_is_asked() {
    // The second certificate of the service ends later than the first: put there by hand, it is somebody else's.
    let theirs = World::new(FRESH);
    theirs.write_config("");
    let maker = theirs.daemon();
    maker.wait_for("certificate.installed", 1);

    let world = World::new(Duration::from_secs(20 * 86_400));
    fs::create_dir(world.path("ssl")).unwrap();
    fs::copy(theirs.live("fullchain.pem"), world.path("ssl/c.crt")).unwrap();
    fs::copy(theirs.live("privkey.pem"), world.path("ssl/c.key")).unwrap();
    world.write_config(&pem(&world, "exit 0", "exit 0"));
    let daemon = world.daemon();
    let drift = daemon.wait_for("drift.found", 1);
    assert!(
        drift["message"]
            .as_str()
            .unwrap()
            .contains("evercert deploy"),
        "{drift}"
    );
    assert_eq!(
        read(world.path("ssl/c.crt")),
        read(theirs.live("fullchain.pem"))
    );
    world.good_verb(&["deploy", DOMAIN]);
    assert_eq!(
        read(world.path("ssl/c.crt")),
        read(world.live("fullchain.pem"))
    );
}

#[test]
fn a_record_that_was_restored_takes_no_later_certificate_away() {
    let world = World::new(Duration::from_secs(20 * 86_400));
    fs::create_dir(world.path("ssl")).unwrap();
    world.write_config(&pem(&world, "exit 0", "exit 0"));
    world.good_verb(&["renew"]);
    let backup = world.path("backup").display().to_string();
    world.good_verb(&["backup", &backup]);
    world.good_verb(&["renew", "--force", DOMAIN]);
    let later = read(world.path("ssl/c.crt"));
    assert_eq!(later, read(world.live("fullchain.pem")));
    world.good_verb(&["restore", &backup]);
    let daemon = world.daemon();
    eventually("the later one is left and said", || {
        daemon.log().contains("is there than the record knows")
    });
    assert_eq!(read(world.path("ssl/c.crt")), later);
    assert_eq!(daemon.events("certificate.deployed").len(), 0);
}

#[test]
fn what_is_wrong_with_an_old_version_keeps_no_new_certificate_from_its_targets() {
    let world = World::new(Duration::from_secs(20 * 86_400));
    fs::create_dir(world.path("ssl")).unwrap();
    world.write_config(&pem(&world, "exit 0", "exit 0"));
    world.good_verb(&["renew"]);
    let old = world
        .path("state/archive")
        .join(DOMAIN)
        .join("0001/cert.pem");
    fs::remove_file(&old).unwrap();
    std::os::unix::fs::symlink("cert.pem", &old).unwrap();
    world.good_verb(&["renew", "--force", DOMAIN]);
    assert_eq!(world.orders(), 2);
    let link = fs::read_link(world.path("state/live").join(DOMAIN)).unwrap();
    assert!(!link.ends_with("0001"), "{link:?}");
    assert_eq!(
        read(world.path("ssl/c.crt")),
        read(world.live("fullchain.pem"))
    );
}

#[test]
fn what_was_proven_is_what_a_redelivery_goes_back_to() {
    let world = World::new(Duration::from_secs(20 * 86_400));
    fs::create_dir(world.path("ssl")).unwrap();
    world.write_config(&pem(&world, "exit 0", "exit 0"));
    world.good_verb(&["renew"]);
    let first = read(world.path("ssl/c.crt"));
    world.good_verb(&["renew", "--force", DOMAIN]);
    let second = read(world.path("ssl/c.crt"));
    assert_ne!(first, second);
    // Something else breaks the server's config, and the certificate is delivered again.
    world.script("check.sh", "exit 1");
    let output = world.verb(&["deploy", DOMAIN]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert_eq!(read(world.path("ssl/c.crt")), second);
}

#[test]
fn a_certificate_that_has_ended_is_not_put_back_over_one_that_has_not() {
    let world = World::new(FRESH);
    fs::create_dir(world.path("ssl")).unwrap();
    let (cert, key) = pair(&["shop.example.com"], (2001, 2002));
    fs::write(world.path("ssl/c.crt"), &cert).unwrap();
    fs::write(world.path("ssl/c.key"), &key).unwrap();
    world.write_config(&pem(&world, "exit 1", "exit 0"));
    let output = world.verb(&["renew"]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert_eq!(
        read(world.path("ssl/c.crt")),
        read(world.live("fullchain.pem"))
    );
    let status = world.status();
    let said = status["targets"][0]["last_error"].as_str().unwrap();
    assert!(said.contains("the certificate before has ended"), "{said}");
    world.script("check.sh", "exit 0");
    world.good_verb(&["deploy", DOMAIN]);
}

/// A certificate that is valid from one year to another, signed by a CA of its own, and its key.
fn pair(names: &[&str], (from, to): (i32, i32)) -> (String, String) {
    let authority_key = rcgen::KeyPair::generate().unwrap();
    let authority = rcgen::Issuer::new(rcgen::CertificateParams::default(), authority_key);
    let key = rcgen::KeyPair::generate().unwrap();
    let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
    let mut params = rcgen::CertificateParams::new(names).unwrap();
    params.not_before = rcgen::date_time_ymd(from, 1, 1);
    params.not_after = rcgen::date_time_ymd(to, 1, 1);
    let certificate = params.signed_by(&key, &authority).unwrap();
    (certificate.pem(), key.serialize_pem())
}

#[test]
fn files_that_somebody_changed_are_written_again() {
    let world = World::new(FRESH);
    fs::create_dir(world.path("ssl")).unwrap();
    world.write_config(&pem(&world, "exit 0", "exit 0"));
    let daemon = world.daemon();
    daemon.wait_for("certificate.deployed", 1);
    fs::write(world.path("ssl/c.crt"), "oops").unwrap();
    daemon.wait_for("drift.found", 1);
    daemon.wait_for("certificate.deployed", 2);
    assert_eq!(
        read(world.path("ssl/c.crt")),
        read(world.live("fullchain.pem"))
    );
}

#[test]
fn a_key_a_chain_or_a_key_store_that_somebody_changed_is_written_again() {
    let world = World::new(FRESH);
    fs::create_dir(world.path("ssl")).unwrap();
    fs::write(world.path("password"), "changeit\n").unwrap();
    set_mode(&world.path("password"), 0o600);
    let targets = pem(&world, "exit 0", "exit 0").replace(
        "mode = ",
        &format!(
            "chain = \"{}\"\nmode = ",
            world.path("ssl/chain.pem").display()
        ),
    );
    let others = format!(
        "[[certificates.install]]\nformat = \"combined\"\nfile = \"{}\"\n\
         [[certificates.install]]\nformat = \"pkcs12\"\nfile = \"{}\"\npassword_file = \"{}\"\n",
        world.path("ssl/h.pem").display(),
        world.path("ssl/k.p12").display(),
        world.path("password").display(),
    );
    world.write_config(&format!("{targets}{others}"));
    let daemon = world.daemon();
    daemon.wait_for("certificate.deployed", 3);
    let key = read(world.path("ssl/c.key"));
    let chain = read(world.path("ssl/chain.pem"));
    let combined = read(world.path("ssl/h.pem"));
    let cert_alone = read(world.live("fullchain.pem"));
    let (_, other_key) = pair(&[DOMAIN], (2001, 2002));
    // What is added to a file of several parts is left: what was written is there.
    let with_parameters = format!(
        "{combined}-----BEGIN DH PARAMETERS-----\nMAYCAQICAQI=\n-----END DH PARAMETERS-----\n"
    );
    fs::write(world.path("ssl/h.pem"), &with_parameters).unwrap();
    let mut drifts = 0;
    for (name, content) in [
        ("c.key", ""),
        ("c.key", other_key.as_str()),
        ("chain.pem", ""),
        ("k.p12", ""),
    ] {
        fs::write(world.path("ssl").join(name), content).unwrap();
        drifts += 1;
        daemon.wait_for("drift.found", drifts);
        daemon.wait_for("certificate.deployed", 3 + drifts);
    }
    assert_eq!(read(world.path("ssl/c.key")), key);
    assert_eq!(read(world.path("ssl/chain.pem")), chain);
    assert_ne!(fs::metadata(world.path("ssl/k.p12")).unwrap().len(), 0);
    assert_eq!(read(world.path("ssl/h.pem")), with_parameters);
    fs::write(world.path("ssl/h.pem"), cert_alone).unwrap();
    daemon.wait_for("certificate.deployed", 4 + drifts);
    assert_eq!(read(world.path("ssl/h.pem")), combined);
    // A key that was taken away is put back too.
    fs::remove_file(world.path("ssl/c.key")).unwrap();
    daemon.wait_for("certificate.deployed", 5 + drifts);
    assert_eq!(read(world.path("ssl/c.key")), key);
}

#[test]
fn a_target_that_an_edit_adds_during_a_delivery_is_delivered_without_a_failure() {
    let world = World::new(FRESH);
    fs::create_dir(world.path("ssl")).unwrap();
    let (begun, gate) = (world.path("begun"), world.path("gate"));
    let reload = format!(
        "touch {}; while [ ! -e {} ]; do sleep 0.05; done",
        begun.display(),
        gate.display()
    );
    let targets = pem(&world, "exit 0", &reload).replace("\"3s\"", "\"60s\"");
    world.write_config(&targets);
    let daemon = world.daemon();
    eventually("the reload runs", || begun.exists());
    let added = world.path("ssl/h.pem");
    world.write_config(&format!(
        "{targets}[[certificates.install]]\nformat = \"combined\"\nfile = \"{}\"\n",
        added.display()
    ));
    daemon.wait_for("config.reloaded", 1);
    fs::write(&gate, "").unwrap();
    daemon.wait_for("certificate.deployed", 2);
    assert!(added.exists());
    let failed = daemon.events("certificate.failed");
    assert_eq!(failed.len(), 0, "{}", daemon.log());
}

#[test]
fn rollback_goes_back_everywhere_and_deploy_or_the_next_renewal_ends_it() {
    let world = World::new(AGED);
    fs::create_dir(world.path("ssl")).unwrap();
    world.write_config(&pem(&world, "exit 0", "exit 0"));
    let output = world.verb(&["rollback", DOMAIN]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let daemon = world.daemon();
    daemon.wait_for("certificate.renewed", 1);
    let new = read(world.live("fullchain.pem"));
    let text = world.good_verb(&["rollback", DOMAIN]);
    assert!(text.contains("rolled back"), "{text}");
    let old = read(world.live("fullchain.pem"));
    assert_ne!(old, new);
    assert_eq!(read(world.path("ssl/c.crt")), old);
    assert_eq!(world.status()["rolled_back"], true);
    assert!(world.good_verb(&["status"]).contains("rolled back"));
    daemon.kill();
    // Without a daemon the verbs do the same. There is no older one, so asking twice stays where it is.
    world.good_verb(&["rollback", DOMAIN]);
    assert_eq!(read(world.path("ssl/c.crt")), old);
    world.good_verb(&["deploy", DOMAIN]);
    assert_eq!(read(world.path("ssl/c.crt")), new);
    assert_eq!(read(world.live("fullchain.pem")), new);
    assert_eq!(world.status()["rolled_back"], false);
}

#[test]
fn renew_without_a_daemon_waits_until_it_is_delivered() {
    let world = World::new(FRESH);
    fs::create_dir(world.path("ssl")).unwrap();
    world.write_config(&pem(&world, "exit 0", &noting(&world, "reload")));
    world.good_verb(&["renew"]);
    assert_eq!(read(world.path("calls")), "reload\n");
    world.script("check.sh", "exit 1");
    let output = world.verb(&["deploy", DOMAIN]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
}

/// An access control list that lets user 33 read (acl(5); the kernel's form: tag, rights, id).
fn acl_for_user_33() -> Vec<u8> {
    let nobody = u32::MAX;
    let entries: [(u16, u16, u32); 5] = [
        (0x01, 6, nobody),
        (0x02, 4, 33),
        (0x04, 4, nobody),
        (0x10, 4, nobody),
        (0x20, 0, nobody),
    ];
    let mut bytes = 2_u32.to_le_bytes().to_vec();
    for (tag, rights, id) in entries {
        bytes.extend(tag.to_le_bytes());
        bytes.extend(rights.to_le_bytes());
        bytes.extend(id.to_le_bytes());
    }
    bytes
}

const ACL: &str = "system.posix_acl_access";

#[test]
fn a_file_that_is_there_keeps_its_owner_group_mode_and_access_list_where_the_entry_says_none() {
    if !nix::unistd::geteuid().is_root() {
        println!("skipped: only root gives files away");
        return;
    }
    let world = World::new(FRESH);
    let file = world.path("theirs.pem");
    fs::write(&file, "before").unwrap();
    std::os::unix::fs::chown(&file, Some(0), Some(4242)).unwrap();
    set_mode(&file, 0o640);
    let acl = acl_for_user_33();
    let flags = rustix::fs::XattrFlags::empty();
    let has_acl = rustix::fs::setxattr(&file, ACL, &acl, flags).is_ok();
    let given = world.path("given.pem");
    world.write_config(&format!(
        "[[certificates.install]]\nformat = \"combined\"\nfile = \"{}\"\n\
         [[certificates.install]]\nformat = \"combined\"\nfile = \"{}\"\nowner = \"12345\"\ngroup = \"54321\"\nmode = \"0440\"\n",
        file.display(),
        given.display()
    ));
    let daemon = world.daemon();
    daemon.wait_for("certificate.deployed", 2);
    let kept = fs::metadata(&file).unwrap();
    assert_eq!(
        (kept.uid(), kept.gid(), kept.mode() & 0o7777),
        (0, 4242, 0o640)
    );
    if has_acl {
        let mut bytes = vec![0; 1024];
        let length = rustix::fs::getxattr(&file, ACL, &mut bytes[..]).unwrap();
        assert_eq!(&bytes[..length], acl);
    }
    let given = fs::metadata(&given).unwrap();
    assert_eq!(
        (given.uid(), given.gid(), given.mode() & 0o7777),
        (12345, 54321, 0o440)
    );
}

#[test]
fn check_says_what_a_file_will_lose_before_it_is_lost() {
    let world = World::new(FRESH);
    let file = world.path("open.pem");
    fs::write(&file, "before").unwrap();
    set_mode(&file, 0o644);
    world.write_config(&format!(
        "[[certificates.install]]\nformat = \"combined\"\nfile = \"{}\"\n",
        file.display()
    ));
    let said = world.good_verb(&["check"]);
    assert!(
        said.contains("will lose the rights that everybody has on it (mode 0644)"),
        "{said}"
    );
}
