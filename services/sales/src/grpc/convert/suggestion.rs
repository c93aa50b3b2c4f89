//! What customers may want next.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use prost::Message as _;
use rapport_platform::etag::Etag;
use rapport_platform::identity::Context;
use rapport_platform::invalid::InvalidFields;
use rapport_platform::outbox::NewEvent;
use rapport_platform::time::Timestamp;
use rapport_proto::rapport::sales::v1 as proto;
use uuid::Uuid;

use super::text;
use crate::domain::suggestion::{
    Candidate, Evidence, PolicyParts, Ranked, SuggestionOutcome, SuggestionPolicy, SuggestionState,
    explain,
};
use crate::error::{Error, unreadable};
use crate::events::suggestion as events;
use crate::grpc::policy::Policy;
use crate::resource::{self, PRODUCT, SUGGESTION_DECISION, SUGGESTION_POLICY};
use crate::store::entity::{
    product, suggestion_decision, suggestion_policy, suggestion_response as response,
};
use crate::store::suggestion;

const READING: &str = "reading a stored decision";

impl Policy for suggestion_policy::Entity {
    type Proto = proto::SuggestionPolicy;
    type Says = SuggestionPolicy;
    const NAME: &'static str = SUGGESTION_POLICY;
    const FIELD: &'static str = "suggestion_policy";

    fn sent(sent: &Self::Proto) -> (&str, &str) {
        (&sent.name, &sent.etag)
    }

    fn parse(sent: &Self::Proto) -> Result<Self::Says, InvalidFields> {
        let proto::SuggestionPolicy {
            name: _,
            max_suggestions,
            valid_days,
            prior_weight,
            min_common_customers,
            min_lift_ppm,
            declined_days,
            accepted_days,
            version: _,
            author: _,
            create_time: _,
            etag: _,
        } = sent;
        SuggestionPolicy::parse(PolicyParts {
            max_suggestions: *max_suggestions,
            valid_days: *valid_days,
            prior_weight: *prior_weight,
            min_common_customers: *min_common_customers,
            min_lift_ppm: *min_lift_ppm,
            declined_days: *declined_days,
            accepted_days: *accepted_days,
        })
    }

    fn to_proto(row: Option<Self::Model>) -> Result<Self::Proto, Error> {
        let says = row
            .as_ref()
            .map(suggestion::policy_from_row)
            .transpose()?
            .unwrap_or_default();
        let PolicyParts {
            max_suggestions,
            valid_days,
            prior_weight,
            min_common_customers,
            min_lift_ppm,
            declined_days,
            accepted_days,
        } = *says.parts();
        let version = row.as_ref().map_or(0, |row| row.version);
        Ok(proto::SuggestionPolicy {
            name: SUGGESTION_POLICY.to_owned(),
            max_suggestions,
            valid_days,
            prior_weight,
            min_common_customers,
            min_lift_ppm,
            declined_days,
            accepted_days,
            version,
            create_time: row.as_ref().map(|row| row.create_time.into()),
            author: text(row.map(|row| row.author)),
            etag: Etag::of(version),
        })
    }

    fn row(ctx: &Context, version: i64, says: &Self::Says) -> Self::Model {
        let PolicyParts {
            max_suggestions,
            valid_days,
            prior_weight,
            min_common_customers,
            min_lift_ppm,
            declined_days,
            accepted_days,
        } = *says.parts();
        suggestion_policy::Model {
            tenant_id: ctx.tenant,
            version,
            max_suggestions,
            valid_days,
            prior_weight,
            min_common_customers,
            min_lift_ppm,
            declined_days,
            accepted_days,
            author: ctx.actor.to_string(),
            create_time: ctx.now,
        }
    }

    fn version(row: &Self::Model) -> i64 {
        row.version
    }

    fn changed(set: &Self::Proto, _: i64) -> NewEvent {
        events::policy_changed(set)
    }
}

/// What is decided, as it is kept.
pub(in crate::grpc) fn content(
    ranked: &[Ranked],
    products: &HashMap<Uuid, product::Model>,
) -> Vec<u8> {
    let suggestions = ranked.iter().map(|it| to_suggestion(it, products));
    let content = proto::SuggestionDecision {
        suggestions: suggestions.collect(),
        ..Default::default()
    };
    content.encode_to_vec()
}

/// A product that is suggested.
pub(in crate::grpc) fn to_suggestion(
    ranked: &Ranked,
    products: &HashMap<Uuid, product::Model>,
) -> proto::Suggestion {
    let Ranked {
        candidate,
        score_ppm,
        lift_ppm,
    } = ranked;
    let Candidate {
        product,
        because,
        kind,
        evidence,
        price_step,
    } = *candidate;
    let Evidence {
        common,
        owners,
        suggested_owners,
        customers,
    } = evidence;
    let base = products.get(&because);
    let called = base.map_or("", |it| it.display_name.as_str());
    let series = base.and_then(|it| it.series.as_deref()).unwrap_or_default();
    proto::Suggestion {
        product: resource::product(product),
        kind: kind.number(),
        because: resource::product(because),
        explanation: explain(candidate, called, series),
        owner_count: owners,
        common_count: common,
        suggested_owner_count: suggested_owners,
        customer_count: customers,
        score_ppm: *score_ppm,
        lift_ppm: *lift_ppm,
        price_step: price_step.map(Into::into),
        state: SuggestionState::Open.number(),
    }
}

/// What is suggested in a row.
pub(in crate::grpc) fn suggestions(
    row: &suggestion_decision::Model,
) -> Result<Vec<proto::Suggestion>, Error> {
    let content = proto::SuggestionDecision::decode(row.content.as_slice());
    Ok(content.map_err(unreadable(READING))?.suggestions)
}

/// The product that is suggested.
pub(in crate::grpc) fn product_of(suggestion: &proto::Suggestion) -> Option<Uuid> {
    PRODUCT.ids(&suggestion.product).map(|[id]| id)
}

/// What became of products of a customer.
pub(in crate::grpc) struct Since {
    /// What he owns.
    pub(in crate::grpc) owned: BTreeSet<Uuid>,
    /// What is sold.
    pub(in crate::grpc) sold: BTreeSet<Uuid>,
    /// What he said, the latest first.
    pub(in crate::grpc) said: BTreeMap<Uuid, Vec<Answer>>,
}

/// What a customer said.
pub(in crate::grpc) struct Answer {
    pub(in crate::grpc) outcome: SuggestionOutcome,
    /// When.
    pub(in crate::grpc) time: Timestamp,
    /// Whether it still holds everywhere.
    pub(in crate::grpc) holds: bool,
}

impl Since {
    /// What became of a product that was suggested at a time: what was said since then counts,
    /// however long it holds elsewhere.
    fn state(&self, product: Uuid, decided: Timestamp) -> SuggestionState {
        if self.owned.contains(&product) || !self.sold.contains(&product) {
            return SuggestionState::Withdrawn;
        }
        let said = self.said.get(&product).into_iter().flatten();
        let mut said = said.filter(|it| it.holds || it.time >= decided);
        match said.next().map(|it| it.outcome) {
            Some(SuggestionOutcome::Accepted) => SuggestionState::Accepted,
            Some(SuggestionOutcome::Declined) => SuggestionState::Declined,
            None => SuggestionState::Open,
        }
    }
}

/// The decision in a row, and what became of it.
pub(in crate::grpc) fn to_proto(
    row: suggestion_decision::Model,
    since: &Since,
) -> Result<proto::SuggestionDecision, Error> {
    let mut suggestions = suggestions(&row)?;
    for suggestion in &mut suggestions {
        let product = product_of(suggestion);
        let state = product.map(|product| since.state(product, row.decide_time));
        suggestion.state = state.map_or(0, SuggestionState::number);
    }
    let suggestion_decision::Model {
        tenant_id: _,
        decision_id,
        customer_id,
        situation,
        content: _,
        policy_version,
        decide_time,
        expire_time,
        present_channel,
        present_time,
        version: _,
    } = row;
    Ok(proto::SuggestionDecision {
        name: SUGGESTION_DECISION.format(&[decision_id]),
        customer: resource::customer(customer_id),
        situation,
        suggestions,
        decide_time: Some(decide_time.into()),
        expire_time: Some(expire_time.into()),
        policy_version,
        present_channel: present_channel.map_or(0, i32::from),
        present_time: present_time.map(Into::into),
    })
}

/// What a customer said.
pub(in crate::grpc) fn response_to_proto(row: response::Model) -> proto::SuggestionResponse {
    let response::Model {
        tenant_id: _,
        response_id,
        customer_id,
        decision_id,
        product_id,
        situation,
        outcome,
        reason,
        author,
        respond_time,
        hold_until_time,
    } = row;
    proto::SuggestionResponse {
        response_id: response_id.to_string(),
        customer: resource::customer(customer_id),
        suggestion_decision: SUGGESTION_DECISION.format(&[decision_id]),
        product: resource::product(product_id),
        situation,
        outcome: outcome.into(),
        reason: text(reason),
        author,
        respond_time: Some(respond_time.into()),
        hold_until_time: Some(hold_until_time.into()),
    }
}
