use std::collections::HashMap;

use iso_currency::Currency;
use rapport_platform::invalid::InvalidFields;

use super::value::LineRequest;
use super::*;
use crate::domain::date;
use crate::domain::pipeline::tests::pipeline;

const NOW: Timestamp = Timestamp::from_micros(1_700_000_000_000_000);
const PIPELINE: Uuid = Uuid::from_u128(1);
const ANNA: Uuid = Uuid::from_u128(2);
const GONE: Uuid = Uuid::from_u128(3);
const CUSTOMER: Uuid = Uuid::from_u128(4);
const SURVIVOR: Uuid = Uuid::from_u128(5);
const PRODUCT: Uuid = Uuid::from_u128(6);
const OLD: Uuid = Uuid::from_u128(7);

fn known() -> Known {
    Known {
        customers: HashMap::from([(CUSTOMER, SURVIVOR)]),
        sellers: HashMap::from([(ANNA, true), (GONE, false)]),
        pipelines: HashMap::from([(PIPELINE, pipeline())]),
        products: HashMap::from([(PRODUCT, sold(500)), (OLD, retired(300))]),
    }
}

fn sold(minor: i64) -> Listed {
    Listed {
        price: Some(usd(minor)),
        retired: false,
    }
}

fn retired(minor: i64) -> Listed {
    Listed {
        retired: true,
        ..sold(minor)
    }
}

fn usd(minor: i64) -> Money {
    Money::from_minor(minor, Currency::USD).unwrap()
}

fn one_of(product: Uuid) -> Result<LineRequest, InvalidFields> {
    LineRequest::parse(Ok(product), 1, Ok(Some(usd(10_000))))
}

fn parts<'a>() -> DraftParts<'a> {
    DraftParts {
        display_name: "Big deal",
        customer: Ok(None),
        owner: Ok(ANNA),
        pipeline: Ok(PIPELINE),
        stage: "",
        amount: Ok(Some(usd(10_000))),
        lines: Vec::new(),
        close_date: Ok(None),
        next_step: "",
        probability: None,
        category: 0,
        open_time: Ok(Some(NOW.saturating_sub(DAY * 10))),
        external_id: "",
    }
}

fn opened(change: impl FnOnce(&mut DraftParts<'_>)) -> Result<Opportunity, Vec<String>> {
    let mut parts = parts();
    change(&mut parts);
    let opened = Draft::parse(parts).and_then(|draft| draft.open(&known(), NOW));
    opened.map_err(fields)
}

fn fields(faults: InvalidFields) -> Vec<String> {
    faults.at("").into_iter().map(|it| it.field).collect()
}

fn days_ago(days: u32) -> Timestamp {
    NOW.saturating_sub(DAY * days)
}

fn to<'a>(stage: &'a str, time: Timestamp) -> StepParts<'a> {
    StepParts {
        stage,
        time: Ok(Some(time)),
        amount: Ok(None),
        close_date: Ok(None),
        probability: None,
        category: 0,
        close_reason: "",
        note: "",
    }
}

fn step(from: &Opportunity, parts: StepParts<'_>) -> Result<Opportunity, Refused> {
    from.step(&Step::parse(parts).unwrap(), &pipeline(), NOW)
}

fn at_fault(refused: Result<Opportunity, Refused>) -> Vec<String> {
    match refused.unwrap_err() {
        Refused::Invalid(faults) => fields(faults),
        other => panic!("{other:?}"),
    }
}

#[test]
fn it_takes_from_its_stage_what_nobody_says() {
    let plain = opened(|_| {}).unwrap();
    assert_eq!(
        (
            plain.outlook.stage.as_str(),
            plain.outlook.probability.get()
        ),
        ("prospecting", 10)
    );
    assert_eq!(plain.outlook.category, ForecastCategory::Pipeline);
    let said =
        opened(|it| (it.stage, it.probability, it.category) = ("engaging", Some(70), 3)).unwrap();
    assert_eq!(
        (said.outlook.stage.as_str(), said.outlook.probability.get()),
        ("engaging", 70)
    );
    assert_eq!(said.outlook.category, ForecastCategory::Commit);
}

#[test]
fn what_it_refers_to_must_be_there() {
    let none = Uuid::from_u128(99);
    assert_eq!(
        opened(|it| it.owner = Ok(none)),
        Err(vec!["owner".to_owned()])
    );
    assert_eq!(
        opened(|it| it.owner = Ok(GONE)),
        Err(vec!["owner".to_owned()])
    );
    assert_eq!(
        opened(|it| it.pipeline = Ok(none)),
        Err(vec!["pipeline".to_owned()])
    );
    assert_eq!(
        opened(|it| it.lines = vec![one_of(OLD)]),
        Err(vec!["lines[0].product".to_owned()])
    );
    assert_eq!(opened(|it| it.stage = "won"), Err(vec!["stage".to_owned()]));
    assert_eq!(
        opened(|it| it.customer = Ok(Some(none))),
        Err(vec!["customer".to_owned()])
    );
    assert_eq!(
        opened(|it| it.category = 4),
        Err(vec!["forecast_category".to_owned()])
    );
    let line = |product| vec![LineRequest::parse(Ok(product), 1, Ok(None))];
    assert_eq!(
        opened(|it| it.lines = line(none)).unwrap_err()[0],
        "lines[0].product"
    );
    let future = NOW.saturating_add(DAY);
    assert_eq!(
        opened(|it| it.open_time = Ok(Some(future))),
        Err(vec!["open_time".to_owned()])
    );
    let named = opened(|it| it.customer = Ok(Some(CUSTOMER))).unwrap();
    assert_eq!(
        named.customer,
        Some(SURVIVOR),
        "of customers that were merged, the survivor"
    );
}

#[test]
fn a_move_takes_probability_and_category_of_the_stage() {
    let begun = opened(|it| it.probability = Some(90)).unwrap();
    let moved = step(&begun, to("engaging", days_ago(3))).unwrap();
    assert_eq!(
        (moved.outlook.probability.get(), moved.stage_enter_time),
        (50, days_ago(3))
    );
    assert_eq!(moved.outlook.amount, begun.outlook.amount);
}

#[test]
fn winning_ends_it_on_the_day_and_at_the_amount() {
    let begun = opened(|it| it.lines = vec![LineRequest::parse(Ok(PRODUCT), 2, Ok(None))]).unwrap();
    let won = step(
        &begun,
        StepParts {
            amount: Ok(Some(usd(900))),
            ..to("won", days_ago(2))
        },
    )
    .unwrap();
    assert_eq!(won.outlook.close_date, Some(date::of(days_ago(2))));
    assert_eq!(
        (won.outlook.probability.get(), won.outlook.category),
        (100, ForecastCategory::Closed)
    );
    assert_eq!(
        (won.lines[0].amount, won.outlook.amount),
        (usd(900), Some(usd(900)))
    );
    assert_eq!(
        won.closing,
        Some(Closing {
            time: days_ago(2),
            reason: None
        })
    );
    assert_eq!(won.stall_time, None);
    assert_eq!(
        step(&won, to("lost", NOW)),
        Err(Refused::Closed(OpportunityState::Won))
    );
}

#[test]
fn losing_needs_a_reason_where_the_pipeline_lists_some() {
    let begun = opened(|_| {}).unwrap();
    assert_eq!(at_fault(step(&begun, to("lost", NOW))), ["close_reason"]);
    let lost = step(
        &begun,
        StepParts {
            close_reason: "price",
            ..to("lost", NOW)
        },
    )
    .unwrap();
    assert_eq!(lost.closing.unwrap().reason.unwrap().as_str(), "price");
}

#[test]
fn history_is_neither_foretold_nor_rewritten() {
    let begun = opened(|_| {}).unwrap();
    let moved = step(&begun, to("engaging", days_ago(3))).unwrap();
    assert_eq!(at_fault(step(&moved, to("won", days_ago(4)))), ["time"]);
    assert_eq!(
        at_fault(step(&moved, to("won", NOW.saturating_add(DAY)))),
        ["time"]
    );
    assert!(
        step(&moved, to("won", days_ago(3))).is_ok(),
        "both may have the same time"
    );
    assert_eq!(step(&moved, to("engaging", NOW)), Err(Refused::SameStage));
    assert_eq!(at_fault(step(&moved, to("dreaming", NOW))), ["stage"]);
}

#[test]
fn the_end_is_certain() {
    let begun = opened(|_| {}).unwrap();
    let doubtful = StepParts {
        probability: Some(99),
        ..to("won", NOW)
    };
    assert_eq!(at_fault(step(&begun, doubtful)), ["probability"]);
    let open = StepParts {
        category: 4,
        ..to("engaging", NOW)
    };
    assert_eq!(at_fault(step(&begun, open)), ["forecast_category"]);
}

#[test]
fn it_stalls_in_a_stage_and_moving_helps() {
    let begun = opened(|it| it.open_time = Ok(Some(days_ago(30)))).unwrap();
    assert!(begun.is_stalled(NOW) && !begun.is_stalled(days_ago(1)));
    assert!(!step(&begun, to("engaging", NOW)).unwrap().is_stalled(NOW));
}

#[test]
fn what_ended_may_go_on() {
    let begun = opened(|_| {}).unwrap();
    let again = Reopening::parse("engaging", Ok(None), Ok(None), "They called").unwrap();
    assert_eq!(begun.reopen(&again, &pipeline(), NOW), Err(Refused::Open));
    let won = step(&begun, to("won", days_ago(1))).unwrap();
    let open = won.reopen(&again, &pipeline(), NOW).unwrap();
    assert_eq!(
        (open.outlook.state, open.closing),
        (OpportunityState::Open, None)
    );
    assert_eq!(
        (open.change_time, open.note.as_deref()),
        (NOW, Some("They called"))
    );
    let closed = Reopening::parse("won", Ok(None), Ok(None), "").unwrap();
    assert_eq!(at_fault(won.reopen(&closed, &pipeline(), NOW)), ["stage"]);
}

#[test]
fn of_a_closed_one_only_words_change() {
    let revised = |before: &Opportunity, change: &dyn Fn(&mut DraftParts<'_>)| {
        let mut parts = DraftParts {
            amount: Ok(before.outlook.amount),
            close_date: Ok(before.outlook.close_date),
            probability: Some(i32::from(before.outlook.probability.get())),
            category: before.outlook.category.number(),
            ..parts()
        };
        change(&mut parts);
        Draft::parse(parts).unwrap().revise(before, &known(), NOW)
    };
    let begun = opened(|_| {}).unwrap();
    let won = step(&begun, to("won", days_ago(1))).unwrap();
    assert_eq!(
        revised(&won, &|it| it.next_step = "Say thanks")
            .unwrap()
            .change_time,
        days_ago(1)
    );
    let refused = revised(&won, &|it| it.amount = Ok(Some(usd(1))));
    assert_eq!(refused, Err(Refused::Closed(OpportunityState::Won)));
    let dearer = revised(&begun, &|it| it.amount = Ok(Some(usd(1)))).unwrap();
    assert_eq!(
        (dearer.change_time, dearer.outlook.amount),
        (NOW, Some(usd(1)))
    );
}

#[test]
fn other_lines_alone_make_the_amount_their_sum() {
    let lines = |quantity| vec![LineRequest::parse(Ok(PRODUCT), quantity, Ok(None))];
    let begun = opened(|it| (it.amount, it.lines) = (Ok(None), lines(1))).unwrap();
    let more = DraftParts {
        amount: Ok(begun.outlook.amount),
        lines: lines(3),
        ..parts()
    };
    let more = Draft::parse(more)
        .unwrap()
        .revise(&begun, &known(), NOW)
        .unwrap();
    assert_eq!(more.outlook.amount, Some(usd(1_500)));
}

#[test]
fn what_is_over_may_name_who_left_and_what_is_retired() {
    let gone = DraftParts {
        owner: Ok(GONE),
        lines: vec![one_of(OLD)],
        ..parts()
    };
    let recalled = Draft::parse(gone).unwrap().recall(&known(), NOW).unwrap();
    assert_eq!(
        (recalled.outlook.owner, recalled.lines[0].product),
        (GONE, OLD)
    );
    let nobody = DraftParts {
        owner: Ok(Uuid::from_u128(99)),
        lines: vec![one_of(Uuid::from_u128(98))],
        ..parts()
    };
    let refused = Draft::parse(nobody).unwrap().recall(&known(), NOW);
    let fields: Vec<_> = refused
        .unwrap_err()
        .at("")
        .into_iter()
        .map(|it| it.field)
        .collect();
    assert_eq!(fields, ["owner", "lines[0].product"]);
}
