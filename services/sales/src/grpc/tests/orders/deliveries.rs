//! What the ERP tells of deliveries.

use futures::future::join_all;
use rapport_platform::on_each_engine;
use rapport_platform::testing::{answer, fields, refused};
use rapport_proto::rapport::sales::v1 as proto;

use super::{Outcome, Shop, fault_fields, outcomes};
use proto::{DeliveryState, OrderDiscrepancy};

on_each_engine! {
    async fn a_report_holds_until_a_newer_one_comes(db: Database) {
        let shop = Shop::open(&db).await;
        let erp = shop.erp();
        let has = async || {
            let order = shop.order_now().await;
            let counts: Vec<String> = order.lines.iter().map(|it| it.delivered_quantity.clone()).collect();
            (counts.join(" "), order.delivery_state())
        };
        let first = shop.delivery("D1", 5, &[(1, "4"), (2, "2.5")]);
        assert_eq!(outcomes(&erp.deliver(vec![first.clone()]).await), [Outcome::Applied]);
        assert_eq!(has().await, ("4 2.5".to_owned(), DeliveryState::Partial));
        let etag = shop.order_now().await.etag;
        for (report, outcome) in [
            (first.clone(), Outcome::Unchanged),
            (shop.delivery("D1", 4, &[(1, "9")]), Outcome::Stale),
            (shop.delivery("D1", 5, &[(1, "9")]), Outcome::Refused),
        ] {
            assert_eq!(outcomes(&erp.deliver(vec![report]).await), [outcome]);
        }
        assert_eq!(shop.order_now().await.etag, etag, "what is known changes nothing");
        erp.deliver(vec![shop.delivery("D1", 6, &[(1, "10")])]).await;
        assert_eq!(has().await, ("10 0".to_owned(), DeliveryState::Partial));
        erp.deliver(vec![shop.delivery("D2", 1, &[(2, "5")])]).await;
        assert_eq!(has().await, ("10 5".to_owned(), DeliveryState::Delivered));
        erp.deliver(vec![shop.delivery("D1", 7, &[])]).await;
        assert_eq!(has().await, ("0 5".to_owned(), DeliveryState::Partial));
    }

    async fn what_is_too_much_is_shown_until_it_is_taken_back(db: Database) {
        let shop = Shop::open(&db).await;
        let erp = shop.erp();
        let over = shop.delivery("D1", 1, &[(1, "12"), (2, "5")]);
        assert_eq!(outcomes(&erp.deliver(vec![over]).await), [Outcome::Applied]);
        let order = shop.order_now().await;
        assert_eq!(order.lines[0].delivered_quantity, "12");
        assert_eq!(order.discrepancies, [i32::from(OrderDiscrepancy::OverDelivered)]);
        assert_eq!(order.delivery_state(), DeliveryState::Delivered);
        erp.deliver(vec![shop.delivery("D1", 2, &[(1, "10"), (2, "5")])]).await;
        assert!(shop.order_now().await.discrepancies.is_empty());
    }

    async fn of_many_reports_each_stands_for_itself(db: Database) {
        let shop = Shop::open(&db).await;
        let erp = shop.erp();
        let nobodys = |mut report: proto::DeliveryReport| {
            report.order = String::new();
            report.external_number = "none".to_owned();
            report
        };
        let reports = vec![
            shop.delivery("D1", 1, &[(1, "1")]),
            shop.delivery("D2", 1, &[(3, "1")]),
            shop.delivery("", 0, &[(1, "0"), (1, "1")]),
            nobodys(shop.delivery("D3", 1, &[(1, "1")])),
            // In one batch too, the newest of a document holds.
            shop.delivery("D4", 2, &[(1, "2")]),
            shop.delivery("D4", 1, &[(1, "7")]),
            shop.delivery("D4", 3, &[(1, "3")]),
        ];
        let results = erp.deliver(reports).await;
        use Outcome::{Applied, Refused, Stale};
        assert_eq!(outcomes(&results), [Applied, Refused, Refused, Refused, Applied, Stale, Applied]);
        assert_eq!(fault_fields(&results[1]), ["lines[0].position"]);
        let faults = fault_fields(&results[2]);
        assert_eq!(faults, ["document", "sequence", "lines[0].quantity", "lines[1].position"]);
        assert_eq!(fault_fields(&results[3]), ["external_number"]);
        assert_eq!(shop.order_now().await.lines[0].delivered_quantity, "4");
        let kinds = erp.announced().await;
        assert_eq!(kinds.iter().filter(|it| *it == "OrderDelivered").count(), 1, "one fact for the batch");

        let second = super::order(&shop.company).await;
        let stolen = proto::DeliveryReport { order: second.name, ..shop.delivery("D1", 9, &[(1, "1")]) };
        assert_eq!(fault_fields(&erp.deliver(vec![stolen]).await[0]), ["document"]);
        let many = vec![shop.delivery("D9", 1, &[]); 501];
        for reports in [vec![], many] {
            let request = proto::ReportDeliveriesRequest { reports, ..Default::default() };
            assert_eq!(fields(&refused(erp.orders().report_deliveries(request).await)), ["reports"]);
        }
    }

    async fn reports_that_come_at_once_are_counted_once(db: Database) {
        let shop = Shop::open(&db).await;
        let erp = shop.erp();
        // Four processes of the ERP send the same document in different versions, and each another.
        let reports = (1..=4).map(|number| {
            let quantity = number.to_string();
            let own = format!("OWN{number}");
            vec![
                shop.delivery("D1", number, &[(1, &quantity)]),
                shop.delivery(&own, 1, &[(2, "1")]),
            ]
        });
        join_all(reports.map(|reports| erp.deliver(reports))).await;
        let order = shop.order_now().await;
        let counts: Vec<&str> = order.lines.iter().map(|it| it.delivered_quantity.as_str()).collect();
        assert_eq!(counts, ["4", "4"], "the newest of one document, and each of the others");
    }

    async fn deliveries_are_listed_in_pages(db: Database) {
        let shop = Shop::open(&db).await;
        let erp = shop.erp();
        let reports = (0..5).map(|it| shop.delivery(&format!("D{it}"), 1, &[(1, "0.001")]));
        erp.deliver(reports.collect()).await;
        let mut request = proto::ListDeliveriesRequest {
            parent: shop.order.name.clone(),
            page_size: 2,
            ..Default::default()
        };
        let mut seen = Vec::new();
        loop {
            let page = answer(erp.orders().list_deliveries(request.clone()).await);
            seen.extend(page.deliveries.into_iter().map(|it| it.document));
            if page.next_page_token.is_empty() {
                break;
            }
            request.page_token = page.next_page_token;
        }
        assert_eq!(seen, ["D0", "D1", "D2", "D3", "D4"]);
        assert_eq!(shop.order_now().await.lines[0].delivered_quantity, "0.005");
    }
}
