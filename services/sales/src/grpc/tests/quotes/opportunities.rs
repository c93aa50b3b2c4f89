//! What quotes are for, and for whom after a merge.

use rapport_platform::db::Database;
use rapport_platform::id::new_id;
use rapport_platform::on_each_engine;
use rapport_proto::rapport::sales::v1 as proto;
use uuid::Uuid;

use super::super::Desk;
use super::{Company, content, inner};
use crate::resource::CUSTOMER;
use crate::store::quote::customer::{give_back, reassign};
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

/// Whose the quotes become when the one customer is merged into the other, or no longer.
async fn merge(db: &Database, company: &Company, merge: (Uuid, bool), from: &str, to: &str) {
    let ids = [from, to].map(|it| CUSTOMER.ids(it).unwrap()[0]);
    let ctx = &company.sven.ctx;
    let (id, undo) = merge;
    db.write_txn(|txn| async move {
        match undo {
            false => reassign(ctx, &txn, id, ids.into()).await,
            true => give_back(ctx, &txn, id, ids.into()).await,
        }
    })
    .await
    .unwrap();
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
        let (survivor, id) = (company.another_customer().await, new_id());
        let moved = company.approved(150_000).await;
        let own = about(&company, &survivor, "").await.unwrap();
        merge(&db, &company, (id, false), &company.customer, &survivor).await;
        let after = company.sven.read(&moved).await.unwrap();
        assert_eq!((&after.customer, after.binding), (&survivor, true), "what it says stays, and its hash");
        assert_eq!(after.content_hash, moved.content_hash);
        let same = company.sven.revise(&after, content(150_000)).await.unwrap();
        assert_eq!(same.content_hash, moved.content_hash);
        merge(&db, &company, (id, true), &survivor, &company.customer).await;
        assert_eq!(company.sven.read(&moved).await.unwrap().customer, company.customer);
        assert_eq!(company.sven.read(&own).await.unwrap().customer, survivor, "it was the survivor's before");
    }
}
