//! The pages that customers open from a message, to unsubscribe and to confirm an opt-in, and the
//! calendars that sellers' programs read.
//!
//! Opening a page changes nothing, because programs that look for dangerous mail open every link;
//! only its form does, or the same form sent by a mail program by itself (RFC 8058). Whoever has
//! the link needs no account: its token, which the customer service alone can read, is the
//! authority.

mod feed;
mod request;
mod view;

#[cfg(test)]
mod tests;

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::future::BoxFuture;
use http::{Method, Request, Response};
use http_body::Body;
use http_body_util::Full;
use rapport_platform::grpc_client;
use rapport_platform::id::new_id;
use rapport_platform::identity::{
    Actor, CALL_ID_HEADER, IDENTITY_HEADER, InternalSigner, TenantId,
};
use rapport_platform::server::ServiceLink;
use rapport_platform::time::Clock;
use rapport_proto::rapport::customer::v1 as proto;
use rapport_proto::rapport::customer::v1::consent_service_client::ConsentServiceClient;
use rapport_proto::rapport::sales::v1::ReadCalendarFeedRequest;
use rapport_proto::rapport::sales::v1::calendar_feed_service_client::CalendarFeedServiceClient;
use rapport_proto::rapport::r#type::v1::Purpose;
use tonic::codegen::StdError;
use tonic::{Code, Status};

use crate::error::GatewayError;
use feed::Feed;
use request::{Kind, Link, is_form};
use view::{Page, View};

/// Who unsubscribes and confirms on the customers' behalf.
const ACTOR: &str = "systems/unsubscribe";
/// Who reads calendars on behalf of their owners' programs.
const READER: &str = "systems/calendar-feed";
/// How long a service may take to answer.
const DEADLINE: Duration = Duration::from_secs(10);

/// Answers requests for pages. Clones share everything.
#[derive(Clone)]
pub struct Pages(Arc<Parts>);

struct Parts {
    link: ServiceLink,
    sales: Option<ServiceLink>,
    signer: InternalSigner,
    actor: Actor,
    reader: Actor,
    clock: Clock,
    view: View,
}

impl Pages {
    pub(crate) fn new(
        (link, sales): (ServiceLink, Option<ServiceLink>),
        signer: InternalSigner,
        clock: Clock,
    ) -> Result<Self, GatewayError> {
        let broken = |error: String| GatewayError::Pages(error);
        let actor = |name| Actor::parse(name).map_err(|error| broken(error.to_string()));
        let parts = Parts {
            link,
            sales,
            signer,
            actor: actor(ACTOR)?,
            reader: actor(READER)?,
            clock,
            view: View::new().map_err(|error| broken(error.to_string()))?,
        };
        Ok(Self(Arc::new(parts)))
    }

    /// Answers one request.
    pub async fn answer<B>(&self, request: Request<B>) -> Response<Full<Bytes>>
    where
        B: Body<Data = Bytes>,
        B::Error: Into<StdError>,
    {
        let page = match Feed::parse(request.uri().path()) {
            Some(feed) => match self.0.calendar(&feed, request.method()).await {
                Ok(content) => return feed::show(content, request.headers()),
                Err(page) => page,
            },
            None => self.0.page(request).await,
        };
        self.0.view.show(&page)
    }
}

impl<B> hyper::service::Service<Request<B>> for Pages
where
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<StdError>,
{
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Self::Response, Infallible>>;

    fn call(&self, request: Request<B>) -> Self::Future {
        let pages = self.clone();
        Box::pin(async move { Ok(pages.answer(request).await) })
    }
}

impl std::fmt::Debug for Pages {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Pages")
    }
}

impl Parts {
    async fn page<B>(&self, request: Request<B>) -> Page
    where
        B: Body<Data = Bytes>,
        B::Error: Into<StdError>,
    {
        let Some(link) = Link::parse(request.uri().path()) else {
            return Page::Unknown;
        };
        let kind = link.kind;
        let (head, body) = request.into_parts();
        let page = match head.method {
            Method::GET | Method::HEAD => self.ask(link).await,
            Method::POST if is_form(kind, body).await => self.act(link).await,
            Method::POST => Ok(Page::BadForm),
            _ => Ok(Page::BadMethod),
        };
        page.unwrap_or_else(|status| not_done(kind.label(), &status))
    }

    /// The calendar at an address; otherwise what is shown instead.
    async fn calendar(&self, feed: &Feed, method: &Method) -> Result<String, Page> {
        if !matches!(*method, Method::GET | Method::HEAD) {
            return Err(Page::BadMethod);
        }
        let sales = self.sales.clone().ok_or(Page::Unknown)?;
        let token = feed.token.clone();
        let as_whom = (feed.tenant, &self.reader);
        let request = self.request(as_whom, ReadCalendarFeedRequest { token });
        let request = request.map_err(|_| Page::Unavailable)?;
        let mut client = grpc_client!(CalendarFeedServiceClient, sales);
        let answer = client.read_calendar_feed(request).await;
        let answer = answer.map_err(|status| not_done("calendar", &status))?;
        Ok(answer.into_inner().content)
    }

    /// What a link would do.
    async fn ask(&self, link: Link) -> Result<Page, Status> {
        let mut client = grpc_client!(ConsentServiceClient, self.link.clone());
        let token = link.token.clone();
        match link.kind {
            Kind::Unsubscribe => {
                let question = proto::DescribeUnsubscribeLinkRequest { token };
                let request = self.request((link.tenant, &self.actor), question)?;
                let answer = client.describe_unsubscribe_link(request).await?;
                let description = answer.into_inner();
                let what = what(description.purpose(), &description.topic_display_name);
                Ok(match description.unsubscribed {
                    true => Page::Unsubscribed(what),
                    false => Page::AskUnsubscribe(what),
                })
            }
            Kind::Confirm => {
                let question = proto::DescribeOptInRequest { token };
                let request = self.request((link.tenant, &self.actor), question)?;
                let description = client.describe_opt_in(request).await?.into_inner();
                let what = what(description.purpose(), &description.topic_display_name);
                Ok(match description.confirmed {
                    true => Page::Confirmed,
                    false => Page::AskConfirm(what),
                })
            }
        }
    }

    /// Does it.
    async fn act(&self, link: Link) -> Result<Page, Status> {
        let mut client = grpc_client!(ConsentServiceClient, self.link.clone());
        let token = link.token.clone();
        match link.kind {
            Kind::Unsubscribe => {
                let request = self.request(
                    (link.tenant, &self.actor),
                    proto::UnsubscribeRequest { token },
                )?;
                let answer = client.unsubscribe(request).await?.into_inner();
                let description = answer.description.unwrap_or_default();
                let topic = &description.topic_display_name;
                Ok(Page::Unsubscribed(what(description.purpose(), topic)))
            }
            Kind::Confirm => {
                let request = self.request(
                    (link.tenant, &self.actor),
                    proto::ConfirmOptInRequest { token },
                )?;
                client.confirm_opt_in(request).await?;
                Ok(Page::Confirmed)
            }
        }
    }

    fn request<T>(
        &self,
        (tenant, actor): (TenantId, &Actor),
        message: T,
    ) -> Result<tonic::Request<T>, Status> {
        let fault = |error: &dyn std::fmt::Display| {
            tracing::error!(%error, "an internal identity cannot be made");
            Status::internal("an internal identity cannot be made")
        };
        let identity = self
            .signer
            .sign(tenant, actor, self.clock.now())
            .map_err(|error| fault(&error))?;
        let call_id = new_id().to_string();
        let call_id = call_id.parse().map_err(|error| fault(&error))?;
        let mut request = tonic::Request::new(message);
        request.set_timeout(DEADLINE);
        request.metadata_mut().insert(CALL_ID_HEADER, call_id);
        request
            .metadata_mut()
            .as_mut()
            .insert(IDENTITY_HEADER, identity);
        Ok(request)
    }
}

/// What was not done, and why, without a word about the token: neither to the reader nor to the
/// log.
fn not_done(page: &'static str, status: &Status) -> Page {
    match status.code() {
        Code::InvalidArgument | Code::NotFound => Page::Unknown,
        Code::FailedPrecondition => Page::TooLate,
        code => {
            tracing::warn!(?code, page, "a page cannot be answered");
            Page::Unavailable
        }
    }
}

/// What a customer gets or no longer gets, in words.
fn what(purpose: Purpose, topic: &str) -> String {
    if !topic.is_empty() {
        return format!("messages about “{topic}”");
    }
    match purpose {
        Purpose::Marketing => "marketing messages",
        Purpose::Sales => "sales messages",
        Purpose::Service => "messages about our service",
        _ => "messages",
    }
    .to_owned()
}
