//! What quotes say, and what they come to.

use rapport_platform::id::new_id;
use rapport_platform::on_each_engine;
use rapport_proto::google::r#type::Money;
use rapport_proto::rapport::sales::v1 as proto;
use tonic::Code;

use super::super::mask;
use super::super::prices::{book, euros, priced};
use super::{Company, DAY, content, inner, line};
use crate::testing::{fields, metadata, reason};

/// Tax and what the customer pays, in cents.
fn taxed(quote: &proto::Quote) -> (i64, i64) {
    let cents = |money: &Option<Money>| {
        let money = money.as_ref().unwrap();
        money.units * 100 + i64::from(money.nanos / 10_000_000)
    };
    let totals = quote.totals.as_ref().unwrap();
    (cents(&totals.tax_amount), cents(&totals.gross_amount))
}

fn in_currency(code: &str, units: i64, nanos: i32) -> Option<Money> {
    Some(Money {
        currency_code: code.to_owned(),
        units,
        nanos,
    })
}

on_each_engine! {
    async fn the_stored_policy_rounds_the_lines_or_the_document(db: Database) {
        let company = Company::open(&db).await;
        let lines = vec![line("10", 3_075, 50_000), line("1", 7_000, 50_000)];
        for (policy, tax, gross) in [
            (proto::RoundingPolicy::PerLine, 5_380, 41_243),
            (proto::RoundingPolicy::Document, 5_379, 41_242),
        ] {
            let content = proto::QuoteContent { lines: lines.clone(), rounding_policy: policy.into(), ..content(0) };
            let quote = company.sven.create(&company.customer, content, 50_000).await.unwrap();
            let read = company.sven.read(&quote).await.unwrap();
            assert_eq!(taxed(&read), (tax, gross));
            assert_eq!(read.content.as_ref().unwrap().rounding_policy(), policy);
            let revision = company.sven.revision(&quote, 1).await;
            assert_eq!(revision.taxes[0].tax_amount, read.totals.unwrap().tax_amount);
            assert_eq!(revision.aggregates.unwrap().discount_ppm, 50_000);
        }
    }

    async fn currencies_keep_their_own_coins(db: Database) {
        let company = Company::open(&db).await;
        for (code, price, gross) in [
            ("JPY", in_currency("JPY", 105, 0), in_currency("JPY", 1_208, 0)),
            ("KWD", in_currency("KWD", 1, 1_000_000), in_currency("KWD", 11, 512_000_000)),
        ] {
            let line = proto::QuoteLine { unit_price: price, ..line("10", 0, 0) };
            let content = proto::QuoteContent { currency_code: code.into(), lines: vec![line], ..content(0) };
            let quote = company.sven.create(&company.customer, content, 0).await.unwrap();
            assert_eq!(quote.totals.unwrap().gross_amount, gross);
        }
        let line = proto::QuoteLine { unit_price: in_currency("JPY", 1, 500_000_000), ..line("1", 0, 0) };
        let sen = proto::QuoteContent { currency_code: "JPY".into(), lines: vec![line], ..content(0) };
        let refused = company.sven.create(&company.customer, sen, 0).await.unwrap_err();
        assert_eq!(fields(&refused), ["quote.content.lines[0].unit_price"]);
    }

    async fn a_quote_of_200_lines_is_read_back_as_it_was_written(db: Database) {
        let company = Company::open(&db).await;
        let long = |count| proto::QuoteContent {
            tax_treatment: proto::TaxTreatment::Inclusive.into(),
            lines: vec![line("1", 333, 0); count], ..content(0)
        };
        let quote = company.sven.create(&company.customer, long(200), 0).await.unwrap();
        let read = company.sven.read(&quote).await.unwrap();
        assert_eq!(read, quote);
        assert_eq!((read.content.as_ref().unwrap().lines.len(), taxed(&read).1), (200, 66_600));
        let refused = company.sven.create(&company.customer, long(201), 0).await.unwrap_err();
        assert_eq!(fields(&refused), ["quote.content.lines"]);
    }

    async fn what_cannot_be_offered_is_refused_with_every_field_at_fault(db: Database) {
        let company = Company::open(&db).await;
        let wrong = |quantity: &str, cents| proto::QuoteLine { unit_price: euros(cents), ..line(quantity, 0, 0) };
        let francs = proto::QuoteLine { unit_price: in_currency("CHF", 1, 0), ..line("1", 0, 0) };
        let lines = vec![wrong("0", 1), wrong("-1", 1), wrong("1", -1), francs, wrong("1e3", 1), line("1", 1, 1_000_001)];
        let refused = company.sven.create(&company.customer, proto::QuoteContent { lines, ..content(0) }, 0).await.unwrap_err();
        let at = |line: usize, field: &str| format!("quote.content.lines[{line}].{field}");
        assert_eq!(fields(&refused), [
            at(0, "quantity"), at(1, "quantity"), at(2, "unit_price"), at(3, "unit_price"), at(4, "quantity"), at(5, "discount_ppm"),
        ]);
        let nothing = proto::QuoteLine { product: format!("products/{}", new_id()), ..line("1", 1, 0) };
        let nothing = proto::QuoteContent { lines: vec![line("1", 1, 0), nothing], ..content(0) };
        let refused = company.sven.create(&company.customer, nothing, 0).await.unwrap_err();
        assert_eq!(fields(&refused), [at(1, "product")]);
        let nobody = format!("customers/{}", new_id());
        let refused = company.sven.create(&nobody, content(0), 0).await.unwrap_err();
        assert_eq!(fields(&refused), ["quote.customer"]);
        let over = proto::QuoteContent { expire_time: Some(company.sven.ctx.now.into()), ..content(0) };
        let refused = company.sven.create(&company.customer, over, 0).await.unwrap_err();
        assert_eq!(fields(&refused), ["quote.content.expire_time"]);
    }

    async fn a_larger_discount_than_the_call_announced_is_refused(db: Database) {
        let company = Company::open(&db).await;
        let both = proto::QuoteContent { discount_ppm: 100_000, ..content(100_000) };
        let refused = company.sven.create(&company.customer, both.clone(), 189_999).await.unwrap_err();
        assert_eq!(fields(&refused), ["max_discount_ppm"]);
        company.sven.create(&company.customer, both, 190_000).await.unwrap();
    }

    async fn what_is_retired_is_not_quoted_any_more_but_stays_where_it_is(db: Database) {
        let company = Company::open(&db).await;
        let sven = &company.sven;
        let (old, ink) = (sven.product().await, sven.product().await);
        let list = sven.book(book("List")).await;
        let entry = sven.price(&list, &[priced(&old, 1_000)]).await.unwrap().remove(0);
        let by_itself = proto::QuoteLine { product: old.clone(), ..line("1", 1_000, 0) };
        let by_price = proto::QuoteLine { price_book_entry: entry.name, unit_price: None, ..line("1", 0, 0) };
        let fresh = proto::QuoteLine { product: ink, ..line("1", 1_000, 0) };
        let of = |lines: &[&proto::QuoteLine]| proto::QuoteContent { lines: lines.iter().copied().cloned().collect(), ..content(0) };
        let with = sven.create(&company.customer, of(&[&by_price]), 0).await.unwrap();
        let without = sven.create(&company.customer, of(&[&fresh]), 0).await.unwrap();

        let retired = proto::Product { name: old.clone(), retired: true, ..Default::default() };
        let request = proto::UpdateProductRequest {
            product: Some(retired), update_mask: mask(&["retired"]), ..Default::default()
        };
        sven.products().update_product(request).await.unwrap();

        for line in [&by_itself, &by_price] {
            let content = of(&[&fresh, line]);
            for refused in [
                sven.create(&company.customer, content.clone(), 0).await.unwrap_err(),
                sven.revise(&without, content).await.unwrap_err(),
            ] {
                assert_eq!((refused.code(), reason(&refused)), (Code::FailedPrecondition, "INVALID_STATE".into()));
                assert_eq!(metadata(&refused, "state"), "RETIRED");
                assert!(refused.message().contains(&old), "{refused}");
            }
        }
        let revised = sven.revise(&with, of(&[&by_itself, &fresh])).await.unwrap();
        assert_eq!(revised.revision, 2, "it was quoted before it was retired");
        let dropped = sven.revise(&revised, of(&[&fresh])).await.unwrap();
        let again = sven.revise(&dropped, of(&[&by_itself])).await.unwrap_err();
        assert_eq!(metadata(&again, "state"), "RETIRED", "and is gone once it was dropped");
    }

    async fn a_line_is_priced_by_its_price_book(db: Database) {
        let company = Company::open(&db).await;
        let pen = company.sven.product().await;
        let list = company.sven.book(book("List")).await;
        let entry = proto::PriceBookEntry { unit_cost: euros(600), floor_margin_ppm: 250_000, ..priced(&pen, 1_000) };
        let entry = company.sven.price(&list, &[entry]).await.unwrap().remove(0);
        let listed = |unit_price| proto::QuoteContent {
            lines: vec![proto::QuoteLine { price_book_entry: entry.name.clone(), unit_price, ..line("10", 0, 0) }],
            ..content(0)
        };
        let quote = company.sven.create(&company.customer, listed(None), 0).await.unwrap();
        let line = &quote.content.as_ref().unwrap().lines[0];
        assert_eq!((&line.product, &line.unit_price, &line.list_price, &line.unit_cost), (&pen, &euros(1_000), &euros(1_000), &euros(600)));

        let cheap = company.sven.create(&company.customer, listed(euros(700)), 0).await.unwrap_err();
        assert_eq!(fields(&cheap), ["max_discount_ppm"], "a price below the list is a discount");
        let cheap = company.sven.create(&company.customer, listed(euros(700)), 300_000).await.unwrap();
        let aggregates = company.sven.revision(&cheap, 1).await.aggregates.unwrap();
        assert_eq!((aggregates.discount_ppm, aggregates.discount_amount), (300_000, euros(3_000)));
        assert_eq!((aggregates.margin_ppm, aggregates.lines_below_floor, aggregates.unlisted_lines), (Some(142_857), 1, 0));

        company.sven.price(&list, &[priced(&pen, 5_000)]).await.unwrap();
        assert_eq!(company.sven.read(&quote).await.unwrap(), quote, "what was written stays");
        let gone = proto::QuoteContent {
            lines: vec![proto::QuoteLine { price_book_entry: format!("{}/entries/{}", list.name, new_id()), ..super::line("1", 1, 0) }],
            ..content(0)
        };
        let refused = company.sven.create(&company.customer, gone, 0).await.unwrap_err();
        assert_eq!(fields(&refused), ["quote.content.lines[0].price_book_entry"]);
    }

    async fn every_revision_is_kept(db: Database) {
        let company = Company::open(&db).await;
        let first = company.quote(0).await;
        let named = |title: &str| proto::QuoteContent { title: title.to_owned(), ..content(0) };
        let second = company.sven.revise(&first, named("Two")).await.unwrap();
        let third = company.mona.revise(&second, named("Three")).await.unwrap();
        let list = proto::ListQuoteRevisionsRequest { parent: first.name.clone(), page_size: 2, ..Default::default() };
        let page = inner(company.sven.quotes().list_quote_revisions(list.clone()).await).unwrap();
        let told: Vec<_> = page.revisions.iter().map(|it| (it.author.as_str(), it.content_hash.clone())).collect();
        assert_eq!(told, [("employees/mona", third.content_hash), ("employees/sven", second.content_hash)]);
        let next = proto::ListQuoteRevisionsRequest { page_token: page.next_page_token, ..list };
        let next = inner(company.sven.quotes().list_quote_revisions(next).await).unwrap();
        assert_eq!((next.revisions.len(), next.next_page_token.as_str()), (1, ""));
        assert_eq!(company.sven.revision(&first, 1).await.content.unwrap().title, "Pens");
        let none = proto::GetQuoteRevisionRequest { name: format!("{}/revisions/4", first.name) };
        assert_eq!(company.sven.quotes().get_quote_revision(none).await.unwrap_err().code(), Code::NotFound);
        let stale = company.sven.revise(&first, named("Four")).await.unwrap_err();
        assert_eq!((stale.code(), reason(&stale).as_str()), (Code::Aborted, "ETAG_MISMATCH"));
        let blind = proto::Quote { etag: String::new(), ..first };
        assert_eq!(fields(&company.sven.revise(&blind, named("Four")).await.unwrap_err()), ["etag"]);
    }

    async fn quotes_are_found_by_what_they_are_about(db: Database) {
        let company = Company::open(&db).await;
        let other = company.another_customer().await;
        let titled = |title: &str| proto::QuoteContent { title: title.to_owned(), ..content(0) };
        let sven = &company.sven;
        sven.create(&company.customer, titled("A"), 0).await.unwrap();
        let b = sven.create(&other, titled("B"), 0).await.unwrap();
        sven.submit(&b).await.unwrap();
        company.mona.create(&company.customer, titled("C"), 0).await.unwrap();
        let of = |filter: String| async move { sven.titles(&filter).await.unwrap() };
        assert_eq!(of(String::new()).await, ["C", "B", "A"]);
        assert_eq!(of(format!("customer = \"{}\"", company.customer)).await, ["C", "A"]);
        assert_eq!(of("state = APPROVED".into()).await, ["B"]);
        assert_eq!(of("owner = \"employees/mona\"".into()).await, ["C"]);
        assert_eq!(of(format!("opportunity = \"opportunities/{}\"", new_id())).await, Vec::<String>::new());
        assert_eq!(reason(&sven.titles("title = \"A\"").await.unwrap_err()), "INVALID_FILTER");
        let stranger = sven.of_another_tenant();
        assert!(stranger.titles("").await.unwrap().is_empty());
        assert_eq!(stranger.read(&b).await.unwrap_err().code(), Code::NotFound);
        assert_eq!(stranger.later(DAY).revise(&b, content(0)).await.unwrap_err().code(), Code::NotFound);
        assert_eq!(stranger.submit(&b).await.unwrap_err().code(), Code::NotFound);
        assert_eq!(stranger.send(&b).await.unwrap_err().code(), Code::NotFound);
    }
}
