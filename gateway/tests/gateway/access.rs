//! Who is let through, and as whom.

use http::HeaderValue;
use rapport_proto::rapport::gateway::v1::access_service_client::AccessServiceClient;
use rapport_proto::rapport::gateway::v1::{
    CheckAccessRequest, ListMethodRulesRequest, WhoAmIRequest,
};
use tonic::Code;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;
use tonic_types::StatusExt as _;
use uuid::Uuid;

use crate::kit::{Note, Running, TENANT, keep_log, log, reason};

#[tokio::test]
async fn the_tenant_comes_from_the_token_and_not_from_the_body() {
    let gateway = Running::start().await;
    let caller = gateway.somebody(&["reader"], 60).await;
    let claimed = "00000000-0000-7000-8000-000000000001".to_owned();
    let note = Note {
        tenant: claimed.clone(),
        ..Note::default()
    };
    let answer = caller.unary("Echo", note).await.unwrap();
    assert_eq!(answer.tenant, claimed, "the body passes as it is");
    let call = &gateway.notes.calls()[0];
    assert_eq!(
        (call.tenant.as_str(), call.actor.as_str()),
        (TENANT, "employees/7")
    );
}

#[tokio::test]
async fn without_a_token_that_is_trusted_nobody_gets_through() {
    let gateway = Running::start().await;
    for (caller, expected) in [
        (gateway.caller(None).await, "TOKEN_MISSING"),
        (
            gateway.caller(Some("A".repeat(43).as_str())).await,
            "TOKEN_INVALID",
        ),
        (gateway.caller(Some("e30.e30.e30")).await, "TOKEN_INVALID"),
        (gateway.somebody(&["admin"], -1).await, "TOKEN_INVALID"),
    ] {
        let refused = caller.unary("Echo", Note::default()).await.unwrap_err();
        assert_eq!(
            (refused.code(), reason(&refused).as_str()),
            (Code::Unauthenticated, expected)
        );
    }
    assert!(gateway.notes.calls().is_empty());
}

#[tokio::test]
async fn a_role_opens_what_it_grants_and_nothing_else() {
    let gateway = Running::start().await;
    let reader = gateway.somebody(&["reader", "unheard-of"], 60).await;
    assert!(reader.unary("Echo", Note::default()).await.is_ok());
    let refused = reader.unary("Hidden", Note::default()).await.unwrap_err();
    assert_eq!(refused.code(), Code::PermissionDenied);
    let info = refused.get_details_error_info().unwrap();
    assert_eq!(
        (info.reason.as_str(), info.metadata["permission"].as_str()),
        ("PERMISSION_DENIED", "test.notes.hide")
    );
    assert_eq!(gateway.notes.calls().len(), 1);
    assert!(
        gateway
            .administrator()
            .await
            .unary("Hidden", Note::default())
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn nobody_speaks_for_the_gateway() {
    let gateway = Running::start().await;
    let caller = gateway.somebody(&["reader"], 60).await;
    let mut request = caller.request(Note::default());
    let mine = Uuid::nil().to_string();
    for name in ["x-rapport-identity", "x-rapport-new", "x-request-id"] {
        request.metadata_mut().insert(name, mine.parse().unwrap());
    }
    request
        .metadata_mut()
        .insert("x-mine", "kept".parse().unwrap());
    let answer = caller.send("Echo", request).await.unwrap();

    let calls = gateway.notes.calls();
    let headers = &calls[0].headers;
    assert_eq!(calls[0].actor, "employees/7");
    assert!(!headers.contains_key("x-rapport-new"));
    assert!(
        !headers.contains_key("authorization"),
        "the caller's token stays at the gateway"
    );
    assert_eq!(headers["x-mine"], "kept");
    let id: Uuid = headers["x-request-id"].to_str().unwrap().parse().unwrap();
    assert_eq!(id.get_version_num(), 7);
    let answered = answer.metadata().get("x-request-id").unwrap();
    assert_eq!(answered.to_str().unwrap(), id.to_string());
}

#[tokio::test]
async fn a_refusal_names_the_call() {
    let gateway = Running::start().await;
    let mut raw = gateway.raw().await;
    let mut headers = raw.headers();
    headers.remove("authorization");
    let (head, body, _) = raw.send("/test.v1.Notes/Echo", headers, vec![0; 5]).await;
    assert!(body.is_empty(), "an answer of trailers only");
    let id = head.headers["x-request-id"].to_str().unwrap().to_owned();
    let status = tonic::Status::from_header_map(&head.headers).unwrap();
    assert_eq!(status.get_details_request_info().unwrap().request_id, id);
    assert_eq!(head.headers["content-type"], "application/grpc");
}

#[tokio::test]
async fn a_refusal_is_logged_once_without_token_or_body() {
    keep_log();
    let gateway = Running::start().await;
    let caller = gateway.somebody(&["reader"], 60).await;
    let note = Note {
        customer: "customers/secret".to_owned(),
        number: -1,
        ..Note::default()
    };
    caller.unary("Echo", note).await.unwrap_err();
    caller.unary("Echo", Note::default()).await.unwrap();
    caller.unary("Hidden", Note::default()).await.unwrap_err();

    let text = log();
    let lines: Vec<&str> = text
        .lines()
        .filter(|line| line.contains("call refused"))
        .collect();
    let [invalid, denied] = lines[..] else {
        panic!("{text}")
    };
    assert!(
        invalid.contains("INVALID_FIELD") && denied.contains("PERMISSION_DENIED"),
        "{text}"
    );
    for part in ["INFO", "/test.v1.Notes/", TENANT, "employees/7", "call_id="] {
        assert!(
            invalid.contains(part) && denied.contains(part),
            "{part} in {text}"
        );
    }
    assert!(
        !text.contains("secret") && !text.contains("Bearer"),
        "{text}"
    );
}

#[tokio::test]
async fn the_callers_trace_goes_on() {
    let gateway = Running::start().await;
    let caller = gateway.administrator().await;
    let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let mut request = caller.request(Note::default());
    request
        .metadata_mut()
        .insert("traceparent", trace.parse().unwrap());
    caller.send("Echo", request).await.unwrap();
    let sent = gateway.notes.calls()[0].headers["traceparent"].clone();
    assert_eq!(sent.to_str().unwrap()[..36], trace[..36]);
}

#[tokio::test]
async fn health_needs_no_token() {
    let gateway = Running::start().await;
    let caller = gateway.caller(None).await;
    let mut health = HealthClient::new(caller.channel.clone());
    let answer = health.check(HealthCheckRequest::default()).await.unwrap();
    assert_eq!(answer.into_inner().status, 1);
}

#[tokio::test]
async fn callers_ask_about_their_access() {
    let gateway = Running::start().await;
    let caller = gateway.somebody(&["reader"], 60).await;
    let mut access = AccessServiceClient::new(caller.channel.clone());

    let me = access
        .who_am_i(caller.request(WhoAmIRequest {}))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(
        (me.tenant, me.actor.as_str()),
        (format!("tenants/{TENANT}"), "employees/7")
    );
    assert_eq!(
        me.permissions,
        [
            "gateway.access.check",
            "gateway.access.get",
            "gateway.access.list",
            "test.notes.echo"
        ]
    );
    assert!(me.expire_time.is_some());

    let request = ListMethodRulesRequest {
        service: "test.v1".to_owned(),
        ..Default::default()
    };
    let rules = access
        .list_method_rules(caller.request(request))
        .await
        .unwrap()
        .into_inner();
    let names: Vec<&str> = rules
        .method_rules
        .iter()
        .map(|rule| rule.path.as_str())
        .collect();
    assert_eq!(names.len(), 8);
    assert_eq!(names[0], "/test.v1.Notes/Chat");

    for (method, allowed, asks_customer) in [
        ("Echo", true, false),
        ("Hidden", false, false),
        ("Send", false, true),
    ] {
        let request = CheckAccessRequest {
            name: format!("methodRules/test.v1.Notes.{method}"),
        };
        let access = access
            .check_access(caller.request(request))
            .await
            .unwrap()
            .into_inner();
        assert_eq!(
            (access.allowed, access.asks_customer),
            (allowed, asks_customer),
            "{method}"
        );
    }
    let anonymous = access.who_am_i(WhoAmIRequest {}).await.unwrap_err();
    assert_eq!(reason(&anonymous), "TOKEN_MISSING");
}

#[tokio::test]
async fn who_does_not_speak_grpc_is_told_so_in_http() {
    let gateway = Running::start().await;
    let mut raw = gateway.raw().await;
    for content_type in [None, Some("application/json"), Some("application/grpc-web")] {
        let mut headers = raw.headers();
        headers.remove("content-type");
        if let Some(content_type) = content_type {
            headers.insert("content-type", HeaderValue::from_static(content_type));
        }
        let (head, body, _) = raw
            .send("/test.v1.Notes/Echo", headers, b"{}".to_vec())
            .await;
        assert_eq!(head.status, 415, "{content_type:?}");
        assert!(String::from_utf8_lossy(&body).contains("grpcurl"));
    }
}

#[tokio::test]
async fn an_unknown_rpc_is_unimplemented() {
    let gateway = Running::start().await;
    let mut raw = gateway.raw().await;
    for path in [
        "/test.v1.Notes/Nothing",
        "/",
        "/grpc.reflection.v1.Nothing/Nothing",
        "/test.v1.Notes/Echo/",
    ] {
        let headers = raw.headers();
        let status = raw.status(path, headers, vec![0; 5]).await;
        assert_eq!(
            (status.code(), reason(&status).as_str()),
            (Code::Unimplemented, "METHOD_UNKNOWN"),
            "{path}"
        );
    }
}
