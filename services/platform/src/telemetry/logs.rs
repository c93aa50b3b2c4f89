//! Logs: one JSON object per line for machines, readable text for people.

use std::fmt::Debug;
use std::io::Write;

use jiff::Timestamp;
use opentelemetry::Context as TraceContext;
use opentelemetry::trace::TraceContextExt;
use serde::ser::{SerializeMap, Serializer as _};
use serde_json::Value;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

/// Writes each event as one JSON object on a line of its own: time, level, target,
/// message, the trace's and span's id, the fields of the spans it happened in (`call_id`,
/// `rpc.method`, `tenant`, …) and its own.
pub(super) struct JsonLines<W> {
    writer: W,
}

impl<W> JsonLines<W> {
    pub(super) fn new(writer: W) -> Self {
        Self { writer }
    }
}

/// Fields in the order they came; a later value replaces an earlier one of the same name.
#[derive(Default)]
struct Fields(Vec<(&'static str, Value)>);

impl Fields {
    fn put(&mut self, name: &'static str, value: Value) {
        match self.0.iter_mut().find(|(known, _)| *known == name) {
            Some((_, old)) => *old = value,
            None => self.0.push((name, value)),
        }
    }

    fn take(&mut self, name: &str) -> Option<Value> {
        let at = self.0.iter().position(|(known, _)| *known == name)?;
        Some(self.0.remove(at).1)
    }
}

impl Visit for Fields {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field.name(), value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field.name(), value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field.name(), value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field.name(), value.into());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field.name(), value.into());
    }

    fn record_error(&mut self, field: &Field, error: &(dyn std::error::Error + 'static)) {
        let mut text = error.to_string();
        let mut cause = error.source();
        while let Some(error) = cause {
            text = format!("{text}: {error}");
            cause = error.source();
        }
        self.put(field.name(), text.into());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.put(field.name(), format!("{value:?}").into());
    }
}

impl<S, W> Layer<S> for JsonLines<W>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: for<'a> MakeWriter<'a> + 'static,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        if let Some(span) = context.span(id) {
            let mut fields = Fields::default();
            attributes.record(&mut fields);
            span.extensions_mut().replace(fields);
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        if let Some(span) = context.span(id)
            && let Some(fields) = span.extensions_mut().get_mut::<Fields>()
        {
            values.record(fields);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut fields = Fields::default();
        for span in context
            .event_scope(event)
            .into_iter()
            .flat_map(|scope| scope.from_root())
        {
            if let Some(inherited) = span.extensions().get::<Fields>() {
                // Fields with this prefix instruct the trace exporter and say nothing here.
                let said = inherited
                    .0
                    .iter()
                    .filter(|(name, _)| !name.starts_with("otel."));
                said.for_each(|(name, value)| fields.put(name, value.clone()));
            }
        }
        event.record(&mut fields);
        let mut line = Vec::with_capacity(512);
        if write_event(&mut line, event, fields).is_ok() {
            line.push(b'\n');
            // One write, so that lines of several threads never mix. Nobody can be told
            // when the log itself cannot be written.
            let _ = self
                .writer
                .make_writer_for(event.metadata())
                .write_all(&line);
        }
    }
}

fn write_event(
    line: &mut Vec<u8>,
    event: &Event<'_>,
    mut fields: Fields,
) -> serde_json::Result<()> {
    let message = fields.take("message");
    let mut object = serde_json::Serializer::new(line);
    let mut object = object.serialize_map(None)?;
    object.serialize_entry("time", &Timestamp::now())?;
    object.serialize_entry("level", event.metadata().level().as_str())?;
    object.serialize_entry("target", event.metadata().target())?;
    if let Some(message) = message {
        object.serialize_entry("message", &message)?;
    }
    if let Some((trace, span)) = current_ids() {
        object.serialize_entry("trace_id", &trace)?;
        object.serialize_entry("span_id", &span)?;
    }
    for (name, value) in &fields.0 {
        object.serialize_entry(name, value)?;
    }
    object.end()
}

fn current_ids() -> Option<(String, String)> {
    TraceContext::map_current(|context| {
        let span = context.span();
        let span = span.span_context();
        span.is_valid()
            .then(|| (span.trace_id().to_string(), span.span_id().to_string()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::testing::{self, Captured};

    fn lines(log: &Captured) -> Vec<Value> {
        log.text()
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    #[test]
    fn an_event_is_one_object_with_its_trace_and_the_fields_of_its_spans() {
        let log = Captured::default();
        let _telemetry = testing::install_logging_to(&log);
        let call = tracing::info_span!("rpc", call_id = 7, tenant = tracing::field::Empty);
        call.in_scope(|| {
            tracing::Span::current().record("tenant", "acme");
            tracing::info!(rows = 3, call_id = 8, "two\nlines");
            tracing::info!("next");
        });

        let lines = lines(&log);
        assert_eq!(lines.len(), 2);
        let first = lines[0].as_object().unwrap();
        assert_eq!(first["message"], "two\nlines");
        assert_eq!(first["level"], "INFO");
        assert_eq!(
            (&first["rows"], &first["tenant"]),
            (&3.into(), &"acme".into())
        );
        assert_eq!(first["call_id"], 8, "the event's own field wins");
        let line = log.text().lines().next().unwrap().to_owned();
        assert_eq!(
            line.matches("call_id").count(),
            1,
            "and is the only one: {line}"
        );
        assert_eq!(first["trace_id"].as_str().unwrap().len(), 32);
        assert_eq!(first["span_id"].as_str().unwrap().len(), 16);
        assert_eq!(lines[1]["trace_id"], first["trace_id"]);
        assert_eq!(lines[1]["call_id"], 7);
    }

    #[test]
    fn an_error_is_logged_with_its_causes() {
        #[derive(Debug, thiserror::Error)]
        #[error("outer")]
        struct Outer(#[source] std::fmt::Error);

        let log = Captured::default();
        let _telemetry = testing::install_logging_to(&log);
        let error = Outer(std::fmt::Error);
        tracing::error!(error = &error as &dyn std::error::Error, "failed");
        let said = lines(&log)[0]["error"].as_str().unwrap().to_owned();
        assert_eq!(said, format!("outer: {}", std::fmt::Error));
    }
}
