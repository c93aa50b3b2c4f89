//! Everything that the service knows, to compare what was with what is.

use rapport_platform::db::Database;
use rapport_platform::time::Timestamp;
use sea_orm::EntityTrait;

use crate::store::entity as table;

/// The rows of all customers and of what belongs to them, but for the versions and times that
/// tell of changes that were taken back.
pub(super) async fn everything(db: &Database) -> Vec<String> {
    const THEN: Timestamp = Timestamp::EPOCH;
    let mut all = Vec::new();
    for row in rows::<table::customer::Entity>(db).await {
        let row = table::customer::Model {
            version: 0,
            update_time: THEN,
            ..row
        };
        all.push(format!("{row:?}"));
    }
    macro_rules! add {
        ($($table:ident),+) => {
            $(
                let found = rows::<table::$table::Entity>(db).await;
                all.extend(found.into_iter().map(|row| format!("{row:?}")));
            )+
        };
    }
    add!(
        customer_external_id,
        search_term,
        contact_point,
        interaction,
        interaction_link,
        channel_activity,
        preference,
        stage_change,
        import_journal,
        pending_parent
    );
    all.sort();
    all
}

async fn rows<E: EntityTrait>(db: &Database) -> Vec<E::Model> {
    E::find().all(db.read()).await.unwrap()
}
