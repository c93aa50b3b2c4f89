//! Addresses that are not to be used.

use super::purposes::PurposeSet;
use crate::domain::channel::Purpose;
use crate::domain::invalid::Invalid;
use crate::domain::text;
use rapport_platform::numbered;

/// Longest note, and longest reason of a lift, in characters.
const MAX_TEXT: usize = 500;

numbered! {
    /// Why an address is not to be used.
    pub enum SuppressionReason as "reason" {
        /// Its owner unsubscribed.
        Unsubscribe = 1 "UNSUBSCRIBE",
        /// Messages to it come back for good.
        Bounce = 2 "BOUNCE",
        /// Its owner complained.
        Complaint = 3 "COMPLAINT",
        /// A law, court or authority forbids it.
        Legal = 4 "LEGAL",
        /// The company decided so.
        Manual = 5 "MANUAL",
    }
}

impl SuppressionReason {
    /// The purposes that it stops: those `named`, which only an unsubscription may narrow, or all
    /// that the reason stops. A receipt may still reach who unsubscribed; nothing reaches a dead
    /// address, and nothing may reach one that a law forbids.
    pub fn stops(self, named: &[Purpose]) -> Result<PurposeSet, Invalid> {
        let named: PurposeSet = named.iter().copied().collect();
        match self {
            Self::Unsubscribe if !named.is_empty() => Ok(named),
            _ if !named.is_empty() => Err(Invalid::new(
                "can be named for UNSUBSCRIBE only: other reasons stop what they stop",
            )),
            Self::Unsubscribe | Self::Complaint | Self::Manual => Ok(PurposeSet::choosable()),
            Self::Bounce | Self::Legal => Ok(Purpose::ALL.iter().copied().collect()),
        }
    }
}

/// Reads what people are to know about a suppression.
pub fn note(sent: &str) -> Result<Option<String>, Invalid> {
    text::optional_passage(sent, MAX_TEXT)
}

/// Reads why a suppression is lifted.
pub fn lift_reason(sent: &str) -> Result<String, Invalid> {
    text::passage(sent, MAX_TEXT)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stops(reason: SuppressionReason, named: &[Purpose]) -> Option<Vec<Purpose>> {
        reason.stops(named).ok().map(|it| it.iter().collect())
    }

    #[test]
    fn a_receipt_still_reaches_whoever_unsubscribed_and_no_dead_address() {
        let chosen = [Purpose::Marketing, Purpose::Sales, Purpose::Service];
        for reason in [
            SuppressionReason::Unsubscribe,
            SuppressionReason::Complaint,
            SuppressionReason::Manual,
        ] {
            assert_eq!(stops(reason, &[]).unwrap(), chosen, "{reason}");
        }
        for reason in [SuppressionReason::Bounce, SuppressionReason::Legal] {
            assert_eq!(stops(reason, &[]).unwrap(), Purpose::ALL, "{reason}");
        }
    }

    #[test]
    fn only_an_unsubscription_is_narrowed() {
        let named = [Purpose::Marketing];
        assert_eq!(
            stops(SuppressionReason::Unsubscribe, &named).unwrap(),
            named
        );
        for &reason in SuppressionReason::ALL {
            let narrowed = stops(reason, &named).is_some();
            assert_eq!(
                narrowed,
                reason == SuppressionReason::Unsubscribe,
                "{reason}"
            );
        }
    }
}
