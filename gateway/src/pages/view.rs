//! What customers see: one plain page for everything that can happen, without scripts and without
//! anything from elsewhere.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{
    ALLOW, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use http::{HeaderName, HeaderValue, Response, StatusCode};
use http_body_util::Full;
use minijinja::{Environment, Value, context};
use sha2::{Digest as _, Sha256};

use super::request::Kind;

const TEMPLATE: &str = include_str!("page.html");
/// The template's name; its ending turns escaping on.
const NAME: &str = "page.html";
const STYLE: &str = "body{font:1.125rem/1.5 system-ui,sans-serif;margin:0 auto;max-width:34rem;\
                     padding:2rem 1rem;color-scheme:light dark}button{font:inherit;\
                     padding:.6rem 1.2rem}";

const HTML: HeaderValue = HeaderValue::from_static("text/html; charset=utf-8");
/// What every answer carries besides the policy about its contents. The address of a page is a
/// secret of its reader: it is kept nowhere and told to nobody.
const HEADERS: [(HeaderName, HeaderValue); 5] = [
    (CACHE_CONTROL, HeaderValue::from_static("no-store")),
    (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    (
        HeaderName::from_static("x-robots-tag"),
        HeaderValue::from_static("noindex"),
    ),
];

/// What is to be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Page {
    /// Asks whether to unsubscribe from this.
    AskUnsubscribe(String),
    /// It is done, or was before.
    Unsubscribed(String),
    /// Asks whether to confirm an opt-in to this.
    AskConfirm(String),
    /// It is confirmed, or was before.
    Confirmed,
    /// The opt-in can no longer be confirmed.
    TooLate,
    /// Not one of our links, whyever.
    Unknown,
    /// The form was not the one that we show.
    BadForm,
    /// Neither asked nor answered in a way that we know.
    BadMethod,
    /// Nobody answers at the moment.
    Unavailable,
}

/// A form with nothing to fill in.
#[derive(Clone, Copy, Debug)]
struct Form {
    name: &'static str,
    value: &'static str,
    button: &'static str,
}

impl Form {
    fn to_value(self) -> Value {
        let Self {
            name,
            value,
            button,
        } = self;
        context! { name, value, button }
    }
}

/// Writes pages.
#[derive(Debug)]
pub(super) struct View {
    templates: Environment<'static>,
    content_policy: HeaderValue,
}

impl View {
    /// # Errors
    /// When the template is wrong, which a test rules out.
    pub(super) fn new() -> Result<Self, minijinja::Error> {
        let mut templates = Environment::new();
        templates.add_template(NAME, TEMPLATE)?;
        let style = STANDARD.encode(Sha256::digest(STYLE));
        let policy = format!(
            "default-src 'none'; style-src 'sha256-{style}'; form-action 'self'; \
             base-uri 'none'; frame-ancestors 'none'"
        );
        let content_policy =
            HeaderValue::try_from(policy).unwrap_or(HeaderValue::from_static("default-src 'none'"));
        Ok(Self {
            templates,
            content_policy,
        })
    }

    /// The answer that shows a page.
    pub(super) fn show(&self, page: &Page) -> Response<Full<Bytes>> {
        let (status, body) = match self.render(page) {
            Ok(html) => (page.status(), Bytes::from(html)),
            Err(error) => {
                tracing::error!(%error, "a page cannot be written");
                (StatusCode::INTERNAL_SERVER_ERROR, Bytes::new())
            }
        };
        let mut response = Response::new(Full::new(body));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.extend(HEADERS);
        headers.insert(CONTENT_TYPE, HTML);
        headers.insert(CONTENT_SECURITY_POLICY, self.content_policy.clone());
        if *page == Page::BadMethod {
            headers.insert(ALLOW, HeaderValue::from_static("GET, HEAD, POST"));
        }
        response
    }

    fn render(&self, page: &Page) -> Result<String, minijinja::Error> {
        let (title, lines, form) = page.words();
        let template = self.templates.get_template(NAME)?;
        let form = form.map(Form::to_value);
        template.render(context! { title, lines, form, style => STYLE })
    }
}

impl Page {
    const fn status(&self) -> StatusCode {
        match self {
            Self::AskUnsubscribe(_)
            | Self::Unsubscribed(_)
            | Self::AskConfirm(_)
            | Self::Confirmed => StatusCode::OK,
            Self::TooLate => StatusCode::GONE,
            Self::Unknown => StatusCode::NOT_FOUND,
            Self::BadForm => StatusCode::BAD_REQUEST,
            Self::BadMethod => StatusCode::METHOD_NOT_ALLOWED,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    fn words(&self) -> (&'static str, Vec<String>, Option<Form>) {
        let line = |text: &str| vec![text.to_owned()];
        match self {
            Self::AskUnsubscribe(what) => (
                "Unsubscribe",
                vec![format!("Do you want to receive no more {what}?")],
                Some(form(Kind::Unsubscribe, "Unsubscribe")),
            ),
            Self::Unsubscribed(what) => (
                "You are unsubscribed",
                vec![format!("You will receive no more {what}.")],
                None,
            ),
            Self::AskConfirm(what) => (
                "Confirm",
                vec![format!("Do you want to receive {what} from us?")],
                Some(form(Kind::Confirm, "Confirm")),
            ),
            Self::Confirmed => (
                "Thank you",
                line("You have confirmed that you want to hear from us."),
                None,
            ),
            Self::TooLate => (
                "This link no longer works",
                line("It was not used in time, or you unsubscribed since. Nothing was changed."),
                None,
            ),
            Self::Unknown => (
                "This link does not work",
                line("Please use the link exactly as it is in the message."),
                None,
            ),
            Self::BadForm | Self::BadMethod => (
                "This did not work",
                line("Please open the link in the message and use the button on the page."),
                None,
            ),
            Self::Unavailable => (
                "Please try again later",
                line("We cannot do this at the moment. Nothing was changed."),
                None,
            ),
        }
    }
}

const fn form(kind: Kind, button: &'static str) -> Form {
    let (name, value) = kind.field();
    Form {
        name,
        value,
        button,
    }
}
