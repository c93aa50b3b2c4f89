//! One file per table. The key of every table starts with the tenant.

#![allow(unreachable_pub, reason = "the library's derives need public items")]

pub(crate) mod approval_policy;
pub(crate) mod authority_delegation;
pub(crate) mod authority_grant;
pub(crate) mod co_ownership;
pub(crate) mod customer_reassignment;
pub(crate) mod dunning_notice;
pub(crate) mod dunning_policy;
pub(crate) mod dunning_step;
pub(crate) mod exchange_rate;
pub(crate) mod expense_line;
pub(crate) mod expense_policy;
pub(crate) mod expense_report;
pub(crate) mod forecast_adjustment;
pub(crate) mod invoice;
pub(crate) mod invoice_entry;
pub(crate) mod opportunity;
pub(crate) mod opportunity_line;
pub(crate) mod order_delivery;
pub(crate) mod order_line;
pub(crate) mod order_reassignment;
pub(crate) mod ownership;
pub(crate) mod ownership_change;
pub(crate) mod pipeline;
pub(crate) mod price_book;
pub(crate) mod price_book_entry;
pub(crate) mod product;
pub(crate) mod product_code;
pub(crate) mod proposal;
pub(crate) mod proposal_content;
pub(crate) mod proposal_template;
pub(crate) mod proposal_template_version;
pub(crate) mod quota;
pub(crate) mod quote;
pub(crate) mod quote_decision;
pub(crate) mod quote_reassignment;
pub(crate) mod quote_revision;
pub(crate) mod sales_order;
pub(crate) mod seller;
pub(crate) mod stage_change;
pub(crate) mod suggestion_decision;
pub(crate) mod suggestion_policy;
pub(crate) mod suggestion_response;
