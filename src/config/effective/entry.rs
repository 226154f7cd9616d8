//! One certificate's settings, with those of its validation and its targets.

use std::path::PathBuf;
use std::time::Duration;

use super::{Settings, Table, command, path};
use crate::config::certificate::Certificate;
use crate::config::cloud::Cloud;
use crate::config::duration::written;
use crate::config::targets::{Format, Hooks, Install, Targets, Verify};
use crate::config::validation::{Dns, FilePlace, FileProof, Provider, Validation};

pub(super) fn settings(certificate: &Certificate) -> Settings {
    let Certificate {
        domain: _,
        display: _,
        account,
        validation,
        key,
        alias,
        project_id,
        contact_email,
        contact_phone,
        delete_dns_record,
        csr_key_password,
        package_type,
        validity_period,
        renew_before,
        targets,
        line: _,
        account_identity: _,
    } = certificate;
    let mut table = Table::default();
    table.set("account", account.as_str());
    table.set("validation", validation_words(validation));
    table.set("key", key.name());
    table.some("alias", alias.as_deref());
    table.some("project_id", project_id.map(|id| id.to_string()));
    table.some("contact_email", contact_email.as_deref());
    table.some("contact_phone", contact_phone.as_deref());
    table.set("delete_dns_record", delete_dns_record.to_string());
    table.secret("csr_key_password", csr_key_password.as_ref());
    table.some("package_type", package_type.as_deref());
    table.some("validity_period", validity_period.as_deref());
    table.set("renew_before", written(*renew_before));
    set_targets(&mut table, targets);
    table.0
}

fn set_targets(table: &mut Table, targets: &Targets) {
    let Targets {
        install,
        cloud,
        hooks,
        verify,
    } = targets;
    for (place, install) in install.iter().enumerate() {
        table.set(&format!("install.{}", place + 1), install_words(install));
    }
    for (place, cloud) in cloud.iter().enumerate() {
        table.set(&format!("cloud.{}", place + 1), cloud_words(cloud));
    }
    let Hooks {
        deploy,
        failure,
        timeout,
    } = hooks;
    for (kind, commands) in [("deploy", deploy), ("failure", failure)] {
        for (place, argv) in commands.iter().enumerate() {
            table.set(&format!("hooks.{kind}.{}", place + 1), command(argv));
        }
    }
    if !(deploy.is_empty() && failure.is_empty()) {
        table.set("hooks.timeout", written(*timeout));
    }
    table.some("verify", verify.as_ref().map(verify_words));
}

fn install_words(install: &Install) -> String {
    let Install {
        format,
        owner,
        group,
        mode,
        create_folders,
        check,
        reload,
        timeout,
    } = install;
    let mut words = Words::new(format.name());
    match format {
        Format::Pem { cert, key, chain } => {
            words.add("cert", path(cert));
            words.add("key", path(key));
            words.some("chain", chain.as_deref().map(path));
        }
        Format::Combined { file } => words.add("file", path(file)),
        Format::Pkcs12 {
            file,
            password_file,
            alias,
        } => {
            words.add("file", path(file));
            words.add("password_file", path(password_file));
            words.some("alias", alias.clone());
        }
    }
    words.some("owner", owner.clone());
    words.some("group", group.clone());
    if let Some(mode) = mode {
        words.add("mode", format!("{mode:04o}"));
    }
    if *create_folders {
        words.add("create_folders", "true".to_owned());
    }
    words.some("check", check.as_deref().map(command));
    words.some("reload", reload.as_deref().map(command));
    words.add("timeout", written(*timeout));
    words.0
}

fn cloud_words(cloud: &Cloud) -> String {
    let Cloud {
        resources,
        instances,
        region,
    } = cloud;
    let types: Vec<&str> = resources.iter().map(|kind| kind.name).collect();
    let mut words = Words::new(&types.join(","));
    if !instances.is_empty() {
        words.add("instances", instances.join(","));
    }
    words.some("region", region.clone());
    words.0
}

fn verify_words(verify: &Verify) -> String {
    let Verify {
        host: _,
        port: _,
        starttls,
        patience,
    } = verify;
    let mut words = Words::new(&verify.address());
    words.some("starttls", starttls.map(|way| way.name().to_owned()));
    words.some("patience", patience.map(written));
    words.0
}

fn validation_words(validation: &Validation) -> String {
    let mut words = Words::new(validation.as_str());
    match validation {
        Validation::DnsAuto => {}
        Validation::Dns(Dns {
            provider,
            name_servers,
        }) => {
            words.add("provider", provider.name().to_owned());
            add_provider(&mut words, provider);
            if !name_servers.is_empty() {
                let servers: Vec<String> = name_servers.iter().map(ToString::to_string).collect();
                words.add("name_servers", servers.join(","));
            }
        }
        Validation::File(FileProof { place, probe }) => {
            match place {
                FilePlace::Webroot(folder) => words.add("webroot", path(folder)),
                FilePlace::Listen(address) => words.add("listen", address.to_string()),
            }
            words.some("probe", probe.map(|address| address.to_string()));
        }
    }
    words.0
}

fn add_provider(words: &mut Words, provider: &Provider) {
    let env = |file: &Option<PathBuf>| file.as_deref().map(path);
    let timed = |words: &mut Words, timeout: &Duration| words.add("timeout", written(*timeout));
    match provider {
        Provider::Dnspod { account } => words.some("account", account.clone()),
        Provider::Exec {
            command: argv,
            cleanup,
            env_file,
            timeout,
        } => {
            words.add("command", command(argv));
            words.some("cleanup", cleanup.as_deref().map(command));
            words.some("env_file", env(env_file));
            timed(words, timeout);
        }
        Provider::AcmeSh {
            acme_sh,
            script,
            env_file,
            timeout,
        } => {
            words.add("acme_sh", path(acme_sh));
            words.add("script", script.clone());
            words.some("env_file", env(env_file));
            timed(words, timeout);
        }
        Provider::Rfc2136 {
            server,
            key_name,
            key_file,
            algorithm,
            zone,
        } => {
            words.add("server", server.to_string());
            words.add("key_name", key_name.clone());
            words.add("key_file", path(key_file));
            words.add("algorithm", algorithm.clone());
            words.some("zone", zone.clone());
        }
        Provider::Manual => {}
    }
}

/// One value that has parts of its own: `pem, cert = /a, key = /b`.
struct Words(String);

impl Words {
    fn new(first: &str) -> Self {
        Self(first.to_owned())
    }

    fn add(&mut self, key: &str, value: String) {
        self.0.push_str(&format!(", {key} = {value}"));
    }

    fn some(&mut self, key: &str, value: Option<String>) {
        if let Some(value) = value {
            self.add(key, value);
        }
    }
}
