//! Facts about what sellers spend.

use rapport_platform::outbox::NewEvent;
use rapport_proto::rapport::sales::v1 as proto;

/// Makes the event of a report that has the version since.
pub(crate) type Tell = fn(proto::ExpenseReport, i64) -> NewEvent;

facts! {
    /// A report was made.
    created => ExpenseReportCreated { expense_report: ExpenseReport };
    /// A report was written anew.
    updated => ExpenseReportUpdated { expense_report: ExpenseReport };
    /// Approval of a report was asked for.
    submitted => ExpenseReportSubmitted { expense_report: ExpenseReport };
    /// A report was taken back before it was decided.
    withdrawn => ExpenseReportWithdrawn { expense_report: ExpenseReport };
    /// A report was approved or rejected.
    decided => ExpenseReportDecided { expense_report: ExpenseReport };
    /// A report was paid back.
    reimbursed => ExpenseReportReimbursed { expense_report: ExpenseReport };
    /// The policy was set.
    policy_changed => ExpensePolicyChanged { expense_policy: ExpensePolicy };
}

/// A draft that had `version` was removed.
pub(crate) fn deleted(name: &str, version: i64) -> NewEvent {
    let fact = proto::ExpenseReportDeleted {
        expense_report: name.to_owned(),
    };
    NewEvent::new(name, version + 1, &fact)
}
