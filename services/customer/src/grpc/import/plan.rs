//! What the rows of a batch come to: read, merged with what is there, and checked, before
//! anything is written.

use std::collections::{BTreeMap, HashMap};

use rapport_platform::identity::Context;
use rapport_platform::mask::Mask;
use rapport_platform::problem::FieldViolation;
use rapport_proto::rapport::customer::v1 as proto;
use uuid::Uuid;

use super::row::{ParsedRow, parse};
use crate::domain::attributes::{AttributeSchema, Attributes};
use crate::domain::contact_point::ContactPoint;
use crate::domain::external_id::ExternalId;
use crate::domain::import::RowOutcome;
use crate::domain::interaction::NewInteraction;
use crate::domain::preferences::PreferenceChange;
use crate::domain::region::Region;
use crate::error::Error;
use crate::grpc::convert::customer as convert;
use crate::store::customer::{Change, Content, Record, attributes};

/// What a batch finds: who has which external id, and those customers as they are.
pub(super) struct Known {
    pub(super) holders: HashMap<ExternalId, Uuid>,
    pub(super) records: HashMap<Uuid, Record>,
    pub(super) schema: AttributeSchema,
    pub(super) default_region: Region,
}

/// One customer and what the batch makes of it.
pub(super) struct Target {
    /// The customer as it is; none when the batch creates it.
    pub(super) before: Option<Record>,
    /// What it becomes; none while rows only confirm what is there.
    pub(super) content: Option<Content>,
    /// As callers would read it, to merge the next row with.
    merged: proto::Customer,
    pub(super) contact_points: Vec<ContactPoint>,
    pub(super) interactions: Vec<NewInteraction>,
    pub(super) preferences: Vec<PreferenceChange>,
    pub(super) parent: Option<(i64, ExternalId)>,
}

/// The targets of a batch, each customer once, in the order in which rows came to them.
pub(super) struct Plan<'a> {
    ctx: &'a Context,
    known: &'a Known,
    mask: Mask,
    pub(super) targets: Vec<Target>,
    by_id: BTreeMap<ExternalId, usize>,
}

/// A row that was read and checked; its content when that says anything new.
struct NewRow {
    ids: Vec<ExternalId>,
    merged: proto::Customer,
    content: Option<Content>,
    belongings: ParsedRow,
}

/// A row that was taken into the plan.
pub(super) struct Planned {
    pub(super) outcome: RowOutcome,
    pub(super) target: usize,
}

impl<'a> Plan<'a> {
    pub(super) fn new(ctx: &'a Context, known: &'a Known) -> Result<Self, Error> {
        Ok(Self {
            ctx,
            known,
            mask: Mask::parse::<proto::Customer>(None, &convert::SETTABLE)?,
            targets: Vec::new(),
            by_id: BTreeMap::new(),
        })
    }

    /// Takes a row into the plan, or says everything that is wrong with it.
    pub(super) fn add(
        &mut self,
        row: &proto::ImportRow,
    ) -> Result<Result<Planned, Vec<FieldViolation>>, Error> {
        let sent = row.customer.clone().unwrap_or_default();
        let ids = match super::row::external_ids(&sent) {
            Ok(ids) => ids,
            Err(faults) => return Ok(Err(faults.at(""))),
        };
        let index = match self.find(&ids)? {
            Ok(index) => index,
            Err(fault) => return Ok(Err(vec![fault])),
        };
        let current = index.map(|index| &self.targets[index]);
        let merged = match current {
            Some(target) => self.mask.merge(&target.merged, &with_all_ids(&target.merged, sent))?,
            None => with_all_ids(&proto::Customer::default(), sent),
        };
        let before = match current.and_then(|target| target.before.as_ref()) {
            Some(record) => attributes(&record.row.attributes)?,
            None => Attributes::default(),
        };
        let parsed = convert::parse(self.ctx, &merged, &before, &self.known.schema)
            .map_err(|faults| faults.at("customer"));
        let belongings = parse(self.ctx, row, self.region(&merged));
        let (content, belongings) = match (parsed, belongings) {
            (Ok(content), Ok(belongings)) => (content, belongings),
            (parsed, belongings) => {
                let faults = [parsed.err(), belongings.err()].into_iter().flatten().flatten();
                return Ok(Err(faults.collect()));
            }
        };
        let changed = match index {
            Some(index) => self.changes(&self.targets[index], &merged, &content)?,
            None => true,
        };
        let new = NewRow { ids, merged, content: changed.then_some(content), belongings };
        Ok(Ok(self.take(index, new, row.line)))
    }

    /// Whether a row says anything new of a customer.
    fn changes(
        &self,
        target: &Target,
        merged: &proto::Customer,
        content: &Content,
    ) -> Result<bool, Error> {
        match (&target.before, &target.content) {
            // Compared as stored: a spelling that is stored alike is no change.
            (Some(before), None) => Ok(!Change::to(self.ctx, before.clone(), content)?.is_idle()),
            _ => Ok(target.merged != *merged),
        }
    }

    /// The target that the row is about, if the customer is known; a fault when the row's ids
    /// belong to different customers, or to a deleted one.
    fn find(&mut self, ids: &[ExternalId]) -> Result<Result<Option<usize>, FieldViolation>, Error> {
        let taken = |index: usize| {
            let field = format!("customer.external_ids[{index}]");
            FieldViolation::new(field, "belongs to another customer")
        };
        let Some(first) = ids.first() else { return Ok(Ok(None)) };
        let target = match self.by_id.get(first).copied() {
            Some(index) => Some(index),
            None => match self.known.holders.get(first) {
                Some(&customer) => match self.open(customer)? {
                    Ok(index) => Some(index),
                    Err(fault) => return Ok(Err(fault)),
                },
                None => None,
            },
        };
        for (position, id) in ids.iter().enumerate().skip(1) {
            let holder = self.by_id.get(id).copied();
            let stored = self.known.holders.get(id);
            let own = target.and_then(|index| self.targets[index].before.as_ref());
            let own = own.map(|record| record.row.customer_id);
            let elsewhere = holder.is_some_and(|index| Some(index) != target)
                || stored.is_some_and(|&customer| Some(customer) != own);
            if elsewhere {
                return Ok(Err(taken(position)));
            }
        }
        Ok(Ok(target))
    }

    /// Begins the target of a customer that is there.
    fn open(&mut self, customer: Uuid) -> Result<Result<usize, FieldViolation>, Error> {
        let Some(record) = self.known.records.get(&customer) else {
            return Err(rapport_platform::error::PlatformError::Conflict.into());
        };
        if record.row.delete_time.is_some() {
            let why = "belongs to a deleted customer; undelete it first";
            return Ok(Err(FieldViolation::new("customer.external_ids[0]", why)));
        }
        let index = self.targets.len();
        for id in &record.external_ids {
            if let Ok(id) = ExternalId::parse(&id.system, &id.external_id) {
                self.by_id.insert(id, index);
            }
        }
        self.targets.push(Target {
            before: Some(record.clone()),
            content: None,
            merged: convert::to_proto(record.clone())?,
            contact_points: Vec::new(),
            interactions: Vec::new(),
            preferences: Vec::new(),
            parent: None,
        });
        Ok(Ok(index))
    }

    fn take(&mut self, index: Option<usize>, row: NewRow, line: i64) -> Planned {
        let NewRow { ids, merged, content, belongings } = row;
        let outcome = match (index, &content) {
            (None, _) => RowOutcome::Created,
            (Some(_), Some(_)) => RowOutcome::Updated,
            (Some(_), None) => RowOutcome::Unchanged,
        };
        let index = index.unwrap_or_else(|| {
            self.targets.push(Target {
                before: None,
                content: None,
                merged: proto::Customer::default(),
                contact_points: Vec::new(),
                interactions: Vec::new(),
                preferences: Vec::new(),
                parent: None,
            });
            self.targets.len() - 1
        });
        self.by_id.extend(ids.into_iter().map(|id| (id, index)));
        let target = &mut self.targets[index];
        if content.is_some() {
            target.content = content;
            target.merged = merged;
        }
        target.contact_points.extend(belongings.contact_points);
        target.interactions.extend(belongings.interactions);
        target.preferences.extend(belongings.preferences);
        target.parent = belongings.parent.map(|id| (line, id)).or(target.parent.take());
        Planned { outcome, target: index }
    }

    fn region(&self, customer: &proto::Customer) -> Region {
        customer.region_code.parse().unwrap_or(self.known.default_region)
    }
}

/// What was sent, with the ids that the customer has in systems the row does not name: a row
/// adds ids, it takes none away.
fn with_all_ids(current: &proto::Customer, mut sent: proto::Customer) -> proto::Customer {
    for id in &current.external_ids {
        if sent.external_ids.iter().all(|other| other.system != id.system) {
            sent.external_ids.push(id.clone());
        }
    }
    sent.external_ids.sort_by(|one, other| one.system.cmp(&other.system));
    sent
}
