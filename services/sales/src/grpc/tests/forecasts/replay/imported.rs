//! Histories that were imported.

use super::*;

/// What was true of an opportunity from `time` on, as the story knows it.
#[derive(Clone)]
struct Known {
    time: Timestamp,
    units: i64,
    percent: i64,
    open: bool,
}

/// An opportunity with a random history, and that history.
fn random(desk: &Desk, dice: &mut Dice, id: u64) -> (proto::OpportunityImport, Vec<Known>) {
    let mut time = desk.caller.ctx.now.saturating_sub(DAY * 100);
    let mut units = 100 + i64::try_from(dice.roll(1_000)).unwrap();
    let mut row = proto::OpportunityImport {
        opportunity: Some(proto::Opportunity {
            external_id: format!("crm:{id}"),
            open_time: Some(time.into()),
            amount: Some(usd(units)),
            close_date: Some(day(2026, 5, 1)),
            ..desk.opportunity()
        }),
        moves: Vec::new(),
    };
    let mut known = vec![Known {
        time,
        units,
        percent: 25,
        open: true,
    }];
    let mut stage = "prospecting";
    for _ in 0..dice.roll(6) {
        let others: Vec<_> = [
            ("prospecting", 25),
            ("engaging", 50),
            ("won", 100),
            ("lost", 0),
        ]
        .into_iter()
        .filter(|(key, _)| *key != stage)
        .collect();
        let (next, percent) = others[usize::try_from(dice.roll(3)).unwrap()];
        time = time.saturating_add(DAY * u32::try_from(dice.roll(20)).unwrap());
        units += i64::try_from(dice.roll(100)).unwrap();
        row.moves.push(proto::OpportunityMove {
            stage: next.to_owned(),
            time: Some(time.into()),
            amount: Some(usd(units)),
            close_date: Some(day(2026, 5, 1)),
            close_reason: if next == "lost" {
                "price".to_owned()
            } else {
                String::new()
            },
            ..Default::default()
        });
        let open = !matches!(next, "won" | "lost");
        known.push(Known {
            time,
            units,
            percent,
            open,
        });
        stage = next;
        if !open {
            break;
        }
    }
    (row, known)
}

/// The weighted forecast in hundredths, and how many were open, as the histories have them at `time`.
fn replayed(histories: &[Vec<Known>], time: Timestamp) -> (i64, i64) {
    let last = |history: &Vec<Known>| history.iter().rfind(|it| it.time <= time).cloned();
    let now: Vec<Known> = histories.iter().filter_map(last).collect();
    let weighted = now.iter().map(|it| it.units * it.percent).sum();
    (
        weighted,
        now.iter().filter(|it| it.open).count().try_into().unwrap(),
    )
}

on_each_engine! {
    async fn a_forecast_of_any_past_moment_equals_a_replay_of_what_was_imported(db: Database) {
        let caller = Caller::of(&db).await;
        for seed in SEEDS {
            let desk = company(&caller).await;
            let mut dice = Dice(seed);
            let (rows, histories): (Vec<_>, Vec<_>) = (0..60).map(|id| random(&desk, &mut dice, id)).unzip();
            let request = proto::ImportOpportunitiesRequest { rows, ..Default::default() };
            let answer = desk.caller.opportunities().import_opportunities(request).await.unwrap().into_inner();
            assert!(answer.results.iter().all(|it| it.outcome() == proto::ImportOutcome::Created), "seed {seed}: {answer:?}");
            for days in (0..=110).step_by(5) {
                let time = desk.caller.ctx.now.saturating_sub(DAY * 105).saturating_add(DAY * days).min(desk.caller.ctx.now);
                let own = of(&desk.caller, &desk.anna.name, Some(time)).await.own.unwrap();
                let told = (hundredths(own.weighted.as_ref()), own.open_count);
                assert_eq!(told, replayed(&histories, time), "seed {seed}, {days} days on");
            }
        }
    }
}
