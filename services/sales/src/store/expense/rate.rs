//! What currencies were worth on the days on which something was paid.

use std::collections::BTreeSet;

use iso_currency::Currency;
use rapport_platform::identity::Context;
use rust_decimal::Decimal;
use sea_orm::sea_query::{Expr, ExprTrait as _, Query};
use sea_orm::{ColumnTrait as _, Condition, ConnectionTrait, EntityTrait as _, QueryFilter as _};

use crate::error::{Error, unreadable};
use crate::store::entity::exchange_rate::{Column, Entity, Model};

/// Rates into one currency that were in force on some days.
#[derive(Debug, Default)]
pub(crate) struct DatedRates(Vec<Model>);

impl DatedRates {
    /// The rates into `target` of currencies on days: one statement, a look into the index for
    /// each.
    pub(crate) async fn read(
        ctx: &Context,
        db: &impl ConnectionTrait,
        target: Currency,
        wanted: &BTreeSet<(&str, i32)>,
    ) -> Result<Self, Error> {
        if wanted.is_empty() {
            return Ok(Self::default());
        }
        let into_target = || {
            Condition::all()
                .add(Column::TenantId.eq(ctx.tenant))
                .add(Column::ToCurrency.eq(target.code()))
        };
        let mut each = Condition::any();
        for (currency, day) in wanted {
            let latest = Query::select()
                .expr(Expr::col(Column::EffectiveDate).max())
                .from(Entity)
                .cond_where(into_target())
                .and_where(Column::FromCurrency.eq(*currency))
                .and_where(Column::EffectiveDate.lte(*day))
                .to_owned();
            let holds = Condition::all()
                .add(Column::FromCurrency.eq(*currency))
                .add(Expr::col(Column::EffectiveDate).in_subquery(latest));
            each = each.add(holds);
        }
        let rows = Entity::find().filter(into_target()).filter(each);
        Ok(Self(rows.all(db).await?))
    }

    /// What one unit of a currency was worth on a day, as it was corrected last; none when nobody has
    /// said.
    pub(crate) fn on(&self, currency: &str, day: i32) -> Result<Option<Decimal>, Error> {
        let of_currency = self.0.iter().filter(|it| it.from_currency == currency);
        let latest = of_currency
            .filter(|it| it.effective_date <= day)
            .max_by_key(|it| (it.effective_date, it.record_time, it.rate_id));
        let rate = latest.map(|it| it.rate.parse::<Decimal>());
        rate.transpose()
            .map_err(unreadable("reading a stored rate"))
    }
}
