//! Where addresses of erased customers are handed over, so that they are not contacted again by
//! a list that still has them.

use rapport_platform::identity::Context;
use sea_orm::DatabaseTransaction;

use crate::error::Error;

/// Takes the digests of the addresses that an erased customer had, in the transaction that
/// erases it. While the service keeps no suppression list, nothing of them is kept.
pub(super) async fn suppress_erased(
    _ctx: &Context,
    _txn: &DatabaseTransaction,
    _addresses: &[Vec<u8>],
) -> Result<(), Error> {
    Ok(())
}
