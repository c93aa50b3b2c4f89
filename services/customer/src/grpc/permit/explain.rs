//! Why a contact was or would be granted or refused.

use rapport_platform::identity::Context;
use rapport_platform::time::Timestamp;
use rapport_proto::rapport::customer::v1 as proto;
use rapport_proto::rapport::customer::v1::explain_contact_request::Subject;
use uuid::Uuid;

use super::asked::{self, Asked};
use super::policies::{self, Policy};
use super::{ContactPermits, convert};
use crate::domain::contact::decision::{Contact, Source};
use crate::domain::contact::standing::Standing;
use crate::error::Error;
use crate::grpc::consent::members;
use crate::grpc::convert::consent as convert_consent;
use crate::grpc::convert::contact_times::write_cap;
use crate::resource::{self, CONTACT_PERMIT};
use crate::store::contact::{consent, permit, policy, standing};
use crate::store::entity::contact_permit::Model;
use crate::store::identity::{bygone, group};

/// Most entries of the ledger that are told.
const MAX_EVENTS: u64 = 100;

/// What is to be explained.
struct Question {
    customer: Uuid,
    contact: Contact,
    as_of: Timestamp,
    permit: Option<Model>,
}

impl ContactPermits {
    pub(super) async fn explain(
        &self,
        ctx: Context,
        request: proto::ExplainContactRequest,
    ) -> Result<proto::ContactExplanation, Error> {
        let ctx = &ctx;
        let db = self.0.db.read();
        let question = self.question(ctx, request.subject).await?;
        let Question {
            customer,
            contact,
            as_of,
            permit,
        } = question;
        let stored = match &permit {
            Some(row) => policy::version(ctx, db, row.policy_version).await?,
            None => policy::current(ctx, db).await?,
        };
        let policy: Policy = policies::read(&stored)?;
        let group = group::of(ctx, db, customer).await?;
        // Of the past, those that were one then; of now, those that are one.
        let members = match permit {
            Some(_) => bygone::members_at(ctx, db, customer, as_of).await?,
            None => members(&group),
        };
        let records: Vec<Uuid> = members.iter().map(|it| it.customer).collect();
        let customer = group.id();
        let standing = match permit {
            Some(_) => standing::at(ctx, db, members, as_of).await?,
            None => {
                let mut found = standing::of_customers(ctx, db, &[customer]).await?;
                let missing = || Error::not_found(resource::customer(customer));
                found.remove(&customer).ok_or_else(missing)?.standing
            }
        };
        let decision = standing.survey(&policy.rules, &contact, as_of);
        let told = (None, Some(as_of));
        let events = consent::list(ctx, db, &records, told, MAX_EVENTS).await?;
        Ok(proto::ContactExplanation {
            as_of: Some(as_of.into()),
            decision: Some(convert::decision(customer, policy.version, &decision)),
            caps: cap_uses(&standing, &policy, &contact, as_of),
            time_zone: standing
                .zone(&policy.rules)
                .iana_name()
                .unwrap_or("UTC")
                .to_owned(),
            contact_permit: permit
                .map(|row| convert::permit(row, ctx.now))
                .transpose()?,
            consent_events: events
                .into_iter()
                .map(convert_consent::to_proto)
                .collect::<Result<_, _>>()?,
        })
    }

    async fn question(&self, ctx: &Context, subject: Option<Subject>) -> Result<Question, Error> {
        match subject {
            None => Err(Error::missing("subject")),
            Some(Subject::Contact(sent)) => {
                let Asked { customer, contact } = asked::contact("contact", &sent)?;
                Ok(Question {
                    customer,
                    contact,
                    as_of: ctx.now,
                    permit: None,
                })
            }
            Some(Subject::ContactPermit(name)) => {
                let ids = CONTACT_PERMIT.parse("contact_permit", &name)?;
                let row = permit::get(ctx, self.0.db.read(), ids).await?;
                let row = row.ok_or(Error::not_found(name))?;
                Ok(Question {
                    customer: row.customer_id,
                    contact: permit::contact(&row)?,
                    as_of: row.reserve_time,
                    permit: Some(row),
                })
            }
        }
    }
}

fn cap_uses(
    standing: &Standing,
    policy: &Policy,
    contact: &Contact,
    as_of: Timestamp,
) -> Vec<proto::CapUse> {
    let caps = standing.caps_about(&policy.rules, contact);
    let uses = caps.map(|(cap, source)| {
        let campaign = contact.campaign.as_deref();
        let used = cap.used_by(&standing.contacts, campaign, as_of);
        let free = used
            .iter()
            .filter_map(|it| it.free_from(cap.window(), as_of))
            .min();
        proto::CapUse {
            cap: Some(write_cap(cap)),
            of_customer: source == Source::Preferences,
            used: i32::try_from(used.len()).unwrap_or(i32::MAX),
            next_free_time: free.map(Into::into),
        }
    });
    uses.collect()
}
