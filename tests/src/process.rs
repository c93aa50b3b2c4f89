//! The suite as operators run it: the binary, in a process of its own.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rapport::client::{Bearer, Caller, Connection};
use rapport_platform::testing::Storage;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};
use tonic::service::interceptor::InterceptedService;
use tonic::transport::{Channel, Endpoint};

use crate::callers::Provider;
use crate::dynamic::Dynamic;

/// What links to pages begin with; a proxy in front would hand them to [`Suite::pages`].
pub const PUBLIC_URL: &str = "https://contact.example.com";

/// Keys of suites on PostgreSQL, which make none; the same at each start, as in a deployment.
const ADDRESS_KEY: &str = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";
const LINK_KEY: &str = "AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=";
/// The file with the suite's log.
const LOG: &str = "suite.log";
const START_TIMEOUT: Duration = Duration::from_secs(30);

/// Where the suite keeps its rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    Sqlite,
    Postgres,
}

/// A running suite with its data folder. It ends, and its data go, with the value.
pub struct Suite {
    child: Child,
    address: String,
    pages: String,
    folder: TempDir,
    storage: Option<Arc<Storage>>,
    provider: Provider,
    settings: Vec<(String, String)>,
    log: Log,
    started_in: Duration,
}

/// Where the suite's log goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Log {
    /// To the story's own standard error.
    Shown,
    /// Into a file of the suite's folder.
    Kept,
}

impl Suite {
    /// Starts a suite on an empty database.
    pub async fn start(engine: Engine) -> Self {
        Self::start_with(engine, Vec::new()).await
    }

    /// Starts a suite on an empty database, with these environment variables.
    pub async fn start_with(engine: Engine, settings: Vec<(String, String)>) -> Self {
        Self::begin(engine, settings, Log::Shown).await
    }

    /// Starts a suite on an empty database that logs as JSON whatever passes `filter`, for
    /// [`Suite::log`].
    pub async fn start_logging(engine: Engine, filter: &str) -> Self {
        let settings = [("FILTER", filter), ("FORMAT", "json")];
        let settings = settings
            .map(|(name, value)| (format!("RAPPORT__TELEMETRY__LOG__{name}"), value.to_owned()));
        Self::begin(engine, settings.into(), Log::Kept).await
    }

    async fn begin(engine: Engine, settings: Vec<(String, String)>, log: Log) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let provider = Provider::new(folder.path());
        let storage = match engine {
            Engine::Sqlite => None,
            Engine::Postgres => Some(Arc::new(rapport_platform::testing::postgres().await.1)),
        };
        Self::on((folder, storage, provider), settings, log).await
    }

    /// Another process of the suite on the same PostgreSQL database.
    pub async fn replica(&self) -> Self {
        let storage = self.storage.clone();
        assert!(storage.is_some(), "only PostgreSQL is shared by processes");
        let folder = tempfile::tempdir().unwrap();
        let provider = Provider::new(folder.path());
        Self::on((folder, storage, provider), self.settings.clone(), self.log).await
    }

    async fn on(
        (folder, storage, provider): (TempDir, Option<Arc<Storage>>, Provider),
        settings: Vec<(String, String)>,
        log: Log,
    ) -> Self {
        let begun = Instant::now();
        let around = (storage.as_deref(), &provider);
        let (child, [address, pages]) = launch(folder.path(), around, &settings, log).await;
        Self {
            child,
            address,
            pages,
            folder,
            storage,
            provider,
            settings,
            log,
            started_in: begun.elapsed(),
        }
    }

    /// Ends the process as a power failure would, and starts it again on the same data.
    pub async fn kill_and_restart(&mut self) {
        self.kill().await;
        self.restart().await;
    }

    /// Ends the process with SIGKILL.
    pub async fn kill(&mut self) {
        self.child.kill().await.unwrap();
    }

    /// Starts the suite again after [`Suite::kill`].
    pub async fn restart(&mut self) {
        let around = (self.storage.as_deref(), &self.provider);
        (self.child, [self.address, self.pages]) =
            launch(self.folder.path(), around, &self.settings, self.log).await;
    }

    /// Asks the process to end with SIGTERM and tells whether it ended well.
    pub async fn terminate(&mut self) -> bool {
        let pid = self.process_id().to_string();
        let sent = Command::new("kill").args(["-TERM", &pid]).status().await;
        assert!(sent.unwrap().success());
        self.child.wait().await.unwrap().success()
    }

    /// How long the start took, until the suite said that it answers.
    pub fn started_in(&self) -> Duration {
        self.started_in
    }

    /// The suite's process id.
    pub fn process_id(&self) -> u32 {
        self.child.id().expect("the suite is running")
    }

    /// Where it answers, such as `http://127.0.0.1:50051`.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Where it shows pages to customers, such as `127.0.0.1:50052`. Links begin with
    /// [`PUBLIC_URL`].
    pub fn pages(&self) -> &str {
        &self.pages
    }

    /// The file with the local administrator's token.
    pub fn token_file(&self) -> PathBuf {
        self.folder.path().join("data/local.token")
    }

    /// What a suite of [`Suite::start_logging`] has logged.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join(LOG)).unwrap()
    }

    /// A folder for the story's own files; it goes with the suite.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The database of a suite on PostgreSQL.
    pub fn postgres_url(&self) -> Option<&str> {
        let storage = self.storage.as_ref()?;
        Some(storage.config().url.expose())
    }

    /// How commands reach the suite.
    pub fn connection(&self) -> Connection {
        Connection {
            address: self.address.clone(),
            token_file: self.token_file(),
        }
    }

    /// The local administrator, as a program on this machine.
    pub async fn administrator(&self) -> Caller {
        self.connection().open().await.unwrap()
    }

    /// Somebody with a token of the identity provider.
    pub async fn caller(&self, token: &str) -> Caller {
        InterceptedService::new(self.channel().await, Bearer::new(token).unwrap())
    }

    /// Calls of any RPC by JSON, with this token.
    pub async fn dynamic(&self, token: &str) -> Dynamic {
        Dynamic::new(self.channel().await, token)
    }

    /// A connection without any token.
    pub async fn channel(&self) -> Channel {
        let endpoint = Endpoint::from_shared(self.address.clone()).unwrap();
        endpoint.connect().await.unwrap()
    }

    /// The identity provider that the suite believes.
    pub fn provider(&self) -> &Provider {
        &self.provider
    }
}

/// The binary: the one `cargo xtask` built, else the one beside the test's.
pub fn binary() -> PathBuf {
    if let Some(path) = std::env::var_os("RAPPORT_BIN") {
        return path.into();
    }
    let test = std::env::current_exe().unwrap();
    let profile = test.parent().and_then(Path::parent).unwrap();
    let binary = profile.join("rapport");
    assert!(
        binary.exists(),
        "{} is missing; run `cargo xtask test` or build it with `cargo build -p rapport`",
        binary.display()
    );
    binary
}

async fn launch(
    folder: &Path,
    (storage, provider): (Option<&Storage>, &Provider),
    settings: &[(String, String)],
    log: Log,
) -> (Child, [String; 2]) {
    let mut command = Command::new(binary());
    command
        .current_dir(folder)
        .arg("serve")
        .env_remove("RAPPORT_CONFIG")
        .env("RAPPORT__GATEWAY__LISTEN", "127.0.0.1:0")
        .env("RAPPORT__GATEWAY__PAGES__LISTEN", "127.0.0.1:0")
        .env("RAPPORT__GATEWAY__PUBLIC_URL", PUBLIC_URL)
        .env("RAPPORT__OPS__LISTEN", "127.0.0.1:0")
        .env("RAPPORT__TELEMETRY__LOG__FILTER", "warn")
        .envs(provider.settings())
        .envs(settings.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .kill_on_drop(true);
    if log == Log::Kept {
        command.stderr(std::fs::File::create(folder.join(LOG)).unwrap());
    }
    if let Some(storage) = storage {
        let url = storage.config().url.expose();
        command
            .env("RAPPORT__CUSTOMER__DATABASE__URL", url)
            .env("RAPPORT__SALES__DATABASE__URL", url)
            .env("RAPPORT__CUSTOMER__ADDRESS_KEY", ADDRESS_KEY)
            .env("RAPPORT__CUSTOMER__LINK_KEY", LINK_KEY);
    }
    let mut child = command.spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let addresses = tokio::time::timeout(START_TIMEOUT, async {
        let mut address = String::new();
        while let Some(line) = lines.next_line().await.unwrap() {
            if let Some((_, found)) = line.split_once("answers on ") {
                address = found.trim().to_owned();
            }
            if let Some((_, pages)) = line.split_once("pages for customers on http://") {
                return [address, pages.trim().to_owned()];
            }
        }
        panic!("the suite ended before it answered");
    });
    let addresses = addresses.await.expect("the suite takes too long to start");
    // Whatever else it says must not fill the pipe.
    tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
    (child, addresses)
}
