//! `sandbox`: the stand-in for the service, as a server on this machine.

use std::io::{IsTerminal, stdout};
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};

use super::failure::Failure;
use super::output::print;
use super::run::duration;
use crate::config::shorter_turn;
use crate::sandbox::{Credential, Options, RecordType, Server};
use crate::sentence::{Language, sentences};

/// What `sandbox` takes.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Where the API listens; loopback only, port 0 takes a free one
    #[arg(long, default_value = "127.0.0.1:8401", value_name = "ADDRESS")]
    listen: SocketAddr,
    /// Where its switches listen (state, faults, clock); loopback only
    #[arg(long, value_name = "ADDRESS")]
    manage: Option<SocketAddr>,
    /// From application to issue
    #[arg(long, default_value = "2s", value_parser = duration, value_name = "DURATION")]
    issue_after: Duration,
    /// How old a first certificate already is when it is issued
    #[arg(long, default_value = "0s", value_parser = duration, value_name = "DURATION")]
    age: Duration,
    /// Free certificates an account may hold
    #[arg(long, default_value_t = 50, value_name = "COUNT")]
    free_limit: u32,
    /// Free certificates a main domain may hold
    #[arg(long, default_value_t = 20, value_name = "COUNT")]
    domain_limit: u32,
    /// Requests a second before it refuses; 0 never refuses
    #[arg(long, default_value_t = 10, value_name = "COUNT")]
    requests_per_second: u32,
    /// Who may call: ID:KEY, an account of its own each; may be given more than once [default: AKIDSANDBOX:SANDBOXKEY]
    #[arg(long, value_name = "ID:KEY", value_parser = credential)]
    credential: Vec<(String, String)>,
    /// The name server that its CA asks for records; without it, it takes the caller's word
    #[arg(long, value_name = "ADDRESS")]
    dns: Option<SocketAddr>,
    /// The web server that its CA fetches validation files from; without it, it takes the caller's word
    #[arg(long, value_name = "ADDRESS")]
    http: Option<SocketAddr>,
    /// What a DNS order asks for: txt or cname [default: now this, now that]
    #[arg(long, value_name = "TYPE", value_parser = record)]
    record: Option<RecordType>,
    /// How long an order goes by an earlier proof of control, and asks for nothing
    #[arg(long, default_value = "0s", value_parser = duration, value_name = "DURATION")]
    reuse_validation: Duration,
    /// A DNS zone that the first account hosts; may be given more than once
    #[arg(long, value_name = "NAME")]
    zone: Vec<String>,
    /// Makes ids and RSA keys repeatable
    #[arg(long)]
    seed: Option<u64>,
}

sentences! {
    listening(address) "listening {address}\n" "监听地址 {address}\n";
    management(address) "management {address}\n" "管理接口 {address}\n";
}

pub(super) async fn run(language: Language, arguments: Arguments) -> Result<ExitCode, Failure> {
    let mut options = Options {
        issue_after: arguments.issue_after,
        first_age: arguments.age,
        free_limit: arguments.free_limit,
        domain_limit: arguments.domain_limit,
        requests_per_second: arguments.requests_per_second,
        dns: arguments.dns,
        http: arguments.http,
        record: arguments.record.unwrap_or_default(),
        reuse_validation: arguments.reuse_validation,
        zones: arguments.zone,
        seed: arguments.seed,
        ..Options::default()
    };
    // Shorter turns of a fleet, for tests, need signatures that lapse as much sooner.
    if let Some(turn) = shorter_turn() {
        options.leeway = turn / 3;
    }
    if !arguments.credential.is_empty() {
        options.credentials = arguments
            .credential
            .iter()
            .map(|(id, key)| Credential::new(id, key))
            .collect();
    }
    let server = Server::start(options, arguments.listen, arguments.manage)
        .await
        .map_err(|error| Failure::other(error.to_string()))?;
    // Scripts read the addresses from a pipe: there the words are always the same.
    let language = match stdout().is_terminal() {
        true => language,
        false => Language::English,
    };
    let address = |address| format!("http://{address}");
    let mut text = language
        .of(&listening(address(server.address())))
        .to_owned();
    if let Some(manage) = server.manage_address() {
        text.push_str(language.of(&management(address(manage))));
    }
    print(&text)?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    server.shutdown().await;
    Ok(ExitCode::SUCCESS)
}

fn record(text: &str) -> Result<RecordType, String> {
    match text {
        "txt" => Ok(RecordType::Txt),
        "cname" => Ok(RecordType::Cname),
        _ => Err("it is txt or cname".to_owned()),
    }
}

fn credential(text: &str) -> Result<(String, String), String> {
    match text.split_once(':') {
        Some((id, key)) if !id.is_empty() && !key.is_empty() => Ok((id.to_owned(), key.to_owned())),
        _ => Err("write it as ID:KEY".to_owned()),
    }
}
