//! Streams everything that is kept of a customer, one kind after the other and page by page.

use rapport_platform::identity::Context;
use rapport_proto::rapport::customer::v1 as proto;
use rapport_proto::rapport::customer::v1::ExportPersonalDataResponse as Part;
use sea_orm::{ColumnTrait as _, Condition};
use tokio::sync::mpsc::Sender;
use tonic::Status;
use uuid::Uuid;

use crate::error::Error;
use crate::grpc::{Shared, convert};
use crate::resource::{self, CUSTOMER, PREFERENCES};
use crate::store::contact::{consent, permit, times};
use crate::store::delivery::attachment;
use crate::store::identity::group::{self, Group};
use crate::store::identity::{candidate, merge};
use crate::store::interaction::Timeline;
use crate::store::{
    contact_point, conversation, customer, delivery, import, interaction, lifecycle, past_choice,
    preference, role,
};
use rapport_platform::db::place::{Order, Place};

/// Things of one message: small enough for any client, whatever their texts.
const PER_MESSAGE: u64 = 50;

/// An export under way. Each page is a read of its own, so that a slow caller holds neither a
/// connection nor a snapshot.
pub(super) struct Export {
    shared: Shared,
    ctx: Context,
    group: Group,
    members: Vec<Uuid>,
}

type Answers = Sender<Result<Part, Status>>;

/// The caller is gone.
struct Gone;

/// Sends a part, if there is anything in it.
async fn send(answers: &Answers, part: Part) -> Result<(), Gone> {
    if part == Part::default() {
        return Ok(());
    }
    answers.send(Ok(part)).await.map_err(|_| Gone)
}

/// Reads pages with `$read`, which takes the place behind which the next begins, until one is
/// not full; sends each as `$part`.
macro_rules! pages {
    ($answers:ident, $read:expr, $place:expr, $part:expr) => {{
        let mut after = None;
        loop {
            let rows = $read(after).await?;
            let Some(last) = rows.last() else { break };
            after = Some($place(last));
            let full = rows.len() as u64 == PER_MESSAGE;
            if send($answers, $part(rows)?).await.is_err() {
                return Ok(());
            }
            if !full {
                break;
            }
        }
    }};
}

impl Export {
    pub(super) async fn begin(shared: &Shared, ctx: Context, name: &str) -> Result<Self, Error> {
        let [id] = CUSTOMER.parse("name", name)?;
        let group = group::of(&ctx, shared.db.read(), id).await?;
        Ok(Self {
            shared: shared.clone(),
            members: group.members(),
            ctx,
            group,
        })
    }

    pub(super) async fn run(self, answers: &Answers) -> Result<(), Error> {
        self.records(answers).await?;
        self.consents(answers).await?;
        self.contacts(answers).await?;
        self.roles_and_life(answers).await?;
        self.identity(answers).await
    }

    /// Who the customer is, how it is reached, and what it chose.
    async fn records(&self, answers: &Answers) -> Result<(), Error> {
        let (ctx, db) = (&self.ctx, self.shared.db.read());
        let mut rows = customer::rows_of(ctx, db, &self.members).await?;
        let chosen = preference::of_customers(ctx, db, &self.members).await?;
        let mut times = times::of_customers(ctx, db, &self.members).await?;
        let points = contact_point::of_customers(ctx, db, &self.members).await?;
        for id in &self.members {
            let record = rows
                .remove(id)
                .map(convert::customer::to_proto)
                .transpose()?;
            let chosen = chosen.get(id);
            let contact_times = times.remove(id);
            let said = chosen.is_some() || contact_times.is_some();
            let preferences = said.then(|| proto::Preferences {
                name: PREFERENCES.format(&[*id]),
                entries: chosen.map(convert::preference::entries).unwrap_or_default(),
                contact_times,
                ..Default::default()
            });
            let part = Part {
                records: record.into_iter().collect(),
                preferences: preferences.into_iter().collect(),
                ..Default::default()
            };
            if send(answers, part).await.is_err() {
                return Ok(());
            }
        }
        for points in points.chunks(PER_MESSAGE as usize) {
            let contact_points = points.iter().cloned().map(convert::contact_point::to_proto);
            let part = Part {
                contact_points: contact_points.collect::<Result<_, _>>()?,
                ..Default::default()
            };
            if send(answers, part).await.is_err() {
                return Ok(());
            }
        }
        Ok(())
    }

    /// What the customer permitted, and which contacts were granted or refused.
    async fn consents(&self, answers: &Answers) -> Result<(), Error> {
        let (ctx, db, members) = (&self.ctx, self.shared.db.read(), &self.members);
        pages!(
            answers,
            async |after| {
                let page = consent::list(ctx, db, members, (after, None), PER_MESSAGE).await;
                Ok::<_, Error>(page?)
            },
            |row: &crate::store::entity::consent_event::Model| row.consent_event_id,
            |rows: Vec<_>| Ok::<_, Error>(Part {
                consent_events: rows
                    .into_iter()
                    .map(convert::consent::to_proto)
                    .collect::<Result<_, _>>()?,
                ..Default::default()
            })
        );
        pages!(
            answers,
            async |after| {
                let page = past_choice::list(ctx, db, members, after, PER_MESSAGE).await;
                Ok::<_, Error>(page?)
            },
            |row: &crate::store::entity::past_choice::Model| row.past_choice_id,
            |rows: Vec<_>| Ok::<_, Error>(Part {
                past_choices: rows
                    .iter()
                    .map(past_choice::read)
                    .collect::<Result<_, _>>()?,
                ..Default::default()
            })
        );
        pages!(
            answers,
            async |after| {
                let page = permit::list(ctx, db, members, after, PER_MESSAGE).await;
                Ok::<_, Error>(page?)
            },
            |row: &crate::store::entity::contact_permit::Model| row.contact_permit_id,
            |rows: Vec<_>| Ok::<_, Error>(Part {
                contact_permits: rows
                    .into_iter()
                    .map(|row| convert::contact::permit(row, ctx.now))
                    .collect::<Result<_, _>>()?,
                ..Default::default()
            })
        );
        pages!(
            answers,
            async |before| {
                use crate::store::entity::delivery::Column;
                let of_members = Column::CustomerId.is_in(members.iter().copied());
                let filter = Condition::all().add(of_members);
                let page = delivery::list(ctx, db, filter, before, PER_MESSAGE).await;
                Ok::<_, Error>(page?)
            },
            |row: &crate::store::entity::delivery::Model| row.delivery_id,
            |rows: Vec<_>| Ok::<_, Error>(Part {
                deliveries: rows.iter().map(convert::delivery::to_proto).collect(),
                ..Default::default()
            })
        );
        self.attachments(answers).await
    }

    /// Documents that went with messages: large, so one in each message.
    async fn attachments(&self, answers: &Answers) -> Result<(), Error> {
        let (ctx, db) = (&self.ctx, self.shared.db.read());
        let mut after = None;
        while let Some(row) = attachment::next(ctx, db, &self.members, after).await? {
            after = Some(row.attachment_id);
            let part = Part {
                attachments: vec![convert::delivery::attachment(row)],
                ..Default::default()
            };
            if send(answers, part).await.is_err() {
                break;
            }
        }
        Ok(())
    }

    /// What passed between the customer and the company.
    async fn contacts(&self, answers: &Answers) -> Result<(), Error> {
        let (ctx, db, members) = (&self.ctx, self.shared.db.read(), &self.members);
        let timeline = async |after| {
            let part = Timeline {
                members: members.clone(),
                filter: Condition::all(),
                order: Order::OldestFirst,
                after,
                limit: PER_MESSAGE,
            };
            Ok::<_, Error>(interaction::timeline(ctx, db, &part).await?)
        };
        pages!(
            answers,
            timeline,
            |row: &crate::store::entity::interaction::Model| Place {
                time: row.occur_time,
                id: row.interaction_id
            },
            |rows| Ok::<_, Error>(Part {
                interactions: convert::interaction::all_to_proto(rows),
                ..Default::default()
            })
        );
        pages!(
            answers,
            async |after| {
                let all = Condition::all();
                let page = conversation::list(ctx, db, members, all, after, PER_MESSAGE);
                Ok::<_, Error>(page.await?)
            },
            |row: &crate::store::entity::conversation::Model| row.conversation_id,
            |rows: Vec<_>| Ok::<_, Error>(Part {
                conversations: rows
                    .into_iter()
                    .map(convert::conversation::to_proto)
                    .collect(),
                ..Default::default()
            })
        );
        let activity = interaction::activity(ctx, db, members).await?;
        let part = Part {
            channel_activity: activity
                .into_iter()
                .map(convert::interaction::activity)
                .collect(),
            ..Default::default()
        };
        let _ = send(answers, part).await;
        Ok(())
    }

    /// Where the customer belongs, and how it went through its life.
    async fn roles_and_life(&self, answers: &Answers) -> Result<(), Error> {
        let (ctx, db, members) = (&self.ctx, self.shared.db.read(), &self.members);
        let kind = customer::member(&self.group.root)?.kind;
        pages!(
            answers,
            async |after| role::list(ctx, db, kind, members, after, PER_MESSAGE).await,
            |row: &crate::store::entity::role::Model| row.role_id,
            |rows: Vec<_>| Ok::<_, Error>(Part {
                roles: rows.into_iter().map(convert::role::to_proto).collect(),
                ..Default::default()
            })
        );
        pages!(
            answers,
            async |after| {
                let page = lifecycle::changes(ctx, db, members, after, PER_MESSAGE).await;
                Ok::<_, Error>(page?)
            },
            |row: &crate::store::entity::stage_change::Model| row.stage_change_id,
            |rows: Vec<_>| Ok::<_, Error>(Part {
                stage_changes: rows
                    .into_iter()
                    .map(convert::lifecycle::stage_change)
                    .collect(),
                ..Default::default()
            })
        );
        pages!(
            answers,
            async |after| {
                let page = lifecycle::behaviour(ctx, db, members, after, PER_MESSAGE).await;
                Ok::<_, Error>(page?)
            },
            |row: &crate::store::entity::behaviour_event::Model| Place {
                time: row.occur_time,
                id: row.behaviour_event_id
            },
            |rows: Vec<_>| Ok::<_, Error>(Part {
                behaviour_events: rows
                    .into_iter()
                    .map(convert::lifecycle::behaviour_event)
                    .collect(),
                ..Default::default()
            })
        );
        Ok(())
    }

    /// Who else the customer was or may be, and which imports told of it.
    async fn identity(&self, answers: &Answers) -> Result<(), Error> {
        let (ctx, db, members) = (&self.ctx, self.shared.db.read(), &self.members);
        pages!(
            answers,
            async |after| merge::of_members(ctx, db, members, after, PER_MESSAGE).await,
            |row: &crate::store::entity::customer_merge::Model| row.merge_id,
            |rows: Vec<_>| {
                let merges = rows.into_iter().map(convert::merge::to_proto);
                let customer_merges = merges.collect::<Result<_, Error>>()?;
                Ok::<_, Error>(Part {
                    customer_merges,
                    ..Default::default()
                })
            }
        );
        pages!(
            answers,
            async |after| candidate::of_members(ctx, db, members, after, PER_MESSAGE).await,
            |row: &crate::store::entity::duplicate_candidate::Model| row.candidate_id,
            |rows: Vec<_>| {
                let pairs = rows.into_iter().map(convert::duplicate::candidate);
                let duplicate_candidates = pairs.collect::<Result<_, Error>>()?;
                Ok::<_, Error>(Part {
                    duplicate_candidates,
                    ..Default::default()
                })
            }
        );
        pages!(
            answers,
            async |after| import::traces(ctx, db, members, after, PER_MESSAGE).await,
            |trace: &import::Trace| (trace.run, trace.customer),
            |traces: Vec<_>| {
                let traces = traces.into_iter().map(trace);
                let import_traces = traces.collect::<Result<_, Error>>()?;
                Ok::<_, Error>(Part {
                    import_traces,
                    ..Default::default()
                })
            }
        );
        Ok(())
    }
}

fn trace(trace: import::Trace) -> Result<proto::ImportTrace, Error> {
    let preferences = trace
        .preferences
        .map(|it| convert::preference::entries(&it));
    Ok(proto::ImportTrace {
        import_run: resource::IMPORT_RUN.format(&[trace.run]),
        customer: resource::customer(trace.customer),
        before: trace.before.map(convert::customer::to_proto).transpose()?,
        preferences_before: preferences.unwrap_or_default(),
    })
}
