//! Signed calls of webhooks (Standard Webhooks): one connection per message, to an address that
//! was looked at first, without redirects. Of the answer only the head is read.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http_body_util::Full;
use hyper::client::conn::http1;
use hyper::header::{CONTENT_TYPE, HOST, RETRY_AFTER, USER_AGENT};
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use rapport_platform::time::{Clock, Timestamp};
use serde::Serialize;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use super::Outbound;
use super::config::DeliveryConfig;
use super::dispatch::Outgoing;
use super::report::Report;
use super::worker::Connect;
use crate::domain::channel::{Channel, Purpose};
use crate::domain::contact_point::AddressKind;
use crate::domain::delivery::webhook::{PrivateHosts, WebhookSecret, WebhookUrl};
use crate::domain::delivery::{AttemptResult, Connector, FailureClass};
use crate::resource::{CUSTOMER, DELIVERY, INTERACTION};

/// The longest head of an answer, in bytes.
const MAX_HEAD: usize = 16 * 1024;

/// Calls webhooks.
pub(crate) struct WebhookConnector {
    tls: Option<TlsConnector>,
    private_hosts: Arc<PrivateHosts>,
    timeout: Duration,
    clock: Clock,
}

/// Why a call did not end with an answer.
enum Broken {
    /// Before anything of the message was written.
    Before(&'static str),
    /// After that: the message may have been taken.
    After(&'static str),
}

/// The message as the receiver reads it.
#[derive(Serialize)]
struct Body<'a> {
    r#type: &'static str,
    timestamp: String,
    data: Data<'a>,
}

#[derive(Serialize)]
struct Data<'a> {
    delivery: String,
    interaction: String,
    customer: String,
    channel: &'static str,
    purpose: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<Address<'a>>,
    subject: &'a str,
    text: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    html: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    attachments: Vec<Attached<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unsubscribe: Option<Unsubscribe<'a>>,
    attempt: i32,
    possible_duplicate: bool,
}

/// A document that goes with the message.
#[derive(Serialize)]
struct Attached<'a> {
    file_name: &'a str,
    media_type: &'a str,
    /// In base64.
    content: String,
}

/// How the reader of a marketing message unsubscribes. The receiver puts the link into the text, or
/// the values into the headers of an e-mail.
#[derive(Serialize)]
struct Unsubscribe<'a> {
    uri: &'a str,
    list_unsubscribe: &'a str,
    list_unsubscribe_post: &'a str,
}

#[derive(Serialize)]
struct Address<'a> {
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    extension: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    platform: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    postal: Option<&'a serde_json::Value>,
}

impl WebhookConnector {
    pub(crate) fn new(config: &DeliveryConfig, outbound: &Outbound, clock: &Clock) -> Self {
        Self {
            tls: tls(),
            private_hosts: outbound.private_hosts.clone(),
            timeout: config.webhook_timeout,
            clock: clock.clone(),
        }
    }

    /// The call that takes a message to its receiver.
    fn request(
        &self,
        outgoing: &Outgoing,
        url: &WebhookUrl,
        secret: &WebhookSecret,
    ) -> Option<Request<Full<Bytes>>> {
        let (id, now) = (outgoing.delivery.delivery_id.to_string(), self.clock.now());
        let body = serde_json::to_vec(&body(outgoing, now)?).ok()?;
        let seconds = now.as_micros().div_euclid(1_000_000);
        let target = &url.url()[url::Position::BeforePath..url::Position::AfterQuery];
        let host = &url.url()[url::Position::BeforeHost..url::Position::AfterPort];
        Request::builder()
            .method(Method::POST)
            .uri(target)
            .header(HOST, host)
            .header(CONTENT_TYPE, "application/json")
            .header(USER_AGENT, concat!("rapport/", env!("CARGO_PKG_VERSION")))
            .header("webhook-signature", secret.sign(&id, seconds, &body))
            .header("webhook-timestamp", seconds.to_string())
            .header("webhook-id", id)
            .body(Full::new(body.into()))
            .ok()
    }

    async fn call(
        &self,
        url: &WebhookUrl,
        request: Request<Full<Bytes>>,
    ) -> Result<Response<()>, Broken> {
        let stream = timeout(self.timeout, connect(url))
            .await
            .map_err(|_| Broken::Before("WEBHOOK_TIMEOUT"))??;
        if url.url().scheme() == "http" {
            return self.exchange(stream, request).await;
        }
        let unusable = || Broken::Before("WEBHOOK_TLS");
        let tls = self.tls.as_ref().ok_or_else(unusable)?;
        let name = ServerName::try_from(url.host().to_owned()).map_err(|_| unusable())?;
        let stream = timeout(self.timeout, tls.connect(name, stream))
            .await
            .map_err(|_| Broken::Before("WEBHOOK_TIMEOUT"))?
            .map_err(|_| unusable())?;
        self.exchange(stream, request).await
    }

    async fn exchange(
        &self,
        stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        request: Request<Full<Bytes>>,
    ) -> Result<Response<()>, Broken> {
        let (mut sender, connection) = http1::Builder::new()
            .max_buf_size(MAX_HEAD)
            .handshake(TokioIo::new(stream))
            .await
            .map_err(|_| Broken::Before("WEBHOOK_CONNECTION"))?;
        let answered = async {
            tokio::select! {
                answer = sender.send_request(request) => answer,
                // Ends only with the connection; then the request above fails next.
                _ = connection => std::future::pending().await,
            }
        };
        let answer = timeout(self.timeout, answered)
            .await
            .map_err(|_| Broken::After("WEBHOOK_TIMEOUT"))?
            .map_err(|_| Broken::After("WEBHOOK_CONNECTION"))?;
        // Whatever the body says, and however long it is: the connection ends here.
        Ok(answer.map(|_| ()))
    }

    fn report(&self, url: &WebhookUrl, id: String, answer: &Response<()>) -> Report {
        let status = answer.status();
        if status.is_success() {
            return Report::sent(id);
        }
        let class = FailureClass::status("WEBHOOK", status.as_u16());
        match status {
            StatusCode::GONE => Report {
                stopped_url: Some(url.url().as_str().to_owned()),
                ..Report::failed(AttemptResult::FailedPermanently, class)
            },
            // Also what HTTP calls the caller's fault: receivers are mended.
            _ => Report {
                retry_after: retry_after(answer, self.clock.now()),
                ..Report::failed(AttemptResult::FailedTemporarily, class)
            },
        }
    }
}

impl Connect for WebhookConnector {
    const CONNECTOR: Connector = Connector::Webhook;

    async fn deliver(&self, outgoing: &Outgoing) -> Report {
        let temporarily = |class| {
            let class = FailureClass::known(class);
            Report::failed(AttemptResult::FailedTemporarily, class)
        };
        let route = outgoing.route.as_ref();
        let url = route.and_then(|it| it.url.as_deref()).unwrap_or_default();
        let secret = route
            .and_then(|it| it.secret.as_deref())
            .unwrap_or_default();
        // Checked again: the operators may have taken a private host off their list.
        let Ok(url) = WebhookUrl::parse(url, &self.private_hosts) else {
            return temporarily("WEBHOOK_URL_NOT_ALLOWED");
        };
        let Ok(secret) = WebhookSecret::parse(secret) else {
            return temporarily("WEBHOOK_SECRET_UNUSABLE");
        };
        let Some(request) = self.request(outgoing, &url, &secret) else {
            return temporarily("WEBHOOK_URL_NOT_ALLOWED");
        };
        match self.call(&url, request).await {
            Ok(answer) => self.report(&url, outgoing.delivery.delivery_id.to_string(), &answer),
            Err(Broken::Before(class)) => temporarily(class),
            Err(Broken::After(class)) => {
                Report::failed(AttemptResult::Unknown, FailureClass::known(class))
            }
        }
    }
}

/// Trusts the authorities that browsers trust.
fn tls() -> Option<TlsConnector> {
    let roots = RootCertStore::from_iter(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    let provider = tokio_rustls::rustls::crypto::ring::default_provider();
    let config = ClientConfig::builder_with_provider(Arc::new(provider))
        .with_safe_default_protocol_versions()
        .ok()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Some(TlsConnector::from(Arc::new(config)))
}

/// Connects to one of the host's addresses that webhooks may go to. The address is looked up and
/// judged here, and used: a name that changes in between leads nowhere else.
async fn connect(url: &WebhookUrl) -> Result<TcpStream, Broken> {
    let addresses: Vec<SocketAddr> = match url.host().parse::<IpAddr>() {
        Ok(address) => vec![(address, url.port()).into()],
        Err(_) => lookup_host((url.host(), url.port()))
            .await
            .map_err(|_| Broken::Before("WEBHOOK_DNS"))?
            .collect(),
    };
    let allowed: Vec<_> = addresses
        .into_iter()
        .filter(|address| url.reach().allows(address.ip()))
        .collect();
    if allowed.is_empty() {
        return Err(Broken::Before("WEBHOOK_ADDRESS_NOT_ALLOWED"));
    }
    let stream = TcpStream::connect(allowed.as_slice()).await;
    stream.map_err(|_| Broken::Before("WEBHOOK_CONNECTION"))
}

/// How long the receiver asks us to wait, in seconds or as a date (RFC 9110, 10.2.3).
fn retry_after(answer: &Response<()>, now: Timestamp) -> Option<Duration> {
    let value = answer.headers().get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = value.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = jiff::fmt::rfc2822::parse(value).ok()?;
    Some(Timestamp::from(date.timestamp()).since(now))
}

fn body(outgoing: &Outgoing, now: Timestamp) -> Option<Body<'_>> {
    let (delivery, message) = (&outgoing.delivery, &outgoing.message);
    let address = outgoing.point.as_ref().map(|point| Address {
        kind: AddressKind::try_from(i32::from(point.kind)).map_or("", AddressKind::label),
        value: point.address.as_deref(),
        extension: point.extension.as_deref(),
        platform: point.platform.as_deref(),
        postal: point.postal.as_ref(),
    });
    let unsubscribe = outgoing.unsubscribe.as_ref().map(|link| Unsubscribe {
        uri: &link.uri,
        list_unsubscribe: &link.list_unsubscribe,
        list_unsubscribe_post: &link.list_unsubscribe_post,
    });
    let attachments = outgoing.attachments.iter().map(|it| Attached {
        file_name: &it.file_name,
        media_type: &it.media_type,
        content: STANDARD.encode(&it.content),
    });
    Some(Body {
        r#type: "message.delivery",
        timestamp: now.to_string(),
        data: Data {
            delivery: DELIVERY.format(&[delivery.delivery_id]),
            interaction: INTERACTION.format(&[delivery.customer_id, delivery.interaction_id]),
            customer: CUSTOMER.format(&[delivery.customer_id]),
            channel: Channel::try_from(i32::from(delivery.channel)).ok()?.label(),
            purpose: Purpose::try_from(i32::from(delivery.purpose)).ok()?.label(),
            address,
            subject: &message.summary,
            text: message.body.as_deref().unwrap_or_default(),
            html: delivery.html.as_deref(),
            attachments: attachments.collect(),
            unsubscribe,
            attempt: delivery.attempt_count,
            possible_duplicate: delivery.possible_duplicate,
        },
    })
}
