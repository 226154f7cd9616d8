//! A record of certificates that rest.

use std::fs;
use std::os::unix::fs::symlink;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Timelike, Utc};
use evercert::config;
use evercert::delivery::{Expectation, Live, Material};
use evercert::engine::Settings;
use evercert::lifecycle::{Installed, Record, schedule};
use evercert::store::{Changes, Store, Wanted, prepare_folder};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};

use super::{Home, now};

/// The state folder as it is where every certificate was installed a month ago. All have the same files.
pub fn write_rested(home: &Home) {
    write_ending(home, TimeDelta::days(60));
}

/// The state folder as it is where every certificate ends `left` from now. All have the same files.
pub fn write_ending(home: &Home, left: TimeDelta) {
    let loaded = config::load(&home.config()).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let now = now().with_nanosecond(0).unwrap();
        prepare_folder(&home.state_dir()).unwrap();
        let store = Store::open(&home.state_dir(), now).await.unwrap();
        let end = now + left;
        let begin = end - TimeDelta::days(90);
        let names = loaded
            .config
            .certificates
            .iter()
            .map(|certificate| certificate.domain.as_str());
        let fingerprint = write_files(home, now, (begin, end), names);
        let wanted: Vec<Wanted> = loaded
            .config
            .certificates
            .iter()
            .map(|certificate| {
                let policy = Settings::policy_of(&loaded.config, certificate);
                Wanted {
                    domain: certificate.domain.clone(),
                    account: certificate.account.clone(),
                    inputs: policy.inputs,
                    renew_before: policy.renew_before,
                    targets: Vec::new(),
                }
            })
            .collect();
        store.sync(now, &wanted, "made by a test").await.unwrap();
        for (n, certificate) in loaded.config.certificates.iter().enumerate() {
            let policy = Settings::policy_of(&loaded.config, certificate);
            let mut record = Record::new(&certificate.domain, &certificate.account);
            record.installed = Some(Installed {
                certificate_id: format!("c{n:07}"),
                account: certificate.account.clone(),
                not_before: begin,
                not_after: end,
                fingerprint: fingerprint.clone(),
                installed_at: begin,
            });
            let changes = Changes {
                record: &record,
                closed: None,
                schedule: schedule(now, &policy, &record, &[]),
                history: &[],
            };
            store.save(now, changes).await.unwrap();
        }
        store.close().await;
    });
}

/// The live folder, with one certificate for all. Returns its fingerprint.
fn write_files<'a>(
    home: &Home,
    now: DateTime<Utc>,
    (begin, end): (DateTime<Utc>, DateTime<Utc>),
    mut names: impl Iterator<Item = &'a str>,
) -> String {
    let first = names.next().unwrap();
    let material = material(first, now, begin, end);
    let live = Live::open(&home.state_dir()).unwrap();
    let installed = live.install(first, &material).unwrap();
    for name in names {
        let version = home.state_dir().join("archive").join(name).join("0001");
        fs::create_dir_all(&version).unwrap();
        for file in fs::read_dir(&installed.path).unwrap() {
            let file = file.unwrap();
            fs::hard_link(file.path(), version.join(file.file_name())).unwrap();
        }
        symlink(format!("../archive/{name}/0001"), home.live(name)).unwrap();
    }
    material.fingerprint_sha256().to_owned()
}

fn material(
    domain: &str,
    now: DateTime<Utc>,
    begin: DateTime<Utc>,
    end: DateTime<Utc>,
) -> Material {
    let ca = || {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params
    };
    let key = || KeyPair::generate().unwrap();
    let root = CertifiedIssuer::self_signed(ca(), key()).unwrap();
    let intermediate = CertifiedIssuer::signed_by(ca(), key(), &root).unwrap();
    let mut params = CertificateParams::new(vec![domain.to_owned()]).unwrap();
    let moment = |time: DateTime<Utc>| {
        let since = Duration::from_secs(time.timestamp().unsigned_abs());
        rcgen::date_time_ymd(1970, 1, 1) + since
    };
    (params.not_before, params.not_after) = (moment(begin), moment(end));
    let own = key();
    let leaf = params.signed_by(&own, &intermediate).unwrap();
    let certificates = format!("{}{}", leaf.pem(), intermediate.pem());
    let expectation = Expectation {
        domain,
        wildcard: false,
        algorithm: None,
        now,
        previous: None,
    };
    Material::from_pem(
        certificates.as_bytes(),
        own.serialize_pem().as_bytes(),
        &expectation,
    )
    .unwrap()
}
