//! DescribeCertificate (what it is) and DescribeCertificateDetail (the material too).

use chrono::{DateTime, Utc};
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use super::listing::entry;
use super::validation;
use crate::sandbox::action::{Action, Answer, Call, answer};
use crate::sandbox::error::Error;
use crate::sandbox::fields::{Fields, fields};
use crate::sandbox::parameters::Parameters;
use crate::sandbox::refusal::Refusal;
use crate::sandbox::text::beijing;
use crate::sandbox::world::World;
use crate::sandbox::world::order::Origin;

pub(super) const ACTIONS: &[Action] = &[
    Action::new("DescribeCertificate", describe).by_id(),
    Action::new("DescribeCertificateDetail", detail).by_id(),
];

fn describe(call: &mut Call<'_>, parameters: &Parameters) -> Result<Answer, Refusal> {
    let mut fields = common(call, parameters.needed("CertificateId"))?;
    // The detail call tells these two, this one does not.
    fields.remove("EncryptAlgorithm");
    fields.remove("HostingStatus");
    answer(fields)
}

/// What both calls say.
fn common(call: &Call<'_>, id: &str) -> Result<Fields, Refusal> {
    let certificate = call.certificate(id)?;
    let issued = certificate.issued(call.now);
    let mut fields = entry(certificate, &call.world.register, call.now, false);
    fields.add(fields! {
        "OrderId": issued.map(|_| format!("O{:08}", certificate.sequence)),
        "DvAuthDetail": validation::detail(certificate, call.now),
        "DvRevokeAuthDetail": Value::Null,
    });
    Ok(fields)
}

fn detail(call: &mut Call<'_>, parameters: &Parameters) -> Result<Answer, Refusal> {
    let id = parameters.needed("CertificateId");
    let now = call.now;
    let mut fields = common(call, id)?;
    // The detail call names this one differently from the others.
    fields.rename("PackageTypeName", "TypeName");
    let pems = material_pems(call.world, id, now)?;
    let (public, mut private) = pems.unwrap_or_default();
    let certificate = call.certificate(id)?;
    if certificate.odd.without_key {
        private.clear();
    }
    fields.add(fields! {
        "DomainType": if certificate.names.len() > 1 { 2 } else { 1 },
        "CertType": "DV",
        "UseCrossSignRoot": false,
        "CertificatePublicKey": public,
        "CertificatePrivateKey": private,
    });
    if let (Some((begin, end)), Some(_)) = (certificate.validity(now), certificate.order()) {
        fields.add(fields! {
            "RootCert": json!({"Standard": call.world.authority.root_pem(), "Sign": "", "Encrypt": ""}),
            "CertChainInfo": json!([{
                "Issuer": "Sandbox DV CA - trust nowhere",
                "Subject": certificate.domain,
                "ValidFrom": beijing(begin),
                "ValidTo": beijing(end),
            }]),
        });
    }
    answer(fields)
}

/// Public and private PEM as the detail call gives them; nothing before the issue.
fn material_pems(
    world: &mut World,
    id: &str,
    now: DateTime<Utc>,
) -> Result<Option<(String, String)>, Error> {
    if let Some(certificate) = world.register.get(id)
        && let Origin::Upload(upload) = &certificate.origin
    {
        let private = upload.private.as_ref();
        let private = private.map(|key| key.expose_secret().to_string());
        return Ok(Some((upload.public.clone(), private.unwrap_or_default())));
    }
    let full_chain = world.options.full_chain_in_detail;
    let material = world.material(id, now)?;
    Ok(material.map(|material| {
        let mut public = material.leaf.clone();
        if full_chain {
            public.push_str(&material.chain);
        }
        (public, material.key.expose_secret().to_string())
    }))
}
