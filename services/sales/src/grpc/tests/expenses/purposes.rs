//! What was spent, by what it was for.

use rapport_platform::on_each_engine;
use rapport_proto::rapport::sales::v1 as proto;
use rapport_proto::rapport::sales::v1::ExpenseDimension::{Campaign, Customer, Opportunity};

use super::super::customers::Both;
use super::super::prices::euros;
use super::{Office, cents, line};

impl Office {
    /// Beside the customer service, which believes nobody whose clock is wrong.
    async fn beside(both: &Both) -> Self {
        let office = Self::of(&both.desk.caller).await;
        let now = both.desk.caller.ctx.now;
        Self {
            sam: office.sam.with(|ctx| ctx.now = now),
            meg: office.meg.with(|ctx| ctx.now = now),
            ..office
        }
    }

    /// Spends all of this, with approval.
    async fn spent(&self, lines: Vec<proto::ExpenseLine>) {
        let draft = self.sam.spend(self.report(lines)).await.unwrap();
        let submitted = self.sam.hand_in(&draft).await.unwrap();
        self.meg.sign(&submitted).await.unwrap();
    }

    /// Sums in cents and numbers of lines, by what they were for.
    async fn sums(&self, by: proto::ExpenseDimension) -> Vec<(String, i64, i64)> {
        let what = |row: &proto::ExpenseRow| match by {
            Customer => row.customer.clone(),
            Opportunity => row.opportunity.clone(),
            _ => row.campaign.clone(),
        };
        let rows = self.back.spent_by(&[by]).await;
        let rows = rows.iter();
        let sum = rows.map(|row| (what(row), cents(row.amount.as_ref()), row.line_count));
        let mut sums: Vec<_> = sum.collect();
        sums.sort();
        sums
    }
}

fn nobody(cents: i64, lines: i64) -> (String, i64, i64) {
    (String::new(), cents, lines)
}

on_each_engine! {
    async fn what_was_spent_is_added_up_by_campaign(db: Database) {
        let office = Office::open(&db).await;
        let fair = |campaign: &str, cents| proto::ExpenseLine { campaign: campaign.to_owned(), ..line("hotel", euros(cents)) };
        office.spent(vec![fair("fair", 1_000), fair("fair", 2_000), fair("", 500)]).await;
        assert_eq!(office.sums(Campaign).await, [nobody(500, 1), ("fair".to_owned(), 3_000, 2)]);
    }

    async fn what_was_spent_is_added_up_by_opportunity(db: Database) {
        let both = Both::on(&db).await;
        let office = Office::beside(&both).await;
        let (one, other) = (both.desk.open().await.name, both.desk.open().await.name);
        let visit = |of: &str, cents| proto::ExpenseLine { opportunity: of.to_owned(), ..line("hotel", euros(cents)) };
        office.spent(vec![visit(&one, 1_000), visit(&other, 2_000), visit("", 500)]).await;
        office.spent(vec![visit(&one, 700)]).await;
        let expected = [nobody(500, 1), (one, 1_700, 2), (other, 2_000, 1)];
        assert_eq!(office.sums(Opportunity).await, expected);
    }

    async fn what_was_spent_on_customers_follows_a_merge_and_finds_back(db: Database) {
        let both = Both::on(&db).await;
        let office = Office::beside(&both).await;
        let (ada, double) = (both.customer("Ada").await, both.customer("A. Lovelace").await);
        let opportunity = both.about(&double).await;
        let lunch = |of: &str, cents| proto::ExpenseLine { customer: of.to_owned(), ..line("hotel", euros(cents)) };
        office.spent(vec![lunch(&ada, 1_000), lunch(&double, 2_000), lunch("", 500)]).await;
        let apart = [nobody(500, 1), (ada.clone(), 1_000, 1), (double.clone(), 2_000, 1)];
        assert_eq!(office.sums(Customer).await, apart);

        let merge = both.merge(&ada, &double).await;
        both.become_about(&[(&opportunity, &ada)]).await;
        assert_eq!(office.sums(Customer).await, [nobody(500, 1), (ada.clone(), 3_000, 2)]);
        both.undo(merge).await;
        both.become_about(&[(&opportunity, &double)]).await;
        assert_eq!(office.sums(Customer).await, apart);
    }
}
