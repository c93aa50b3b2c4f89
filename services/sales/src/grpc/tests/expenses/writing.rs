//! Expense reports as they are written.

use rapport_platform::id::new_id;
use rapport_platform::on_each_engine;
use rapport_platform::testing::{answer, fields, metadata, reason, refused};
use rapport_proto::rapport::sales::v1 as proto;

use super::{Office, category, cents, date, euros, line, policy, usd};
use crate::testing::Caller;
use proto::ExpenseDimension::{Category, Month, Seller};
use proto::ExpenseWarning as Warning;

async fn set_rate(caller: &Caller, from: &str, month: i32, rate: &str) {
    let request = proto::SetExchangeRateRequest {
        exchange_rate: Some(proto::ExchangeRate {
            from_currency: from.to_owned(),
            to_currency: "EUR".to_owned(),
            effective_date: date(month, 1),
            rate: rate.to_owned(),
        }),
        ..Default::default()
    };
    answer(caller.forecasts().set_exchange_rate(request).await);
}

on_each_engine! {
    async fn what_was_paid_abroad_comes_home_by_the_rate_of_its_day(db: Database) {
        let office = Office::open(&db).await;
        let report = office.report(vec![
            line("hotel", euros(10_000)),
            proto::ExpenseLine { expense_date: date(2, 15), ..line("meal", Some(usd(10))) },
            proto::ExpenseLine { expense_date: date(3, 15), ..line("meal", Some(usd(10))) },
        ]);
        let missing = office.sam.spend(report.clone()).await.unwrap_err();
        assert_eq!(fields(&missing), ["expense_report.lines[1].amount", "expense_report.lines[2].amount"]);
        set_rate(&office.back, "USD", 1, "0.9").await;
        set_rate(&office.back, "USD", 3, "0.88888").await;
        let made = office.sam.spend(report).await.unwrap();
        let home: Vec<_> = made.lines.iter().map(|it| (it.exchange_rate.as_str(), cents(it.home_amount.as_ref()))).collect();
        assert_eq!(home, [("1", 10_000), ("0.9", 900), ("0.88888", 889)]);
        assert_eq!(cents(made.total_amount.as_ref()), 11_789);
        // Later rates change nothing about what was written.
        set_rate(&office.back, "USD", 2, "0.5").await;
        let request = proto::GetExpenseReportRequest { name: made.name.clone() };
        assert_eq!(answer(office.sam.expenses().get_expense_report(request).await), made);
        let anew = office.sam.write_anew(made, &["lines"]).await.unwrap();
        assert_eq!(cents(anew.total_amount.as_ref()), 10_000 + 500 + 889);
    }

    async fn an_approver_is_told_what_to_look_at(db: Database) {
        let office = Office::open(&db).await;
        office.draft(10_000).await;
        let without = |line: proto::ExpenseLine| proto::ExpenseLine { receipt: String::new(), ..line };
        let made = office.sam.spend(office.report(vec![
            line("hotel", euros(15_000)),
            line("hotel", euros(15_001)),
            without(line("hotel", euros(5_001))),
            proto::ExpenseLine { expense_date: date(1, 29), ..line("meal", euros(1)) },
            proto::ExpenseLine { expense_date: date(1, 30), ..line("meal", euros(1)) },
            line("hotel", euros(10_000)),
            line("meal", euros(7)),
            line("meal", euros(7)),
        ])).await.unwrap();
        let warnings: Vec<Vec<_>> = made.lines.iter().map(|it| it.warnings().collect()).collect();
        assert_eq!(warnings, [
            vec![], vec![Warning::OverLimit], vec![Warning::ReceiptMissing], vec![Warning::Late], vec![],
            vec![Warning::Duplicate], vec![Warning::Duplicate], vec![Warning::Duplicate],
        ]);
        assert_eq!(made.warned_line_count, 6);
        // What a manager has rejected may be handed in again.
        let first = office.submitted(4_000).await;
        office.meg.refuse(&first).await.unwrap();
        assert_eq!(office.draft(4_000).await.warned_line_count, 0);
    }

    async fn what_the_company_does_not_know_is_refused(db: Database) {
        let office = Office::open(&db).await;
        let refused_at = async |line: proto::ExpenseLine| {
            fields(&office.sam.spend(office.report(vec![line])).await.unwrap_err()).join(" ")
        };
        let hotel = || line("hotel", euros(100));
        for (line, field) in [
            (line("yacht", euros(100)), "category"),
            (line("hotel", euros(0)), "amount"),
            (line("hotel", None), "amount"),
            (proto::ExpenseLine { expense_date: date(4, 2), ..hotel() }, "expense_date"),
            (proto::ExpenseLine { opportunity: format!("opportunities/{}", new_id()), ..hotel() }, "opportunity"),
            (proto::ExpenseLine { description: String::new(), ..hotel() }, "description"),
        ] {
            assert_eq!(refused_at(line).await, format!("expense_report.lines[0].{field}"));
        }
        let none = office.sam.spend(office.report(vec![])).await.unwrap_err();
        assert_eq!(fields(&none), ["expense_report.lines"]);
        let stranger = office.sam.of_another_tenant();
        let request = proto::GetExpensePolicyRequest { name: "expensePolicy".to_owned() };
        assert_eq!(reason(&refused(stranger.expenses().get_expense_policy(request).await)), "RESOURCE_NOT_FOUND");
        super::super::sellers::seller(&stranger, "zoe", "").await;
        assert_eq!(stranger.reports_that("").await, 0);
    }

    async fn a_policy_is_read_as_a_whole(db: Database) {
        let office = Office::open(&db).await;
        let refused_at = async |policy: proto::ExpensePolicy| {
            fields(&refused(office.back.set_expense_policy(policy).await)).join(" ").replace("expense_policy.", "")
        };
        for (policy, field) in [
            (proto::ExpensePolicy { currency_code: "XAU".to_owned(), ..policy() }, "currency_code"),
            (proto::ExpensePolicy { categories: vec![], ..policy() }, "categories"),
            (proto::ExpensePolicy { manager_limit: Some(usd(1)), ..policy() }, "manager_limit"),
            (proto::ExpensePolicy { late_after_days: -1, ..policy() }, "late_after_days"),
            (proto::ExpensePolicy { categories: vec![category("A", 1, 1)], ..policy() }, "categories[0].key"),
            (proto::ExpensePolicy { categories: vec![category("a", -1, 1)], ..policy() }, "categories[0].line_limit"),
            (proto::ExpensePolicy { categories: vec![category("a", 1, 1); 2], ..policy() }, "categories[1].key"),
        ] {
            assert_eq!(refused_at(policy).await, field);
        }
        let request = proto::GetExpensePolicyRequest { name: "expensePolicy".to_owned() };
        let read = answer(office.back.expenses().get_expense_policy(request).await);
        assert_eq!((read.version, read.categories.len()), (1, 2));
        let stale = proto::ExpensePolicy { etag: read.etag.clone(), ..policy() };
        assert_eq!(answer(office.back.set_expense_policy(stale.clone()).await).version, 2);
        assert_eq!(reason(&refused(office.back.set_expense_policy(stale).await)), "ETAG_MISMATCH");
    }

    async fn without_a_policy_nothing_is_spent(db: Database) {
        let caller = Caller::of(&db).await;
        let ann = super::super::sellers::seller(&caller, "ann", "").await;
        let report = proto::ExpenseReport {
            seller: ann.name,
            title: "Fair".to_owned(),
            lines: vec![proto::ExpenseLine { expense_date: Some(super::super::day(2020, 1, 1)), ..line("hotel", euros(1)) }],
            ..Default::default()
        };
        let refused = caller.acting_as("employees/ann").spend(report).await.unwrap_err();
        assert_eq!(metadata(&refused, "state"), "POLICY_MISSING");
    }

    async fn what_was_approved_is_added_up_by_seller_category_and_month(db: Database) {
        let office = Office::open(&db).await;
        let report = office.report(vec![
            line("hotel", euros(4_000)),
            line("meal", euros(1_000)),
            proto::ExpenseLine { expense_date: date(2, 28), ..line("meal", euros(500)) },
        ]);
        let made = office.sam.spend(report).await.unwrap();
        office.draft(9_999).await;
        assert!(office.back.spent_by(&[]).await.is_empty(), "nothing was approved");
        let handed_in = office.sam.hand_in(&made).await.unwrap();
        office.meg.sign(&handed_in).await.unwrap();
        let [all] = office.back.spent_by(&[]).await.try_into().unwrap();
        assert_eq!((cents(all.amount.as_ref()), cents(all.reimbursed_amount.as_ref()), all.line_count), (5_500, 0, 3));
        office.back.pay_back(&made, "PAY-1").await.unwrap();
        let rows = office.back.spent_by(&[Month, Category, Seller]).await;
        let told: Vec<_> = rows.iter().map(|it| {
            (it.category.as_str(), it.month, cents(it.amount.as_ref()), cents(it.reimbursed_amount.as_ref()))
        }).collect();
        assert_eq!(told, [
            ("hotel", date(3, 1), 4_000, 4_000), ("meal", date(2, 1), 500, 500), ("meal", date(3, 1), 1_000, 1_000),
        ]);
        assert!(rows.iter().all(|it| it.seller == office.seller));
        assert!(office.back.of_another_tenant().spent_by(&[]).await.is_empty());
    }

    async fn no_string_of_any_request_is_a_fault_of_ours(db: Database) {
        let office = Office::open(&db).await;
        let (sam, draft) = (&office.sam, office.draft(100).await);
        let submitted = office.submitted(100).await;
        let mut calls = 0;
        let name = || draft.name.clone();
        calls += spoil!(sam.expenses(), get_expense_report, GetExpenseReportRequest { name: name() });
        calls += spoil!(sam.expenses(), list_expense_reports, ListExpenseReportsRequest { filter: "state = DRAFT".into() });
        calls += spoil!(sam.expenses(), submit_expense_report, SubmitExpenseReportRequest { name: name() });
        calls += spoil!(sam.expenses(), withdraw_expense_report, WithdrawExpenseReportRequest { name: name() });
        calls += spoil!(sam.expenses(), delete_expense_report, DeleteExpenseReportRequest { name: submitted.name.clone() });
        calls += spoil!(sam.expenses(), approve_expense_report, ApproveExpenseReportRequest { name: submitted.name.clone(), etag: submitted.etag.clone() });
        calls += spoil!(sam.expenses(), reject_expense_report, RejectExpenseReportRequest { name: submitted.name.clone(), etag: submitted.etag.clone() });
        calls += spoil!(sam.expenses(), reimburse_expense_report, ReimburseExpenseReportRequest { name: name(), payment_document: "P".into(), payment_date: date(1, 1) });
        calls += spoil!(sam.expenses(), get_expense_policy, GetExpensePolicyRequest { name: "expensePolicy".into() });
        calls += spoil!(sam.expenses(), set_expense_policy, SetExpensePolicyRequest { expense_policy: Some(policy()) });
        let report = office.report(vec![line("hotel", euros(1))]);
        calls += spoil!(sam.expenses(), create_expense_report, CreateExpenseReportRequest { expense_report: Some(report) });
        calls += spoil!(sam.expenses(), update_expense_report, UpdateExpenseReportRequest { expense_report: Some(draft.clone()) });
        assert!(calls > 150, "{calls}");
    }
}
