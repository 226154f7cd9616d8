//! As somebody new would do it: nginx with three sites, `init`, and the lines that it prints; until all three are served.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use evercert::delivery::verify::{Place, look};

use super::harness::{Daemon, Running, World, command, eventually, has, read, set_mode};
use crate::common::free_port;

const SITES: [&str; 3] = ["www.wgc.red", "shop.wgc.red", "blog.example.com"];

/// nginx with a server block a site, and a certificate of its own making, as a new machine has.
struct Nginx<'w> {
    world: &'w World,
    port: u16,
}

impl<'w> Nginx<'w> {
    fn prepare(world: &'w World) -> Self {
        let own = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        fs::write(world.path("own.pem"), own.cert.pem()).unwrap();
        fs::write(world.path("own.key"), own.signing_key.serialize_pem()).unwrap();
        let nginx = Self {
            world,
            port: free_port(),
        };
        let folder = world.folder.path().display();
        fs::create_dir(world.path("sites-enabled")).unwrap();
        let main = format!(
            "worker_processes 1; daemon off; pid {folder}/nginx.pid; error_log {folder}/nginx.log;\n\
             events {{}}\nhttp {{\n access_log off; client_body_temp_path {folder}/t1; proxy_temp_path {folder}/t2;\n\
             fastcgi_temp_path {folder}/t3; uwsgi_temp_path {folder}/t4; scgi_temp_path {folder}/t5;\n\
             include sites-enabled/*;\n}}\n"
        );
        fs::write(world.path("nginx.conf"), main).unwrap();
        for site in SITES {
            nginx.write_site(site, "own.pem", "own.key");
        }
        // What is called `nginx` here is the one of this test.
        fs::create_dir(world.path("bin")).unwrap();
        world.script(
            "bin/nginx",
            &format!("PATH=/usr/sbin:/usr/bin:/usr/local/sbin; exec nginx -c {folder}/nginx.conf -e {folder}/nginx.log \"$@\""),
        );
        nginx
    }

    fn write_site(&self, site: &str, certificate: &str, key: &str) {
        let text = format!(
            "server {{\n    listen 127.0.0.1:{} ssl; # its only address\n    server_name {site};\n    ssl_certificate {certificate};\n    ssl_certificate_key \"{key}\";\n    return 204;\n}}\n",
            self.port
        );
        fs::write(self.world.path("sites-enabled").join(site), text).unwrap();
    }

    fn program(&self) -> String {
        self.world.path("bin/nginx").display().to_string()
    }

    fn start(&self) -> Running {
        let child = Command::new(self.program())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        eventually("nginx serves", || self.issuer(SITES[0]).is_ok());
        Running(child)
    }

    /// What a client gets for this name: the fingerprint of the leaf.
    fn issuer(&self, site: &str) -> Result<String, String> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let place = Place {
            host: "127.0.0.1".to_owned(),
            port: self.port,
            name: site.to_owned(),
            starttls: None,
        };
        let served = runtime.block_on(look(&place, tokio::time::sleep));
        let one = served
            .map_err(|error| error.to_string())?
            .pop()
            .ok_or("no address")?;
        one.leaf
            .map(|leaf| leaf.fingerprint)
            .map_err(|error| error.to_string())
    }
}

/// `evercert init` with the key in the environment and this nginx on the path.
fn init(world: &World, config: &Path, arguments: &[&str]) -> (String, String) {
    let output = command(config)
        .env("TENCENTCLOUD_SECRET_ID", "AKIDTARGETS")
        .env("TENCENTCLOUD_SECRET_KEY", "key-for-targets")
        .env(
            "PATH",
            format!("{}:/usr/bin:/bin", world.path("bin").display()),
        )
        .args(["init", "--endpoint", &world.endpoint(), "--state-dir"])
        .arg(world.path("state"))
        .args(arguments)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    (String::from_utf8_lossy(&output.stdout).into_owned(), said)
}

#[test]
fn three_sites_of_nginx_are_served_by_what_init_wrote_and_said() {
    if !has("nginx") {
        return;
    }
    let world = World::new(Duration::ZERO);
    let nginx = Nginx::prepare(&world);
    let _running = nginx.start();
    let config = world.path("config.toml");
    let (text, said) = init(&world, &config, &["--from-nginx", "--yes"]);
    for site in SITES {
        assert!(
            text.contains(&format!(
                "domain = \"{site}\"\nverify = \"127.0.0.1:{}\"\n",
                nginx.port
            )),
            "{text}"
        );
    }
    assert!(world.good_verb(&["check"]).contains("OK, 3 certificates"));
    // A folder of the configuration says the same as nginx itself.
    let folder = format!("--from-nginx={}", world.folder.path().display());
    let (of_folder, _) = init(&world, &world.path("other.toml"), &[&folder, "--dry-run"]);
    let entries = |text: &str| text.split_once("[[certificates]]").unwrap().1.to_owned();
    assert_eq!(entries(&of_folder), entries(&text));

    // Only so that this test does not wait half a minute for the second look at an order.
    fs::write(
        &config,
        format!("{text}\n[schedule]\npoll = \"1s\"\njitter = \"0s\"\n"),
    )
    .unwrap();
    set_mode(&config, 0o600);
    let daemon = Daemon::start(
        command(&config)
            .env("TENCENTCLOUD_SECRET_ID", "AKIDTARGETS")
            .env("TENCENTCLOUD_SECRET_KEY", "key-for-targets")
            .arg("run"),
    );
    daemon.wait_for("certificate.installed", 3);

    // The two lines that were printed for each block, as they were.
    for site in SITES {
        let mut lines = said
            .lines()
            .skip_while(|line| !line.contains(&format!("sites-enabled/{site}:1:")));
        let mut word = |name: &str| {
            let line = lines
                .find(|line| line.trim_start().starts_with(name))
                .unwrap();
            let path = line.split_whitespace().nth(1).unwrap();
            path.trim_end_matches(';').to_owned()
        };
        let (certificate, key) = (word("ssl_certificate "), word("ssl_certificate_key "));
        nginx.write_site(site, &certificate, &key);
    }
    for arguments in [&["-t", "-q"][..], &["-s", "reload"]] {
        let status = Command::new(nginx.program())
            .args(arguments)
            .status()
            .unwrap();
        assert!(
            status.success(),
            "{arguments:?}: {}",
            read(world.path("nginx.log"))
        );
    }
    daemon.wait_for("certificate.served", 3);
    let status: serde_json::Value =
        serde_json::from_str(&world.good_verb(&["status", "--json"])).unwrap();
    for one in status.as_array().unwrap() {
        let site = one["domain"].as_str().unwrap();
        assert_eq!(
            nginx.issuer(site).unwrap(),
            one["fingerprint"].as_str().unwrap(),
            "{site}"
        );
    }
    assert_eq!(world.orders(), 3);

    // Asked again, nginx needs no change, and nothing is written.
    let again = command(&config)
        .env(
            "PATH",
            format!("{}:/usr/bin:/bin", world.path("bin").display()),
        )
        .args(["init", "--from-nginx"])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&again.stderr);
    assert!(
        again.status.success() && said.contains("has all of these names"),
        "{said}"
    );
}
