//! Cancelling, deleting, renaming.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::sandbox::action::{Action, Answer, Call, answer};
use crate::sandbox::parameters::{Kind, Parameters};
use crate::sandbox::refusal::Refusal;
use crate::sandbox::world::order::status;
use crate::sandbox::world::random::token;

pub(super) const ACTIONS: &[Action] = &[
    Action::new("CancelAuditCertificate", cancel_audit).by_id(),
    Action::new("CancelCertificateOrder", cancel_order).by_id(),
    Action::new("DeleteCertificate", delete)
        .by_id()
        .optional("IsCheckResource", Kind::Flag),
    Action::new("DeleteCertificates", delete_many)
        .required("CertificateIds", Kind::Texts)
        .optional("IsSync", Kind::Flag),
    Action::new("DescribeDeleteCertificatesTaskResult", delete_results)
        .required("TaskIds", Kind::Texts),
    Action::new("ModifyCertificateAlias", rename)
        .by_id()
        .optional("Alias", Kind::Text),
];

/// Cancels if it is pending; says whether it was.
fn cancel(call: &mut Call<'_>, id: &str) -> Result<bool, Refusal> {
    let now = call.now;
    let certificate = call.certificate_mut(id)?;
    let pending = certificate.pending(now);
    match certificate.order_mut() {
        Some(order) if pending => {
            order.cancelled = Some(now);
            order.forced = None;
            Ok(true)
        }
        _ => Ok(false),
    }
}

fn cancel_audit(call: &mut Call<'_>, parameters: &Parameters) -> Result<Answer, Refusal> {
    // This action has one code for "gone" and for "past that point".
    if matches!(cancel(call, parameters.needed("CertificateId")), Ok(true)) {
        return answer(json!({"Result": true}));
    }
    Err(Refusal::NOT_FOUND_OR_CANT_CANCEL)
}

fn cancel_order(call: &mut Call<'_>, parameters: &Parameters) -> Result<Answer, Refusal> {
    let id = parameters.needed("CertificateId");
    if cancel(call, id)? {
        return answer(json!({"CertificateId": id}));
    }
    Err(Refusal::NOT_TO_BE_CANCELLED)
}

/// Whether the rules let it go.
fn check_deletable(call: &Call<'_>, id: &str) -> Result<(), Refusal> {
    let certificate = call.certificate(id)?;
    if certificate.order().is_none() {
        return Ok(());
    }
    if call.now < certificate.inserted + TimeDelta::hours(1) {
        return Err(Refusal::CANNOT_BE_DELETED_WITHIN_HOUR);
    }
    if certificate.pending(call.now) {
        return Err(Refusal::PENDING_NOT_TO_BE_DELETED);
    }
    if certificate.status(call.now) == status::ISSUED {
        return Err(Refusal::CANNOT_BE_DELETED_ISSUED);
    }
    let renewal = call.world.register.renewal_of(id, call.now);
    if renewal.is_some_and(|renewal| renewal.issued(call.now).is_none()) {
        return Err(Refusal::RENEW_NOT_ISSUED);
    }
    Ok(())
}

fn delete(call: &mut Call<'_>, parameters: &Parameters) -> Result<Answer, Refusal> {
    let id = parameters.needed("CertificateId");
    check_deletable(call, id)?;
    if parameters.flag("IsCheckResource") == Some(true) {
        let task = delete_by_task(call, id);
        return answer(json!({"DeleteResult": false, "TaskId": task}));
    }
    call.world.register.remove(id);
    answer(json!({"DeleteResult": true, "TaskId": ""}))
}

/// The check for bound resources is done at once; what is bound stays (status 4).
fn delete_by_task(call: &mut Call<'_>, id: &str) -> String {
    let task = token(&mut call.world.random, 12);
    let outcome = if call.settle().is_bound(id) {
        4
    } else {
        call.world.register.remove(id);
        1
    };
    let deletion = (id.to_string(), outcome);
    call.world.deletions.insert(task.clone(), deletion);
    task
}

fn delete_many(call: &mut Call<'_>, parameters: &Parameters) -> Result<Answer, Refusal> {
    let ids = parameters
        .ids("CertificateIds")
        .map_err(|_| Refusal::CERTIFICATE_ID_NUMBER_LIMIT)?;
    let checked = parameters.flag("IsSync") == Some(true);
    let (mut success, mut fail, mut tasks) = (Vec::new(), Vec::new(), Vec::new());
    for id in ids {
        match check_deletable(call, id) {
            Err(refusal) => fail.push(json!({"CertId": id, "Msg": refusal.message})),
            Ok(()) if checked => {
                let task = delete_by_task(call, id);
                tasks.push(json!({"CertId": id, "TaskId": task}));
            }
            Ok(()) => {
                call.world.register.remove(id);
                success.push(id);
            }
        }
    }
    answer(json!({"Success": success, "Fail": fail, "CertTaskIds": tasks}))
}

fn delete_results(call: &mut Call<'_>, parameters: &Parameters) -> Result<Answer, Refusal> {
    let result = |task: &str| {
        let (id, status) = call.world.deletions.get(task)?;
        Some(json!({"TaskId": task, "CertId": id, "Status": status, "Error": "", "Domains": []}))
    };
    let ids = parameters.ids("TaskIds")?.into_iter();
    let results: Vec<Value> = ids.filter_map(result).collect();
    answer(json!({"DeleteTaskResult": results}))
}

fn rename(call: &mut Call<'_>, parameters: &Parameters) -> Result<Answer, Refusal> {
    let id = parameters.needed("CertificateId");
    let kept = call.world.alias_mode.keep(parameters.alias()?);
    call.certificate_mut(id)?.alias = kept;
    answer(json!({"CertificateId": id}))
}
