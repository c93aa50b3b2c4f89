//! What customers own together is counted after each change, once.

use std::sync::Mutex;

use futures::future::join_all;
use rapport_platform::identity::TenantId;
use rapport_platform::on_each_engine;
use rapport_platform::time::Clock;
use rapport_proto::rapport::sales::v1 as proto;
use sea_orm::EntityTrait as _;
use uuid::Uuid;

use super::super::quotes::{content, line};
use super::{Market, State};
use crate::grpc::suggestion::{count_all, count_some};
use crate::store::entity::co_ownership::{Entity, Model};
use crate::testing::Caller;

impl Market {
    /// How many own two products.
    async fn owners(&self, one: &proto::Product, other: &proto::Product) -> i64 {
        let id = |product: &proto::Product| {
            product
                .name
                .rsplit('/')
                .next()
                .unwrap()
                .parse::<Uuid>()
                .unwrap()
        };
        let key = (self.sven().ctx.tenant, id(one), id(other));
        let row: Option<Model> = Entity::find_by_id(key)
            .one(self.sven().shared.db.read())
            .await
            .unwrap();
        row.map_or(0, |row| row.owners)
    }
}

on_each_engine! {
    async fn opening_a_won_opportunity_again_takes_back_what_it_counted(db: Database) {
        let market = Market::open(&db).await;
        let won = market.wins(market.her(), &[&market.pen, &market.ink]).await;
        let _more = market.wins(market.her(), &[&market.pen]).await;
        assert!(market.count().await > 0);
        assert_eq!((market.owners(&market.pen, &market.ink).await, market.owners(&market.pen, &market.pen).await), (1, 1));
        assert_eq!(market.count().await, 0, "a change is counted once");
        let again = proto::ReopenOpportunityRequest { name: won.name, stage: "engaging".to_owned(), ..Default::default() };
        market.sven().opportunities().reopen_opportunity(again).await.unwrap();
        market.count().await;
        assert_eq!((market.owners(&market.pen, &market.ink).await, market.owners(&market.pen, &market.pen).await), (0, 1));
    }

    async fn orders_count_until_they_are_cancelled(db: Database) {
        let market = Market::open(&db).await;
        let lines = [&market.pen, &market.ink].map(|product| proto::QuoteLine { product: product.name.clone(), ..line("1", 100, 0) });
        let sven = market.sven();
        let quote = sven.create(market.her(), proto::QuoteContent { lines: lines.to_vec(), ..content(0) }, 0).await;
        let sent = sven.send(&sven.submit(&quote.unwrap()).await.unwrap()).await.unwrap();
        let accepted = sven.accept(&sent).await.unwrap();
        market.count().await;
        assert_eq!(market.owners(&market.ink, &market.pen).await, 1);
        let request = proto::CancelOrderRequest { name: accepted.order, reason: "Changed her mind".to_owned(), ..Default::default() };
        proto::order_service_client::OrderServiceClient::new(sven.link()).cancel_order(request).await.unwrap();
        market.count().await;
        assert_eq!(market.owners(&market.ink, &market.pen).await, 0);
    }

    async fn what_is_imported_as_won_counts(db: Database) {
        let market = Market::open(&db).await;
        let lines = [&market.pen, &market.cap].map(|product| proto::OpportunityLine { product: product.name.clone(), quantity: 1, amount: Some(super::usd(10)) });
        let begun = market.sven().ctx.now.saturating_sub(std::time::Duration::from_secs(60));
        let row = proto::OpportunityImport {
            opportunity: Some(proto::Opportunity {
                external_id: "crm:1".to_owned(), customer: market.her().to_owned(), open_time: Some(begun.into()),
                amount: None, lines: lines.to_vec(), ..market.desk.opportunity()
            }),
            moves: vec![proto::OpportunityMove { stage: "won".to_owned(), time: Some(begun.into()), ..Default::default() }],
        };
        let request = proto::ImportOpportunitiesRequest { rows: vec![row], ..Default::default() };
        let results = market.sven().opportunities().import_opportunities(request).await.unwrap().into_inner().results;
        assert_eq!(results[0].outcome(), proto::ImportOutcome::Created, "{results:?}");
        market.count().await;
        assert_eq!(market.owners(&market.cap, &market.pen).await, 1);
    }

    async fn many_who_count_at_once_count_once(db: Database) {
        let market = Market::open(&db).await;
        for _ in 0..3 {
            market.another(&[&market.pen, &market.ink]).await;
        }
        let clock = Clock::system();
        let counting = (0..4).map(|_| count_all(&db, &clock));
        let both = [&market.pen, &market.ink];
        let (counted, _) = tokio::join!(join_all(counting), market.another(&both));
        assert!(counted.into_iter().all(|it| it.is_ok()));
        market.count().await;
        assert_eq!((market.owners(&market.pen, &market.ink).await, market.owners(&market.ink, &market.ink).await), (4, 4));
    }

    async fn a_round_ends_and_the_next_goes_on_behind_it(db: Database) {
        let market = Market::open(&db).await;
        for tenant in 1..=3 {
            let caller = market.sven().with(|ctx| ctx.tenant = TenantId::new(Uuid::from_u128(tenant)));
            let ctx = &caller.ctx;
            db.write_txn(|txn| async move { crate::store::ownership::mark(ctx, &txn, [Uuid::from_u128(7)]).await }).await.unwrap();
        }
        let (clock, place) = (Clock::system(), Mutex::new(None));
        assert_eq!(count_some(&db, &clock, &place, 2).await.unwrap(), 2);
        assert_eq!(*place.lock().unwrap(), Some(TenantId::new(Uuid::from_u128(2))));
        assert_eq!(count_some(&db, &clock, &place, 2).await.unwrap(), 1);
        assert_eq!(market.count().await, 0);
    }

    async fn tenants_count_apart(db: Database) {
        let market = Market::open(&db).await;
        market.wins(market.her(), &[&market.pen]).await;
        let stranger: Caller = market.sven().of_another_tenant();
        let id = Uuid::from_u128(7);
        db.write_txn(|txn| {
            let ctx = stranger.ctx.clone();
            async move { crate::store::ownership::mark(&ctx, &txn, [id]).await }
        }).await.unwrap();
        market.count().await;
        let rows = Entity::find().all(db.read()).await.unwrap();
        assert!(rows.iter().all(|row| row.tenant_id == market.sven().ctx.tenant && row.owners == 1), "{rows:?}");
        assert_eq!(market.suggested("renewal").await, Vec::<(String, State)>::new());
    }
}
