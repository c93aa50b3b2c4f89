//! What products cost, and which price holds.

use std::time::Duration;

use rapport_platform::id::new_id;
use rapport_platform::on_each_engine;
use rapport_platform::testing::counted;
use rapport_proto::google::r#type::Money;
use rapport_proto::rapport::sales::v1 as proto;
use rapport_proto::rapport::sales::v1::price_book_service_client::PriceBookServiceClient;
use tonic::{Code, Status};

use super::products::product;
use crate::testing::{Caller, Link, fields, metadata, reason};

pub(super) fn euros(cents: i64) -> Option<Money> {
    Some(Money {
        currency_code: "EUR".to_owned(),
        units: cents / 100,
        nanos: i32::try_from(cents % 100).unwrap() * 10_000_000,
    })
}

/// A product that does not exist.
fn no_product() -> String {
    format!("products/{}", new_id())
}

pub(super) fn book(display_name: &str) -> proto::PriceBook {
    proto::PriceBook {
        display_name: display_name.to_owned(),
        currency_code: "EUR".to_owned(),
        tax_treatment: proto::TaxTreatment::Exclusive.into(),
        ..Default::default()
    }
}

/// A price from one piece on.
pub(super) fn priced(product: &str, cents: i64) -> proto::PriceBookEntry {
    tiered(product, &[("1", cents)])
}

fn tiered(product: &str, tiers: &[(&str, i64)]) -> proto::PriceBookEntry {
    let tiers = tiers.iter().map(|(from, cents)| proto::PriceTier {
        min_quantity: (*from).to_owned(),
        unit_price: euros(*cents),
    });
    proto::PriceBookEntry {
        product: product.to_owned(),
        tiers: tiers.collect(),
        ..Default::default()
    }
}

impl Caller {
    fn price_books(&self) -> PriceBookServiceClient<Link> {
        PriceBookServiceClient::new(self.link())
    }

    /// The name of a new product.
    pub(super) async fn product(&self) -> String {
        product(self, &new_id().to_string(), 1).await.name
    }

    pub(super) async fn book(&self, price_book: proto::PriceBook) -> proto::PriceBook {
        let request = proto::CreatePriceBookRequest {
            price_book: Some(price_book),
            ..Default::default()
        };
        let created = self.price_books().create_price_book(request).await;
        created.unwrap().into_inner()
    }

    pub(super) async fn price(
        &self,
        book: &proto::PriceBook,
        entries: &[proto::PriceBookEntry],
    ) -> Result<Vec<proto::PriceBookEntry>, Status> {
        let request = proto::BatchSetPricesRequest {
            parent: book.name.clone(),
            entries: entries.to_vec(),
            ..Default::default()
        };
        let set = self.price_books().batch_set_prices(request).await?;
        Ok(set.into_inner().entries)
    }

    async fn look_up(&self, lines: &[(&str, &str)]) -> proto::LookUpPricesResponse {
        let lines = lines
            .iter()
            .map(|(product, quantity)| proto::PriceQuestion {
                product: (*product).to_owned(),
                quantity: (*quantity).to_owned(),
            });
        let request = proto::LookUpPricesRequest {
            lines: lines.collect(),
            currency_code: "EUR".to_owned(),
            tax_treatment: proto::TaxTreatment::Exclusive.into(),
            segments: vec!["segments/gold".to_owned()],
            price_time: None,
        };
        let found = self.price_books().look_up_prices(request).await;
        found.unwrap().into_inner()
    }

    async fn update_book(&self, price_book: proto::PriceBook) -> Result<proto::PriceBook, Status> {
        let request = proto::UpdatePriceBookRequest {
            price_book: Some(price_book),
            ..Default::default()
        };
        let updated = self.price_books().update_price_book(request).await;
        updated.map(tonic::Response::into_inner)
    }

    async fn delete_book(&self, name: &str) -> Result<(), Status> {
        let request = proto::DeletePriceBookRequest {
            name: name.to_owned(),
            ..Default::default()
        };
        let deleted = self.price_books().delete_price_book(request).await;
        deleted.map(tonic::Response::into_inner)
    }
}

/// The price of each line, in cents.
fn cents(found: &proto::LookUpPricesResponse) -> Vec<Option<i64>> {
    let price = |line: &proto::PriceAnswer| {
        let money = line.winner.as_ref()?.unit_price.as_ref()?;
        Some(money.units * 100 + i64::from(money.nanos / 10_000_000))
    };
    found.lines.iter().map(price).collect()
}

on_each_engine! {
    async fn the_price_that_holds_is_found_for_many_lines_in_two_statements(db: Database) {
        let caller = Caller::of(&db).await;
        let (pen, ink, none) = (caller.product().await, caller.product().await, no_product());
        let list = caller.book(book("List")).await;
        caller.price(&list, &[tiered(&pen, &[("1", 200), ("10", 180)]), priced(&ink, 500)]).await.unwrap();
        let gold = proto::PriceBook { segments: vec!["segments/gold".into()], ..book("Gold") };
        let gold = caller.book(gold).await;
        let won = caller.price(&gold, &[tiered(&pen, &[("5", 170)])]).await.unwrap();

        let (counting, statements) = counted(&db);
        let mut counting_caller = caller.clone();
        counting_caller.shared.db = counting;
        let lines = [(pen.as_str(), "4"), (&pen, "5"), (&ink, "0.5"), (&ink, "1"), (&none, "1")];
        let found = counting_caller.look_up(&lines).await;

        assert_eq!(cents(&found), [Some(200), Some(170), None, Some(500), None]);
        assert_eq!(statements.load(std::sync::atomic::Ordering::Relaxed), 2);
        assert_eq!(found.lines[1].winner.as_ref().unwrap().entry, won[0].name);
        let verdicts = |line: usize| -> Vec<_> {
            found.lines[line].considered.iter().map(|it| it.verdict()).collect()
        };
        use proto::PriceVerdict::{Outranked, QuantityTooSmall, Won};
        assert_eq!(verdicts(0), [QuantityTooSmall, Won]);
        assert_eq!(verdicts(1), [Won, Outranked]);
        assert_eq!(verdicts(2), [QuantityTooSmall]);
        assert!(found.lines[4].considered.is_empty());
    }

    async fn books_that_do_not_fit_say_why(db: Database) {
        let caller = Caller::of(&db).await;
        let pen = caller.product().await;
        let (hour, now) = (Duration::from_secs(3_600), caller.ctx.now);
        let mut wanted = Vec::new();
        use proto::PriceBookVerdict as Verdict;
        for (verdict, other) in [
            (Verdict::Fits, book("List")),
            (Verdict::OtherCurrency, proto::PriceBook { currency_code: "CHF".into(), ..book("Francs") }),
            (Verdict::OtherTaxTreatment, proto::PriceBook {
                tax_treatment: proto::TaxTreatment::Inclusive.into(), ..book("Shop")
            }),
            (Verdict::NotYetValid, proto::PriceBook {
                valid_from_time: Some(now.saturating_add(hour).into()), ..book("Next")
            }),
            (Verdict::NoLongerValid, proto::PriceBook {
                valid_to_time: Some(now.saturating_sub(hour).into()), ..book("Last")
            }),
            (Verdict::OtherSegment, proto::PriceBook { segments: vec!["segments/silver".into()], ..book("Silver") }),
        ] {
            let book = caller.book(other).await;
            let price = proto::PriceTier { min_quantity: "1".into(), unit_price: euros(100) };
            let price = proto::PriceBookEntry { product: pen.clone(), tiers: vec![price], ..Default::default() };
            if verdict != Verdict::OtherCurrency {
                caller.price(&book, &[price]).await.unwrap();
            }
            wanted.push((book.name, verdict));
        }
        let found = caller.look_up(&[(&pen, "1")]).await;
        let judged: Vec<_> = found.price_books.iter().map(|it| (it.price_book.clone(), it.verdict())).collect();
        assert_eq!(judged, wanted);
        assert_eq!(found.lines[0].considered.len(), 1, "only the fitting book's price was looked at");
    }

    async fn prices_are_set_all_or_none_and_replaced(db: Database) {
        let caller = Caller::of(&db).await;
        let (pen, ink) = (caller.product().await, caller.product().await);
        let list = caller.book(book("List")).await;
        let costly = proto::PriceBookEntry {
            unit_cost: euros(80), floor_margin_ppm: 200_000, ..priced(&pen, 200)
        };
        let set = caller.price(&list, &[costly]).await.unwrap();
        assert_eq!(set[0].floor_price, euros(100));
        assert_eq!(set[0].name, format!("{}/entries/{}", list.name, pen.strip_prefix("products/").unwrap()));

        let francs = Money { currency_code: "CHF".into(), units: 1, nanos: 0 };
        let mut foreign = priced(&ink, 100);
        foreign.tiers[0].unit_price = Some(francs);
        let refused = caller.price(&list, &[priced(&pen, 300), foreign]).await.unwrap_err();
        assert_eq!(fields(&refused), ["entries[1].tiers[0].unit_price"]);
        let twice = caller.price(&list, &[priced(&ink, 1), priced(&ink, 2)]).await.unwrap_err();
        assert_eq!(fields(&twice), ["entries[1].product"]);
        let unknown = caller.price(&list, &[priced(&ink, 1), priced(&no_product(), 2)]).await.unwrap_err();
        assert_eq!(fields(&unknown), ["entries[1].product"]);
        let nothing = caller.price(&list, &[tiered(&ink, &[("0", 1)])]).await.unwrap_err();
        assert_eq!(fields(&nothing), ["entries[0].tiers[0].min_quantity"]);
        assert_eq!(cents(&caller.look_up(&[(&pen, "1"), (&ink, "1")]).await), [Some(200), None]);

        caller.price(&list, &[priced(&pen, 300)]).await.unwrap();
        assert_eq!(cents(&caller.look_up(&[(&pen, "1")]).await), [Some(300)]);
        let get = proto::GetPriceBookEntryRequest { name: set[0].name.clone() };
        let got = caller.price_books().get_price_book_entry(get).await.unwrap().into_inner();
        assert_eq!((got.unit_cost, got.floor_price), (None, None), "the price is replaced as a whole");
    }

    async fn a_book_with_prices_stays(db: Database) {
        let caller = Caller::of(&db).await;
        let pen = caller.product().await;
        let list = caller.book(book("List")).await;
        caller.price(&list, &[priced(&pen, 200)]).await.unwrap();
        let refused = caller.delete_book(&list.name).await.unwrap_err();
        assert_eq!((refused.code(), reason(&refused).as_str()), (Code::FailedPrecondition, "RESOURCE_IN_USE"));
        assert_eq!(metadata(&refused, "dependents"), "1");

        let remove = proto::BatchRemovePricesRequest {
            parent: list.name.clone(), products: vec![pen, no_product()], ..Default::default()
        };
        let removed = caller.price_books().batch_remove_prices(remove).await.unwrap().into_inner();
        assert_eq!(removed.removed_count, 1);
        caller.delete_book(&list.name).await.unwrap();
        assert_eq!(reason(&caller.delete_book(&list.name).await.unwrap_err()), "RESOURCE_NOT_FOUND");
        let announced: Vec<_> = caller.announced().await.into_iter().filter(|it| it.starts_with("Price")).collect();
        assert_eq!(announced, ["PriceBookChanged", "PricesSet", "PricesRemoved", "PriceBookDeleted"]);
    }

    async fn a_book_changes_but_for_its_currency(db: Database) {
        let caller = Caller::of(&db).await;
        let list = caller.book(book("List")).await;
        let renamed = proto::PriceBook { display_name: "Retail".into(), priority: 7, ..list.clone() };
        let renamed = caller.update_book(renamed).await.unwrap();
        assert_eq!((renamed.display_name.as_str(), renamed.priority), ("Retail", 7));
        let stale = caller.update_book(proto::PriceBook { priority: 8, ..list.clone() }).await.unwrap_err();
        assert_eq!((stale.code(), reason(&stale).as_str()), (Code::Aborted, "ETAG_MISMATCH"));
        let francs = proto::PriceBook { currency_code: "CHF".into(), ..renamed.clone() };
        assert_eq!(fields(&caller.update_book(francs).await.unwrap_err()), ["price_book.currency_code"]);
        let backwards = proto::PriceBook {
            valid_from_time: Some(caller.ctx.now.into()), valid_to_time: Some(caller.ctx.now.into()), ..renamed
        };
        assert_eq!(fields(&caller.update_book(backwards).await.unwrap_err()), ["price_book.valid_to_time"]);
    }

    async fn books_and_prices_are_read_page_by_page(db: Database) {
        let caller = Caller::of(&db).await;
        let list = caller.book(book("List")).await;
        let other = caller.book(book("Other")).await;
        let mut entries = Vec::new();
        for cents in 1..=5 {
            entries.push(priced(&caller.product().await, cents));
        }
        caller.price(&list, &entries).await.unwrap();
        caller.price(&other, &[priced(&caller.product().await, 9)]).await.unwrap();
        let (mut seen, mut page_token) = (Vec::new(), String::new());
        loop {
            let request = proto::ListPriceBookEntriesRequest { parent: list.name.clone(), page_size: 2, page_token };
            let page = caller.price_books().list_price_book_entries(request).await.unwrap().into_inner();
            seen.extend(page.entries.into_iter().map(|it| it.product));
            page_token = page.next_page_token;
            if page_token.is_empty() { break; }
        }
        let products: Vec<_> = entries.into_iter().map(|it| it.product).collect();
        assert_eq!(seen, products);
        let books = proto::ListPriceBooksRequest { page_size: 1, ..Default::default() };
        let books = caller.price_books().list_price_books(books).await.unwrap().into_inner();
        assert_eq!(books.price_books[0].name, list.name);
        let next = proto::ListPriceBooksRequest { page_size: 1, page_token: books.next_page_token };
        let next = caller.price_books().list_price_books(next).await.unwrap().into_inner();
        assert_eq!((next.price_books[0].name.as_str(), next.next_page_token.as_str()), (other.name.as_str(), ""));
    }

    async fn prices_stay_in_the_company(db: Database) {
        let caller = Caller::of(&db).await;
        let pen = caller.product().await;
        let list = caller.book(book("List")).await;
        let set = caller.price(&list, &[priced(&pen, 200)]).await.unwrap();
        let stranger = caller.of_another_tenant();
        let found = stranger.look_up(&[(&pen, "1")]).await;
        assert!(found.price_books.is_empty() && found.lines[0].winner.is_none());
        let get = proto::GetPriceBookEntryRequest { name: set[0].name.clone() };
        assert_eq!(stranger.price_books().get_price_book_entry(get).await.unwrap_err().code(), Code::NotFound);
        assert_eq!(stranger.price(&list, &[priced(&pen, 1)]).await.unwrap_err().code(), Code::NotFound);
        assert_eq!(stranger.update_book(list.clone()).await.unwrap_err().code(), Code::NotFound);
        assert_eq!(stranger.delete_book(&list.name).await.unwrap_err().code(), Code::NotFound);
    }

    async fn prices_set_beside_each_other_are_all_kept_and_a_removal_does_not_slip_between(db: Database) {
        let caller = Caller::of(&db).await;
        let list = caller.book(book("List")).await;
        let setting = (1..=8).map(|cents| {
            let (caller, list) = (caller.clone(), list.clone());
            async move { caller.price(&list, &[priced(&caller.product().await, cents)]).await.map(drop) }
        });
        let removing = caller.delete_book(&list.name);
        let (set, removed) = tokio::join!(futures::future::join_all(setting), removing);
        let kept = set.iter().filter(|it| it.is_ok()).count();
        assert_eq!(removed.is_ok(), kept == 0, "either the book is gone or its prices are there");
        if removed.is_err() {
            let all = proto::ListPriceBookEntriesRequest { parent: list.name.clone(), ..Default::default() };
            let all = caller.price_books().list_price_book_entries(all).await.unwrap().into_inner();
            assert_eq!(all.entries.len(), kept);
        }
    }
}
