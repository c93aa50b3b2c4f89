//! What is open on any day is what a replay of the books comes to.

use std::collections::BTreeMap;

use jiff::Span;
use jiff::civil::Date;
use rapport_platform::on_each_engine;
use rapport_platform::testing::answer;
use rapport_proto::google::r#type::Date as Day;
use rapport_proto::rapport::sales::v1 as proto;

use super::{Outcome, Shop, cents, entry, euros, outcomes};
use proto::InvoiceEntryKind as Kind;

/// Numbers that look random and are the same every time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: i64) -> i64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        i64::try_from(self.0 >> 40).unwrap() % limit
    }

    fn one_of<T: Copy>(&mut self, all: [T; 4]) -> T {
        all[usize::try_from(self.below(4)).unwrap()]
    }
}

fn start() -> Date {
    Date::constant(2026, 1, 1)
}

fn after(days: i64) -> Date {
    start().saturating_add(Span::new().days(days))
}

fn day(date: Date) -> Option<Day> {
    Some(Day {
        year: date.year().into(),
        month: date.month().into(),
        day: date.day().into(),
    })
}

/// The books as somebody would keep them by hand.
#[derive(Default)]
struct Books {
    /// Amount, issue and due day by document.
    invoices: BTreeMap<String, (i64, i64, i64)>,
    /// Invoice, what it takes off, and day by document.
    entries: BTreeMap<String, (String, i64, i64)>,
}

impl Books {
    /// Current, by age, and what the company owes, at the end of a day.
    fn ages(&self, day: i64) -> [i64; 6] {
        let mut ages = [0; 6];
        for (document, (amount, issued, due)) in &self.invoices {
            let booked = self
                .entries
                .values()
                .filter(|(of, _, on)| of == document && *on <= day);
            let open = amount - booked.map(|(_, less, _)| less).sum::<i64>();
            let bucket = match (open, day - due) {
                _ if *issued > day => continue,
                (..0, _) => 5,
                (_, ..=0) => 0,
                (_, 1..=30) => 1,
                (_, 31..=60) => 2,
                (_, 61..=90) => 3,
                _ => 4,
            };
            ages[bucket] += open.abs();
        }
        ages
    }
}

on_each_engine! {
    async fn what_is_open_on_any_day_equals_a_replay_of_the_books(db: Database) {
        let shop = Shop::open(&db).await;
        let (erp, mut dice, mut books) = (shop.erp(), Dice(7), Books::default());
        let invoices = (0..15).map(|number| {
            let document = format!("I{number}");
            let (amount, issued) = (1 + dice.below(5_000), dice.below(60));
            let due = issued + dice.below(40);
            books.invoices.insert(document.clone(), (amount, issued, due));
            proto::InvoiceReport {
                net_amount: euros(amount),
                issue_date: day(after(issued)),
                due_date: day(after(due)),
                ..shop.invoice(&document, 1, 0)
            }
        });
        let invoices: Vec<_> = invoices.collect();
        assert!(outcomes(&erp.bill(invoices).await).iter().all(|it| *it == Outcome::Applied));
        // Forty documents, half of them corrected once, in three batches.
        for batch in 0..3 {
            let reports = (0..20).map(|_| {
                let number = dice.below(40);
                let (document, invoice) = (format!("E{number}"), format!("I{}", number % 15));
                let kind = dice.one_of([Kind::Payment, Kind::Refund, Kind::CreditNote, Kind::WriteOff]);
                let full = books.invoices[&invoice].0;
                let some = dice.below(3_000);
                let amount = dice.one_of([full, full / 2, some, 0]);
                (document, invoice, kind, amount, dice.below(150))
            });
            let reports: BTreeMap<String, _> = reports.map(|it| (it.0.clone(), it)).collect();
            let reports = reports.into_values().map(|(document, invoice, kind, amount, on)| {
                let less = if kind == Kind::Refund { -amount } else { amount };
                let report = entry(&document, batch + 1, &invoice, kind, amount);
                books.entries.insert(document, (invoice, less, on));
                proto::EntryReport { booking_date: day(after(on)), ..report }
            });
            let reports: Vec<_> = reports.collect();
            assert!(outcomes(&erp.post(reports).await).iter().all(|it| *it == Outcome::Applied));
        }
        for on in (0..=180).step_by(9) {
            let request = proto::QueryAgeingRequest { as_of_date: day(after(on)), ..Default::default() };
            let found = answer(erp.receivables().query_ageing(request).await).ageings;
            let found = found.first().map_or([0; 6], |it| {
                [
                    &it.current, &it.overdue_1_to_30_days, &it.overdue_31_to_60_days,
                    &it.overdue_61_to_90_days, &it.overdue_over_90_days, &it.credit,
                ].map(|amount| cents(amount.as_ref()))
            });
            assert_eq!(found, books.ages(on), "after {on} days");
        }
        // The order knows the same sums.
        let open: i64 = books.ages(1_000)[..5].iter().sum();
        let order = shop.order_now().await;
        assert_eq!(cents(order.open_amount.as_ref()), open - books.ages(1_000)[5]);
    }
}
