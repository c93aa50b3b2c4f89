use std::sync::Mutex;

use http::{HeaderMap, StatusCode};
use http_body_util::BodyExt as _;
use rapport_platform::identity::{Context, IdentityLayer, InternalVerifier};
use rapport_platform::key::SecretKey;
use rapport_platform::server::{DeadlineConfig, standard_layers};
use rapport_proto::rapport::customer::v1::consent_service_server::{
    ConsentService, ConsentServiceServer,
};
use tonic::service::Routes;

use super::*;

const TENANT: &str = "0190e5a4-0000-7000-8000-00000000000a";
const ONE_CLICK: &str = "List-Unsubscribe=One-Click";

/// A customer service that knows a few tokens and notes what it is asked.
#[derive(Clone, Default)]
struct Service(Arc<Mutex<Vec<String>>>);

type Answer<T> = Result<tonic::Response<T>, Status>;

impl Service {
    fn asked(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }

    /// Notes who asks for what, and answers for the token.
    fn note<T>(&self, request: &tonic::Request<T>, what: &str, token: &str) -> Result<(), Status> {
        let ctx = Context::of(request).unwrap();
        let (tenant, sealed) = token.split_once('.').unwrap();
        assert_eq!(ctx.tenant.to_string(), tenant);
        self.0
            .lock()
            .unwrap()
            .push(format!("{what} {sealed} by {}", ctx.actor.as_str()));
        match sealed {
            "good" => Ok(()),
            "stale" => Err(Status::failed_precondition("too late")),
            "down" => Err(Status::unavailable("down")),
            _ => Err(Status::invalid_argument("token")),
        }
    }

    fn description(&self, unsubscribed: bool) -> proto::UnsubscribeLinkDescription {
        proto::UnsubscribeLinkDescription {
            purpose: Purpose::Marketing.into(),
            topic_display_name: "<script>News</script>".to_owned(),
            unsubscribed,
        }
    }
}

#[tonic::async_trait]
impl ConsentService for Service {
    async fn describe_unsubscribe_link(
        &self,
        request: tonic::Request<proto::DescribeUnsubscribeLinkRequest>,
    ) -> Answer<proto::UnsubscribeLinkDescription> {
        self.note(&request, "describe", &request.get_ref().token)?;
        Ok(tonic::Response::new(self.description(false)))
    }

    async fn unsubscribe(
        &self,
        request: tonic::Request<proto::UnsubscribeRequest>,
    ) -> Answer<proto::UnsubscribeResponse> {
        self.note(&request, "unsubscribe", &request.get_ref().token)?;
        let description = Some(self.description(true));
        let answer = proto::UnsubscribeResponse { description };
        Ok(tonic::Response::new(answer))
    }

    async fn describe_opt_in(
        &self,
        request: tonic::Request<proto::DescribeOptInRequest>,
    ) -> Answer<proto::OptInDescription> {
        self.note(&request, "look at", &request.get_ref().token)?;
        let description = proto::OptInDescription {
            purpose: Purpose::Sales.into(),
            ..Default::default()
        };
        Ok(tonic::Response::new(description))
    }

    async fn confirm_opt_in(
        &self,
        request: tonic::Request<proto::ConfirmOptInRequest>,
    ) -> Answer<proto::ConsentEvent> {
        self.note(&request, "confirm", &request.get_ref().token)?;
        Ok(tonic::Response::new(proto::ConsentEvent::default()))
    }

    async fn record_consent(
        &self,
        _: tonic::Request<proto::RecordConsentRequest>,
    ) -> Answer<proto::ConsentEvent> {
        panic!("no page records a consent")
    }

    async fn list_consent_events(
        &self,
        _: tonic::Request<proto::ListConsentEventsRequest>,
    ) -> Answer<proto::ListConsentEventsResponse> {
        panic!("no page shows a ledger")
    }

    async fn get_consent_state(
        &self,
        _: tonic::Request<proto::GetConsentStateRequest>,
    ) -> Answer<proto::ConsentState> {
        panic!("no page shows a state")
    }

    async fn request_opt_in(
        &self,
        _: tonic::Request<proto::RequestOptInRequest>,
    ) -> Answer<proto::RequestOptInResponse> {
        panic!("no page asks for an opt-in")
    }

    async fn create_unsubscribe_link(
        &self,
        _: tonic::Request<proto::CreateUnsubscribeLinkRequest>,
    ) -> Answer<proto::UnsubscribeLink> {
        panic!("no page makes a link")
    }
}

/// An answer as a browser gets it.
struct Shown {
    status: StatusCode,
    headers: HeaderMap,
    body: String,
}

struct Visitor {
    pages: Pages,
    service: Service,
}

impl Visitor {
    fn new() -> Self {
        let key = SecretKey::generate();
        let (service, clock) = (Service::default(), Clock::system());
        let identity = IdentityLayer::new(InternalVerifier::new(&key), clock.clone());
        let routes = Routes::new(ConsentServiceServer::new(service.clone()));
        let routes = standard_layers(routes, DeadlineConfig::default(), identity);
        let pages = Pages::new((routes.into(), None), InternalSigner::new(&key), clock).unwrap();
        Self { pages, service }
    }

    async fn open(&self, method: Method, path: &str, body: &str) -> Shown {
        let request = Request::builder().method(method).uri(path);
        let request = request.body(Full::new(Bytes::from(body.to_owned())));
        let (parts, body) = self.pages.answer(request.unwrap()).await.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Shown {
            status: parts.status,
            headers: parts.headers,
            body: String::from_utf8(body.to_vec()).unwrap(),
        }
    }
}

fn unsubscribe(token: &str) -> String {
    format!("/u/{TENANT}.{token}")
}

fn confirm(token: &str) -> String {
    format!("/c/{TENANT}.{token}")
}

#[tokio::test]
async fn opening_the_link_asks_and_changes_nothing() {
    let visitor = Visitor::new();
    for method in [Method::GET, Method::HEAD] {
        let shown = visitor.open(method, &unsubscribe("good"), "").await;
        assert_eq!(shown.status, StatusCode::OK);
        assert!(shown.body.contains("<form method=\"post\">"));
        assert!(
            shown
                .body
                .contains("name=\"List-Unsubscribe\" value=\"One-Click\"")
        );
    }
    let asked = "describe good by systems/unsubscribe";
    assert_eq!(visitor.service.asked(), [asked, asked]);

    let shown = visitor.open(Method::GET, &confirm("good"), "").await;
    assert_eq!(shown.status, StatusCode::OK);
    let question = "Do you want to receive sales messages from us?";
    assert!(shown.body.contains(question));
    assert!(shown.body.contains("name=\"Confirm\" value=\"Opt-In\""));
    let asked = "look at good by systems/unsubscribe";
    assert_eq!(visitor.service.asked()[2], asked);
}

#[tokio::test]
async fn the_form_and_the_mail_program_unsubscribe() {
    let visitor = Visitor::new();
    let shown = visitor
        .open(Method::POST, &unsubscribe("good"), ONE_CLICK)
        .await;
    assert_eq!(shown.status, StatusCode::OK);
    assert!(shown.body.contains("You are unsubscribed"));
    assert!(!shown.body.contains("<form"));
    assert_eq!(
        visitor.service.asked(),
        ["unsubscribe good by systems/unsubscribe"]
    );

    let shown = visitor
        .open(Method::POST, &confirm("good"), "Confirm=Opt-In")
        .await;
    assert_eq!(shown.status, StatusCode::OK);
    assert_eq!(
        visitor.service.asked()[1],
        "confirm good by systems/unsubscribe"
    );
}

#[tokio::test]
async fn another_form_changes_nothing() {
    let visitor = Visitor::new();
    for (path, form) in [
        (unsubscribe("good"), ""),
        (unsubscribe("good"), "Confirm=Opt-In"),
        (confirm("good"), ONE_CLICK),
    ] {
        let shown = visitor.open(Method::POST, &path, form).await;
        assert_eq!(shown.status, StatusCode::BAD_REQUEST);
    }
    let shown = visitor.open(Method::DELETE, &unsubscribe("good"), "").await;
    assert_eq!(shown.status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(shown.headers["allow"], "GET, HEAD, POST");
    assert!(visitor.service.asked().is_empty());
}

#[tokio::test]
async fn bad_tokens_all_look_alike() {
    let visitor = Visitor::new();
    let bad = visitor.open(Method::GET, &unsubscribe("bad"), "").await;
    assert_eq!(bad.status, StatusCode::NOT_FOUND);
    for path in ["/", "/u/", "/u/x.y", "/nothing", "/u/%00"] {
        let shown = visitor.open(Method::GET, path, "").await;
        assert_eq!(
            (shown.status, &shown.body),
            (bad.status, &bad.body),
            "{path}"
        );
    }
    let other = visitor.open(Method::GET, &confirm("bad"), "").await;
    assert_eq!((other.status, &other.body), (bad.status, &bad.body));
    let posted = visitor
        .open(Method::POST, &unsubscribe("bad"), ONE_CLICK)
        .await;
    assert_eq!((posted.status, posted.body), (bad.status, bad.body));
}

#[tokio::test]
async fn what_cannot_be_done_is_said() {
    let visitor = Visitor::new();
    let status = async |path: &str, form: &str| {
        let shown = visitor.open(Method::POST, path, form).await;
        shown.status
    };
    assert_eq!(
        status(&confirm("stale"), "Confirm=Opt-In").await,
        StatusCode::GONE
    );
    assert_eq!(
        status(&unsubscribe("down"), ONE_CLICK).await,
        StatusCode::SERVICE_UNAVAILABLE
    );
}

#[tokio::test]
async fn a_page_holds_nothing_from_elsewhere_and_leaves_nothing_behind() {
    let visitor = Visitor::new();
    let shown = visitor.open(Method::GET, &unsubscribe("good"), "").await;
    assert!(
        shown.body.contains("&lt;script&gt;News&lt;"),
        "{}",
        shown.body
    );
    assert!(!shown.body.contains("<script"));
    assert!(
        !shown.body.contains(TENANT),
        "the token is in the address alone"
    );
    assert!(shown.body.contains("<html lang=\"en\">"));
    assert_eq!(shown.headers["content-type"], "text/html; charset=utf-8");
    assert_eq!(shown.headers["cache-control"], "no-store");
    assert_eq!(shown.headers["referrer-policy"], "no-referrer");
    assert_eq!(shown.headers["x-content-type-options"], "nosniff");
    let policy = shown.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"));
    assert!(policy.contains("form-action 'self'") && policy.contains("frame-ancestors 'none'"));
}
