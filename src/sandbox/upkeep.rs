//! Cancelling, deleting, renaming.

use serde_json::{Value, json};

use super::apply::ALIAS_LIMIT;
use super::dispatch::Action;
use super::order::status;
use super::parameters::{Kind, Parameters, optional, required};
use super::refusal::Refusal;
use super::world::Turn;
use chrono::TimeDelta;

pub(super) const ACTIONS: &[Action] = &[
    Action {
        name: "CancelAuditCertificate",
        parameters: &[required("CertificateId", Kind::Text)],
        run: cancel_audit,
    },
    Action {
        name: "CancelCertificateOrder",
        parameters: &[required("CertificateId", Kind::Text)],
        run: cancel_order,
    },
    Action {
        name: "DeleteCertificate",
        parameters: &[
            required("CertificateId", Kind::Text),
            optional("IsCheckResource", Kind::Flag),
        ],
        run: delete,
    },
    Action {
        name: "DeleteCertificates",
        parameters: &[
            required("CertificateIds", Kind::Texts),
            optional("IsSync", Kind::Flag),
        ],
        run: delete_many,
    },
    Action {
        name: "DescribeDeleteCertificatesTaskResult",
        parameters: &[required("TaskIds", Kind::Texts)],
        run: delete_results,
    },
    Action {
        name: "ModifyCertificateAlias",
        parameters: &[
            required("CertificateId", Kind::Text),
            optional("Alias", Kind::Text),
        ],
        run: rename,
    },
];

/// Ids in one call of the plural actions.
const MANY_LIMIT: usize = 100;

/// Cancels if it is pending; says whether it was.
fn cancel(turn: &mut Turn<'_>, id: &str) -> Result<bool, Refusal> {
    let now = turn.now;
    let certificate = turn.world.register.of_mut(turn.account, id)?;
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

fn cancel_audit(turn: &mut Turn<'_>, parameters: &Parameters) -> Result<Value, Refusal> {
    // This action has one code for "gone" and for "past that point".
    if matches!(cancel(turn, parameters.needed("CertificateId")), Ok(true)) {
        return Ok(json!({"Result": true}));
    }
    Err(Refusal::new(
        "FailedOperation.CertificateNotFoundOrCantCancel",
        "The certificate does not exist or cannot be cancelled.",
    ))
}

fn cancel_order(turn: &mut Turn<'_>, parameters: &Parameters) -> Result<Value, Refusal> {
    let id = parameters.needed("CertificateId");
    if cancel(turn, id)? {
        return Ok(json!({"CertificateId": id}));
    }
    Err(Refusal::new(
        "FailedOperation.InvalidCertificateStatusCode",
        "The status of the certificate does not allow the order to be cancelled.",
    ))
}

/// Whether the rules let it go.
fn check_deletable(turn: &Turn<'_>, id: &str) -> Result<(), Refusal> {
    let register = &turn.world.register;
    let certificate = register.of(turn.account, id)?;
    if certificate.order().is_none() {
        return Ok(());
    }
    if turn.now < certificate.inserted + TimeDelta::hours(1) {
        return Err(Refusal::new(
            "FailedOperation.CannotBeDeletedWithinHour",
            "A free certificate cannot be deleted within an hour of its application.",
        ));
    }
    if certificate.pending(turn.now) {
        return Err(Refusal::new(
            "FailedOperation.InvalidCertificateStatusCode",
            "A pending order must be cancelled before it is deleted.",
        ));
    }
    if certificate.status(turn.now) == status::ISSUED {
        return Err(Refusal::new(
            "FailedOperation.CannotBeDeletedIssued",
            "An issued certificate cannot be deleted before it expires.",
        ));
    }
    if register
        .renewal_of(id, turn.now)
        .is_some_and(|renewal| renewal.issued(turn.now).is_none())
    {
        return Err(Refusal::new(
            "FailedOperation.RenewNotIssued",
            "The renewal of the certificate is not issued yet.",
        ));
    }
    Ok(())
}

fn delete(turn: &mut Turn<'_>, parameters: &Parameters) -> Result<Value, Refusal> {
    let id = parameters.needed("CertificateId");
    check_deletable(turn, id)?;
    if parameters.flag("IsCheckResource") == Some(true) {
        let task = delete_by_task(turn, id);
        return Ok(json!({"DeleteResult": false, "TaskId": task}));
    }
    turn.world.register.remove(id);
    Ok(json!({"DeleteResult": true, "TaskId": ""}))
}

/// The check for bound resources is done at once; what is bound stays (status 4).
fn delete_by_task(turn: &mut Turn<'_>, id: &str) -> String {
    let task = turn.world.token(12);
    turn.world.cloud.settle(turn.now);
    let outcome = if turn.world.cloud.is_bound(id) {
        4
    } else {
        turn.world.register.remove(id);
        1
    };
    turn.world
        .deletions
        .insert(task.clone(), (id.to_string(), outcome));
    task
}

fn delete_many(turn: &mut Turn<'_>, parameters: &Parameters) -> Result<Value, Refusal> {
    let ids = parameters.texts("CertificateIds");
    if ids.is_empty() || ids.len() > MANY_LIMIT {
        return Err(Refusal::new(
            "InvalidParameter.CertificateIdNumberLimit",
            "CertificateIds must hold 1 to 100 ids.",
        ));
    }
    let checked = parameters.flag("IsSync") == Some(true);
    let (mut success, mut fail, mut tasks) = (Vec::new(), Vec::new(), Vec::new());
    for id in ids {
        match check_deletable(turn, id) {
            Err(refusal) => fail.push(json!({"CertId": id, "Msg": refusal.message})),
            Ok(()) if checked => {
                let task = delete_by_task(turn, id);
                tasks.push(json!({"CertId": id, "TaskId": task}));
            }
            Ok(()) => {
                turn.world.register.remove(id);
                success.push(id);
            }
        }
    }
    Ok(json!({"Success": success, "Fail": fail, "CertTaskIds": tasks}))
}

fn delete_results(turn: &mut Turn<'_>, parameters: &Parameters) -> Result<Value, Refusal> {
    let ids = parameters.texts("TaskIds");
    if ids.is_empty() || ids.len() > MANY_LIMIT {
        return Err(Refusal::value("TaskIds", "1 to 100 ids"));
    }
    let results: Vec<Value> = ids
        .into_iter()
        .filter_map(|task| {
            let (id, status) = turn.world.deletions.get(task)?;
            Some(
                json!({"TaskId": task, "CertId": id, "Status": status, "Error": "", "Domains": []}),
            )
        })
        .collect();
    Ok(json!({"DeleteTaskResult": results}))
}

fn rename(turn: &mut Turn<'_>, parameters: &Parameters) -> Result<Value, Refusal> {
    let id = parameters.needed("CertificateId");
    let alias = parameters.text("Alias").unwrap_or_default();
    if alias.chars().count() > ALIAS_LIMIT {
        return Err(Refusal::value("Alias", "200 characters at most"));
    }
    let kept = turn.world.alias_mode.keep(alias);
    turn.world.register.of_mut(turn.account, id)?.alias = kept;
    Ok(json!({"CertificateId": id}))
}
