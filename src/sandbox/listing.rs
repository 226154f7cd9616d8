//! DescribeCertificates: the list, its filters, and the form of one entry.

use std::cmp::Reverse;
use std::collections::HashSet;

use chrono::{DateTime, Datelike, TimeDelta, Timelike, Utc};
use serde_json::{Value, json};

use super::dispatch::Action;
use super::fields::{Field, Fields, Written};
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
    let total = found.len();
    let page: Vec<Fields<'_>> = found
        .into_iter()
        .skip(usize::try_from(offset).unwrap_or(usize::MAX))
        .take(usize::try_from(limit.min(PAGE_LIMIT)).unwrap_or(0))
        .map(|c| entry(c, register, now, true))
        .collect();
    let written = Written::new("Certificates", &page)?;
    turn.written = Some(written);
    Ok(json!({ "TotalCount": total }))
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
    // By hand: a list has six of them an entry, and chrono reads its format anew for each.
    let there = at.naive_utc() + TimeDelta::hours(8);
    format!(
        "{:04}-{:02}-{:02} {:02}:{:02}:{:02}",
        there.year(),
        there.month(),
        there.day(),
        there.hour(),
        there.minute(),
        there.second()
    )
}

/// A time that may not be there yet: null for some certificates, an empty text for others.
fn perhaps<'a>(at: Option<DateTime<Utc>>, quirk: u8) -> Field<'a> {
    match at {
        Some(at) => beijing(at).into(),
        None if quirk.is_multiple_of(2) => Field::Null,
        None => "".into(),
    }
}

/// The fields that list and details share. `listed`: links to renewals appear only once the renewal is listed.
pub(super) fn entry<'a>(
    certificate: &'a Certificate,
    register: &'a Register,
    now: DateTime<Utc>,
    listed: bool,
) -> Fields<'a> {
    let quirk = certificate.quirk;
    let status = certificate.status(now);
    let validity = certificate.validity(now);
    let renewal = register
        .renewal_of(&certificate.id, now)
        .filter(|renewal| !listed || renewal.listed_from <= now)
        .map(|renewal| renewal.id.as_str());
    let left = validity.map(|(_, end)| end - now);
    let expiring =
        left.is_some_and(|left| left >= TimeDelta::zero() && left <= TimeDelta::days(WINDOW_DAYS));
    let names = certificate.names.iter().skip(usize::from(listed));
    let mut fields = Fields::from([
        ("CertificateId", certificate.id.as_str().into()),
        (
            "OwnerUin",
            super::identity::number(certificate.account).into(),
        ),
        ("ProjectId", certificate.project_id.to_string().into()),
        ("CertificateType", certificate_type(certificate).into()),
        ("Domain", certificate.written(&certificate.domain).into()),
        (
            "SubjectAltName",
            Field::Texts(names.map(String::as_str).collect()),
        ),
        ("Alias", certificate.alias.as_str().into()),
        ("Status", status.into()),
        ("StatusName", status::name(status).into()),
        ("StatusMsg", certificate.status_message(now).into()),
        ("InsertTime", beijing(certificate.inserted).into()),
        (
            "CertBeginTime",
            perhaps(validity.map(|(begin, _)| begin), quirk),
        ),
        ("CertEndTime", perhaps(validity.map(|(_, end)| end), quirk)),
        ("EncryptAlgorithm", certificate.algorithm.name().into()),
        ("IsVip", false.into()),
        ("IsDv", certificate.order().is_some().into()),
        ("IsWildcard", false.into()),
        ("IsExpiring", expiring.into()),
        ("IsIgnore", false.into()),
        (
            "RenewAble",
            (certificate.in_window(now) && renewal.is_none()).into(),
        ),
        ("Deployable", (status == status::ISSUED).into()),
        ("AllowDownload", certificate.allow_download.into()),
        ("HasRenewOrder", renewal.unwrap_or_default().into()),
        ("HostingStatus", certificate.hosting.into()),
        ("AutoRenewFlag", 0.into()),
        ("Tags", Field::Texts(Vec::new())),
    ]);
    match &certificate.kind {
        Entry::Upload(_) => fields.add([
            ("From", "upload".into()),
            ("PackageType", Field::Null),
            ("PackageTypeName", Field::Null),
            ("ProductZhName", "".into()),
            ("VerifyType", "".into()),
            ("ValidityPeriod", "".into()),
            ("CertificateExtra", Field::Null),
        ]),
        Entry::Order(order) => fields.add([
            ("From", "trustasia".into()),
            (
                "PackageType",
                certificate
                    .odd
                    .package_type
                    .as_deref()
                    .unwrap_or("83")
                    .into(),
            ),
            ("PackageTypeName", "TrustAsia DV (C1)".into()),
            ("ProductZhName", "TrustAsia C1 DV Free".into()),
            ("VerifyType", order.method.name().into()),
            ("ValidityPeriod", "3".into()),
            ("DVAuthDeadline", beijing(certificate.deadline()).into()),
            (
                "ValidationPassedTime",
                perhaps(certificate.issued(now), quirk),
            ),
            ("AwaitingValidationMsg", "".into()),
            ("IsDNSPODResolve", order.zone_here.into()),
            ("KeyPasswordCustomFlag", order.password_set.into()),
            ("SupportDownloadType", forms(certificate.algorithm)),
            ("CertificateExtra", extra(order.old.as_deref(), renewal)),
        ]),
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

fn forms<'a>(algorithm: Algorithm) -> Field<'a> {
    Field::Fields(Fields::from([
        ("NGINX", true.into()),
        ("APACHE", true.into()),
        ("TOMCAT", true.into()),
        ("IIS", true.into()),
        ("JKS", (algorithm == Algorithm::Rsa).into()),
        ("OTHER", true.into()),
        ("ROOT", true.into()),
    ]))
}

fn extra<'a>(old: Option<&'a str>, renewal: Option<&'a str>) -> Field<'a> {
    Field::Fields(Fields::from([
        ("DomainNumber", "1".into()),
        ("OriginCertificateId", old.unwrap_or_default().into()),
        ("RenewOrder", renewal.unwrap_or_default().into()),
        ("ReplacedBy", "".into()),
        ("ReplacedFor", "".into()),
        ("SMCert", 0.into()),
        ("CompanyType", 0.into()),
    ]))
}
