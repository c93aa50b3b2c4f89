//! Who is reminded of what, and when.

use futures::future::join_all;
use rapport_platform::on_each_engine;
use rapport_platform::testing::{answer, fields, metadata, reason, refused};
use rapport_proto::rapport::sales::v1 as proto;
use tonic::{Response, Status};

use super::{Shop, cents, day, entry};
use crate::testing::Caller;
use proto::InvoiceEntryKind::Payment;

/// The same caller on a day of 2026.
fn on(caller: &Caller, date: &str) -> Caller {
    let now = format!("2026-{date}T12:00:00Z").parse().unwrap();
    caller.with(|ctx| ctx.now = now)
}

async fn overdue(caller: &Caller, due_only: bool) -> Vec<proto::OverdueCustomer> {
    let request = proto::ListOverdueCustomersRequest {
        due_only,
        ..Default::default()
    };
    answer(caller.dunnings().list_overdue_customers(request).await).overdue_customers
}

async fn dun(caller: &Caller, customer: &str) -> Result<proto::DunningNotice, Status> {
    let request = proto::DunCustomerRequest {
        customer: customer.to_owned(),
        currency_code: "EUR".to_owned(),
        ..Default::default()
    };
    caller
        .dunnings()
        .dun_customer(request)
        .await
        .map(Response::into_inner)
}

on_each_engine! {
    async fn reminders_rise_level_by_level_until_all_is_paid(db: Database) {
        let shop = Shop::open(&db).await;
        let (erp, customer) = (shop.erp(), shop.company.customer.clone());
        // Due on January 31st; reminders after 7, 14 and 14 days.
        on(&erp, "01-01").bill(vec![shop.invoice("I1", 1, 10_000), shop.invoice("I2", 1, 500)]).await;
        assert!(overdue(&on(&erp, "01-31"), false).await.is_empty());
        let [owed] = overdue(&on(&erp, "02-01"), false).await.try_into().unwrap();
        assert_eq!((owed.customer.clone(), owed.invoice_count, owed.dunning_level), (customer.clone(), 2, 0));
        assert_eq!((owed.oldest_due_date, owed.next_dunning_date), (day(1, 31), day(2, 7)));
        assert_eq!((cents(owed.overdue_amount.as_ref()), cents(owed.due_amount.as_ref())), (10_500, 0));
        assert!(overdue(&on(&erp, "02-06"), true).await.is_empty());
        let early = dun(&on(&erp, "02-06"), &customer).await.unwrap_err();
        assert_eq!(metadata(&early, "state"), "NOTHING_DUE");

        let first = dun(&on(&erp, "02-07"), &customer).await.unwrap();
        assert_eq!((first.dunning_level, first.invoice_count, cents(first.amount.as_ref())), (1, 2, 10_500));
        assert!(dun(&on(&erp, "02-07"), &customer).await.is_err(), "once a day is enough");
        on(&erp, "02-10").post(vec![entry("P1", 1, "I2", Payment, 500)]).await;
        let [owed] = overdue(&on(&erp, "02-21"), true).await.try_into().unwrap();
        assert_eq!((owed.dunning_level, cents(owed.due_amount.as_ref())), (1, 10_000));
        dun(&on(&erp, "02-21"), &customer).await.unwrap();
        dun(&on(&erp, "03-07"), &customer).await.unwrap();
        let [owed] = overdue(&on(&erp, "12-31"), false).await.try_into().unwrap();
        assert_eq!((owed.dunning_level, owed.next_dunning_date), (3, None), "the last was the last");
        assert!(dun(&on(&erp, "12-31"), &customer).await.is_err());

        let request = proto::ListDunningNoticesRequest { parent: customer, ..Default::default() };
        let notices = answer(erp.dunnings().list_dunning_notices(request).await).dunning_notices;
        let levels: Vec<_> = notices.iter().map(|it| it.dunning_level).collect();
        assert_eq!(levels, [3, 2, 1]);
        let request = proto::ListDunningStepsRequest { invoice: erp.invoice("I1").await.name, ..Default::default() };
        let steps = answer(erp.dunnings().list_dunning_steps(request).await).dunning_steps;
        let steps: Vec<_> = steps.iter().map(|it| (it.dunning_level, it.dunning_date)).collect();
        assert_eq!(steps, [(3, day(3, 7)), (2, day(2, 21)), (1, day(2, 7))]);
        let request = proto::ListDunningStepsRequest { notice_id: first.notice_id, ..Default::default() };
        let steps = answer(erp.dunnings().list_dunning_steps(request).await).dunning_steps;
        assert_eq!(steps.iter().map(|it| cents(it.open_amount.as_ref())).sum::<i64>(), 10_500);
        let both = proto::ListDunningStepsRequest::default();
        assert_eq!(fields(&refused(erp.dunnings().list_dunning_steps(both).await)), ["invoice"]);

        on(&erp, "12-31").post(vec![entry("P2", 1, "I1", Payment, 10_000)]).await;
        assert!(overdue(&on(&erp, "12-31"), false).await.is_empty());
    }

    async fn nobody_is_reminded_of_what_he_disputes_or_promised(db: Database) {
        let shop = Shop::open(&db).await;
        let (erp, customer) = (shop.erp(), shop.company.customer.clone());
        on(&erp, "01-01").bill(vec![shop.invoice("I1", 1, 10_000), shop.invoice("I2", 1, 500)]).await;
        let dispute = proto::DisputeInvoiceRequest {
            name: erp.invoice("I1").await.name,
            reason: "Broken".to_owned(),
            ..Default::default()
        };
        answer(on(&erp, "02-10").receivables().dispute_invoice(dispute).await);
        let [owed] = overdue(&on(&erp, "02-10"), true).await.try_into().unwrap();
        assert_eq!(cents(owed.overdue_amount.as_ref()), 500);
        let promise = |date| proto::PromisePaymentRequest {
            promise_date: date,
            name: String::new(),
            ..Default::default()
        };
        let name = erp.invoice("I2").await.name;
        let promised = proto::PromisePaymentRequest { name: name.clone(), ..promise(day(2, 20)) };
        let promised = answer(on(&erp, "02-10").receivables().promise_payment(promised).await);
        assert_eq!((promised.promise_date, promised.next_dunning_date), (day(2, 20), day(2, 21)));
        assert!(overdue(&on(&erp, "02-20"), true).await.is_empty());
        assert!(dun(&on(&erp, "02-20"), &customer).await.is_err());
        assert_eq!(overdue(&on(&erp, "02-20"), false).await.len(), 1, "it is overdue all the same");
        assert_eq!(dun(&on(&erp, "02-21"), &customer).await.unwrap().invoice_count, 1);
        for date in [day(2, 9), super::super::day(2027, 3, 1).into(), None] {
            let request = proto::PromisePaymentRequest { name: name.clone(), ..promise(date) };
            let refused = refused(on(&erp, "02-10").receivables().promise_payment(request).await);
            assert_eq!(fields(&refused), ["promise_date"], "{date:?}");
        }
    }

    async fn of_several_reminders_at_once_one_goes_out(db: Database) {
        let shop = Shop::open(&db).await;
        let erp = shop.erp();
        on(&erp, "01-01").bill(vec![shop.invoice("I1", 1, 10_000)]).await;
        let sender = on(&erp, "02-10");
        let sent = join_all((0..4).map(|_| dun(&sender, &shop.company.customer))).await;
        assert_eq!(sent.iter().filter(|it| it.is_ok()).count(), 1);
        assert_eq!(erp.invoice("I1").await.dunning_level, 1);
        let told = erp.announced().await;
        assert_eq!(told.iter().filter(|it| *it == "CustomerDunned").count(), 1);
    }

    async fn the_list_has_pages_by_customer(db: Database) {
        let shop = Shop::open(&db).await;
        let erp = shop.erp();
        let mut customers = vec![shop.company.customer.clone()];
        for _ in 0..2 {
            customers.push(shop.company.another_customer().await);
        }
        let reports = customers.iter().zip(1..).map(|(customer, number)| proto::InvoiceReport {
            order: String::new(),
            customer: customer.clone(),
            ..shop.invoice(&format!("I{number}"), 1, number)
        });
        erp.bill(reports.collect()).await;
        let february = on(&erp, "02-10");
        let mut request = proto::ListOverdueCustomersRequest { page_size: 1, ..Default::default() };
        let mut seen = Vec::new();
        loop {
            let page = answer(february.dunnings().list_overdue_customers(request.clone()).await);
            seen.extend(page.overdue_customers.into_iter().map(|it| it.customer));
            if page.next_page_token.is_empty() {
                break;
            }
            request.page_token = page.next_page_token;
        }
        customers.sort();
        assert_eq!(seen, customers);
        assert!(overdue(&february.of_another_tenant(), false).await.is_empty());
        let stranger = dun(&february.of_another_tenant(), &seen[0]).await.unwrap_err();
        assert_eq!(reason(&stranger), "RESOURCE_NOT_FOUND");
    }

    async fn a_policy_says_how_long_each_level_waits(db: Database) {
        let shop = Shop::open(&db).await;
        let erp = shop.erp();
        let get = proto::GetDunningPolicyRequest { name: "dunningPolicy".to_owned() };
        let first = answer(erp.dunnings().get_dunning_policy(get).await);
        assert_eq!((first.version, first.level_days.clone(), first.payment_term_days), (0, vec![7, 14, 14], 30));
        let set = |policy: proto::DunningPolicy| {
            let request = proto::SetDunningPolicyRequest { dunning_policy: Some(policy), ..Default::default() };
            let mut client = erp.dunnings();
            async move { client.set_dunning_policy(request).await }
        };
        let strict = proto::DunningPolicy { level_days: vec![1], payment_term_days: 0, ..first };
        assert_eq!(answer(set(strict.clone()).await).version, 1);
        assert_eq!(reason(&refused(set(strict).await)), "ETAG_MISMATCH", "it was read before");
        let endless = proto::DunningPolicy { level_days: vec![7; 10], ..Default::default() };
        assert_eq!(fields(&refused(set(endless).await)), ["dunning_policy.level_days"]);
        erp.bill(vec![proto::InvoiceReport { due_date: None, ..shop.invoice("I1", 1, 100) }]).await;
        let invoice = erp.invoice("I1").await;
        assert_eq!((invoice.due_date, invoice.next_dunning_date), (day(1, 1), day(1, 2)));
    }
}
