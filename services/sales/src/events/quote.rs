//! Facts about quotes. Each carries the quote as it is since then, with all its amounts.

use rapport_platform::outbox::NewEvent;
use rapport_proto::rapport::sales::v1 as proto;

/// Makes the event of a quote that has the version since.
pub(crate) type Tell = Box<dyn FnOnce(proto::Quote, i64) -> NewEvent + Send>;

macro_rules! facts {
    ($($(#[$meta:meta])* $function:ident => $fact:ident;)+) => {
        $(
            $(#[$meta])*
            pub(crate) fn $function() -> Tell {
                Box::new(|quote, version| {
                    let name = quote.name.clone();
                    NewEvent::new(name, version, &proto::$fact { quote: Some(quote) })
                })
            }
        )+
    };
}

facts! {
    /// A quote was made.
    created => QuoteCreated;
    /// A quote has new content.
    revised => QuoteRevised;
    /// Approval of a quote was asked for.
    submitted => QuoteSubmitted;
    /// A customer took a quote.
    accepted => QuoteAccepted;
    /// A customer refused a quote.
    rejected => QuoteRejected;
    /// A quote's time is over.
    expired => QuoteExpired;
    /// Another quote took the place of a quote.
    superseded => QuoteSuperseded;
    /// Another level is asked.
    escalated => QuoteEscalated;
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
