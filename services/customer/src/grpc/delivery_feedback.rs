//! `DeliveryFeedbackService`.

use rapport_platform::identity::Context;
use rapport_platform::outbox;
use rapport_platform::rpcs;
use rapport_proto::rapport::customer::v1 as proto;
use sea_orm::DatabaseTransaction;

use super::convert::contact_point as convert_point;
use super::convert::delivery as convert;
use super::{Shared, suppression};
use crate::delivery::{Outbound, end};
use crate::domain::contact_point::AddressProblem;
use crate::domain::delivery::mail_report::{self, MailFinding};
use crate::domain::delivery::{BounceKind, FailureClass, Feedback, MailReport};
use crate::error::{Error, faults_of};
use crate::events;
use crate::resource::DELIVERY;
use crate::store::contact::permit;
use crate::store::entity::delivery::Model;
use crate::store::{contact_point, delivery};

/// Largest mail that is read, in bytes.
const MAX_MAIL: usize = 1024 * 1024;
/// Longest id of the other side, in bytes.
const MAX_PROVIDER_ID: usize = 800;

/// Takes in what becomes known after a message was sent.
pub(crate) struct DeliveryFeedback(pub(crate) Shared);

rpcs! {
    "rapport.customer.v1.DeliveryFeedbackService" for DeliveryFeedback {
        report_bounce(proto::ReportBounceRequest) -> proto::Delivery = bounce;
        report_complaint(proto::ReportComplaintRequest) -> proto::Delivery = complaint;
        report_delivered(proto::ReportDeliveredRequest) -> proto::Delivery = delivered;
        ingest_mail(proto::IngestMailRequest) -> proto::IngestMailResponse = ingest;
    }
}

/// How a caller names a delivery.
enum Subject<'r> {
    Delivery(&'r str),
    Provider(&'r str),
}

/// The delivery that a request is about, which every request has in a oneof of its own.
macro_rules! subject_of {
    ($request:expr, $module:ident) => {
        match &$request.subject {
            Some(proto::$module::Subject::Delivery(name)) => Subject::Delivery(name),
            Some(proto::$module::Subject::ProviderMessageId(id)) => Subject::Provider(id),
            None => return Err(Error::missing("delivery")),
        }
    };
}

impl DeliveryFeedback {
    async fn bounce(
        &self,
        ctx: Context,
        request: proto::ReportBounceRequest,
    ) -> Result<proto::Delivery, Error> {
        let subject = &subject_of!(request, report_bounce_request);
        let kind = BounceKind::try_from(request.kind).map_err(faults_of("kind"))?;
        let feedback = match kind {
            BounceKind::Hard => Feedback::HardBounce,
            BounceKind::Soft => Feedback::SoftBounce,
        };
        let code = match request.status_code.as_str() {
            "" => None,
            code => Some(mail_report::status_code(code).ok_or_else(|| {
                Error::invalid("status_code", "is no enhanced status code, such as 5.1.1")
            })?),
        };
        let (ctx, outbound, code) = (&ctx, &self.0.outbound, code.as_deref());
        self.0
            .once(ctx, &request, |txn| async move {
                let row = find(ctx, &txn, subject).await?;
                Ok(convert::to_proto(
                    &note(outbound, ctx, &txn, row, (feedback, code)).await?,
                ))
            })
            .await
    }

    async fn complaint(
        &self,
        ctx: Context,
        request: proto::ReportComplaintRequest,
    ) -> Result<proto::Delivery, Error> {
        let subject = &subject_of!(request, report_complaint_request);
        let (ctx, outbound) = (&ctx, &self.0.outbound);
        self.0
            .once(ctx, &request, |txn| async move {
                let row = find(ctx, &txn, subject).await?;
                let row = note(outbound, ctx, &txn, row, (Feedback::Complaint, None)).await?;
                Ok(convert::to_proto(&row))
            })
            .await
    }

    async fn delivered(
        &self,
        ctx: Context,
        request: proto::ReportDeliveredRequest,
    ) -> Result<proto::Delivery, Error> {
        let subject = &subject_of!(request, report_delivered_request);
        let (ctx, outbound) = (&ctx, &self.0.outbound);
        self.0
            .once(ctx, &request, |txn| async move {
                let row = find(ctx, &txn, subject).await?;
                let row = note(outbound, ctx, &txn, row, (Feedback::Delivered, None)).await?;
                Ok(convert::to_proto(&row))
            })
            .await
    }

    async fn ingest(
        &self,
        ctx: Context,
        request: proto::IngestMailRequest,
    ) -> Result<proto::IngestMailResponse, Error> {
        if request.message.len() > MAX_MAIL {
            return Err(Error::invalid("message", "is too large: at most 1 MiB"));
        }
        let finding = &mail_report::read(&request.message);
        let (ctx, outbound) = (&ctx, &self.0.outbound);
        self.0
            .once(ctx, &request, |txn| async move {
                let noted = match finding {
                    Some(finding) => found(outbound, ctx, &txn, finding).await?,
                    None => None,
                };
                let (report, delivery) = match noted {
                    Some((report, row)) => (report, Some(convert::to_proto(&row))),
                    None => (MailReport::Unrecognised, None),
                };
                Ok(proto::IngestMailResponse {
                    report: report.number(),
                    delivery,
                })
            })
            .await
    }
}

/// The delivery that the caller names.
async fn find(
    ctx: &Context,
    txn: &DatabaseTransaction,
    subject: &Subject<'_>,
) -> Result<Model, Error> {
    match subject {
        Subject::Delivery(name) => {
            let [id] = DELIVERY.parse("delivery", name)?;
            delivery::get(ctx, txn, id).await
        }
        Subject::Provider(id)
            if id.is_empty() || id.len() > MAX_PROVIDER_ID || id.contains('\0') =>
        {
            Err(Error::invalid(
                "provider_message_id",
                "must have 1 to 200 characters",
            ))
        }
        Subject::Provider(id) => {
            let known = delivery::known_as(ctx, txn, id).await?;
            // By no name: the id is the caller's.
            known.ok_or_else(|| Error::not_found("deliveries/-".to_owned()))
        }
    }
}

/// Notes what a mail says, if it is about a message of ours that was sent.
async fn found(
    outbound: &Outbound,
    ctx: &Context,
    txn: &DatabaseTransaction,
    finding: &MailFinding,
) -> Result<Option<(MailReport, Model)>, Error> {
    let row = delivery::find(ctx, txn, finding.delivery).await?;
    let row = row.filter(|row| row.attempt_count > 0);
    let (Some(row), Some(feedback)) = (row, Feedback::of(finding.report)) else {
        return Ok(None);
    };
    let code = finding.status_code.as_deref();
    let row = note(outbound, ctx, txn, row, (feedback, code)).await?;
    Ok(Some((finding.report, row)))
}

/// Notes what became known of a delivery. What is known already changes nothing.
async fn note(
    outbound: &Outbound,
    ctx: &Context,
    txn: &DatabaseTransaction,
    row: Model,
    (feedback, status_code): (Feedback, Option<&str>),
) -> Result<Model, Error> {
    let from = delivery::state(&row)?;
    if row.attempt_count == 0 {
        return Err(Error::InvalidState {
            resource: DELIVERY.format(&[row.delivery_id]),
            state: from.label(),
            why: "was never sent. Check which delivery it is about.",
        });
    }
    let to = feedback.moves(from);
    let noted = with_feedback(ctx, row.clone(), feedback, status_code);
    let row = match (to == from, noted == row) {
        (true, true) => row,
        (true, false) => delivery::update(ctx, txn, noted).await?,
        (false, _) => {
            // Whatever comes back of a message shows that it was sent.
            permit::made(ctx, txn, [row.customer_id, row.contact_permit_id]).await?;
            end(outbound, ctx, txn, noted, to).await?
        }
    };
    match feedback {
        Feedback::HardBounce => suppress(ctx, txn, &row, AddressProblem::Bounced).await?,
        Feedback::Complaint => suppress(ctx, txn, &row, AddressProblem::Complained).await?,
        Feedback::SoftBounce | Feedback::Delivered => {}
    }
    Ok(row)
}

fn with_feedback(
    ctx: &Context,
    row: Model,
    feedback: Feedback,
    status_code: Option<&str>,
) -> Model {
    match feedback {
        Feedback::HardBounce | Feedback::SoftBounce => Model {
            failure: Some(FailureClass::bounced(status_code).as_str().to_owned()),
            ..row
        },
        Feedback::Complaint => Model {
            complain_time: Some(row.complain_time.unwrap_or(ctx.now)),
            ..row
        },
        Feedback::Delivered => row,
    }
}

/// Takes the address that a delivery went to out of use, for everybody who has it. The one place
/// that does so for what comes back from outside.
async fn suppress(
    ctx: &Context,
    txn: &DatabaseTransaction,
    delivery: &Model,
    problem: AddressProblem,
) -> Result<(), Error> {
    let Some(digest) = &delivery.address_digest else {
        return Ok(());
    };
    suppression::take_out_of_use(ctx, txn, digest, problem).await?;
    mark(ctx, txn, delivery, problem).await
}

/// Notes the problem with the contact point. One that was removed meanwhile is not there to be
/// marked; its address is suppressed all the same, for it may be recorded again.
async fn mark(
    ctx: &Context,
    txn: &DatabaseTransaction,
    delivery: &Model,
    problem: AddressProblem,
) -> Result<(), Error> {
    let Some(id) = delivery.contact_point_id else {
        return Ok(());
    };
    let of = [delivery.customer_id, id];
    let Some(before) = contact_point::find(ctx, txn, of).await? else {
        return Ok(());
    };
    let mut address = contact_point::from_row(&before)?;
    let state = address.state();
    address.report(problem, ctx.now);
    if address.state() == state {
        return Ok(());
    }
    let row = contact_point::update(ctx, txn, before, &address).await?;
    let version = row.version;
    let changed = events::contact_point_changed(&convert_point::to_proto(row)?, version);
    Ok(outbox::append(txn, ctx, &[changed]).await?)
}
