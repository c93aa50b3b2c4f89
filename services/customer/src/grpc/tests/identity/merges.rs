//! Two records become one customer.

use std::slice::from_ref;
use std::time::Duration;

use rapport_platform::on_each_engine;
use rapport_proto::rapport::customer::v1 as proto;
use rapport_proto::rapport::customer::v1::contact_permit_service_client::ContactPermitServiceClient;

use super::{
    ALLOWED, Desk, REFUSED, answer, billed, born, merge_request, organisation, person, reason,
};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

on_each_engine! {
    async fn an_opt_out_outlives_a_merge_and_an_opt_in_its_undoing(db: Database) {
        let desk = Desk::open(&db).await;
        let a = desk.person("Ada Lovelace").await;
        let b = desk.person("A. Lovelace").await;
        desk.email(&a, "ada@example.com").await;
        desk.choose(&a, ALLOWED).await;
        let later = Desk(desk.later(2 * DAY));
        later.choose(&b, REFUSED).await;
        assert!(desk.may_email(&a).await);

        let merge = later.merge(&a, &b).await;
        assert_eq!(later.chosen(&a).await, [REFUSED]);
        assert!(!later.may_email(&a).await);
        assert!(!later.may_email(&b).await);
        assert_eq!(reason(later.send(&a).await), "CHANNEL_REFUSED");
        assert_eq!(reason(later.send(&b).await), "CHANNEL_REFUSED");

        later.undo(&merge).await;
        assert_eq!(later.chosen(&a).await, [ALLOWED]);
        assert_eq!(later.chosen(&b).await, [REFUSED]);
        assert!(later.send(&a).await.is_ok());
    }

    async fn an_address_suppressed_on_a_merged_record_is_not_written_to(db: Database) {
        let desk = Desk::open(&db).await;
        let (a, b) = (desk.person("Ada").await, desk.person("Ada L").await);
        desk.email(&b, "ada@example.com").await;
        desk.merge(&a, &b).await;
        assert!(desk.reserve(&a).await.is_ok());

        desk.suppress("ada@example.com").await;

        assert_eq!(reason(desk.reserve(&a).await), "SUPPRESSED");
    }

    async fn what_expired_on_a_merged_record_makes_room_for_good(db: Database) {
        let desk = Desk::open(&db).await;
        desk.order(proto::ContactPolicy {
            caps: vec![proto::ContactCap {
                max_contacts: 1,
                window: Some(DAY.try_into().unwrap()),
                ..Default::default()
            }],
            ..Default::default()
        }).await;
        let (a, b) = (desk.person("Ada").await, desk.person("Ada L").await);
        desk.email(&b, "ada@example.com").await;
        let expired = answer(desk.reserve(&b).await);
        desk.merge(&a, &b).await;
        answer(Desk(desk.later(DAY)).reserve(&a).await);

        // By a clock that shows the time before.
        let confirm = proto::ConfirmContactRequest { name: expired.name };
        let mut permits = ContactPermitServiceClient::new(desk.link());
        assert_eq!(reason(permits.confirm_contact(confirm).await), "INVALID_STATE");
    }

    async fn a_merge_recorded_before_the_opt_out_reached_its_clock_obeys_it(db: Database) {
        let desk = Desk::open(&db).await;
        let (a, b) = (desk.person("Ada").await, desk.person("Ada L").await);
        // Both told later than the clock of whoever merges them.
        Desk(desk.later(2 * DAY)).choose(&a, ALLOWED).await;
        desk.choose(&b, REFUSED).await;
        desk.merge(&a, &b).await;
        assert_eq!(desk.chosen(&a).await, [REFUSED]);
    }

    async fn what_the_customer_says_after_the_merge_counts_alone(db: Database) {
        let desk = Desk::open(&db).await;
        let (a, b) = (desk.person("Ada").await, desk.person("Ada L").await);
        desk.email(&a, "ada@example.com").await;
        desk.choose(&b, REFUSED).await;
        let merge = desk.merge(&a, &b).await;
        for choice in [ALLOWED, REFUSED] {
            let told = desk.choose(&b, choice).await;
            assert_eq!(told.name, format!("{a}/preferences"));
            assert_eq!(desk.chosen(&a).await, [choice]);
        }
        desk.choose(&a, 0).await;
        assert!(desk.chosen(&a).await.is_empty());
        assert!(desk.may_email(&a).await);

        desk.undo(&merge).await;
        assert!(desk.chosen(&a).await.is_empty());
        assert_eq!(desk.chosen(&b).await, [REFUSED]);
    }

    async fn the_survivor_takes_what_it_has_not(db: Database) {
        let desk = Desk::open(&db).await;
        let a = desk.record(proto::Customer {
            language_code: "de".to_owned(),
            ..born("Ada Lovelace", 0, 12, 10)
        }).await;
        let b = desk.record(proto::Customer {
            language_code: "fr".to_owned(),
            region_code: "CH".to_owned(),
            ..born("Ada King", 1815, 12, 10)
        }).await;
        let merge = desk.merge(&a, &b).await;
        assert_eq!(merge.written_fields, ["person.birth_date", "region_code"]);
        let now = desk.get(&a).await;
        assert_eq!((now.language_code.as_str(), now.region_code.as_str()), ("de", "CH"));
        assert_eq!(now.display_name, "Ada Lovelace");
        assert_eq!(now.merged_names, from_ref(&b));

        desk.undo(&merge).await;
        let now = desk.get(&a).await;
        assert_eq!((now.language_code.as_str(), now.region_code.as_str()), ("de", ""));
        assert!(now.merged_names.is_empty());
        assert_eq!(desk.get(&b).await.display_name, "Ada King");
    }

    async fn callers_may_choose_the_others_values(db: Database) {
        let desk = Desk::open(&db).await;
        let (a, b) = (desk.person("Ada").await, desk.person("Ada Lovelace").await);
        let wanted = |path: &str| proto::MergeCustomersRequest {
            fields_from_merged: vec![path.to_owned()],
            ..merge_request(&a, &b)
        };
        let unknown = desk.merges().merge_customers(wanted("organisation.legal_name")).await;
        assert_eq!(reason(unknown), "INVALID_FIELD");
        let merge = answer(desk.merges().merge_customers(wanted("person.full_name")).await);
        assert_eq!(desk.get(&a).await.display_name, "Ada Lovelace");
        assert_eq!(desk.find("lovelace").await, from_ref(&a));
        desk.undo(&merge).await;
        assert_eq!(desk.get(&a).await.display_name, "Ada");
        assert_eq!(desk.find("lovelace").await, [b]);
    }

    async fn who_can_not_be_one_is_refused(db: Database) {
        let desk = Desk::open(&db).await;
        let (a, b) = (desk.person("Ada").await, desk.person("Bob").await);
        let acme = desk.organisation("Acme", "").await;
        assert_eq!(reason(desk.try_merge(&a, &a).await), "INVALID_FIELD");
        assert_eq!(reason(desk.try_merge(&a, &acme).await), "INVALID_FIELD");
        let nobody = "customers/01890000-0000-7000-8000-000000000000";
        assert_eq!(reason(desk.try_merge(&a, nobody).await), "RESOURCE_NOT_FOUND");
        assert_eq!(reason(desk.try_merge(nobody, &a).await), "RESOURCE_NOT_FOUND");
        let stale = proto::MergeCustomersRequest {
            merged_etag: "7".to_owned(),
            ..merge_request(&a, &b)
        };
        assert_eq!(reason(desk.merges().merge_customers(stale).await), "ETAG_MISMATCH");
        desk.merge(&a, &b).await;
        assert_eq!(reason(desk.try_merge(&a, &b).await), "INVALID_FIELD");
        let c = desk.person("Carl").await;
        assert_eq!(reason(desk.try_merge(&c, &b).await), "RESOURCE_MERGED");
        desk.delete(&c).await;
        assert_eq!(reason(desk.try_merge(&a, &c).await), "RESOURCE_DELETED");
        let stranger = Desk(desk.of_another_tenant());
        assert_eq!(reason(stranger.try_merge(&a, &b).await), "RESOURCE_NOT_FOUND");
    }

    async fn a_merge_repeated_with_its_request_id_happens_once(db: Database) {
        let desk = Desk::open(&db).await;
        let (a, b) = (desk.person("Ada").await, desk.person("Bob").await);
        let request = proto::MergeCustomersRequest {
            request_id: rapport_platform::id::new_id().to_string(),
            ..merge_request(&a, &b)
        };
        let first = answer(desk.merges().merge_customers(request.clone()).await);
        assert_eq!(answer(desk.merges().merge_customers(request).await), first);
        let list = proto::ListCustomerMergesRequest {
            customer: b.clone(),
            ..Default::default()
        };
        let merges = answer(desk.merges().list_customer_merges(list).await).customer_merges;
        assert_eq!(merges, [first]);
    }

    async fn organisations_below_follow_and_return(db: Database) {
        let desk = Desk::open(&db).await;
        let holding = desk.organisation("Holding", "").await;
        let a = desk.organisation("Acme", "").await;
        let b = desk.organisation("Acme AG", &holding).await;
        let child = desk.organisation("Acme Paint", &b).await;
        assert_eq!(reason(desk.try_merge(&child, &b).await), "INVALID_STATE");

        let merge = desk.merge(&a, &b).await;
        assert_eq!(desk.get(&child).await.parent, a);
        let named_by_its_old_name = desk.organisation("Acme Glue", &b).await;
        assert_eq!(desk.get(&named_by_its_old_name).await.parent, a);
        desk.undo(&merge).await;
        assert_eq!(desk.get(&child).await.parent, b);
        assert_eq!(desk.get(&b).await.parent, holding);
        assert_eq!(desk.get(&named_by_its_old_name).await.parent, a);
    }

    async fn ids_of_both_find_the_survivor_and_stay_with_their_record(db: Database) {
        let desk = Desk::open(&db).await;
        let a = desk.record(billed("17", person("Ada"))).await;
        let b = desk.record(billed("18", person("Ada L"))).await;
        let merge = desk.merge(&a, &b).await;
        let now = desk.get(&b).await;
        assert_eq!(now.name, a);
        assert_eq!(now.external_ids[0].id, "17");
        assert_eq!(now.merged_external_ids[0].id, "18");
        assert_eq!(desk.find("18").await, from_ref(&a));
        let taken = proto::CreateCustomerRequest {
            customer: Some(billed("18", organisation("Acme", ""))),
            ..Default::default()
        };
        assert_eq!(reason(desk.customers().create_customer(taken).await), "RESOURCE_EXISTS");
        desk.undo(&merge).await;
        assert_eq!(desk.find("18").await, [b]);
    }
}
