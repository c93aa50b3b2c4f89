//! The operators' HTTP server: `/metrics`, `/livez`, `/readyz`.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use prometheus::Registry;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};

use super::drain::Drain;
use super::readiness::{ReadinessCheck, failing};
use crate::telemetry::render;

/// Probes and scrapers are few; more than this is a mistake or an attack.
const MAX_CONNECTIONS: usize = 64;
const HEADER_TIMEOUT: Duration = Duration::from_secs(5);
/// Longest life of a connection; scrapers open a new one when they need it.
const CONNECTION_TIMEOUT: Duration = Duration::from_secs(120);

const PLAIN: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");
/// Prometheus' text format.
const METRICS: HeaderValue = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");

/// What the operators' server shows.
#[derive(Clone, Debug)]
pub struct Ops {
    registry: Registry,
    checks: Arc<[ReadinessCheck]>,
    drain: Drain,
}

impl Ops {
    /// Shows the metrics of `registry`, and ready while all `checks` hold and `drain` has
    /// not begun.
    pub fn new(registry: Registry, checks: Vec<ReadinessCheck>, drain: Drain) -> Self {
        Self {
            registry,
            checks: checks.into(),
            drain,
        }
    }

    /// Answers on `listener` until the drain aborts: operators want to watch it, too.
    pub async fn serve(self, listener: TcpListener) {
        let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
        loop {
            // The semaphore is never closed.
            let place = Arc::clone(&places).acquire_owned().await.ok();
            let accepted = tokio::select! {
                () = self.drain.aborted() => return,
                accepted = listener.accept() => accepted,
            };
            let Ok((stream, _)) = accepted else {
                sleep(Duration::from_millis(50)).await;
                continue;
            };
            let ops = self.clone();
            tokio::spawn(async move {
                // Peers that are slow or gone are of no interest.
                let _ = timeout(CONNECTION_TIMEOUT, ops.connection(stream)).await;
                drop(place);
            });
        }
    }

    async fn connection(self, stream: TcpStream) -> Result<(), hyper::Error> {
        let service = service_fn(|request: Request<Incoming>| {
            let ops = self.clone();
            async move { Ok::<_, Infallible>(ops.answer(request.method(), request.uri().path()).await) }
        });
        http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEADER_TIMEOUT)
            .serve_connection(TokioIo::new(stream), service)
            .await
    }

    async fn answer(&self, method: &Method, path: &str) -> Response<Full<Bytes>> {
        if !matches!(*method, Method::GET | Method::HEAD) {
            return answer(StatusCode::METHOD_NOT_ALLOWED, PLAIN, "GET only\n");
        }
        match path {
            // Answering is all there is to living: a check here would have us restarted
            // for the faults of others.
            "/livez" => answer(StatusCode::OK, PLAIN, "ok\n"),
            "/readyz" => self.readiness().await,
            "/metrics" => match render(&self.registry) {
                Ok(text) => answer(StatusCode::OK, METRICS, text),
                Err(error) => {
                    tracing::error!(%error, "metrics cannot be rendered");
                    answer(StatusCode::INTERNAL_SERVER_ERROR, PLAIN, "see the log\n")
                }
            },
            _ => answer(
                StatusCode::NOT_FOUND,
                PLAIN,
                "try /metrics, /livez or /readyz\n",
            ),
        }
    }

    async fn readiness(&self) -> Response<Full<Bytes>> {
        if self.drain.is_draining() {
            return answer(StatusCode::SERVICE_UNAVAILABLE, PLAIN, "draining\n");
        }
        let failing = failing(&self.checks).await;
        if failing.is_empty() {
            return answer(StatusCode::OK, PLAIN, "ok\n");
        }
        // Names only: this port is open to the cluster, causes are in the log.
        answer(
            StatusCode::SERVICE_UNAVAILABLE,
            PLAIN,
            failing.join("\n") + "\n",
        )
    }
}

fn answer(status: StatusCode, kind: HeaderValue, text: impl Into<Bytes>) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(text.into()));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}
