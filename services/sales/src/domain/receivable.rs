//! What customers owe.

use jiff::Span;
use jiff::civil::Date;
use rapport_platform::invalid::Invalid;
use rapport_platform::numbered;

use super::date;
use super::order::Billing;

/// Largest amount of one document, in minor units.
pub const MOST: i64 = 1_000_000_000_000_000;
/// The day, as a number, on which what is open is settled.
pub const NEVER: i32 = 99_991_231;

numbered! {
    /// What changes what is open of an invoice.
    pub enum InvoiceEntryKind as "kind of entry" {
        /// The customer paid.
        Payment = 1 "PAYMENT",
        /// The company gave money back.
        Refund = 2 "REFUND",
        /// The company asks for less.
        CreditNote = 3 "CREDIT_NOTE",
        /// The company gave up hope.
        WriteOff = 4 "WRITE_OFF",
    }
}

/// An amount that a document may have.
///
/// # Errors
/// When it is negative or larger than any.
pub fn amount(minor: i64) -> Result<i64, Invalid> {
    let fits = (0..=MOST).contains(&minor);
    fits.then_some(minor)
        .ok_or_else(|| Invalid::new("must be 0 or more, and at most 10^15 minor units"))
}

impl InvoiceEntryKind {
    /// By how much an entry of this kind changes what is invoiced, paid and open.
    pub const fn effect(self, amount: i64) -> Billing {
        let (invoiced, paid, open) = match self {
            Self::Payment => (0, amount, -amount),
            Self::Refund => (0, -amount, amount),
            Self::CreditNote => (-amount, 0, -amount),
            Self::WriteOff => (0, 0, -amount),
        };
        Billing {
            invoiced,
            paid,
            open,
        }
    }
}

impl Billing {
    /// What an invoice comes to before anything is booked.
    pub const fn of_invoice(gross: i64) -> Self {
        Self {
            invoiced: gross,
            paid: 0,
            open: gross,
        }
    }

    /// With `added`, and without `removed`.
    ///
    /// # Errors
    /// When that is more than can be counted.
    pub fn changed(self, removed: Self, added: Self) -> Result<Self, Invalid> {
        let sum = |now: i64, less: i64, more: i64| now.checked_sub(less)?.checked_add(more);
        let parts = || {
            Some(Self {
                invoiced: sum(self.invoiced, removed.invoiced, added.invoiced)?,
                paid: sum(self.paid, removed.paid, added.paid)?,
                open: sum(self.open, removed.open, added.open)?,
            })
        };
        parts().ok_or_else(|| Invalid::new("comes to more than can be counted"))
    }
}

/// The last days on which something was due that is overdue for no, 30, 60 and 90 days, as numbers
/// of the store.
pub fn bounds(day: Date) -> [i32; 4] {
    [0, 30, 60, 90].map(|days| date::number(day.saturating_sub(Span::new().days(days))))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn each_kind_of_entry_has_its_effect() {
        let invoice = Billing::of_invoice(100);
        use InvoiceEntryKind::{CreditNote, Payment, Refund, WriteOff};
        for (kind, invoiced, paid, open) in [
            (Payment, 100, 30, 70),
            (Refund, 100, -30, 130),
            (CreditNote, 70, 0, 70),
            (WriteOff, 100, 0, 70),
        ] {
            let after = invoice
                .changed(Billing::default(), kind.effect(30))
                .unwrap();
            let expected = Billing {
                invoiced,
                paid,
                open,
            };
            assert_eq!(after, expected, "{kind}");
        }
    }

    #[test]
    fn amounts_have_their_bounds() {
        assert_eq!(amount(0), Ok(0));
        assert_eq!(amount(MOST), Ok(MOST));
        assert!(amount(-1).is_err() && amount(MOST + 1).is_err());
        let full = Billing::of_invoice(i64::MAX);
        assert!(
            full.changed(Billing::default(), Billing::of_invoice(1))
                .is_err()
        );
    }

    #[test]
    fn ages_are_counted_in_days_over_leap_years() {
        let day = date::parse(2024, 3, 30).unwrap();
        assert_eq!(
            bounds(day),
            [20_240_330, 20_240_229, 20_240_130, 20_231_231]
        );
    }

    proptest! {
        #[test]
        fn what_is_taken_back_leaves_no_trace(
            start in 0..MOST, kind in 0..4_usize, first in 0..MOST, second in 0..MOST,
        ) {
            let kind = InvoiceEntryKind::ALL[kind];
            let invoice = Billing::of_invoice(start);
            let booked = invoice.changed(Billing::default(), kind.effect(first)).unwrap();
            let corrected = booked.changed(kind.effect(first), kind.effect(second)).unwrap();
            let straight = invoice.changed(Billing::default(), kind.effect(second)).unwrap();
            prop_assert_eq!(corrected, straight);
            let voided = corrected.changed(kind.effect(second), kind.effect(0)).unwrap();
            prop_assert_eq!(voided, invoice);
        }
    }
}
