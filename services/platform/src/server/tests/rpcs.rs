//! Handlers behind the RPCs of the protos.

use futures::StreamExt as _;
use http::HeaderValue;
use http_body_util::{BodyExt as _, Full};
use prost::Message as _;
use rapport_proto::rapport::customer::v1 as customer;
use rapport_proto::rapport::customer::v1::delivery_queue_service_client::DeliveryQueueServiceClient;
use rapport_proto::rapport::gateway::v1 as proto;
use rapport_proto::rapport::gateway::v1::access_service_client::AccessServiceClient;
use tonic::body::Body;
use tonic::codec::CompressionEncoding;
use tower::ServiceExt as _;

use super::*;
use crate::error::PlatformError;
use crate::identity::Context as CallContext;
use crate::rpcs;
use crate::testing::{answer, context, link, reason, refused};

struct Desk;

impl Desk {
    async fn who(
        &self,
        ctx: CallContext,
        _: proto::WhoAmIRequest,
    ) -> Result<proto::WhoAmIResponse, PlatformError> {
        Ok(proto::WhoAmIResponse {
            actor: ctx.actor.to_string(),
            ..Default::default()
        })
    }

    async fn check(
        &self,
        _: CallContext,
        request: proto::CheckAccessRequest,
    ) -> Result<proto::CheckAccessResponse, PlatformError> {
        Err(PlatformError::NotFound(request.name))
    }

    async fn list(
        &self,
        _: CallContext,
        _: proto::ListMethodRulesRequest,
    ) -> Result<proto::ListMethodRulesResponse, PlatformError> {
        Ok(proto::ListMethodRulesResponse {
            next_page_token: "a".repeat(10_000),
            ..Default::default()
        })
    }
}

rpcs! {
    "rapport.gateway.v1.AccessService" for Desk {
        who_am_i(proto::WhoAmIRequest) -> proto::WhoAmIResponse = who;
        list_method_rules(proto::ListMethodRulesRequest)
            -> proto::ListMethodRulesResponse = list;
        check_access(proto::CheckAccessRequest) -> proto::CheckAccessResponse = check;
    }
}

/// Answers each step with a lease on nothing.
struct Queue;

impl Queue {
    async fn pull(
        &self,
        _: CallContext,
        steps: Messages<customer::PullRequest>,
    ) -> Result<Messages<customer::PullResponse>, PlatformError> {
        Ok(Box::pin(steps.map(|step| {
            step.map(|_| customer::PullResponse::default())
        })))
    }
}

rpcs! {
    "rapport.customer.v1.DeliveryQueueService" for Queue {
        pull(stream customer::PullRequest) -> stream customer::PullResponse = pull;
    }
}

fn served() -> Rpcs {
    Rpcs::default().serve(Desk).serve(Queue)
}

#[tokio::test]
async fn a_call_reaches_its_handler_on_behalf_of_its_caller() {
    let mut desk = AccessServiceClient::new(link(served(), &context()))
        .send_compressed(CompressionEncoding::Gzip);

    let me = answer(desk.who_am_i(proto::WhoAmIRequest::default()).await);
    assert_eq!(me.actor, context().actor.as_str());

    let request = proto::CheckAccessRequest {
        name: "methodRules/a.b".to_owned(),
    };
    let unknown = refused(desk.check_access(request).await);
    assert_eq!(
        (unknown.code(), reason(&unknown).as_str()),
        (Code::NotFound, "RESOURCE_NOT_FOUND")
    );
}

/// The first frame of the answer as it is sent: whether it is compressed, and its length.
async fn frame(rpc: &str, accepts: Option<&'static str>) -> (u8, usize) {
    let mut request = http::Request::post(format!("/rapport.gateway.v1.AccessService/{rpc}"))
        .header("content-type", "application/grpc")
        .body(Body::new(Full::from(vec![0; 5])))
        .unwrap();
    if let Some(encodings) = accepts {
        let encodings = HeaderValue::from_static(encodings);
        request
            .headers_mut()
            .insert("grpc-accept-encoding", encodings);
    }
    let answered = link(served(), &context()).oneshot(request).await.unwrap();
    let bytes = answered.into_body().collect().await.unwrap().to_bytes();
    (bytes[0], bytes.len())
}

#[tokio::test]
async fn long_answers_are_compressed_for_those_who_accept_it() {
    let (compressed, length) = frame("ListMethodRules", Some("identity,gzip")).await;
    assert_eq!(compressed, 1);
    assert!(length < 1_000, "{length}");
    for accepts in [None, Some("identity"), Some("snappy")] {
        let (compressed, length) = frame("ListMethodRules", accepts).await;
        assert_eq!(compressed, 0, "{accepts:?}");
        assert!(length > 10_000, "{length}");
    }
    assert_eq!(
        frame("WhoAmI", Some("gzip")).await.0,
        0,
        "too short to gain"
    );
}

#[tokio::test]
async fn streams_go_both_ways() {
    let mut queue = DeliveryQueueServiceClient::new(link(served(), &context()));
    let steps = futures::stream::iter(vec![customer::PullRequest::default(); 3]);

    let answers = answer(queue.pull(steps).await);

    assert_eq!(
        answers
            .filter(|it| std::future::ready(it.is_ok()))
            .count()
            .await,
        3
    );
}

#[tokio::test]
async fn nobody_gets_in_without_an_identity() {
    let mut desk = AccessServiceClient::new(ServiceLink::from(Routes::from(served())));

    let stranger = refused(desk.who_am_i(proto::WhoAmIRequest::default()).await);

    assert_eq!(stranger.code(), Code::Unauthenticated);
}

#[tokio::test]
async fn what_is_no_message_and_what_is_no_rpc_is_refused() {
    let call = async |path: &str, message: &[u8]| {
        let head = [
            &[0][..],
            &u32::try_from(message.len()).unwrap().to_be_bytes(),
        ]
        .concat();
        let mut request = Request::new(Body::new(http_body_util::Full::new(bytes::Bytes::from(
            [&head, message].concat(),
        ))));
        *request.uri_mut() = path.parse().unwrap();
        request.extensions_mut().insert(context());
        let answer = served().oneshot(request).await.unwrap();
        Status::from_header_map(answer.headers()).unwrap()
    };
    let name_is_a_number = [0x08, 0x01];
    let torn = proto::CheckAccessRequest {
        name: "x".repeat(20),
    }
    .encode_to_vec()[..9]
        .to_vec();
    for message in [&name_is_a_number[..], &torn] {
        let malformed = call("/rapport.gateway.v1.AccessService/CheckAccess", message).await;
        assert_eq!(
            (malformed.code(), reason(&malformed).as_str()),
            (Code::InvalidArgument, "MALFORMED_MESSAGE")
        );
    }
    let unknown = call("/rapport.gateway.v1.AccessService/WhoAreYou", b"").await;
    assert_eq!(unknown.code(), Code::Unimplemented);
}

mod forgetful {
    use super::*;

    struct Forgetful;

    impl Forgetful {
        async fn pull(
            &self,
            _: CallContext,
            _: customer::PullRequest,
        ) -> Result<customer::PullResponse, PlatformError> {
            Ok(customer::PullResponse::default())
        }
    }

    rpcs! {
        "rapport.customer.v1.DeliveryQueueService" for Forgetful {
            pull(customer::PullRequest) -> customer::PullResponse = pull;
        }
    }

    struct Idle;

    impl Serve for Idle {
        const SERVICE: &'static str = "rapport.customer.v1.DeliveryQueueService";

        fn list(_: &mut Methods<Self>) {}
    }

    #[test]
    #[should_panic(expected = "rapport.customer.v1.DeliveryQueueService has no such RPC: pull")]
    fn a_list_that_is_not_that_of_the_protos_stops_the_start() {
        let _ = Rpcs::default().serve(Forgetful);
    }

    #[test]
    #[should_panic(expected = "RPCs of rapport.customer.v1.DeliveryQueueService")]
    fn an_rpc_that_nobody_serves_stops_the_start() {
        let _ = Rpcs::default().serve(Idle);
    }
}
