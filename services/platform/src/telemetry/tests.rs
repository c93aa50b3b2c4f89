//! Whole calls through the layer, and what operators see of them.

use std::convert::Infallible;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::BodyExt as _;
use tonic::body::Body;
use tonic::{Code, Status};
use tower::{Layer as _, ServiceExt as _, service_fn};

use super::testing::{self, Captured, Installed};
use super::*;
use crate::identity::CALL_ID_HEADER;
use crate::problem::Problem;

mod collector;

const CHECK: &str = "/grpc.health.v1.Health/Check";
const CALLER: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

/// Sends one request for `path` through the layer to a service that answers with `answer`.
async fn call(
    telemetry: &Installed,
    request: Request<Body>,
    answer: impl Fn() -> Response<Body> + Send + 'static,
) -> Response<TracedBody<Body>> {
    let service = service_fn(move |_: Request<Body>| {
        let answer = answer();
        async move { Ok::<_, Infallible>(answer) }
    });
    TraceLayer::measuring(telemetry.metrics())
        .layer(service)
        .oneshot(request)
        .await
        .unwrap()
}

fn request(path: &str) -> Request<Body> {
    Request::post(path).body(Body::empty()).unwrap()
}

/// A streamed answer whose status comes in the trailers.
fn streamed(code: Code) -> Response<Body> {
    let mut trailers = http::HeaderMap::new();
    Status::new(code, "").add_header(&mut trailers).unwrap();
    let body = http_body_util::Full::new(Bytes::from_static(b"message"))
        .with_trailers(async move { Some(Ok(trailers)) });
    Response::new(Body::new(body))
}

fn refused(problem: Problem) -> Response<Body> {
    problem.into_status(uuid::Uuid::nil()).into_http()
}

#[tokio::test]
async fn a_call_is_counted_by_method_and_the_status_in_its_trailers() {
    let telemetry = testing::install();
    for code in [Code::Ok, Code::Ok, Code::NotFound] {
        let answer = call(&telemetry, request(CHECK), move || streamed(code)).await;
        answer.into_body().collect().await.unwrap();
    }

    let metrics = telemetry.rendered();
    let count = |code: &str| {
        let line = metrics.lines().find(|line| {
            line.starts_with("rpc_server_call_duration_seconds_count")
                && line.contains("rpc_service=\"grpc.health.v1.Health\"")
                && line.contains("rpc_method=\"Check\"")
                && line.contains(&format!("status_code=\"{code}\""))
        });
        line.and_then(|line| line.rsplit(' ').next())
            .map(str::to_owned)
    };
    assert_eq!(count("OK").as_deref(), Some("2"), "{metrics}");
    assert_eq!(count("NOT_FOUND").as_deref(), Some("1"), "{metrics}");
    assert!(metrics.contains("rpc_server_open_calls 0"), "{metrics}");
}

#[tokio::test]
async fn a_call_whose_answer_nobody_reads_was_cancelled() {
    let telemetry = testing::install();
    drop(call(&telemetry, request(CHECK), || streamed(Code::Ok)).await);
    assert!(telemetry.rendered().contains("status_code=\"CANCELLED\""));
}

#[tokio::test]
async fn unknown_methods_are_counted_together() {
    let telemetry = testing::install();
    for path in ["/made.up/A", "/made.up/B", "nonsense"] {
        let refused = || Status::unimplemented("").into_http();
        call(&telemetry, request(path), refused).await;
    }
    let metrics = telemetry.rendered();
    assert!(
        metrics.contains("rpc_method=\"_OTHER\"") && !metrics.contains("made.up"),
        "{metrics}"
    );
}

#[tokio::test]
async fn a_failed_call_is_one_log_line_with_its_reason_and_level() {
    for (problem, level, reason) in [
        (
            Problem::not_found("customers/1"),
            "INFO",
            "RESOURCE_NOT_FOUND",
        ),
        (Problem::unavailable(), "WARN", "UNAVAILABLE"),
        (Problem::internal(), "ERROR", "INTERNAL"),
    ] {
        let log = Captured::default();
        let telemetry = testing::install_logging_to(&log);
        call(&telemetry, request(CHECK), move || refused(problem.clone())).await;

        let text = log.text();
        assert_eq!(text.lines().count(), 1, "{text}");
        let line: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(
            (&line["level"], &line["reason"]),
            (&level.into(), &reason.into())
        );
        assert_eq!(line["rpc.method"], "Check");
        assert!(line["call_id"].is_string() && line["trace_id"].is_string());
    }
}

#[tokio::test]
async fn a_line_names_its_call_however_few_lines_are_wanted() {
    let log = Captured::default();
    let quiet = LogConfig {
        filter: "error".into(),
        format: LogFormat::Json,
    };
    let config = TelemetryConfig {
        log: quiet,
        ..TelemetryConfig::default()
    };
    let telemetry = testing::install_with(&config, &log);
    for problem in [Problem::not_found("customers/1"), Problem::internal()] {
        call(&telemetry, request(CHECK), move || refused(problem.clone())).await;
    }

    let line: serde_json::Value = serde_json::from_str(&log.text()).unwrap();
    assert_eq!(line["status"], "INTERNAL");
    assert!(line["call_id"].is_string());
}

#[tokio::test]
async fn a_call_that_succeeds_logs_nothing() {
    let log = Captured::default();
    let telemetry = testing::install_logging_to(&log);
    let answer = call(&telemetry, request(CHECK), || streamed(Code::Ok)).await;
    answer.into_body().collect().await.unwrap();
    assert_eq!(log.text(), "");
}

#[tokio::test]
async fn the_callers_id_comes_back_and_a_malformed_one_is_replaced() {
    let telemetry = testing::install();
    let given = uuid::Uuid::from_u128(7).to_string();
    for (sent, kept) in [
        (Some(given.as_str()), true),
        (Some("<script>"), false),
        (None, false),
    ] {
        let mut request = request(CHECK);
        if let Some(sent) = sent {
            request
                .headers_mut()
                .insert(CALL_ID_HEADER, sent.parse().unwrap());
        }
        let answer = call(&telemetry, request, || streamed(Code::Ok)).await;
        let returned = answer.headers()[CALL_ID_HEADER].to_str().unwrap();
        assert!(uuid::Uuid::try_parse(returned).is_ok());
        assert_eq!(Some(returned) == sent, kept);
    }
}

#[tokio::test]
async fn the_handler_sees_this_call_as_the_parent_of_what_it_does() {
    let telemetry = testing::install();
    let service = service_fn(async |request: Request<Body>| {
        let mut answer = Response::new(Body::empty());
        let trace_parent = request.headers()[TRACE_PARENT].clone();
        assert_eq!(
            trace_parent.to_str().ok(),
            current_trace_parent().as_deref()
        );
        answer.headers_mut().insert(TRACE_PARENT, trace_parent);
        Ok::<_, Infallible>(answer)
    });
    let mut request = request(CHECK);
    request
        .headers_mut()
        .insert(TRACE_PARENT, CALLER.parse().unwrap());
    let layer = TraceLayer::measuring(telemetry.metrics());
    let answer = layer.layer(service).oneshot(request).await.unwrap();

    let seen = answer.headers()[TRACE_PARENT].to_str().unwrap();
    assert_eq!(seen[..36], CALLER[..36]);
    assert_ne!(seen, CALLER);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_collector_receives_the_span_the_log_and_the_metric_of_a_call() {
    let mut collector = collector::start().await;
    let otlp = OtlpConfig {
        endpoint: Some(collector.url.clone()),
        ..OtlpConfig::default()
    };
    let config = TelemetryConfig {
        otlp,
        ..TelemetryConfig::default()
    };
    let telemetry = testing::install_with(&config, &Captured::default());

    let mut request = request(CHECK);
    request
        .headers_mut()
        .insert(TRACE_PARENT, CALLER.parse().unwrap());
    call(&telemetry, request, || {
        refused(Problem::not_found("customers/1"))
    })
    .await;
    drop(telemetry);

    let span = collector.span().await;
    assert_eq!(hex(&span.trace_id), "0af7651916cd43dd8448eb211c80319c");
    assert_eq!(hex(&span.parent_span_id), "b7ad6b7169203331");
    assert_eq!(span.name, "grpc.health.v1.Health/Check");
    let log = collector.log().await;
    assert_eq!(log.trace_id, span.trace_id);
    assert_eq!(collector.metric().await, "rpc.server.call.duration");
}

#[tokio::test]
async fn a_collector_that_is_away_does_not_keep_the_process_from_ending() {
    let otlp = OtlpConfig {
        endpoint: Some("http://127.0.0.1:9".into()),
        ..OtlpConfig::default()
    };
    let config = TelemetryConfig {
        otlp,
        ..TelemetryConfig::default()
    };
    let (_, telemetry) = pipeline(&config, std::io::sink).unwrap();
    let begun = std::time::Instant::now();
    telemetry.shutdown().await;
    assert!(begun.elapsed() < FLUSH_TIMEOUT + Duration::from_secs(1));
}

#[test]
fn a_collector_over_tls_is_refused_at_start_and_not_in_silence() {
    for endpoint in ["https://collector.example:4317", "collector:4317", ""] {
        let otlp = OtlpConfig {
            endpoint: Some(endpoint.into()),
            ..OtlpConfig::default()
        };
        let config = TelemetryConfig {
            otlp,
            ..TelemetryConfig::default()
        };
        let error = pipeline(&config, std::io::sink).err().unwrap().to_string();
        assert!(
            error.contains("`telemetry.otlp.endpoint` must begin"),
            "{error}"
        );
        assert!(error.contains("over TLS"), "{error}");
    }
}

#[test]
fn a_filter_that_is_none_is_an_error_that_names_the_setting() {
    let log = LogConfig {
        filter: "info,=".into(),
        ..LogConfig::default()
    };
    let config = TelemetryConfig {
        log,
        ..TelemetryConfig::default()
    };
    let error = pipeline(&config, std::io::sink).err().unwrap();
    assert!(error.to_string().contains("log.filter"));
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
