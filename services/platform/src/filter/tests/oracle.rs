//! Random filters, run by both engines and judged by the definition.

use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use sea_orm::{ConnectionTrait as _, IntoActiveModel as _, Schema};

use super::*;
use crate::db::Database;
use crate::on_each_engine;

const REGIONS: [Option<&str>; 6] = [
    None,
    Some(""),
    Some("CH"),
    Some("ch"),
    Some("CH_1"),
    Some("DE%"),
];

/// A filter and what it means.
#[derive(Clone, Debug)]
enum Filter {
    Region {
        negated: bool,
        text: &'static str,
        prefix: bool,
    },
    Rank(Operator, i64),
    Kind {
        negated: bool,
        number: i16,
    },
    HasRank,
    Not(Box<Filter>),
    All(Vec<Filter>),
    Any(Vec<Filter>),
}

impl Filter {
    fn any() -> impl Strategy<Value = Self> {
        let text = prop::sample::select(vec!["", "C", "CH", "ch", "CH_", "DE%", "é"]);
        let operator = prop::sample::select(vec![
            Operator::Equal,
            Operator::NotEqual,
            Operator::Less,
            Operator::LessOrEqual,
            Operator::Greater,
            Operator::GreaterOrEqual,
        ]);
        let leaf = prop_oneof![
            (any::<bool>(), text, any::<bool>()).prop_map(|(negated, text, prefix)| Self::Region {
                negated,
                text,
                prefix
            }),
            (operator, -1..3_i64).prop_map(|(operator, rank)| Self::Rank(operator, rank)),
            (any::<bool>(), 1..3_i16).prop_map(|(negated, number)| Self::Kind { negated, number }),
            Just(Self::HasRank),
        ];
        leaf.prop_recursive(3, 12, 3, |inner| {
            prop_oneof![
                inner.clone().prop_map(|filter| Self::Not(Box::new(filter))),
                prop::collection::vec(inner.clone(), 2..4).prop_map(Self::All),
                prop::collection::vec(inner, 2..4).prop_map(Self::Any),
            ]
        })
    }

    fn text(&self) -> String {
        let join = |filters: &[Self], word: &str| {
            let filters: Vec<String> = filters.iter().map(|f| format!("({})", f.text())).collect();
            filters.join(word)
        };
        match self {
            Self::Region {
                negated,
                text,
                prefix,
            } => {
                let operator = if *negated { "!=" } else { "=" };
                format!(
                    "region {operator} \"{text}{}\"",
                    if *prefix { "*" } else { "" }
                )
            }
            Self::Rank(operator, rank) => {
                let sign = match operator {
                    Operator::NotEqual => "!=",
                    Operator::Less => "<",
                    Operator::LessOrEqual => "<=",
                    Operator::Greater => ">",
                    Operator::GreaterOrEqual => ">=",
                    Operator::Equal | Operator::Has => "=",
                };
                format!("rank {sign} {rank}")
            }
            Self::Kind { negated, number } => {
                let name = if *number == 1 {
                    "PERSON"
                } else {
                    "ORGANISATION"
                };
                format!("{}kind = {name}", if *negated { "-" } else { "" })
            }
            Self::HasRank => "rank:*".to_owned(),
            Self::Not(filter) => format!("NOT ({})", filter.text()),
            Self::All(filters) => join(filters, " AND "),
            Self::Any(filters) => join(filters, " OR "),
        }
    }

    fn keeps(&self, row: &row::Model) -> bool {
        match self {
            Self::Region {
                negated,
                text,
                prefix,
            } => {
                let region = row.region.as_deref().unwrap_or("");
                let equal = match (*prefix, *text) {
                    (true, "") => !region.is_empty(),
                    (true, text) => region.starts_with(text),
                    (false, text) => region == text,
                };
                equal != *negated
            }
            Self::Rank(operator, than) => {
                let holds =
                    |judge: fn(&i64, &i64) -> bool| row.rank.is_some_and(|rank| judge(&rank, than));
                match operator {
                    Operator::Equal | Operator::Has => holds(i64::eq),
                    Operator::NotEqual => !holds(i64::eq),
                    Operator::Less => holds(i64::lt),
                    Operator::LessOrEqual => holds(i64::le),
                    Operator::Greater => holds(i64::gt),
                    Operator::GreaterOrEqual => holds(i64::ge),
                }
            }
            Self::Kind { negated, number } => (row.kind == Some(*number)) != *negated,
            Self::HasRank => row.rank.is_some(),
            Self::Not(filter) => !filter.keeps(row),
            Self::All(filters) => filters.iter().all(|filter| filter.keeps(row)),
            Self::Any(filters) => filters.iter().any(|filter| filter.keeps(row)),
        }
    }
}

/// Every combination of region, rank and kind, with and without a value.
fn rows() -> Vec<row::Model> {
    let mut rows = Vec::new();
    for region in REGIONS {
        for rank in [None, Some(0), Some(1)] {
            for kind in [None, Some(1), Some(2)] {
                rows.push(row::Model {
                    id: rows.len() as i64,
                    region: region.map(str::to_owned),
                    rank,
                    kind,
                    verified: None,
                    parent: None,
                    created: None,
                });
            }
        }
    }
    rows
}

on_each_engine! {
    async fn random_filters_mean_what_the_definition_says(db: Database) {
        let backend = db.backend();
        let rows = rows();
        fill(&db, &rows).await;
        let mut runner = TestRunner::deterministic();
        for _ in 0..300 {
            let filter = Filter::any().new_tree(&mut runner).unwrap().current();
            let condition = schema().parse(backend, &filter.text()).unwrap();
            let query = row::Entity::find().filter(condition).order_by_asc(row::Column::Id);
            let found = query.all(db.read()).await.unwrap();
            let expected: Vec<_> = rows.iter().filter(|row| filter.keeps(row)).cloned().collect();
            assert_eq!(found, expected, "{}", filter.text());
        }
    }
}

async fn fill(db: &Database, rows: &[row::Model]) {
    let table = &Schema::new(db.backend()).create_table_from_entity(row::Entity);
    db.write_txn(|txn| async move {
        txn.execute(table).await?;
        let rows = rows.iter().cloned().map(row::Model::into_active_model);
        row::Entity::insert_many(rows).exec(&*txn).await?;
        Ok::<_, PlatformError>(())
    })
    .await
    .unwrap();
}
