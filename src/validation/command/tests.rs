//! Real commands, good and bad.

use super::*;
use crate::clock::SystemClock;

fn clock() -> Arc<dyn Clock> {
    Arc::new(SystemClock::new())
}

async fn shell(script: &str, timeout: Duration) -> Result<String, String> {
    let argv = ["/bin/sh", "-c", script].map(str::to_owned).to_vec();
    let job = Run {
        argv,
        variables: vec![("EVERCERT_DNS_NAME", "_x.example.com".to_owned())],
        secrets: Vec::new(),
        timeout,
        folder: None,
    };
    run(job, &clock()).await.map_err(|error| error.to_string())
}

const LONG: Duration = Duration::from_secs(30);

#[tokio::test]
async fn its_output_comes_back_and_its_environment_is_ours_alone() {
    let out = shell("echo $EVERCERT_DNS_NAME; env", LONG).await.unwrap();
    assert!(out.starts_with("_x.example.com"), "{out}");
    let odd: Vec<&str> = out
        .lines()
        .filter(|line| line.contains("CARGO") || line.contains("TENCENT"))
        .collect();
    assert_eq!(odd, Vec::<&str>::new());
}

#[tokio::test]
async fn a_failure_tells_its_code_and_the_end_of_what_was_said() {
    let error = shell("echo out; echo the reason >&2; exit 3", LONG)
        .await
        .unwrap_err();
    assert!(
        error.contains("failed with code 3") && error.contains("the reason"),
        "{error}"
    );
}

#[tokio::test]
async fn megabytes_are_read_and_the_last_of_them_kept() {
    let script = "i=0; while [ $i -lt 40 ]; do head -c 100000 /dev/zero | tr '\\0' x; i=$((i+1)); done; \
                  echo the end; exit 1";
    let error = shell(script, LONG).await.unwrap_err();
    assert!(
        error.contains("the end") && error.len() < TAIL + 200,
        "{}",
        error.len()
    );
}

#[tokio::test]
async fn what_is_missing_or_not_executable_says_so() {
    for (program, says) in [
        ("/nowhere/hook", "is not there"),
        ("/etc/passwd", "chmod +x"),
    ] {
        let job = Run {
            argv: vec![program.to_owned()],
            variables: Vec::new(),
            secrets: Vec::new(),
            timeout: LONG,
            folder: None,
        };
        let error = run(job, &clock()).await.unwrap_err().to_string();
        assert!(error.contains(says) && error.contains(program), "{error}");
    }
}

#[tokio::test]
async fn one_that_hangs_is_ended_with_its_children() {
    let folder = tempfile::tempdir().unwrap();
    let mark = folder.path().join("pid");
    let script = format!("sleep 300 & echo $! > {}; wait", mark.display());
    let error = shell(&script, Duration::from_secs(1)).await.unwrap_err();
    assert!(error.contains("took longer than 1 seconds"), "{error}");
    let pid = std::fs::read_to_string(&mark).unwrap();
    assert_gone(pid.trim()).await;
}

#[tokio::test]
async fn a_child_that_is_left_behind_neither_holds_us_nor_lives_on() {
    let folder = tempfile::tempdir().unwrap();
    let mark = folder.path().join("pid");
    let script = format!("sleep 300 & echo $! > {}; exit 0", mark.display());
    let started = clock();
    shell(&script, LONG).await.unwrap();
    assert!(started.monotonic() < LONG / 3);
    let pid = std::fs::read_to_string(&mark).unwrap();
    assert_gone(pid.trim()).await;
}

#[tokio::test]
async fn a_dropped_wait_ends_the_command() {
    let folder = tempfile::tempdir().unwrap();
    let mark = folder.path().join("pid");
    let script = format!("echo $$ > {}; exec sleep 300", mark.display());
    tokio::select! {
        _ = shell(&script, LONG) => panic!("it should hang"),
        () = until(|| std::fs::read_to_string(&mark).is_ok_and(|pid| pid.ends_with('\n'))) => {}
    }
    let pid = std::fs::read_to_string(&mark).unwrap();
    assert_gone(pid.trim()).await;
}

/// Gone, or a zombie that nobody has waited for yet.
async fn assert_gone(pid: &str) {
    let stat = format!("/proc/{pid}/stat");
    until(|| std::fs::read_to_string(&stat).map_or(true, |text| text.contains(") Z"))).await;
}

async fn until(condition: impl Fn() -> bool) {
    let clock = clock();
    while !condition() {
        assert!(clock.monotonic() < LONG, "it never came true");
        clock.sleep(Duration::from_millis(10)).await;
    }
}
