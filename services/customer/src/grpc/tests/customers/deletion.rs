//! What was deleted is out of sight, not gone.

use rapport_platform::on_each_engine;
use rapport_proto::rapport::customer::v1 as proto;
use tonic::Code;

use super::{belonging_to, known_as, organisation, person};
use crate::testing::{Caller, metadata, reason};

on_each_engine! {
    async fn a_deleted_customer_leaves_lists_and_searches(db: Database) {
        let caller = Caller::of(&db).await;
        let ada = caller
            .created(known_as("billing", "17", person("Ada")))
            .await;
        caller.add_email(&ada, "ada@example.com").await;

        let deleted = caller.delete(&ada.name).await.unwrap();

        assert_eq!(deleted.delete_time, Some(caller.ctx.now.into()));
        assert_eq!(caller.get(&ada.name).await.unwrap(), deleted);
        assert!(caller.list("").await.is_empty());
        for query in ["ada", "17", "example.com"] {
            assert!(caller.find(query).await.is_empty(), "{query}");
        }
        let all = proto::ListCustomersRequest {
            show_deleted: true,
            ..Default::default()
        };
        let all = caller
            .customers()
            .list_customers(all)
            .await
            .unwrap()
            .into_inner();
        assert_eq!(all.customers, [deleted]);
        assert_eq!(caller.announced().await.last().unwrap(), "CustomerDeleted");
    }

    async fn a_deleted_customer_takes_no_changes_and_keeps_its_ids(db: Database) {
        let caller = Caller::of(&db).await;
        let ada = caller
            .created(known_as("billing", "17", person("Ada")))
            .await;
        let point = caller.add_phone(&ada, "044 668 18 00").await;
        caller.delete(&ada.name).await.unwrap();

        let update = caller
            .update(ada.clone(), &["person.full_name"])
            .await
            .unwrap_err();
        let again = caller.delete(&ada.name).await.unwrap_err();
        let address = proto::contact_point::Address::Email("ada@example.com".to_owned());
        let add = caller.add(&ada, address).await.unwrap_err();
        let change = proto::UpdateContactPointRequest {
            contact_point: Some(proto::ContactPoint {
                label: "office".to_owned(),
                ..point
            }),
            ..Default::default()
        };
        let change = caller
            .contact_points()
            .update_contact_point(change)
            .await
            .unwrap_err();
        for refused in [update, again, add, change] {
            assert_eq!(refused.code(), Code::FailedPrecondition);
            assert_eq!(reason(&refused), "RESOURCE_DELETED");
            assert_eq!(metadata(&refused, "resource"), ada.name);
        }
        let taken = caller
            .create(known_as("billing", "17", person("Bob")))
            .await
            .unwrap_err();
        assert_eq!(metadata(&taken, "resource"), ada.name);
    }

    async fn an_undeleted_customer_is_back_as_it_was(db: Database) {
        let caller = Caller::of(&db).await;
        let ada = caller
            .created(known_as("billing", "K-17", person("Ada")))
            .await;
        caller.add_phone(&ada, "044 668 18 00").await;
        caller.add_email(&ada, "countess@example.com").await;
        caller.delete(&ada.name).await.unwrap();

        let back = caller.undelete(&ada.name).await.unwrap();

        assert_eq!(
            proto::Customer {
                etag: ada.etag.clone(),
                ..back.clone()
            },
            ada
        );
        assert_eq!(caller.list("").await, ["Ada"]);
        for query in ["ada", "k-17", "countess", "668 18 00"] {
            assert_eq!(caller.find(query).await, ["Ada"], "{query}");
        }
        let twice = caller.undelete(&ada.name).await.unwrap_err();
        assert_eq!(
            (twice.code(), reason(&twice).as_str()),
            (Code::FailedPrecondition, "INVALID_STATE")
        );
        assert_eq!(
            caller.announced().await.last().unwrap(),
            "CustomerUndeleted"
        );
    }

    async fn a_parent_stays_while_it_has_subsidiaries(db: Database) {
        let caller = Caller::of(&db).await;
        let acme = caller.created(organisation("Acme")).await;
        let sub = caller
            .created(belonging_to(&acme, organisation("Acme Labs")))
            .await;

        let refused = caller.delete(&acme.name).await.unwrap_err();
        assert_eq!(
            (refused.code(), reason(&refused).as_str()),
            (Code::FailedPrecondition, "RESOURCE_IN_USE")
        );
        assert_eq!(metadata(&refused, "dependents"), "1");

        caller.delete(&sub.name).await.unwrap();
        caller.delete(&acme.name).await.unwrap();
        let orphan = caller.undelete(&sub.name).await.unwrap_err();
        assert_eq!(
            (reason(&orphan), metadata(&orphan, "resource")),
            ("RESOURCE_DELETED".to_owned(), acme.name.clone())
        );
        caller.undelete(&acme.name).await.unwrap();
        assert_eq!(caller.undelete(&sub.name).await.unwrap().parent, acme.name);
    }

    async fn a_deletion_needs_the_version_it_names(db: Database) {
        let caller = Caller::of(&db).await;
        let ada = caller.created(person("Ada")).await;
        caller
            .update(
                proto::Customer {
                    region_code: "GB".to_owned(),
                    ..ada.clone()
                },
                &["region_code"],
            )
            .await
            .unwrap();
        let request = proto::DeleteCustomerRequest {
            name: ada.name.clone(),
            etag: ada.etag,
            ..Default::default()
        };
        let refused = caller
            .customers()
            .delete_customer(request)
            .await
            .unwrap_err();
        assert_eq!(reason(&refused), "ETAG_MISMATCH");
        assert_eq!(caller.list("").await, ["Ada"]);
    }

    async fn a_subsidiary_and_its_parents_deletion_do_not_pass_each_other(db: Database) {
        let caller = Caller::of(&db).await;
        for round in 0..6 {
            let acme = caller.created(organisation(&format!("Acme {round}"))).await;
            let (one, other) = (caller.clone(), caller.clone());
            let (parent, sub) = (acme.name.clone(), belonging_to(&acme, organisation("Sub")));
            let deletion = tokio::spawn(async move { one.delete(&parent).await });
            let creation = tokio::spawn(async move { other.create(sub).await });
            let (deleted, created) = (deletion.await.unwrap(), creation.await.unwrap());
            assert!(
                deleted.is_ok() != created.is_ok(),
                "{deleted:?} {created:?}"
            );
        }
    }
}
