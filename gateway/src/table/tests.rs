//! The gateway starts with complete rules only, and says what is missing.

use super::*;
use crate::testing::compile;
use rapport_proto::rapport::r#type::v1::{Channel, Purpose};

/// A complete rule, with `interaction` in the place of the interaction.
fn rule(interaction: &str) -> String {
    format!(r#"permission: "test.things.do" {interaction} module: "test" retry: RETRY_SAFE"#)
}

fn build(rule: Option<&str>, streaming: &str) -> Result<Table, TableError> {
    let option = rule.map_or(String::new(), |r| {
        format!("option (rapport.options.v1.rule) = {{ {r} }};")
    });
    Table::build(&compile(&format!(
        r#"
        message Target {{ string customer = 1; repeated string others = 2; }}
        message DoRequest {{
          Target target = 1;
          rapport.type.v1.Channel channel = 2;
          rapport.type.v1.Purpose purpose = 3;
          int32 amount = 4;
          string note = 5 [(rapport.options.v1.personal_data) = true];
        }}
        message DoResponse {{}}
        service Things {{ rpc Do({streaming} DoRequest) returns (DoResponse) {{ {option} }} }}
        "#
    )))
}

fn defect(rule: &str) -> String {
    let error = build(Some(rule), "").unwrap_err();
    assert_eq!(error.faults().len(), 1, "{error}");
    assert_eq!(error.faults()[0].subject, "test.v1.Things.Do");
    error.faults()[0].defect.to_string()
}

#[test]
fn a_complete_rule_becomes_a_row() {
    let outreach = r#"outreach: {customer_field: "target.customer" channel_field: "channel" purpose: PURPOSE_SALES}"#;
    let table = build(Some(&rule(outreach)), "").unwrap();
    let method = table.method("/test.v1.Things/Do").unwrap();
    assert_eq!(
        (method.service.as_str(), method.rule.module.as_str()),
        ("test.v1.Things", "test")
    );
    assert_eq!(
        method.access,
        Access::Permission(table.permissions().id("test.things.do").unwrap())
    );
    assert!(method.personal_data && method.is_judged_by_message());
    let plan = method.outreach.as_ref().unwrap();
    assert!(matches!(plan.purpose, Source::Always(Purpose::Sales)));
    let Source::Field(channel) = &plan.channel else {
        panic!("the channel is a field")
    };
    let bytes = [0x0a, 3, 0x0a, 1, b'c', 0x10, Channel::Email as u8];
    let found = plan.plan.scan(&bytes).unwrap();
    assert_eq!(found.text(plan.customer.slot), "c");
    assert_eq!(found.number(channel.slot), Channel::Email as i32);
    assert!(Arc::ptr_eq(
        table.method_named("test.v1.Things.Do").unwrap(),
        method
    ));
}

#[test]
fn an_rpc_without_a_rule_is_named() {
    let error = build(None, "").unwrap_err();
    assert_eq!(
        error.to_string(),
        "the protos' rules are incomplete:\n  test.v1.Things.Do: has no `option (rapport.options.v1.rule)`"
    );
}

#[test]
fn every_part_of_a_rule_is_required() {
    let exempt = r#"exempt: "touches nobody""#;
    for (rule, expected) in [
        (
            format!(r#"{exempt} module: "test" retry: RETRY_SAFE"#),
            "neither `permission` nor `public`",
        ),
        (
            format!(r#"public: "" {exempt} module: "test" retry: RETRY_SAFE"#),
            "`public` without a reason",
        ),
        (
            format!(r#"permission: "all" {exempt} module: "test" retry: RETRY_SAFE"#),
            "its permission `all`",
        ),
        (rule(""), "neither `exempt`, nor `outreach`, nor `inbound`"),
        (rule(r#"exempt: """#), "`exempt` without a reason"),
        (
            format!(r#"public: "why" {exempt} retry: RETRY_SAFE"#),
            "no `module`",
        ),
        (
            format!(r#"public: "why" {exempt} module: "test""#),
            "`retry`",
        ),
        (
            format!(r#"public: "why" {exempt} module: "test" retry: RETRY_WITH_REQUEST_ID"#),
            "no field `request_id`",
        ),
        (
            rule(&format!(
                r#"{exempt} rule_set: {{facts: {{name: "x" field: "amount"}}}}"#
            )),
            "has no name",
        ),
    ] {
        let found = defect(&rule);
        assert!(found.contains(expected), "{rule}: {found}");
    }
}

#[test]
fn an_outreach_must_say_whom_how_and_why() {
    for (outreach, expected) in [
        (
            r#"customer_field: "target.customer" purpose: PURPOSE_SALES"#,
            "neither `channel_field` nor `channel`",
        ),
        (
            r#"customer_field: "target.customer" channel: CHANNEL_UNSPECIFIED purpose: PURPOSE_SALES"#,
            "neither `channel_field`",
        ),
        (
            r#"customer_field: "target.customer" channel: CHANNEL_FAX"#,
            "neither `purpose_field` nor `purpose`",
        ),
        (
            r#"customer_field: "nobody" channel: CHANNEL_FAX purpose: PURPOSE_SALES"#,
            "`test.v1.DoRequest` has no field `nobody`",
        ),
        (
            r#"customer_field: "target.nobody" channel: CHANNEL_FAX purpose: PURPOSE_SALES"#,
            "`test.v1.Target` has no field `nobody`",
        ),
        (
            r#"channel: CHANNEL_FAX purpose: PURPOSE_SALES"#,
            "the path is empty",
        ),
        (
            r#"customer_field: "target" channel: CHANNEL_FAX purpose: PURPOSE_SALES"#,
            "is a message, not a value",
        ),
        (
            r#"customer_field: "note.x" channel: CHANNEL_FAX purpose: PURPOSE_SALES"#,
            "has no sub-fields",
        ),
        (
            r#"customer_field: "target.others" channel: CHANNEL_FAX purpose: PURPOSE_SALES"#,
            "`test.v1.Target.others` is repeated",
        ),
        (
            r#"customer_field: "amount" channel: CHANNEL_FAX purpose: PURPOSE_SALES"#,
            "is of type int32, not string",
        ),
        (
            r#"customer_field: "note" channel_field: "purpose" purpose: PURPOSE_SALES"#,
            "is of type rapport.type.v1.Purpose, not rapport.type.v1.Channel",
        ),
        (
            r#"customer_field: "note" channel: CHANNEL_FAX purpose_field: "note""#,
            "is of type string, not rapport.type.v1.Purpose",
        ),
    ] {
        let found = defect(&rule(&format!("outreach: {{ {outreach} }}")));
        assert!(found.contains(expected), "{outreach}: {found}");
    }
}

#[test]
fn an_outreach_cannot_be_a_stream_of_requests() {
    let outreach =
        r#"outreach: {customer_field: "note" channel: CHANNEL_FAX purpose: PURPOSE_SALES}"#;
    let error = build(Some(&rule(outreach)), "stream").unwrap_err();
    assert_eq!(error.faults()[0].defect, Defect::OutreachStream);
}

#[test]
fn an_outreach_needs_a_caller() {
    let outreach =
        r#"outreach: {customer_field: "note" channel: CHANNEL_FAX purpose: PURPOSE_SALES}"#;
    let public = format!(r#"public: "why" {outreach} module: "test" retry: RETRY_NEVER"#);
    assert_eq!(defect(&public), Defect::PublicOutreach.to_string());
}

#[test]
fn the_paths_of_inbound_calls_and_of_facts_are_checked_too() {
    let inbound = rule(r#"inbound: {customer_field: "nobody"}"#);
    assert!(defect(&inbound).contains("has no field `nobody`"));
    let facts = rule(r#"exempt: "why" rule_set: {name: "test" facts: {name: "x" field: "gone"}}"#);
    assert!(defect(&facts).contains("has no field `gone`"));
}

#[test]
fn every_fault_is_reported_at_once() {
    let error = build(Some(""), "").unwrap_err();
    let defects: Vec<&Defect> = error.faults().iter().map(|fault| &fault.defect).collect();
    assert_eq!(
        defects,
        [
            &Defect::NoAccess,
            &Defect::NoModule,
            &Defect::NoRetry,
            &Defect::NoInteraction
        ]
    );
}

#[test]
fn health_and_reflection_are_public_and_say_why() {
    let table = build(Some(&rule(r#"exempt: "why""#)), "").unwrap();
    for path in [
        "/grpc.health.v1.Health/Check",
        "/grpc.health.v1.Health/Watch",
        "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
        "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
    ] {
        let method = table.method(path).unwrap();
        assert_eq!(method.access, Access::Public);
        assert!(!method.is_judged_by_message());
    }
}

#[test]
fn the_suites_own_protos_are_complete() {
    let table = Table::build(rapport_proto::descriptor_pool()).unwrap();
    let who = table
        .method("/rapport.gateway.v1.AccessService/WhoAmI")
        .unwrap();
    assert_eq!(who.rule.module, "gateway");
}
