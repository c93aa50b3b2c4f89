//! What a run did can be taken back.

use rapport_platform::on_each_engine;
use rapport_proto::rapport::customer::v1 as proto;

use super::everything::everything;
use super::{Importer, firm, refuses, row, welcomes};
use crate::domain::channel::Channel;
use crate::testing::reason;

on_each_engine! {
    async fn an_undone_run_leaves_everything_as_it_was(db: Database) {
        let importer = Importer::of(&db).await;
        let before = [
            row(2, "7", "Ada").email("ada@example.com").call("c1").choosing(refuses(Channel::Email)),
            firm(3, "8", "Acme"),
            firm(4, "9", "Acme Labs").under("8"),
        ];
        importer.settle_in(&before).await;
        let earlier = everything(&db).await;

        let rows = [
            row(2, "7", "Countess").known_as("crm", "1").email("countess@example.com").call("c2"),
            row(3, "7", "Countess of Lovelace").choosing(welcomes(Channel::Email)).call("c3"),
            firm(4, "10", "Holding").email("all@example.com").call("c4"),
            firm(5, "9", "Acme Research").under("10"),
            firm(6, "11", "Unit").under("9").choosing(refuses(Channel::Fax)),
            firm(7, "8", "Acme").email("acme@example.com"),
        ];
        let run = importer.begin(&rows[..3]).await;
        let run = importer.go_on(&run, &rows[3..]).await;
        let run = importer.complete(&run).await;
        assert_eq!((run.created_count, run.failed_count), (2, 0));

        let undone = importer.undo(&run).await;
        assert_eq!(undone.kept_count, 0);
        assert_eq!(everything(&db).await, earlier);
        assert_eq!(importer.find("countess").await, [""; 0]);
        assert_eq!(importer.find("ada@example.com").await, ["Ada"]);
    }

    /// The journal takes as many steps as there are levels, and a step takes 500.
    async fn organisations_go_after_those_that_belong_to_them(db: Database) {
        let importer = Importer::of(&db).await;
        let earlier = everything(&db).await;
        let parents = (1..=600).map(|n| firm(n, &format!("p{n}"), "Parent"));
        let parents: Vec<_> = parents.collect();
        let children = (601..=1200).map(|n| firm(n, &format!("c{n}"), "Child").under(&format!("p{}", n - 600)));
        let children: Vec<_> = children.collect();
        let run = importer.begin(&parents).await;
        let run = importer.go_on(&run, &children).await;
        let run = importer.complete(&run).await;
        assert_eq!((run.created_count, run.failed_count), (1200, 0));
        assert_eq!(importer.undo(&run).await.kept_count, 0);
        assert_eq!(everything(&db).await, earlier);
    }

    async fn a_run_that_was_not_completed_can_be_taken_back(db: Database) {
        let importer = Importer::of(&db).await;
        let earlier = everything(&db).await;
        let run = importer.begin(&[firm(2, "8", "Acme").under("9")]).await;
        assert_eq!(importer.undo_step(&run).await.unwrap().state(), proto::ImportState::Undoing);

        let refused = importer.try_to_go_on(&run, &[row(3, "9", "Bob")]).await.unwrap_err();
        assert_eq!(reason(&refused), "INVALID_STATE");
        assert_eq!(reason(&importer.try_to_complete(&run).await.unwrap_err()), "INVALID_STATE");
        importer.undo(&run).await;
        assert_eq!(everything(&db).await, earlier);
        assert_eq!(reason(&importer.undo_step(&run).await.unwrap_err()), "INVALID_STATE");
    }

    async fn external_ids_go_back_to_those_who_had_them(db: Database) {
        let importer = Importer::of(&db).await;
        importer.settle_in(&[
            row(2, "7", "Ada").known_as("crm", "1"),
            row(3, "8", "Bob").known_as("crm", "2"),
        ]).await;
        let earlier = everything(&db).await;
        let run = importer.begin(&[row(2, "7", "Ada").known_as("crm", "3")]).await;
        let run = importer.go_on(&run, &[row(3, "8", "Bob").known_as("crm", "1")]).await;
        let run = importer.go_on(&run, &[row(4, "9", "Cyd").known_as("crm", "2")]).await;
        assert_eq!(run.failed_count, 0);
        assert_eq!(importer.undo(&run).await.kept_count, 0);
        assert_eq!(everything(&db).await, earlier);
    }

    async fn the_end_of_a_run_and_its_undoing_are_announced(db: Database) {
        let importer = Importer::of(&db).await;
        let run = importer.import(&[row(2, "7", "Ada")]).await;
        importer.undo(&run).await;
        let ended = ended(&db).await;
        assert_eq!(ended.iter().map(|it| (it.created_count, it.undone)).collect::<Vec<_>>(), [(1, false), (1, true)]);
        assert!(ended.iter().all(|it| it.import_run == run.name));
    }

    /// More than one statement can name.
    async fn a_customer_may_get_thousands_of_contacts_and_lose_them(db: Database) {
        let importer = Importer::of(&db).await;
        importer.settle_in(&[row(2, "7", "Ada").call("c")]).await;
        let earlier = everything(&db).await;
        let mut run = importer.begin(&[row(2, "7", "Ada")]).await;
        for batch in 1..=12 {
            let calls = (0..1_000).fold(row(2 + batch, "7", "Ada"), |row, n| row.call(&format!("{batch}/{n}")));
            run = importer.go_on(&run, &[calls]).await;
        }
        assert_eq!(run.interaction_count, 12_000);
        importer.undo(&run).await;
        assert_eq!(everything(&db).await, earlier);
    }
}

impl Importer {
    /// Imports rows for good: as others did before the story begins.
    async fn settle_in(&self, rows: &[super::Row]) {
        use crate::store::entity::import_journal::Entity;
        use rapport_platform::error::PlatformError;
        use sea_orm::EntityTrait as _;
        assert_eq!(self.import(rows).await.failed_count, 0);
        let forgotten = self.shared.db.write_txn(|txn| async move {
            Entity::delete_many()
                .exec(&*txn)
                .await
                .map_err(PlatformError::from)
        });
        forgotten.await.unwrap();
    }
}

async fn ended(db: &rapport_platform::db::Database) -> Vec<proto::ImportRunEnded> {
    use rapport_platform::outbox::Event;
    use sea_orm::{ConnectionTrait as _, Statement};
    let query = "SELECT payload FROM outbox ORDER BY event_id";
    let query = Statement::from_string(db.backend(), query);
    let rows = db.read().query_all_raw(query).await.unwrap();
    let payloads = rows
        .iter()
        .map(|row| row.try_get_by_index::<Vec<u8>>(0).unwrap());
    let events = payloads.map(|payload| Event::decode(&payload).unwrap());
    let ends = events.filter(|event| event.kind.ends_with("ImportRunEnded"));
    ends.map(|event| event.fact().unwrap()).collect()
}
