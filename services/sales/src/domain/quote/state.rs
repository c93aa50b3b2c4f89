//! Where a quote stands, and which step leads where.

use rapport_platform::numbered;
use rapport_platform::time::Timestamp;

use super::hash::ContentHash;

numbered! {
    /// Where a quote stands.
    pub enum QuoteState as "quote state" {
        /// Is being written.
        Draft = 1 "DRAFT",
        /// Waits for approval.
        Pending = 2 "PENDING",
        /// May be sent.
        Approved = 3 "APPROVED",
        /// The customer has it.
        Sent = 4 "SENT",
        /// The customer took it.
        Accepted = 5 "ACCEPTED",
        /// The customer refused it.
        Rejected = 6 "REJECTED",
        /// Its time is over.
        Expired = 7 "EXPIRED",
        /// Another quote takes its place.
        Superseded = 8 "SUPERSEDED",
    }
}

numbered! {
    /// What an approver decided.
    pub enum DecisionOutcome as "outcome" {
        /// It may go out, as far as he is concerned.
        Approved = 1 "APPROVED",
        /// It may not.
        Declined = 2 "DECLINED",
    }
}

/// What can be done about a quote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Write new content.
    Revise,
    /// Ask for approval.
    Submit,
    /// Approve, or decline to.
    Decide,
    /// Send it to the customer.
    Send,
    /// Record that the customer took or refused it.
    Answer,
    /// Put another in its place.
    Supersede,
    /// End it because its time is over.
    Expire,
}

impl QuoteState {
    /// Checks that a quote in this state can take a step.
    ///
    /// # Errors
    /// What is possible instead, after the quote's name.
    pub fn allows(self, step: Step) -> Result<(), &'static str> {
        use QuoteState::{Accepted, Approved, Draft, Pending, Sent, Superseded};
        match (step, self) {
            (Step::Revise | Step::Supersede, Accepted | Superseded) => {
                Err("is accepted or superseded, and stays as it is. Make another quote.")
            }
            (Step::Revise | Step::Supersede, _)
            | (Step::Submit, Draft)
            | (Step::Decide, Pending)
            | (Step::Send, Approved | Sent)
            | (Step::Answer, Sent)
            | (Step::Expire, Draft | Pending | Approved | Sent) => Ok(()),
            (Step::Submit, _) => Err("is no draft. Revise it first."),
            (Step::Decide, _) => Err("does not wait for approval. Submit it first."),
            (Step::Send, _) => Err("is not approved. Submit it first."),
            (Step::Answer, _) => Err("was not sent. Send it first."),
            (Step::Expire, _) => Err("has ended before."),
        }
    }

    /// Whether a quote in this state may speak for the company.
    const fn speaks(self) -> bool {
        matches!(self, Self::Approved | Self::Sent | Self::Accepted)
    }
}

/// Whether a quote speaks for the company at an instant: what was approved is what it says, and
/// its time is not over. One that was accepted stands.
pub fn is_binding(
    state: QuoteState,
    (content, approved): (ContentHash, Option<ContentHash>),
    expire: Option<Timestamp>,
    now: Timestamp,
) -> bool {
    let in_time = state == QuoteState::Accepted || expire.is_none_or(|expire| now < expire);
    state.speaks() && in_time && approved == Some(content)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn only_what_was_approved_binds_and_only_in_time() {
        let one = ContentHash::stored(&[1; 32]).unwrap();
        let two = ContentHash::stored(&[2; 32]).unwrap();
        let now = Timestamp::EPOCH;
        let later = Some(now.saturating_add(Duration::from_secs(1)));
        use QuoteState::{Accepted, Approved, Draft, Expired, Pending, Rejected, Sent, Superseded};
        for (state, approved, expire, binding) in [
            (Approved, Some(one), None, true),
            (Sent, Some(one), later, true),
            (Sent, Some(one), Some(now), false),
            (Accepted, Some(one), Some(now), true),
            (Approved, Some(two), None, false),
            (Approved, None, None, false),
            (Draft, Some(one), None, false),
            (Pending, Some(one), None, false),
            (Rejected, Some(one), None, false),
            (Expired, Some(one), None, false),
            (Superseded, Some(one), None, false),
        ] {
            assert_eq!(
                is_binding(state, (one, approved), expire, now),
                binding,
                "{state}"
            );
        }
    }

    #[test]
    fn each_state_allows_its_steps() {
        use Step::{Answer, Decide, Expire, Revise, Send, Submit, Supersede};
        let steps = [Revise, Submit, Decide, Send, Answer, Supersede, Expire];
        for (state, allowed) in [
            (QuoteState::Draft, vec![Revise, Submit, Supersede, Expire]),
            (QuoteState::Pending, vec![Revise, Decide, Supersede, Expire]),
            (QuoteState::Approved, vec![Revise, Send, Supersede, Expire]),
            (
                QuoteState::Sent,
                vec![Revise, Send, Answer, Supersede, Expire],
            ),
            (QuoteState::Accepted, vec![]),
            (QuoteState::Rejected, vec![Revise, Supersede]),
            (QuoteState::Expired, vec![Revise, Supersede]),
            (QuoteState::Superseded, vec![]),
        ] {
            let found: Vec<_> = steps
                .into_iter()
                .filter(|it| state.allows(*it).is_ok())
                .collect();
            assert_eq!(found, allowed, "{state}");
        }
    }
}
