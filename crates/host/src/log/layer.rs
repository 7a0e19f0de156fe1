//! The bridge from `tracing` to the sinks.

use std::sync::Arc;

use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record as SpanValues};
use tracing::subscriber::Interest;
use tracing::{Event, Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

use super::record::{Fields, Record, SpanRecord};
use super::sink::Sinks;

/// Takes each event apart once and hands it to every sink that wants it.
pub(super) struct SinkLayer {
    sinks: Arc<Sinks>,
}

impl SinkLayer {
    pub(super) fn new(sinks: Arc<Sinks>) -> Self {
        Self { sinks }
    }
}

impl<S: Subscriber + for<'span> LookupSpan<'span>> Layer<S> for SinkLayer {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        // Filters are fixed when logging starts, so the answer for a place in the code never changes.
        if self.sinks.want(metadata) { Interest::always() } else { Interest::never() }
    }

    fn enabled(&self, metadata: &Metadata<'_>, _context: Context<'_, S>) -> bool {
        self.sinks.want(metadata)
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(self.sinks.finest_level())
    }

    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        if let Some(span) = context.span(id) {
            span.extensions_mut().insert(fields);
        }
    }

    fn on_record(&self, id: &Id, values: &SpanValues<'_>, context: Context<'_, S>) {
        // Formatted first: a field's own `Debug` must not run while the span is locked.
        let mut new = Fields::default();
        values.record(&mut new);
        if let Some(span) = context.span(id)
            && let Some(fields) = span.extensions_mut().get_mut::<Fields>()
        {
            fields.merge(new);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut spans = Vec::new();
        for span in context.event_scope(event).into_iter().flat_map(|scope| scope.from_root()) {
            let fields = span.extensions().get::<Fields>().cloned().unwrap_or_default();
            spans.push(SpanRecord { name: span.name(), fields });
        }
        self.sinks.write(&Record::new(event, spans));
    }
}
