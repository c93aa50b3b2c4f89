//! Asks the customer service whether a contact is welcome.

use rapport_platform::grpc_client;
use rapport_platform::identity::{CALL_ID_HEADER, IDENTITY_HEADER, InternalSigner};
use rapport_platform::problem::FieldViolation;
use rapport_platform::server::ServiceLink;
use rapport_platform::time::Timestamp;
use rapport_proto::rapport::customer::v1::preference_service_client::PreferenceServiceClient;
use rapport_proto::rapport::customer::v1::{
    CheckContactRequest, CheckContactResponse, ContactRefusal as Reason,
};
use rapport_proto::rapport::r#type::v1::Channel;
use tonic::metadata::{MetadataMap, MetadataValue};
use tonic::{Code, Request, Status};
use uuid::Uuid;

use crate::enforce::{Contact, ContactRefusal, Refusal, channel_name};
use crate::identity::Identity;

/// The customer service's package: the link of this name is asked.
pub const CUSTOMER_PACKAGE: &str = "rapport.customer.v1";

/// Knows whom to ask.
#[derive(Clone)]
pub struct Outreach {
    link: ServiceLink,
    signer: InternalSigner,
}

impl Outreach {
    /// Asks over `link`, with identities signed by `signer`.
    pub fn new(link: ServiceLink, signer: InternalSigner) -> Self {
        Self { link, signer }
    }

    /// Asks on the caller's behalf, for every purpose: which ones the customer's choice does
    /// not stop is for the customer service to say.
    ///
    /// # Errors
    /// When the contact is refused, or nobody could say that it is welcome.
    pub async fn ask(
        &self,
        contact: Contact,
        caller: &Identity,
        call_id: Uuid,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        let mut request = Request::new(CheckContactRequest {
            customer: contact.customer.clone(),
            channel: contact.channel.into(),
            purpose: contact.purpose.into(),
        });
        self.sign(request.metadata_mut(), caller, call_id, now)?;
        let mut client = grpc_client!(PreferenceServiceClient, self.link.clone());
        let answer = client
            .check_contact(request)
            .await
            .map_err(|status| unanswered(status, &contact))?;
        judge(answer.into_inner(), contact)
    }

    fn sign(
        &self,
        metadata: &mut MetadataMap,
        caller: &Identity,
        call_id: Uuid,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        let fault = |error: &dyn std::fmt::Display| {
            tracing::error!(%error, "an internal identity cannot be made");
            Refusal::Internal
        };
        let identity = self
            .signer
            .sign(caller.tenant, &caller.actor, now)
            .map_err(|error| fault(&error))?;
        let call_id =
            MetadataValue::try_from(call_id.to_string()).map_err(|error| fault(&error))?;
        metadata.insert(CALL_ID_HEADER, call_id);
        metadata.as_mut().insert(IDENTITY_HEADER, identity);
        Ok(())
    }
}

fn judge(answer: CheckContactResponse, contact: Contact) -> Result<(), Refusal> {
    let CheckContactResponse {
        allowed,
        refusals,
        open_channels,
    } = answer;
    if allowed {
        return Ok(());
    }
    // Of several reasons the customer's own choice comes first: an address would not help.
    let without_address = Reason::NoUsableContactPoint as i32;
    Err(Refusal::Contact(ContactRefusal {
        contact,
        by_choice: refusals.iter().any(|reason| *reason != without_address) || refusals.is_empty(),
        open_channels: open_channels
            .into_iter()
            .filter_map(|channel| Channel::try_from(channel).ok())
            .map(channel_name)
            .collect::<Vec<_>>()
            .join(","),
    }))
}

/// Nobody said yes, so it is a no; which one depends on why.
fn unanswered(status: Status, contact: &Contact) -> Refusal {
    match status.code() {
        // About the customer: not there, deleted. The service's own words are the best.
        Code::NotFound | Code::FailedPrecondition => Refusal::Answered(Box::new(status)),
        // It speaks of fields of the question, which the caller did not write.
        Code::InvalidArgument => {
            let why = "must name a customer: `customers/` and a UUID";
            Refusal::Invalid(vec![FieldViolation::new(&contact.customer_field, why)])
        }
        Code::DeadlineExceeded => Refusal::DeadlineExceeded,
        Code::Unavailable | Code::ResourceExhausted | Code::Aborted | Code::Cancelled => {
            Refusal::Unavailable
        }
        code => {
            tracing::error!(
                ?code,
                "the customer service did not say whether a contact is welcome"
            );
            Refusal::Internal
        }
    }
}

#[cfg(test)]
mod tests {
    use rapport_proto::rapport::r#type::v1::Purpose;

    use super::*;

    fn contact() -> Contact {
        Contact {
            customer: "customers/1".to_owned(),
            customer_field: "message.customer".to_owned(),
            channel: Channel::Email,
            purpose: Purpose::Legal,
        }
    }

    fn answered(allowed: bool, refusals: &[Reason], open: &[Channel]) -> Result<(), Refusal> {
        let answer = CheckContactResponse {
            allowed,
            refusals: refusals.iter().map(|reason| (*reason).into()).collect(),
            open_channels: open.iter().map(|channel| (*channel).into()).collect(),
        };
        judge(answer, contact())
    }

    #[test]
    fn open_channels_keep_the_customers_order() {
        let open = [Channel::Sms, Channel::Phone, Channel::CallCentre];
        let refused = answered(false, &[Reason::ChannelRefused], &open).unwrap_err();
        let Refusal::Contact(refusal) = refused else {
            panic!("{refused}");
        };
        assert_eq!(refusal.open_channels, "SMS,PHONE,CALL_CENTRE");
        assert!(refusal.by_choice);
    }

    #[test]
    fn the_customers_choice_outweighs_a_missing_address() {
        let by_choice = |refusals: &[Reason]| match answered(false, refusals, &[]) {
            Err(Refusal::Contact(refusal)) => refusal.by_choice,
            other => panic!("{other:?}"),
        };
        assert!(!by_choice(&[Reason::NoUsableContactPoint]));
        assert!(by_choice(&[
            Reason::NoUsableContactPoint,
            Reason::ChannelRefused
        ]));
        assert!(by_choice(&[]), "a no without a reason stays a no");
        assert!(answered(true, &[], &[]).is_ok());
    }

    #[test]
    fn whoever_does_not_say_yes_says_no() {
        for (code, expected) in [
            (Code::NotFound, Code::NotFound),
            (Code::FailedPrecondition, Code::FailedPrecondition),
            (Code::InvalidArgument, Code::InvalidArgument),
            (Code::Unavailable, Code::Unavailable),
            (Code::DeadlineExceeded, Code::DeadlineExceeded),
            (Code::Unauthenticated, Code::Internal),
            (Code::Unimplemented, Code::Internal),
            (Code::Unknown, Code::Internal),
        ] {
            let refusal = unanswered(Status::new(code, "secret"), &contact());
            assert_eq!(refusal.into_status(Uuid::nil()).code(), expected);
        }
    }
}
