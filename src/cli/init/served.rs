//! What is proposed for what nginx serves, and what there is to change in nginx.

use std::collections::HashSet;
use std::path::Path;

use super::grammar::Place;
use super::proposal::{Entry, Proposal, Verify};
use super::sentences as say;
use super::sites::{Named, Server, Sites};
use crate::config::HostPort;

/// What there is to do at one server block.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Advice {
    /// Where it begins.
    pub(super) place: Place,
    /// Its names that have an entry, in ASCII.
    pub(super) names: Vec<String>,
    /// What to do.
    pub(super) to_do: ToDo,
}

/// What there is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ToDo {
    /// Nothing: it serves what lies in the live folder.
    Nothing,
    /// Name the new files.
    NameFiles,
    /// Several names can't have one free certificate: a block for each.
    Split,
    /// It serves no TLS at all so far.
    AddTls,
}

/// Proposes an entry for each name that nginx serves; certificates will lie below `live`. Returns what to change in nginx, a
/// block each.
pub(super) fn propose(sites: &Sites, live: &Path, proposal: &mut Proposal) -> Vec<Advice> {
    let mut advice = Vec::new();
    // Blocks with TLS first: one that only redirects to them has the same names.
    let (with_tls, without): (Vec<&Server>, Vec<&Server>) = sites
        .servers
        .iter()
        .partition(|server| !server.tls.is_empty());
    for server in &with_tls {
        let names = names_of(server, proposal, |entry| place_with_tls(server, entry));
        let folders = names
            .iter()
            .all(|name| server.serves_from(&live.join(name)));
        let to_do = match names.len() {
            0 => continue,
            1 if folders => ToDo::Nothing,
            1 => ToDo::NameFiles,
            _ => ToDo::Split,
        };
        advice.push(Advice {
            place: server.place.clone(),
            names,
            to_do,
        });
    }
    let with_tls: HashSet<String> = advice
        .iter()
        .flat_map(|one: &Advice| one.names.iter().cloned())
        .collect();
    for server in without {
        let mut names = names_of(server, proposal, |entry| place_without_tls(server, entry));
        names.retain(|name| !with_tls.contains(name));
        if !names.is_empty() {
            advice.push(Advice {
                place: server.place.clone(),
                names,
                to_do: ToDo::AddTls,
            });
        }
    }
    advice
}

/// Gives each name of a server its entry, and says what nobody can have a free certificate for. Returns those that have one.
fn names_of(server: &Server, proposal: &mut Proposal, note: impl Fn(&mut Entry)) -> Vec<String> {
    let mut names = Vec::new();
    for written in &server.names {
        let exact = match Named::of(written) {
            Named::Exact(name) => name,
            Named::WithAllBelow(name) => {
                proposal.leave_out(written, say::every_name_below());
                name
            }
            Named::Wildcard => {
                proposal.leave_out(written, say::wildcard());
                continue;
            }
            Named::Pattern => {
                proposal.leave_out(written, say::pattern());
                continue;
            }
            Named::HostName => {
                proposal.leave_out(written, say::host_name());
                continue;
            }
            Named::Nothing => continue,
        };
        if let Some(entry) = proposal.entry_for(exact) {
            note(entry);
            if !names.contains(&entry.name.ascii) {
                names.push(entry.name.ascii.clone());
            }
        }
    }
    names
}

fn place_with_tls(server: &Server, entry: &mut Entry) {
    if matches!(entry.verify, Some(Verify::At(_))) {
        return;
    }
    entry.remarks.push(say::served_at(&server.place));
    match server.reached_as(&entry.name.ascii) {
        // A folder may hold what nginx would not start with.
        Some(address) if HostPort::read(&address).is_some() => {
            entry.verify = Some(Verify::At(address));
        }
        Some(_) => {}
        None => entry.remarks.push(say::behind_proxy()),
    }
}

fn place_without_tls(server: &Server, entry: &mut Entry) {
    if entry.verify.is_some() || !entry.remarks.is_empty() {
        return;
    }
    entry.remarks.push(say::without_tls_at(&server.place));
    entry.verify = Some(Verify::Later(format!("{}:443", entry.name.ascii)));
}
