//! Real data through the gateway; totals must be those that the sources publish.
//!
//! The data are not part of the project: `cargo xtask replay` runs this where
//! `../shared/data` exists.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a story that can't go on has to stop"
)]

mod sales;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use rapport::import::{self, ImportArgs};
use rapport_proto::rapport::customer::v1::attribute_value::Value;
use rapport_proto::rapport::customer::v1::customer::Profile;
use rapport_proto::rapport::customer::v1::import_service_client::ImportServiceClient;
use rapport_proto::rapport::customer::v1::{
    Customer, ExportCustomersRequest, ImportRun, ListImportRunsRequest,
};
use rapport_tests::{Engine, Suite};

/// A mapping beside this test.
fn mapping(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("replay")
        .join(name)
}

/// The data's folder, beside the checkout.
fn data() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let folder = root.parent().unwrap().join("shared/data");
    assert!(
        folder.exists(),
        "the data sets are not here: {}",
        folder.display()
    );
    folder
}

/// Imports a file by the mapping beside this test; what is in the suite afterwards.
async fn replay(suite: &Suite, file: &Path, mapping: &str) -> (ImportRun, Vec<Customer>) {
    let mapping = crate::mapping(mapping);
    let begun = Instant::now();
    let arguments = ImportArgs {
        file: Some(file.to_owned()),
        mapping: Some(mapping),
        dry_run: false,
        resume: None,
        undo: None,
        errors: Some(suite.folder().join("errors.csv")),
        batch_size: 500,
        connection: suite.connection(),
    };
    assert_eq!(import::run(arguments).await.unwrap(), ExitCode::SUCCESS);
    let seconds = begun.elapsed().as_secs_f64();

    let mut imports = ImportServiceClient::new(suite.administrator().await);
    let runs = imports
        .list_import_runs(ListImportRunsRequest::default())
        .await
        .unwrap();
    let run = runs.into_inner().import_runs.remove(0);
    let rows = run.created_count as f64;
    println!(
        "replay {}: {rows} customers and {} interactions in {seconds:.1} s: {:.0} rows/s, {:.0} records/s",
        file.file_name().unwrap().display(),
        run.interaction_count,
        rows / seconds,
        (rows + run.interaction_count as f64) / seconds,
    );
    let mut answers = imports
        .export_customers(ExportCustomersRequest::default())
        .await
        .unwrap()
        .into_inner();
    let mut customers = Vec::new();
    while let Some(answer) = answers.message().await.unwrap() {
        customers.extend(answer.customers.into_iter().filter_map(|one| one.customer));
    }
    (run, customers)
}

fn text<'a>(customer: &'a Customer, attribute: &str) -> &'a str {
    match &customer.attributes[attribute].value {
        Some(Value::Text(text)) => text,
        other => panic!("{attribute}: {other:?}"),
    }
}

async fn accounts(engine: Engine) {
    let suite = Suite::start(engine).await;
    let file = data().join("maven_crm_sales/accounts.csv");
    let (run, customers) = replay(&suite, &file, "accounts.toml").await;
    assert_eq!((run.created_count, run.failed_count), (85, 0));

    let names: BTreeMap<_, _> = customers
        .iter()
        .map(|one| (&one.name, &one.display_name))
        .collect();
    let mut subsidiaries: BTreeMap<&str, u32> = BTreeMap::new();
    let mut employees = 0;
    let mut revenue = 0;
    for customer in &customers {
        let Some(Profile::Organisation(organisation)) = &customer.profile else {
            panic!("{} is no organisation", customer.display_name);
        };
        employees += i64::from(organisation.employee_count);
        revenue += organisation.annual_revenue.as_ref().unwrap().units;
        if !customer.parent.is_empty() {
            *subsidiaries.entry(names[&customer.parent]).or_default() += 1;
        }
    }
    assert_eq!(employees, 396_170);
    assert_eq!(
        revenue, 169_543_800_000,
        "in USD; the column holds millions"
    );
    let expected = [
        ("Acme Corporation", 4),
        ("Bubba Gump", 2),
        ("Golddex", 2),
        ("Inity", 2),
        ("Massive Dynamic", 1),
        ("Sonron", 3),
        ("Warephase", 1),
    ];
    assert_eq!(subsidiaries, expected.into());
}

async fn bank(engine: Engine) {
    let suite = Suite::start(engine).await;
    let compressed = data().join("uci_bank_marketing/bank-full.csv.gz");
    let file = suite.folder().join("bank-full.csv");
    let unpacked = std::process::Command::new("gzip")
        .arg("-dc")
        .arg(compressed)
        .output()
        .unwrap();
    std::fs::write(&file, unpacked.stdout).unwrap();

    let (run, customers) = replay(&suite, &file, "bank.toml").await;
    assert_eq!((run.created_count, run.failed_count), (45_211, 0));
    assert_eq!(customers.len(), 45_211);
    let reached_before = customers
        .iter()
        .filter(|one| text(one, "previous_outcome") != "unknown");
    // This campaign's calls, and one contact for each who was called before it.
    const NEVER_BEFORE: i64 = 36_954;
    assert_eq!(run.interaction_count, 124_956 + (45_211 - NEVER_BEFORE));
    let mut outcomes: BTreeMap<&str, u32> = BTreeMap::new();
    for customer in reached_before {
        *outcomes
            .entry(text(customer, "previous_outcome"))
            .or_default() += 1;
    }
    assert_eq!(
        outcomes,
        [("failure", 4_901), ("other", 1_840), ("success", 1_511)].into()
    );
    let subscribed =
        |one: &&Customer| one.attributes["subscribed"].value == Some(Value::Boolean(true));
    assert_eq!(customers.iter().filter(subscribed).count(), 5_289);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs ../shared/data; run by `cargo xtask replay`"]
async fn mavens_accounts_on_sqlite() {
    accounts(Engine::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs ../shared/data; run by `cargo xtask replay`"]
async fn mavens_accounts_on_postgres() {
    accounts(Engine::Postgres).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs ../shared/data; run by `cargo xtask replay`"]
async fn the_banks_customers_and_calls_on_sqlite() {
    bank(Engine::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs ../shared/data; run by `cargo xtask replay`"]
async fn the_banks_customers_and_calls_on_postgres() {
    bank(Engine::Postgres).await;
}
