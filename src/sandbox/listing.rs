//! DescribeCertificates: the list, its filters, and the form of one entry.

use std::cmp::Reverse;
use std::collections::HashSet;

use chrono::{DateTime, FixedOffset, TimeDelta, Utc};
use serde_json::{Map, Value, json};

use super::dispatch::Action;
use super::order::{Algorithm, Certificate, Kind as Entry, WINDOW_DAYS, status};
use super::parameters::{Kind, Parameters, optional};
use super::refusal::Refusal;
use super::register::Register;
use super::world::Turn;

pub(super) const ACTIONS: &[Action] = &[Action {
    name: "DescribeCertificates",
    parameters: &[
        optional("Offset", Kind::Number),
        optional("Limit", Kind::Number),
        optional("SearchKey", Kind::Text),
        optional("CertificateType", Kind::Text),
        optional("ProjectId", Kind::Number),
        optional("ExpirationSort", Kind::Text),
        optional("CertificateStatus", Kind::Numbers),
        optional("Deployable", Kind::Number),
        optional("Upload", Kind::Number),
        optional("Renew", Kind::Number),
        optional("FilterSource", Kind::Text),
        optional("IsSM", Kind::Number),
        optional("FilterExpiring", Kind::Number),
        optional("Hostable", Kind::Number),
        optional("Tags", Kind::Objects),
        optional("IsPendingIssue", Kind::Number),
        optional("CertIds", Kind::Texts),
        optional("ServiceId", Kind::Text),
    ],
    run: list,
}];

/// Entries of one answer at most; a larger `Limit` is clamped.
const PAGE_LIMIT: i64 = 1000;
/// Entries without `Limit`.
const PAGE_DEFAULT: i64 = 10;
/// Ids in `CertIds` at most.
const IDS_LIMIT: usize = 50;

fn list(turn: &mut Turn<'_>, parameters: &Parameters) -> Result<Value, Refusal> {
    let offset = parameters.number("Offset").unwrap_or(0);
    let limit = parameters.number("Limit").unwrap_or(PAGE_DEFAULT);
    if offset < 0 || limit < 0 {
        return Err(Refusal::value("Offset, Limit", "0 or more"));
    }
    let ids: HashSet<&str> = parameters.texts("CertIds").into_iter().collect();
    if ids.len() > IDS_LIMIT {
        return Err(Refusal::new(
            "InvalidParameter.CertificateIdNumberLimit",
            "CertIds may hold 50 ids at most.",
        ));
    }
    let now = turn.now;
    let register = &turn.world.register;
    let mut found: Vec<&Certificate> = register
        .newest_first()
        .filter(|c| c.account == turn.account && c.listed_from <= now)
        .filter(|c| ids.is_empty() || ids.contains(c.id.as_str()))
        .filter(|c| passes_filters(c, parameters, now))
        .collect();
    let end = |c: &&Certificate| c.validity(now).map(|(_, end)| end);
    match parameters.text("ExpirationSort") {
        None => {}
        Some("ASC") => found.sort_by_key(|c| (end(c).is_none(), end(c))),
        Some("DESC") => found.sort_by_key(|c| Reverse(end(c))),
        Some(_) => return Err(Refusal::value("ExpirationSort", "ASC or DESC")),
    }
    let page: Vec<Value> = found
        .iter()
        .skip(usize::try_from(offset).unwrap_or(usize::MAX))
        .take(usize::try_from(limit.min(PAGE_LIMIT)).unwrap_or(0))
        .map(|c| Value::Object(entry(c, register, now, true)))
        .collect();
    Ok(Value::Object(Map::from_iter([
        ("TotalCount".to_owned(), found.len().into()),
        ("Certificates".to_owned(), Value::Array(page)),
    ])))
}

fn passes_filters(certificate: &Certificate, parameters: &Parameters, now: DateTime<Utc>) -> bool {
    let status = certificate.status(now);
    let uploaded = certificate.order().is_none();
    let wanted = |name: &str| parameters.number(name) == Some(1);
    let search = parameters.text("SearchKey").unwrap_or_default();
    let statuses = parameters.numbers("CertificateStatus");
    let source = parameters.text("FilterSource");
    let source_fits = match source {
        Some("upload") => uploaded,
        Some("buy") => !uploaded,
        _ => true,
    };
    (search.is_empty()
        || [&certificate.id, &certificate.alias, &certificate.domain]
            .iter()
            .any(|text| text.contains(search)))
        && (statuses.is_empty() || statuses.contains(&status))
        && source_fits
        && parameters
            .text("CertificateType")
            .is_none_or(|kind| kind == certificate_type(certificate))
        && parameters
            .number("ProjectId")
            .is_none_or(|id| id == certificate.project_id)
        && (!wanted("Upload") || uploaded)
        && (!wanted("Deployable") || status == status::ISSUED)
        && (!wanted("Renew") || certificate.in_window(now))
        && (!wanted("FilterExpiring") || certificate.in_window(now))
        && (!wanted("IsPendingIssue") || certificate.pending(now))
        && !wanted("IsSM")
}

pub(super) fn certificate_type(certificate: &Certificate) -> &str {
    match &certificate.kind {
        Entry::Order(_) => "SVR",
        Entry::Upload(upload) => &upload.certificate_type,
    }
}

/// The service's time text: `YYYY-MM-DD HH:MM:SS` at GMT+8, without saying so.
pub(super) fn beijing(at: DateTime<Utc>) -> String {
    match FixedOffset::east_opt(8 * 3600) {
        Some(zone) => at
            .with_timezone(&zone)
            .format("%Y-%m-%d %H:%M:%S")
            .to_string(),
        None => String::new(),
    }
}

/// A time that may not be there yet: null for some certificates, an empty text for others.
fn perhaps(at: Option<DateTime<Utc>>, quirk: u8) -> Value {
    match at {
        Some(at) => beijing(at).into(),
        None if quirk.is_multiple_of(2) => Value::Null,
        None => "".into(),
    }
}

/// The fields that list and details share. `listed`: links to renewals appear only once the renewal is listed.
pub(super) fn entry(
    certificate: &Certificate,
    register: &Register,
    now: DateTime<Utc>,
    listed: bool,
) -> Map<String, Value> {
    let quirk = certificate.quirk;
    let status = certificate.status(now);
    let validity = certificate.validity(now);
    let renewal = register
        .renewal_of(&certificate.id, now)
        .filter(|renewal| !listed || renewal.listed_from <= now)
        .map(|renewal| renewal.id.clone());
    let left = validity.map(|(_, end)| end - now);
    let expiring =
        left.is_some_and(|left| left >= TimeDelta::zero() && left <= TimeDelta::days(WINDOW_DAYS));
    let names: Vec<&String> = match listed {
        true => certificate.names.iter().skip(1).collect(),
        false => certificate.names.iter().collect(),
    };
    let value = json!({
        "CertificateId": certificate.id,
        "OwnerUin": super::identity::number(certificate.account),
        "ProjectId": certificate.project_id.to_string(),
        "CertificateType": certificate_type(certificate),
        "Domain": certificate.domain,
        "SubjectAltName": names,
        "Alias": certificate.alias,
        "Status": status,
        "StatusName": status::name(status),
        "StatusMsg": certificate.status_message(now),
        "InsertTime": beijing(certificate.inserted),
        "CertBeginTime": perhaps(validity.map(|(begin, _)| begin), quirk),
        "CertEndTime": perhaps(validity.map(|(_, end)| end), quirk),
        "EncryptAlgorithm": certificate.algorithm.name(),
        "IsVip": false,
        "IsDv": certificate.order().is_some(),
        "IsWildcard": false,
        "IsExpiring": expiring,
        "IsIgnore": false,
        "RenewAble": certificate.in_window(now) && renewal.is_none(),
        "Deployable": status == status::ISSUED,
        "AllowDownload": certificate.allow_download,
        "HasRenewOrder": renewal.clone().unwrap_or_default(),
        "HostingStatus": certificate.hosting,
        "AutoRenewFlag": 0,
        "Tags": [],
    });
    let mut fields = match value {
        Value::Object(fields) => fields,
        _ => Map::new(),
    };
    fields.extend(source_fields(certificate, renewal, now));
    fields
}

/// The fields that depend on where the certificate came from.
fn source_fields(
    certificate: &Certificate,
    renewal: Option<String>,
    now: DateTime<Utc>,
) -> Map<String, Value> {
    let quirk = certificate.quirk;
    let value = match &certificate.kind {
        Entry::Upload(_) => json!({
            "From": "upload",
            "PackageType": null,
            "PackageTypeName": null,
            "ProductZhName": "",
            "VerifyType": "",
            "ValidityPeriod": "",
            "CertificateExtra": null,
        }),
        Entry::Order(order) => json!({
            "From": "trustasia",
            "PackageType": "83",
            "PackageTypeName": "TrustAsia DV (C1)",
            "ProductZhName": "TrustAsia C1 DV Free",
            "VerifyType": order.method.name(),
            "ValidityPeriod": "3",
            "DVAuthDeadline": beijing(certificate.deadline()),
            "ValidationPassedTime": perhaps(certificate.issued(now), quirk),
            "AwaitingValidationMsg": "",
            "IsDNSPODResolve": order.zone_here,
            "KeyPasswordCustomFlag": order.password_set,
            "SupportDownloadType": {
                "NGINX": true, "APACHE": true, "TOMCAT": true, "IIS": true,
                "JKS": certificate.algorithm == Algorithm::Rsa, "OTHER": true, "ROOT": true,
            },
            "CertificateExtra": {
                "DomainNumber": "1",
                "OriginCertificateId": order.old.clone().unwrap_or_default(),
                "RenewOrder": renewal.unwrap_or_default(),
                "ReplacedBy": "",
                "ReplacedFor": "",
                "SMCert": 0,
                "CompanyType": 0,
            },
        }),
    };
    let mut fields = match value {
        Value::Object(fields) => fields,
        _ => Map::new(),
    };
    // Nearly every field may be absent; for some certificates a few always are.
    if quirk % 5 == 4 {
        for name in [
            "AwaitingValidationMsg",
            "KeyPasswordCustomFlag",
            "ProductZhName",
        ] {
            fields.remove(name);
        }
    }
    fields
}
