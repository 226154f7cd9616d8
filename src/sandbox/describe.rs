//! DescribeCertificate (what it is) and DescribeCertificateDetail (the material too).

use chrono::{DateTime, TimeDelta, Utc};
use secrecy::ExposeSecret;
use serde_json::{Map, Value, json};

use super::Error;
use super::ca::{Material, Wanted};
use super::dispatch::Action;
use super::listing::{beijing, entry};
use super::order::Kind as Entry;
use super::parameters::{Kind, Parameters, required};
use super::refusal::Refusal;
use super::validation;
use super::world::{Turn, World};

pub(super) const ACTIONS: &[Action] = &[
    Action {
        name: "DescribeCertificate",
        parameters: &[required("CertificateId", Kind::Text)],
        run: describe,
    },
    Action {
        name: "DescribeCertificateDetail",
        parameters: &[required("CertificateId", Kind::Text)],
        run: detail,
    },
];

/// What DescribeCertificates tells and the calls for one certificate do not (official SDK, ssl 3.1.145).
const LIST_ONLY: [&str; 11] = [
    "AllowDownload",
    "AutoRenewFlag",
    "AwaitingValidationMsg",
    "DVAuthDeadline",
    "HasRenewOrder",
    "IsDNSPODResolve",
    "IsExpiring",
    "IsIgnore",
    "KeyPasswordCustomFlag",
    "SupportDownloadType",
    "ValidationPassedTime",
];

fn describe(turn: &mut Turn<'_>, parameters: &Parameters) -> Result<Value, Refusal> {
    let mut fields = common(turn, parameters.needed("CertificateId"))?;
    // The detail call tells these two, this one does not.
    fields.remove("EncryptAlgorithm");
    fields.remove("HostingStatus");
    Ok(Value::Object(fields))
}

/// What both calls say.
fn common(turn: &Turn<'_>, id: &str) -> Result<Map<String, Value>, Refusal> {
    let register = &turn.world.register;
    let certificate = register.of(turn.account, id)?;
    let mut fields = entry(certificate, register, turn.now, false).into_map();
    for name in LIST_ONLY {
        fields.remove(name);
    }
    let order_id = certificate
        .issued(turn.now)
        .map(|_| format!("O{:08}", certificate.sequence));
    fields.insert("OrderId".into(), order_id.into());
    fields.insert(
        "DvAuthDetail".into(),
        validation::detail(certificate, turn.now),
    );
    fields.insert("DvRevokeAuthDetail".into(), Value::Null);
    Ok(fields)
}

fn detail(turn: &mut Turn<'_>, parameters: &Parameters) -> Result<Value, Refusal> {
    let id = parameters.needed("CertificateId");
    let mut fields = common(turn, id)?;
    // The detail call names these two differently from the others.
    if let Some(name) = fields.remove("PackageTypeName") {
        fields.insert("TypeName".into(), name);
    }
    let names = fields
        .get("SubjectAltName")
        .and_then(Value::as_array)
        .map_or(1, Vec::len);
    fields.insert("DomainType".into(), if names > 1 { 2 } else { 1 }.into());
    fields.insert("CertType".into(), "DV".into());
    fields.insert("UseCrossSignRoot".into(), false.into());

    let now = turn.now;
    let full_chain = turn.world.options.full_chain_in_detail;
    let pems = material_pems(turn.world, id, now, full_chain)?;
    let (public, mut private) = pems.unwrap_or_default();
    if turn.world.register.of(turn.account, id)?.odd.without_key {
        private.clear();
    }
    fields.insert("CertificatePublicKey".into(), public.into());
    fields.insert("CertificatePrivateKey".into(), private.into());
    let certificate = turn.world.register.of(turn.account, id)?;
    if let (Some((begin, end)), Some(_)) = (certificate.validity(now), certificate.order()) {
        let root = turn.world.authority.root_pem();
        fields.insert(
            "RootCert".into(),
            json!({"Standard": root, "Sign": "", "Encrypt": ""}),
        );
        fields.insert(
            "CertChainInfo".into(),
            json!([{
                "Issuer": "Sandbox DV CA - trust nowhere",
                "Subject": certificate.domain,
                "ValidFrom": beijing(begin),
                "ValidTo": beijing(end),
            }]),
        );
    }
    Ok(Value::Object(fields))
}

/// Public and private PEM as the detail call gives them; nothing before the issue.
fn material_pems(
    world: &mut World,
    id: &str,
    now: DateTime<Utc>,
    full_chain: bool,
) -> Result<Option<(String, String)>, Error> {
    if let Some(Entry::Upload(upload)) = world.register.get(id).map(|certificate| &certificate.kind)
    {
        let private = upload
            .private
            .as_ref()
            .map(|key| key.expose_secret().to_string());
        return Ok(Some((upload.public.clone(), private.unwrap_or_default())));
    }
    let material = material(world, id, now)?;
    Ok(material.map(|material| {
        let mut public = material.leaf.clone();
        if full_chain {
            public.push_str(&material.chain);
        }
        (public, material.key.expose_secret().to_string())
    }))
}

/// The material of an issued order, made now if nobody asked for it before.
pub(super) fn material<'a>(
    world: &'a mut World,
    id: &str,
    now: DateTime<Utc>,
) -> Result<Option<&'a Material>, Error> {
    let World {
        register,
        authority,
        keys,
        random,
        ..
    } = world;
    let Some(certificate) = register.get_mut(id) else {
        return Ok(None);
    };
    let (Some((mut not_before, mut not_after)), true) =
        (certificate.validity(now), certificate.issued(now).is_some())
    else {
        return Ok(None);
    };
    if certificate.odd.ended_material {
        let over = not_after - now + TimeDelta::hours(1);
        (not_before, not_after) = (not_before - over, not_after - over);
    }
    let (algorithm, domain, names) = (
        certificate.algorithm,
        certificate.domain.clone(),
        certificate.names.clone(),
    );
    let Some(order) = certificate.order_mut() else {
        return Ok(None);
    };
    if order.material.is_none() {
        let key = keys.make(algorithm, random)?;
        let wanted = Wanted {
            domain: &domain,
            names: &names,
            not_before,
            not_after,
        };
        order.material = Some(authority.issue(&wanted, key, random)?);
    }
    Ok(order.material.as_ref())
}
