//! Addresses that are not to be used, whoever has them.

use std::time::Duration;

use rapport_platform::on_each_engine;
use rapport_proto::rapport::customer::v1 as proto;
use rapport_proto::rapport::customer::v1::suppressed_address::Address;
use tonic::{Response, Status};
use uuid::Uuid;

use super::{Keeper, answer, fields, reason};
use crate::domain::channel::Purpose;
use crate::domain::contact::suppression::SuppressionReason;

const MINUTE: Duration = Duration::from_mins(1);

fn email(address: &str) -> Option<proto::SuppressedAddress> {
    Some(proto::SuppressedAddress {
        address: Some(Address::Email(address.to_owned())),
    })
}

impl Keeper {
    async fn suppress(
        &self,
        address: &str,
        reason: SuppressionReason,
        purposes: &[Purpose],
    ) -> proto::Suppression {
        answer(self.try_suppress(address, reason, purposes).await)
    }

    async fn try_suppress(
        &self,
        address: &str,
        reason: SuppressionReason,
        purposes: &[Purpose],
    ) -> Result<Response<proto::Suppression>, Status> {
        let request = proto::SuppressAddressRequest {
            address: email(address),
            reason: reason.number(),
            purposes: purposes.iter().map(|it| it.number()).collect(),
            note: "told on the phone".to_owned(),
            ..Default::default()
        };
        self.suppressions().suppress_address(request).await
    }

    pub(super) async fn suppressions_of(&self, address: &str) -> Vec<proto::Suppression> {
        let request = proto::FindSuppressionsRequest {
            address: email(address),
        };
        answer(self.suppressions().find_suppressions(request).await).suppressions
    }

    async fn lift(&self, name: &str) -> Result<Response<proto::Suppression>, Status> {
        let request = proto::LiftSuppressionRequest {
            name: name.to_owned(),
            reason: "it was a mistake".to_owned(),
            ..Default::default()
        };
        self.suppressions().lift_suppression(request).await
    }

    async fn listed(&self, filter: &str) -> Vec<proto::Suppression> {
        let request = proto::ListSuppressionsRequest {
            filter: filter.to_owned(),
            ..Default::default()
        };
        answer(self.suppressions().list_suppressions(request).await).suppressions
    }
}

on_each_engine! {
    async fn nobody_who_has_the_address_is_written_to(db: Database) {
        let keeper = Keeper::of(&db).await;
        let ada = keeper.person("Ada Lovelace").await;
        let bob = keeper.person("Bob").await;
        keeper.email(&ada, "family@example.com").await;
        keeper.email(&bob, "family@example.com").await;
        // Twice, so that what may be granted without looking again is known.
        for customer in [&ada, &bob, &ada, &bob] {
            assert!(keeper.may_write(customer, Purpose::Marketing).await);
        }

        keeper.suppress("Family@Example.com", SuppressionReason::Complaint, &[]).await;
        let eve = keeper.person("Eve").await;
        keeper.email(&eve, "family@example.com").await;
        for customer in [&ada, &bob, &eve] {
            assert!(!keeper.may_write(customer, Purpose::Marketing).await);
            assert!(keeper.may_write(customer, Purpose::Transactional).await);
        }
    }

    async fn the_list_can_be_asked_and_not_read(db: Database) {
        let keeper = Keeper::of(&db).await;
        let legal = keeper.suppress("ada@example.com", SuppressionReason::Legal, &[]).await;
        assert_eq!(legal.recorder, "employees/ada");
        assert!(legal.purposes.is_empty());
        assert_eq!(keeper.suppressions_of("ADA@example.com").await, std::slice::from_ref(&legal));
        assert_eq!(keeper.suppressions_of("bob@example.com").await, []);
        assert_eq!(keeper.listed("").await, [legal]);
        let tried = proto::FindSuppressionsRequest { address: email("no address") };
        assert_eq!(
            fields(keeper.suppressions().find_suppressions(tried).await),
            ["address.email"]
        );
        let none = proto::FindSuppressionsRequest { address: None };
        assert_eq!(fields(keeper.suppressions().find_suppressions(none).await), ["address"]);
    }

    async fn suppressing_alike_is_suppressing_once(db: Database) {
        let keeper = Keeper::of(&db).await;
        let unsubscribe = SuppressionReason::Unsubscribe;
        let first = keeper.suppress("ada@example.com", unsubscribe, &[Purpose::Sales]).await;
        assert_eq!(first.purposes, [Purpose::Sales.number()]);
        let again = keeper.later(MINUTE);
        let same = again.suppress("ada@example.com", unsubscribe, &[Purpose::Sales]).await;
        assert_eq!(same, first);
        let other = again.suppress("ada@example.com", unsubscribe, &[]).await;
        assert_ne!(other.name, first.name);
        assert_eq!(keeper.suppressions_of("ada@example.com").await, [first, other]);
        assert_eq!(keeper.events("SuppressionChanged").await.len(), 2);
    }

    async fn two_at_once_suppress_once(db: Database, storage: &Storage) {
        let keeper = Keeper::of(&db).await;
        let other = keeper.in_another_process(storage.connect().await);
        let bounce = SuppressionReason::Bounce;
        let (one, two) = tokio::join!(
            keeper.suppress("ada@example.com", bounce, &[]),
            other.suppress("ada@example.com", bounce, &[])
        );
        assert_eq!(one, two);
        assert_eq!(keeper.events("SuppressionChanged").await.len(), 1);
    }

    async fn only_an_unsubscription_is_narrowed(db: Database) {
        let keeper = Keeper::of(&db).await;
        let narrowed = keeper
            .try_suppress("ada@example.com", SuppressionReason::Bounce, &[Purpose::Sales])
            .await;
        assert_eq!(fields(narrowed), ["purposes"]);
        let nothing = proto::SuppressAddressRequest {
            address: email("ada@example.com"),
            ..Default::default()
        };
        assert_eq!(fields(keeper.suppressions().suppress_address(nothing).await), ["reason"]);
    }

    async fn what_is_lifted_stays_on_the_list_with_who_and_why(db: Database) {
        let keeper = Keeper::of(&db).await;
        let ada = keeper.person("Ada Lovelace").await;
        keeper.email(&ada, "ada@example.com").await;
        let before = keeper.suppress("ada@example.com", SuppressionReason::Manual, &[]).await;
        assert!(!keeper.may_write(&ada, Purpose::Sales).await);

        let later = keeper.later(MINUTE);
        let lifted = answer(later.lift(&before.name).await);
        assert_eq!(lifted.lifter, "employees/ada");
        assert_eq!(lifted.lift_reason, "it was a mistake");
        assert_eq!(lifted.lift_time, Some(later.ctx.now.into()));
        assert!(later.may_write(&ada, Purpose::Sales).await);
        assert_eq!(keeper.suppressions_of("ada@example.com").await, []);
        assert_eq!(keeper.listed("").await, std::slice::from_ref(&lifted));
        assert_eq!(reason(later.lift(&before.name).await), "INVALID_STATE");

        let events = keeper.events("SuppressionChanged").await;
        let versions: Vec<_> = events.iter().map(|it| it.version).collect();
        assert_eq!(versions, [1, 2]);
        let fact: proto::SuppressionChanged = events[1].fact().unwrap();
        assert_eq!(fact.suppression, Some(lifted));

        let anew = later.suppress("ada@example.com", SuppressionReason::Manual, &[]).await;
        assert_ne!(anew.name, before.name);
        assert!(!later.may_write(&ada, Purpose::Sales).await);
        let nowhere = format!("suppressions/{}", Uuid::from_u128(9));
        assert_eq!(reason(later.lift(&nowhere).await), "RESOURCE_NOT_FOUND");
    }

    async fn the_list_is_filtered_and_read_page_by_page(db: Database) {
        let keeper = Keeper::of(&db).await;
        let mut names = Vec::new();
        for number in 0..5 {
            let address = format!("ada{number}@example.com");
            let reason = match number % 2 {
                0 => SuppressionReason::Bounce,
                _ => SuppressionReason::Legal,
            };
            names.push(keeper.suppress(&address, reason, &[]).await.name);
        }
        answer(keeper.lift(&names[0]).await);
        names.reverse();
        let of = async |filter: &str| {
            let listed = keeper.listed(filter).await;
            listed.into_iter().map(|it| it.name).collect::<Vec<_>>()
        };
        assert_eq!(of("reason = LEGAL").await, [names[1].clone(), names[3].clone()]);
        assert_eq!(of("lift_time:*").await, [names[4].clone()]);
        assert_eq!(of("NOT lift_time:*").await, names[..4]);

        let request = proto::ListSuppressionsRequest { page_size: 3, ..Default::default() };
        let first = answer(keeper.suppressions().list_suppressions(request.clone()).await);
        let rest = proto::ListSuppressionsRequest {
            page_token: first.next_page_token.clone(),
            ..request.clone()
        };
        let second = answer(keeper.suppressions().list_suppressions(rest).await);
        let read = first.suppressions.into_iter().chain(second.suppressions);
        assert_eq!(read.map(|it| it.name).collect::<Vec<_>>(), names);
        assert_eq!(second.next_page_token, "");
        let other = proto::ListSuppressionsRequest {
            page_token: first.next_page_token,
            filter: "reason = LEGAL".to_owned(),
            ..request
        };
        assert_eq!(
            reason(keeper.suppressions().list_suppressions(other).await),
            "INVALID_PAGE_TOKEN"
        );
        let unknown = proto::ListSuppressionsRequest {
            filter: "address = \"ada\"".to_owned(),
            ..Default::default()
        };
        assert_eq!(
            reason(keeper.suppressions().list_suppressions(unknown).await),
            "INVALID_FILTER"
        );
    }
}
