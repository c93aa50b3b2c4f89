//! Orders from the quote to their end.

use futures::future::join_all;
use rapport_platform::id::new_id;
use rapport_platform::on_each_engine;
use rapport_platform::testing::{answer, metadata, reason, refused};
use rapport_proto::rapport::sales::v1 as proto;
use tonic::Code;

use super::super::quotes::Company;
use super::{Outcome, Shop, cents, day, outcomes};
use crate::testing::Caller;
use proto::{DeliveryState, InvoiceEntryKind, OrderDiscrepancy, OrderState, PaymentState};

async fn acknowledge(
    caller: &Caller,
    order: &proto::Order,
    number: &str,
) -> Result<proto::Order, tonic::Status> {
    let request = proto::AcknowledgeOrderRequest {
        name: order.name.clone(),
        external_number: number.to_owned(),
        promised_date: day(3, 1),
        ..Default::default()
    };
    let answer = caller.orders().acknowledge_order(request).await;
    answer.map(tonic::Response::into_inner)
}

on_each_engine! {
    async fn an_accepted_quote_is_an_order_exactly_as_it_was_promised(db: Database) {
        let company = Company::open(&db).await;
        let sent = company.sent(150_000).await;
        assert_eq!(sent.order, "");
        let accepted = company.sven.accept(&sent).await.unwrap();
        let order = company.sven.order(&accepted.order).await;
        assert_eq!(order.quote_revision, format!("{}/revisions/1", accepted.name));
        assert_eq!((&order.content_hash, &order.totals), (&accepted.content_hash, &accepted.totals));
        assert_eq!((&order.customer, &order.owner), (&company.customer, &accepted.owner));
        let promised = accepted.content.unwrap().lines.remove(0);
        let [line] = order.lines.as_slice() else { panic!("one line") };
        assert_eq!((line.position, line.quantity.as_str(), line.delivered_quantity.as_str()), (1, "10", "0"));
        assert_eq!(line.net_amount, promised.net_amount);
        assert_eq!(line.gross_amount, promised.gross_amount);
        assert_eq!(order.state(), OrderState::Open);
        assert_eq!(order.delivery_state(), DeliveryState::Pending);
        assert_eq!(order.payment_state(), PaymentState::NotInvoiced);
        let told = company.sven.announced().await;
        assert_eq!(&told[told.len() - 2..], ["OrderCreated", "QuoteAccepted"]);
    }

    async fn of_several_acceptances_at_once_there_is_one_order(db: Database) {
        let company = Company::open(&db).await;
        let sent = company.sent(150_000).await;
        let outcomes = join_all((0..6).map(|_| company.sven.accept(&sent))).await;
        assert_eq!(outcomes.iter().filter(|it| it.is_ok()).count(), 1);
        assert_eq!(company.sven.orders_that("").await.len(), 1);

        let again = company.sent(150_000).await;
        let request = proto::AcceptQuoteRequest {
            name: again.name.clone(),
            revision: again.revision,
            request_id: new_id().to_string(),
            ..Default::default()
        };
        let replay = || async { answer(company.sven.quotes().accept_quote(request.clone()).await) };
        assert_eq!(replay().await, replay().await);
        assert_eq!(company.sven.orders_that("").await.len(), 2);
        let created = company.sven.announced().await.iter().filter(|it| *it == "OrderCreated").count();
        assert_eq!(created, 2);
    }

    async fn the_erp_names_an_order_once(db: Database) {
        let shop = Shop::open(&db).await;
        let erp = shop.erp();
        let known = acknowledge(&erp, &shop.order, "SO-1").await.unwrap();
        assert_eq!((known.external_number.as_str(), known.promised_date), ("SO-1", day(3, 1)));
        let again = acknowledge(&erp, &shop.order, "SO-1").await.unwrap();
        assert_eq!(again.etag, known.etag, "nothing new changes nothing");
        let other = acknowledge(&erp, &shop.order, "SO-2").await.unwrap_err();
        assert_eq!(metadata(&other, "state"), "ACKNOWLEDGED");
        let second = super::order(&shop.company).await;
        let taken = acknowledge(&erp, &second, "SO-1").await.unwrap_err();
        assert_eq!((taken.code(), reason(&taken).as_str()), (Code::AlreadyExists, "RESOURCE_EXISTS"));
        let racing = super::order(&shop.company).await;
        let (one, two) = tokio::join!(acknowledge(&erp, &second, "SO-3"), acknowledge(&erp, &racing, "SO-3"));
        assert!(one.is_ok() != two.is_ok());
    }

    async fn a_customer_sees_his_order_with_all_that_became_of_it(db: Database) {
        let shop = Shop::open(&db).await;
        let erp = shop.erp();
        acknowledge(&erp, &shop.order, "SO-7").await.unwrap();
        let mut delivered = shop.delivery("D1", 1, &[(1, "4")]);
        delivered.tracking_number = "1Z".to_owned();
        erp.deliver(vec![delivered]).await;
        erp.bill(vec![shop.invoice("I1", 1, 50_000)]).await;
        let track = |customer: &str| {
            let request = proto::TrackOrderRequest {
                external_number: "SO-7".to_owned(),
                customer: customer.to_owned(),
                ..Default::default()
            };
            let mut orders = erp.orders();
            async move { orders.track_order(request).await }
        };
        let seen = answer(track(&shop.company.customer).await);
        assert_eq!(seen.order.unwrap().lines[0].delivered_quantity, "4");
        assert_eq!(seen.deliveries[0].tracking_number, "1Z");
        assert_eq!(cents(seen.invoices[0].open_amount.as_ref()), 50_000);
        let stranger = shop.company.another_customer().await;
        assert_eq!(reason(&refused(track(&stranger).await)), "RESOURCE_NOT_FOUND");
        let unnamed = proto::TrackOrderRequest::default();
        assert_eq!(reason(&refused(erp.orders().track_order(unnamed).await)), "INVALID_FIELD");
    }

    async fn only_an_order_of_which_nothing_is_out_can_be_cancelled(db: Database) {
        let shop = Shop::open(&db).await;
        let (erp, name) = (shop.erp(), shop.order.name.clone());
        erp.deliver(vec![shop.delivery("D1", 1, &[(1, "1")])]).await;
        let why = |refused: tonic::Status| metadata(&refused, "state");
        assert_eq!(why(erp.cancel(&name).await.unwrap_err()), "DELIVERED");
        erp.deliver(vec![shop.delivery("D1", 2, &[])]).await;
        erp.bill(vec![shop.invoice("I1", 1, 100)]).await;
        assert_eq!(why(erp.cancel(&name).await.unwrap_err()), "INVOICED");
        erp.post(vec![super::entry("C1", 1, "I1", InvoiceEntryKind::CreditNote, 100)]).await;
        let cancelled = erp.cancel(&name).await.unwrap();
        assert_eq!(cancelled.state(), OrderState::Cancelled);
        assert_eq!(cancelled.cancel_reason, "Changed his mind");
        assert_eq!(why(erp.cancel(&name).await.unwrap_err()), "CANCELLED");
        // What happened all the same is recorded and shown.
        assert_eq!(outcomes(&erp.deliver(vec![shop.delivery("D2", 1, &[(1, "1")])]).await), [Outcome::Applied]);
        let after = shop.order_now().await;
        assert_eq!(after.state(), OrderState::Cancelled);
        assert_eq!(after.discrepancies, [i32::from(OrderDiscrepancy::ActiveAfterCancel)]);
        assert_eq!(erp.orders_that("discrepant = true").await, [name]);
    }

    async fn of_a_delivery_and_a_cancellation_at_once_both_are_true_or_one_was_refused(db: Database) {
        let shop = Shop::open(&db).await;
        let erp = shop.erp();
        let (cancelled, _) = tokio::join!(
            erp.cancel(&shop.order.name),
            erp.deliver(vec![shop.delivery("D1", 1, &[(1, "1")])]),
        );
        let after = shop.order_now().await;
        assert_eq!(after.lines[0].delivered_quantity, "1", "a fact is never lost");
        assert_eq!(cancelled.is_ok(), after.state() == OrderState::Cancelled);
        assert_eq!(cancelled.is_ok(), !after.discrepancies.is_empty());
    }

    async fn orders_are_found_by_what_became_of_them(db: Database) {
        let shop = Shop::open(&db).await;
        let erp = shop.erp();
        let second = super::order(&shop.company).await;
        erp.deliver(vec![shop.delivery("D1", 1, &[(1, "10"), (2, "5")])]).await;
        let (first, second) = (shop.order.name.clone(), second.name);
        for (filter, found) in [
            ("", vec![&second, &first]),
            ("delivery_state = DELIVERED", vec![&first]),
            ("delivery_state = PENDING AND payment_state = NOT_INVOICED", vec![&second]),
            ("state = OPEN", vec![&second, &first]),
            ("discrepant = true", vec![]),
            ("discrepant = false", vec![&second, &first]),
            ("external_number = \"x\"", vec![]),
            ("owner = \"employees/sven\"", vec![&second, &first]),
        ] {
            assert_eq!(erp.orders_that(filter).await.iter().collect::<Vec<_>>(), found, "{filter}");
        }
        let his = format!("customer = \"{}\"", shop.company.customer);
        assert_eq!(erp.orders_that(&his).await.len(), 2);
        let stranger = erp.of_another_tenant();
        assert_eq!(stranger.orders_that("").await.len(), 0);
        let request = proto::GetOrderRequest { name: first };
        assert_eq!(reason(&refused(stranger.orders().get_order(request).await)), "RESOURCE_NOT_FOUND");
    }
}
