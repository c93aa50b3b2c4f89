//! Orders and receivables when their customers do not stay who they were.

use prost::Name;
use prost_types::Any;
use rapport_platform::error::PlatformError;
use rapport_platform::id::new_id;
use rapport_platform::on_each_engine;
use rapport_platform::outbox::{Consumer as _, Event};
use rapport_platform::testing::answer;
use rapport_proto::rapport::customer::v1 as customer;
use rapport_proto::rapport::sales::v1 as proto;

use super::{Shop, day};
use crate::events::customers::CustomerConsumer;
use crate::testing::Caller;

impl Caller {
    /// Hears of a fact about customers.
    pub(in crate::grpc::tests) async fn hear<M: Name>(
        &self,
        aggregate: &str,
        version: i64,
        fact: &M,
    ) {
        let event = &Event {
            id: new_id(),
            tenant: self.ctx.tenant,
            source: "customer".to_owned(),
            kind: M::full_name(),
            aggregate: aggregate.to_owned(),
            version,
            time: self.ctx.now,
            actor: self.ctx.actor.clone(),
            trace_parent: None,
            data: Any {
                type_url: format!("type.googleapis.com/{}", M::full_name()),
                value: fact.encode_to_vec(),
            },
        };
        let heard = self.shared.db.write_txn(|txn| async move {
            let heard = CustomerConsumer.handle(&txn, &self.ctx, event).await;
            heard.map_err(|error| PlatformError::internal("hearing", format!("{error:?}")))
        });
        heard.await.unwrap();
    }
}

on_each_engine! {
    async fn orders_invoices_and_reminders_follow_a_merge_and_find_back(db: Database) {
        let shop = Shop::open(&db).await;
        let erp = shop.erp();
        let (ada, double) = (shop.company.another_customer().await, shop.company.customer.clone());
        let hers = proto::InvoiceReport {
            order: String::new(),
            customer: ada.clone(),
            ..shop.invoice("I2", 1, 300)
        };
        erp.bill(vec![shop.invoice("I1", 1, 100), hers]).await;
        let dun = proto::DunCustomerRequest {
            customer: double.clone(),
            currency_code: "EUR".to_owned(),
            ..Default::default()
        };
        let now = "2026-03-01T12:00:00Z".parse().unwrap();
        let march = erp.with(|ctx| ctx.now = now);
        answer(march.dunnings().dun_customer(dun).await);
        let notices = async |of: &str| {
            let request = proto::ListDunningNoticesRequest { parent: of.to_owned(), ..Default::default() };
            answer(erp.dunnings().list_dunning_notices(request).await).dunning_notices.len()
        };
        let belongs = async |of: &str| {
            let filter = format!("customer = \"{of}\"");
            (erp.orders_that(&filter).await.len(), erp.invoices_that(&filter).await.len(), notices(of).await)
        };
        let merge = customer::CustomerMerge {
            name: format!("customerMerges/{}", new_id()),
            survivor: ada.clone(),
            merged: double.clone(),
            ..Default::default()
        };
        let name = merge.name.clone();
        let customer_merge = Some(merge);
        erp.hear(&name, 1, &customer::CustomersMerged { customer_merge: customer_merge.clone(), ..Default::default() }).await;
        assert_eq!((belongs(&ada).await, belongs(&double).await), ((1, 2, 1), (0, 0, 0)));
        erp.hear(&name, 2, &customer::CustomerMergeUndone { customer_merge, ..Default::default() }).await;
        assert_eq!((belongs(&ada).await, belongs(&double).await), ((0, 1, 0), (1, 1, 1)));
        let told = erp.announced().await;
        assert_eq!(told.iter().filter(|it| *it == "OrdersReassigned").count(), 2);
    }

    async fn what_an_erased_customer_owes_is_nobody_s(db: Database) {
        let shop = Shop::open(&db).await;
        let erp = shop.erp();
        erp.bill(vec![shop.invoice("I1", 1, 100)]).await;
        let fact = customer::CustomerErased { customer: shop.company.customer.clone(), ..Default::default() };
        erp.hear(&shop.company.customer, 9, &fact).await;
        assert_eq!((shop.order_now().await.customer, erp.invoice("I1").await.customer), (String::new(), String::new()));
        // The books stay right, and can be corrected.
        erp.bill(vec![shop.invoice("I1", 2, 200)]).await;
        let request = proto::QueryAgeingRequest { as_of_date: day(2, 1), ..Default::default() };
        let ageings = answer(erp.receivables().query_ageing(request).await).ageings;
        assert_eq!(super::cents(ageings[0].total.as_ref()), 200);
        let request = proto::ListOverdueCustomersRequest { date: day(6, 1), ..Default::default() };
        let overdue = answer(erp.dunnings().list_overdue_customers(request).await).overdue_customers;
        assert!(overdue.is_empty());
    }
}
