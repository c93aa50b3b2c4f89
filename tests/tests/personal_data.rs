//! What is personal stays out of the log and of refusals, whatever is called with it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a story that can't go on has to stop"
)]

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use prost::Message as _;
use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, ReflectMessage as _, Value};
use rapport_tests::belongings::{Service, instants};
use rapport_tests::{Dynamic, Engine, Suite, Tenant, find, reason};
use serde_json::json;
use tonic::Status;

/// Stands in every personal text, and nowhere else.
const MARK: &str = "Geheimnis";

/// Our own modules as talkative as they get; others as operators would run them for long.
const FILTER: &str = "info,rapport=debug";

/// What callers put where a text is expected: what is kept, and what is refused.
fn texts() -> [String; 5] {
    [
        MARK.to_owned(),
        format!("{MARK}@example.com"),
        format!("{MARK}'; DROP TABLE customer; --"),
        format!("{MARK}\0"),
        MARK.repeat(10_000),
    ]
}

fn is_personal(field: &FieldDescriptor) -> bool {
    field.options().extensions().any(|(extension, value)| {
        extension.full_name() == "rapport.options.v1.personal_data" && value.as_bool() == Some(true)
    })
}

/// Puts `text` into every personal text of `message`, and into filters, which may name people.
fn fill(message: &mut DynamicMessage, text: &str, within_personal: bool) {
    for field in message.descriptor().fields().collect::<Vec<_>>() {
        let personal = within_personal || is_personal(&field);
        let there = message.has_field(&field);
        match field.kind() {
            Kind::String if field.is_map() => {}
            Kind::String if field.name() == "filter" => {
                message.set_field(&field, Value::String(format!("state = \"{text}\"")));
            }
            Kind::String if personal && (there || field.containing_oneof().is_none()) => {
                let text = Value::String(text.to_owned());
                let value = if field.is_list() {
                    Value::List(vec![text])
                } else {
                    text
                };
                message.set_field(&field, value);
            }
            Kind::Message(_) if there => fill_within(message.get_field_mut(&field), text, personal),
            _ => {}
        }
    }
}

fn fill_within(value: &mut Value, text: &str, personal: bool) {
    match value {
        Value::Message(message) => fill(message, text, personal),
        Value::List(values) => {
            for value in values {
                fill_within(value, text, personal);
            }
        }
        Value::Map(entries) => {
            for value in entries.values_mut() {
                fill_within(value, text, personal);
            }
        }
        Value::String(old) if personal => text.clone_into(old),
        _ => {}
    }
}

/// A request of `method` with `text` for everything personal.
fn filled(method: &str, request: serde_json::Value, text: &str) -> Bytes {
    let mut message = DynamicMessage::deserialize(find(method).input(), request).unwrap();
    fill(&mut message, text, false);
    message.encode_to_vec().into()
}

fn tells(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes).to_lowercase();
    text.contains(&MARK.to_lowercase())
}

/// A refusal names the field, and does not repeat what was in it.
fn assert_discreet(method: &str, status: &Status) {
    assert!(!reason(status).is_empty(), "{method}: {status}");
    assert!(!tells(status.message().as_bytes()), "{method}: {status}");
    assert!(!tells(status.details()), "{method}: {status:?}");
}

/// Calls every unary RPC with each of the texts; returns how many calls were done and refused.
async fn call_everything(caller: &Dynamic, names: &BTreeMap<String, String>) -> [usize; 2] {
    let [mut done, mut refused] = [0; 2];
    for service in Service::all() {
        for call in service.belongings.iter().chain(&service.attempts) {
            let method = format!("{}.{}", service.package, call.rpc);
            for text in texts() {
                let request = filled(&method, call.naming(names), &text);
                match caller.send(&method, request).await {
                    Ok(_) => done += 1,
                    Err(status) => {
                        refused += 1;
                        assert_discreet(&method, &status);
                    }
                }
            }
        }
    }
    [done, refused]
}

/// Imports one row with each of the texts.
async fn import(caller: &Dynamic) {
    let method = "rapport.customer.v1.ImportService/ImportCustomers";
    for text in texts() {
        let row = json!({
            "line": "1",
            "customer": {
                "person": {"fullName": "A"},
                "externalIds": [{"system": "shop", "id": "A"}],
            },
            "contactPoints": [{"email": "a@example.com"}, {"phone": "1"}],
        });
        let steps = [
            json!({"start": {"source": "in.csv"}}),
            json!({"batch": {"rows": [row]}}),
            json!({"complete": {}}),
        ];
        let steps = steps.map(|step| filled(method, step, &text));
        if let Err(status) = caller.stream(method, steps.into()).await {
            assert_discreet(method, &status);
        }
    }
}

async fn nothing_personal_is_logged_or_repeated(engine: Engine) {
    let mut suite = Suite::start_logging(engine, FILTER).await;
    let token = suite.provider().administrator(Tenant::new());
    let caller = suite.dynamic(&token).await;
    let mut names = instants();
    for service in Service::all() {
        service.furnish(&caller, &mut names).await;
    }
    let [done, refused] = call_everything(&caller, &names).await;
    assert!(
        done > 100 && refused > 100,
        "{done} done, {refused} refused"
    );
    import(&caller).await;
    // Deliveries and what follows from events fail or succeed by themselves.
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(suite.terminate().await);

    let log = suite.log();
    assert!(log.contains("call refused"), "it does log: {log}");
    for line in log.lines() {
        serde_json::from_str::<serde_json::Value>(line).expect(line);
        assert!(!tells(line.as_bytes()), "{line}");
        assert!(!line.contains(&token), "{line}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_personal_is_logged_or_repeated_on_sqlite() {
    nothing_personal_is_logged_or_repeated(Engine::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_personal_is_logged_or_repeated_on_postgres() {
    nothing_personal_is_logged_or_repeated(Engine::Postgres).await;
}

/// What people write about people, by the names such fields have.
#[test]
fn what_is_written_about_people_is_marked_as_personal() {
    const NAMES: [&str; 15] = [
        "body",
        "close_note",
        "comment",
        "email",
        "full_name",
        "given_name",
        "family_name",
        "legal_name",
        "location",
        "next_step",
        "note",
        "phone",
        "summary",
        "title",
        "tracking_number",
    ];
    let pool = rapport_proto::descriptor_pool();
    let ours = pool
        .all_messages()
        .filter(|message| message.full_name().starts_with("rapport."));
    for field in ours.flat_map(|message| message.fields().collect::<Vec<_>>()) {
        if field.kind() == Kind::String && NAMES.contains(&field.name()) {
            let of_template = field.full_name().contains("Template.");
            assert!(is_personal(&field) || of_template, "{}", field.full_name());
        }
    }
}
