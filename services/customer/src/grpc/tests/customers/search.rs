//! A customer is found by whatever one remembers.

use rapport_platform::on_each_engine;
use rapport_proto::rapport::customer::v1 as proto;

use super::{known_as, organisation, person};
use crate::testing::{Caller, fields, reason};

/// Walks through all pages of a search.
async fn pages(caller: &Caller, query: &str, page_size: i32) -> Vec<Vec<proto::SearchResult>> {
    let mut pages = Vec::new();
    let mut page_token = String::new();
    loop {
        let request = proto::SearchCustomersRequest {
            query: query.to_owned(),
            page_size,
            page_token,
        };
        let answer = caller.customers().search_customers(request).await.unwrap();
        let page = answer.into_inner();
        pages.push(page.results);
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return pages;
        }
    }
}

fn name(result: &proto::SearchResult) -> &str {
    &result.customer.as_ref().unwrap().display_name
}

on_each_engine! {
    async fn names_are_found_by_the_beginning_of_their_words(db: Database) {
        let caller = Caller::of(&db).await;
        for name in [
            "Ada Lovelace",
            "José Núñez",
            "王小明",
            "Jean-Luc Picard",
            "Straßer",
        ] {
            caller.created(person(name)).await;
        }
        for (query, found) in [
            ("ada", "Ada Lovelace"),
            ("LOVE", "Ada Lovelace"),
            ("love ada", "Ada Lovelace"),
            ("jose nunez", "José Núñez"),
            ("小明", "王小明"),
            ("明", "王小明"),
            ("王 小", "王小明"),
            ("picard", "Jean-Luc Picard"),
            ("STRASSER", "Straßer"),
        ] {
            assert_eq!(caller.find(query).await, [found], "{query}");
        }
        for query in ["velace", "ada picard", "小王", "lovelacey"] {
            assert!(caller.find(query).await.is_empty(), "{query}");
        }
    }

    async fn addresses_and_ids_lead_to_their_customer(db: Database) {
        let caller = Caller::of(&db).await;
        let ada = caller
            .created(known_as("billing", "K-0017", person("Ada")))
            .await;
        caller.add_email(&ada, "Countess.Ada@Müller.example").await;
        caller.add_phone(&ada, "044 668 18 00").await;
        for (query, field) in [
            ("countess.ada@müller.example", proto::SearchField::Email),
            ("countess", proto::SearchField::Email),
            ("@xn--mller-kva.example", proto::SearchField::Email),
            ("müller.example", proto::SearchField::Email),
            ("+41 44 668 18 00", proto::SearchField::Phone),
            ("0041446681800", proto::SearchField::Phone),
            ("044 668", proto::SearchField::Phone),
            ("1800", proto::SearchField::Phone),
            ("k-0017", proto::SearchField::ExternalId),
        ] {
            let found = pages(&caller, query, 0).await.concat();
            assert_eq!(
                found.iter().map(name).collect::<Vec<_>>(),
                ["Ada"],
                "{query}"
            );
            assert_eq!(found[0].field(), field, "{query}");
        }
    }

    async fn each_customer_comes_once_over_all_pages(db: Database) {
        let caller = Caller::of(&db).await;
        // Each has several terms that begin with "an", in several fields.
        for number in 0..23 {
            let customer = person(&format!("Anna Annabel Ann{number:02}"));
            let customer = known_as("billing", &format!("an-{number}"), customer);
            let customer = caller.created(customer).await;
            caller
                .add_email(&customer, &format!("an.anna{number}@annex.example"))
                .await;
        }
        caller.created(person("Bob")).await;

        for page_size in [1, 2, 5, 7, 23, 24, 100] {
            let pages = pages(&caller, "an", page_size).await;
            let full = pages.iter().rev().skip(1);
            assert!(full.clone().all(|page| page.len() == page_size as usize));
            let mut found: Vec<_> = pages
                .concat()
                .iter()
                .map(|it| name(it).to_owned())
                .collect();
            assert_eq!(found.len(), 23, "pages of {page_size}");
            found.sort();
            found.dedup();
            assert_eq!(found.len(), 23, "pages of {page_size}");
        }
    }

    async fn results_are_in_the_order_of_what_matched(db: Database) {
        let caller = Caller::of(&db).await;
        for name in ["Anders", "Ana", "Zoe Anbar", "An"] {
            caller.created(person(name)).await;
        }
        caller
            .created(known_as("erp", "anax", person("Quentin")))
            .await;
        assert_eq!(
            caller.find("an").await,
            ["An", "Ana", "Quentin", "Zoe Anbar", "Anders"]
        );
    }

    async fn all_words_must_be_found_in_one_customer(db: Database) {
        let caller = Caller::of(&db).await;
        let ada = caller.created(person("Ada Lovelace")).await;
        caller.add_phone(&ada, "+41 44 668 18 00").await;
        caller.add_email(&ada, "ada@example.com").await;
        caller.created(person("Ada King")).await;
        assert_eq!(caller.find("ada example.com").await, ["Ada Lovelace"]);
        assert_eq!(caller.find("ada 0446681800").await, ["Ada Lovelace"]);
        assert!(caller.find("king example.com").await.is_empty());
    }

    async fn what_is_gone_is_not_found(db: Database) {
        let caller = Caller::of(&db).await;
        let ada = caller.created(person("Ada")).await;
        let old = caller.add_email(&ada, "ada@old.example").await;
        caller.add_email(&ada, "ada@new.example").await;
        let request = proto::DeleteContactPointRequest {
            name: old.name,
            ..Default::default()
        };
        caller
            .contact_points()
            .delete_contact_point(request)
            .await
            .unwrap();

        assert!(caller.find("old.example").await.is_empty());
        // Both addresses had this one.
        assert_eq!(caller.find("ada").await, ["Ada"]);
        assert_eq!(caller.find("ada@n").await, ["Ada"]);

        let renamed = proto::Customer {
            name: ada.name.clone(),
            ..person("Augusta")
        };
        caller.update(renamed, &["person.full_name"]).await.unwrap();
        assert_eq!(caller.find("aug").await, ["Augusta"]);
        assert_eq!(caller.find("new.example").await, ["Augusta"]);
    }

    async fn a_page_token_belongs_to_its_query(db: Database) {
        let caller = Caller::of(&db).await;
        for name in ["Ada", "Adam"] {
            caller.created(organisation(name)).await;
        }
        let request = |query: &str, page_token: &str| proto::SearchCustomersRequest {
            query: query.to_owned(),
            page_size: 1,
            page_token: page_token.to_owned(),
        };
        let page = caller
            .customers()
            .search_customers(request("ad", ""))
            .await
            .unwrap();
        let token = page.into_inner().next_page_token;
        for (caller, query) in [(caller.clone(), "a"), (caller.of_another_tenant(), "ad")] {
            let refused = caller
                .customers()
                .search_customers(request(query, &token))
                .await;
            assert_eq!(reason(&refused.unwrap_err()), "INVALID_PAGE_TOKEN");
        }
    }

    async fn a_query_without_anything_to_search_is_refused(db: Database) {
        let caller = Caller::of(&db).await;
        for query in ["", "  ", "!?", "🎉", "a\u{0}b", "\u{7}"] {
            let request = proto::SearchCustomersRequest {
                query: query.to_owned(),
                ..Default::default()
            };
            let refused = caller
                .customers()
                .search_customers(request)
                .await
                .unwrap_err();
            assert_eq!(fields(&refused), ["query"], "{query:?}");
        }
    }

    async fn very_long_queries_and_names_meet(db: Database) {
        let caller = Caller::of(&db).await;
        let long = "王".repeat(200);
        caller.created(person(&long)).await;
        assert_eq!(caller.find(&long).await, std::slice::from_ref(&long));
        assert_eq!(caller.find(&"王".repeat(64)).await, [long]);
    }
}
