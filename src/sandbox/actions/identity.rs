//! sts: who is calling.

use serde_json::json;

use crate::sandbox::action::{Action, Answer, Call, answer};
use crate::sandbox::parameters::Parameters;
use crate::sandbox::refusal::Refusal;
use crate::sandbox::world::account_number;

pub(super) const ACTIONS: &[Action] = &[Action::new("GetCallerIdentity", caller)];

fn caller(call: &mut Call<'_>, _: &Parameters) -> Result<Answer, Refusal> {
    let id = account_number(call.account);
    answer(json!({
        "Arn": format!("qcs::cam::uin/{id}:uin/{id}"),
        "AccountId": id,
        "UserId": id,
        "PrincipalId": id,
        "Type": "CAMUser",
    }))
}
