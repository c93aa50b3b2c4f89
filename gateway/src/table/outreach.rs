//! What the gateway reads from a request to know whom it would reach, how and why.

use prost_reflect::{FieldDescriptor, MessageDescriptor};
use rapport_proto::rapport::options::v1::outreach::{ChannelSource, PurposeSource};
use rapport_proto::rapport::options::v1::{Inbound, Outreach, RuleSet};
use rapport_proto::rapport::r#type::v1::{Channel, Purpose};

use super::error::Defect;
use crate::scan::{Plan, Slot};

const CHANNEL: &str = "rapport.type.v1.Channel";
const PURPOSE: &str = "rapport.type.v1.Purpose";
const TEXT: &str = "string";
/// The field of AIP-155.
const REQUEST_ID: &str = "request_id";

/// How a request of one RPC tells whom the company would reach.
#[derive(Clone, Debug)]
pub struct OutreachPlan {
    /// Reads everything below in one pass.
    pub plan: Plan,
    /// The customer's resource name.
    pub customer: DeclaredField,
    /// The channel.
    pub channel: Source<Channel>,
    /// The purpose.
    pub purpose: Source<Purpose>,
    /// The topic's id, where requests have one.
    pub topic: Option<DeclaredField>,
    /// The campaign's resource name, where requests have one.
    pub campaign: Option<DeclaredField>,
    /// The contact point's resource name, where callers may choose one.
    pub contact_point: Option<DeclaredField>,
    /// What makes a repeated request happen once, where requests have it.
    pub request_id: Option<Slot>,
}

/// A field that a rule names.
#[derive(Clone, Debug)]
pub struct DeclaredField {
    /// Its path in the request, for messages to the caller.
    pub path: String,
    /// Where the plan puts it.
    pub slot: Slot,
}

/// Where a value comes from.
#[derive(Clone, Debug)]
pub enum Source<T> {
    /// The same for every call of the RPC.
    Always(T),
    /// From this field of the request.
    Field(DeclaredField),
}

/// Collects what is wrong with the paths of one RPC's rule.
pub(super) struct PathChecker<'a> {
    plan: Plan,
    defects: &'a mut Vec<Defect>,
}

impl<'a> PathChecker<'a> {
    pub(super) fn new(request: &MessageDescriptor, defects: &'a mut Vec<Defect>) -> Self {
        Self {
            plan: Plan::new(request.clone()),
            defects,
        }
    }

    /// The plan for an RPC that reaches out; `None` when a defect was found.
    pub(super) fn outreach(mut self, rule: &Outreach) -> Option<OutreachPlan> {
        let Outreach {
            customer_field,
            channel_source,
            purpose_source,
            topic_field,
            campaign_field,
            contact_point_field,
        } = rule;
        let customer = self.field("outreach.customer_field", customer_field, TEXT);
        let channel = match channel_source {
            None => self.missing(Defect::NoChannel),
            Some(ChannelSource::ChannelField(path)) => self
                .field("outreach.channel_field", path, CHANNEL)
                .map(Source::Field),
            Some(ChannelSource::Channel(number)) => match Channel::try_from(*number) {
                Err(_) | Ok(Channel::Unspecified) => self.missing(Defect::NoChannel),
                Ok(channel) => Some(Source::Always(channel)),
            },
        };
        let purpose = match purpose_source {
            None => self.missing(Defect::NoPurpose),
            Some(PurposeSource::PurposeField(path)) => self
                .field("outreach.purpose_field", path, PURPOSE)
                .map(Source::Field),
            Some(PurposeSource::Purpose(number)) => match Purpose::try_from(*number) {
                Err(_) | Ok(Purpose::Unspecified) => self.missing(Defect::NoPurpose),
                Ok(purpose) => Some(Source::Always(purpose)),
            },
        };
        let topic = self.optional("outreach.topic_field", topic_field);
        let campaign = self.optional("outreach.campaign_field", campaign_field);
        let point = self.optional("outreach.contact_point_field", contact_point_field);
        // Not every request has one: whether it is there is no question of the rule.
        let request_id = self.plan.read(REQUEST_ID).ok();
        let request_id = request_id.filter(|(_, field)| type_name(field) == TEXT);
        Some(OutreachPlan {
            customer: customer?,
            channel: channel?,
            purpose: purpose?,
            topic: topic?,
            campaign: campaign?,
            contact_point: point?,
            request_id: request_id.map(|(slot, _)| slot),
            plan: self.plan,
        })
    }

    /// Checks the path of an RPC that records a contact.
    pub(super) fn inbound(mut self, rule: &Inbound) {
        let Inbound { customer_field } = rule;
        self.field("inbound.customer_field", customer_field, TEXT);
    }

    /// Checks the facts that interaction rules will read.
    pub(super) fn rule_set(mut self, rule_set: &RuleSet) {
        let RuleSet { name, facts } = rule_set;
        if name.is_empty() || facts.iter().any(|fact| fact.name.is_empty()) {
            self.defects.push(Defect::NoRuleSetName);
        }
        for fact in facts {
            let setting = format!("rule_set.facts[{}].field", fact.name);
            self.resolve(&setting, &fact.field);
        }
    }

    fn missing<T>(&mut self, defect: Defect) -> Option<T> {
        self.defects.push(defect);
        None
    }

    /// A field that the rule may leave out; `None` when it names one and that is a defect.
    fn optional(&mut self, setting: &str, path: &str) -> Option<Option<DeclaredField>> {
        match path {
            "" => Some(None),
            path => self.field(setting, path, TEXT).map(Some),
        }
    }

    fn field(&mut self, setting: &str, path: &str, wanted: &'static str) -> Option<DeclaredField> {
        let (slot, field) = self.resolve(setting, path)?;
        let found = type_name(&field);
        if found != wanted {
            return self.missing(Defect::Type {
                setting: setting.to_owned(),
                path: path.to_owned(),
                found,
                wanted,
            });
        }
        Some(DeclaredField {
            path: path.to_owned(),
            slot,
        })
    }

    fn resolve(&mut self, setting: &str, path: &str) -> Option<(Slot, FieldDescriptor)> {
        match self.plan.read(path) {
            Ok(found) => Some(found),
            Err(error) => self.missing(Defect::Path {
                setting: setting.to_owned(),
                path: path.to_owned(),
                error,
            }),
        }
    }
}

fn type_name(field: &FieldDescriptor) -> String {
    match field.kind() {
        prost_reflect::Kind::Enum(kind) => kind.full_name().to_owned(),
        prost_reflect::Kind::String => TEXT.to_owned(),
        kind => format!("{kind:?}").to_lowercase(),
    }
}
