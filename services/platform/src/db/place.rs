//! Places in lists that are ordered by time.

use crate::time::Timestamp;
use sea_orm::sea_query::{Expr, ExprTrait as _};
use sea_orm::{Condition, IntoSimpleExpr};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Where something stands in time; the id decides between what has one instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// When it took place.
    pub time: Timestamp,
    /// Which it is.
    pub id: Uuid,
}

/// Which end of time comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// The present.
    LatestFirst,
    /// The past.
    OldestFirst,
}

impl From<Order> for sea_orm::Order {
    fn from(order: Order) -> Self {
        match order {
            Order::LatestFirst => Self::Desc,
            Order::OldestFirst => Self::Asc,
        }
    }
}

/// The rows behind a place, all without one. Compared as a pair, which both engines answer
/// from an index over the pair.
pub fn behind(
    place: Option<Place>,
    order: Order,
    time: impl IntoSimpleExpr,
    id: impl IntoSimpleExpr,
) -> Condition {
    let Some(place) = place else {
        return Condition::all();
    };
    let row = Expr::tuple([time.into_simple_expr(), id.into_simple_expr()]);
    let place = Expr::tuple([Expr::val(place.time), Expr::val(place.id)]);
    Condition::all().add(match order {
        Order::LatestFirst => row.lt(place),
        Order::OldestFirst => row.gt(place),
    })
}
