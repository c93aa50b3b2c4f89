//! Opportunities as rows.

use rapport_platform::identity::Context;
use rapport_platform::time::Timestamp;
use uuid::Uuid;

use crate::domain::date;
use crate::domain::opportunity::value::Line;
use crate::domain::opportunity::{Closing, Opportunity, Outlook};
use crate::domain::pipeline::{ForecastCategory, Key, OpportunityState, Percent};
use crate::error::{Error, unreadable};
use crate::store::amount;
use crate::store::entity::{opportunity, opportunity_line, stage_change};

const READING: &str = "reading a stored opportunity";

/// What the service itself knows about an opportunity.
#[derive(Clone, Debug)]
pub(crate) struct Identity {
    /// Which it is.
    pub(crate) id: Uuid,
    /// The way it goes.
    pub(crate) pipeline: Uuid,
    /// What another system calls it.
    pub(crate) external_id: Option<String>,
    /// Its version.
    pub(crate) version: i64,
    /// When it was recorded.
    pub(crate) create_time: Timestamp,
}

impl Identity {
    /// That of a stored opportunity.
    pub(crate) fn of(row: &opportunity::Model) -> Self {
        Self {
            id: row.opportunity_id,
            pipeline: row.pipeline_id,
            external_id: row.external_id.clone(),
            version: row.version,
            create_time: row.create_time,
        }
    }
}

/// The row of an opportunity.
pub(super) fn write(
    ctx: &Context,
    identity: &Identity,
    opportunity: &Opportunity,
) -> opportunity::Model {
    let Opportunity {
        display_name,
        customer,
        next_step,
        outlook,
        lines: _,
        open_time,
        stage_enter_time,
        stall_time,
        change_time,
        closing,
        note,
    } = opportunity.clone();
    let (amount, currency) = amount::columns(outlook.amount);
    opportunity::Model {
        tenant_id: ctx.tenant,
        opportunity_id: identity.id,
        external_id: identity.external_id.clone(),
        display_name,
        customer_id: customer,
        owner_id: outlook.owner,
        pipeline_id: identity.pipeline,
        stage: outlook.stage.as_str().to_owned(),
        state: outlook.state.code(),
        amount,
        currency,
        probability: outlook.probability.get().into(),
        category: outlook.category.code(),
        close_date: outlook.close_date.map(date::number),
        next_step,
        close_reason: reason(closing.as_ref()),
        note,
        open_time,
        stage_enter_time,
        stall_time,
        change_time,
        close_time: closing.map(|it| it.time),
        version: identity.version,
        create_time: identity.create_time,
        update_time: ctx.now,
    }
}

/// The rows of its lines.
pub(super) fn lines(ctx: &Context, id: Uuid, lines: &[Line]) -> Vec<opportunity_line::Model> {
    let numbered = (0_i16..).zip(lines);
    let row = |(position, line): (i16, &Line)| opportunity_line::Model {
        tenant_id: ctx.tenant,
        opportunity_id: id,
        position,
        product_id: line.product,
        quantity: line.quantity,
        amount: line.amount.minor(),
    };
    numbered.map(row).collect()
}

/// The entry in the history by which `after` became true.
pub(super) fn change(
    ctx: &Context,
    identity: &Identity,
    before: Option<&Opportunity>,
    after: &Opportunity,
) -> stage_change::Model {
    let outlook = after.outlook.clone();
    let (amount, currency) = amount::columns(outlook.amount);
    stage_change::Model {
        tenant_id: ctx.tenant,
        opportunity_id: identity.id,
        version: identity.version,
        from_stage: before.map(|it| it.outlook.stage.as_str().to_owned()),
        from_state: before.map(|it| it.outlook.state.code()),
        to_stage: outlook.stage.as_str().to_owned(),
        from_enter_time: before.map(|it| it.stage_enter_time),
        state: outlook.state.code(),
        pipeline_id: identity.pipeline,
        owner_id: outlook.owner,
        amount,
        currency,
        probability: outlook.probability.get().into(),
        category: outlook.category.code(),
        close_date: outlook.close_date.map(date::number),
        close_reason: reason(after.closing.as_ref()),
        note: after.note.clone(),
        actor: ctx.actor.to_string(),
        change_time: after.change_time,
        end_time: None,
        record_time: ctx.now,
    }
}

fn reason(closing: Option<&Closing>) -> Option<String> {
    let reason = closing?.reason.as_ref()?;
    Some(reason.as_str().to_owned())
}

/// The opportunity in a row and those of its lines.
pub(super) fn read(
    row: &opportunity::Model,
    lines: &[opportunity_line::Model],
) -> Result<Opportunity, Error> {
    let key = |raw: &str| Key::parse(raw).map_err(unreadable(READING));
    let state = OpportunityState::try_from(i32::from(row.state)).map_err(unreadable(READING))?;
    let category = ForecastCategory::try_from(i32::from(row.category));
    let close_date = row.close_date.map(date::from_number).transpose();
    let reason = row.close_reason.as_deref().map(key).transpose()?;
    let line = |line: &opportunity_line::Model| {
        let amount = amount::read(Some(line.amount), row.currency.as_deref())?;
        Ok(Line {
            product: line.product_id,
            quantity: line.quantity,
            amount: amount.ok_or_else(|| unreadable(READING)("a line without a currency"))?,
        })
    };
    Ok(Opportunity {
        display_name: row.display_name.clone(),
        customer: row.customer_id,
        next_step: row.next_step.clone(),
        outlook: Outlook {
            owner: row.owner_id,
            stage: key(&row.stage)?,
            state,
            amount: amount::read(row.amount, row.currency.as_deref())?,
            probability: Percent::parse(row.probability.into()).map_err(unreadable(READING))?,
            category: category.map_err(unreadable(READING))?,
            close_date: close_date.map_err(unreadable(READING))?,
        },
        lines: lines.iter().map(line).collect::<Result<_, Error>>()?,
        open_time: row.open_time,
        stage_enter_time: row.stage_enter_time,
        stall_time: row.stall_time,
        change_time: row.change_time,
        closing: row.close_time.map(|time| Closing { time, reason }),
        note: row.note.clone(),
    })
}
