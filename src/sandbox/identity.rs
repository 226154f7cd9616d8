//! sts: who is calling.

use serde_json::{Value, json};

use super::dispatch::Action;
use super::parameters::Parameters;
use super::refusal::Refusal;
use super::world::Turn;

pub(super) const ACTIONS: &[Action] = &[Action {
    name: "GetCallerIdentity",
    parameters: &[],
    run: caller,
}];

/// The made-up account number of an account.
pub(super) fn number(account: usize) -> String {
    format!("{}", 100_000_000_001_u64 + account as u64)
}

fn caller(turn: &mut Turn<'_>, _: &Parameters) -> Result<Value, Refusal> {
    let id = number(turn.account);
    Ok(json!({
        "Arn": format!("qcs::cam::uin/{id}:uin/{id}"),
        "AccountId": id,
        "UserId": id,
        "PrincipalId": id,
        "Type": "CAMUser",
    }))
}
