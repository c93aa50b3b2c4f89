//! A change changes what it names, once, and nothing it has not seen.

use rapport_platform::on_each_engine;
use rapport_proto::rapport::customer::v1 as proto;
use rapport_proto::rapport::customer::v1::customer::Profile;
use tonic::Code;

use super::{a_request_id, known_as, mask, organisation, person};
use crate::testing::{Caller, fields, metadata, reason};

/// Ada, of whom much is known.
fn ada() -> proto::Customer {
    let ada = proto::Person {
        full_name: "Ada Lovelace".to_owned(),
        given_name: "Ada".to_owned(),
        family_name: "Lovelace".to_owned(),
        ..Default::default()
    };
    proto::Customer {
        profile: Some(Profile::Person(ada)),
        language_code: "en".to_owned(),
        region_code: "GB".to_owned(),
        ..known_as("billing", "17", person(""))
    }
}

fn profile(customer: &proto::Customer) -> proto::Person {
    match customer.profile.clone().unwrap() {
        Profile::Person(person) => person,
        Profile::Organisation(_) => panic!("a person became an organisation"),
    }
}

/// A patch that holds other values everywhere.
fn other_values(name: &str) -> proto::Customer {
    proto::Customer {
        name: name.to_owned(),
        language_code: "fr".to_owned(),
        ..known_as("erp", "K-1", person("Ada King"))
    }
}

on_each_engine! {
    async fn a_path_changes_what_it_names_and_nothing_else(db: Database) {
        let caller = Caller::of(&db).await;
        let before = caller.created(ada()).await;

        let after = caller
            .update(other_values(&before.name), &["person.full_name"])
            .await
            .unwrap();

        assert_eq!(
            profile(&after),
            proto::Person {
                full_name: "Ada King".to_owned(),
                ..profile(&before)
            }
        );
        assert_eq!(after.external_ids, before.external_ids);
        assert_eq!(after.language_code, "en");
        assert_ne!(after.etag, before.etag);
        assert_eq!(caller.get(&before.name).await.unwrap(), after);
        assert_eq!(
            caller.announced().await,
            ["CustomerCreated", "CustomerUpdated"]
        );
        assert_eq!(caller.find("king").await, ["Ada King"]);
        // By her family name, which stayed.
        assert_eq!(caller.find("lovelace").await, ["Ada King"]);
    }

    async fn without_a_mask_everything_sent_is_set_and_nothing_cleared(db: Database) {
        let caller = Caller::of(&db).await;
        let before = caller.created(ada()).await;

        let after = caller
            .update(other_values(&before.name), &[])
            .await
            .unwrap();

        assert_eq!(profile(&after).full_name, "Ada King");
        assert_eq!(profile(&after).given_name, "Ada");
        assert_eq!(
            (after.language_code.as_str(), after.region_code.as_str()),
            ("fr", "GB")
        );
        assert_eq!(after.external_ids[0].system, "erp");
    }

    async fn a_star_replaces_all(db: Database) {
        let caller = Caller::of(&db).await;
        let before = caller.created(ada()).await;

        let after = caller
            .update(other_values(&before.name), &["*"])
            .await
            .unwrap();

        assert_eq!(profile(&after).given_name, "");
        assert_eq!(after.region_code, "");
        assert_eq!(after.create_time, before.create_time);
        assert!(caller.find("17").await.is_empty());
        assert_eq!(caller.find("k-1").await, ["Ada King"]);
    }

    async fn a_path_that_callers_cannot_set_is_named(db: Database) {
        let caller = Caller::of(&db).await;
        let ada = caller.created(ada()).await;
        for path in [
            "name",
            "lifecycle_stage",
            "etag",
            "person.nickname",
            "nonsense",
            "a.b..c",
            "",
        ] {
            let refused = caller
                .update(other_values(&ada.name), &[path])
                .await
                .unwrap_err();
            assert_eq!(refused.code(), Code::InvalidArgument, "{path}");
            assert_eq!(reason(&refused), "INVALID_UPDATE_MASK");
            assert_eq!(metadata(&refused, "path"), path);
        }
        assert_eq!(caller.get(&ada.name).await.unwrap(), ada);
    }

    async fn the_merged_customer_obeys_all_rules(db: Database) {
        let caller = Caller::of(&db).await;
        let ada = caller.created(ada()).await;
        let nameless = proto::Customer {
            name: ada.name.clone(),
            ..person("")
        };

        let refused = caller
            .update(nameless, &["person.full_name"])
            .await
            .unwrap_err();

        assert_eq!(fields(&refused), ["customer.person.full_name"]);
        assert_eq!(caller.get(&ada.name).await.unwrap(), ada);
    }

    async fn a_person_does_not_become_an_organisation(db: Database) {
        let caller = Caller::of(&db).await;
        let ada = caller.created(ada()).await;
        for paths in [&["organisation.legal_name"][..], &["*"], &[]] {
            let patch = proto::Customer {
                name: ada.name.clone(),
                ..organisation("Ada Ltd.")
            };
            let refused = caller.update(patch, paths).await.unwrap_err();
            assert_eq!(fields(&refused), ["customer.profile"]);
        }
    }

    async fn a_lost_update_is_refused(db: Database) {
        let caller = Caller::of(&db).await;
        let seen = caller.created(ada()).await;
        let first = proto::Customer {
            etag: seen.etag.clone(),
            ..other_values(&seen.name)
        };
        let changed = caller
            .update(first.clone(), &["language_code"])
            .await
            .unwrap();

        let refused = caller.update(first, &["region_code"]).await.unwrap_err();

        assert_eq!(
            (refused.code(), reason(&refused).as_str()),
            (Code::Aborted, "ETAG_MISMATCH")
        );
        assert_eq!(metadata(&refused, "resource"), seen.name);
        let anyway = caller
            .update(other_values(&seen.name), &["external_ids"])
            .await
            .unwrap();
        assert_ne!(anyway.etag, changed.etag);
    }

    async fn of_many_changes_at_once_by_one_etag_one_wins(db: Database) {
        let caller = Caller::of(&db).await;
        let seen = caller.created(ada()).await;
        let changes = (0..8).map(|number| {
            let patch = proto::Customer {
                name: seen.name.clone(),
                etag: seen.etag.clone(),
                ..person(&format!("Ada {number}"))
            };
            let caller = caller.clone();
            tokio::spawn(async move { caller.update(patch, &["person.full_name"]).await })
        });
        let outcomes = futures::future::join_all(changes).await;
        let (won, lost): (Vec<_>, Vec<_>) = outcomes
            .into_iter()
            .map(Result::unwrap)
            .partition(Result::is_ok);
        assert_eq!(won.len(), 1);
        for refused in lost {
            assert_eq!(reason(&refused.unwrap_err()), "ETAG_MISMATCH");
        }
        assert_eq!(
            caller.get(&seen.name).await.unwrap(),
            *won[0].as_ref().unwrap()
        );
    }

    async fn changes_of_different_fields_at_once_are_all_kept(db: Database) {
        let caller = Caller::of(&db).await;
        let seen = caller.created(ada()).await;
        let patch = proto::Customer {
            region_code: "CH".to_owned(),
            ..other_values(&seen.name)
        };
        let changes = [
            "language_code",
            "region_code",
            "person.full_name",
            "external_ids",
        ]
        .map(|path| {
            let (caller, patch) = (caller.clone(), patch.clone());
            tokio::spawn(async move { caller.update(patch, &[path]).await })
        });
        for change in changes {
            change.await.unwrap().unwrap();
        }
        let after = caller.get(&seen.name).await.unwrap();
        assert_eq!(
            (after.language_code.as_str(), after.region_code.as_str()),
            ("fr", "CH")
        );
        assert_eq!(
            (
                profile(&after).full_name.as_str(),
                after.external_ids[0].system.as_str()
            ),
            ("Ada King", "erp")
        );
    }

    async fn a_repeated_request_has_one_effect_and_one_answer(db: Database) {
        let caller = Caller::of(&db).await;
        let request = proto::CreateCustomerRequest {
            customer: Some(ada()),
            request_id: a_request_id(),
        };
        let first = caller
            .customers()
            .create_customer(request.clone())
            .await
            .unwrap()
            .into_inner();

        let later = caller.later(std::time::Duration::from_secs(60));
        let again = later
            .customers()
            .create_customer(request.clone())
            .await
            .unwrap()
            .into_inner();
        assert_eq!(again, first);
        assert_eq!(caller.list("").await, ["Ada Lovelace"]);
        assert_eq!(caller.announced().await, ["CustomerCreated"]);

        let other = proto::CreateCustomerRequest {
            customer: Some(person("Bob")),
            ..request
        };
        let refused = caller.customers().create_customer(other).await.unwrap_err();
        assert_eq!(reason(&refused), "REQUEST_ID_REUSED");
    }

    async fn a_repeated_update_gets_its_first_answer_though_the_etag_is_old(db: Database) {
        let caller = Caller::of(&db).await;
        let seen = caller.created(ada()).await;
        let request = proto::UpdateCustomerRequest {
            customer: Some(proto::Customer {
                etag: seen.etag.clone(),
                ..other_values(&seen.name)
            }),
            update_mask: mask(&["language_code"]),
            request_id: a_request_id(),
        };
        let first = caller
            .customers()
            .update_customer(request.clone())
            .await
            .unwrap()
            .into_inner();
        let again = caller
            .customers()
            .update_customer(request)
            .await
            .unwrap()
            .into_inner();
        assert_eq!(again, first);
    }
}
