//! What the service may not do with targets, and what files lose by that: for `check` and `doctor`.

use std::path::Path;

use crate::config::{Certificate, Config, Install};
use crate::delivery::targets::Target;
use crate::sentence::{Sentence, sentences};

/// Where the drop-in lies that gives the service the rights for targets.
const DROP_INS: [&str; 3] = [
    "/etc/systemd/system/evercert.service.d/targets.conf",
    "/usr/local/lib/systemd/system/evercert.service.d/targets.conf",
    "/usr/lib/systemd/system/evercert.service.d/targets.conf",
];

sentences! {
    drop_in_missing(domain, file) "the targets of {domain} are outside the state folder, or have commands: under systemd the service needs the drop-in targets.conf (copy it to {file})" "{domain} 的部署目标在状态目录之外，或带有命令：在 systemd 下，服务需要 drop-in targets.conf（请复制到 {file}）";
}

/// What the shipped unit may not do, where its drop-in is not there.
pub(super) fn needs_drop_in(config: &Config) -> Option<Sentence> {
    let mut needy = config.certificates.iter().filter(|certificate| {
        let mut installs = certificate.targets.install.iter();
        installs.any(|install| install.needs_rights(&config.state_dir))
    });
    let first = needy.next()?;
    let there = DROP_INS.iter().any(|path| Path::new(path).exists());
    (!there).then(|| drop_in_missing(&first.display, DROP_INS[0]))
}

/// What the files of a target lose when they are replaced.
pub(super) fn losses(certificate: &Certificate, install: &Install) -> Vec<Sentence> {
    // Nothing is saved or put back here.
    let nowhere = Path::new("/nonexistent");
    Target::new(install, &certificate.domain, nowhere).losses()
}
