//! What quotes are for, and for whom after a merge.

use prost::Message as _;
use rapport_platform::id::new_id;
use rapport_platform::on_each_engine;
use rapport_proto::rapport::customer::v1 as customers;
use rapport_proto::rapport::sales::v1 as proto;

use super::super::Desk;
use super::super::announcements::told_of;
use super::{Company, content, inner};
use crate::domain::quote::hash::ContentHash;
use crate::resource::{CUSTOMER, CUSTOMER_MERGE};
use crate::testing::fields;

async fn about(
    company: &Company,
    customer: &str,
    opportunity: &str,
) -> Result<proto::Quote, tonic::Status> {
    let request = proto::CreateQuoteRequest {
        quote: Some(proto::Quote {
            customer: customer.to_owned(),
            opportunity: opportunity.to_owned(),
            content: Some(content(0)),
            ..Default::default()
        }),
        ..Default::default()
    };
    inner(company.sven.quotes().create_quote(request).await)
}

/// Hears that the company's customer is merged into the other, or no longer.
pub(super) async fn merge(company: &Company, (name, undo): (&str, bool), survivor: &str) {
    let customer_merge = Some(customers::CustomerMerge {
        name: name.to_owned(),
        survivor: survivor.to_owned(),
        merged: company.customer.clone(),
        ..Default::default()
    });
    if undo {
        let fact = customers::CustomerMergeUndone {
            customer_merge,
            ..Default::default()
        };
        return company.sven.hear(name, 2, &fact).await;
    }
    let fact = customers::CustomersMerged {
        customer_merge,
        ..Default::default()
    };
    company.sven.hear(name, 1, &fact).await;
}

/// The hash of a quote of one line, as somebody reckons it who knows the protos only.
fn reckoned(quote: &proto::Quote, content: &proto::QuoteContent) -> String {
    let numbers = |numbers: &[i32]| numbers.iter().map(ToString::to_string).collect::<Vec<_>>();
    let mut texts = [
        "rapport.quote.1",
        &quote.original_customer,
        &quote.opportunity,
    ]
    .map(str::to_owned)
    .to_vec();
    texts.extend([content.title.clone(), content.currency_code.clone()]);
    texts.extend(numbers(&[
        content.rounding_policy,
        content.tax_treatment,
        content.discount_ppm,
    ]));
    texts.extend([String::new(), content.terms.clone()]);
    let line = &content.lines[0];
    let about = [&line.product, &line.price_book_entry, &line.description];
    texts.extend(about.map(Clone::clone));
    texts.extend([line.quantity.clone(), "10000".to_owned()]);
    texts.extend(numbers(&[line.discount_ppm, line.tax_rate_ppm]));
    // Neither listed nor with a known cost; 850.00 and the tax on it.
    texts.extend(["", "", "0", "85000", "12750"].map(str::to_owned));
    let told: String = texts
        .iter()
        .map(|it| format!("{}:{it}", it.len()))
        .collect();
    ContentHash::of_bytes(told.as_bytes()).to_string()
}

on_each_engine! {
    async fn a_quote_is_for_an_opportunity_of_its_customer(db: Database) {
        let company = Company::open(&db).await;
        let desk = Desk::of(company.sven.clone()).await;
        let other = company.another_customer().await;
        let opportunity = proto::Opportunity { customer: company.customer.clone(), ..desk.opportunity() };
        let opportunity = desk.record(opportunity).await.unwrap().name;
        let quote = about(&company, &company.customer, &opportunity).await.unwrap();
        assert_eq!(quote.opportunity, opportunity);
        let filter = format!("opportunity = \"{opportunity}\"");
        assert_eq!(company.sven.titles(&filter).await.unwrap(), ["Pens"]);
        let nothing = format!("opportunities/{}", new_id());
        for (customer, opportunity) in [(&other, &opportunity), (&company.customer, &nothing)] {
            let refused = about(&company, customer, opportunity).await.unwrap_err();
            assert_eq!(fields(&refused), ["quote.opportunity"]);
        }
    }

    async fn quotes_follow_a_merged_customer_and_find_back(db: Database) {
        let company = Company::open(&db).await;
        let (survivor, id) = (company.another_customer().await, CUSTOMER_MERGE.format(&[new_id()]));
        let moved = company.approved(150_000).await;
        let own = about(&company, &survivor, "").await.unwrap();
        merge(&company, (&id, false), &survivor).await;
        let after = company.sven.read(&moved).await.unwrap();
        assert_eq!((&after.customer, after.binding), (&survivor, true), "what it says stays, and its hash");
        assert_eq!(after.content_hash, moved.content_hash);
        let same = company.sven.revise(&after, content(150_000)).await.unwrap();
        assert_eq!(same.content_hash, moved.content_hash);
        merge(&company, (&id, true), &survivor).await;
        assert_eq!(company.sven.read(&moved).await.unwrap().customer, company.customer);
        assert_eq!(company.sven.read(&own).await.unwrap().customer, survivor, "it was the survivor's before");
    }

    async fn quotes_that_change_their_customer_are_told_of(db: Database) {
        let company = Company::open(&db).await;
        let (survivor, id) = (company.another_customer().await, CUSTOMER_MERGE.format(&[new_id()]));
        company.quote(0).await;
        company.quote(0).await;
        about(&company, &survivor, "").await.unwrap();
        merge(&company, (&id, false), &survivor).await;
        merge(&company, (&id, true), &survivor).await;
        let fact = |from: &str, to: &str| proto::QuotesReassigned {
            from_customer: from.to_owned(), to_customer: to.to_owned(), quote_count: 2,
        };
        let told = |version, fact: proto::QuotesReassigned| ("QuotesReassigned".to_owned(), version, fact.encode_to_vec());
        let both = [told(1, fact(&company.customer, &survivor)), told(2, fact(&survivor, &company.customer))];
        assert_eq!(told_of(&db, &id).await, both);

        let nothing = CUSTOMER_MERGE.format(&[new_id()]);
        let other = company.another_customer().await;
        let bare = Company { customer: other, ..company };
        merge(&bare, (&nothing, false), &survivor).await;
        assert!(told_of(&db, &nothing).await.is_empty(), "there were none to move");
    }

    async fn what_a_quote_promises_can_be_reckoned_after_a_merge(db: Database) {
        let company = Company::open(&db).await;
        let (survivor, id) = (company.another_customer().await, CUSTOMER_MERGE.format(&[new_id()]));
        let forged = proto::Quote {
            customer: company.customer.clone(), original_customer: survivor.clone(), content: Some(content(150_000)), ..Default::default()
        };
        let request = proto::CreateQuoteRequest { quote: Some(forged), max_discount_ppm: 150_000, ..Default::default() };
        let quote = inner(company.sven.quotes().create_quote(request).await).unwrap();
        assert_eq!(quote.original_customer, company.customer, "ours to say");
        merge(&company, (&id, false), &survivor).await;
        let after = company.sven.read(&quote).await.unwrap();
        assert_eq!((&after.customer, &after.original_customer), (&survivor, &company.customer));
        assert_eq!(reckoned(&after, after.content.as_ref().unwrap()), after.content_hash);
    }

    async fn a_revision_is_judged_by_the_terms_of_the_quote_s_customer(db: Database) {
        let company = Company::open(&db).await;
        let (quote, other) = (company.quote(0).await, company.another_customer().await);
        for customer in [other, CUSTOMER.format(&[new_id()]), String::new()] {
            let under = proto::Quote { customer, ..quote.clone() };
            let refused = company.sven.revise(&under, content(50_000)).await.unwrap_err();
            assert_eq!(fields(&refused), ["customer"]);
        }
        assert_eq!(company.sven.read(&quote).await.unwrap().revision, 1);
        assert_eq!(company.sven.revise(&quote, content(50_000)).await.unwrap().revision, 2);
    }
}
