//! An id of another system belongs to one customer.

use rapport_platform::on_each_engine;
use rapport_proto::rapport::customer::v1 as proto;
use tonic::Code;

use super::{known_as, person};
use crate::testing::{Caller, fields, metadata, reason};

on_each_engine! {
    async fn a_taken_id_names_its_holder(db: Database) {
        let caller = Caller::of(&db).await;
        let ada = caller
            .created(known_as("billing", "17", person("Ada")))
            .await;
        let bob = caller.created(known_as("erp", "17", person("Bob"))).await;

        let another = known_as("crm", "9", known_as("billing", "17", person("Eve")));
        let refused = caller.create(another).await.unwrap_err();
        assert_eq!(
            (refused.code(), reason(&refused).as_str()),
            (Code::AlreadyExists, "RESOURCE_EXISTS")
        );
        assert_eq!(metadata(&refused, "resource"), ada.name);

        let grab = proto::Customer {
            external_ids: ada.external_ids.clone(),
            ..bob
        };
        let refused = caller.update(grab, &["external_ids"]).await.unwrap_err();
        assert_eq!(metadata(&refused, "resource"), ada.name);
        assert_eq!(caller.list("").await, ["Ada", "Bob"]);
        assert_eq!(caller.find("17").await, ["Ada", "Bob"]);
    }

    async fn an_id_given_up_is_free(db: Database) {
        let caller = Caller::of(&db).await;
        let ada = caller
            .created(known_as("billing", "17", person("Ada")))
            .await;
        caller
            .update(
                proto::Customer {
                    external_ids: vec![],
                    ..ada
                },
                &["external_ids"],
            )
            .await
            .unwrap();
        caller
            .created(known_as("billing", "17", person("Bob")))
            .await;
        assert_eq!(caller.find("17").await, ["Bob"]);
    }

    async fn an_id_may_change_within_its_system(db: Database) {
        let caller = Caller::of(&db).await;
        let ada = caller
            .created(known_as("billing", "17", person("Ada")))
            .await;
        let moved = known_as(
            "billing",
            "18",
            proto::Customer {
                external_ids: vec![],
                ..ada
            },
        );
        let moved = caller.update(moved, &["external_ids"]).await.unwrap();
        assert_eq!(moved.external_ids[0].id, "18");
    }

    async fn one_id_per_system_and_twenty_in_all(db: Database) {
        let caller = Caller::of(&db).await;
        let twice = known_as("billing", "18", known_as("billing", "17", person("Ada")));
        let refused = caller.create(twice).await.unwrap_err();
        assert_eq!(fields(&refused), ["customer.external_ids[1].system"]);

        let many = (0..21).fold(person("Ada"), |ada, n| known_as(&format!("s{n}"), "1", ada));
        let refused = caller.create(many).await.unwrap_err();
        assert_eq!(fields(&refused), ["customer.external_ids"]);
    }

    async fn of_many_at_once_one_gets_the_id(db: Database) {
        let caller = Caller::of(&db).await;
        let creations = (0..12).map(|number| {
            let caller = caller.clone();
            let wanted = known_as("billing", "17", person(&format!("Ada {number}")));
            tokio::spawn(async move { caller.create(wanted).await })
        });
        let outcomes = futures::future::join_all(creations).await;
        let (won, lost): (Vec<_>, Vec<_>) = outcomes
            .into_iter()
            .map(Result::unwrap)
            .partition(Result::is_ok);

        assert_eq!(won.len(), 1);
        let holder = won[0].as_ref().unwrap();
        for refused in lost {
            let refused = refused.unwrap_err();
            assert_eq!(refused.code(), Code::AlreadyExists, "{refused}");
            assert_eq!(metadata(&refused, "resource"), holder.name);
        }
        assert_eq!(caller.list("").await.len(), 1);
    }

    async fn ids_as_long_as_they_may_be_are_kept(db: Database) {
        let caller = Caller::of(&db).await;
        let long: String = (0..200)
            .map(|n| char::from_u32(0x1F600 + n % 60).unwrap())
            .collect();
        let ada = caller
            .created(known_as("billing", &long, person("Ada")))
            .await;
        assert_eq!(
            caller.get(&ada.name).await.unwrap().external_ids[0].id,
            long
        );
        // As many characters to a reader, but more than an index holds.
        let longer = known_as("erp", &"👩\u{200D}🔧".repeat(200), person("Eve"));
        let refused = caller.create(longer).await.unwrap_err();
        assert_eq!(fields(&refused), ["customer.external_ids[0].id"]);
    }
}
