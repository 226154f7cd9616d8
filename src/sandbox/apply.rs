//! ApplyCertificate: every rule of a free application that the vendor documents (page of 2025-02-17), and the
//! careful reading where it is silent.

use chrono::TimeDelta;
use rand::RngExt;
use serde_json::{Value, json};

use super::dispatch::Action;
use super::manage::Oddities;
use super::order::{Algorithm, Certificate, Kind as Entry, Method, Order};
use super::parameters::{Kind, Parameters, optional, required};
use super::refusal::Refusal;
use super::validation::Proof;
use super::world::Turn;

pub(super) const ACTIONS: &[Action] = &[Action {
    name: "ApplyCertificate",
    parameters: &[
        required("DvAuthMethod", Kind::Text),
        required("DomainName", Kind::Text),
        optional("ProjectId", Kind::Number),
        optional("PackageType", Kind::Text),
        optional("ContactEmail", Kind::Text),
        optional("ContactPhone", Kind::Text),
        optional("ValidityPeriod", Kind::Text),
        optional("CsrEncryptAlgo", Kind::Text),
        optional("CsrKeyParameter", Kind::Text),
        optional("CsrKeyPassword", Kind::Text),
        optional("Alias", Kind::Text),
        optional("OldCertificateId", Kind::Text),
        optional("PackageId", Kind::Text),
        optional("DeleteDnsAutoRecord", Kind::Flag),
        optional("DnsNames", Kind::Texts),
    ],
    run: apply,
}];

/// Longest name that is accepted (`CertificateDomainMaxLengthInvalid`).
const NAME_LIMIT: usize = 64;
/// Longest remark, in characters (the console's own rule).
pub(super) const ALIAS_LIMIT: usize = 200;

fn apply(turn: &mut Turn<'_>, parameters: &Parameters) -> Result<Value, Refusal> {
    let method = method(parameters)?;
    let algorithm = algorithm(parameters)?;
    check_fixed_values(parameters)?;
    check_contacts(parameters)?;
    let domain = check_domain(parameters.needed("DomainName"))?;
    let main_domain = psl::domain_str(&domain)
        .map(str::to_string)
        .ok_or_else(|| invalid("the domain name is not registrable"))?;
    if let Some(old) = parameters.text("OldCertificateId") {
        check_old(turn, old, &domain)?;
    }
    check_limits(turn, &main_domain)?;

    let id = turn.world.new_id();
    let quirk = turn.world.random.random::<u8>();
    let order = order(turn, parameters, method, &domain, quirk);
    let mut names = vec![domain.clone()];
    if domain == main_domain {
        // The vendor's example of an apex order shows the www name added.
        names.push(format!("www.{domain}"));
    }
    let certificate = Certificate {
        id: id.clone(),
        sequence: turn.world.register.next_sequence(),
        account: turn.account,
        domain,
        main_domain,
        names,
        alias: turn
            .world
            .alias_mode
            .keep(parameters.text("Alias").unwrap_or_default()),
        project_id: parameters.number("ProjectId").unwrap_or(0),
        inserted: turn.now,
        listed_from: turn.now + turn.world.listing_delay,
        algorithm,
        allow_download: true,
        hosting: -1,
        odd: Oddities::default(),
        quirk,
        kind: Entry::Order(Box::new(order)),
    };
    turn.world.register.add(certificate);
    Ok(json!({ "CertificateId": id }))
}

fn order(
    turn: &mut Turn<'_>,
    parameters: &Parameters,
    method: Method,
    domain: &str,
    quirk: u8,
) -> Order {
    let old = parameters.text("OldCertificateId").map(str::to_string);
    let age = match old {
        Some(_) => TimeDelta::zero(),
        None => bounded(turn.world.options.first_age),
    };
    Order {
        method,
        issue_after: bounded(turn.world.options.issue_after),
        age,
        old,
        contact_email: parameters.text("ContactEmail").map(str::to_string),
        delete_record: parameters.flag("DeleteDnsAutoRecord").unwrap_or(false),
        password_set: parameters.has("CsrKeyPassword"),
        proof: Proof::new(turn.world, method, domain, quirk, turn.now),
        zone_here: true,
        proven: None,
        seen: None,
        cancelled: None,
        signed: None,
        forced: None,
        material: None,
    }
}

/// A configured time in chrono's terms; a year at most, so that no date runs out of range.
fn bounded(time: std::time::Duration) -> TimeDelta {
    let year = TimeDelta::days(366);
    TimeDelta::from_std(time).map_or(year, |time| time.min(year))
}

fn method(parameters: &Parameters) -> Result<Method, Refusal> {
    let method = match parameters.needed("DvAuthMethod") {
        "DNS_AUTO" => Method::DnsAuto,
        "DNS" => Method::Dns,
        "FILE" => Method::File,
        _ => return Err(Refusal::value("DvAuthMethod", "DNS_AUTO, DNS or FILE")),
    };
    if parameters.has("DeleteDnsAutoRecord") && method != Method::DnsAuto {
        return Err(Refusal::value(
            "DeleteDnsAutoRecord",
            "it goes with DNS_AUTO only",
        ));
    }
    Ok(method)
}

fn algorithm(parameters: &Parameters) -> Result<Algorithm, Refusal> {
    let parameter = parameters.text("CsrKeyParameter");
    match (parameters.text("CsrEncryptAlgo"), parameter) {
        (None | Some("RSA"), None | Some("2048")) => Ok(Algorithm::Rsa),
        (None | Some("RSA"), Some(_)) => Err(Refusal::value("CsrKeyParameter", "2048 with RSA")),
        (Some("ECC"), Some("prime256v1")) => Ok(Algorithm::Ecc),
        (Some("ECC"), None) => Err(Refusal::new(
            "MissingParameter",
            "The parameter `CsrKeyParameter` is required with ECC.",
        )),
        (Some("ECC"), Some(_)) => Err(Refusal::value("CsrKeyParameter", "prime256v1 with ECC")),
        (Some(_), _) => Err(Refusal::value("CsrEncryptAlgo", "RSA or ECC")),
    }
}

/// Parameters that a free certificate may not use today, or use with one value only.
fn check_fixed_values(parameters: &Parameters) -> Result<(), Refusal> {
    if parameters.has("PackageId") {
        return Err(Refusal::new(
            "InvalidParameter.PackageIdsInvalid",
            "Expansion packs are withdrawn; `PackageId` is not accepted.",
        ));
    }
    if parameters.has("DnsNames") {
        return Err(Refusal::new(
            "InvalidParameter",
            "`DnsNames` is not supported yet; apply for each name by itself.",
        ));
    }
    if parameters
        .text("PackageType")
        .is_some_and(|value| value != "83")
    {
        return Err(Refusal::value("PackageType", "83"));
    }
    if parameters
        .text("ValidityPeriod")
        .is_some_and(|value| value != "3")
    {
        return Err(Refusal::value("ValidityPeriod", "3"));
    }
    Ok(())
}

fn check_contacts(parameters: &Parameters) -> Result<(), Refusal> {
    let alias = parameters.text("Alias").unwrap_or_default();
    if alias.chars().count() > ALIAS_LIMIT {
        return Err(Refusal::value("Alias", "200 characters at most"));
    }
    let mail_fits = |mail: &str| {
        mail.len() <= 254
            && mail
                .split_once('@')
                .is_some_and(|(a, b)| !a.is_empty() && !b.is_empty())
    };
    if !parameters.text("ContactEmail").is_none_or(mail_fits) {
        return Err(Refusal::value("ContactEmail", "a mail address"));
    }
    let phone_fits = |phone: &str| {
        (3..=32).contains(&phone.len())
            && phone
                .chars()
                .all(|c| c.is_ascii_digit() || "+- ()".contains(c))
    };
    if !parameters.text("ContactPhone").is_none_or(phone_fits) {
        return Err(Refusal::value("ContactPhone", "a telephone number"));
    }
    if parameters.number("ProjectId").is_some_and(|id| id < 0) {
        return Err(Refusal::value("ProjectId", "0 or a project's number"));
    }
    Ok(())
}

/// A plain name of at least two labels, in lower case.
fn check_domain(name: &str) -> Result<String, Refusal> {
    if name.len() > NAME_LIMIT {
        return Err(Refusal::new(
            "InvalidParameterValue.CertificateDomainMaxLengthInvalid",
            "A domain name may have 64 characters at most.",
        ));
    }
    if name.starts_with("*.") {
        return Err(invalid("free certificates do not cover wildcards"));
    }
    if name.parse::<std::net::IpAddr>().is_ok() {
        return Err(invalid("free certificates do not cover IP addresses"));
    }
    let label_fits = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    let labels: Vec<&str> = name.split('.').collect();
    let numeric_end = labels
        .last()
        .is_some_and(|last| last.bytes().all(|b| b.is_ascii_digit()));
    if labels.len() < 2 || numeric_end || !labels.into_iter().all(label_fits) {
        return Err(invalid("the domain name is malformed"));
    }
    Ok(name.to_ascii_lowercase())
}

/// A predecessor must be the caller's, for the same name, unexpired, in its last 30 days, and not renewed yet.
fn check_old(turn: &Turn<'_>, id: &str, domain: &str) -> Result<(), Refusal> {
    let old = turn.world.register.of(turn.account, id)?;
    if let Some(renewal) = turn.world.register.renewal_of(id, turn.now) {
        return Err(Refusal::new(
            "FailedOperation.OrderAlreadyReplaced",
            format!("The certificate was renewed already, by `{}`.", renewal.id),
        ));
    }
    if old.domain != domain {
        return Err(invalid("the old certificate is for another domain name"));
    }
    if !old.in_window(turn.now) {
        return Err(invalid(
            "the old certificate is expired or not within 30 days of its expiry",
        ));
    }
    Ok(())
}

fn check_limits(turn: &Turn<'_>, main_domain: &str) -> Result<(), Refusal> {
    let options = &turn.world.options;
    let held = turn.world.register.account_slots(turn.account, turn.now);
    if held >= options.free_limit as usize {
        return Err(Refusal::new(
            "FailedOperation.ExceedsFreeLimit",
            format!(
                "The quota of free certificates is used up: {held} of {}.",
                options.free_limit
            ),
        ));
    }
    let held = turn.world.register.domain_slots(main_domain, turn.now);
    if held >= options.domain_limit as usize {
        return Err(Refusal::new(
            "FailedOperation.MainDomainCertificateCountLimit",
            format!(
                "The main domain {main_domain} has {held} free certificates; {} is the limit.",
                options.domain_limit
            ),
        ));
    }
    Ok(())
}

fn invalid(why: &str) -> Refusal {
    Refusal::new(
        "FailedOperation.InvalidParam",
        format!("Invalid parameter: {why}."),
    )
}
