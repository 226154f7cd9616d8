//! The command line: one file a verb.
//!
//! Reading verbs open the database read-only and work beside a daemon or without one. Changing verbs write a request
//! that the daemon sees; where none runs, they take the state folder's lock and do the same work themselves.

mod account;
mod ask;
mod awaited;
mod backup;
#[cfg(feature = "sandbox")]
mod beside;
mod card;
mod check;
mod claim;
mod completions;
mod deploy;
mod doctor;
mod edit;
mod explain;
mod failure;
mod fleet;
mod forecast;
mod glance;
mod help;
mod history;
mod identity;
mod init;
mod language;
mod man;
#[cfg(all(test, feature = "sandbox"))]
mod manual;
mod notes;
mod notify;
mod older_systemd;
mod output;
mod pause;
mod peaks;
mod plan;
mod renew;
mod rights;
mod row;
mod run;
#[cfg(feature = "sandbox")]
mod sandbox;
mod secrets;
#[cfg(feature = "sandbox")]
mod simulate;
mod slots;
mod status;
mod step;
mod support;
mod targets;
mod trouble;
mod verify;
mod view;
mod why;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

use crate::config::USUAL_PATH;
use crate::sentence::Language;
use crate::store::Verb as Request;
use failure::Failure;

/// How long the end waits for whoever reads the log.
const LAST_LINES: std::time::Duration = std::time::Duration::from_secs(1);

/// Keeps Tencent Cloud's free certificates alive.
#[derive(Debug, Parser)]
#[command(name = "evercert", version, about, max_term_width = 100)]
#[command(after_help = "Exit codes: 0 done; 1 something failed; 2 usage; 75 try later; 78 config.")]
struct Arguments {
    /// The config file [default: /etc/evercert/config.toml]
    #[arg(
        long,
        short,
        global = true,
        env = "EVERCERT_CONFIG",
        value_name = "FILE"
    )]
    config: Option<PathBuf>,
    /// The language of explanations [default: from LC_ALL, LC_MESSAGES or LANG]
    #[arg(long, global = true, value_enum, value_name = "LANGUAGE")]
    lang: Option<Language>,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Write the first config: for names, for what the account has, for what nginx serves
    Init(init::Arguments),
    /// Run the daemon in the foreground
    Run(run::Arguments),
    /// Renew what is due now, or these domains, and show progress until it is done
    Renew(renew::Arguments),
    /// Show what the next pass would do, why, and what it costs, or what is to come; changes nothing
    Plan(plan::Arguments),
    /// Show every certificate: its state, days left, next step and last error
    Status(status::Arguments),
    /// Show what happened, and when
    History(history::Arguments),
    /// Show why a domain will or won't be renewed now
    Why(why::Arguments),
    /// Bring a certificate to its targets again, now
    Deploy(deploy::Arguments),
    /// Connect, and say whether the right certificate is served; exit 1 if not
    Verify(verify::Arguments),
    /// Go back to the previous certificate, in the live folder and at every target
    Rollback(deploy::Arguments),
    /// Stop all automatic work on a certificate until it is resumed; reminds of it
    Pause(pause::Arguments),
    /// Go on with a paused certificate
    Resume(pause::Arguments),
    /// Show who holds an account's free certificates: whose, until when, what could be deleted
    Account(account::Arguments),
    /// Show the machines of the fleet by their orders, this machine's turn, and what is newest beside what is here
    Fleet(fleet::Arguments),
    /// Write a consistent copy of the database, also while the daemon runs
    Backup(backup::BackupArguments),
    /// Put a backup in the database's place; the daemon must be stopped
    Restore(backup::RestoreArguments),
    /// Go on here with an installation that was taken for a copy; the other one must stay off
    Claim(claim::Arguments),
    /// Write one text for whoever helps: version, config, state and history, without secrets
    Support(support::Arguments),
    /// Check the config, offline: every mistake with line and column
    Check(check::Arguments),
    /// Look for what would make a renewal fail, and say how to mend it; changes nothing
    Doctor(doctor::Arguments),
    /// Try the channels of [[notify]]
    Notify(notify::Arguments),
    /// Explain an error code of the service: what it means and what to do
    Explain(explain::Arguments),
    /// A year of your config in seconds, against the stand-in with faults: would anything ever expire?
    #[cfg(feature = "sandbox")]
    Simulate(simulate::Arguments),
    /// Run the stand-in for the service as a server on this machine
    #[cfg(feature = "sandbox")]
    Sandbox(Box<sandbox::Arguments>),
    /// Print what a shell needs to complete this command line
    Completions(completions::Arguments),
    /// Print the manual page, in roff
    Man(man::Arguments),
}

/// Runs the program: the whole of `main`.
#[must_use]
pub fn main() -> ExitCode {
    keep_secrets_in();
    let arguments = help::parse();
    let given = arguments.config.is_some();
    let language = Language::chosen(arguments.lang);
    let config = arguments
        .config
        .unwrap_or_else(|| PathBuf::from(USUAL_PATH));
    // A simulation replays only where nothing runs beside it.
    #[cfg(feature = "sandbox")]
    let alone = matches!(arguments.verb, Verb::Simulate(_));
    #[cfg(not(feature = "sandbox"))]
    let alone = false;
    // What a daemon fails by is read in its log, which has one language.
    let language_of_failures = match arguments.verb {
        Verb::Run(ref verb) if !verb.is_tried_by_a_person() => Language::English,
        _ => language,
    };
    let verb = async {
        match arguments.verb {
            Verb::Init(verb) => init::run(&config, language, &verb).await,
            Verb::Run(verb) => run::run(&config, given, language, verb).await,
            Verb::Renew(verb) => renew::run(&config, language, verb).await,
            Verb::Plan(verb) => plan::run(&config, language, &verb).await,
            Verb::Status(verb) => status::run(&config, language, &verb).await,
            Verb::History(verb) => history::run(&config, language, &verb).await,
            Verb::Why(verb) => why::run(&config, language, &verb).await,
            Verb::Deploy(verb) => deploy::run(&config, language, &verb, false).await,
            Verb::Verify(verb) => verify::run(&config, language, &verb).await,
            Verb::Rollback(verb) => deploy::run(&config, language, &verb, true).await,
            Verb::Pause(verb) => pause::run(&config, language, &verb, Request::Pause).await,
            Verb::Resume(verb) => pause::run(&config, language, &verb, Request::Resume).await,
            Verb::Account(verb) => account::run(&config, language, &verb).await,
            Verb::Fleet(verb) => fleet::run(&config, language, &verb).await,
            Verb::Backup(verb) => backup::backup(&config, language, &verb).await,
            Verb::Restore(verb) => backup::restore(&config, language, &verb).await,
            Verb::Claim(verb) => claim::run(&config, language, &verb).await,
            Verb::Support(verb) => support::run(&config, language, &verb).await,
            Verb::Check(verb) => check::run(&config, language, &verb).await,
            Verb::Doctor(verb) => doctor::run(&config, language, &verb).await,
            Verb::Notify(verb) => notify::run(&config, language, &verb).await,
            Verb::Explain(verb) => explain::run(language, &verb),
            #[cfg(feature = "sandbox")]
            Verb::Simulate(verb) => simulate::run(&config, given, language, &verb).await,
            #[cfg(feature = "sandbox")]
            Verb::Sandbox(verb) => sandbox::run(language, *verb).await,
            Verb::Completions(verb) => completions::run(&verb, Arguments::command()),
            Verb::Man(verb) => man::run(&verb, Arguments::command()),
        }
    };
    let outcome = runtime(alone).and_then(|runtime| {
        let outcome = runtime.block_on(verb);
        // A command that hangs in a blocking call must not keep the process from ending.
        runtime.shutdown_timeout(std::time::Duration::from_secs(1));
        outcome
    });
    let code = match outcome {
        Ok(code) => code,
        Err(failure) => {
            failure.tell(language_of_failures);
            failure.code()
        }
    };
    crate::observe::log::flush(LAST_LINES);
    code
}

/// Neither a core dump nor another process of the same user may show the keys that this one holds. Commands that it starts
/// are not concerned.
fn keep_secrets_in() {
    #[cfg(target_os = "linux")]
    if let Err(error) = nix::sys::prctl::set_dumpable(false) {
        eprintln!("evercert: a core dump of this process could show its keys: {error}");
    }
}

/// Two threads: the work is waiting for the service and for the disk.
fn runtime(alone: bool) -> Result<tokio::runtime::Runtime, Failure> {
    let mut builder;
    if alone {
        // No network either: to look after it is most of what a simulated call to the store would cost.
        builder = tokio::runtime::Builder::new_current_thread();
        builder.enable_time();
    } else {
        builder = tokio::runtime::Builder::new_multi_thread();
        builder.worker_threads(2).enable_all();
    }
    builder
        .build()
        .map_err(|source| Failure::other(format!("the runtime can't start: {source}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(target_os = "linux")]
    #[test]
    fn a_core_dump_shows_nothing() {
        keep_secrets_in();
        assert_eq!(nix::sys::prctl::get_dumpable(), Ok(false));
    }

    #[test]
    fn the_command_line_is_well_formed() {
        Arguments::command().debug_assert();
    }
}
