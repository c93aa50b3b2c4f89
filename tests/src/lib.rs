//! What the stories in `tests/` are told with: a suite in a process of its own, callers of
//! several tenants, and calls of any RPC by JSON. And what the measurements in `examples/` share:
//! many customers, many opportunities, and rates.
//!
//! Everything here stands for a person or a system outside; it uses the suite as they do,
//! through the binary and over sockets.

#![allow(
    missing_docs,
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a story that can't go on has to stop"
)]

pub mod belongings;
mod callers;
pub mod deals;
mod dynamic;
pub mod mail;
pub mod population;
pub mod postgres;
mod process;
pub mod rates;

pub use callers::{Provider, Tenant};
pub use dynamic::{Dynamic, find};
pub use process::{Engine, PUBLIC_URL, Suite, binary};

use rapport_proto::rapport::customer::v1::customer::Profile;
use rapport_proto::rapport::customer::v1::{Customer, ExternalId, Organisation, Person};
use tonic::Status;
use tonic_types::StatusExt as _;

/// A person with this name.
pub fn person(full_name: &str) -> Customer {
    let person = Person {
        full_name: full_name.to_owned(),
        ..Person::default()
    };
    Customer {
        profile: Some(Profile::Person(person)),
        ..Customer::default()
    }
}

/// An organisation with this name.
pub fn organisation(legal_name: &str) -> Customer {
    let organisation = Organisation {
        legal_name: legal_name.to_owned(),
        ..Organisation::default()
    };
    Customer {
        profile: Some(Profile::Organisation(organisation)),
        ..Customer::default()
    }
}

/// The customer, known in another system.
pub fn known_as(mut customer: Customer, system: &str, id: &str) -> Customer {
    customer.external_ids.push(ExternalId {
        system: system.to_owned(),
        id: id.to_owned(),
    });
    customer
}

/// The reason that a refusal carries for programs.
pub fn reason(status: &Status) -> String {
    let info = status.get_details_error_info();
    info.map(|info| info.reason).unwrap_or_default()
}

/// What a refusal carries under `key`.
pub fn metadata(status: &Status, key: &str) -> String {
    let info = status.get_details_error_info();
    let value = info.and_then(|info| info.metadata.get(key).cloned());
    value.unwrap_or_default()
}

/// Runs each story on a suite of its own, once on SQLite and once on PostgreSQL.
#[macro_export]
macro_rules! on_each_engine {
    ($($(#[$attribute:meta])* async fn $story:ident($suite:ident: &mut Suite) $body:block)+) => {
        $(
            $(#[$attribute])*
            async fn $story($suite: &mut $crate::Suite) $body
        )+
        $crate::on_each_engine!(@engine on_sqlite Sqlite $($story)+);
        $crate::on_each_engine!(@engine on_postgres Postgres $($story)+);
    };
    (@engine $module:ident $engine:ident $($story:ident)+) => {
        mod $module {
            $(
                #[tokio::test(flavor = "multi_thread")]
                async fn $story() {
                    let mut suite = $crate::Suite::start($crate::Engine::$engine).await;
                    super::$story(&mut suite).await;
                }
            )+
        }
    };
}
