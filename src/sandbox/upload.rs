//! UploadCertificate: just enough that lists hold what others brought along.

use chrono::{DateTime, Utc};
use rand::RngExt;
use secrecy::SecretString;
use serde_json::{Value, json};
use x509_parser::extensions::GeneralName;
use x509_parser::pem::Pem;

use super::dispatch::Action;
use super::manage::Oddities;
use super::order::{Algorithm, Certificate, Kind as Entry, Upload};
use super::parameters::{Kind, Parameters, optional, required};
use super::refusal::Refusal;
use super::world::Turn;

pub(super) const ACTIONS: &[Action] = &[Action {
    name: "UploadCertificate",
    parameters: &[
        required("CertificatePublicKey", Kind::Text),
        optional("CertificatePrivateKey", Kind::Text),
        optional("CertificateType", Kind::Text),
        optional("Alias", Kind::Text),
        optional("ProjectId", Kind::Number),
        optional("CertificateUse", Kind::Text),
        optional("Tags", Kind::Objects),
        optional("Repeatable", Kind::Flag),
        optional("KeyPassword", Kind::Text),
    ],
    run: upload,
}];

/// What is read from an uploaded leaf.
struct Leaf {
    names: Vec<String>,
    begin: DateTime<Utc>,
    end: DateTime<Utc>,
    algorithm: Algorithm,
}

fn upload(turn: &mut Turn<'_>, parameters: &Parameters) -> Result<Value, Refusal> {
    let public = parameters.needed("CertificatePublicKey");
    let kind = parameters.text("CertificateType").unwrap_or("SVR");
    if !matches!(kind, "SVR" | "CA") {
        return Err(Refusal::value("CertificateType", "SVR or CA"));
    }
    let private = parameters.text("CertificatePrivateKey");
    if kind == "SVR" && !private.is_some_and(|key| key.contains("PRIVATE KEY-----")) {
        return Err(Refusal::new(
            "FailedOperation.CertificateInvalid",
            "A server certificate needs its private key.",
        ));
    }
    let leaf = read_leaf(public).ok_or_else(|| {
        Refusal::new(
            "FailedOperation.CertificateInvalid",
            "The certificate cannot be read.",
        )
    })?;
    if parameters.flag("Repeatable") == Some(false)
        && let Some(id) = existing(turn, public)
    {
        return Ok(json!({"CertificateId": id, "RepeatCertId": id}));
    }
    let id = turn.world.new_id();
    let domain = leaf.names.first().cloned().unwrap_or_default();
    let certificate = Certificate {
        id: id.clone(),
        sequence: turn.world.register.next_sequence(),
        account: turn.account,
        main_domain: psl::domain_str(&domain).unwrap_or(&domain).to_string(),
        domain,
        names: leaf.names,
        alias: turn
            .world
            .alias_mode
            .keep(parameters.text("Alias").unwrap_or_default()),
        project_id: parameters.number("ProjectId").unwrap_or(0),
        inserted: turn.now,
        listed_from: turn.now + turn.world.listing_delay,
        algorithm: leaf.algorithm,
        allow_download: true,
        hosting: -1,
        odd: Oddities::default(),
        quirk: turn.world.random.random(),
        kind: Entry::Upload(Box::new(Upload {
            public: public.to_string(),
            private: private.map(|key| SecretString::from(key.to_string())),
            begin: leaf.begin,
            end: leaf.end,
            certificate_type: kind.to_string(),
        })),
    };
    turn.world.register.add(certificate);
    Ok(json!({"CertificateId": id, "RepeatCertId": ""}))
}

/// An upload of the same text by the same account.
fn existing(turn: &Turn<'_>, public: &str) -> Option<String> {
    turn.world
        .register
        .newest_first()
        .filter(|certificate| certificate.account == turn.account)
        .find(|certificate| match &certificate.kind {
            Entry::Upload(upload) => upload.public.trim() == public.trim(),
            Entry::Order(_) => false,
        })
        .map(|certificate| certificate.id.clone())
}

fn read_leaf(public: &str) -> Option<Leaf> {
    let pem = Pem::iter_from_buffer(public.as_bytes()).next()?.ok()?;
    let leaf = pem.parse_x509().ok()?;
    let mut names: Vec<String> = leaf
        .subject()
        .iter_common_name()
        .filter_map(|name| name.as_str().ok().map(str::to_string))
        .collect();
    let others = leaf.subject_alternative_name().ok().flatten();
    for name in others
        .iter()
        .flat_map(|extension| &extension.value.general_names)
    {
        if let GeneralName::DNSName(name) = name
            && !names.iter().any(|known| known == name)
        {
            names.push((*name).to_string());
        }
    }
    // 1.2.840.10045.2.1 is id-ecPublicKey.
    let ecc = leaf.public_key().algorithm.algorithm.to_id_string() == "1.2.840.10045.2.1";
    Some(Leaf {
        names,
        begin: DateTime::from_timestamp(leaf.validity().not_before.timestamp(), 0)?,
        end: DateTime::from_timestamp(leaf.validity().not_after.timestamp(), 0)?,
        algorithm: if ecc { Algorithm::Ecc } else { Algorithm::Rsa },
    })
}
