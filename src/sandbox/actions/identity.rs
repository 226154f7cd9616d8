//! sts: who is calling, and temporary keys of a role.

use chrono::{SecondsFormat, TimeDelta};
use secrecy::ExposeSecret;
use serde_json::json;

use crate::sandbox::action::{Action, Answer, Call, answer};
use crate::sandbox::parameters::{Kind, Parameters};
use crate::sandbox::refusal::Refusal;
use crate::sandbox::world::account_number;

pub(super) const ACTIONS: &[Action] = &[
    Action::new("GetCallerIdentity", caller),
    Action::new("AssumeRole", assume)
        .required("RoleArn", Kind::Text)
        .required("RoleSessionName", Kind::Text)
        .optional("DurationSeconds", Kind::Number)
        .optional("Policy", Kind::Text)
        .optional("ExternalId", Kind::Text)
        .optional("Tags", Kind::Objects)
        .optional("SourceIdentity", Kind::Text)
        .optional("SerialNumber", Kind::Text)
        .optional("TokenCode", Kind::Text),
];

/// `DurationSeconds`, in seconds: without it, and at most.
const DURATION_DEFAULT: i64 = 7_200;
const DURATION_LIMIT: i64 = 43_200;

fn caller(call: &mut Call<'_>, _: &Parameters) -> Result<Answer, Refusal> {
    let id = account_number(call.account);
    let Some(session) = call.world.roles.session(call.secret_id) else {
        return answer(json!({
            "Arn": format!("qcs::cam::uin/{id}:uin/{id}"),
            "AccountId": id,
            "UserId": id,
            "PrincipalId": id,
            "Type": "CAMUser",
        }));
    };
    let role = session.arn.rsplit('/').next().unwrap_or_default();
    answer(json!({
        "Arn": format!("qcs::sts:{id}:assumed-role/{role}"),
        "AccountId": id,
        "UserId": format!("{role}:{}", session.name),
        "PrincipalId": role,
        "Type": "CAMRole",
    }))
}

fn assume(call: &mut Call<'_>, parameters: &Parameters) -> Result<Answer, Refusal> {
    let name = parameters.needed("RoleSessionName");
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_+=,.@-".contains(&byte);
    if !(2..=128).contains(&name.len()) || !name.bytes().all(plain) {
        return Err(Refusal::ROLE_PARAMETER);
    }
    let asked = parameters.number("DurationSeconds");
    let asked = asked.unwrap_or(DURATION_DEFAULT);
    if !(1..=DURATION_LIMIT).contains(&asked) {
        return Err(Refusal::ROLE_OVER_TIME);
    }
    let arn = parameters.needed("RoleArn");
    let role = call.world.roles.find(arn).ok_or(Refusal::ROLE_NOT_FOUND)?;
    if !role.trusts(call.secret_id, parameters.text("ExternalId")) {
        return Err(Refusal::ROLE_UNAUTHORIZED);
    }
    let ends = call.now + role.life(TimeDelta::seconds(asked));
    let role = (role.account, arn.to_owned());
    let world = &mut *call.world;
    let session = world.roles.begin(&mut world.random, role, name, ends);
    answer(json!({
        "Credentials": {
            "Token": session.token,
            "TmpSecretId": session.secret_id,
            "TmpSecretKey": session.secret_key.expose_secret(),
        },
        "ExpiredTime": ends.timestamp(),
        "Expiration": ends.to_rfc3339_opts(SecondsFormat::Secs, true),
    }))
}
