//! Entries of the consent ledger.

use std::time::Duration;

use rapport_platform::on_each_engine;
use rapport_platform::time::Timestamp;
use rapport_proto::rapport::customer::v1 as proto;
use rapport_proto::rapport::customer::v1::consent_event::Scope;
use rapport_proto::rapport::customer::v1::merge_service_client::MergeServiceClient;
use uuid::Uuid;

use super::{Keeper, answer, fields, on, opt_in, opt_out, reason};
use crate::domain::channel::{Channel, Purpose};
use crate::domain::contact::consent::ConsentOutcome;

const MINUTE: Duration = Duration::from_mins(1);
/// The same instant to the microsecond for proto and store.
fn proto_time(at: Timestamp) -> Option<prost_types::Timestamp> {
    Some(at.into())
}

on_each_engine! {
    async fn what_was_said_of_an_address_holds_for_the_same_of_a_merged_record(db: Database) {
        let keeper = Keeper::of(&db).await;
        let (ada, bob) = (keeper.person("Ada Lovelace").await, keeper.person("Ada Lovelace").await);
        keeper.email(&ada, "ada@example.com").await;
        let his = keeper.email(&bob, "ada@example.com").await;
        let about = proto::ConsentEvent {
            scope: Some(Scope::ContactPoint(his)),
            ..opt_out(Purpose::Marketing)
        };
        keeper.record(&bob, about).await;
        assert!(keeper.may_write(&ada, Purpose::Marketing).await, "she is somebody else, as far as anybody knows");
        assert!(!keeper.may_write(&bob, Purpose::Marketing).await);

        let merge = proto::MergeCustomersRequest { name: ada.clone(), merged: bob.clone(), ..Default::default() };
        answer(MergeServiceClient::new(keeper.0.link()).merge_customers(merge).await);
        for name in [&ada, &bob] {
            assert!(!keeper.may_write(name, Purpose::Marketing).await);
            assert!(keeper.may_write(name, Purpose::Service).await);
        }
    }

    async fn an_entry_is_kept_as_it_was_given(db: Database) {
        let keeper = Keeper::of(&db).await;
        keeper.order(&[]).await;
        let ada = keeper.person("Ada Lovelace").await;
        let captured = keeper.ctx.now.saturating_sub(MINUTE);
        let sent = proto::ConsentEvent {
            scope: on(Channel::Sms),
            topic: "product-news".to_owned(),
            legal_basis: proto::LegalBasis::Contract.into(),
            evidence_hash: vec![7; 32],
            note: "She said:\nyes, do.".to_owned(),
            capture_time: proto_time(captured),
            expire_time: proto_time(keeper.ctx.now.saturating_add(MINUTE)),
            ..opt_in(Purpose::Marketing)
        };
        let recorded = keeper.record(&ada, sent.clone()).await;
        assert!(recorded.name.starts_with(&format!("{ada}/consentEvents/")));
        let expected = proto::ConsentEvent {
            name: recorded.name.clone(),
            effective_time: proto_time(captured),
            recorder: "employees/ada".to_owned(),
            record_time: proto_time(keeper.ctx.now),
            ..sent
        };
        assert_eq!(recorded, expected);
        assert_eq!(keeper.ledger(&ada).await, std::slice::from_ref(&recorded));

        let events = keeper.events("ConsentRecorded").await;
        assert_eq!(events[0].aggregate, format!("{ada}/consentEvents"));
        let fact: proto::ConsentRecorded = events[0].fact().unwrap();
        assert_eq!(fact.consent_event, Some(recorded));
    }

    async fn an_opt_out_is_in_force_with_the_answer(db: Database) {
        let keeper = Keeper::of(&db).await;
        let ada = keeper.person("Ada Lovelace").await;
        keeper.email(&ada, "ada@example.com").await;
        // Twice, so that what may be granted without looking again is known.
        assert!(keeper.may_write(&ada, Purpose::Marketing).await);
        assert!(keeper.may_write(&ada, Purpose::Marketing).await);

        keeper.record(&ada, opt_out(Purpose::Marketing)).await;
        assert!(!keeper.may_write(&ada, Purpose::Marketing).await);
        assert!(keeper.may_write(&ada, Purpose::Sales).await);
        keeper.later(MINUTE).record(&ada, opt_in(Purpose::Marketing)).await;
        assert!(keeper.later(MINUTE).may_write(&ada, Purpose::Marketing).await);
    }

    async fn no_contact_slips_in_beside_an_opt_out(db: Database, storage: &Storage) {
        let keeper = Keeper::of(&db).await;
        let dialler = keeper.in_another_process(storage.connect().await);
        for round in 0..5 {
            let ada = keeper.person("Ada Lovelace").await;
            keeper.email(&ada, &format!("ada{round}@example.com")).await;
            let opting_out = async {
                keeper.record(&ada, opt_out(Purpose::Marketing)).await;
                dialler.may_write(&ada, Purpose::Marketing).await
            };
            let writing = async {
                for _ in 0..3 {
                    dialler.may_write(&ada, Purpose::Marketing).await;
                }
            };
            let (after, ()) = tokio::join!(opting_out, writing);
            assert!(!after, "after the opt-out was answered");
            assert!(!keeper.may_write(&ada, Purpose::Marketing).await);
        }
    }

    async fn each_entry_is_recorded_later_than_the_one_before(db: Database, storage: &Storage) {
        let keeper = Keeper::of(&db).await;
        let ada = keeper.person("Ada Lovelace").await;
        let ahead = keeper.later(Duration::from_secs(3));
        let first = ahead.record(&ada, opt_in(Purpose::Marketing)).await;
        let other = keeper.in_another_process(storage.connect().await);
        let (two, three) = tokio::join!(
            keeper.record(&ada, opt_out(Purpose::Marketing)),
            other.record(&ada, opt_out(Purpose::Sales))
        );
        let time = |it: &proto::ConsentEvent| Timestamp::try_from(it.record_time.unwrap()).unwrap();
        let micro = Duration::from_micros(1);
        let mut times = [time(&first), time(&two), time(&three)];
        times.sort_unstable();
        assert_eq!(times[0], ahead.ctx.now);
        assert_eq!(times[1], times[0].saturating_add(micro));
        assert_eq!(times[2], times[1].saturating_add(micro));
        // Recorded by a clock that is behind, and in force all the same.
        assert_eq!(keeper.outcome(&ada, Purpose::Marketing).await, ConsentOutcome::OptedOut);
    }

    async fn a_repeated_request_appends_once(db: Database) {
        let keeper = Keeper::of(&db).await;
        let ada = keeper.person("Ada Lovelace").await;
        let request = proto::RecordConsentRequest {
            parent: ada.clone(),
            consent_event: Some(opt_out(Purpose::Marketing)),
            request_id: Uuid::from_u128(7).to_string(),
        };
        let first = answer(keeper.consents().record_consent(request.clone()).await);
        let again = answer(keeper.later(MINUTE).consents().record_consent(request).await);
        assert_eq!(again, first);
        assert_eq!(keeper.ledger(&ada).await.len(), 1);
        assert_eq!(keeper.events("ConsentRecorded").await.len(), 1);
    }

    async fn what_cannot_be_meant_is_refused(db: Database) {
        let keeper = Keeper::of(&db).await;
        keeper.order(&[]).await;
        let ada = keeper.person("Ada Lovelace").await;
        let ahead = |by| proto_time(keeper.ctx.now.saturating_add(by));
        let wrong = [
            (proto::ConsentEvent { status: 0, ..opt_in(Purpose::Marketing) }, "status"),
            (proto::ConsentEvent { source: " ".into(), ..opt_in(Purpose::Marketing) }, "source"),
            (opt_in(Purpose::Legal), "purpose"),
            (
                proto::ConsentEvent { purpose: 0, topic: "events".into(), ..opt_in(Purpose::Sales) },
                "topic",
            ),
            (proto::ConsentEvent { topic: "cats".into(), ..opt_in(Purpose::Marketing) }, "topic"),
            (proto::ConsentEvent { topic: "events".into(), ..opt_in(Purpose::Sales) }, "topic"),
            (
                proto::ConsentEvent { evidence_hash: vec![1], ..opt_in(Purpose::Sales) },
                "evidence_hash",
            ),
            (
                proto::ConsentEvent { capture_time: ahead(6 * MINUTE), ..opt_in(Purpose::Sales) },
                "capture_time",
            ),
            (
                proto::ConsentEvent { effective_time: ahead(6 * MINUTE), ..opt_out(Purpose::Sales) },
                "effective_time",
            ),
            (
                proto::ConsentEvent { expire_time: ahead(MINUTE), ..opt_out(Purpose::Sales) },
                "expire_time",
            ),
            (
                proto::ConsentEvent { expire_time: ahead(Duration::ZERO), ..opt_in(Purpose::Sales) },
                "expire_time",
            ),
            (
                proto::ConsentEvent {
                    double_opt_in_time: proto_time(keeper.ctx.now.saturating_sub(MINUTE)),
                    ..opt_in(Purpose::Sales)
                },
                "double_opt_in_time",
            ),
            (proto::ConsentEvent { scope: Some(Scope::Channel(99)), ..opt_in(Purpose::Sales) }, "channel"),
        ];
        for (entry, field) in wrong {
            let told = fields(keeper.try_record(&ada, entry).await);
            assert_eq!(told, [format!("consent_event.{field}")]);
        }
        assert!(keeper.ledger(&ada).await.is_empty());
        // A clock that is somewhat ahead is not refused.
        let skewed = proto::ConsentEvent { capture_time: ahead(4 * MINUTE), ..opt_in(Purpose::Sales) };
        keeper.record(&ada, skewed).await;
    }

    async fn an_address_must_be_the_customers_own(db: Database) {
        let keeper = Keeper::of(&db).await;
        let ada = keeper.person("Ada Lovelace").await;
        let bob = keeper.person("Bob").await;
        let his = keeper.email(&bob, "bob@example.com").await;
        let about = |name: &str| proto::ConsentEvent {
            scope: Some(Scope::ContactPoint(name.to_owned())),
            ..opt_out(Purpose::Marketing)
        };
        assert_eq!(reason(keeper.try_record(&ada, about(&his)).await), "RESOURCE_NOT_FOUND");
        let nowhere = format!("{ada}/contactPoints/{}", Uuid::from_u128(9));
        assert_eq!(reason(keeper.try_record(&ada, about(&nowhere)).await), "RESOURCE_NOT_FOUND");
        assert_eq!(keeper.record(&bob, about(&his)).await.scope, Some(Scope::ContactPoint(his)));
    }

    async fn nobody_consents_for_one_who_is_gone(db: Database) {
        let keeper = Keeper::of(&db).await;
        let ada = keeper.person("Ada Lovelace").await;
        keeper.record(&ada, opt_in(Purpose::Sales)).await;
        keeper.delete(&ada).await;
        let told = reason(keeper.try_record(&ada, opt_out(Purpose::Sales)).await);
        assert_eq!(told, "RESOURCE_DELETED");
        assert_eq!(keeper.ledger(&ada).await.len(), 1, "what was given stays known");
        let nobody = format!("customers/{}", Uuid::from_u128(9));
        assert_eq!(
            reason(keeper.try_record(&nobody, opt_out(Purpose::Sales)).await),
            "RESOURCE_NOT_FOUND"
        );
        let list = proto::ListConsentEventsRequest { parent: nobody, ..Default::default() };
        assert_eq!(
            reason(keeper.consents().list_consent_events(list).await),
            "RESOURCE_NOT_FOUND"
        );
    }

    async fn the_ledger_is_read_page_by_page(db: Database) {
        let keeper = Keeper::of(&db).await;
        let ada = keeper.person("Ada Lovelace").await;
        let mut names = Vec::new();
        for _ in 0..5 {
            names.push(keeper.record(&ada, opt_out(Purpose::Sales)).await.name);
        }
        names.reverse();
        let mut read = Vec::new();
        let mut page_token = String::new();
        loop {
            let request = proto::ListConsentEventsRequest {
                parent: ada.clone(),
                page_size: 2,
                page_token,
            };
            let page = answer(keeper.consents().list_consent_events(request).await);
            assert!(page.consent_events.len() <= 2);
            read.extend(page.consent_events.into_iter().map(|it| it.name));
            page_token = page.next_page_token;
            if page_token.is_empty() {
                break;
            }
        }
        assert_eq!(read, names);
    }
}
