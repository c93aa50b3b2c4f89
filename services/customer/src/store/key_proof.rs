//! By which keys the rows were written.

use rapport_platform::db::Database;
use rapport_platform::error::PlatformError;
use sea_orm::sea_query::OnConflict;
use sea_orm::{EntityTrait as _, IntoActiveModel as _};

use super::entity::key_proof::{Column, Entity, Model};

/// The proof of the key that this setting had when the tables were first used: this one, if nobody
/// was there before.
pub(crate) async fn first(
    db: &Database,
    setting: &'static str,
    proof: &[u8],
) -> Result<Vec<u8>, PlatformError> {
    db.write_txn(|txn| async move {
        let row = Model {
            setting: setting.to_owned(),
            proof: proof.to_vec(),
        };
        let there = OnConflict::column(Column::Setting).do_nothing().to_owned();
        Entity::insert(row.into_active_model())
            .on_conflict(there)
            .exec_without_returning(&*txn)
            .await?;
        let first = Entity::find_by_id(setting.to_owned()).one(&*txn).await?;
        Ok(first.ok_or(PlatformError::Conflict)?.proof)
    })
    .await
}
