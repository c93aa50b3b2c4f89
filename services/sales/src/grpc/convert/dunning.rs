//! When customers are reminded, and when they were.

use rapport_platform::etag::Etag;
use rapport_platform::identity::Context;
use rapport_platform::invalid::InvalidFields;
use rapport_platform::outbox::NewEvent;
use rapport_proto::rapport::sales::v1 as proto;

use super::{text, to_day, to_money};
use crate::domain::dunning::DunningPolicy;
use crate::error::Error;
use crate::events::order as events;
use crate::grpc::policy::Policy;
use crate::resource::{self, DUNNING_POLICY, INVOICE};
use crate::store::dunning::{self, Overdue};
use crate::store::entity::{dunning_notice, dunning_policy, dunning_step};

impl Policy for dunning_policy::Entity {
    type Proto = proto::DunningPolicy;
    type Says = DunningPolicy;
    const NAME: &'static str = DUNNING_POLICY;
    const FIELD: &'static str = "dunning_policy";

    fn sent(sent: &Self::Proto) -> (&str, &str) {
        (&sent.name, &sent.etag)
    }

    fn parse(sent: &Self::Proto) -> Result<Self::Says, InvalidFields> {
        let proto::DunningPolicy {
            name: _,
            level_days,
            payment_term_days,
            version: _,
            author: _,
            create_time: _,
            etag: _,
        } = sent;
        DunningPolicy::parse(level_days, *payment_term_days)
    }

    fn row(ctx: &Context, version: i64, says: &Self::Says) -> Self::Model {
        dunning_policy::Model {
            tenant_id: ctx.tenant,
            version,
            level_days: says.level_days().iter().copied().collect(),
            payment_term_days: says.payment_term_days(),
            author: ctx.actor.to_string(),
            create_time: ctx.now,
        }
    }

    fn version(row: &Self::Model) -> i64 {
        row.version
    }

    fn to_proto(row: Option<Self::Model>) -> Result<Self::Proto, Error> {
        let says = row.as_ref().map(dunning::from_row).transpose()?;
        let says = says.unwrap_or_default();
        let version = row.as_ref().map_or(0, |row| row.version);
        Ok(proto::DunningPolicy {
            name: DUNNING_POLICY.to_owned(),
            level_days: says.level_days().to_vec(),
            payment_term_days: says.payment_term_days(),
            version,
            create_time: row.as_ref().map(|row| row.create_time.into()),
            author: text(row.map(|row| row.author)),
            etag: Etag::of(version),
        })
    }

    fn changed(set: &Self::Proto, version: i64) -> NewEvent {
        events::policy_changed(set.clone(), version)
    }
}

/// What a customer owes.
pub(in crate::grpc) fn overdue_to_proto(row: Overdue) -> proto::OverdueCustomer {
    let Overdue {
        customer_id,
        currency,
        overdue,
        invoices,
        oldest,
        level,
        next,
        due,
    } = row;
    proto::OverdueCustomer {
        customer: resource::customer(customer_id),
        overdue_amount: to_money(overdue, &currency),
        invoice_count: invoices,
        oldest_due_date: Some(to_day(oldest)),
        dunning_level: level.into(),
        next_dunning_date: next.map(to_day),
        due_amount: to_money(due, &currency),
    }
}

/// A reminder.
pub(in crate::grpc) fn notice_to_proto(row: dunning_notice::Model) -> proto::DunningNotice {
    let dunning_notice::Model {
        tenant_id: _,
        notice_id,
        customer_id,
        currency,
        amount,
        invoice_count,
        level,
        dunning_date,
        author,
    } = row;
    proto::DunningNotice {
        notice_id: notice_id.to_string(),
        customer: text(customer_id.map(resource::customer)),
        amount: to_money(amount, &currency),
        invoice_count,
        dunning_level: level.into(),
        dunning_date: Some(to_day(dunning_date)),
        author,
    }
}

/// What a reminder was of.
pub(in crate::grpc) fn step_to_proto(row: dunning_step::Model) -> proto::DunningStep {
    let dunning_step::Model {
        tenant_id: _,
        invoice_id,
        notice_id,
        level,
        open,
        currency,
        dunning_date,
    } = row;
    proto::DunningStep {
        invoice: INVOICE.format(&[invoice_id]),
        notice_id: notice_id.to_string(),
        dunning_level: level.into(),
        open_amount: to_money(open, &currency),
        dunning_date: Some(to_day(dunning_date)),
    }
}
