//! ApplyCertificate: every rule of a free application that the vendor documents (page of 2025-02-17), and the
//! careful reading where it is silent.

use chrono::TimeDelta;
use serde_json::json;

use crate::sandbox::action::{Action, Answer, Call, answer};
use crate::sandbox::parameters::{Kind, Parameters};
use crate::sandbox::refusal::Refusal;
use crate::sandbox::world::keys::Algorithm;
use crate::sandbox::world::order::{Order, Origin};
use crate::sandbox::world::proof::{Method, Proof};

pub(super) const ACTIONS: &[Action] = &[Action::new("ApplyCertificate", apply)
    .required("DvAuthMethod", Kind::Text)
    .required("DomainName", Kind::Text)
    .optional("ProjectId", Kind::Number)
    .optional("PackageType", Kind::Text)
    .optional("ContactEmail", Kind::Text)
    .optional("ContactPhone", Kind::Text)
    .optional("ValidityPeriod", Kind::Text)
    .optional("CsrEncryptAlgo", Kind::Text)
    .optional("CsrKeyParameter", Kind::Text)
    .optional("CsrKeyPassword", Kind::Text)
    .optional("Alias", Kind::Text)
    .optional("OldCertificateId", Kind::Text)
    .optional("PackageId", Kind::Text)
    .optional("DeleteDnsAutoRecord", Kind::Flag)
    .optional("DnsNames", Kind::Texts)];

/// Longest name that is accepted (`CertificateDomainMaxLengthInvalid`).
const NAME_LIMIT: usize = 64;

fn apply(call: &mut Call<'_>, parameters: &Parameters) -> Result<Answer, Refusal> {
    let method = method(parameters)?;
    let algorithm = algorithm(parameters)?;
    check_fixed_values(parameters)?;
    check_contacts(parameters)?;
    let domain = check_domain(parameters.needed("DomainName"))?;
    let main_domain = psl2::lookup(&domain)
        .and_then(|found| found.registrable_domain())
        .ok_or_else(|| invalid("the domain name is not registrable"))?;
    if let Some(old) = parameters.text("OldCertificateId") {
        check_old(call, old, &domain)?;
    }
    check_limits(call, main_domain)?;
    let mut names = vec![domain.clone()];
    if domain == main_domain {
        // The vendor's example of an apex order shows the www name added.
        names.push(format!("www.{domain}"));
    }
    let id = call.take_in(parameters, names, algorithm, |call, quirk| {
        let order = order(call, parameters, method, &domain, quirk);
        Origin::Order(Box::new(order))
    });
    answer(json!({ "CertificateId": id }))
}

fn order(
    call: &mut Call<'_>,
    parameters: &Parameters,
    method: Method,
    domain: &str,
    quirk: u8,
) -> Order {
    let old = parameters.text("OldCertificateId").map(str::to_string);
    let options = &call.world.options;
    let mut known = call.world.register.newest_first();
    let is_first = old.is_none()
        && !known.any(|known| known.account == call.account && known.domain == domain);
    let age = match is_first {
        true => bounded(options.first_age),
        false => TimeDelta::zero(),
    };
    let reused = call.now - bounded(options.reuse_validation);
    let proven_before = call.world.register.proven(call.account, domain);
    let random = &mut call.world.random;
    Order {
        method,
        issue_after: bounded(options.issue_after),
        age,
        old,
        contact_email: parameters.text("ContactEmail").map(str::to_string),
        delete_record: parameters.flag("DeleteDnsAutoRecord").unwrap_or(false),
        password_set: parameters.has("CsrKeyPassword"),
        proof: Proof::new(random, method, options.record, domain, quirk, call.now),
        zone_here: true,
        proven_before: proven_before.filter(|at| *at > reused),
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
        (Some("ECC"), None) => Err(Refusal::NO_KEY_PARAMETER),
        (Some("ECC"), Some(_)) => Err(Refusal::value("CsrKeyParameter", "prime256v1 with ECC")),
        (Some(_), _) => Err(Refusal::value("CsrEncryptAlgo", "RSA or ECC")),
    }
}

/// Parameters that a free certificate may not use today, or use with one value only.
fn check_fixed_values(parameters: &Parameters) -> Result<(), Refusal> {
    if parameters.has("PackageId") {
        return Err(Refusal::PACKAGE_IDS_INVALID);
    }
    if parameters.has("DnsNames") {
        return Err(Refusal::DNS_NAMES_NOT_SUPPORTED);
    }
    for (name, only) in [("PackageType", "83"), ("ValidityPeriod", "3")] {
        if parameters.text(name).is_some_and(|value| value != only) {
            return Err(Refusal::value(name, only));
        }
    }
    Ok(())
}

fn check_contacts(parameters: &Parameters) -> Result<(), Refusal> {
    parameters.alias()?;
    let mail_fits = |mail: &str| {
        let parts = mail.split_once('@');
        mail.len() <= 254 && parts.is_some_and(|(a, b)| !a.is_empty() && !b.is_empty())
    };
    if !parameters.text("ContactEmail").is_none_or(mail_fits) {
        return Err(Refusal::value("ContactEmail", "a mail address"));
    }
    let phone_fits = |phone: &str| {
        let fits = |c: char| c.is_ascii_digit() || "+- ()".contains(c);
        (3..=32).contains(&phone.len()) && phone.chars().all(fits)
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
        return Err(Refusal::DOMAIN_MAX_LENGTH_INVALID);
    }
    if name.starts_with("*.") {
        return Err(invalid("free certificates do not cover wildcards"));
    }
    if name.parse::<std::net::IpAddr>().is_ok() {
        return Err(invalid("free certificates do not cover IP addresses"));
    }
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    let label_fits = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(fits)
    };
    let is_number = |label: &str| label.bytes().all(|b| b.is_ascii_digit());
    let last = name.rsplit_once('.').map(|(_, last)| last);
    if last.is_none_or(is_number) || !name.split('.').all(label_fits) {
        return Err(invalid("the domain name is malformed"));
    }
    Ok(name.to_ascii_lowercase())
}

/// A predecessor must be the caller's, for the same name, unexpired, in its last 30 days, and not renewed yet.
fn check_old(call: &Call<'_>, id: &str, domain: &str) -> Result<(), Refusal> {
    let old = call.certificate(id)?;
    if let Some(renewal) = call.world.register.renewal_of(id, call.now) {
        return Err(Refusal::new(
            "FailedOperation.OrderAlreadyReplaced",
            format!("The certificate was renewed already, by `{}`.", renewal.id),
        ));
    }
    if old.domain != domain {
        return Err(invalid("the old certificate is for another domain name"));
    }
    if !old.in_window(call.now) {
        return Err(invalid(
            "the old certificate is expired or not within 30 days of its expiry",
        ));
    }
    Ok(())
}

fn check_limits(call: &Call<'_>, main_domain: &str) -> Result<(), Refusal> {
    let (options, register) = (&call.world.options, &call.world.register);
    let held = register.account_slots(call.account, call.now);
    let limit = options.free_limit;
    if held >= limit as usize {
        return Err(Refusal::new(
            "FailedOperation.ExceedsFreeLimit",
            format!("The quota of free certificates is used up: {held} of {limit}."),
        ));
    }
    let held = register.domain_slots(main_domain, call.now);
    let limit = options.domain_limit;
    if held >= limit as usize {
        return Err(Refusal::new(
            "FailedOperation.MainDomainCertificateCountLimit",
            format!(
                "The main domain {main_domain} has {held} free certificates; {limit} is the limit."
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
