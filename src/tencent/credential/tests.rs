//! Every source, with an environment, files and a metadata service of the test's own.

use super::{files, *};
use crate::clock::VirtualClock;
use chrono::DateTime;
use secrecy::ExposeSecret;
use std::collections::HashMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;

mod role;

/// Nobody who could make a call.
struct Nobody;

impl Caller for Nobody {
    fn clock_skew(&self) -> TimeDelta {
        TimeDelta::zero()
    }

    async fn assume(&self, base: Credential, _: &Role) -> Result<Credential, CredentialError> {
        Ok(base)
    }
}

const NOON: i64 = 1_740_000_000;

fn clock() -> VirtualClock {
    VirtualClock::new(DateTime::from_timestamp(NOON, 0).unwrap())
}

/// A world with a root folder, variables, and perhaps a metadata service.
struct World {
    root: tempfile::TempDir,
    env: HashMap<&'static str, String>,
    metadata: String,
    settings: CredentialSettings,
    clock: VirtualClock,
}

impl World {
    fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        let env = HashMap::from([("HOME", root.path().join("home").display().to_string())]);
        let settings = CredentialSettings {
            account: "default".into(),
            ..CredentialSettings::default()
        };
        Self {
            root,
            env,
            metadata: String::new(),
            settings,
            clock: clock(),
        }
    }

    fn with_env(mut self, pairs: &[(&'static str, &str)]) -> Self {
        self.env.extend(
            pairs
                .iter()
                .map(|(name, value)| (*name, (*value).to_owned())),
        );
        self
    }

    fn file(&self, path: &str, text: &str, mode: u32) -> PathBuf {
        let path = self.root.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        path
    }

    fn provider(&self) -> Provider {
        let env = self.env.clone();
        let around = Surroundings::new(
            move |name| env.get(name).cloned(),
            self.root.path().to_owned(),
            self.metadata.clone(),
        );
        Provider::new(self.settings.clone(), around, Arc::new(self.clock.clone()))
    }

    async fn get(&self) -> Result<Credential, Arc<CredentialError>> {
        self.provider()
            .get(&Nobody)
            .await
            .map(|obtained| (*obtained.credential).clone())
    }

    async fn error(&self) -> String {
        let error = self.get().await.unwrap_err();
        let shown = format!("{error} {error:?}");
        assert!(!shown.contains("HUSH"), "a secret is shown: {shown}");
        error.to_string()
    }
}

fn shown(credential: &Credential) -> (Source, &str, &str, Option<&str>) {
    let token = credential.token.as_ref().map(|token| token.expose_secret());
    (
        credential.source,
        &credential.secret_id,
        credential.secret_key.expose_secret(),
        token,
    )
}

const ENV: [(&str, &str); 3] = [
    ("TENCENTCLOUD_SECRET_ID", "env-id"),
    ("TENCENTCLOUD_SECRET_KEY", "HUSH-env"),
    ("TENCENTCLOUD_TOKEN", "HUSH-token"),
];

#[tokio::test]
async fn the_sources_are_tried_in_their_order() {
    let mut world = World::new().with_env(&ENV);
    world.file(
        "etc/tencentcloud/credentials",
        "[default]\nsecret_id = ini-id\nsecret_key = HUSH-ini\n",
        0o600,
    );
    let tccli = world.file(
        "home/.tccli/default.credential",
        r#"{"secretId":"cli-id","secretKey":"HUSH-cli","token":null}"#,
        0o600,
    );
    let folder = world.root.path().join("run/credentials");
    world.file("run/credentials/default.secret_id", "sd-id\n", 0o400);
    world.file("run/credentials/default.secret_key", "HUSH-sd\n", 0o400);
    world
        .env
        .insert("CREDENTIALS_DIRECTORY", folder.display().to_string());
    world.settings.secret_id = Some("entry-id".into());
    world.settings.secret_key_file = Some(world.file("key", "HUSH-entry\r\n", 0o600));

    assert_eq!(
        shown(&world.get().await.unwrap()),
        (Source::Account, "entry-id", "HUSH-entry", None)
    );
    world.settings = CredentialSettings {
        account: "default".into(),
        ..CredentialSettings::default()
    };
    assert_eq!(
        shown(&world.get().await.unwrap()),
        (Source::Systemd, "sd-id", "HUSH-sd", None)
    );
    world.env.remove("CREDENTIALS_DIRECTORY");
    assert_eq!(
        shown(&world.get().await.unwrap()),
        (
            Source::Environment,
            "env-id",
            "HUSH-env",
            Some("HUSH-token")
        )
    );
    world.env.insert("TENCENTCLOUD_SECRET_KEY", String::new());
    assert_eq!(
        shown(&world.get().await.unwrap()),
        (Source::Profile, "ini-id", "HUSH-ini", None)
    );
    fs::remove_dir_all(world.root.path().join("etc")).unwrap();
    assert_eq!(
        shown(&world.get().await.unwrap()),
        (Source::Tccli, "cli-id", "HUSH-cli", None)
    );
    fs::remove_file(tccli).unwrap();
    world.error().await;
}

#[tokio::test]
async fn ambient_keys_belong_to_the_account_default_alone() {
    let mut world = World::new().with_env(&ENV);
    world.settings.account = "other".into();
    assert!(world.error().await.contains("account other"));
}

#[tokio::test]
async fn nothing_found_names_every_place_and_what_to_do() {
    let message = World::new().error().await;
    for place in [
        "[accounts.default]",
        "CREDENTIALS_DIRECTORY is not set",
        "TENCENTCLOUD_SECRET_ID",
        "home/.tencentcloud/credentials",
        "etc/tencentcloud/credentials",
        ".tccli/default.credential",
        "secret_key_file",
    ] {
        assert!(message.contains(place), "{place} is missing in: {message}");
    }
}

#[tokio::test]
async fn half_a_pair_is_named() {
    let mut world = World::new();
    world.settings.secret_id = Some("id".into());
    assert!(world.error().await.contains("no secret key"));
    let world = World::new().with_env(&[("TENCENTCLOUD_SECRET_ID", "id")]);
    assert!(
        world
            .error()
            .await
            .contains("TENCENTCLOUD_SECRET_KEY is not")
    );
}

#[tokio::test]
async fn a_secret_file_that_others_can_open_is_refused() {
    for mode in [0o604, 0o644, 0o602, 0o640] {
        let mut world = World::new();
        world.settings.secret_id = Some("id".into());
        world.settings.secret_key_file = Some(world.file("key", "HUSH", mode));
        let message = world.error().await;
        assert!(message.contains("chmod 600"), "{mode:o}: {message}");
    }
    for (mode, can) in [(0o604, "read"), (0o644, "read"), (0o602, "write")] {
        let world = World::new();
        world.file(
            "home/.tencentcloud/credentials",
            "[default]\nsecret_id=a\nsecret_key=HUSH\n",
            mode,
        );
        let message = world.error().await;
        assert!(
            message.contains(can) && message.contains("chmod o-rwx"),
            "{mode:o}: {message}"
        );
    }
}

#[tokio::test]
async fn blanks_and_odd_characters_around_keys_are_refused_in_words() {
    let cases = [
        (" id", "HUSH"),
        ("id", "HUSH "),
        ("id", "HUSH\n"),
        ("id", "SEC\u{a0}RET"),
        ("i d", "HUSH"),
        ("id", "\t"),
    ];
    for (id, key) in cases {
        let mut world = World::new();
        world.settings.secret_id = Some(id.into());
        world.settings.secret_key = Some(key.into());
        let message = world.error().await;
        assert!(message.contains("secret"), "{message}");
    }
    let mut world = World::new();
    world.settings.secret_id = Some("id".into());
    world.settings.secret_key_file = Some(world.file("key", "HUSH \n\n", 0o600));
    assert!(world.error().await.contains("blanks"));
}

#[tokio::test]
async fn what_is_no_key_file_is_said_in_one_line() {
    let mut world = World::new();
    world.settings.secret_id = Some("id".into());
    let cases: [(PathBuf, &str); 4] = [
        (world.root.path().to_owned(), "is no file"),
        (world.root.path().join("absent"), "can't be read"),
        (world.file("large", &"x".repeat(70_000), 0o600), "larger"),
        (world.file("binary", "", 0o600), "not text"),
    ];
    fs::write(&cases[3].0, [0xff, 0xfe, 0x00]).unwrap();
    for (path, what) in cases {
        world.settings.secret_key_file = Some(path);
        let message = world.error().await;
        assert!(
            message.contains(what) && !message.contains('\n'),
            "{message}"
        );
    }
}

#[tokio::test]
async fn the_profile_of_tccli_may_be_chosen_but_not_lead_elsewhere() {
    let world = World::new().with_env(&[("TCCLI_PROFILE", "work")]);
    world.file(
        "home/.tccli/work.credential",
        r#"{"secretId":"w","secretKey":"HUSH","expiresAt":1740003600}"#,
        0o600,
    );
    let credential = world.get().await.unwrap();
    assert_eq!(
        (credential.source, credential.secret_id.as_str()),
        (Source::Tccli, "w")
    );
    assert_eq!(
        credential.expires,
        DateTime::from_timestamp(1_740_003_600, 0)
    );

    let world = World::new().with_env(&[("TCCLI_PROFILE", "../../evil")]);
    world.file(
        "evil.credential",
        r#"{"secretId":"w","secretKey":"HUSH"}"#,
        0o600,
    );
    assert!(world.error().await.contains("slash"));

    let world = World::new();
    world.file(
        "home/.tccli/default.credential",
        r#"{"secretKey":"HUSH""#,
        0o600,
    );
    assert!(world.error().await.contains("JSON"));
}

#[tokio::test]
async fn fixed_keys_look_nowhere_else() {
    let provider = Provider::fixed("id", "HUSH".into(), Arc::new(clock()));
    let obtained = provider.get(&Nobody).await.unwrap();
    assert_eq!(
        (obtained.credential.secret_id.as_str(), provider.account()),
        ("id", "default")
    );
}

#[test]
fn debug_output_of_everything_is_without_secrets() {
    let mut world = World::new();
    world.settings.secret_id = Some("id".into());
    world.settings.secret_key = Some("HUSH".into());
    world.settings.token = Some("HUSH".into());
    let around = Surroundings::new(|_| None, "/".into(), String::new());
    let credential = files::account_entry(&world.settings, &around).unwrap();
    let shown = format!(
        "{:?} {:?} {:?}",
        world.settings,
        credential,
        world.provider()
    );
    assert!(!shown.contains("HUSH"), "{shown}");
}

/// A mount that answers nobody, until it is dropped.
struct Hung {
    place: PathBuf,
    _device: fs::File,
}

impl Hung {
    /// `None` where this user can't mount.
    fn at(place: &Path) -> Option<Self> {
        let device = fs::File::options()
            .read(true)
            .write(true)
            .open("/dev/fuse")
            .ok()?;
        let mounted = std::process::Command::new("mount")
            .args(["-i", "-t", "fuse", "hung"])
            .arg(place)
            .args(["-o", "fd=0,rootmode=40000,user_id=0,group_id=0"])
            .stdin(device.try_clone().ok()?)
            .stderr(std::process::Stdio::null())
            .status()
            .ok()?;
        mounted.success().then(|| Self {
            place: place.to_path_buf(),
            _device: device,
        })
    }
}

impl Drop for Hung {
    fn drop(&mut self) {
        let unmounted = std::process::Command::new("umount")
            .arg("-l")
            .arg(&self.place)
            .status();
        drop(unmounted);
    }
}

/// On a runtime of one thread, which would hold this test for ever if it read the file itself.
#[tokio::test]
async fn a_key_on_a_file_system_that_hangs_holds_up_whoever_needs_it_and_not_for_long() {
    let mut world = World::new();
    let folder = world.root.path().join("hung");
    fs::create_dir(&folder).unwrap();
    let Some(hung) = Hung::at(&folder) else {
        println!("this user can't mount: nothing is tried");
        return;
    };
    world.settings.secret_id = Some("AKIDtest".into());
    world.settings.secret_key_file = Some(folder.join("key"));
    let provider = Arc::new(world.provider());
    let asking = tokio::spawn({
        let provider = Arc::clone(&provider);
        async move { provider.get(&Nobody).await.map(drop) }
    });
    while !asking.is_finished() {
        tokio::time::sleep(Duration::from_millis(5)).await;
        world.clock.advance(Duration::from_secs(1));
    }
    let error = asking.await.unwrap().unwrap_err();
    assert!(matches!(*error, CredentialError::Stuck { .. }), "{error}");
    assert_eq!(error.class(), crate::lifecycle::Class::Transient);
    drop(hung);
}
