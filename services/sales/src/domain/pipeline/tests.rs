use super::*;

pub(crate) fn stage(key: &str, state: OpportunityState, probability: i32) -> StageParts {
    let category = match state {
        OpportunityState::Open => ForecastCategory::Pipeline,
        OpportunityState::Won => ForecastCategory::Closed,
        OpportunityState::Lost => ForecastCategory::Omitted,
    };
    StageParts {
        key: key.to_owned(),
        display_name: key.to_owned(),
        state: state.number(),
        probability,
        category: category.number(),
        stalled_after_days: 30,
    }
}

pub(crate) fn stages() -> Vec<StageParts> {
    vec![
        stage("prospecting", OpportunityState::Open, 10),
        stage("engaging", OpportunityState::Open, 50),
        stage("won", OpportunityState::Won, 100),
        stage("lost", OpportunityState::Lost, 0),
    ]
}

pub(crate) fn pipeline() -> Pipeline {
    Pipeline::parse("New business", &stages(), &[price()]).unwrap()
}

fn price() -> CloseReasonParts {
    CloseReasonParts {
        key: "price".to_owned(),
        display_name: "Price".to_owned(),
        state: OpportunityState::Lost.number(),
    }
}

fn fields(stages: &[StageParts]) -> Vec<String> {
    let refused = Pipeline::parse("P", stages, &[]).unwrap_err().at("");
    refused.into_iter().map(|fault| fault.field).collect()
}

#[test]
fn stages_must_make_sense() {
    let with = |change: &dyn Fn(&mut Vec<StageParts>)| {
        let mut all = stages();
        change(&mut all);
        fields(&all)
    };
    assert_eq!(
        with(&|it| it[2].probability = 90),
        ["stages[2].probability"]
    );
    assert_eq!(
        with(&|it| it[0].category = 4),
        ["stages[0].forecast_category"]
    );
    assert_eq!(
        with(&|it| it[3].category = 1),
        ["stages[3].forecast_category"]
    );
    assert_eq!(
        with(&|it| it[1].key = "prospecting".to_owned()),
        ["stages[1].key"]
    );
    assert_eq!(with(&|it| drop(it.pop())), ["stages"]);
    assert_eq!(
        with(&|it| it[0].stalled_after_days = -1),
        ["stages[0].stalled_after_days"]
    );
}

#[test]
fn opportunities_begin_in_an_open_stage() {
    let pipeline = pipeline();
    let key = |key| Key::parse(key).unwrap();
    assert_eq!(
        pipeline.opening(None).unwrap().key().as_str(),
        "prospecting"
    );
    assert!(pipeline.opening(Some(&key("engaging"))).is_ok());
    assert!(pipeline.opening(Some(&key("won"))).is_err());
    assert!(pipeline.opening(Some(&key("dreaming"))).is_err());
}

#[test]
fn a_reason_is_named_where_reasons_are_listed() {
    let (pipeline, price) = (pipeline(), Key::parse("price").unwrap());
    use OpportunityState::{Lost, Won};
    assert!(pipeline.check_reason(Lost, Some(&price)).is_ok());
    assert!(pipeline.check_reason(Lost, None).is_err());
    assert!(pipeline.check_reason(Won, None).is_ok());
    assert!(pipeline.check_reason(Won, Some(&price)).is_err());
}

#[test]
fn a_change_keeps_the_states_and_tells_what_is_left_out() {
    let pipeline = pipeline();
    let parse = |stages: &[StageParts]| Pipeline::parse("P", stages, &[]).unwrap();
    let mut fewer = stages();
    fewer.remove(1);
    let (_, gone) = pipeline.revise(parse(&fewer)).unwrap();
    assert_eq!(gone, [Key::parse("engaging").unwrap()]);
    let mut turned = stages();
    turned[0] = stage("prospecting", OpportunityState::Won, 100);
    let refused = pipeline.revise(parse(&turned)).unwrap_err().at("pipeline");
    assert_eq!(refused[0].field, "pipeline.stages[0].state");
}
