//! Real commands, good and bad.

use super::output::TAIL;
use super::*;
use crate::clock::SystemClock;

const LONG: Duration = Duration::from_secs(30);

fn words(command: &[&str]) -> Vec<String> {
    command.iter().map(|word| (*word).to_owned()).collect()
}

fn environment() -> Environment {
    Environment::default().with("EVERCERT_DOMAIN", "a.example")
}

async fn run_for(seconds: u64, command: &[&str]) -> Result<Ran, CommandError> {
    let argv = words(command);
    let job = Run::new(&argv, environment(), Duration::from_secs(seconds));
    run(job, &SystemClock::new()).await
}

/// As validation runs its commands: with our surroundings, and nothing is left behind.
async fn tidily(script: &str, timeout: Duration) -> Result<String, String> {
    let argv = words(&["/bin/sh", "-c", script]);
    let job = Run {
        leftovers: Leftovers::End,
        ..Run::new(&argv, Environment::inherited(), timeout)
    };
    let ran = run(job, &SystemClock::new()).await;
    ran.map(|ran| ran.output).map_err(|error| error.to_string())
}

#[tokio::test]
async fn a_command_gets_its_arguments_as_they_are_and_a_clean_environment() {
    let ran = run_for(10, &["printf", "%s|", "a b", "$HOME", "*"])
        .await
        .unwrap();
    assert_eq!(ran.output, "a b|$HOME|*|");
    let ran = run_for(10, &["env"]).await.unwrap();
    let mut names: Vec<&str> = ran
        .output
        .lines()
        .filter_map(|line| line.split('=').next())
        .collect();
    names.sort_unstable();
    assert_eq!(names, ["EVERCERT_DOMAIN", "LANG", "PATH"]);
}

#[tokio::test]
async fn what_is_inherited_is_five_names_and_no_secret_overwrites_ours() {
    let argv = words(&["env"]);
    let secrets = vec![
        ("KEY".to_owned(), SecretString::from("hush")),
        ("EVERCERT_DOMAIN".to_owned(), SecretString::from("other")),
    ];
    let environment = Environment::inherited()
        .with("EVERCERT_DOMAIN", "a.example")
        .with_secrets(secrets);
    assert!(!format!("{environment:?}").contains("hush"));
    let ran = run(Run::new(&argv, environment, LONG), &SystemClock::new())
        .await
        .unwrap();
    let known = [
        "PATH",
        "HOME",
        "LANG",
        "TZ",
        "TMPDIR",
        "KEY",
        "EVERCERT_DOMAIN",
    ];
    let names = ran.output.lines().filter_map(|line| line.split('=').next());
    let odd: Vec<&str> = names.filter(|name| !known.contains(name)).collect();
    assert_eq!(odd, Vec::<&str>::new());
    assert!(ran.output.contains("KEY=hush") && ran.output.contains("EVERCERT_DOMAIN=a.example"));
}

#[tokio::test]
async fn input_reaches_the_command_and_one_that_reads_none_does_not_hang() {
    let input = "x".repeat(300_000);
    for (script, output) in [("wc -c", "300000"), ("echo no", "no")] {
        let argv = words(&["sh", "-c", script]);
        let job = Run {
            input: Some(input.as_bytes()),
            ..Run::new(&argv, environment(), LONG)
        };
        assert_eq!(run(job, &SystemClock::new()).await.unwrap().output, output);
    }
}

#[tokio::test]
async fn only_the_end_of_much_output_is_kept_and_it_never_blocks() {
    let script = "yes | head -c 3000000; echo the end";
    let ran = run_for(20, &["sh", "-c", script]).await.unwrap();
    assert!(
        ran.output.len() <= TAIL && ran.output.ends_with("the end"),
        "{}",
        ran.output.len()
    );
    let error = tidily(&format!("{script}; exit 1"), LONG)
        .await
        .unwrap_err();
    assert!(
        error.contains("the end") && error.len() < TAIL + 200,
        "{}",
        error.len()
    );
}

#[tokio::test]
async fn a_failure_says_its_code_and_its_last_words() {
    let error = run_for(10, &["sh", "-c", "echo bad directive >&2; exit 3"])
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "sh ended with exit code 3: bad directive"
    );
    let error = error.of("acme.sh's dns_cf_add".to_owned()).to_string();
    assert!(error.starts_with("acme.sh's dns_cf_add ended"), "{error}");
    let error = tidily("echo out; echo the reason >&2; exit 3", LONG)
        .await
        .unwrap_err();
    assert!(
        error.contains("out") && error.contains("the reason"),
        "{error}"
    );
}

#[tokio::test]
async fn what_is_missing_or_not_executable_says_so() {
    for (program, says) in [
        ("/nowhere/hook", "is not there"),
        ("/etc/passwd", "chmod +x"),
    ] {
        let error = run_for(10, &[program]).await.unwrap_err().to_string();
        let start = format!("{program} can't be started: ");
        assert!(error.starts_with(&start) && error.contains(says), "{error}");
    }
}

#[tokio::test]
async fn a_command_that_hangs_is_ended_with_its_children() {
    let folder = tempfile::tempdir().unwrap();
    let mark = folder.path().join("pid");
    let script = format!("sleep 600 & echo $! > {}; wait", mark.display());
    let error = run_for(1, &["sh", "-c", &script]).await.unwrap_err();
    assert!(
        error.to_string().contains("took longer than 1 seconds"),
        "{error}"
    );
    assert_gone(&pid_in(&mark)).await;
}

#[tokio::test]
async fn dropping_a_run_ends_the_command_with_its_children() {
    let folder = tempfile::tempdir().unwrap();
    let mark = folder.path().join("pid");
    let script = format!("sleep 600 & echo $! > {}; wait", mark.display());
    let command = ["sh", "-c", script.as_str()];
    tokio::select! {
        _ = run_for(600, &command) => panic!("it ended by itself"),
        () = until(|| pid_in(&mark).ends_with('\n')) => {}
    }
    assert_gone(&pid_in(&mark)).await;
}

#[tokio::test]
async fn what_is_left_behind_stays_or_ends_as_it_was_asked_and_never_holds_us() {
    let folder = tempfile::tempdir().unwrap();
    let mark = folder.path().join("pid");
    let script = format!("sleep 300 & echo $! > {}; exit 0", mark.display());
    let started = SystemClock::new();
    tidily(&script, LONG).await.unwrap();
    assert_gone(&pid_in(&mark)).await;
    run_for(30, &["sh", "-c", &script]).await.unwrap();
    assert!(started.monotonic() < LONG / 3);
    let pid = pid_in(&mark).trim().parse().unwrap();
    nix::sys::signal::kill(Pid::from_raw(pid), Signal::SIGKILL).unwrap();
}

#[tokio::test]
async fn what_a_child_prints_a_moment_later_is_still_kept() {
    let script = "(sleep 0.1; echo later) & echo now";
    assert_eq!(tidily(script, LONG).await.unwrap(), "now\nlater");
}

fn pid_in(mark: &Path) -> String {
    std::fs::read_to_string(mark).unwrap_or_default()
}

/// Gone, or a zombie that nobody has waited for yet.
async fn assert_gone(pid: &str) {
    let stat = format!("/proc/{}/stat", pid.trim());
    until(|| std::fs::read_to_string(&stat).map_or(true, |text| text.contains(") Z"))).await;
}

async fn until(condition: impl Fn() -> bool) {
    let clock = SystemClock::new();
    while !condition() {
        assert!(clock.monotonic() < LONG, "it never came true");
        clock.sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn the_whole_output_is_given_as_it_is_up_to_its_limit() {
    let run_with = async |limit, script| {
        let argv = words(&["/bin/sh", "-c", script]);
        let job = Run {
            whole: Some(limit),
            ..Run::new(&argv, Environment::default(), LONG)
        };
        run(job, &SystemClock::new()).await
    };
    let script = "yes 'token=abc' | head -c 100000; echo aside >&2";
    let whole = run_with(100_000, script).await.unwrap().whole;
    assert_eq!(whole.expose_secret().len(), 100_000);
    assert!(whole.expose_secret().starts_with(b"token=abc\ntoken=abc\n"));
    let error = run_with(99_999, script).await.unwrap_err();
    assert!(matches!(error, CommandError::TooMuch { limit: 99_999, .. }));
    // Nobody else has it, and it is not shown.
    let ran = run_for(10, &["printf", "x"]).await.unwrap();
    assert!(ran.whole.expose_secret().is_empty());
    assert!(!format!("{:?}", run_with(9, "echo hush").await).contains("104, 117"));
}
