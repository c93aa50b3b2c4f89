//! Databases for tests: a new one for each, on both engines, gone when the test ends.
//!
//! [`on_each_engine!`](crate::on_each_engine) runs one story on SQLite and on PostgreSQL.
//! SQLite is a file in a temporary folder; PostgreSQL is the server that
//! `RAPPORT_TEST_POSTGRES` names by the URL of a user who may create databases.

#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a test without its database has to stop"
)]

mod calls;
pub mod hostile;
mod plan;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use sea_orm::{ConnectionTrait, DbErr};
use tempfile::TempDir;

use crate::db::{Database, DatabaseConfig};
use crate::id::new_id;
use crate::identity::{Actor, Context, TenantId};
use crate::time::Clock;

pub use calls::{Link, OnBehalf, answer, fields, link, metadata, reason, refused};
pub use plan::plan;

/// Names the PostgreSQL server that tests may use.
pub const POSTGRES_VARIABLE: &str = "RAPPORT_TEST_POSTGRES";

/// The service whose rows a test database holds.
const SERVICE: &str = "test";

/// What a test database lives in; dropping it removes the database.
#[derive(Debug)]
pub struct Storage {
    config: DatabaseConfig,
    // Held for its Drop.
    _place: Place,
}

#[derive(Debug)]
enum Place {
    Folder(#[allow(dead_code, reason = "removes the folder when dropped")] TempDir),
    Server(#[allow(dead_code, reason = "drops the database when dropped")] ServerDatabase),
}

impl Storage {
    /// The same database as another process would open it: with connections of its own.
    pub async fn connect(&self) -> Database {
        Database::connect(SERVICE, &self.config)
            .await
            .expect("the test database can be opened")
    }

    /// How to open it.
    pub fn config(&self) -> &DatabaseConfig {
        &self.config
    }
}

/// A new SQLite file without tables.
pub async fn sqlite() -> (Database, Storage) {
    let folder = TempDir::new().expect("a temporary folder can be made");
    let file = folder.path().join("test.db");
    let config = DatabaseConfig::at(format!("sqlite:{}", file.display()));
    opened(config, Place::Folder(folder)).await
}

/// A new PostgreSQL database without tables.
pub async fn postgres() -> (Database, Storage) {
    let admin = std::env::var(POSTGRES_VARIABLE)
        .unwrap_or_else(|_| panic!("set {POSTGRES_VARIABLE} or run `cargo xtask test`"));
    let database = ServerDatabase::create(admin).await;
    let config = DatabaseConfig::at(database.url());
    opened(config, Place::Server(database)).await
}

async fn opened(config: DatabaseConfig, place: Place) -> (Database, Storage) {
    let storage = Storage {
        config,
        _place: place,
    };
    (storage.connect().await, storage)
}

/// The same database, and how many statements were run through this value of it.
pub fn counted(db: &Database) -> (Database, Arc<AtomicU32>) {
    let count = Arc::new(AtomicU32::new(0));
    let counter = Arc::clone(&count);
    let db = db.watched(move || {
        counter.fetch_add(1, Ordering::Relaxed);
    });
    (db, count)
}

/// A call of an employee of the embedded tenant, now.
pub fn context() -> Context {
    Context {
        tenant: TenantId::EMBEDDED,
        actor: Actor::parse("employees/ada").expect("it is an employee's name"),
        call_id: new_id(),
        now: Clock::system().now(),
        trace_parent: None,
        permit: None,
    }
}

/// A database on the PostgreSQL server.
#[derive(Debug)]
struct ServerDatabase {
    admin: String,
    name: String,
}

impl ServerDatabase {
    async fn create(admin: String) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("rapport_test_{}_{count}", std::process::id());
        // A process with this id may have been killed before it could clean up.
        administer(&admin, &removal(&name))
            .await
            .expect("databases can be dropped");
        administer(&admin, &format!("CREATE DATABASE {name}"))
            .await
            .expect("databases can be made");
        Self { admin, name }
    }

    fn url(&self) -> String {
        let (server, _) = self
            .admin
            .rsplit_once('/')
            .expect("the admin URL names a database");
        format!("{server}/{}", self.name)
    }
}

impl Drop for ServerDatabase {
    fn drop(&mut self) {
        let (admin, removal) = (self.admin.clone(), removal(&self.name));
        // On a thread of its own: the test's runtime may be going away.
        let removed = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()?;
            runtime
                .block_on(administer(&admin, &removal))
                .map_err(std::io::Error::other)
        });
        if !matches!(removed.join(), Ok(Ok(()))) {
            tracing::warn!(database = self.name, "test database left behind");
        }
    }
}

fn removal(name: &str) -> String {
    format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")
}

async fn administer(admin: &str, command: &str) -> Result<(), DbErr> {
    let connection = sea_orm::Database::connect(admin).await?;
    let done = connection.execute_unprepared(command).await;
    connection.close().await?;
    done.map(|_| ())
}

/// A proto's enum without its UNSPECIFIED value, as numbers and names without prefix: what the
/// domain's enum of the same name has to agree with.
pub fn values_in_proto(name: &str) -> Vec<(i32, String)> {
    let descriptor = rapport_proto::descriptor_pool()
        .get_enum_by_name(name)
        .expect("the proto has the enum");
    let zero = descriptor.get_value(0).expect("enums begin with zero");
    let prefix = zero.name().trim_end_matches("UNSPECIFIED");
    let values = descriptor.values().filter(|value| value.number() != 0);
    values
        .map(|value| (value.number(), value.name().replacen(prefix, "", 1)))
        .collect()
}

/// Tells each story twice: as a test in `on_sqlite` and as one in `on_postgres`.
///
/// A story is an `async fn` that takes the new [`Database`], without tables, and, where
/// it opens the database once more, the [`Storage`] too. The macro knows both types.
///
/// ```ignore
/// on_each_engine! {
///     async fn a_row_can_be_read_back(db: Database) { … }
///     async fn two_processes_share_rows(db: Database, storage: &Storage) { … }
/// }
/// ```
#[macro_export]
macro_rules! on_each_engine {
    ($(
        $(#[$attribute:meta])*
        async fn $story:ident($db:ident: Database $(, $storage:ident: &Storage)?) $body:block
    )+) => {
        $(
            $(#[$attribute])*
            async fn $story($db: $crate::db::Database, storage: &$crate::testing::Storage) {
                $(let $storage = storage;)?
                let _ = storage;
                $body
            }
        )+
        $crate::on_each_engine!(@engine on_sqlite sqlite $($story)+);
        $crate::on_each_engine!(@engine on_postgres postgres $($story)+);
    };
    (@engine $module:ident $engine:ident $($story:ident)+) => {
        mod $module {
            $(
                #[tokio::test(flavor = "multi_thread")]
                async fn $story() {
                    let (db, storage) = $crate::testing::$engine().await;
                    super::$story(db, &storage).await;
                }
            )+
        }
    };
}
