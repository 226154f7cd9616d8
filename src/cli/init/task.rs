//! One run: what it is about, and what it proposes.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use nix::unistd::{AccessFlags, access};
use zeroize::Zeroizing;

use super::account::List;
use super::arguments::Arguments;
use super::keys::{Kind, Machine, NewFile};
use super::proposal::Proposal;
use super::served::{Advice, propose};
use super::sites::sites;
use super::terminal::Terminal;
use super::{render, sentences as say, source};
use crate::cli::failure::{Failure, complain};
use crate::cli::view::read;
use crate::clock::{Clock, SystemClock};
use crate::config::{self, Account, Config, DEFAULT_ACCOUNT, Loaded};
use crate::daemon::assemble::client_without_engine;
use crate::sentence::{Language, Sentence};
use crate::tencent::Provider;

/// So many things that are not clear, or left out, are told of one by one.
const NOTES: usize = 20;

/// What this run is about, whatever is proposed.
pub(super) struct Task<'a> {
    pub(super) language: Language,
    pub(super) arguments: &'a Arguments,
    /// The config that there will be.
    pub(super) config: PathBuf,
    /// The file to write: it, or a part of it.
    pub(super) output: PathBuf,
    /// The config, where it is there already, so that this adds to it.
    pub(super) there: Option<Loaded>,
    /// It, or one with nothing but what the arguments say.
    pub(super) base: Config,
    pub(super) machine: Machine,
    pub(super) clock: Arc<dyn Clock>,
    /// Whoever can be asked.
    pub(super) terminal: Option<Terminal>,
}

impl<'a> Task<'a> {
    pub(super) async fn begin(
        path: &Path,
        language: Language,
        arguments: &'a Arguments,
    ) -> Result<Self, Failure> {
        if arguments.names.is_empty() && !arguments.from_account && arguments.from_nginx.is_none() {
            return Err(Failure::usage(
                "say for which names: evercert init NAME…, --from-nginx, --from-account, or several of these",
            ));
        }
        let mut config = std::path::absolute(path)?;
        let output = match &arguments.output {
            Some(output) => std::path::absolute(output)?,
            None => config.clone(),
        };
        let is_part = output.parent() == Some(config.with_file_name("conf.d").as_path());
        let is_there = config.symlink_metadata().is_ok();
        if is_part && !is_there {
            return Err(Failure::other(format!(
                "{} is not there, and conf.d only adds to it: write that one first, without --output",
                config.display()
            )));
        }
        if output != config {
            refuse_what_is_there(&output)?;
        }
        let there = if is_there && (is_part || output == config) {
            Some(read(&config)??)
        } else {
            config.clone_from(&output);
            None
        };
        if there.is_some() && (arguments.state_dir.is_some() || arguments.endpoint.is_some()) {
            return Err(Failure::usage(format!(
                "{} is there already and says where the record and the API are: leave out --state-dir and --endpoint",
                config.display()
            )));
        }
        if !arguments.dry_run && (there.is_none() || is_part) {
            refuse_where_nothing_can_be_written(&output, is_part)?;
        }
        let base = match &there {
            Some(there) => there.config.clone(),
            None => base(arguments, &config)?,
        };
        Ok(Self {
            language,
            arguments,
            config,
            output,
            there,
            base,
            machine: Machine::look().await,
            clock: Arc::new(SystemClock::new()),
            terminal: Terminal::find().filter(|_| !arguments.yes),
        })
    }

    /// Says something beside the file.
    pub(super) fn tell(&self, sentence: &Sentence) {
        complain(self.language.of(sentence));
    }

    pub(super) fn live(&self) -> PathBuf {
        self.base.state_dir.join("live")
    }

    /// The account that certificates are in unless they say otherwise.
    pub(super) fn account(&self) -> Result<Account, Failure> {
        match self.base.accounts.get(DEFAULT_ACCOUNT) {
            Some(account) => Ok(account.clone()),
            None => {
                let plain = base(self.arguments, &self.config)?;
                let found = plain.accounts.get(DEFAULT_ACCOUNT).cloned();
                found.ok_or_else(|| Failure::other("the config has no account default"))
            }
        }
    }

    pub(super) async fn propose_for_nginx(
        &self,
        proposal: &mut Proposal,
    ) -> Result<Vec<Advice>, Failure> {
        let read = match &self.arguments.from_nginx {
            None => return Ok(Vec::new()),
            Some(None) => source::of_this_machine().await,
            Some(Some(path)) => source::of_path(path),
        };
        let read = read.map_err(|error| Failure::other(error.to_string()))?;
        for note in read.unclear.iter().take(NOTES) {
            self.tell(note);
        }
        if let Some(more) = read
            .unclear
            .len()
            .checked_sub(NOTES)
            .filter(|more| *more > 0)
        {
            self.tell(&say::and_others(more));
        }
        let sites = sites(&read.directives);
        for other in &sites.others {
            self.tell(&say::other_protocol(&other.place, other.kind));
        }
        Ok(propose(&sites, &self.live(), proposal))
    }

    pub(super) async fn propose_for_account(
        &self,
        keys: &Arc<Provider>,
        proposal: &mut Proposal,
    ) -> Result<(), Failure> {
        let account = self.account()?;
        let keys = Arc::clone(keys);
        let client = client_without_engine(&self.base, &account, keys, &self.clock)?;
        let list = List::read(&client, self.clock.now()).await;
        let list =
            list.map_err(|error| Failure::other(format!("the account can't be listed: {error}")))?;
        list.propose(proposal)
            .iter()
            .for_each(|note| self.tell(note));
        Ok(())
    }

    pub(super) fn note_limits(&self, proposal: &Proposal) {
        if let Some(account) = self.base.accounts.get(DEFAULT_ACCOUNT) {
            let notes = proposal.limits(account.free_limit, account.domain_limit);
            notes.iter().for_each(|note| self.tell(note));
        }
    }

    /// Fails where there is nothing to write; with what was left out, and why.
    pub(super) fn refuse_nothing(&self, proposal: &Proposal) -> Result<(), Failure> {
        if !proposal.entries.is_empty() {
            return Ok(());
        }
        for one in proposal.left_out.iter().take(NOTES) {
            let why = self.language.of(&one.why);
            self.tell(&Sentence::verbatim(format!("{}: {why}", one.name)));
        }
        Err(Failure::other(
            "no name was found that a free certificate can be had for; name one: evercert init NAME",
        ))
    }

    /// The whole config; `keys` are the files of the key, where it names them.
    pub(super) fn whole(
        &self,
        proposal: &Proposal,
        keys: Option<(&Path, &Path)>,
    ) -> Result<String, Failure> {
        self.refuse_nothing(proposal)?;
        let state_dir = self.arguments.state_dir.as_ref();
        let head = render::Head {
            state_dir: state_dir.map(|_| self.base.state_dir.as_path()),
            endpoint: self.arguments.endpoint.as_deref(),
            keys,
        };
        let text = render::config(&head, &self.live(), proposal, self.language);
        // Whatever was found out there, the daemon must be able to start with it.
        config::parse(&text, Some(&self.config))?;
        Ok(text)
    }

    /// The entries that the config lacks; `None` where it has all.
    pub(super) fn what_lacks(
        &self,
        there: &Config,
        mut proposal: Proposal,
    ) -> Result<Option<String>, Failure> {
        self.refuse_nothing(&proposal)?;
        let known: HashSet<&str> = there
            .certificates
            .iter()
            .map(|one| one.domain.as_str())
            .collect();
        proposal
            .entries
            .retain(|entry| !known.contains(entry.name.ascii.as_str()));
        self.tell(&say::is_there(self.config.display()));
        if proposal.entries.is_empty() {
            self.tell(&say::has_all(self.config.display()));
            return Ok(None);
        }
        self.tell(&say::lacks_some(proposal.entries.len()));
        let text = render::entries(&proposal.entries, &proposal.left_out, self.language);
        config::parse(&text, Some(&self.output))?;
        Ok(Some(text.trim_start().to_owned()))
    }

    pub(super) fn new_config(&self, text: &str) -> NewFile {
        let (owner, mode) = self.machine.readable();
        NewFile {
            path: self.output.clone(),
            kind: if self.there.is_some() {
                Kind::Part
            } else {
                Kind::Config
            },
            bytes: Zeroizing::new(text.as_bytes().to_vec()),
            owner,
            mode,
        }
    }
}

/// A config with nothing but what the arguments say, read as the file will be.
fn base(arguments: &Arguments, config: &Path) -> Result<Config, Failure> {
    let state_dir = arguments
        .state_dir
        .as_ref()
        .map(std::path::absolute)
        .transpose()?;
    let head = render::Head {
        state_dir: state_dir.as_deref(),
        endpoint: arguments.endpoint.as_deref(),
        keys: None,
    };
    let mut proposal = Proposal::default();
    proposal.entry_for("www.example.com");
    let text = render::config(&head, Path::new("/"), &proposal, Language::English);
    Ok(config::parse(&text, Some(config))?.config)
}

/// Fails where something has this name.
///
/// # Errors
/// It has.
pub(super) fn refuse_what_is_there(path: &Path) -> Result<(), Failure> {
    if path.symlink_metadata().is_err() {
        return Ok(());
    }
    Err(Failure::other(format!(
        "{} is there already, and nothing is written; move it away, or name another file: --output FILE",
        path.display()
    )))
}

/// Before anybody is asked anything.
fn refuse_where_nothing_can_be_written(output: &Path, is_part: bool) -> Result<(), Failure> {
    let mut folder = output.parent().unwrap_or(Path::new("/"));
    if is_part && !folder.exists() {
        // It is made.
        folder = folder.parent().unwrap_or(Path::new("/"));
    }
    access(folder, AccessFlags::W_OK | AccessFlags::X_OK).map_err(|error| {
        Failure::other(format!(
            "nothing can be written into {}: {}; run this as root, make the folder, or name another file: --output FILE",
            folder.display(),
            error.desc().to_lowercase()
        ))
    })
}
