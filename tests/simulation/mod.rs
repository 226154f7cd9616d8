//! The promises, under crashes and faults: a year of five domains for each of many seeds, most of them hostile.
//!
//! Years of a fleet beside them: three machines that order in turns, and one that follows.
//!
//! `EVERCERT_FOLDER` keeps the state of a single seed. `EVERCERT_SEEDS` says how many (200), `EVERCERT_FLEET_YEARS` how many of
//! a fleet (24), `EVERCERT_SEED` the first one (1). A failing seed is named and replays exactly. `EVERCERT_YEARS` names a file
//! that gets a line for each year: `tests/years/run.py` plays thousands, and sums them up.

use std::fs::OpenOptions;
use std::io::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, LazyLock, Mutex};

use evercert::simulation::{
    Broken, Faults, Options, Report, SimulationError, keep_to_one_processor, simulate,
};

/// Machines that order in turns.
const FLEET: u8 = 3;

/// Five domains in every year of one machine; one thing more in three of four.
fn config(seed: u64) -> String {
    let www = match seed % 4 {
        1 => {
            "[[certificates.install]]\nformat = \"pem\"\ncert = \"/etc/nginx/ssl/www.crt\"\n\
             key = \"/etc/nginx/ssl/www.key\"\nreload = [\"systemctl\", \"reload\", \"nginx\"]"
        }
        2 => "validation = { method = \"DNS\", provider = \"dnspod\" }",
        3 => "[[certificates.cloud]]\nresources = [\"clb\", \"cdn\"]",
        _ => "",
    };
    format!(
        r#"
[accounts.default]
tidy = true
[defaults]
key = "ECC"
[[certificates]]
domain = "wgc.red"
[[certificates]]
domain = "shop.example.com"
[[certificates]]
domain = "mail.example.com"
[[certificates]]
domain = "example.net"
[[certificates]]
domain = "www.wgc.red"
{www}
"#
    )
}

/// One to three domains of a fleet: the more machines, the longer a year takes.
fn config_of_fleet(seed: u64) -> String {
    let names = ["wgc.red", "www.wgc.red", "example.net"];
    let count = usize::try_from(seed % 3).unwrap() + 1;
    let entry = |name| format!("[[certificates]]\ndomain = \"{name}\"\n");
    let entries: String = names[..count].iter().map(entry).collect();
    format!("[accounts.default]\ntidy = true\n[defaults]\nkey = \"ECC\"\n{entries}")
}

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name)
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(default)
}

fn year(seed: u64, faults: Faults) -> Result<Report, SimulationError> {
    year_of(seed, faults, 1, None)
}

fn year_of(
    seed: u64,
    faults: Faults,
    machines: u8,
    broken: Option<Broken>,
) -> Result<Report, SimulationError> {
    let config = match machines {
        FLEET => config_of_fleet(seed),
        _ => config(seed),
    };
    let options = Options {
        seed,
        days: 365,
        faults,
        machines,
        broken,
        config: evercert::config::parse(&config, None).unwrap().config,
        folder: std::env::var_os("EVERCERT_FOLDER").map(Into::into),
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    runtime.block_on(simulate(&options))
}

/// The processors that no year is played on.
static IDLE: LazyLock<(Mutex<Vec<usize>>, Condvar)> =
    LazyLock::new(|| (Mutex::new(vec![0, 1]), Condvar::new()));

/// As [`year_of`], on a processor of its own: there are two years at a time, whatever the tests. The tests beside them wait
/// for daemons, and are not kept waiting longer: a year has the lowest priority.
fn year_in_turn(
    seed: u64,
    faults: Faults,
    machines: u8,
    broken: Option<Broken>,
) -> Result<Report, SimulationError> {
    let (idle, freed) = &*IDLE;
    let waited = freed.wait_while(idle.lock().unwrap(), |idle| idle.is_empty());
    let which = waited.unwrap().pop().unwrap();
    let year = std::thread::spawn(move || {
        keep_to_one_processor(which);
        rustix::process::nice(19).unwrap();
        year_of(seed, faults, machines, broken)
    });
    let year = year.join();
    idle.lock().unwrap().push(which);
    freed.notify_one();
    year.unwrap()
}

/// What a year came to, in one line for the file that is asked for.
fn note(seed: u64, faults: Faults, machines: u8, year: &Result<Report, SimulationError>) {
    let Some(path) = std::env::var_os("EVERCERT_YEARS") else {
        return;
    };
    let counts = match year {
        Ok(year) => format!(
            "{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t",
            year.orders,
            year.calls,
            year.peak,
            year.crashes,
            year.too_late,
            year.renewals,
            year.alarms,
            year.parked,
            year.duplicates,
            year.fewest_hours.unwrap_or(i64::MAX)
        ),
        Err(error) => format!("{}{error}", "\t".repeat(10)),
    };
    let line = format!("{faults:?}\t{machines}\t{seed}\t{counts}\n");
    let file = OpenOptions::new().create(true).append(true).open(path);
    file.unwrap().write_all(line.as_bytes()).unwrap();
}

/// That many years of one machine, of a hundred of all.
fn run(faults: Faults, part_of_all: u64) {
    let all = number("EVERCERT_SEEDS", 200);
    run_of(faults, (all * part_of_all).div_ceil(100), 1);
}

/// Two seeds at a time: a thread takes the next one that is left, for some years take far longer.
fn run_of(faults: Faults, count: u64, machines: u8) {
    let first = number("EVERCERT_SEED", 1);
    let next = Arc::new(AtomicU64::new(first));
    let threads: Vec<_> = (0..2)
        .map(|_| {
            let next = Arc::clone(&next);
            std::thread::spawn(move || {
                let mut failures = Vec::new();
                let mut fewest = i64::MAX;
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= first + count {
                        break;
                    }
                    let year = year_in_turn(seed, faults, machines, None);
                    note(seed, faults, machines, &year);
                    match year {
                        Ok(report) => fewest = fewest.min(report.fewest_hours.unwrap_or(i64::MAX)),
                        Err(error) => failures.push(error.to_string()),
                    }
                }
                (failures, fewest)
            })
        })
        .collect();
    let mut failures = Vec::new();
    for thread in threads {
        let (failed, fewest) = thread.join().unwrap();
        println!("{faults:?}: fewest hours left in the seeds of one thread: {fewest}");
        failures.extend(failed);
    }
    assert!(
        failures.is_empty(),
        "{} of {count} seeds broke a promise:\n{}",
        failures.len(),
        failures.join("\n")
    );
}

#[test]
fn a_seed_always_gives_the_same_year() {
    // On any processor, so that the database's thread is now faster and now slower than ours.
    for seed in [1, 3] {
        let first = year(seed, Faults::Hostile).unwrap();
        assert_eq!(year(seed, Faults::Hostile).unwrap(), first);
    }
}

#[test]
fn a_hostile_year_breaks_no_promise() {
    run(Faults::Hostile, 60);
}

#[test]
fn an_ordinary_year_breaks_no_promise() {
    run(Faults::Mild, 40);
}

#[test]
fn a_fleet_s_seed_always_gives_the_same_year() {
    let year = || year_of(1, Faults::Hostile, FLEET, None).unwrap();
    assert_eq!(year(), year());
}

#[test]
fn a_fleet_s_hostile_year_breaks_no_promise() {
    let years = number("EVERCERT_FLEET_YEARS", 24);
    run_of(Faults::Hostile, years, FLEET);
}

/// The years see what turns are for: without what they rely on, some machine orders twice.
fn some_seed_orders_twice(broken: Broken) {
    let first = number("EVERCERT_SEED", 1);
    let twice = (first..first + 60).find_map(|seed| {
        let error = year_in_turn(seed, Faults::Hostile, FLEET, Some(broken)).err()?;
        let text = error.to_string();
        let is_twice = text.contains("was made while") || text.contains("was asked for while");
        is_twice.then_some(error)
    });
    println!("{broken:?}: {}", twice.expect("no seed of sixty"));
}

#[test]
fn without_the_age_of_signatures_a_fleet_orders_twice() {
    some_seed_orders_twice(Broken::Signatures);
}

#[test]
fn with_lists_that_lag_for_hours_a_fleet_orders_twice() {
    some_seed_orders_twice(Broken::Lists);
}
