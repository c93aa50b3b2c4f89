//! Lists are filtered and paged, oldest first.

use rapport_platform::on_each_engine;
use rapport_proto::rapport::customer::v1 as proto;

use super::{belonging_to, organisation, person};
use crate::testing::{Caller, fields, metadata, reason};

on_each_engine! {
    async fn every_customer_is_on_one_page(db: Database) {
        let caller = Caller::of(&db).await;
        for number in 0..7 {
            caller.created(person(&format!("Ada {number}"))).await;
        }
        let (mut seen, mut page_token) = (Vec::new(), String::new());
        loop {
            let request = proto::ListCustomersRequest {
                page_size: 3,
                page_token,
                ..Default::default()
            };
            let page = caller
                .customers()
                .list_customers(request)
                .await
                .unwrap()
                .into_inner();
            seen.extend(page.customers.into_iter().map(|it| it.display_name));
            page_token = page.next_page_token;
            if page_token.is_empty() {
                break;
            }
        }
        assert_eq!(
            seen,
            (0..7)
                .map(|number| format!("Ada {number}"))
                .collect::<Vec<_>>()
        );
    }

    async fn filters_choose_by_the_declared_fields(db: Database) {
        let caller = Caller::of(&db).await;
        let acme = caller.created(organisation("Acme")).await;
        caller
            .created(belonging_to(&acme, organisation("Acme Labs")))
            .await;
        let ada = proto::Customer {
            region_code: "GB".to_owned(),
            primary_employee: "employees/17".to_owned(),
            ..person("Ada")
        };
        caller
            .later(std::time::Duration::from_secs(3_600))
            .created(ada)
            .await;
        let soon = caller
            .ctx
            .now
            .saturating_add(std::time::Duration::from_secs(60));
        for (filter, names) in [
            ("kind = PERSON".to_owned(), &["Ada"][..]),
            ("kind = ORGANISATION".to_owned(), &["Acme", "Acme Labs"]),
            (
                "lifecycle_stage = AWARENESS".to_owned(),
                &["Acme", "Acme Labs", "Ada"],
            ),
            ("lifecycle_stage != AWARENESS".to_owned(), &[]),
            (format!("parent = \"{}\"", acme.name), &["Acme Labs"]),
            ("primary_employee = \"employees/17\"".to_owned(), &["Ada"]),
            (
                "region_code = GB OR kind = ORGANISATION".to_owned(),
                &["Acme", "Acme Labs", "Ada"],
            ),
            ("NOT region_code = GB".to_owned(), &["Acme", "Acme Labs"]),
            (format!("create_time > \"{soon}\""), &["Ada"]),
            (format!("update_time <= \"{soon}\" AND kind = PERSON"), &[]),
        ] {
            assert_eq!(caller.list(&filter).await, names, "{filter}");
        }
    }

    async fn a_filter_that_cannot_be_read_says_where(db: Database) {
        let caller = Caller::of(&db).await;
        for filter in [
            "kind =",
            "name = x",
            "kind = DOG",
            "create_time > yesterday",
            "((((((",
            "\u{0}",
        ] {
            let request = proto::ListCustomersRequest {
                filter: filter.to_owned(),
                ..Default::default()
            };
            let refused = caller
                .customers()
                .list_customers(request)
                .await
                .unwrap_err();
            assert_eq!(reason(&refused), "INVALID_FILTER", "{filter}");
            assert!(!metadata(&refused, "position").is_empty());
        }
    }

    async fn page_sizes_and_tokens_are_checked(db: Database) {
        let caller = Caller::of(&db).await;
        let request = proto::ListCustomersRequest {
            page_size: -1,
            ..Default::default()
        };
        let refused = caller
            .customers()
            .list_customers(request)
            .await
            .unwrap_err();
        assert_eq!(fields(&refused), ["page_size"]);
        let request = proto::ListCustomersRequest {
            page_token: "x".to_owned(),
            ..Default::default()
        };
        let refused = caller
            .customers()
            .list_customers(request)
            .await
            .unwrap_err();
        assert_eq!(reason(&refused), "INVALID_PAGE_TOKEN");
    }
}
