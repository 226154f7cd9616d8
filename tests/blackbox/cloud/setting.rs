//! Cloud resources at a stand-in, and a config that names them.

use std::time::Duration;

use evercert::sandbox::{CloudChange, Failing, NewResource};
use serde_json::Value;

use super::DOMAIN;
use super::front::Front;
use crate::common::{Daemon, Home, SOON, StandIn, now, wait_for};

/// A stand-in with an old certificate that resources have.
pub(super) struct Cloud {
    /// The stand-in.
    pub(super) stand_in: StandIn,
    /// The config and the state.
    pub(super) home: Home,
    /// The id of the certificate that was there already.
    pub(super) old: String,
}

impl Cloud {
    /// `days`: how old the certificate is that is there already.
    pub(super) fn new(days: u64, cloud: &str) -> Self {
        Self::at_stand_in(StandIn::aged(days), cloud)
    }

    /// At a stand-in of this kind.
    pub(super) fn at_stand_in(stand_in: StandIn, cloud: &str) -> Self {
        let old = stand_in.apply_by_hand(DOMAIN);
        wait_for("the old certificate", SOON, || {
            let orders = stand_in.orders(DOMAIN);
            (orders[0]["status"] == 1).then_some(())
        });
        let home = Home::of(&stand_in, &[DOMAIN]);
        let this = Self {
            stand_in,
            home,
            old,
        };
        this.configure(cloud);
        this
    }

    pub(super) fn configure(&self, cloud: &str) {
        // A stand-in that makes RSA keys on a busy machine may answer late; these tests are about other failures.
        let text = self
            .home
            .config_text(&self.stand_in.endpoint(), &[DOMAIN])
            .replace("timeout = \"3s\"", "timeout = \"20s\"");
        self.home.write_config(format!("{text}{cloud}\n"));
    }

    /// With a check of what the front serves.
    pub(super) fn verified(&self, front: &Front, patience: &str, resources: &str) {
        let address = &front.address;
        let comma = if patience.is_empty() { "" } else { ", " };
        let text = self
            .home
            .config_text(&self.stand_in.endpoint(), &[DOMAIN])
            .replace("timeout = \"3s\"", "timeout = \"20s\"");
        self.home.write_config(format!(
            "{text}verify = {{ address = \"{address}\"{comma}{patience} }}\n\
             [[certificates.cloud]]\nresources = [{resources}]\n"
        ));
    }

    pub(super) fn bind(&self, kind: &str, region: &str, instance: &str, certificate: Option<&str>) {
        self.stand_in.on(|service| {
            let new = NewResource {
                secret_id: None,
                resource_type: kind.into(),
                region: region.into(),
                instance: instance.into(),
                certificate_id: certificate.map(str::to_owned),
            };
            service.bind_resource(now(), new).unwrap();
        });
    }

    pub(super) fn change(&self, change: CloudChange) {
        self.stand_in
            .on(|service| service.change_cloud(now(), change));
    }

    /// The next attempts at this instance fail.
    pub(super) fn fail(&self, instance: &str, times: u32) {
        self.fail_with(instance, times, None);
    }

    /// The next attempts at this instance fail with this message.
    pub(super) fn fail_with(&self, instance: &str, times: u32, message: Option<&str>) {
        let fail = Failing {
            instance: instance.into(),
            times,
            message: message.map(str::to_owned),
        };
        self.change(CloudChange {
            fail: Some(fail),
            ..CloudChange::default()
        });
    }

    /// Somebody else's certificate for the same name, that ends later.
    pub(super) fn later(&self) -> String {
        self.stand_in
            .on(|service| service.set_first_age(Duration::ZERO));
        let id = self.stand_in.apply_by_hand(DOMAIN);
        wait_for("the later certificate", SOON, || {
            (self.stand_in.orders(DOMAIN)[0]["status"] == 1).then_some(())
        });
        id
    }

    /// Makes the last look at what is bound a day old. No daemon may be running.
    pub(super) fn age_the_look(&self) {
        let url = format!("sqlite://{}", self.home.database().display());
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let pool = sqlx::SqlitePool::connect(&url).await.unwrap();
            let aged = "UPDATE delivery SET seen_at = seen_at - 86400000 WHERE kind = 'cloud'";
            assert_eq!(
                sqlx::query(aged)
                    .execute(&pool)
                    .await
                    .unwrap()
                    .rows_affected(),
                1
            );
            pool.close().await;
        });
    }

    /// The certificate that an instance has.
    pub(super) fn at(&self, instance: &str) -> Value {
        let state = self.stand_in.state();
        let all = state["cloud"]["resources"].as_array().unwrap();
        let found = all.iter().find(|entry| entry["instance"] == instance);
        found.unwrap()["certificate_id"].clone()
    }

    pub(super) fn records(&self) -> Vec<Value> {
        self.stand_in.state()["cloud"]["records"]
            .as_array()
            .unwrap()
            .clone()
    }

    pub(super) fn status(&self) -> Value {
        self.home.run(&["status", "--json"]).json()[0].clone()
    }
}

/// The daemon has said that its cloud target is delivered, so often.
pub(super) fn deployed(daemon: &Daemon, count: usize) -> Value {
    daemon.wait_until("certificate.deployed", |log| {
        let mut of = log
            .iter()
            .filter(|line| line["event"] == "certificate.deployed");
        of.nth(count - 1).cloned()
    })
}
