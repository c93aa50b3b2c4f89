use tonic::transport::Endpoint;

use super::*;
use crate::grpc_client;
use crate::identity::{Actor, Context as CallContext, IDENTITY_HEADER, InternalSigner};
use crate::identity::{IdentityLayer, InternalVerifier, TenantId};
use crate::key::SecretKey;
use crate::telemetry::TRACE_PARENT;
use crate::telemetry::testing::{self, Captured};
use crate::time::{Clock, Timestamp};

/// Routes behind the standard layers, and a request that passes them.
fn layered(key: &SecretKey, routes: Routes) -> Routes {
    let (clock, _) = Clock::manual(Timestamp::EPOCH);
    let identity = IdentityLayer::new(InternalVerifier::new(key), clock);
    standard_layers(routes, DeadlineConfig::default(), identity)
}

fn identified(key: &SecretKey) -> Request<Body> {
    let actor = Actor::parse("systems/dialler").unwrap();
    let token = InternalSigner::new(key).sign(TenantId::EMBEDDED, &actor, Timestamp::EPOCH);
    let mut request = request(CALL);
    request
        .headers_mut()
        .insert(IDENTITY_HEADER, token.unwrap());
    request
}

#[tokio::test]
async fn a_service_in_the_same_process_is_called_through_its_layers() {
    let key = SecretKey::generate();
    let routes = layered(
        &key,
        work(async |request| {
            let context = request.extensions().get::<CallContext>().unwrap();
            assert_eq!(context.actor.as_str(), "systems/dialler");
            assert!(Deadline::of(request.extensions()).is_some());
            ok()
        }),
    );
    let link = ServiceLink::from(routes);

    assert_eq!(call(&link, request(CALL)).await, Ok(Code::Unauthenticated));
    assert_eq!(call(&link, identified(&key)).await, Ok(Code::Ok));
}

#[tokio::test]
async fn an_unknown_method_is_unimplemented_and_a_panic_internal() {
    let key = SecretKey::generate();
    let link = ServiceLink::from(layered(&key, work(async |_| panic!("a fault"))));

    let mut unknown = identified(&key);
    *unknown.uri_mut() = "/test.Nothing/Do".parse().unwrap();
    assert_eq!(call(&link, unknown).await, Ok(Code::Unimplemented));
    assert_eq!(call(&link, identified(&key)).await, Ok(Code::Internal));
}

#[tokio::test]
async fn a_failed_call_is_logged_with_its_tenant() {
    let log = Captured::default();
    let _telemetry = testing::install_logging_to(&log);
    let key = SecretKey::generate();
    let failing = work(async |_| Status::not_found("").into_http());
    call(&ServiceLink::from(layered(&key, failing)), identified(&key))
        .await
        .unwrap();
    let line: serde_json::Value = serde_json::from_str(&log.text()).unwrap();
    assert_eq!(line["tenant"], TenantId::EMBEDDED.to_string());
}

#[tokio::test]
async fn infrastructure_beside_layered_routes_needs_no_identity() {
    let routes = layered(&SecretKey::generate(), work(async |_| ok()));
    let health = Health::start([], &[], Drain::new(DrainConfig::default())).await;
    let link = ServiceLink::from(health.add_to(routes));
    let mut client = tonic_health::pb::health_client::HealthClient::new(link);
    client
        .check(tonic_health::pb::HealthCheckRequest::default())
        .await
        .unwrap();
}

/// Answers OK to a call that arrives with the trace and less time than its caller had.
fn inner(trace: &'static str) -> Routes {
    work(move |request| async move {
        let headers = request.headers();
        let arrived = headers[TRACE_PARENT].to_str().unwrap();
        let timeout = parse_timeout(headers[TIMEOUT_HEADER].as_bytes()).unwrap();
        let shrunk = timeout < Duration::from_secs(10) && timeout > Duration::from_secs(5);
        if arrived[..36] == *trace && shrunk {
            ok()
        } else {
            Status::data_loss("").into_http()
        }
    })
}

#[tokio::test]
async fn calls_made_for_a_call_carry_its_trace_and_what_is_left_of_its_time() {
    const TRACE: &str = "00-0af7651916cd43dd8448eb211c80319c-";
    let _telemetry = testing::install();
    let key = SecretKey::generate();
    let server = Running::start(inner(TRACE)).await;
    for next in [ServiceLink::from(inner(TRACE)), server.link()] {
        let outer = layered(
            &key,
            work(move |_| {
                let next = next.clone();
                async move { Status::new(call(&next, request(CALL)).await.unwrap(), "").into_http() }
            }),
        );
        let mut request = identified(&key);
        let caller = format!("{TRACE}b7ad6b7169203331-01");
        request
            .headers_mut()
            .insert(TRACE_PARENT, caller.parse().unwrap());
        request
            .headers_mut()
            .insert(TIMEOUT_HEADER, "10S".parse().unwrap());
        assert_eq!(call(&ServiceLink::from(outer), request).await, Ok(Code::Ok));
    }
}

#[tokio::test]
async fn a_remote_service_may_come_up_after_its_callers() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let link = ServiceLink::remote(&RemoteConfig::new(format!("http://{address}"))).unwrap();
    assert!(call(&link, request(CALL)).await.is_err());

    let listener = TcpListener::bind(address).await.unwrap();
    let service = front_end(work(async |_| ok()), &Admission::new(1));
    let drain = Drain::new(DrainConfig::default());
    tokio::spawn(
        async move { serve(listener, service, &ConnectionLimits::default(), drain).await },
    );
    assert_eq!(call(&link, request(CALL)).await, Ok(Code::Ok));
}

#[tokio::test]
async fn a_generated_client_takes_a_link_or_a_channel_made_into_one() {
    use tonic_health::pb::HealthCheckRequest;
    use tonic_health::pb::health_client::HealthClient;

    let health = Health::start([], &[], Drain::new(DrainConfig::default())).await;
    let server = Running::start(health.add_to(Routes::default())).await;
    let endpoint = Endpoint::from_shared(format!("http://{}", server.address)).unwrap();
    for link in [server.link(), endpoint.connect_lazy().into()] {
        let mut client = grpc_client!(HealthClient, link);
        client.check(HealthCheckRequest::default()).await.unwrap();
    }
}

#[tokio::test]
async fn what_is_no_url_is_named() {
    let error = ServiceLink::remote(&RemoteConfig::new("not a url")).unwrap_err();
    assert!(error.to_string().contains("not a url"));
}
