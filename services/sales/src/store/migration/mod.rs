//! The service's tables, step by step. A step that was released never changes; the next one
//! is added below it.

mod m0001_sellers;
mod m0002_products;
mod m0003_opportunities;
mod m0004_forecasts;
mod m0101_prices;
mod m0102_quotes;
mod m0103_authority;
mod m0201_orders;
mod m0202_receivables;
mod m0203_dunning;
mod m0204_expenses;
mod m0301_proposals;
mod m0401_territories;
mod m0402_customer_facts;
mod m0501_calendar;
mod m0502_tasks;
mod m0601_suggestions;
mod m0602_lists;
mod m0603_account_plans;
mod m0701_quote_sends;
mod m0702_grants_by_action;
mod m0801_history;
mod m0802_opportunity_lists;
mod m0901_free_quotes;
mod m1001_instance_responses;
#[cfg(test)]
mod tests;

use rapport_platform::db::platform_migrations;
use sea_orm_migration::MigrationTrait;

/// Every step, in order: the platform's tables first.
pub(crate) fn migrations() -> Vec<Box<dyn MigrationTrait>> {
    let mut steps = platform_migrations();
    steps.push(Box::new(m0001_sellers::CreateSellers));
    steps.push(Box::new(m0002_products::CreateProducts));
    steps.push(Box::new(m0003_opportunities::CreateOpportunities));
    steps.push(Box::new(m0004_forecasts::CreateForecasts));
    steps.push(Box::new(m0101_prices::CreatePrices));
    steps.push(Box::new(m0102_quotes::CreateQuotes));
    steps.push(Box::new(m0103_authority::CreateAuthority));
    steps.push(Box::new(m0201_orders::CreateOrders));
    steps.push(Box::new(m0202_receivables::CreateReceivables));
    steps.push(Box::new(m0203_dunning::CreateDunning));
    steps.push(Box::new(m0204_expenses::CreateExpenses));
    steps.push(Box::new(m0301_proposals::CreateProposals));
    steps.push(Box::new(m0401_territories::CreateTerritories));
    steps.push(Box::new(m0402_customer_facts::CreateCustomerFacts));
    steps.push(Box::new(m0501_calendar::CreateCalendar));
    steps.push(Box::new(m0502_tasks::CreateTasks));
    steps.push(Box::new(m0601_suggestions::CreateSuggestions));
    steps.push(Box::new(m0602_lists::IndexLists));
    steps.push(Box::new(m0603_account_plans::CreateAccountPlans));
    steps.push(Box::new(m0701_quote_sends::CreateQuoteSends));
    steps.push(Box::new(m0702_grants_by_action::IndexGrantsByAction));
    steps.push(Box::new(m0801_history::KeepHistory));
    steps.push(Box::new(m0802_opportunity_lists::IndexOpportunities));
    steps.push(Box::new(m0901_free_quotes::LimitFreeQuotes));
    steps.push(Box::new(m1001_instance_responses::AddInstanceResponses));
    steps
}
