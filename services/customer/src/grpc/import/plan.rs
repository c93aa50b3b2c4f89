//! What the rows of a batch come to: read, merged with what is there, and checked, before
//! anything is written.

use std::collections::HashSet;

use rapport_platform::error::PlatformError;
use rapport_platform::identity::Context;
use rapport_platform::mask::Mask;
use rapport_platform::problem::FieldViolation;
use rapport_proto::rapport::customer::v1 as proto;
use rapport_proto::rapport::customer::v1::customer::Profile;
use uuid::Uuid;

use super::holders::{Holder, Holders};
use super::known::Known;
use super::row::{self, Parent, ParsedRow};
use crate::domain::attributes::Attributes;
use crate::domain::contact_point::ContactPoint;
use crate::domain::external_id::ExternalId;
use crate::domain::import::RowOutcome;
use crate::domain::interaction::NewInteraction;
use crate::domain::preferences::PreferenceChange;
use crate::domain::region::Region;
use crate::error::Error;
use crate::grpc::contact_point::MAX_CONTACT_POINTS;
use crate::grpc::convert::customer as convert;
use crate::store::contact_point::AddressKey;
use crate::store::customer::{Change, Content, Record, attributes};

/// One customer and what the batch makes of it.
#[derive(Default)]
pub(super) struct Target {
    /// The customer as it is; none when the batch creates it.
    pub(super) before: Option<Record>,
    /// What it becomes; none while rows only confirm what is there.
    pub(super) content: Option<Content>,
    /// As callers would read it, to merge the next row with.
    merged: proto::Customer,
    /// Digests of its addresses, with those that rows add.
    addresses: HashSet<Vec<u8>>,
    /// Contact points that it has not yet.
    pub(super) contact_points: Vec<ContactPoint>,
    /// Contacts with it, and the lines that told of them.
    pub(super) interactions: Vec<(i64, NewInteraction)>,
    pub(super) preferences: Vec<PreferenceChange>,
    /// The parent that a row named, and its line.
    pub(super) parent: Option<(i64, Parent)>,
}

/// The targets of a batch, each customer once, in the order in which rows came to them.
pub(super) struct Plan<'a> {
    ctx: &'a Context,
    known: &'a Known,
    mask: Mask,
    holders: Holders<'a>,
    pub(super) targets: Vec<Target>,
}

/// Why a row was not taken into the plan.
pub(super) enum Refused {
    /// Everything that is wrong with it.
    Row(Vec<FieldViolation>),
    /// The batch can't go on.
    Batch(Error),
}

impl From<Vec<FieldViolation>> for Refused {
    fn from(faults: Vec<FieldViolation>) -> Self {
        Self::Row(faults)
    }
}

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        Self::Batch(error)
    }
}

impl From<PlatformError> for Refused {
    fn from(error: PlatformError) -> Self {
        Self::Batch(error.into())
    }
}

/// A row that was read and checked; its content when that says anything new.
struct NewRow {
    merged: proto::Customer,
    content: Option<Content>,
    addresses: HashSet<Vec<u8>>,
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
            holders: Holders::new(&known.holders),
            targets: Vec::new(),
        })
    }

    /// Takes a row into the plan, or says everything that is wrong with it.
    pub(super) fn add(&mut self, row: &proto::ImportRow) -> Result<Planned, Refused> {
        let sent = row.customer.clone().unwrap_or_default();
        let ids = row::external_ids(&sent).map_err(|faults| faults.at(""))?;
        let index = self.find(&ids)?;
        let current = index.map(|index| &self.targets[index]);
        let new = self.read(current, sent, row)?;
        Ok(self.take(index, new, row.line))
    }

    /// What the row makes of the customer whose target is `current`.
    fn read(
        &self,
        current: Option<&Target>,
        mut sent: proto::Customer,
        row: &proto::ImportRow,
    ) -> Result<NewRow, Refused> {
        // Parents are given when all rows are in, whichever way they are named.
        sent.parent.clear();
        let merged = match current {
            Some(target) => {
                let sent = with_all_ids(&target.merged, sent);
                refuse_other_kind(&target.merged, &sent)?;
                self.mask.merge(&target.merged, &sent)?
            }
            None => with_all_ids(&proto::Customer::default(), sent),
        };
        let before = match current.and_then(|target| target.before.as_ref()) {
            Some(record) => attributes(&record.row.attributes)?,
            None => Attributes::default(),
        };
        let content = convert::parse(self.ctx, &merged, &before, &self.known.schema)
            .map_err(|faults| faults.at("customer"));
        let belongings = row::parse(self.ctx, row, self.region(&merged));
        let (content, mut belongings) = both(content, belongings)?;
        let addresses = keep_new(
            &self.known.address_key,
            &mut belongings.contact_points,
            current,
        )?;
        let content = self
            .says_anything_new(current, &content)?
            .then_some(content);
        Ok(NewRow {
            merged,
            content,
            addresses,
            belongings,
        })
    }

    /// Whether a row that leaves `content` changes the customer.
    fn says_anything_new(
        &self,
        current: Option<&Target>,
        content: &Content,
    ) -> Result<bool, Error> {
        let Some(target) = current else {
            return Ok(true);
        };
        match (&target.content, &target.before) {
            (Some(planned), _) => Ok(planned != content),
            // Compared as stored: a spelling that is stored alike is no change.
            (None, Some(before)) => Ok(!Change::to(self.ctx, before.clone(), content)?.is_idle()),
            (None, None) => Ok(true),
        }
    }

    /// The target that the row is about, if the customer is known; refused when the row's ids
    /// belong to different customers, or to a deleted one.
    fn find(&mut self, ids: &[ExternalId]) -> Result<Option<usize>, Refused> {
        let target = match ids.first().and_then(|first| self.holders.of(first)) {
            Some(Holder::Planned(index)) => Some(index),
            Some(Holder::Stored(customer)) => Some(self.open(customer)?),
            None => None,
        };
        for (position, id) in ids.iter().enumerate().skip(1) {
            let holder = self.holders.of(id);
            if holder.is_some_and(|holder| Some(holder) != target.map(Holder::Planned)) {
                let field = format!("customer.external_ids[{position}]");
                return Err(vec![FieldViolation::new(field, "belongs to another customer")].into());
            }
        }
        Ok(target)
    }

    /// Begins the target of a customer that is there.
    fn open(&mut self, customer: Uuid) -> Result<usize, Refused> {
        let record = self
            .known
            .records
            .get(&customer)
            .ok_or(PlatformError::Conflict)?;
        if record.row.delete_time.is_some() {
            let why = "belongs to a deleted customer; undelete it first";
            return Err(vec![FieldViolation::new("customer.external_ids[0]", why)].into());
        }
        let index = self.targets.len();
        let merged = convert::to_proto(record.clone())?;
        self.holders.give(index, &[], &ids_of(&merged));
        self.targets.push(Target {
            before: Some(record.clone()),
            merged,
            addresses: self
                .known
                .addresses
                .get(&customer)
                .cloned()
                .unwrap_or_default(),
            ..Target::default()
        });
        Ok(index)
    }

    fn take(&mut self, index: Option<usize>, row: NewRow, line: i64) -> Planned {
        let NewRow {
            merged,
            content,
            addresses,
            belongings,
        } = row;
        let outcome = match (index, &content) {
            (None, _) => RowOutcome::Created,
            (Some(_), Some(_)) => RowOutcome::Updated,
            (Some(_), None) => RowOutcome::Unchanged,
        };
        let index = index.unwrap_or_else(|| {
            self.targets.push(Target::default());
            self.targets.len() - 1
        });
        let target = &mut self.targets[index];
        if let Some(content) = content {
            let after = content.details.external_ids();
            self.holders.give(index, &ids_of(&target.merged), after);
            target.content = Some(content);
            target.merged = merged;
        }
        target.addresses = addresses;
        target.contact_points.extend(belongings.contact_points);
        let interactions = belongings.interactions.into_iter();
        target
            .interactions
            .extend(interactions.map(|it| (line, it)));
        target.preferences.extend(belongings.preferences);
        target.parent = belongings
            .parent
            .map(|parent| (line, parent))
            .or(target.parent.take());
        Planned {
            outcome,
            target: index,
        }
    }

    fn region(&self, customer: &proto::Customer) -> Region {
        customer
            .region_code
            .parse()
            .unwrap_or(self.known.default_region)
    }
}

/// Both values, or the faults of both.
fn both<A, B>(
    one: Result<A, Vec<FieldViolation>>,
    other: Result<B, Vec<FieldViolation>>,
) -> Result<(A, B), Refused> {
    match (one, other) {
        (Ok(one), Ok(other)) => Ok((one, other)),
        (one, other) => Err(Refused::Row(
            [one.err(), other.err()]
                .into_iter()
                .flatten()
                .flatten()
                .collect(),
        )),
    }
}

/// Leaves of a row's contact points those that the customer has not, and answers the digests
/// of all that it then has.
fn keep_new(
    key: &AddressKey,
    points: &mut Vec<ContactPoint>,
    current: Option<&Target>,
) -> Result<HashSet<Vec<u8>>, Refused> {
    let mut addresses = current
        .map(|target| target.addresses.clone())
        .unwrap_or_default();
    points.retain(|point| addresses.insert(key.digest(point.address())));
    if !points.is_empty() && addresses.len() as u64 > MAX_CONTACT_POINTS {
        let why = format!("are too many: the customer may have {MAX_CONTACT_POINTS} in all");
        return Err(vec![FieldViolation::new("contact_points", why)].into());
    }
    Ok(addresses)
}

fn refuse_other_kind(current: &proto::Customer, sent: &proto::Customer) -> Result<(), Refused> {
    let same = match (&current.profile, &sent.profile) {
        (Some(Profile::Person(_)), Some(sent)) => matches!(sent, Profile::Person(_)),
        (Some(Profile::Organisation(_)), Some(sent)) => matches!(sent, Profile::Organisation(_)),
        (None, _) | (_, None) => true,
    };
    if same {
        return Ok(());
    }
    let why = "can't change between person and organisation: record another customer";
    Err(vec![FieldViolation::new("customer.profile", why)].into())
}

fn ids_of(customer: &proto::Customer) -> Vec<ExternalId> {
    let ids = customer.external_ids.iter();
    ids.filter_map(|it| ExternalId::parse(&it.system, &it.id).ok())
        .collect()
}

/// What was sent, with the ids that the customer has in systems the row does not name: a row
/// adds ids, it takes none away.
fn with_all_ids(current: &proto::Customer, mut sent: proto::Customer) -> proto::Customer {
    for id in &current.external_ids {
        if sent
            .external_ids
            .iter()
            .all(|other| other.system != id.system)
        {
            sent.external_ids.push(id.clone());
        }
    }
    sent.external_ids
        .sort_by(|one, other| one.system.cmp(&other.system));
    sent
}
