//! The addresses of erased customers, so that they are not contacted again by a list that still has
//! them.

use rapport_platform::identity::Context;
use sea_orm::DatabaseTransaction;

use crate::domain::contact::suppression::SuppressionReason;
use crate::error::{Error, unreadable};
use crate::store::contact::suppression;

/// Where such a suppression comes from.
const NOTE: &str = "its owner was erased";

/// Suppresses the addresses that an erased customer had, by their digests, in the transaction that
/// erases it: who asks to be forgotten does not ask for offers.
pub(super) async fn suppress_erased(
    ctx: &Context,
    txn: &DatabaseTransaction,
    addresses: &[Vec<u8>],
) -> Result<(), Error> {
    let reason = SuppressionReason::Unsubscribe;
    let stops = reason
        .stops(&[])
        .map_err(unreadable("suppressing an erased customer"))?;
    Ok(suppression::add_all(ctx, txn, addresses, reason, stops, NOTE).await?)
}
