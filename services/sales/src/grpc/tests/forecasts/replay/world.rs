//! A company at work: opportunities of two sellers and in two currencies are opened, moved, changed
//! and opened again, sellers are given to a manager and taken from him, rates are corrected.

use std::collections::HashMap;

use super::*;
use crate::domain::date;

/// Steps of a history; some take place on the same day.
const STEPS: usize = 60;
const STAGES: [(&str, i64); 4] = [
    ("prospecting", 25),
    ("engaging", 50),
    ("won", 100),
    ("lost", 0),
];

/// What was true of an opportunity from `time` on.
#[derive(Clone)]
struct State {
    time: Timestamp,
    owner: usize,
    units: i64,
    stage: &'static str,
}

struct Deal {
    record: proto::Opportunity,
    euros: bool,
    states: Vec<State>,
}

/// A rate of the euro in hundredths, since a day, as recorded at a time.
struct Rate {
    recorded: Timestamp,
    day: i32,
    hundredths: i64,
}

/// All that happened, as the story knows it.
struct World {
    desk: Desk,
    caller: Caller,
    sellers: [proto::Seller; 2],
    boss: proto::Seller,
    deals: Vec<Deal>,
    /// Who was managed by the boss, from when on.
    managed: Vec<(Timestamp, usize, bool)>,
    rates: Vec<Rate>,
}

fn percent(stage: &str) -> i64 {
    let found = STAGES.iter().find(|(key, _)| *key == stage);
    found.unwrap().1
}

fn is_open(stage: &str) -> bool {
    matches!(stage, "prospecting" | "engaging")
}

/// Hundredths of hundredths as hundredths, half to even.
fn rounded(fine: i64) -> i64 {
    let (whole, rest) = (fine / 100, fine % 100);
    whole + i64::from(rest > 50 || (rest == 50 && whole % 2 == 1))
}

fn money(units: i64, euros: bool) -> rapport_proto::google::r#type::Money {
    let mut money = usd(units);
    if euros {
        money.currency_code = "EUR".to_owned();
    }
    money
}

impl World {
    async fn begin(caller: &Caller) -> Self {
        let desk = company(caller).await;
        let sellers = [desk.anna.clone(), seller(&desk.caller, "bob", "").await];
        let boss = seller(&desk.caller, "boss", "").await;
        let mut world = Self {
            caller: desk.caller.later(Duration::ZERO),
            desk,
            sellers,
            boss,
            deals: Vec::new(),
            managed: Vec::new(),
            rates: Vec::new(),
        };
        world.worth(0, 110).await;
        world
    }

    fn now(&self) -> Timestamp {
        self.caller.ctx.now
    }

    /// One thing that happens, now.
    async fn step(&mut self, dice: &mut Dice) {
        let any = (!self.deals.is_empty()).then(|| dice.roll(self.deals.len() as u64));
        let any = any.map(|it| usize::try_from(it).unwrap());
        match (dice.roll(10), any) {
            (0, _) => {
                self.worth(
                    dice.pick(&[0, 1, 2]),
                    50 + i64::try_from(dice.roll(200)).unwrap(),
                )
                .await
            }
            (1, _) => self.manage(dice.pick(&[0, 1]), dice.roll(2) == 0).await,
            (2..=4, Some(deal)) if self.open(deal) => self.change(deal, dice).await,
            (5..=7, Some(deal)) => self.proceed(deal, dice).await,
            _ => self.offer(dice).await,
        }
    }

    fn open(&self, deal: usize) -> bool {
        self.deals[deal]
            .states
            .last()
            .is_some_and(|it| is_open(it.stage))
    }

    /// Says what a euro was worth some days ago: new, or in the place of what was said.
    async fn worth(&mut self, days_ago: u32, hundredths: i64) {
        let day = date::of(self.now().saturating_sub(DAY * days_ago));
        let told = format!("{}.{:02}", hundredths / 100, hundredths % 100);
        rate(
            &self.caller,
            "EUR",
            (day.year().into(), day.month().into(), day.day().into()),
            &told,
        )
        .await;
        let (recorded, day) = (self.now(), date::number(day));
        self.rates.push(Rate {
            recorded,
            day,
            hundredths,
        });
    }

    async fn manage(&mut self, seller: usize, by_boss: bool) {
        let manager = if by_boss { self.boss.name.as_str() } else { "" };
        under(&self.caller, &self.sellers[seller], manager).await;
        self.managed.push((self.now(), seller, by_boss));
    }

    async fn offer(&mut self, dice: &mut Dice) {
        let (owner, euros, units) = (dice.pick(&[0, 1]), dice.roll(2) == 0, dice.units());
        let opportunity = proto::Opportunity {
            owner: self.sellers[owner].name.clone(),
            amount: Some(money(units, euros)),
            ..self.desk.opportunity()
        };
        let request = proto::CreateOpportunityRequest {
            opportunity: Some(opportunity),
            ..Default::default()
        };
        let record = self
            .caller
            .opportunities()
            .create_opportunity(request)
            .await;
        let state = State {
            time: self.now(),
            owner,
            units,
            stage: "prospecting",
        };
        self.deals.push(Deal {
            record: record.unwrap().into_inner(),
            euros,
            states: vec![state],
        });
    }

    /// Gives an open one to somebody, or says anew what it brings.
    async fn change(&mut self, deal: usize, dice: &mut Dice) {
        let (time, now) = (self.now(), &self.deals[deal]);
        let mut state = State {
            time,
            ..now.states.last().unwrap().clone()
        };
        (state.owner, state.units) = (dice.pick(&[0, 1]), dice.units());
        let request = proto::UpdateOpportunityRequest {
            opportunity: Some(proto::Opportunity {
                name: now.record.name.clone(),
                owner: self.sellers[state.owner].name.clone(),
                amount: Some(money(state.units, now.euros)),
                ..Default::default()
            }),
            update_mask: mask(&["owner", "amount"]),
            ..Default::default()
        };
        self.caller
            .opportunities()
            .update_opportunity(request)
            .await
            .unwrap();
        self.deals[deal].states.push(state);
    }

    /// Moves an open one; opens a closed one again.
    async fn proceed(&mut self, deal: usize, dice: &mut Dice) {
        let (time, now) = (self.now(), &self.deals[deal]);
        let before = now.states.last().unwrap().clone();
        let (name, close_date) = (now.record.name.clone(), Some(day(2026, 5, 1)));
        let stage;
        if is_open(before.stage) {
            let others: Vec<_> = STAGES
                .iter()
                .map(|it| it.0)
                .filter(|it| *it != before.stage)
                .collect();
            stage = dice.pick(&others);
            let close_reason = if stage == "lost" { "price" } else { "" };
            let request = proto::MoveOpportunityRequest {
                close_date,
                close_reason: close_reason.to_owned(),
                ..to(&now.record, stage)
            };
            self.caller
                .opportunities()
                .move_opportunity(request)
                .await
                .unwrap();
        } else {
            stage = dice.pick(&["prospecting", "engaging"]);
            let request = proto::ReopenOpportunityRequest {
                name,
                stage: stage.to_owned(),
                close_date,
                ..Default::default()
            };
            self.caller
                .opportunities()
                .reopen_opportunity(request)
                .await
                .unwrap();
        }
        self.deals[deal].states.push(State {
            time,
            stage,
            ..before
        });
    }

    /// The rate of a time, as recorded by then.
    fn rate_at(&self, time: Timestamp) -> i64 {
        let today = date::number(date::of(time));
        let said = self.rates.iter().enumerate();
        let held = said.filter(|(_, it)| it.recorded <= time && it.day <= today);
        held.max_by_key(|(order, it)| (it.day, *order))
            .unwrap()
            .1
            .hundredths
    }

    /// What a seller's own opportunities weighed, in hundredths, and how many were open.
    fn own(&self, seller: usize, time: Timestamp) -> (i64, i64) {
        let (mut dollars, mut euros, mut open) = (0, 0, 0);
        for deal in &self.deals {
            let state = deal.states.iter().rfind(|it| it.time <= time);
            let Some(state) = state.filter(|it| it.owner == seller) else {
                continue;
            };
            let sum = if deal.euros { &mut euros } else { &mut dollars };
            *sum += state.units * percent(state.stage);
            open += i64::from(is_open(state.stage));
        }
        (dollars + rounded(euros * self.rate_at(time)), open)
    }

    fn was_managed(&self, seller: usize, time: Timestamp) -> bool {
        let mut changes = self.managed.iter().rev();
        let last = changes.find(|(since, who, _)| *since <= time && *who == seller);
        last.is_some_and(|(_, _, managed)| *managed)
    }

    /// Compares the forecast of a time with what happened until then.
    async fn check(&self, time: Timestamp, seed: u64) {
        let rows = forecast(&self.caller, query(Some(time))).await.unwrap();
        let rows: HashMap<_, _> = rows.iter().map(|it| (it.seller.as_str(), it)).collect();
        let mut team = 0;
        for (index, seller) in self.sellers.iter().enumerate() {
            let (own, managed) = (self.own(index, time), self.was_managed(index, time));
            let row = rows[seller.name.as_str()];
            let told = row.own.as_ref().unwrap();
            let manager = if managed { self.boss.name.as_str() } else { "" };
            assert_eq!(
                (hundredths(told.weighted.as_ref()), told.open_count),
                own,
                "seed {seed}, {time:?}, seller {index}"
            );
            assert_eq!(
                row.manager, manager,
                "seed {seed}, {time:?}, seller {index}"
            );
            team += if managed { own.0 } else { 0 };
        }
        let boss = rows[self.boss.name.as_str()].team.as_ref().unwrap();
        assert_eq!(
            hundredths(boss.weighted.as_ref()),
            team,
            "seed {seed}, {time:?}, team"
        );
    }
}

on_each_engine! {
    async fn a_forecast_of_any_past_moment_equals_a_replay_of_what_happened(db: Database) {
        let caller = Caller::of(&db).await;
        for seed in SEEDS {
            let mut dice = Dice(seed);
            let mut world = World::begin(&caller).await;
            let mut moments = Vec::new();
            for _ in 0..STEPS {
                world.caller = world.caller.later(DAY / 2 * u32::try_from(dice.roll(4) + 1).unwrap());
                world.step(&mut dice).await;
                moments.push(world.now());
            }
            for moment in moments {
                world.check(moment, seed).await;
                world.check(moment.saturating_sub(Duration::from_micros(1)), seed).await;
            }
        }
    }
}
