//! Taking merges back, in any order that is possible.

use std::slice::from_ref;

use rapport_platform::on_each_engine;
use rapport_proto::rapport::customer::v1 as proto;

use super::{Desk, REFUSED, answer, person, reason};

on_each_engine! {
    async fn later_edits_are_kept_and_named(db: Database) {
        let desk = Desk::open(&db).await;
        let a = desk.person("Ada").await;
        let b = desk.record(proto::Customer {
            language_code: "fr".to_owned(),
            region_code: "CH".to_owned(),
            ..person("Ada L")
        }).await;
        let merge = desk.merge(&a, &b).await;
        let edit = proto::Customer {
            name: a.clone(),
            language_code: "en".to_owned(),
            ..person("Ada")
        };
        desk.update(edit, "language_code").await;
        let undone = desk.undo(&merge).await;
        assert_eq!(undone.kept_fields, ["language_code"]);
        assert!(undone.undo_time.is_some());
        let now = desk.get(&a).await;
        assert_eq!((now.language_code.as_str(), now.region_code.as_str()), ("en", ""));
        assert_eq!(reason(desk.try_undo(&merge).await), "INVALID_STATE");
        let stored = proto::GetCustomerMergeRequest { name: merge.name };
        assert_eq!(answer(desk.merges().get_customer_merge(stored).await), undone);
    }

    async fn chains_are_one_step_and_come_apart_from_the_top(db: Database) {
        let desk = Desk::open(&db).await;
        let a = desk.person("Ada").await;
        let b = desk.person("Bea").await;
        let c = desk.person("Cleo").await;
        desk.choose(&b, REFUSED).await;
        let first = desk.merge(&a, &b).await;
        let second = desk.merge(&c, &a).await;
        assert_eq!(desk.get(&b).await.name, c);
        assert_eq!(desk.get(&c).await.merged_names, [a.clone(), b.clone()]);
        assert_eq!(desk.chosen(&c).await, [REFUSED]);
        assert_eq!(desk.find("bea").await, from_ref(&c));
        assert_eq!(reason(desk.try_undo(&first).await), "INVALID_STATE");

        desk.undo(&second).await;
        assert!(desk.chosen(&c).await.is_empty());
        assert_eq!(desk.get(&b).await.name, a);
        assert_eq!(desk.chosen(&a).await, [REFUSED]);
        assert_eq!(desk.find("bea").await, from_ref(&a));
        desk.undo(&first).await;
        assert_eq!(desk.get(&b).await.name, b);
        assert!(desk.chosen(&a).await.is_empty());
        assert_eq!(desk.list().await, [a, b, c]);
    }

    async fn merges_into_one_survivor_come_apart_in_any_order(db: Database) {
        let desk = Desk::open(&db).await;
        let (a, b) = (desk.person("Ada").await, desk.person("Bea").await);
        let c = desk.person("Cleo").await;
        let first = desk.merge(&a, &b).await;
        desk.merge(&a, &c).await;
        desk.undo(&first).await;
        assert_eq!(desk.get(&b).await.name, b);
        assert_eq!(desk.get(&c).await.name, a);
        assert_eq!(desk.get(&a).await.merged_names, [c]);
    }

    async fn a_deleted_survivor_is_undeleted_first(db: Database) {
        let desk = Desk::open(&db).await;
        let (a, b) = (desk.person("Ada").await, desk.person("Bea").await);
        let merge = desk.merge(&a, &b).await;
        desk.delete(&a).await;
        assert_eq!(reason(desk.try_undo(&merge).await), "RESOURCE_DELETED");
        assert_eq!(reason(Desk(desk.of_another_tenant()).try_undo(&merge).await), "RESOURCE_NOT_FOUND");
    }
}
