//! The domain's enums carry the numbers and names of the protos.

use rapport_platform::testing::values_in_proto;

use super::account_plan::{AccountPlanState, PlanStance};
use super::authority::Action;
use super::calendar::{CalendarEventState, CalendarResponse, CalendarVisibility};
use super::edition::ReportOutcome;
use super::expense::{ExpenseDimension, ExpenseState, ExpenseWarning};
use super::order::{DeliveryState, OrderDiscrepancy, OrderState, PaymentState};
use super::pipeline::{ForecastCategory, OpportunityState};
use super::price::{BookVerdict, PriceVerdict, TaxTreatment};
use super::proposal::notation::{DateFormat, NumberFormat};
use super::proposal::template::{LineColumn, PageSize};
use super::quote::content::RoundingPolicy;
use super::quote::state::{DecisionOutcome, QuoteState};
use super::receivable::InvoiceEntryKind;
use super::report::SalesDimension;
use super::seller::SellerState;
use super::suggestion::{SuggestionKind, SuggestionOutcome, SuggestionState};
use super::task::{TaskPriority, TaskState};
use super::territory::{Cause, ModelState, Preparation};

macro_rules! agree {
    ($( $domain:ty => $proto:literal, )+) => {
        $(
            let domain: Vec<_> = <$domain>::ALL
                .iter()
                .map(|it| (it.number(), it.label().to_owned()))
                .collect();
            assert_eq!(domain, values_in_proto($proto), $proto);
        )+
    };
}

#[test]
fn numbers_and_names_are_those_of_the_protos() {
    agree! {
        Action => "rapport.sales.v1.AuthorityAction",
        CalendarEventState => "rapport.sales.v1.CalendarEventState",
        CalendarResponse => "rapport.sales.v1.CalendarResponse",
        CalendarVisibility => "rapport.sales.v1.CalendarVisibility",
        DecisionOutcome => "rapport.sales.v1.QuoteDecisionOutcome",
        QuoteState => "rapport.sales.v1.QuoteState",
        RoundingPolicy => "rapport.sales.v1.RoundingPolicy",
        BookVerdict => "rapport.sales.v1.PriceBookVerdict",
        PriceVerdict => "rapport.sales.v1.PriceVerdict",
        TaxTreatment => "rapport.sales.v1.TaxTreatment",
        ForecastCategory => "rapport.sales.v1.ForecastCategory",
        OpportunityState => "rapport.sales.v1.OpportunityState",
        SalesDimension => "rapport.sales.v1.SalesDimension",
        DateFormat => "rapport.sales.v1.DateFormat",
        LineColumn => "rapport.sales.v1.LineColumn",
        NumberFormat => "rapport.sales.v1.NumberFormat",
        PageSize => "rapport.sales.v1.PageSize",
        SellerState => "rapport.sales.v1.SellerState",
        Cause => "rapport.sales.v1.TerritoryCause",
        ModelState => "rapport.sales.v1.TerritoryModelState",
        Preparation => "rapport.sales.v1.TerritoryPreparationState",
        DeliveryState => "rapport.sales.v1.DeliveryState",
        ExpenseDimension => "rapport.sales.v1.ExpenseDimension",
        ExpenseState => "rapport.sales.v1.ExpenseState",
        ExpenseWarning => "rapport.sales.v1.ExpenseWarning",
        InvoiceEntryKind => "rapport.sales.v1.InvoiceEntryKind",
        OrderDiscrepancy => "rapport.sales.v1.OrderDiscrepancy",
        OrderState => "rapport.sales.v1.OrderState",
        PaymentState => "rapport.sales.v1.PaymentState",
        ReportOutcome => "rapport.sales.v1.ReportOutcome",
        TaskPriority => "rapport.sales.v1.TaskPriority",
        TaskState => "rapport.sales.v1.TaskState",
        AccountPlanState => "rapport.sales.v1.AccountPlanState",
        PlanStance => "rapport.sales.v1.PlanStance",
        SuggestionKind => "rapport.sales.v1.SuggestionKind",
        SuggestionOutcome => "rapport.sales.v1.SuggestionOutcome",
        SuggestionState => "rapport.sales.v1.SuggestionState",
    }
}
