//! DescribeCertificates: the list, its filters, and the form of one entry.

use std::cmp::Reverse;
use std::collections::HashSet;

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use serde_json::{Value, json};

use crate::sandbox::action::{Action, Answer, Call, answer};
use crate::sandbox::fields::{Fields, fields};
use crate::sandbox::parameters::{Kind, Parameters};
use crate::sandbox::refusal::Refusal;
use crate::sandbox::text::beijing;
use crate::sandbox::world::account_number;
use crate::sandbox::world::keys::Algorithm;
use crate::sandbox::world::order::{Certificate, Origin, WINDOW_DAYS, status};
use crate::sandbox::world::register::Register;

pub(super) const ACTIONS: &[Action] = &[Action::new("DescribeCertificates", list)
    .optional("Offset", Kind::Number)
    .optional("Limit", Kind::Number)
    .optional("SearchKey", Kind::Text)
    .optional("CertificateType", Kind::Text)
    .optional("ProjectId", Kind::Number)
    .optional("ExpirationSort", Kind::Text)
    .optional("CertificateStatus", Kind::Numbers)
    .optional("Deployable", Kind::Number)
    .optional("Upload", Kind::Number)
    .optional("Renew", Kind::Number)
    .optional("FilterSource", Kind::Text)
    .optional("IsSM", Kind::Number)
    .optional("FilterExpiring", Kind::Number)
    .optional("Hostable", Kind::Number)
    .optional("Tags", Kind::Objects)
    .optional("IsPendingIssue", Kind::Number)
    .optional("CertIds", Kind::Texts)
    .optional("ServiceId", Kind::Text)];

/// Entries of one answer at most; a larger `Limit` is clamped.
const PAGE_LIMIT: usize = 1000;
/// Entries without `Limit`.
const PAGE_DEFAULT: usize = 10;
/// Ids in `CertIds` at most.
const IDS_LIMIT: usize = 50;

/// The whole answer.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct List {
    total_count: usize,
    certificates: Vec<Fields>,
}

fn list(call: &mut Call<'_>, parameters: &Parameters) -> Result<Answer, Refusal> {
    let is_negative = |name| parameters.number(name).is_some_and(|number| number < 0);
    if is_negative("Offset") || is_negative("Limit") {
        return Err(Refusal::value("Offset, Limit", "0 or more"));
    }
    let ids: HashSet<&str> = parameters.texts("CertIds").into_iter().collect();
    if ids.len() > IDS_LIMIT {
        return Err(Refusal::TOO_MANY_CERT_IDS);
    }
    let now = call.now;
    let register = &call.world.register;
    let mut found: Vec<&Certificate> = register
        .newest_first()
        .filter(|c| c.account == call.account && c.listed_from <= now)
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
    let total = found.len();
    found.truncate(call.world.list_ends_at.unwrap_or(total));
    let page = parameters.page(PAGE_DEFAULT, PAGE_LIMIT).of(found);
    answer(List {
        total_count: total,
        certificates: page.map(|c| entry(c, register, now, true)).collect(),
    })
}

fn passes_filters(certificate: &Certificate, parameters: &Parameters, now: DateTime<Utc>) -> bool {
    let status = certificate.status(now);
    let uploaded = certificate.order().is_none();
    let wanted = |name: &str| parameters.number(name) == Some(1);
    let search = parameters.text("SearchKey").unwrap_or_default();
    let statuses = parameters.numbers("CertificateStatus");
    let source_fits = match parameters.text("FilterSource") {
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
            .is_none_or(|kind| kind == certificate.certificate_type())
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

/// A time that may not be there yet: null for some certificates, an empty text for others.
fn perhaps(at: Option<DateTime<Utc>>, quirk: u8) -> Value {
    match at {
        Some(at) => beijing(at).into(),
        None if quirk.is_multiple_of(2) => Value::Null,
        None => "".into(),
    }
}

/// The fields that list and details share. `listed`: as the list tells them, which has some that details have not
/// (official SDK, ssl 3.1.145), and links to a renewal only once the renewal is listed.
pub(super) fn entry(
    certificate: &Certificate,
    register: &Register,
    now: DateTime<Utc>,
    listed: bool,
) -> Fields {
    let quirk = certificate.quirk;
    let status = certificate.status(now);
    let validity = certificate.validity(now);
    let renewal = register
        .renewal_of(&certificate.id, now)
        .filter(|renewal| !listed || renewal.listed_from <= now)
        .map(|renewal| renewal.id.as_str());
    let names = certificate.names.iter().skip(usize::from(listed));
    let names = names.chain(&certificate.odd.further_names);
    let mut fields = fields! {
        "CertificateId": certificate.id,
        "OwnerUin": account_number(certificate.account),
        "ProjectId": certificate.project_id.to_string(),
        "CertificateType": certificate.certificate_type(),
        "Domain": certificate.written(&certificate.domain),
        "SubjectAltName": names.collect::<Vec<_>>(),
        "Alias": certificate.alias,
        "Status": status,
        "StatusName": status::name(status),
        "StatusMsg": certificate.status_message(now),
        "InsertTime": beijing(certificate.inserted),
        "CertBeginTime": perhaps(validity.map(|(begin, _)| begin), quirk),
        "CertEndTime": perhaps(validity.map(|(_, end)| end), quirk),
        "EncryptAlgorithm": certificate.spelled_algorithm(),
        "IsVip": false,
        "IsDv": certificate.order().is_some(),
        "IsWildcard": false,
        "RenewAble": certificate.in_window(now) && renewal.is_none(),
        "Deployable": status == status::ISSUED,
        "HostingStatus": certificate.hosting,
        "Tags": json!([]),
    };
    match &certificate.origin {
        Origin::Upload(_) => fields.add(fields! {
            "From": "upload",
            "PackageType": Value::Null,
            "PackageTypeName": Value::Null,
            "ProductZhName": "",
            "VerifyType": "",
            "ValidityPeriod": "",
            "CertificateExtra": Value::Null,
        }),
        Origin::Order(order) => fields.add(fields! {
            "From": "trustasia",
            "PackageType": certificate.odd.package_type.as_deref().unwrap_or("83"),
            "PackageTypeName": "TrustAsia DV (C1)",
            "ProductZhName": "TrustAsia C1 DV Free",
            "VerifyType": order.method.name(),
            "ValidityPeriod": "3",
            "CertificateExtra": json!({
                "DomainNumber": "1",
                "OriginCertificateId": order.old.as_deref().unwrap_or_default(),
                "RenewOrder": renewal.unwrap_or_default(),
                "ReplacedBy": "",
                "ReplacedFor": "",
                "SMCert": 0,
                "CompanyType": 0,
            }),
        }),
    }
    if listed {
        fields.add(list_only(certificate, renewal, now));
    }
    if certificate.odd.without_insert_time {
        fields.remove("InsertTime");
    }
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

fn list_only(certificate: &Certificate, renewal: Option<&str>, now: DateTime<Utc>) -> Fields {
    let left = certificate.validity(now).map(|(_, end)| end - now);
    let last_days = TimeDelta::zero()..=TimeDelta::days(WINDOW_DAYS);
    let mut fields = fields! {
        "IsExpiring": left.is_some_and(|left| last_days.contains(&left)),
        "IsIgnore": certificate.muted,
        "AllowDownload": certificate.allow_download,
        "HasRenewOrder": renewal.unwrap_or_default(),
        "AutoRenewFlag": 0,
    };
    if let Some(order) = certificate.order() {
        fields.add(fields! {
            "DVAuthDeadline": beijing(certificate.deadline()),
            "ValidationPassedTime": perhaps(certificate.issued(now), certificate.quirk),
            "AwaitingValidationMsg": "",
            "IsDNSPODResolve": order.zone_here,
            "KeyPasswordCustomFlag": order.password_set,
            "SupportDownloadType": json!({
                "NGINX": true,
                "APACHE": true,
                "TOMCAT": true,
                "IIS": true,
                "JKS": certificate.algorithm == Algorithm::Rsa,
                "OTHER": true,
                "ROOT": true,
            }),
        });
    }
    fields
}
