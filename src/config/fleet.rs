//! `[fleet]`: several machines that serve the same certificates.

use std::time::Duration;

use sha2::{Digest, Sha256};

use super::account::Account;
use super::duration::{HOUR, MINUTE, seconds};
use super::mistake::{Fault, quoted};
use super::reader::Table;
use super::schema::{Other, TEXT, TableSchema};
use crate::lifecycle::order::turns::{MACHINES, TURN};

/// `[fleet]`.
pub(super) static FLEET: TableSchema = TableSchema {
    title: "[fleet]",
    groups: &[Fleet::KEYS],
    others: &[
        ("role", Other::Is("orders")),
        ("order", Other::Is("orders")),
        ("number", Other::Is("machine")),
        ("poll", Other::Is("look")),
    ],
};

words! {
    /// Whether a machine of a fleet orders.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum FleetOrders {
        /// It never does: it fetches what others ordered.
        Never = "never",
        /// In its own turns.
        InTurn = "in-turn",
        /// It is the only one that does, at any time.
        Alone = "alone",
    }
}

/// How often somebody else's orders are looked for, where no `[fleet]` says it.
pub(super) const LOOK: Duration = Duration::from_secs(5 * MINUTE);

table! {
    /// The fleet that this machine is one of.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct Fleet, raw RawFleet {
        /// Its name: the same on each of its machines.
        name: String = String::new(), text(TEXT, check_name);
        /// Whether this machine orders.
        orders: FleetOrders = FleetOrders::Never, choice(FleetOrders);
        /// This machine's number, where it orders in turns: 1 to 8, each once.
        machine: Option<u8>, count(1..=i64::from(MACHINES));
        /// How often a machine that waits for a certificate looks: 10 seconds to 1 hour.
        look: Duration = LOOK, duration('m', seconds(10, HOUR));
    }
    beside {
        /// How long a turn is.
        pub turn: Duration,
    }
}

impl Fleet {
    /// The six characters that stand for its name in every marker: base 36 of a SHA-256.
    #[must_use]
    pub fn id(&self) -> String {
        const DIGITS: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";
        let digest = Sha256::new_with_prefix("evercert fleet 1 ")
            .chain_update(&self.name)
            .finalize();
        let number = digest
            .iter()
            .take(8)
            .fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
        let digit = |place: u32| char::from(DIGITS[(number / 36_u64.pow(place) % 36) as usize]);
        (0..6).map(digit).collect()
    }

    /// The number that stands in this machine's markers; none where it never orders.
    #[must_use]
    pub fn number(&self) -> Option<u8> {
        match self.orders {
            FleetOrders::Never => None,
            FleetOrders::InTurn => self.machine,
            FleetOrders::Alone => Some(0),
        }
    }

    /// Requests in any one second of this machine, where its config does not say: the service counts those of all machines.
    pub(super) fn pace(&self) -> u32 {
        match self.orders {
            FleetOrders::Alone => 5,
            FleetOrders::Never | FleetOrders::InTurn => 1,
        }
    }
}

/// Reads `[fleet]`, where it is there. Its turns have their usual length.
pub(super) fn read(table: Option<&Table<'_>>) -> Option<Fleet> {
    let table = table?;
    let raw = RawFleet::read(Some(table));
    if !table.has("name") {
        table.missing(
            "this fleet has no `name`",
            "add name = \"shop\", the same on each of its machines",
        );
    }
    if !table.has("orders") {
        table.missing(
            "it is not said whether this machine orders",
            "add orders = \"in-turn\" with a `machine` of its own, \"alone\" for the only one that orders, or \"never\"",
        );
    }
    match (raw.orders, table.has("machine")) {
        (Some(FleetOrders::InTurn), false) => table.missing(
            "a machine that orders in turns needs a number",
            format!("add machine = 1; 1 to {MACHINES}, another one on each machine"),
        ),
        (Some(other @ (FleetOrders::Never | FleetOrders::Alone)), true) => table.mistake(
            "machine",
            format!(
                "`machine` has no meaning with orders = \"{}\"",
                other.name()
            ),
            "take it out, or write orders = \"in-turn\"",
        ),
        _ => {}
    }
    Some(raw.complete(&RawFleet::default(), usual_turn()))
}

/// In letters that every marker may hold.
fn check_name(text: &str) -> Result<String, Fault> {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if text.is_empty() || text.len() > 32 || !text.bytes().all(plain) {
        return Err(Fault::new(
            format!("{} is no name of a fleet", quoted(text)),
            "write 1 to 32 of a-z, 0-9 and -, such as \"shop\"",
        ));
    }
    Ok(text.to_owned())
}

/// The variable that gives tests shorter turns, in seconds.
const TURN_VARIABLE: &str = "EVERCERT_FLEET_TURN";

fn usual_turn() -> Duration {
    TURN.to_std().unwrap_or_default()
}

/// How long a turn is: `shorter` in tests, and only where every account that is used is a stand-in on this machine. Two machines
/// with turns of different lengths may both think that a turn is theirs.
pub(super) fn turn<'a>(
    accounts: impl Iterator<Item = &'a Account>,
    shorter: Option<Duration>,
) -> Duration {
    let mut accounts = accounts.peekable();
    let is_tested =
        accounts.peek().is_some() && accounts.all(|account| account.endpoint.is_loopback());
    shorter.filter(|_| is_tested).unwrap_or_else(usual_turn)
}

/// The length of a turn that the process was started with, for tests.
#[must_use]
pub fn shorter_turn() -> Option<Duration> {
    let text = std::env::var(TURN_VARIABLE).ok()?;
    let seconds: u64 = text.parse().ok()?;
    (1..=900)
        .contains(&seconds)
        .then(|| Duration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::parse;

    #[test]
    fn turns_are_shorter_only_where_every_account_is_on_this_machine() {
        let shorter = Some(Duration::from_secs(30));
        let account = |name: &str, endpoint: &str| {
            format!(
                "[accounts.{name}]\n{endpoint}\n[[certificates]]\ndomain = \"{name}.example.com\"\naccount = \"{name}\"\n"
            )
        };
        let here = account("here", "endpoint = \"http://127.0.0.1:1\"");
        let there = account("there", "");
        let unwritten = "[[certificates]]\ndomain = \"example.com\"\n";
        for (text, is_shorter) in [
            (here.clone(), true),
            (format!("{here}{there}"), false),
            (format!("{here}{unwritten}"), false),
            (unwritten.to_owned(), false),
        ] {
            let config = parse(&text, None).unwrap().config;
            let turn = turn(config.accounts.values(), shorter);
            assert_eq!(turn < usual_turn(), is_shorter, "{text}");
        }
        assert_eq!(turn(std::iter::empty(), shorter), usual_turn());
    }
}
