//! The operator's config with everything in it that reaches outside turned inwards.
//!
//! Copies go below the simulation's own folder; commands and looks at what is served are left out; proofs that need a name
//! server or a web server of the operator's are put up in the stand-in's own DNS service.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::config::{
    Certificate, Config, Dns, Format, Hooks, Install, Provider, Targets, Validation,
};

/// The mode of a copy: nobody else's.
const MODE: u32 = 0o600;

/// This config, as it can be tried in `folder`.
///
/// # Errors
/// The folder can't be written.
pub(super) fn isolate(config: &Config, folder: &Path) -> io::Result<Config> {
    let mut config = config.clone();
    config.state_dir = folder.to_path_buf();
    let password = folder.join("password");
    std::fs::write(&password, "simulation")?;
    std::fs::set_permissions(
        &password,
        std::os::unix::fs::PermissionsExt::from_mode(MODE),
    )?;
    // Nobody else is there who orders.
    config.fleet = None;
    for certificate in &mut config.certificates {
        certificate.order = true;
        if certificate.validation != Validation::DnsAuto {
            certificate.validation = Validation::Dns(Dns {
                provider: Provider::Dnspod { account: None },
                name_servers: Vec::new(),
            });
        }
        turn_inwards(certificate, folder, &password);
    }
    Ok(config)
}

fn turn_inwards(certificate: &mut Certificate, folder: &Path, password: &Path) {
    let place = folder.join("copies").join(&certificate.domain);
    // Without `..`: whatever else there is must not reach real places either.
    let Targets {
        install,
        verify,
        hooks,
        cloud: _,
    } = Arc::make_mut(&mut certificate.targets);
    *hooks = Hooks::default();
    *verify = None;
    for (number, install) in install.iter_mut().enumerate() {
        let file = |name: &str| -> PathBuf { place.join(format!("{number}-{name}")) };
        *install = Install {
            format: match &install.format {
                Format::Pem { chain, .. } => Format::Pem {
                    cert: file("cert.pem"),
                    key: file("key.pem"),
                    chain: chain.is_some().then(|| file("chain.pem")),
                },
                Format::Combined { .. } => Format::Combined {
                    file: file("combined.pem"),
                },
                Format::Pkcs12 { alias, .. } => Format::Pkcs12 {
                    file: file("store.p12"),
                    password_file: password.to_path_buf(),
                    alias: alias.clone(),
                },
            },
            owner: None,
            group: None,
            mode: Some(MODE),
            create_folders: true,
            check: None,
            reload: None,
            timeout: install.timeout,
        };
    }
}
