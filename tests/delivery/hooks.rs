//! Hooks: what they are told, how often they run, and what their failure does.

use std::time::Duration;

use super::harness::{DOMAIN, World, eventually, read};

#[test]
fn a_deploy_hook_runs_once_for_each_certificate_and_is_told_all_but_secrets() {
    let world = World::new(Duration::from_secs(62 * 86_400));
    let hook = world.script(
        "push.sh",
        &format!(
            "env | sort > {0}.$EVERCERT_CERTIFICATE_ID; echo $EVERCERT_CERTIFICATE_ID >> {0}; echo pushed to the edge",
            world.path("ran").display()
        ),
    );
    world.write_config(&format!(
        "[certificates.hooks]\ndeploy = [[\"{hook}\", \"a b\"]]\n"
    ));
    let daemon = world.daemon();
    let renewed = daemon.wait_for("certificate.renewed", 1);
    let id = renewed["certificate_id"].as_str().unwrap().to_owned();
    let told = read(world.path(&format!("ran.{id}")));
    let live = world.path("state/live").join(DOMAIN).display().to_string();
    for line in [
        format!("EVERCERT_DOMAIN={DOMAIN}"),
        format!("EVERCERT_CERTIFICATE_ID={id}"),
        format!("EVERCERT_FULLCHAIN={live}/fullchain.pem"),
        format!("EVERCERT_KEY={live}/privkey.pem"),
        format!("RENEWED_LINEAGE={live}"),
        format!("RENEWED_DOMAINS={DOMAIN}"),
        "EVERCERT_EVENT=deploy".to_owned(),
    ] {
        assert!(
            told.lines().any(|told| told == line),
            "{line} is not in\n{told}"
        );
    }
    assert!(
        !told.contains("AKID") && !told.contains("key-for-targets"),
        "{told}"
    );
    let kept = world.good_verb(&["history", DOMAIN]);
    assert_eq!(
        kept.matches("wrote: pushed to the edge").count(),
        2,
        "{kept}"
    );
    // Neither a restart nor further checks run it again.
    daemon.kill();
    let again = world.daemon();
    again.wait_for("daemon.ready", 1);
    std::thread::sleep(Duration::from_secs(4));
    let ran = read(world.path("ran"));
    assert_eq!(ran.lines().count(), 2, "{ran}");
}

#[test]
fn a_hook_that_fails_is_tried_again_and_tells_the_failure_hook() {
    let world = World::new(Duration::ZERO);
    let hook = world.script(
        "push.sh",
        &format!("echo no route >&2; [ -e {} ]", world.path("gate").display()),
    );
    let page = world.script(
        "page.sh",
        &format!(
            "echo \"$EVERCERT_DOMAIN $EVERCERT_EVENT $EVERCERT_ERROR\" >> {}",
            world.path("paged").display()
        ),
    );
    world.write_config(&format!(
        "[certificates.hooks]\ndeploy = [[\"{hook}\"]]\nfailure = [[\"{page}\"]]\n"
    ));
    let daemon = world.daemon();
    let failed = daemon.wait_for("hook.failed", 2);
    assert!(
        failed["message"].as_str().unwrap().contains("no route"),
        "{failed}"
    );
    assert_eq!(failed["attempt"], 2);
    eventually("the failure hook ran", || world.path("paged").exists());
    std::fs::write(world.path("gate"), "").unwrap();
    daemon.wait_for("certificate.deployed", 1);
    let paged = read(world.path("paged"));
    assert_eq!(paged.lines().count(), 1, "{paged}");
    assert!(
        paged.starts_with(&format!("{DOMAIN} failure ")) && paged.contains("no route"),
        "{paged}"
    );
    assert_eq!(world.orders(), 1);
    let history = world.good_verb(&["history", DOMAIN]);
    assert!(history.contains("no route"), "{history}");
}

#[test]
fn with_the_stand_in_of_run_sandbox_nothing_is_touched() {
    let world = World::new(Duration::ZERO);
    let hook = world.script("push.sh", &format!("touch {}", world.path("ran").display()));
    world.write_config(&format!(
        "verify = \"127.0.0.1:9\"\n[[certificates.install]]\nformat = \"combined\"\nfile = \"{}\"\nreload = [\"{hook}\"]\n\
         [[certificates.cloud]]\nresources = [\"clb\"]\n[certificates.hooks]\ndeploy = [[\"{hook}\"]]\n",
        world.path("h.pem").display()
    ));
    let daemon = world.sandboxed_daemon();
    daemon.wait_for("delivery.pretended", 4);
    let said = daemon.events("delivery.pretended");
    let switched = |line: &serde_json::Value| {
        let words = line["message"].as_str().unwrap_or_default();
        words.contains("would switch: cloud clb")
    };
    assert!(said.iter().any(switched), "{}", daemon.log());
    daemon.wait_for("certificate.renewed", 1);
    assert!(!world.path("ran").exists() && !world.path("h.pem").exists());
}
