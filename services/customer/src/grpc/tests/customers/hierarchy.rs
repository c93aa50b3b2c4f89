//! Organisations within organisations.

use rapport_platform::on_each_engine;
use rapport_proto::rapport::customer::v1 as proto;

use super::{belonging_to, organisation, person};
use crate::testing::{Caller, fields};

on_each_engine! {
    async fn a_subsidiary_belongs_to_its_parent(db: Database) {
        let caller = Caller::of(&db).await;
        let acme = caller.created(organisation("Acme")).await;
        let labs = caller
            .created(belonging_to(&acme, organisation("Acme Labs")))
            .await;
        assert_eq!(caller.get(&labs.name).await.unwrap().parent, acme.name);
        let freed = caller
            .update(
                proto::Customer {
                    parent: String::new(),
                    ..labs
                },
                &["parent"],
            )
            .await
            .unwrap();
        assert_eq!(freed.parent, "");
    }

    async fn what_cannot_be_a_parent_is_refused_at_the_field(db: Database) {
        let caller = Caller::of(&db).await;
        let ada = caller.created(person("Ada")).await;
        let acme = caller.created(organisation("Acme")).await;
        let gone = caller.created(organisation("Gone")).await;
        caller.delete(&gone.name).await.unwrap();
        let nobody = proto::Customer {
            name: "customers/0190e5a4-0000-7000-8000-00000000000a".to_owned(),
            ..Default::default()
        };
        let foreign = caller
            .of_another_tenant()
            .created(organisation("Foreign"))
            .await;
        for (child, parent) in [
            (organisation("Sub"), &ada),
            (organisation("Sub"), &gone),
            (organisation("Sub"), &nobody),
            (organisation("Sub"), &foreign),
            (person("Bob"), &acme),
        ] {
            let refused = caller
                .create(belonging_to(parent, child))
                .await
                .unwrap_err();
            assert_eq!(fields(&refused), ["customer.parent"]);
        }
    }

    async fn nobody_belongs_to_itself(db: Database) {
        let caller = Caller::of(&db).await;
        let top = caller.created(organisation("Top")).await;
        let middle = caller
            .created(belonging_to(&top, organisation("Middle")))
            .await;
        let low = caller
            .created(belonging_to(&middle, organisation("Low")))
            .await;
        for parent in [&top, &middle, &low] {
            let circle = belonging_to(parent, top.clone());
            let refused = caller.update(circle, &["parent"]).await.unwrap_err();
            assert_eq!(fields(&refused), ["customer.parent"]);
        }
    }

    async fn twenty_levels_are_enough(db: Database) {
        let caller = Caller::of(&db).await;
        let mut lowest = caller.created(organisation("Level 1")).await;
        for level in 2..=20 {
            lowest = caller
                .created(belonging_to(
                    &lowest,
                    organisation(&format!("Level {level}")),
                ))
                .await;
        }
        let deeper = caller
            .create(belonging_to(&lowest, organisation("Level 21")))
            .await;
        assert_eq!(fields(&deeper.unwrap_err()), ["customer.parent"]);

        // Two levels do not fit under the nineteenth either.
        let other = caller.created(organisation("Other")).await;
        caller
            .created(belonging_to(&other, organisation("Below other")))
            .await;
        let nineteenth = caller.get(&lowest.parent).await.unwrap();
        let moved = caller
            .update(belonging_to(&nineteenth, other), &["parent"])
            .await;
        assert_eq!(fields(&moved.unwrap_err()), ["customer.parent"]);
    }

    async fn moves_at_once_make_no_circle(db: Database) {
        let caller = Caller::of(&db).await;
        for _ in 0..6 {
            let (mut moves, mut chain) = (Vec::new(), Vec::new());
            for name in ["A", "B", "C"] {
                chain.push(caller.created(organisation(name)).await);
            }
            for (index, child) in chain.iter().enumerate() {
                let (caller, child) = (caller.clone(), child.clone());
                let moved = belonging_to(&chain[(index + 1) % 3], child);
                moves.push(tokio::spawn(async move {
                    caller.update(moved, &["parent"]).await
                }));
            }
            let mut done = 0;
            for moved in moves {
                done += usize::from(moved.await.unwrap().is_ok());
            }
            assert_eq!(done, 2, "the third would close the circle");
        }
    }
}
