//! What sales will bring: facts, weighed and rolled up along the tree of managers.

mod commitment;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap, HashSet};

use iso_currency::Currency;
use rapport_platform::money::Money;
use rust_decimal::Decimal;
use uuid::Uuid;

pub use commitment::{adjustment, currency, may_commit, pair, quota, rate};

use super::pipeline::{ForecastCategory, OpportunityState};

/// Opportunities of one owner, or of one territory, that weigh alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// Who sells.
    pub owner: Uuid,
    /// What they bring together.
    pub amount: Money,
    /// What they are.
    pub state: OpportunityState,
    /// How sure they are.
    pub category: ForecastCategory,
    /// How likely they are won, in percent.
    pub probability: u8,
    /// How many they are.
    pub count: i64,
}

/// What a forecast is made of, in minor units of its currency.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Amounts {
    /// What was won.
    pub closed: i64,
    /// Open, and somebody stands up for it.
    pub commit: i64,
    /// Open, if all goes well.
    pub best_case: i64,
    /// Open, at an early stage.
    pub pipeline: i64,
    /// What was won, and the rest each by its probability.
    pub weighted: i64,
    /// What people expect beyond the facts.
    pub adjustment: i64,
    /// Open opportunities that count.
    pub open_count: i64,
    /// Opportunities that were won.
    pub won_count: i64,
}

impl Amounts {
    /// Whether there is nothing in it.
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }

    fn add(&mut self, other: &Self) {
        let pairs = [
            (&mut self.closed, other.closed),
            (&mut self.commit, other.commit),
            (&mut self.best_case, other.best_case),
            (&mut self.pipeline, other.pipeline),
            (&mut self.weighted, other.weighted),
            (&mut self.adjustment, other.adjustment),
            (&mut self.open_count, other.open_count),
            (&mut self.won_count, other.won_count),
        ];
        for (sum, part) in pairs {
            *sum = sum.saturating_add(part);
        }
    }
}

/// Somebody in the tree of managers; or a territory in that of a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Member {
    /// Who.
    pub seller: Uuid,
    /// Who manages him.
    pub manager: Option<Uuid>,
}

/// The forecast of one seller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Who.
    pub member: Member,
    /// What is his own.
    pub own: Amounts,
    /// What is his and of those whom he manages.
    pub team: Amounts,
}

/// What one unit of other currencies is worth in the currency of a forecast.
#[derive(Debug, Clone)]
pub struct Rates {
    target: Currency,
    rates: HashMap<Currency, Decimal>,
}

/// There is no rate from this currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateMissing(pub Currency);

impl Rates {
    /// Rates into `target`.
    pub fn into(target: Currency, rates: HashMap<Currency, Decimal>) -> Self {
        Self { target, rates }
    }

    /// The currency of the forecast.
    pub const fn target(&self) -> Currency {
        self.target
    }

    /// Minor units of another currency, not necessarily whole, in whole minor units of the target:
    /// rounded half to even.
    fn convert(&self, minor: Decimal, from: Currency) -> Result<i64, RateMissing> {
        let missing = RateMissing(from);
        let rate = match from == self.target {
            true => Decimal::ONE,
            false => *self.rates.get(&from).ok_or(missing)?,
        };
        let scale = |currency: Currency| 10_i64.pow(u32::from(currency.exponent().unwrap_or(0)));
        let amount = minor
            .checked_mul(rate)
            .and_then(|it| it.checked_mul(scale(self.target).into()))
            .and_then(|it| it.checked_div(scale(from).into()));
        let whole = amount.and_then(|it| i64::try_from(it.round()).ok());
        Ok(whole.unwrap_or(i64::MAX))
    }
}

/// Sums in one currency, before they are converted.
#[derive(Default)]
struct Sums {
    closed: Decimal,
    commit: Decimal,
    best_case: Decimal,
    pipeline: Decimal,
    weighted: Decimal,
    open_count: i64,
    won_count: i64,
}

impl Sums {
    fn take(&mut self, fact: &Fact) {
        use ForecastCategory::{BestCase, Closed, Commit, Omitted, Pipeline};
        let amount = Decimal::from(fact.amount.minor());
        let sum = match (fact.state, fact.category) {
            (OpportunityState::Lost, _) | (_, Omitted) => return,
            (_, Closed) => &mut self.closed,
            (_, Commit) => &mut self.commit,
            (_, BestCase) => &mut self.best_case,
            (_, Pipeline) => &mut self.pipeline,
        };
        *sum += amount;
        self.weighted += amount * Decimal::new(fact.probability.into(), 2);
        match fact.state {
            OpportunityState::Open => self.open_count += fact.count,
            OpportunityState::Won | OpportunityState::Lost => self.won_count += fact.count,
        }
    }

    fn convert(&self, from: Currency, rates: &Rates) -> Result<Amounts, RateMissing> {
        let convert = |sum| rates.convert(sum, from);
        Ok(Amounts {
            closed: convert(self.closed)?,
            commit: convert(self.commit)?,
            best_case: convert(self.best_case)?,
            pipeline: convert(self.pipeline)?,
            weighted: convert(self.weighted)?,
            adjustment: 0,
            open_count: self.open_count,
            won_count: self.won_count,
        })
    }
}

/// The forecast of each member, managers before those whom they manage.
///
/// Each seller's sum of a currency is converted once, and teams add up what was converted: a
/// team's amounts are the sums of its members' to the last cent.
///
/// # Errors
/// `RateMissing` when an amount can't be converted.
pub fn roll_up(
    members: &[Member],
    facts: &[Fact],
    adjustments: &[(Uuid, Money)],
    rates: &Rates,
) -> Result<Vec<Row>, RateMissing> {
    let own = own(facts, adjustments, rates)?;
    let order = top_down(members);
    let mut rows: Vec<Row> = order
        .iter()
        .map(|member| {
            let own = own.get(&member.seller).copied().unwrap_or_default();
            Row {
                member: *member,
                own,
                team: own,
            }
        })
        .collect();
    let places: HashMap<Uuid, usize> = order
        .iter()
        .enumerate()
        .map(|(place, it)| (it.seller, place))
        .collect();
    // Those who are managed come later, so that backwards each team is complete before it counts.
    for place in (0..rows.len()).rev() {
        let team = rows[place].team;
        let manager = rows[place].member.manager.and_then(|it| places.get(&it));
        if let Some(manager) = manager.filter(|manager| **manager < place) {
            rows[*manager].team.add(&team);
        }
    }
    Ok(rows)
}

fn own(
    facts: &[Fact],
    adjustments: &[(Uuid, Money)],
    rates: &Rates,
) -> Result<HashMap<Uuid, Amounts>, RateMissing> {
    let mut sums: BTreeMap<(Uuid, &str), (Currency, Sums)> = BTreeMap::new();
    for fact in facts {
        let currency = fact.amount.currency();
        let key = (fact.owner, currency.code());
        let (_, sums) = sums
            .entry(key)
            .or_insert_with(|| (currency, Sums::default()));
        sums.take(fact);
    }
    let mut own: HashMap<Uuid, Amounts> = HashMap::new();
    for ((owner, _), (currency, sums)) in sums {
        own.entry(owner)
            .or_default()
            .add(&sums.convert(currency, rates)?);
    }
    for (seller, amount) in adjustments {
        let converted = rates.convert(amount.minor().into(), amount.currency())?;
        own.entry(*seller).or_default().add(&Amounts {
            adjustment: converted,
            ..Amounts::default()
        });
    }
    Ok(own)
}

/// Managers before those whom they manage. Whose manager is not among the members stands at the
/// top.
fn top_down(members: &[Member]) -> Vec<Member> {
    let known: HashSet<Uuid> = members.iter().map(|it| it.seller).collect();
    let mut teams: HashMap<Uuid, Vec<Member>> = HashMap::new();
    let mut next = Vec::new();
    for member in members {
        match member.manager.filter(|manager| known.contains(manager)) {
            Some(manager) => teams.entry(manager).or_default().push(*member),
            None => next.push(*member),
        }
    }
    next.reverse();
    let mut ordered = Vec::with_capacity(members.len());
    while let Some(member) = next.pop() {
        ordered.push(member);
        let team = teams.remove(&member.seller).unwrap_or_default();
        next.extend(team.into_iter().rev());
    }
    ordered
}
