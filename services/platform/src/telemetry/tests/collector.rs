//! A collector that keeps what it receives.

use opentelemetry_proto::tonic::collector::logs::v1::logs_service_server::{
    LogsService, LogsServiceServer,
};
use opentelemetry_proto::tonic::collector::logs::v1::{
    ExportLogsServiceRequest, ExportLogsServiceResponse,
};
use opentelemetry_proto::tonic::collector::metrics::v1::metrics_service_server::{
    MetricsService, MetricsServiceServer,
};
use opentelemetry_proto::tonic::collector::metrics::v1::{
    ExportMetricsServiceRequest, ExportMetricsServiceResponse,
};
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{
    TraceService, TraceServiceServer,
};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use opentelemetry_proto::tonic::trace::v1::Span;
use tokio::net::TcpListener;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status};

pub(super) struct Collector {
    pub(super) url: String,
    spans: UnboundedReceiver<Span>,
    logs: UnboundedReceiver<LogRecord>,
    metrics: UnboundedReceiver<String>,
}

impl Collector {
    pub(super) async fn span(&mut self) -> Span {
        self.spans.recv().await.unwrap()
    }

    pub(super) async fn log(&mut self) -> LogRecord {
        self.logs.recv().await.unwrap()
    }

    pub(super) async fn metric(&mut self) -> String {
        self.metrics.recv().await.unwrap()
    }
}

struct Spans(UnboundedSender<Span>);
struct Logs(UnboundedSender<LogRecord>);
struct Metrics(UnboundedSender<String>);

#[tonic::async_trait]
impl TraceService for Spans {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        let scopes = request
            .into_inner()
            .resource_spans
            .into_iter()
            .flat_map(|r| r.scope_spans);
        scopes
            .flat_map(|scope| scope.spans)
            .for_each(|span| self.0.send(span).unwrap());
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

#[tonic::async_trait]
impl LogsService for Logs {
    async fn export(
        &self,
        request: Request<ExportLogsServiceRequest>,
    ) -> Result<Response<ExportLogsServiceResponse>, Status> {
        let scopes = request
            .into_inner()
            .resource_logs
            .into_iter()
            .flat_map(|r| r.scope_logs);
        scopes
            .flat_map(|scope| scope.log_records)
            .for_each(|log| self.0.send(log).unwrap());
        Ok(Response::new(ExportLogsServiceResponse::default()))
    }
}

#[tonic::async_trait]
impl MetricsService for Metrics {
    async fn export(
        &self,
        request: Request<ExportMetricsServiceRequest>,
    ) -> Result<Response<ExportMetricsServiceResponse>, Status> {
        let scopes = request
            .into_inner()
            .resource_metrics
            .into_iter()
            .flat_map(|r| r.scope_metrics);
        let duration = scopes
            .flat_map(|scope| scope.metrics)
            .map(|metric| metric.name);
        duration
            .filter(|name| name.ends_with("duration"))
            .for_each(|name| self.0.send(name).unwrap());
        Ok(Response::new(ExportMetricsServiceResponse::default()))
    }
}

pub(super) async fn start() -> Collector {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (span_sender, spans) = unbounded_channel();
    let (log_sender, logs) = unbounded_channel();
    let (metric_sender, metrics) = unbounded_channel();
    tokio::spawn(
        Server::builder()
            .add_service(TraceServiceServer::new(Spans(span_sender)))
            .add_service(LogsServiceServer::new(Logs(log_sender)))
            .add_service(MetricsServiceServer::new(Metrics(metric_sender)))
            .serve_with_incoming(TcpIncoming::from(listener)),
    );
    Collector {
        url,
        spans,
        logs,
        metrics,
    }
}
