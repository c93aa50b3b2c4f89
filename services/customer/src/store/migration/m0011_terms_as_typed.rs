//! Search terms are spelled as they are typed: a Hangul syllable by its letters.

use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait as _, Condition, DbErr, EntityTrait as _, QueryFilter as _};
use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager, SchemaManagerConnection};
use unicode_normalization::UnicodeNormalization as _;

use crate::store::entity::search_term::{ActiveModel, Column, Entity, Model};

/// Spells the terms that are there already.
pub(super) struct SpellTermsAsTyped;

impl MigrationName for SpellTermsAsTyped {
    fn name(&self) -> &str {
        "m0011_terms_as_typed"
    }
}

/// Rows read at once: half as deep as SQLite allows a condition to be.
const ROWS: u64 = 500;
/// Longest term at the time of this step.
const LONGEST: usize = 64;
/// ASCII is spelled already, which is most of what folding leaves of Latin names.
const IS_NOT_ASCII: &str = "octet_length(term) <> length(term)";

#[tonic::async_trait]
impl MigrationTrait for SpellTermsAsTyped {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        use Column::{CustomerId, Field, TenantId, Term};
        let connection = manager.get_connection();
        let mut terms = Entity::find()
            .filter(Expr::cust(IS_NOT_ASCII))
            .cursor_by((TenantId, Field, Term, CustomerId));
        loop {
            let read = terms.first(ROWS).all(connection).await?;
            let Some(last) = read.last().cloned() else {
                return Ok(());
            };
            spell(connection, read).await?;
            terms.after((last.tenant_id, last.field, last.term, last.customer_id));
        }
    }
}

async fn spell(connection: &SchemaManagerConnection<'_>, read: Vec<Model>) -> Result<(), DbErr> {
    let mut others = Condition::any();
    let mut spelled = Vec::new();
    for old in read {
        let term: String = old.term.nfd().take(LONGEST).collect();
        if term != old.term {
            others = others.add(is(&old));
            spelled.push(ActiveModel {
                tenant_id: Set(old.tenant_id),
                field: Set(old.field),
                term: Set(term),
                customer_id: Set(old.customer_id),
            });
        }
    }
    if spelled.is_empty() {
        return Ok(());
    }
    Entity::delete_many()
        .filter(others)
        .exec(connection)
        .await?;
    Entity::insert_many(spelled)
        .on_conflict_do_nothing()
        .exec_without_returning(connection)
        .await?;
    Ok(())
}

fn is(old: &Model) -> Condition {
    Condition::all()
        .add(Column::TenantId.eq(old.tenant_id))
        .add(Column::Field.eq(old.field))
        .add(Column::Term.eq(old.term.clone()))
        .add(Column::CustomerId.eq(old.customer_id))
}
