//! DownloadCertificate: the zip, in base64.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::ZipLayout;
use super::archive;
use super::describe::material;
use super::dispatch::Action;
use super::parameters::{Kind, Parameters, required};
use super::refusal::Refusal;
use super::world::Turn;

pub(super) const ACTIONS: &[Action] = &[Action {
    name: "DownloadCertificate",
    parameters: &[required("CertificateId", Kind::Text)],
    run: download,
}];

fn download(turn: &mut Turn<'_>, parameters: &Parameters) -> Result<Value, Refusal> {
    let id = parameters.needed("CertificateId");
    let certificate = turn.world.register.of(turn.account, id)?;
    if !certificate.allow_download || certificate.order().is_none() || certificate.odd.without_key {
        return Err(Refusal::new(
            "FailedOperation.CertificateNotAllowDownload",
            "Downloading is switched off for this certificate.",
        ));
    }
    let domain = certificate.domain.clone();
    let root = turn.world.authority.root_pem().to_string();
    turn.world.downloads += 1;
    let layout = match turn.world.options.zip_layout {
        ZipLayout::Mixed if turn.world.downloads % 2 == 1 => ZipLayout::Api,
        ZipLayout::Mixed => ZipLayout::Console,
        fixed => fixed,
    };
    let material = material(turn.world, id, turn.now)?.ok_or_else(|| {
        Refusal::new(
            "FailedOperation.CertificateStatusNotAllowDownload",
            "The certificate is not issued, so it cannot be downloaded.",
        )
    })?;
    let zip = archive::pack(layout, &domain, material, &root)?;
    Ok(json!({"Content": STANDARD.encode(zip), "ContentType": "application/zip"}))
}
