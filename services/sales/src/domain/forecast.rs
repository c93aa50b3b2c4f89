//! What sales will bring: facts, weighed and rolled up along the tree of managers.

use std::collections::{BTreeMap, HashMap, HashSet};

use iso_currency::Currency;
use rapport_platform::invalid::{Invalid, InvalidFields};
use rapport_platform::money::Money;
use rust_decimal::Decimal;
use uuid::Uuid;

use super::opportunity::value;
use super::pipeline::{ForecastCategory, OpportunityState};

/// Longest rate, in characters: ten digits on both sides of the point.
const MAX_RATE_DIGITS: usize = 10;

/// Opportunities of one owner that weigh alike.
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

/// Somebody in the tree of managers.
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

/// Reads a rate: positive, with at most ten digits on both sides of the point.
pub fn rate(raw: &str) -> Result<Decimal, Invalid> {
    let (whole, fraction) = raw.split_once('.').unwrap_or((raw, "0"));
    let digits = |part: &str| {
        !part.is_empty()
            && part.len() <= MAX_RATE_DIGITS
            && part.bytes().all(|it| it.is_ascii_digit())
    };
    let parsed = (digits(whole) && digits(fraction)).then(|| raw.parse::<Decimal>().ok());
    let positive = parsed.flatten().filter(|rate| !rate.is_zero());
    let why = "must be a positive number of at most 10 digits before and 10 after the point";
    positive.ok_or_else(|| Invalid::new(why))
}

/// Reads a currency that can be paid in.
pub fn currency(code: &str) -> Result<Currency, Invalid> {
    let currency = Currency::from_code(code).filter(|it| it.exponent().is_some());
    currency.ok_or_else(|| Invalid::new("must be a current ISO 4217 code such as EUR"))
}

/// Reads the pair of currencies of a rate.
pub fn pair(from: &str, to: &str) -> Result<(Currency, Currency), InvalidFields> {
    let mut faults = InvalidFields::default();
    let from = faults.take("from_currency", currency(from));
    let to = faults.take("to_currency", currency(to));
    if from.is_some() && from == to {
        faults.push("to_currency", Invalid::new("must be another currency"));
    }
    faults.finish(from.zip(to))
}

/// Reads what a seller is to bring.
pub fn quota(amount: Result<Option<Money>, Invalid>) -> Result<Money, Invalid> {
    amount
        .and_then(value::amount)?
        .ok_or_else(|| Invalid::new("is required"))
}

/// Reads by how much a forecast is adjusted, up or down.
pub fn adjustment(amount: Result<Option<Money>, Invalid>) -> Result<Money, Invalid> {
    let amount = amount?.ok_or_else(|| Invalid::new("is required"))?;
    let size = Money::from_minor(amount.minor().saturating_abs(), amount.currency());
    value::amount(size.ok())?;
    Ok(amount)
}

/// Whether a caller may set what a seller is to bring, or adjust his forecast.
///
/// `caller` is the seller who calls, if he sells; `above` are those who manage the seller. Who does
/// not sell has the permission for all.
pub fn may_commit(caller: Option<Uuid>, seller: Uuid, above: &[Uuid], own: bool) -> bool {
    caller.is_none_or(|caller| above.contains(&caller) || (own && caller == seller))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const BOSS: Uuid = Uuid::from_u128(1);
    const ANNA: Uuid = Uuid::from_u128(2);
    const BOB: Uuid = Uuid::from_u128(3);

    fn money(minor: i64, currency: Currency) -> Money {
        Money::from_minor(minor, currency).unwrap()
    }

    fn open(owner: Uuid, units: i64, probability: u8) -> Fact {
        Fact {
            owner,
            amount: money(units * 100, Currency::USD),
            state: OpportunityState::Open,
            category: ForecastCategory::Pipeline,
            probability,
            count: 1,
        }
    }

    fn members() -> Vec<Member> {
        vec![
            Member {
                seller: ANNA,
                manager: Some(BOSS),
            },
            Member {
                seller: BOB,
                manager: Some(ANNA),
            },
            Member {
                seller: BOSS,
                manager: None,
            },
        ]
    }

    fn rates(pairs: &[(Currency, &str)]) -> Rates {
        let rates = pairs
            .iter()
            .map(|(currency, rate)| (*currency, rate.parse().unwrap()));
        Rates::into(Currency::USD, rates.collect())
    }

    #[test]
    fn open_is_weighted_by_its_probability_and_lost_is_nothing() {
        let lost = Fact {
            state: OpportunityState::Lost,
            category: ForecastCategory::Omitted,
            ..open(ANNA, 60_000, 0)
        };
        let facts = [open(ANNA, 100_000, 50), open(ANNA, 40_000, 25), lost];
        let rows = roll_up(&members(), &facts, &[], &rates(&[])).unwrap();
        let boss = &rows[0];
        assert_eq!(
            (boss.team.weighted, boss.team.pipeline),
            (6_000_000, 14_000_000)
        );
        assert_eq!(
            (boss.own, boss.team.open_count, boss.team.won_count),
            (Amounts::default(), 2, 0)
        );
    }

    #[test]
    fn categories_stand_apart_and_adjustments_from_facts() {
        let of = |category, state| Fact {
            category,
            state,
            ..open(BOB, 1, 100)
        };
        let facts = [
            of(ForecastCategory::Commit, OpportunityState::Open),
            of(ForecastCategory::BestCase, OpportunityState::Open),
            of(ForecastCategory::Closed, OpportunityState::Won),
            of(ForecastCategory::Omitted, OpportunityState::Open),
        ];
        let adjustments = [(BOB, money(-50, Currency::USD))];
        let rows = roll_up(&members(), &facts, &adjustments, &rates(&[])).unwrap();
        let order: Vec<_> = rows.iter().map(|row| row.member.seller).collect();
        assert_eq!(order, [BOSS, ANNA, BOB]);
        let expected = Amounts {
            closed: 100,
            commit: 100,
            best_case: 100,
            pipeline: 0,
            weighted: 300,
            adjustment: -50,
            open_count: 2,
            won_count: 1,
        };
        assert_eq!((rows[2].own, rows[0].team), (expected, expected));
    }

    #[test]
    fn amounts_are_converted_by_their_currencys_minor_units() {
        let fact = |minor, currency| Fact {
            amount: money(minor, currency),
            ..open(ANNA, 0, 100)
        };
        let facts = [
            fact(10_000, Currency::JPY),
            fact(1_500, Currency::KWD),
            fact(1, Currency::USD),
        ];
        let rates = rates(&[(Currency::JPY, "0.0066"), (Currency::KWD, "3.25")]);
        let rows = roll_up(&members(), &facts, &[], &rates).unwrap();
        // 66.00 + 4.875, half to even, + 0.01
        assert_eq!(rows[0].team.pipeline, 6_600 + 488 + 1);
        let missing = roll_up(&members(), &[fact(1, Currency::EUR)], &[], &rates);
        assert_eq!(missing, Err(RateMissing(Currency::EUR)));
    }

    #[test]
    fn nobody_sets_his_own_quota() {
        let above = [ANNA, BOSS];
        assert!(may_commit(Some(ANNA), BOB, &above, false));
        assert!(may_commit(Some(BOSS), BOB, &above, false));
        assert!(may_commit(None, BOB, &above, false));
        assert!(!may_commit(Some(BOB), BOB, &above, false));
        assert!(may_commit(Some(BOB), BOB, &above, true));
        assert!(!may_commit(Some(BOB), ANNA, &[BOSS], true));
    }

    #[test]
    fn rates_are_positive_and_not_endless() {
        for good in ["1", "0.0066", "1234567890.0123456789"] {
            assert!(rate(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "0",
            "0.0",
            "-1",
            "1e3",
            ".5",
            "1.",
            "12345678901",
            "1,5",
            "+1",
        ] {
            assert!(rate(bad).is_err(), "{bad}");
        }
        assert!(pair("USD", "USD").is_err() && pair("XAU", "USD").is_err());
    }

    proptest! {
        #[test]
        fn a_team_is_the_sum_of_its_members(
            facts in proptest::collection::vec((1u128..4, 0i64..1_000_000, 0u8..=100, any::<bool>()), 0..30),
        ) {
            let facts: Vec<_> = facts.into_iter().map(|(owner, minor, probability, euros)| {
                let currency = if euros { Currency::EUR } else { Currency::USD };
                Fact { amount: money(minor, currency), probability, ..open(Uuid::from_u128(owner), 0, 0) }
            }).collect();
            let rows = roll_up(&members(), &facts, &[], &rates(&[(Currency::EUR, "1.0842")])).unwrap();
            let weighted: i64 = rows.iter().map(|row| row.own.weighted).sum();
            let pipeline: i64 = rows.iter().map(|row| row.own.pipeline).sum();
            prop_assert_eq!((rows[0].team.weighted, rows[0].team.pipeline), (weighted, pipeline));
        }
    }
}
