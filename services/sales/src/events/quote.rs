//! Facts about quotes. Each carries the quote as it is since then, with all its amounts.

use rapport_platform::outbox::NewEvent;
use rapport_proto::rapport::sales::v1 as proto;

/// Makes the event of a quote that has the version since.
pub(crate) type Tell = Box<dyn FnOnce(proto::Quote, i64) -> NewEvent + Send>;

facts! {
    /// A quote was made.
    created => QuoteCreated { quote: Quote };
    /// A quote has new content.
    revised => QuoteRevised { quote: Quote };
    /// Approval of a quote was asked for.
    submitted => QuoteSubmitted { quote: Quote };
    /// A customer took a quote.
    accepted => QuoteAccepted { quote: Quote };
    /// A customer refused a quote.
    rejected => QuoteRejected { quote: Quote };
    /// A quote's time is over.
    expired => QuoteExpired { quote: Quote };
    /// Another quote took the place of a quote.
    superseded => QuoteSuperseded { quote: Quote };
    /// Another level is asked.
    escalated => QuoteEscalated { quote: Quote };
}

/// Somebody decided about a quote.
pub(crate) fn decided(decision: proto::QuoteDecision) -> Tell {
    Box::new(|quote, version| {
        let name = quote.name.clone();
        let fact = proto::QuoteDecided {
            quote: Some(quote),
            decision: Some(decision),
        };
        NewEvent::new(name, version, &fact)
    })
}

/// A quote is to go out.
pub(crate) fn sent(contact_point: String, contact_permit: String) -> Tell {
    Box::new(|quote, version| {
        let name = quote.name.clone();
        let fact = proto::QuoteSent {
            quote: Some(quote),
            contact_point,
            contact_permit,
        };
        NewEvent::new(name, version, &fact)
    })
}

/// Quotes have another customer, by `cause`.
pub(crate) fn reassigned(cause: &str, version: i64, fact: &proto::QuotesReassigned) -> NewEvent {
    NewEvent::new(cause, version, fact)
}
