//! Which records are the same customer.
//!
//! A merge moves no rows. The merged customer's row names the survivor, its *root*; whoever is
//! asked for a customer goes to the root and reads the rows of all its *members*. So undoing a
//! merge finds everything where it was. Only what is derived, the search terms and the keys of
//! duplicates, is kept at the root.

mod alike;
pub(crate) mod bygone;
pub(crate) mod candidate;
pub(crate) mod erase;
mod fields;
pub(crate) mod find;
pub(crate) mod group;
pub(crate) mod index;
pub(crate) mod merge;
pub(crate) mod parts;
pub(crate) mod policy;
pub(crate) mod scan;
mod suppression;
pub(crate) mod undo;

use sea_orm::{ActiveModelTrait as _, DatabaseTransaction, EntityTrait as _, IntoActiveModel as _};

use super::entity::customer;
use crate::error::{Error, superseded};

/// Writes the row of a customer that the transaction has claimed.
async fn write(txn: &DatabaseTransaction, row: &customer::Model) -> Result<(), Error> {
    customer::Entity::update(row.clone().into_active_model().reset_all())
        .validate()?
        .exec_without_returning(txn)
        .await
        .map_err(superseded)?;
    Ok(())
}
