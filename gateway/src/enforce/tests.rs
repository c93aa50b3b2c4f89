//! What is let through, and what the caller reads when it is not.

use std::collections::BTreeMap;

use http::HeaderValue;
use prost::Message as _;
use prost_reflect::{DynamicMessage, Value};
use rapport_platform::identity::{Actor, TenantId};
use tonic::{Code, Status};
use tonic_types::StatusExt as _;
use uuid::Uuid;

use super::*;
use crate::identity::{LocalToken, Roles};
use crate::table::{Defect, Fault, TableError};
use crate::testing::{compile, numbered};

const PROTO: &str = r#"
message Person {
  string name = 1 [(buf.validate.field).string = {min_len: 1 max_len: 5}];
  string mail = 2 [(buf.validate.field) = {string: {email: true} ignore: IGNORE_IF_ZERO_VALUE}];
}
message CreateRequest {
  Person person = 1 [(buf.validate.field).required = true];
  repeated string tags = 2 [(buf.validate.field).repeated.items.string.min_len = 1];
  int32 low = 3;
  int32 high = 4;
  option (buf.validate.message).cel = {
    id: "range" message: "low must not exceed high" expression: "this.low <= this.high"
  };
}
message UpdateRequest {
  Person person = 1 [(buf.validate.field).ignore = IGNORE_ALWAYS];
}
message SendRequest {
  Person person = 1;
  string customer = 2;
  rapport.type.v1.Channel channel = 3;
  rapport.type.v1.Purpose purpose = 4;
}
message PingRequest {}
message Answer {}
service People {
  rpc Create(CreateRequest) returns (Answer) { option (rapport.options.v1.rule) =
    {permission: "test.people.create" exempt: "ours" module: "test" retry: RETRY_NEVER}; }
  rpc Update(UpdateRequest) returns (Answer) { option (rapport.options.v1.rule) =
    {permission: "test.people.update" exempt: "ours" module: "test" retry: RETRY_NEVER}; }
  rpc Send(SendRequest) returns (Answer) { option (rapport.options.v1.rule) =
    {permission: "test.people.send" module: "test" retry: RETRY_NEVER
     outreach: {customer_field: "customer" channel_field: "channel" purpose_field: "purpose"}}; }
  rpc Ping(PingRequest) returns (Answer) { option (rapport.options.v1.rule) =
    {public: "for tests" exempt: "ours" module: "test" retry: RETRY_SAFE}; }
}
"#;

const CUSTOMER: &str = "customers/0199a3c8-0000-7000-8000-000000000001";

/// An enforcer of the protos above, and the token of a caller with some permissions.
struct Gate {
    enforcer: Enforcer,
    table: Arc<Table>,
    headers: HeaderMap,
}

impl Gate {
    fn granting(patterns: &[&str]) -> Self {
        let table = Arc::new(Table::build(&compile(PROTO)).unwrap());
        let patterns = patterns.iter().map(|p| (*p).to_owned()).collect();
        let roles = BTreeMap::from([("r".to_owned(), patterns)]);
        let roles = Roles::compile(&roles, &[], table.permissions()).unwrap();
        let identity = Identity {
            tenant: TenantId::EMBEDDED,
            actor: Actor::parse("users/ada").unwrap(),
            permissions: roles.permissions(&["r".to_owned()]),
            roles: vec!["r".to_owned()],
            expires: None,
        };
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("token");
        let local = LocalToken::load(&file, identity).unwrap();
        let token = format!("Bearer {}", std::fs::read_to_string(&file).unwrap().trim());
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, HeaderValue::from_str(&token).unwrap());
        let validation = Validation::build(&table, 10_000).unwrap();
        let authenticator = Authenticator::new(Some(local), None).unwrap();
        let enforcer = Enforcer::new(Arc::clone(&table), authenticator, validation);
        Self {
            enforcer,
            table,
            headers,
        }
    }

    fn check(&self, method: &str, message: &[u8]) -> Result<Verdict, Refusal> {
        let path = format!("/test.v1.People/{method}");
        let (_, verdict) = self
            .enforcer
            .check(&path, &self.headers, message, Timestamp::EPOCH)?;
        Ok(verdict)
    }

    fn refused(&self, method: &str, message: &[u8]) -> Status {
        self.check(method, message)
            .unwrap_err()
            .into_status(Uuid::nil())
    }

    fn message(&self, method: &str) -> DynamicMessage {
        let method = self
            .table
            .method(&format!("/test.v1.People/{method}"))
            .unwrap();
        DynamicMessage::new(method.request.as_ref().unwrap().message.clone())
    }

    fn person(&self, name: &str, mail: &str) -> Value {
        let create = self.message("Create");
        let field = create.descriptor().get_field_by_name("person").unwrap();
        let mut person = DynamicMessage::new(field.kind().as_message().unwrap().clone());
        person.set_field_by_name("name", Value::String(name.to_owned()));
        person.set_field_by_name("mail", Value::String(mail.to_owned()));
        Value::Message(person)
    }

    fn create(&self, name: &str, mail: &str) -> DynamicMessage {
        let mut request = self.message("Create");
        request.set_field_by_name("person", self.person(name, mail));
        request
    }

    fn send(&self, customer: &str, channel: i32, purpose: i32) -> Vec<u8> {
        let mut request = self.message("Send");
        request.set_field_by_name("person", self.person("Ada", ""));
        request.set_field_by_name("customer", Value::String(customer.to_owned()));
        request.set_field_by_name("channel", Value::EnumNumber(channel));
        request.set_field_by_name("purpose", Value::EnumNumber(purpose));
        request.encode_to_vec()
    }
}

use prost_reflect::ReflectMessage as _;

fn reason(status: &Status) -> String {
    status
        .get_error_details()
        .error_info()
        .unwrap()
        .reason
        .clone()
}

fn violations(status: &Status) -> Vec<(String, String)> {
    let details = status.get_error_details();
    let violations = &details.bad_request().unwrap().field_violations;
    violations
        .iter()
        .map(|v| (v.field.clone(), v.description.clone()))
        .collect()
}

#[test]
fn a_valid_call_of_a_permitted_caller_is_forwarded() {
    let gate = Gate::granting(&["test.people.create"]);
    let message = gate.create("Ada", "ada@example.com").encode_to_vec();
    assert_eq!(gate.check("Create", &message).unwrap(), Verdict::Forward);
}

#[test]
fn the_first_thing_in_the_way_is_told() {
    let mut gate = Gate::granting(&["test.people.create"]);
    let status = gate.refused("Destroy", b"");
    assert_eq!(
        (status.code(), reason(&status).as_str()),
        (Code::Unimplemented, "METHOD_UNKNOWN")
    );

    let status = gate.refused("Update", b"garbage is not even looked at");
    assert_eq!(status.code(), Code::PermissionDenied);
    let details = status.get_error_details();
    assert_eq!(
        details.error_info().unwrap().metadata["permission"],
        "test.people.update"
    );

    gate.headers
        .insert(AUTHORIZATION, HeaderValue::from_static("Bearer guess"));
    let status = gate.refused("Create", b"");
    assert_eq!(
        (status.code(), reason(&status).as_str()),
        (Code::Unauthenticated, "TOKEN_INVALID")
    );

    gate.headers.clear();
    let status = gate.refused("Create", b"");
    assert_eq!(
        (status.code(), reason(&status).as_str()),
        (Code::Unauthenticated, "TOKEN_MISSING")
    );
}

#[test]
fn a_public_rpc_needs_no_token_and_minds_no_bad_one() {
    let mut gate = Gate::granting(&[]);
    let caller = |gate: &Gate| {
        let checked =
            gate.enforcer
                .check("/test.v1.People/Ping", &gate.headers, b"", Timestamp::EPOCH);
        checked.unwrap().0
    };
    assert_eq!(caller(&gate).unwrap().actor.as_str(), "users/ada");
    gate.headers
        .insert(AUTHORIZATION, HeaderValue::from_static("Bearer guess"));
    assert_eq!(caller(&gate), None);
    gate.headers.clear();
    assert_eq!(caller(&gate), None);
}

#[test]
fn every_invalid_field_is_told_with_its_path() {
    let gate = Gate::granting(&["*"]);
    let mut request = gate.create("", "nowhere");
    request.set_field_by_name(
        "tags",
        Value::List(vec![
            Value::String("a".into()),
            Value::String(String::new()),
        ]),
    );
    request.set_field_by_name("low", Value::I32(1));
    let status = gate.refused("Create", &request.encode_to_vec());
    assert_eq!(
        (status.code(), reason(&status).as_str()),
        (Code::InvalidArgument, "INVALID_FIELD")
    );
    let mut found = violations(&status);
    found.sort();
    let paths: Vec<&str> = found.iter().map(|(field, _)| field.as_str()).collect();
    assert_eq!(paths, ["*", "person.mail", "person.name", "tags[1]"]);
    assert_eq!(found[0].1, "low must not exceed high");
    assert_eq!(found[1].1, "must be an e-mail address");
    let told: String = found.iter().map(|(_, why)| why.as_str()).collect();
    assert!(!told.contains("nowhere"), "the value is not repeated");

    let status = gate.refused("Create", b"");
    assert_eq!(
        violations(&status),
        [("person".to_owned(), "is required".to_owned())]
    );
}

#[test]
fn the_resource_in_an_update_is_left_to_the_service() {
    let gate = Gate::granting(&["*"]);
    let mut request = gate.message("Update");
    request.set_field_by_name("person", gate.person("far too long", ""));
    assert_eq!(
        gate.check("Update", &request.encode_to_vec()).unwrap(),
        Verdict::Forward
    );
}

#[test]
fn bytes_that_are_no_message_are_refused() {
    let gate = Gate::granting(&["*"]);
    for garbage in [
        &[0xff, 0xff][..],
        &[0x0a, 0x7f],
        &[0x0b, 0x0c],
        &[0x08, 0x01],
        &numbered(1, &[0xff]),
    ] {
        let status = gate.refused("Create", garbage);
        assert_eq!(reason(&status), "MALFORMED_MESSAGE", "{garbage:?}");
    }
}

#[test]
fn a_message_that_would_cost_too_much_to_decode_is_refused() {
    let gate = Gate::granting(&["*"]);
    let many = [2 << 3 | 2, 0].repeat(10_001);
    let status = gate.refused("Create", &many);
    assert_eq!(
        (status.code(), reason(&status).as_str()),
        (Code::ResourceExhausted, "MESSAGE_TOO_LARGE")
    );
}

#[test]
fn a_long_list_of_invalid_items_is_answered_shortly_and_soon() {
    let gate = Gate::granting(&["*"]);
    let mut bytes = gate.create("Ada", "").encode_to_vec();
    bytes.extend([2 << 3 | 2, 0].repeat(100));
    assert_eq!(
        violations(&gate.refused("Create", &bytes)).len(),
        8,
        "as many as an answer holds"
    );
    bytes.extend([2 << 3 | 2, 0].repeat(9_000));
    let begun = std::time::Instant::now();
    assert_eq!(violations(&gate.refused("Create", &bytes)).len(), 1);
    // Looking for all of them takes minutes in this build.
    assert!(begun.elapsed().as_secs() < 5, "{:?}", begun.elapsed());
}

#[test]
fn an_outreach_asks_the_customer() {
    let gate = Gate::granting(&["*"]);
    let Verdict::Reserve(contact) = gate.check("Send", &gate.send(CUSTOMER, 6, 1)).unwrap() else {
        panic!("nobody asked the customer");
    };
    assert_eq!(contact.customer, CUSTOMER);
    assert_eq!(
        (contact.channel, contact.purpose),
        (Channel::Email, Purpose::Marketing)
    );
}

#[test]
fn an_outreach_to_nobody_or_by_nothing_is_invalid() {
    let gate = Gate::granting(&["*"]);
    let status = gate.refused("Send", &gate.send("", 99, 0));
    let fields: Vec<String> = violations(&status)
        .into_iter()
        .map(|(field, _)| field)
        .collect();
    assert_eq!(fields, ["customer", "channel", "purpose"]);
}

#[test]
fn a_smuggled_duplicate_is_the_one_that_counts() {
    let gate = Gate::granting(&["*"]);
    let mut bytes = gate.send("customers/decoy", 7, 4);
    bytes.extend(gate.send(CUSTOMER, 6, 1));
    let Verdict::Reserve(contact) = gate.check("Send", &bytes).unwrap() else {
        panic!("nobody asked the customer");
    };
    assert_eq!(
        (contact.customer.as_str(), contact.channel, contact.purpose),
        (CUSTOMER, Channel::Email, Purpose::Marketing)
    );
}

#[test]
fn rules_that_cannot_be_compiled_keep_the_gateway_from_starting() {
    let broken = |rule: &str| -> TableError {
        let pool = compile(&format!(
            r#"
            message Inner {{ string text = 1 [(buf.validate.field) = {{ {rule} }}]; }}
            message DoRequest {{ repeated Inner inner = 1; }}
            message Answer {{}}
            service Broken {{ rpc Do(DoRequest) returns (Answer) {{ option (rapport.options.v1.rule) =
              {{public: "for tests" exempt: "ours" module: "test" retry: RETRY_SAFE}}; }} }}
            "#
        ));
        Validation::build(&Table::build(&pool).unwrap(), 10).unwrap_err()
    };
    for rule in [
        r#"string: {pattern: "("}"#,
        r#"int32: {gt: 1}"#,
        r#"cel: {id: "x" message: "y" expression: "this.("}"#,
    ] {
        let error = broken(rule);
        let [
            Fault {
                subject,
                defect: Defect::Validation(_),
            },
        ] = error.faults()
        else {
            panic!("{rule}: {error}");
        };
        assert_eq!(subject, "test.v1.Inner");
    }
}

#[test]
fn the_suites_own_rules_compile() {
    let table = Table::build(rapport_proto::descriptor_pool()).unwrap();
    Validation::build(&table, 10).unwrap();
}
