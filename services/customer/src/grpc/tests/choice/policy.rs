//! The company's own rules of contacting customers.

use std::time::Duration;

use rapport_platform::on_each_engine;
use rapport_proto::rapport::customer::v1 as proto;
use uuid::Uuid;

use super::{Keeper, answer, fields, policy, reason, rule, topic};
use crate::domain::channel::Purpose;
use crate::domain::contact::policy::PurposeMode;

fn named(name: &str) -> proto::GetContactPolicyRequest {
    proto::GetContactPolicyRequest {
        name: name.to_owned(),
    }
}

on_each_engine! {
    async fn a_company_that_set_none_has_a_policy_that_demands_nothing(db: Database) {
        let keeper = Keeper::of(&db).await;
        let found = answer(keeper.policies().get_contact_policy(named("contactPolicy")).await);
        assert_eq!((found.name.as_str(), found.version), ("contactPolicy", 0));
        assert!(found.purposes.is_empty());
        assert_eq!(found.update_time, None);
        let other = keeper.policies().get_contact_policy(named("policies/1")).await;
        assert_eq!(fields(other), ["name"]);
    }

    async fn what_is_named_changes_and_the_rest_stays(db: Database) {
        let keeper = Keeper::of(&db).await;
        let first = keeper.order(&[rule(Purpose::Marketing, PurposeMode::Restrictive, true)]).await;
        assert_eq!((first.version, first.updater.as_str()), (1, "employees/ada"));
        assert!(first.update_time.is_some());

        let zone = proto::ContactPolicy { time_zone: "Europe/Zurich".to_owned(), ..policy() };
        let second = answer(keeper.try_order(zone, "time_zone").await);
        assert_eq!((second.version, second.time_zone.as_str()), (2, "Europe/Zurich"));
        assert_eq!(second.purposes, first.purposes);
        assert_eq!(second.topics, first.topics);
        let read = answer(keeper.policies().get_contact_policy(named("contactPolicy")).await);
        assert_eq!(read, second);
    }

    async fn an_update_that_changes_nothing_makes_no_version(db: Database) {
        let keeper = Keeper::of(&db).await;
        let first = keeper.order(&[]).await;
        let again = keeper.later(Duration::from_secs(1)).order(&[]).await;
        assert_eq!(again, first);
    }

    async fn a_region_is_known_and_written_in_capitals(db: Database) {
        let keeper = Keeper::of(&db).await;
        let from = |code: &str| proto::ContactPolicy { default_region_code: code.into(), ..policy() };
        let set = answer(keeper.try_order(from("at"), "default_region_code").await);
        assert_eq!((set.default_region_code.as_str(), set.version), ("AT", 1));
        assert_eq!(
            fields(keeper.try_order(from("ZZ"), "default_region_code").await),
            ["contact_policy.default_region_code"]
        );
        let none = answer(keeper.try_order(from(""), "default_region_code").await);
        assert_eq!((none.default_region_code.as_str(), none.version), ("", 2));
    }

    async fn a_lost_update_is_refused(db: Database) {
        let keeper = Keeper::of(&db).await;
        let before = answer(keeper.policies().get_contact_policy(named("contactPolicy")).await);
        keeper.order(&[]).await;
        let stale = proto::ContactPolicy { etag: before.etag, ..policy() };
        assert_eq!(reason(keeper.try_order(stale, "caps").await), "ETAG_MISMATCH");
    }

    async fn the_policy_is_judged_as_it_would_be(db: Database) {
        let keeper = Keeper::of(&db).await;
        keeper.order(&[]).await;
        let twice = proto::ContactPolicy {
            topics: vec![topic("product-news"), topic("product-news")],
            ..policy()
        };
        assert_eq!(fields(keeper.try_order(twice, "topics").await), ["contact_policy.topics[1]"]);
        let law = rule(Purpose::Legal, PurposeMode::Disabled, false);
        let unlawful = proto::ContactPolicy { purposes: vec![law], ..policy() };
        assert_eq!(
            fields(keeper.try_order(unlawful, "purposes").await),
            ["contact_policy.purposes[0].mode"]
        );
        assert_eq!(reason(keeper.try_order(policy(), "version").await), "INVALID_UPDATE_MASK");
        let elsewhere = proto::ContactPolicy { name: "contactPolicies/1".into(), ..policy() };
        assert_eq!(fields(keeper.try_order(elsewhere, "caps").await), ["contact_policy.name"]);
    }

    async fn it_is_in_force_for_the_next_contact(db: Database) {
        let keeper = Keeper::of(&db).await;
        let ada = keeper.person("Ada Lovelace").await;
        keeper.email(&ada, "ada@example.com").await;
        assert!(keeper.may_write(&ada, Purpose::Marketing).await);
        assert!(keeper.may_write(&ada, Purpose::Marketing).await);

        keeper.order(&[rule(Purpose::Marketing, PurposeMode::Disabled, false)]).await;
        assert!(!keeper.may_write(&ada, Purpose::Marketing).await);
        assert!(keeper.may_write(&ada, Purpose::Service).await);
    }

    async fn a_repeated_request_makes_one_version(db: Database) {
        let keeper = Keeper::of(&db).await;
        let request = proto::UpdateContactPolicyRequest {
            contact_policy: Some(proto::ContactPolicy { topics: vec![topic("events")], ..policy() }),
            request_id: Uuid::from_u128(7).to_string(),
            ..Default::default()
        };
        let first = answer(keeper.policies().update_contact_policy(request.clone()).await);
        keeper.order(&[]).await;
        let again = answer(keeper.policies().update_contact_policy(request).await);
        assert_eq!(again, first);
    }

    async fn of_two_at_once_each_makes_a_version(db: Database, storage: &Storage) {
        let keeper = Keeper::of(&db).await;
        let other = keeper.in_another_process(storage.connect().await);
        let zone = |zone: &str| proto::ContactPolicy { time_zone: zone.to_owned(), ..policy() };
        let topics = proto::ContactPolicy { topics: vec![topic("events")], ..policy() };
        let (one, two) = tokio::join!(
            keeper.try_order(zone("Europe/Zurich"), "time_zone"),
            other.try_order(topics, "topics")
        );
        let mut versions = [answer(one).version, answer(two).version];
        versions.sort_unstable();
        assert_eq!(versions, [1, 2]);
        let read = answer(keeper.policies().get_contact_policy(named("contactPolicy")).await);
        assert_eq!((read.time_zone.as_str(), read.topics.len()), ("Europe/Zurich", 1));
    }
}
