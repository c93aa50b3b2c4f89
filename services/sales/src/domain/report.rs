//! How selling goes: what is counted, and by what.

use std::cmp::Ordering;

use jiff::ToSpan as _;
use jiff::civil::Date;
use rapport_platform::invalid::{Invalid, InvalidFields};
use rapport_platform::numbered;

use super::pipeline::{OpportunityState, Pipeline};

/// Longest period, in years.
const MAX_YEARS: i64 = 10;
/// Most dimensions of a report.
const MAX_DIMENSIONS: usize = 4;

numbered! {
    /// By what sales are counted.
    pub enum SalesDimension as "dimension" {
        /// Who sold.
        Owner = 1 "OWNER",
        /// Who manages him.
        Manager = 2 "MANAGER",
        /// The team he belongs to.
        Team = 3 "TEAM",
        /// The region in which he sells.
        Region = 4 "REGION",
        /// What was sold.
        Product = 5 "PRODUCT",
        /// The month of the close date.
        Month = 6 "MONTH",
        /// The calendar quarter of the close date.
        Quarter = 7 "QUARTER",
        /// The territory of the customer.
        Territory = 8 "TERRITORY",
        /// The pipeline through which it went.
        Pipeline = 9 "PIPELINE",
        /// Why it was won or lost.
        CloseReason = 10 "CLOSE_REASON",
    }
}

/// Days from the first to, and without, the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    start: Date,
    end: Date,
}

impl Period {
    /// Reads a period of at least a day and at most ten years.
    pub fn parse(
        start: Result<Option<Date>, Invalid>,
        end: Result<Option<Date>, Invalid>,
    ) -> Result<Self, InvalidFields> {
        let mut faults = InvalidFields::default();
        let start = faults.take("start_date", required(start));
        let end = faults.take("end_date", required(end));
        let latest = start.and_then(|it| it.checked_add(MAX_YEARS.years()).ok());
        if let Some((start, end)) = start.zip(end) {
            if end <= start {
                faults.push("end_date", Invalid::new("must be after start_date"));
            } else if latest.is_some_and(|latest| end > latest) {
                let why = "makes a period of more than ten years: ask for less";
                faults.push("end_date", Invalid::new(why));
            }
        }
        let period = start.zip(end).map(|(start, end)| Self { start, end });
        faults.finish(period)
    }

    /// The first day.
    pub const fn start(self) -> Date {
        self.start
    }

    /// The day after the last.
    pub const fn end(self) -> Date {
        self.end
    }
}

fn required(day: Result<Option<Date>, Invalid>) -> Result<Date, Invalid> {
    day?.ok_or_else(|| Invalid::new("is required"))
}

/// Reads by what to count.
pub fn dimensions(numbers: &[i32]) -> Result<Vec<SalesDimension>, Invalid> {
    if numbers.len() > MAX_DIMENSIONS {
        return Err(Invalid::new("are too many: at most 4"));
    }
    let mut parsed = Vec::with_capacity(numbers.len());
    for (index, number) in numbers.iter().enumerate() {
        let at = format!("[{index}]");
        let dimension = SalesDimension::try_from(*number).map_err(|it| it.within(&at))?;
        if parsed.contains(&dimension) {
            return Err(Invalid::new("repeats an earlier dimension").within(&at));
        }
        parsed.push(dimension);
    }
    Ok(parsed)
}

/// Share of `part` in `whole`, from 0 to 1; 0 of nothing.
pub fn share(part: i64, whole: i64) -> f64 {
    match whole {
        0 => 0.0,
        whole => part as f64 / whole as f64,
    }
}

/// Mean days of so many that took so many seconds together; 0 of none.
pub fn mean_days(seconds: i64, count: i64) -> f64 {
    const SECONDS_PER_DAY: f64 = 86_400.0;
    share(seconds, count) / SECONDS_PER_DAY
}

/// What is to be divided into whole units, rounded half to even; none of nothing, and of what 64
/// bits don't hold.
fn rounded(part: i128, whole: i128) -> Option<i64> {
    if whole <= 0 {
        return None;
    }
    let (floor, rest) = (part.div_euclid(whole), part.rem_euclid(whole));
    let up = match (2 * rest).cmp(&whole) {
        Ordering::Less => 0,
        Ordering::Equal => floor.rem_euclid(2),
        Ordering::Greater => 1,
    };
    i64::try_from(floor + up).ok()
}

/// Minor units that selling brings a day, of so many that were won, what they brought and how long
/// they took together.
///
/// Sales velocity is usually opportunities x win rate x mean amount / mean cycle. Of closed ones,
/// opportunities x win rate is how many were won, and by as many the mean amount is divided.
pub fn velocity(won: i64, revenue: i64, won_seconds: i64) -> Option<i64> {
    const SECONDS_PER_DAY: i128 = 86_400;
    let brought = i128::from(revenue) * i128::from(won);
    let brought = brought.checked_mul(SECONDS_PER_DAY)?;
    rounded(brought, won_seconds.into()).filter(|_| won > 0)
}

/// Minor units of so many whole ones and hundredths of one.
pub fn weighted(whole: i64, hundredths: i64) -> Option<i64> {
    rounded(i128::from(whole) * 100 + i128::from(hundredths), 100)
}

/// Moves from one stage to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moves {
    /// Key of the stage that was left; none for new opportunities.
    pub from: Option<String>,
    /// Key of the stage that was entered.
    pub to: String,
    /// What the stage that was entered makes of opportunities.
    pub state: OpportunityState,
    /// How many.
    pub count: i64,
    /// How long those that left had been in the stage, together.
    pub seconds: i64,
}

/// What passed through a stage.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Flow {
    /// How often it was entered.
    pub entered: i64,
    /// How often it was left for a later open stage.
    pub advanced: i64,
    /// How often it was left for an earlier stage.
    pub returned: i64,
    /// How often opportunities were won from it.
    pub won: i64,
    /// How often they were lost from it.
    pub lost: i64,
    /// How long those that left had been in it, together.
    pub seconds: i64,
}

impl Flow {
    /// What passed through the stage of this key.
    pub fn through(pipeline: &Pipeline, key: &str, moves: &[Moves]) -> Self {
        let place = |key: &str| {
            let mut stages = pipeline.stages().iter();
            stages.position(|stage| stage.key().as_str() == key)
        };
        let mut flow = Self::default();
        for step in moves {
            if step.to == key {
                flow.entered += step.count;
            }
            if step.from.as_deref() != Some(key) {
                continue;
            }
            flow.seconds += step.seconds;
            let exits = match step.state {
                OpportunityState::Won => &mut flow.won,
                OpportunityState::Lost => &mut flow.lost,
                OpportunityState::Open if place(&step.to) > place(key) => &mut flow.advanced,
                OpportunityState::Open => &mut flow.returned,
            };
            *exits += step.count;
        }
        flow
    }

    /// How often it was left.
    pub const fn left(&self) -> i64 {
        self.advanced + self.returned + self.won + self.lost
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::date;
    use crate::domain::pipeline::tests::pipeline;

    fn day(number: i32) -> Result<Option<Date>, Invalid> {
        date::from_number(number).map(Some)
    }

    #[test]
    fn a_period_has_days_and_an_end_in_sight() {
        assert!(Period::parse(day(20_260_101), day(20_260_102)).is_ok());
        assert!(Period::parse(day(20_260_101), day(20_360_101)).is_ok());
        for (start, end) in [
            (day(20_260_101), day(20_260_101)),
            (day(20_260_102), day(20_260_101)),
            (day(20_260_101), day(20_360_102)),
            (day(20_260_101), Ok(None)),
        ] {
            let refused = Period::parse(start, end).unwrap_err().at("");
            assert_eq!(refused[0].field, "end_date");
        }
    }

    #[test]
    fn nothing_is_counted_twice_by_the_same() {
        assert_eq!(
            dimensions(&[1, 7]).unwrap(),
            [SalesDimension::Owner, SalesDimension::Quarter]
        );
        assert!(dimensions(&[1, 1]).is_err());
        assert!(dimensions(&[0]).is_err());
        assert!(dimensions(&[1, 2, 3, 4, 5]).is_err());
    }

    #[test]
    fn velocity_is_what_selling_brings_a_day() {
        const DAY: i64 = 86_400;
        // 5 closed x 40 % won x mean 1,000 / mean 20 days
        assert_eq!(velocity(2, 2_000, 40 * DAY), Some(100));
        assert_eq!(velocity(1, 5, 2 * DAY), Some(2), "2.5: half to even");
        assert_eq!(velocity(1, 7, 2 * DAY), Some(4), "3.5: half to even");
        assert_eq!(velocity(0, 0, 0), None);
        assert_eq!(velocity(1, 5, 0), None, "it took no time");
        assert_eq!(
            velocity(i64::MAX, i64::MAX, 1),
            None,
            "nobody sells so much"
        );
    }

    #[test]
    fn weighted_amounts_are_rounded_once() {
        assert_eq!(weighted(2, 150), Some(4), "3.5");
        assert_eq!(weighted(2, 250), Some(4), "4.5");
        assert_eq!(weighted(0, 0), Some(0));
    }

    #[test]
    fn a_stage_tells_where_opportunities_went() {
        let step = |from: Option<&str>, to: &str, state, count| Moves {
            from: from.map(str::to_owned),
            to: to.to_owned(),
            state,
            count,
            seconds: count * 86_400,
        };
        use OpportunityState::{Lost, Open, Won};
        let moves = [
            step(None, "prospecting", Open, 10),
            step(Some("prospecting"), "engaging", Open, 6),
            step(Some("prospecting"), "lost", Lost, 2),
            step(Some("engaging"), "won", Won, 3),
            step(Some("engaging"), "prospecting", Open, 1),
            step(Some("won"), "engaging", Open, 1),
        ];
        let flow = Flow::through(&pipeline(), "engaging", &moves);
        let expected = Flow {
            entered: 7,
            advanced: 0,
            returned: 1,
            won: 3,
            lost: 0,
            seconds: 4 * 86_400,
        };
        assert_eq!((flow.left(), flow), (4, expected));
        let flow = Flow::through(&pipeline(), "prospecting", &moves);
        assert_eq!(
            (flow.entered, flow.advanced, flow.lost, flow.left()),
            (11, 6, 2, 8)
        );
        assert_eq!(mean_days(flow.seconds, flow.left()), 1.0);
    }
}
