//! Folders of somebody else's.

use std::fs;
use std::os::unix::fs::{PermissionsExt, lchown, symlink};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use nix::sys::stat::Mode;
use nix::unistd::{geteuid, mkfifo};

use crate::common::{Daemon, Home, SOON, StandIn, free_port, get, site, wait_for};

/// A user that is neither root nor us.
const SOMEBODY: u32 = 4711;

const PIPE: Mode = Mode::from_bits_truncate(0o666);

/// The owner of a webroot swaps each proof for a pipe as soon as it is there. Others' certificates are issued, the page
/// answers, and the daemon ends when it is told to.
#[test]
fn a_webroot_whose_owner_swaps_proofs_for_pipes_stops_nothing() {
    let stand_in = StandIn::quick();
    let home = Home::empty();
    let root = home.path().join("www");
    let proofs = root.join(".well-known/pki-validation");
    fs::create_dir_all(&proofs).unwrap();
    let text = home
        .config_text(&stand_in.endpoint(), &["a.example.com", "b.example.com"])
        .replace(
            "listen = \"\"",
            &format!("listen = \"127.0.0.1:{}\"", free_port()),
        );
    let file = format!(
        "domain = \"a.example.com\"\nvalidation = {{ method = \"FILE\", webroot = \"{}\" }}",
        root.display()
    );
    home.write_config(text.replace("domain = \"a.example.com\"", &file));
    let over = Arc::new(AtomicBool::new(false));
    let swapping = {
        let (over, pipe) = (Arc::clone(&over), root.join("pipe"));
        std::thread::spawn(move || {
            while !over.load(Ordering::Relaxed) {
                for entry in fs::read_dir(&proofs).into_iter().flatten().flatten() {
                    mkfifo(&pipe, PIPE).ok();
                    fs::rename(&pipe, entry.path()).ok();
                }
            }
        })
    };
    let mut daemon = Daemon::start(&home);
    daemon.wait_until("a try of the proof", |log| {
        let tried = ["validation.presented", "validation.failed"];
        log.iter()
            .any(|line| tried.iter().any(|event| line["event"] == *event))
            .then_some(())
    });
    daemon.wait_of("certificate.installed", "b.example.com");
    assert_eq!(get(site(&daemon), "/healthz").status, 200);
    assert_eq!(daemon.stop().code(), Some(0));
    over.store(true, Ordering::Relaxed);
    swapping.join().unwrap();
}

#[test]
fn the_collector_s_folder_leads_to_no_other_file() {
    let stand_in = StandIn::quick();
    let home = Home::empty();
    let folder = home.path().join("collector");
    fs::create_dir(&folder).unwrap();
    let precious = home.path().join("precious");
    fs::write(&precious, "precious").unwrap();
    fs::set_permissions(&precious, fs::Permissions::from_mode(0o600)).unwrap();
    let target = folder.join("evercert.prom");
    for name in ["evercert.prom", "evercert.prom.new", ".evercert.prom"] {
        symlink(&precious, folder.join(name)).unwrap();
    }
    let text = home.config_text(&stand_in.endpoint(), &["a.example.com"]);
    home.write_config(text.replace(
        "listen = \"\"",
        &format!("listen = \"\"\ntextfile = \"{}\"", target.display()),
    ));
    let _daemon = Daemon::start(&home);
    wait_for("the file of metrics", SOON, || {
        fs::symlink_metadata(&target)
            .ok()
            .filter(fs::Metadata::is_file)
    });
    assert_eq!(fs::read_to_string(&precious).unwrap(), "precious");
    let mode = fs::metadata(&precious).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let mode = fs::metadata(&target).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o644);
}

/// The owner of a target's parent turns a folder of it into a link to another one.
#[test]
fn a_target_s_parent_that_somebody_else_linked_leads_to_no_other_key() {
    if !geteuid().is_root() {
        return;
    }
    let stand_in = StandIn::quick();
    let home = Home::empty();
    let theirs = home.path().join("theirs");
    let other = home.path().join("other");
    fs::create_dir(&theirs).unwrap();
    fs::create_dir(&other).unwrap();
    fs::write(other.join("a.key"), "another key").unwrap();
    symlink(&other, theirs.join("ssl")).unwrap();
    lchown(theirs.join("ssl"), Some(SOMEBODY), Some(SOMEBODY)).unwrap();
    let at = |name: &str| theirs.join("ssl").join(name).display().to_string();
    let text = format!(
        "{}[[certificates.install]]\nformat = \"pem\"\ncert = \"{}\"\nkey = \"{}\"\n",
        home.config_text(&stand_in.endpoint(), &["a.example.com"]),
        at("a.crt"),
        at("a.key")
    );
    home.write_config(text);
    let daemon = Daemon::start(&home);
    let failed = daemon.wait_of("certificate.failed", "a.example.com");
    let said = failed["message"].as_str().unwrap();
    assert!(said.contains("is a link of user 4711"), "{said}");
    let left = fs::read_to_string(other.join("a.key")).unwrap();
    assert_eq!(left, "another key");
    assert!(!other.join("a.crt").exists());
}

#[test]
fn a_target_that_is_a_pipe_is_refused_and_waits_for_nobody() {
    let stand_in = StandIn::quick();
    let home = Home::empty();
    let pipe = home.path().join("a.pem");
    mkfifo(&pipe, PIPE).unwrap();
    home.write_config(format!(
        "{}[[certificates.install]]\nformat = \"combined\"\nfile = \"{}\"\n",
        home.config_text(&stand_in.endpoint(), &["a.example.com"]),
        pipe.display()
    ));
    let mut daemon = Daemon::start(&home);
    let failed = daemon.wait_of("certificate.failed", "a.example.com");
    let said = failed["message"].as_str().unwrap();
    assert!(said.contains("not a regular file"), "{said}");
    assert_eq!(daemon.stop().code(), Some(0));
}

#[test]
fn a_config_that_others_can_change_is_refused_with_the_remedy() {
    let stand_in = StandIn::quick();
    let home = Home::of(&stand_in, &["a.example.com"]);
    let parts = home.path().join("conf.d");
    fs::create_dir(&parts).unwrap();
    let part = parts.join("b.toml");
    fs::write(&part, "[[certificates]]\ndomain = \"b.example.com\"\n").unwrap();
    let set = |path: &std::path::Path, mode: u32| {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    };
    set(&part, 0o644);
    set(&parts, 0o755);
    assert_eq!(home.run(&["check"]).code, 0);
    for (path, good, bad) in [
        (&part, 0o644, 0o646),
        (&part, 0o644, 0o664),
        (&parts, 0o755, 0o777),
        (&parts, 0o755, 0o775),
        (&home.config(), 0o600, 0o602),
        (&home.config(), 0o600, 0o620),
    ] {
        set(path, bad);
        let out = home.run(&["check"]);
        assert_eq!(out.code, 78, "{} {bad:o}: {}", path.display(), out.all());
        assert!(out.all().contains("chmod go-w it"), "{}", out.all());
        set(path, good);
    }
    assert_eq!(home.run(&["check"]).code, 0);
}

#[test]
fn doctor_names_the_folder_above_a_target_that_others_can_change() {
    let stand_in = StandIn::quick();
    let home = Home::empty();
    let open = home.path().join("open");
    fs::create_dir_all(open.join("ssl")).unwrap();
    fs::set_permissions(&open, fs::Permissions::from_mode(0o777)).unwrap();
    home.write_config(format!(
        "{}[[certificates.install]]\nformat = \"combined\"\nfile = \"{}\"\n",
        home.config_text(&stand_in.endpoint(), &["a.example.com"]),
        open.join("ssl/a.pem").display()
    ));
    let said = home.run(&["doctor"]).all();
    let named = format!(
        "{} can be changed by others than root and the service",
        open.display()
    );
    assert!(said.contains(&named), "{said}");
}
