use sea_orm::entity::prelude::*;
use sea_orm::{QueryOrder as _, QuerySelect as _, QueryTrait as _};
use uuid::Uuid;

use super::syntax::{self, Literal};
use super::*;

mod oracle;

// The derive asks for public items.
#[allow(unreachable_pub)]
mod row {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "filter_row")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: i64,
        pub region: Option<String>,
        pub rank: Option<i64>,
        pub kind: Option<i16>,
        pub verified: Option<bool>,
        pub parent: Option<Uuid>,
        pub created: Option<i64>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

const CUSTOMER: Pattern<1> = Pattern::new("customers/{customer}");

fn schema() -> FilterSchema {
    FilterSchema::new()
        .text("region", row::Column::Region)
        .integer("rank", row::Column::Rank)
        .enumeration(
            "kind",
            row::Column::Kind,
            [("PERSON", 1), ("ORGANISATION", 2)],
        )
        .boolean("verified", row::Column::Verified)
        .reference("parent", row::Column::Parent, CUSTOMER)
        .timestamp("create_time", row::Column::Created)
        .duration("age", row::Column::Created)
        .date("due", row::Column::Rank)
        .computed("email", |operand| match operand.text {
            "" => Err("expected an address.".to_owned()),
            address => Ok(Expr::exists(
                row::Entity::find()
                    .select_only()
                    .expr(Expr::val(1))
                    .filter(row::Column::Region.eq(address))
                    .into_query(),
            )),
        })
}

/// The WHERE clause with its values in place, to be read; queries bind them.
fn where_clause(backend: DbBackend, filter: &str) -> String {
    let condition = schema().parse(backend, filter).unwrap();
    let sql = row::Entity::find()
        .filter(condition)
        .build(backend)
        .to_string();
    let clause = sql.split_once("WHERE ").map_or("", |(_, clause)| clause);
    clause.replace("\"filter_row\".", "").replace('"', "")
}

fn sqlite(filter: &str) -> String {
    where_clause(DbBackend::Sqlite, filter)
}

fn refused(filter: &str) -> (usize, String) {
    match schema().parse(DbBackend::Sqlite, filter) {
        Err(PlatformError::FilterInvalid { position, why }) => (position, why),
        other => panic!("{filter}: {other:?}"),
    }
}

#[test]
fn or_binds_tighter_than_and() {
    assert_eq!(
        sqlite("rank = 1 AND rank = 2 OR rank = 3"),
        "rank = 1 AND (rank = 2 OR rank = 3)"
    );
    assert_eq!(
        sqlite("rank = 1 OR rank = 2 rank = 3"),
        "(rank = 1 OR rank = 2) AND rank = 3"
    );
    assert_eq!(
        sqlite("(rank = 1 AND rank = 2)OR rank=3"),
        "(rank = 1 AND rank = 2) OR rank = 3"
    );
}

#[test]
fn every_type_is_compared_as_itself() {
    let id = Uuid::from_u128(7);
    let parent = CUSTOMER.format(&[id]);
    for (filter, clause) in [
        ("rank >= -5", "rank >= -5".to_owned()),
        ("due < \"2026-01-31\"", "rank < 20260131".to_owned()),
        ("kind = ORGANISATION", "kind = 2".to_owned()),
        ("verified:true", "verified = TRUE".to_owned()),
        (
            "create_time < 1970-01-01T01:00:01+01:00",
            "created < 1000000".to_owned(),
        ),
        (
            "create_time > \"1970-01-01T00:00:00.5Z\"",
            "created > 500000".to_owned(),
        ),
        ("age <= 1.5s", "created <= 1500000".to_owned()),
        ("age > -2s", "created > -2000000".to_owned()),
        (&format!("parent = {parent}"), format!("parent = '{id}'")),
    ] {
        assert_eq!(
            where_clause(DbBackend::Postgres, filter),
            clause,
            "{filter}"
        );
    }
}

#[test]
fn a_star_at_the_end_means_begins_with() {
    assert_eq!(
        sqlite(r#"region = "CH*""#),
        "region >= 'CH' AND region < 'CI'"
    );
    assert_eq!(sqlite("region : CH*"), "region >= 'CH' AND region < 'CI'");
    assert_eq!(
        sqlite("region = \"a\u{10FFFF}*\""),
        "region >= 'a\u{10FFFF}' AND region < 'b'"
    );
    assert_eq!(
        sqlite("region = \"\u{D7FF}*\""),
        "region >= '\u{D7FF}' AND region < '\u{E000}'"
    );
    let postgres = where_clause(DbBackend::Postgres, r#"region = "100%_*""#);
    assert_eq!(postgres, r"region LIKE E'100\\%\\_%'");
    assert_eq!(sqlite(r#"region = "CH\*""#), "region = 'CH*'");
}

#[test]
fn quotes_and_escapes_are_resolved() {
    assert_eq!(
        sqlite(r#"region = "a \"b\" \\ 'c'""#),
        r#"region = 'a b \ ''c'''"#
    );
    assert_eq!(sqlite(r#"region = 'AND "x'"#), "region = 'AND x'");
}

#[test]
fn an_absent_value_is_unequal_and_an_absent_text_is_empty() {
    assert_eq!(sqlite("rank != 1"), "(NOT rank = 1) OR rank IS NULL");
    assert_eq!(sqlite("NOT rank < 1"), "(NOT rank < 1) OR rank IS NULL");
    assert_eq!(sqlite("-rank != 1"), "rank = 1");
    assert_eq!(
        sqlite("region = \"\""),
        "(NOT region <> '') OR region IS NULL"
    );
    assert_eq!(sqlite("region:*"), "region <> ''");
    assert_eq!(
        sqlite("NOT rank:*"),
        "(NOT rank IS NOT NULL) OR rank IS NULL"
    );
}

#[test]
fn an_empty_filter_is_every_row() {
    assert_eq!(sqlite(""), "TRUE");
    assert_eq!(sqlite(" \t\n"), "TRUE");
}

#[test]
fn values_are_bound_and_never_part_of_the_statement() {
    let injection = "x' OR 1=1; --";
    for filter in ["region = \"{}\"", "region != \"{}*\"", "email = \"{}\""] {
        let filter = filter.replace("{}", injection);
        for backend in [DbBackend::Sqlite, DbBackend::Postgres] {
            let condition = schema().parse(backend, &filter).unwrap();
            let statement = row::Entity::find().filter(condition).build(backend);
            assert!(!statement.sql.contains("1=1"), "{}", statement.sql);
            let bound = statement.values.unwrap().0;
            assert!(
                bound
                    .iter()
                    .any(|value| format!("{value:?}").contains("1=1"))
            );
        }
    }
}

#[test]
fn what_is_wrong_is_said_where_it_is() {
    let closing = "expected AND, OR, a closing";
    for (filter, position, why) in [
        ("nick = 1", 1, "There are: age, create_time, email"),
        ("rank = 1 AND nick = 1", 14, "no such field"),
        ("region = \"é\" AND rank = x", 25, "whole number"),
        ("rank", 5, "expected one of ="),
        ("rank = 1 AND rank", 18, "expected one of ="),
        ("rank(1)", 5, "functions"),
        ("rank =", 7, "expected a value"),
        ("rank = (1 OR 2)", 8, "expected a value"),
        ("rank = AND", 8, "expected a value"),
        ("region = \"CH", 10, "no closing quote"),
        ("region = 'CH", 10, "no closing quote"),
        ("(rank = 1", 10, closing),
        ("rank = 1)", 9, closing),
        ("= 1", 1, "expected a comparison"),
        ("rank = 1 AND ", 14, "expected a comparison"),
        ("rank = 1 OR", 12, "expected a comparison"),
        ("rank = 1 AND AND rank = 2", 14, "expected a comparison"),
        ("rank = 99999999999999999999", 8, "whole number"),
        ("rank = 1*", 8, "only text"),
        ("region > \"a\"", 8, "no order"),
        ("kind < PERSON", 6, "no order"),
        ("email > \"a\"", 7, "no order"),
        ("email = \"\"", 9, "expected an address"),
        ("region = \"*CH\"", 10, "a star stands only at the end"),
        ("region = \"C**\"", 10, "a star stands only at the end"),
        ("region = \"a\\n\"", 12, "a backslash only escapes"),
        ("region = \"a\0\"", 12, "NUL"),
        ("kind = person", 8, "PERSON, ORGANISATION"),
        ("verified = 1", 12, "true or false"),
        ("create_time > 2026-01-01", 15, "an instant with a zone"),
        ("age > 5m", 7, "seconds"),
        ("age > .5s", 7, "seconds"),
        ("parent = customers/1", 10, "customers/{customer}"),
    ] {
        let (at, says) = refused(filter);
        assert_eq!(at, position, "{filter}: {says}");
        assert!(says.contains(why), "{filter}: {says}");
    }
}

#[test]
fn hostile_filters_are_refused_at_once() {
    let deep = |text: &str, times: usize| text.repeat(times);
    assert!(
        refused(&deep("(", 100_000))
            .1
            .contains("at most 4096 bytes")
    );
    assert_eq!(refused(&deep("(", 4_000)).0, 21);
    assert!(
        refused(&deep("-", 4_000))
            .1
            .contains("expected a comparison")
    );
    assert!(
        refused(&deep("NOT ", 1_000))
            .1
            .contains("expected a comparison")
    );
    assert!(
        refused(&deep("rank=1 ", 500))
            .1
            .contains("at most 100 comparisons")
    );
    assert!(refused(&deep("é", 3_000)).1.contains("at most 4096 bytes"));
    refused(&format!("region = {}", deep("\"\\", 2_000)));
}

#[test]
fn parentheses_in_quotes_do_not_nest() {
    let filter = format!("region = \"{}\"", "(".repeat(100));
    assert!(schema().parse(DbBackend::Sqlite, &filter).is_ok());
    let nested = format!("{}rank = 1{}", "(".repeat(20), ")".repeat(20));
    assert_eq!(sqlite(&nested), "rank = 1");
}

#[test]
fn words_begin_values_but_are_none() {
    let literal = |text: &str| Literal {
        text: text.to_owned(),
        ..Literal::default()
    };
    for value in ["ANDROID", "ORGAN", "NOTE", "NOT_SET", "a:b/c-d.e", "李"] {
        let filter = format!("f = {value}");
        let Ok(Some(Node::Comparison(comparison))) = syntax::parse(&filter) else {
            panic!("{value}");
        };
        assert_eq!(comparison.literal.is, literal(value));
    }
}
