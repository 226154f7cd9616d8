//! DownloadCertificate: the zip, in base64.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use crate::sandbox::action::{Action, Answer, Call, answer};
use crate::sandbox::options::ZipLayout;
use crate::sandbox::parameters::Parameters;
use crate::sandbox::refusal::Refusal;
use crate::sandbox::world::archive;

pub(super) const ACTIONS: &[Action] = &[Action::new("DownloadCertificate", download).by_id()];

fn download(call: &mut Call<'_>, parameters: &Parameters) -> Result<Answer, Refusal> {
    let id = parameters.needed("CertificateId");
    let certificate = call.certificate(id)?;
    if !certificate.allow_download || certificate.order().is_none() || certificate.odd.without_key {
        return Err(Refusal::NOT_ALLOW_DOWNLOAD);
    }
    let domain = certificate.domain.clone();
    let root = call.world.authority.root_pem().to_string();
    call.world.downloads += 1;
    let layout = match call.world.options.zip_layout {
        ZipLayout::Mixed if call.world.downloads % 2 == 1 => ZipLayout::Api,
        ZipLayout::Mixed => ZipLayout::Console,
        fixed => fixed,
    };
    let material = call
        .world
        .material(id, call.now)?
        .ok_or(Refusal::STATUS_NOT_ALLOW_DOWNLOAD)?;
    let zip = archive::pack(layout, &domain, material, &root)?;
    answer(json!({"Content": STANDARD.encode(zip), "ContentType": "application/zip"}))
}
