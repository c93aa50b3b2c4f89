//! Imports through the gateway: bad rows, crashes, repetition, undo.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a story that can't go on has to stop"
)]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use rapport::client::{Caller, Connection};
use rapport::import::{self, ImportArgs};
use rapport_proto::rapport::customer::v1::customer_service_client::CustomerServiceClient;
use rapport_proto::rapport::customer::v1::import_customers_request::Step;
use rapport_proto::rapport::customer::v1::import_service_client::ImportServiceClient;
use rapport_proto::rapport::customer::v1::{
    ExportCustomersRequest, ImportBatch, ImportCustomersRequest, ImportRow, ImportRun, ImportStart,
    ImportState, ListImportRunsRequest, SearchCustomersRequest,
};
use rapport_tests::{Suite, on_each_engine};

const MAPPING: &str = r#"
system = "shop"

[customer]
external_id = "{{ id }}"
full_name = "{{ name }}"

[[contact_point]]
email = "{{ email }}"

[[interaction]]
external_id = "{{ id }}/welcome"
channel = "EMAIL"
direction = "OUTBOUND"
summary = "Welcome"
occur_time = "2026-01-01"
"#;

/// A file of rows and its mapping in the suite's folder.
fn file(suite: &Suite, rows: impl Iterator<Item = (u32, String, String)>) -> (PathBuf, PathBuf) {
    let mut csv = "id,name,email\n".to_owned();
    for (id, name, email) in rows {
        writeln!(csv, "{id},{name},{email}").unwrap();
    }
    let (file, mapping) = (
        suite.folder().join("in.csv"),
        suite.folder().join("map.toml"),
    );
    std::fs::write(&file, csv).unwrap();
    std::fs::write(&mapping, MAPPING).unwrap();
    (file, mapping)
}

fn good_rows(count: u32) -> impl Iterator<Item = (u32, String, String)> {
    (1..=count).map(|id| (id, format!("Customer {id}"), format!("c{id}@example.com")))
}

fn arguments(connection: Connection, (file, mapping): &(PathBuf, PathBuf)) -> ImportArgs {
    ImportArgs {
        file: Some(file.clone()),
        mapping: Some(mapping.clone()),
        dry_run: false,
        resume: None,
        undo: None,
        errors: None,
        batch_size: 100,
        connection,
    }
}

async fn latest_run(caller: &Caller) -> Option<ImportRun> {
    let runs = ImportServiceClient::new(caller.clone())
        .list_import_runs(ListImportRunsRequest::default())
        .await;
    runs.unwrap().into_inner().import_runs.into_iter().next()
}

/// The external ids of all customers, sorted.
async fn imported(caller: &Caller) -> Vec<u32> {
    let mut answers = ImportServiceClient::new(caller.clone())
        .export_customers(ExportCustomersRequest::default())
        .await
        .unwrap()
        .into_inner();
    let mut ids = Vec::new();
    while let Some(answer) = answers.message().await.unwrap() {
        for one in answer.customers {
            assert_eq!(one.contact_points.len(), 1, "each with its address");
            ids.push(one.customer.unwrap().external_ids[0].id.parse().unwrap());
        }
    }
    ids.sort_unstable();
    ids
}

fn errors_of(file: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(format!("{}.errors.csv", file.display())).unwrap();
    let mut lines: Vec<_> = text.lines().skip(1).map(str::to_owned).collect();
    lines.sort();
    lines
}

/// A run that broke off after a line that failed.
async fn begun(caller: &Caller, line: i64) -> String {
    let start = ImportStart {
        source: "in.csv".into(),
        ..Default::default()
    };
    let rows = vec![ImportRow {
        line,
        ..Default::default()
    }];
    let steps = [Step::Start(start), Step::Batch(ImportBatch { rows })];
    let requests = steps.map(|step| ImportCustomersRequest { step: Some(step) });
    let mut answers = ImportServiceClient::new(caller.clone())
        .import_customers(tokio_stream::iter(requests))
        .await
        .unwrap()
        .into_inner();
    let mut run = String::new();
    while let Some(answer) = answers.message().await.unwrap() {
        run = answer.run.unwrap().name;
    }
    run
}

on_each_engine! {
    async fn a_killed_import_resumes_and_has_every_row_once(suite: &mut Suite) {
        const ROWS: u32 = 10_000;
        let files = file(suite, good_rows(ROWS));
        let importing = tokio::spawn(import::run(arguments(suite.connection(), &files)));
        let caller = suite.administrator().await;
        let acknowledged = loop {
            match latest_run(&caller).await {
                Some(run) if run.last_line >= 1_000 => break run,
                _ => tokio::time::sleep(Duration::from_millis(5)).await,
            }
        };
        suite.kill().await;
        assert!(importing.await.unwrap().is_err(), "the import notices that the suite is gone");
        suite.restart().await;

        let caller = suite.administrator().await;
        let run = latest_run(&caller).await.unwrap();
        assert_eq!(run.state(), ImportState::Running);
        assert!(run.last_line >= acknowledged.last_line, "nothing acknowledged was lost");
        assert!(run.created_count < i64::from(ROWS), "it was killed in the middle");
        assert_eq!(imported(&caller).await.len() as i64, run.created_count);

        let mut resumed = arguments(suite.connection(), &files);
        resumed.resume = Some(run.name);
        assert_eq!(import::run(resumed).await.unwrap(), ExitCode::SUCCESS);
        let run = latest_run(&caller).await.unwrap();
        assert_eq!(run.state(), ImportState::Completed);
        assert_eq!((run.created_count, run.interaction_count), (i64::from(ROWS), i64::from(ROWS)));
        assert_eq!(imported(&caller).await, (1..=ROWS).collect::<Vec<_>>());
    }

    async fn bad_rows_are_listed_by_line_and_the_rest_is_in(suite: &mut Suite) {
        let rows = good_rows(20).map(|(id, name, email)| match id {
            5 => (id, String::new(), email),
            9 => (id, name, "not an address".into()),
            _ => (id, name, email),
        });
        let files = file(suite, rows);
        let outcome = import::run(arguments(suite.connection(), &files)).await.unwrap();
        assert_eq!(outcome, ExitCode::from(2));
        let errors = errors_of(&files.0);
        assert_eq!(errors.len(), 2, "{errors:?}");
        assert!(errors[0].starts_with("10,contact_points[0].email,"), "{errors:?}");
        assert!(errors[1].starts_with("6,customer.full_name,"), "{errors:?}");
        let caller = suite.administrator().await;
        assert_eq!(imported(&caller).await.len(), 18);
    }

    async fn the_error_file_of_a_resumed_run_is_that_of_the_whole_run(suite: &mut Suite) {
        let rows = |bad: u32| {
            good_rows(bad + 10).map(move |(id, name, email)| match id {
                5 => (id, String::new(), email),
                _ if id == bad => (id, name, "not an address".into()),
                _ => (id, name, email),
            })
        };
        let caller = suite.administrator().await;
        let run = begun(&caller, 50).await;
        let files = file(suite, rows(70));
        let mut resumed = arguments(suite.connection(), &files);
        resumed.resume = Some(run);
        assert_eq!(import::run(resumed).await.unwrap(), ExitCode::from(2));
        let lines: Vec<_> = errors_of(&files.0).iter().map(|it| it.split(',').next().unwrap().to_owned()).collect();
        assert_eq!(lines, ["50", "6", "71"], "refused before, never mapped, refused since");
    }

    async fn a_subsidiary_without_its_parent_is_told(suite: &mut Suite) {
        let files = file(suite, good_rows(2));
        let mapping = MAPPING.replace("full_name", "parent_external_id = \"{{ email }}\"\nlegal_name");
        std::fs::write(&files.1, mapping).unwrap();
        assert_eq!(import::run(arguments(suite.connection(), &files)).await.unwrap(), ExitCode::from(2));
        let errors = errors_of(&files.0);
        assert_eq!(errors.len(), 2, "{errors:?}");
        assert!(errors[0].starts_with("2,parent_external_id,"), "{errors:?}");
        assert_eq!(imported(&suite.administrator().await).await, [1, 2], "they are in without it");
    }

    async fn the_same_file_twice_changes_nothing(suite: &mut Suite) {
        let files = file(suite, good_rows(50));
        let caller = suite.administrator().await;
        import::run(arguments(suite.connection(), &files)).await.unwrap();
        import::run(arguments(suite.connection(), &files)).await.unwrap();
        let run = latest_run(&caller).await.unwrap();
        assert_eq!((run.created_count, run.updated_count, run.unchanged_count), (0, 0, 50));
        assert_eq!(run.interaction_count, 0);
        assert_eq!(imported(&caller).await.len(), 50);
    }

    async fn a_dry_run_finds_errors_and_changes_nothing(suite: &mut Suite) {
        let rows = good_rows(10).map(|(id, name, email)| match id {
            3 => (id, String::new(), email),
            _ => (id, name, email),
        });
        let files = file(suite, rows);
        let mut dry = arguments(suite.connection(), &files);
        dry.dry_run = true;
        assert_eq!(import::run(dry).await.unwrap(), ExitCode::from(2));
        assert_eq!(errors_of(&files.0).len(), 1);
        let caller = suite.administrator().await;
        assert!(imported(&caller).await.is_empty());
    }

    async fn an_undone_run_leaves_nothing_of_its_own(suite: &mut Suite) {
        let caller = suite.administrator().await;
        let first = file(suite, good_rows(30));
        import::run(arguments(suite.connection(), &first)).await.unwrap();
        let renamed = good_rows(60).map(|(id, _, email)| (id, format!("Renamed {id}"), email));
        let second = file(suite, renamed);
        import::run(arguments(suite.connection(), &second)).await.unwrap();
        let run = latest_run(&caller).await.unwrap();
        assert_eq!((run.created_count, run.updated_count), (30, 30));

        let mut undo = arguments(suite.connection(), &second);
        (undo.file, undo.undo) = (None, Some(run.name.clone()));
        import::run(undo).await.unwrap();
        let run = latest_run(&caller).await.unwrap();
        assert_eq!((run.state(), run.kept_count), (ImportState::Undone, 0));
        assert_eq!(imported(&caller).await, (1..=30).collect::<Vec<_>>());
        let request = SearchCustomersRequest { query: "renamed".into(), ..Default::default() };
        let found = CustomerServiceClient::new(caller).search_customers(request).await.unwrap();
        assert!(found.into_inner().results.is_empty(), "the old names are back");
    }
}
