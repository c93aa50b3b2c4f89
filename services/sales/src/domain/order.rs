//! Orders: what was promised, and how far the ERP says that it was kept.

use rapport_platform::numbered;

use super::flags;

numbered! {
    /// Where an order stands.
    pub enum OrderState as "order state" {
        /// Something is to be delivered or paid.
        Open = 1 "OPEN",
        /// Everything was.
        Completed = 2 "COMPLETED",
        /// It was cancelled.
        Cancelled = 3 "CANCELLED",
    }
}

numbered! {
    /// What the customer has.
    pub enum DeliveryState as "delivery state" {
        /// Nothing.
        Pending = 1 "PENDING",
        /// Some of it.
        Partial = 2 "PARTIAL",
        /// All of it.
        Delivered = 3 "DELIVERED",
    }
}

numbered! {
    /// What the customer has paid.
    pub enum PaymentState as "payment state" {
        /// There is nothing to pay yet.
        NotInvoiced = 1 "NOT_INVOICED",
        /// Nothing.
        Unpaid = 2 "UNPAID",
        /// Some of it.
        PartlyPaid = 3 "PARTLY_PAID",
        /// All of it.
        Paid = 4 "PAID",
        /// More than that.
        Overpaid = 5 "OVERPAID",
    }
}

numbered! {
    /// What does not fit together.
    pub enum OrderDiscrepancy as "discrepancy" {
        /// More of a line was delivered than ordered.
        OverDelivered = 1 "OVER_DELIVERED",
        /// More was invoiced than promised.
        OverInvoiced = 2 "OVER_INVOICED",
        /// More was paid or credited than invoiced.
        Overpaid = 3 "OVERPAID",
        /// It was cancelled, and goods are out or money is in.
        ActiveAfterCancel = 4 "ACTIVE_AFTER_CANCEL",
    }
}

impl OrderDiscrepancy {
    /// As the store keeps several of them: one bit for each.
    pub fn bits(all: &[Self]) -> i16 {
        flags::bits(all.iter().map(|it| it.code()))
    }

    /// Those in [`bits`](Self::bits).
    pub fn from_bits(bits: i16) -> impl Iterator<Item = Self> {
        let set = move |it: &Self| flags::has(bits, it.code());
        Self::ALL.iter().copied().filter(set)
    }
}

/// What was invoiced of something, and what became of that, in minor units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Billing {
    /// With tax, less credit notes.
    pub invoiced: i64,
    /// Less refunds.
    pub paid: i64,
    /// Still to be paid; negative when the company owes something.
    pub open: i64,
}

/// What the customer has of what he ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shipped {
    /// In one word.
    pub state: DeliveryState,
    /// Whether he has more of something than he ordered.
    pub too_much: bool,
}

impl Shipped {
    /// By what was ordered and delivered of each line.
    pub fn of(lines: &[(i64, i64)]) -> Self {
        let state = if lines.iter().all(|(_, has)| *has == 0) {
            DeliveryState::Pending
        } else if lines.iter().all(|(ordered, has)| has >= ordered) {
            DeliveryState::Delivered
        } else {
            DeliveryState::Partial
        };
        Self {
            state,
            too_much: lines.iter().any(|(ordered, has)| has > ordered),
        }
    }
}

/// What was promised, and what the ERP tells of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// Whether it was cancelled.
    pub cancelled: bool,
    /// What it comes to with tax.
    pub promised: i64,
    /// What was invoiced and paid.
    pub billing: Billing,
    /// What was delivered.
    pub shipped: Shipped,
}

/// Why an order can't be cancelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refusal {
    /// For programs.
    pub state: &'static str,
    /// In words, after the order's name.
    pub why: &'static str,
}

impl Standing {
    /// What the customer has paid.
    pub const fn payment(&self) -> PaymentState {
        let Billing {
            invoiced,
            paid,
            open,
        } = self.billing;
        match open {
            ..0 => PaymentState::Overpaid,
            0 if self.promised == 0 || (invoiced > 0 && invoiced >= self.promised) => {
                PaymentState::Paid
            }
            0 if invoiced == 0 => PaymentState::NotInvoiced,
            1.. if paid <= 0 && open >= invoiced => PaymentState::Unpaid,
            0.. => PaymentState::PartlyPaid,
        }
    }

    /// Where the order stands.
    pub const fn state(&self) -> OrderState {
        match (self.cancelled, self.shipped.state, self.payment()) {
            (true, ..) => OrderState::Cancelled,
            (false, DeliveryState::Delivered, PaymentState::Paid) => OrderState::Completed,
            (false, ..) => OrderState::Open,
        }
    }

    /// What does not fit together.
    pub fn discrepancies(&self) -> Vec<OrderDiscrepancy> {
        let active =
            self.shipped.state != DeliveryState::Pending || self.billing != Billing::default();
        let found = [
            (self.shipped.too_much, OrderDiscrepancy::OverDelivered),
            (
                self.billing.invoiced > self.promised,
                OrderDiscrepancy::OverInvoiced,
            ),
            (self.billing.open < 0, OrderDiscrepancy::Overpaid),
            (
                self.cancelled && active,
                OrderDiscrepancy::ActiveAfterCancel,
            ),
        ];
        let found = found.into_iter().filter(|(holds, _)| *holds);
        found.map(|(_, discrepancy)| discrepancy).collect()
    }

    /// Checks that the order can be cancelled.
    ///
    /// # Errors
    /// What stands against it.
    pub fn cancel(&self) -> Result<(), Refusal> {
        let refused = |state, why| Err(Refusal { state, why });
        match self.state() {
            OrderState::Cancelled => refused("CANCELLED", "is cancelled before."),
            OrderState::Completed => {
                refused("COMPLETED", "is delivered and paid. Take that back first.")
            }
            OrderState::Open if self.shipped.state != DeliveryState::Pending => refused(
                "DELIVERED",
                "was delivered in part. Let the ERP report the return first.",
            ),
            OrderState::Open if self.billing != Billing::default() => refused(
                "INVOICED",
                "was invoiced or paid. Let the ERP report credit notes and refunds first.",
            ),
            OrderState::Open => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn standing(lines: &[(i64, i64)], promised: i64, billing: (i64, i64, i64)) -> Standing {
        let (invoiced, paid, open) = billing;
        Standing {
            cancelled: false,
            promised,
            billing: Billing {
                invoiced,
                paid,
                open,
            },
            shipped: Shipped::of(lines),
        }
    }

    #[test]
    fn what_is_delivered_counts_by_line() {
        use DeliveryState::{Delivered, Partial, Pending};
        for (lines, state, over) in [
            (vec![(10, 0), (5, 0)], Pending, false),
            (vec![(10, 10), (5, 0)], Partial, false),
            (vec![(10, 9), (5, 5)], Partial, false),
            (vec![(10, 10), (5, 5)], Delivered, false),
            (vec![(10, 11), (5, 5)], Delivered, true),
            // What is too much of one line makes up for nothing of another.
            (vec![(10, 15), (5, 0)], Partial, true),
        ] {
            let it = standing(&lines, 100, (0, 0, 0));
            assert_eq!(it.shipped.state, state, "{lines:?}");
            let shown = it.discrepancies() == [OrderDiscrepancy::OverDelivered];
            assert_eq!(shown, over, "{lines:?}");
        }
    }

    #[test]
    fn what_is_paid_counts_against_what_was_promised_and_invoiced() {
        use PaymentState::{NotInvoiced, Overpaid, Paid, PartlyPaid, Unpaid};
        for (promised, billing, state) in [
            (100, (0, 0, 0), NotInvoiced),
            (100, (100, 0, 100), Unpaid),
            (100, (40, 0, 40), Unpaid),
            (100, (100, 30, 70), PartlyPaid),
            (100, (100, 0, 70), PartlyPaid),
            (100, (40, 40, 0), PartlyPaid),
            (100, (100, 100, 0), Paid),
            (100, (120, 120, 0), Paid),
            (100, (100, 0, 0), Paid),
            (100, (100, 110, -10), Overpaid),
            (100, (0, 10, -10), Overpaid),
            (0, (0, 0, 0), Paid),
        ] {
            let it = standing(&[(1, 0)], promised, billing);
            assert_eq!(it.payment(), state, "{promised} {billing:?}");
        }
    }

    #[test]
    fn an_order_is_completed_once_all_is_delivered_and_paid() {
        let done = standing(&[(1, 1)], 100, (100, 100, 0));
        assert_eq!(done.state(), OrderState::Completed);
        assert_eq!(
            standing(&[(1, 1)], 100, (100, 99, 1)).state(),
            OrderState::Open
        );
        assert_eq!(
            standing(&[(2, 1)], 100, (100, 100, 0)).state(),
            OrderState::Open
        );
    }

    #[test]
    fn only_what_is_untouched_can_be_cancelled() {
        let refused = |it: &Standing| it.cancel().map_err(|it| it.state);
        assert_eq!(refused(&standing(&[(2, 0)], 9, (0, 0, 0))), Ok(()));
        assert_eq!(
            refused(&standing(&[(2, 1)], 9, (0, 0, 0))),
            Err("DELIVERED")
        );
        assert_eq!(refused(&standing(&[(2, 0)], 9, (9, 0, 9))), Err("INVOICED"));
        assert_eq!(
            refused(&standing(&[(2, 0)], 9, (0, 5, -5))),
            Err("INVOICED")
        );
        assert_eq!(
            refused(&standing(&[(2, 2)], 9, (9, 9, 0))),
            Err("COMPLETED")
        );
        let cancelled = |it| Standing {
            cancelled: true,
            ..it
        };
        let gone = cancelled(standing(&[(2, 0)], 9, (0, 0, 0)));
        assert_eq!(refused(&gone), Err("CANCELLED"));
        assert_eq!(gone.discrepancies(), []);
        let shipped = cancelled(standing(&[(2, 1)], 9, (0, 0, 0)));
        assert_eq!(shipped.state(), OrderState::Cancelled);
        assert_eq!(
            shipped.discrepancies(),
            [OrderDiscrepancy::ActiveAfterCancel]
        );
    }
}
