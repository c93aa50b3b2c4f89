//! Addresses that are not to be used.

use super::purposes::PurposeSet;
use crate::domain::channel::Purpose;
use crate::domain::invalid::Invalid;
use crate::domain::numbered::numbered;

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
