//! UploadCertificate: just enough that lists hold what others brought along.

use chrono::DateTime;
use secrecy::SecretString;
use serde_json::json;
use x509_parser::extensions::GeneralName;
use x509_parser::pem::Pem;
use x509_parser::time::ASN1Time;

use crate::sandbox::action::{Action, Answer, Call, answer};
use crate::sandbox::parameters::{Kind, Parameters};
use crate::sandbox::refusal::Refusal;
use crate::sandbox::world::keys::Algorithm;
use crate::sandbox::world::order::{Origin, Upload, Validity};

pub(super) const ACTIONS: &[Action] = &[Action::new("UploadCertificate", upload)
    .required("CertificatePublicKey", Kind::Text)
    .optional("CertificatePrivateKey", Kind::Text)
    .optional("CertificateType", Kind::Text)
    .optional("Alias", Kind::Text)
    .optional("ProjectId", Kind::Number)
    .optional("CertificateUse", Kind::Text)
    .optional("Tags", Kind::Objects)
    .optional("Repeatable", Kind::Flag)
    .optional("KeyPassword", Kind::Text)];

fn upload(call: &mut Call<'_>, parameters: &Parameters) -> Result<Answer, Refusal> {
    let public = parameters.needed("CertificatePublicKey");
    let kind = parameters.text("CertificateType").unwrap_or("SVR");
    if !matches!(kind, "SVR" | "CA") {
        return Err(Refusal::value("CertificateType", "SVR or CA"));
    }
    let invalid = |why| Refusal::new("FailedOperation.CertificateInvalid", why);
    let private = parameters.text("CertificatePrivateKey");
    if kind == "SVR" && !private.is_some_and(|key| key.contains("PRIVATE KEY-----")) {
        return Err(invalid("A server certificate needs its private key."));
    }
    let (names, algorithm, validity) =
        read_leaf(public).ok_or_else(|| invalid("The certificate cannot be read."))?;
    if parameters.flag("Repeatable") == Some(false)
        && let Some(id) = existing(call, public)
    {
        return answer(json!({"CertificateId": id, "RepeatCertId": id}));
    }
    let upload = Upload {
        public: public.to_string(),
        private: private.map(|key| SecretString::from(key.to_string())),
        validity,
        certificate_type: kind.to_string(),
    };
    let id = call.take_in(parameters, names, algorithm, |_, _| {
        Origin::Upload(Box::new(upload))
    });
    answer(json!({"CertificateId": id, "RepeatCertId": ""}))
}

/// An upload of the same text by the same account.
fn existing<'a>(call: &'a Call<'_>, public: &str) -> Option<&'a str> {
    let mut own = call
        .world
        .register
        .newest_first()
        .filter(|certificate| certificate.account == call.account);
    let same = own.find(|certificate| match &certificate.origin {
        Origin::Upload(upload) => upload.public.trim() == public.trim(),
        Origin::Order(_) => false,
    });
    same.map(|certificate| certificate.id.as_str())
}

/// Names, key algorithm and validity of an uploaded leaf.
fn read_leaf(public: &str) -> Option<(Vec<String>, Algorithm, Validity)> {
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
    let algorithm = if ecc { Algorithm::Ecc } else { Algorithm::Rsa };
    let time = |at: ASN1Time| DateTime::from_timestamp(at.timestamp(), 0);
    let validity = leaf.validity();
    let validity = (time(validity.not_before)?, time(validity.not_after)?);
    Some((names, algorithm, validity))
}
