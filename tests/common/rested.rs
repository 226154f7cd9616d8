//! A record of certificates that rest.

use chrono::{TimeDelta, Timelike};
use evercert::config;
use evercert::engine::Settings;
use evercert::lifecycle::{Held, Record, schedule};
use evercert::store::{Changes, Store, Wanted, prepare_folder};

use super::{Home, now};

/// The record as it is where every certificate was installed a month ago.
pub fn write_rested(home: &Home) {
    let loaded = config::load(&home.config()).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let now = now().with_nanosecond(0).unwrap();
        prepare_folder(&home.state_dir()).unwrap();
        let store = Store::open(&home.state_dir(), now).await.unwrap();
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
            record.held = Some(Held {
                certificate_id: format!("c{n:07}"),
                account: certificate.account.clone(),
                not_before: now - TimeDelta::days(30),
                not_after: now + TimeDelta::days(60),
                fingerprint: format!("{n:064x}"),
                installed_at: now - TimeDelta::days(30),
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
