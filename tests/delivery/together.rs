//! Commands that several certificates share: never two at once, and once for what is due together.

use std::fmt::Write as _;
use std::fs;
use std::time::Duration;

use super::harness::{DOMAIN, World, eventually, read};

const FRESH: Duration = Duration::ZERO;

/// Commands that note when they begin and end, so that an overlap shows.
fn slow(world: &World, word: &str) -> String {
    let calls = world.path("calls").display().to_string();
    world.script(
        &format!("{word}.sh"),
        &format!("echo begin {word} >> {calls}; sleep 0.3; echo end {word} >> {calls}"),
    )
}

fn combined(world: &World, name: &str, commands: &str) -> String {
    let file = world.path("ssl").join(name);
    format!(
        "[[certificates.install]]\nformat = \"combined\"\nfile = \"{}\"\ncreate_folders = true\n{commands}\n",
        file.display()
    )
}

/// Every beginning is followed by its own end.
fn never_overlap(calls: &str) -> bool {
    let lines: Vec<&str> = calls.lines().collect();
    lines.chunks(2).all(|pair| {
        let word = pair[0].strip_prefix("begin ");
        pair.len() == 2 && word.is_some() && pair[1].strip_prefix("end ") == word
    })
}

#[test]
fn certificates_that_are_due_together_are_written_first_then_checked_once_and_reloaded_once() {
    let world = World::new(FRESH);
    let commands = format!(
        "check = [\"{}\"]\nreload = [\"{}\"]",
        slow(&world, "check"),
        slow(&world, "reload")
    );
    let config = |target: &dyn Fn(String) -> String| {
        let mut config = target("first.pem".to_owned());
        for number in 1..6 {
            writeln!(
                config,
                "[[certificates]]\ndomain = \"n{number}.example.com\"\n{}",
                target(format!("{number}.pem"))
            )
            .unwrap();
        }
        config
    };
    world.write_config(&config(&|_| String::new()));
    let daemon = world.daemon();
    daemon.wait_for("certificate.installed", 6);
    // One edit makes all of them due at one moment, however slow this machine is.
    world.write_config(&config(&|name| combined(&world, &name, &commands)));
    daemon.wait_for("certificate.deployed", 6);
    assert_eq!(
        read(world.path("calls")),
        "begin check\nend check\nbegin reload\nend reload\n",
        "{}",
        daemon.log()
    );
}

#[test]
fn equal_commands_never_run_at_once_wherever_they_stand() {
    let world = World::new(FRESH);
    let command = slow(&world, "same");
    let mut config = combined(&world, "first.pem", &format!("reload = [\"{command}\"]"));
    for number in 1..5 {
        writeln!(
            config,
            "[[certificates]]\ndomain = \"n{number}.example.com\"\n[certificates.hooks]\ndeploy = [[\"{command}\"]]"
        )
        .unwrap();
    }
    world.write_config(&config);
    let daemon = world.daemon();
    daemon.wait_for("certificate.deployed", 5);
    let calls = read(world.path("calls"));
    assert!(never_overlap(&calls), "{calls}");
    assert_eq!(
        calls.lines().filter(|line| *line == "end same").count(),
        5,
        "{calls}"
    );
}

#[test]
fn before_the_first_delivery_files_stay_and_another_target_of_the_same_check_lets_them_in() {
    let world = World::new(FRESH);
    let (one, two) = (world.path("ssl/one.pem"), world.path("ssl/two.pem"));
    // As nginx -t does where two server blocks name a file each.
    let check = world.script(
        "check.sh",
        &format!(
            "for file in {} {}; do [ -e $file ] || {{ echo cannot load $file >&2; exit 1; }}; done",
            one.display(),
            two.display()
        ),
    );
    let commands = format!(
        "check = [\"{check}\"]\nreload = [\"{}\"]",
        slow(&world, "reload")
    );
    let first = combined(&world, "one.pem", &commands);
    world.write_config(&first);
    let daemon = world.daemon();
    let failed = daemon.wait_for("certificate.failed", 2);
    assert!(
        failed["message"].to_string().contains("cannot load"),
        "{failed}"
    );
    assert!(one.exists(), "there was nothing to go back to");
    assert!(
        daemon.events("certificate.rolled_back").is_empty(),
        "{}",
        daemon.log()
    );
    assert!(
        read(world.path("calls")).is_empty(),
        "nothing is reloaded yet"
    );
    let second = combined(&world, "two.pem", &commands);
    world.write_config(&format!(
        "{first}[[certificates]]\ndomain = \"two.example.com\"\n{second}"
    ));
    daemon.wait_for("certificate.deployed", 2);
    assert!(never_overlap(&read(world.path("calls"))));
}

#[test]
fn one_target_that_a_shared_check_refuses_does_not_keep_the_others_out() {
    let world = World::new(FRESH);
    let bad = world.path("ssl/bad.pem");
    fs::create_dir_all(world.path("ssl")).unwrap();
    for name in ["bad.pem", "first.pem", "good.pem"] {
        fs::write(world.path("ssl").join(name), "before").unwrap();
    }
    let check = world.script(
        "check.sh",
        &format!(
            "[ \"$(cat {})\" = before ] || {{ echo bad is refused >&2; exit 1; }}",
            bad.display()
        ),
    );
    let commands = format!(
        "check = [\"{check}\"]\nreload = [\"{}\"]",
        slow(&world, "reload")
    );
    let mut config = combined(&world, "first.pem", &commands);
    for name in ["bad", "good"] {
        let target = combined(&world, &format!("{name}.pem"), &commands);
        writeln!(
            config,
            "[[certificates]]\ndomain = \"{name}.example.com\"\n{target}"
        )
        .unwrap();
    }
    world.write_config(&config);
    let daemon = world.daemon();
    daemon.wait_for("certificate.deployed", 2);
    for event in daemon.events("certificate.deployed") {
        assert_ne!(event["certificate"], "bad.example.com", "{event}");
    }
    eventually("the refused one is what it was", || read(&bad) == "before");
    assert!(daemon.log().contains(DOMAIN));
}
