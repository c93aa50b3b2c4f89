//! Events from the outbox to their effects, on both engines.

mod delivery;
mod housekeeping;
mod metrics;
mod relay;
mod tracing;

use std::sync::Arc;
use std::time::Duration;

use prost::Name;
use sea_orm::entity::prelude::*;
use sea_orm::{QueryOrder, QuerySelect, Schema, Set};
use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager};
use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::{Bus, Consumer, Event, HandleError, LocalBus, NewEvent, Relay, RelayConfig, append};
use crate::db::table::{dead_letter, outbox};
use crate::db::{Database, platform_migrations};
use crate::error::PlatformError;
use crate::identity::Context;
use crate::testing::context;
use crate::time::Clock;

/// The fact that these tests tell.
#[derive(Clone, PartialEq, prost::Message)]
struct Deposited {
    #[prost(int64, tag = "1")]
    amount: i64,
}

impl Name for Deposited {
    const NAME: &'static str = "Deposited";
    const PACKAGE: &'static str = "rapport.bank.v1";
}

/// The table `booking`: one row for every effect of an event, in the order of the effects.
#[allow(unreachable_pub, reason = "the derive macros make everything public")]
mod booking {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "booking")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i64,
        pub consumer: String,
        pub aggregate: String,
        pub version: i64,
        pub amount: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

struct CreateBooking;

impl MigrationName for CreateBooking {
    fn name(&self) -> &str {
        "m0001_create_booking"
    }
}

#[tonic::async_trait]
impl MigrationTrait for CreateBooking {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let schema = Schema::new(manager.get_database_backend());
        manager
            .create_table(schema.create_table_from_entity(booking::Entity))
            .await
    }
}

async fn with_tables(db: &Database) {
    let mut migrations = platform_migrations();
    migrations.push(Box::new(CreateBooking));
    db.migrate(migrations).await.unwrap();
}

type Judge = Box<dyn Fn(&Deposited) -> Result<(), HandleError> + Send + Sync>;

/// Books every deposit; what comes of it then, the test decides.
struct Bookkeeper {
    name: &'static str,
    judge: Judge,
}

/// A consumer that books every deposit.
fn bookkeeper(name: &'static str) -> Bookkeeper {
    Bookkeeper {
        name,
        judge: Box::new(|_| Ok(())),
    }
}

#[tonic::async_trait]
impl Consumer for Bookkeeper {
    fn name(&self) -> &'static str {
        self.name
    }

    fn kinds(&self) -> Vec<String> {
        vec![Deposited::full_name()]
    }

    async fn handle(
        &self,
        txn: &sea_orm::DatabaseTransaction,
        ctx: &Context,
        event: &Event,
    ) -> Result<(), HandleError> {
        assert_eq!(ctx.actor.as_str(), format!("systems/{}", self.name));
        assert_eq!(ctx.trace_parent, event.trace_parent);
        let deposited: Deposited = event.fact()?;
        let booking = booking::ActiveModel {
            consumer: Set(self.name.to_owned()),
            aggregate: Set(event.aggregate.clone()),
            version: Set(event.version),
            amount: Set(deposited.amount),
            ..Default::default()
        };
        booking::Entity::insert(booking)
            .exec_without_returning(txn)
            .await?;
        // After the effect: whatever happens now has to take it back.
        (self.judge)(&deposited)
    }
}

/// A bus with one bookkeeper, whose bookings are in `db`.
fn bus(db: &Database, bookkeeper: Bookkeeper) -> LocalBus {
    let bus = LocalBus::new(Clock::system());
    bus.subscribe(db, bookkeeper).unwrap();
    bus
}

/// Deposits into `account` the amounts that are also the account's versions.
async fn deposit(db: &Database, account: &str, versions: impl IntoIterator<Item = i64>) {
    let events: Vec<NewEvent> = versions
        .into_iter()
        .map(|version| NewEvent::new(account, version, &Deposited { amount: version }))
        .collect();
    let (ctx, events) = (&context(), &events);
    db.write_txn(|txn| async move { append(&txn, ctx, events).await })
        .await
        .unwrap();
}

/// One deposit into each of so many accounts, by amount.
async fn deposits(db: &Database, accounts: i64) -> Vec<Event> {
    for number in 1..=accounts {
        deposit(db, &format!("accounts/{number}"), [number]).await;
    }
    let rows = outbox::Entity::find().all(db.read()).await.unwrap();
    let events = rows.iter().map(|row| Event::decode(&row.payload).unwrap());
    events.collect()
}

/// Settings under which tests do not wait.
fn quick() -> RelayConfig {
    RelayConfig {
        poll_interval: Duration::from_millis(20),
        batch_size: 10,
        ..Default::default()
    }
}

/// A relay that runs until it is dropped or stopped.
struct Running {
    stop: DropGuard,
    task: JoinHandle<()>,
}

impl Running {
    fn start(db: &Database, bus: impl Bus, config: RelayConfig) -> Self {
        let stop = CancellationToken::new();
        let relay = Relay::new(db, Arc::new(bus), Clock::system(), config);
        let task = tokio::spawn(relay.run(stop.clone()));
        Self {
            stop: stop.drop_guard(),
            task,
        }
    }

    async fn stop(self) {
        drop(self.stop);
        self.task.await.unwrap();
    }

    /// As `kill -9` ends it.
    async fn kill(self) {
        self.task.abort();
        assert!(self.task.await.unwrap_err().is_cancelled());
    }
}

/// Waits until the outbox has nothing left to publish.
async fn all_published(db: &Database) {
    let unpublished = || outbox::Entity::find().filter(outbox::Column::PublishTime.is_null());
    eventually(async || unpublished().count(db.read()).await.unwrap() == 0).await;
}

async fn eventually(condition: impl AsyncFn() -> bool) {
    for _ in 0..1_000 {
        if condition().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("did not happen within 20 seconds");
}

/// The versions that were booked for `account`, in the order of booking.
async fn booked(db: &Database, account: &str) -> Vec<i64> {
    booking::Entity::find()
        .select_only()
        .column(booking::Column::Version)
        .filter(booking::Column::Aggregate.eq(account))
        .order_by_asc(booking::Column::Id)
        .into_tuple()
        .all(db.read())
        .await
        .unwrap()
}

async fn dead_letters(db: &Database) -> Vec<dead_letter::Model> {
    dead_letter::Entity::find().all(db.read()).await.unwrap()
}

/// The only event in the outbox.
async fn the_event(db: &Database) -> Event {
    let row = outbox::Entity::find()
        .one(db.read())
        .await
        .unwrap()
        .unwrap();
    Event::decode(&row.payload).unwrap()
}

fn failing(error: fn() -> PlatformError) -> Result<(), HandleError> {
    Err(error().into())
}
