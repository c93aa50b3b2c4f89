//! Reserves the leave to contact a customer at the customer service, and settles it.

use http::HeaderMap;
use rapport_platform::grpc_client;
use rapport_platform::identity::{
    Actor, CALL_ID_HEADER, IDENTITY_HEADER, InternalSigner, TenantId,
};
use rapport_platform::problem::FieldViolation;
use rapport_platform::server::ServiceLink;
use rapport_platform::time::Clock;
use rapport_proto::rapport::customer::v1::contact_permit_service_client::ContactPermitServiceClient;
use rapport_proto::rapport::customer::v1::{
    CheckContactRequest, ConfirmContactRequest, ContactPermitState, ReleaseContactRequest,
    ReserveContactRequest,
};
use sha2::{Digest as _, Sha256};
use tonic::metadata::{MetadataMap, MetadataValue};
use tonic::{Code, Request, Status};
use uuid::Uuid;

use crate::enforce::{Contact, Refusal};
use crate::identity::Identity;

/// The customer service's package: the link of this name is asked.
pub const CUSTOMER_PACKAGE: &str = "rapport.customer.v1";

/// Knows whom to ask.
#[derive(Clone)]
pub struct Outreach {
    link: ServiceLink,
    signer: InternalSigner,
    clock: Clock,
}

/// On whose behalf leave is asked for.
#[derive(Clone, Copy)]
pub struct Asking<'a> {
    /// Who calls.
    pub caller: &'a Identity,
    /// The RPC that he calls.
    pub method: &'a str,
    /// His call.
    pub call_id: Uuid,
}

/// The leave to make one contact.
#[derive(Clone)]
pub struct Permit {
    /// Its id, for the service behind.
    pub id: Uuid,
    name: String,
    /// Whether a call that was repeated has confirmed it already.
    confirmed: bool,
    /// For whom it was reserved, and in which call: it is settled in his name.
    tenant: TenantId,
    actor: Actor,
    call_id: Uuid,
}

/// How the call ended for which leave was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The contact was made, or will be.
    Made,
    /// It was not and will not be.
    NotMade,
    /// Nobody knows.
    Unknown,
}

impl Outreach {
    /// Asks over `link`, with identities signed by `signer`.
    pub fn new(link: ServiceLink, signer: InternalSigner, clock: Clock) -> Self {
        Self {
            link,
            signer,
            clock,
        }
    }

    /// Asks on the caller's behalf, for every purpose: which ones the customer's choice does
    /// not stop is for the customer service to say.
    ///
    /// # Errors
    /// When the contact is refused, or nobody could say that it may be made.
    pub async fn reserve(&self, contact: Contact, asking: Asking<'_>) -> Result<Permit, Refusal> {
        let customer_field = contact.customer_field.clone();
        let Asking {
            caller,
            method,
            call_id,
        } = asking;
        let mut request = Request::new(question(contact, method));
        *request.metadata_mut() = self.metadata(caller.tenant, &caller.actor, call_id)?;
        let mut client = grpc_client!(ContactPermitServiceClient, self.link.clone());
        let permit = client
            .reserve_contact(request)
            .await
            .map_err(|status| refusal(status, &customer_field))?
            .into_inner();
        let id = permit.name.rsplit('/').next();
        let id = id.and_then(|id| Uuid::try_parse(id).ok());
        Ok(Permit {
            id: id.ok_or_else(|| fault(&"a permit without a name"))?,
            confirmed: permit.state() == ContactPermitState::Confirmed,
            name: permit.name,
            tenant: caller.tenant,
            actor: caller.actor.clone(),
            call_id,
        })
    }

    /// Says how the call ended. Should that fail, the permit expires by itself: until then it
    /// counts, and whoever delivers the contact looks at it again.
    pub async fn settle(self, permit: Permit, outcome: Outcome) {
        if permit.confirmed || outcome == Outcome::Unknown {
            return;
        }
        if let Err(status) = self.tell(permit, outcome).await {
            tracing::warn!(code = ?status.code(), ?outcome, "a contact permit is not settled");
        }
    }

    async fn tell(self, permit: Permit, outcome: Outcome) -> Result<(), Status> {
        let Permit {
            name,
            tenant,
            actor,
            call_id,
            ..
        } = permit;
        // The call may have taken longer than its identity lasts.
        let metadata = self
            .metadata(tenant, &actor, call_id)
            .map_err(|refusal| refusal.into_status(call_id))?;
        let mut client = grpc_client!(ContactPermitServiceClient, self.link);
        match outcome {
            Outcome::Made => {
                let request = with(metadata, ConfirmContactRequest { name });
                client.confirm_contact(request).await.map(drop)
            }
            Outcome::NotMade => {
                let request = with(metadata, ReleaseContactRequest { name });
                client.release_contact(request).await.map(drop)
            }
            Outcome::Unknown => Ok(()),
        }
    }

    fn metadata(
        &self,
        tenant: TenantId,
        actor: &Actor,
        call_id: Uuid,
    ) -> Result<MetadataMap, Refusal> {
        let identity = self.signer.sign(tenant, actor, self.clock.now());
        let identity = identity.map_err(|error| fault(&error))?;
        let call_id = MetadataValue::try_from(call_id.to_string());
        let mut metadata = MetadataMap::new();
        metadata.insert(CALL_ID_HEADER, call_id.map_err(|error| fault(&error))?);
        metadata.as_mut().insert(IDENTITY_HEADER, identity);
        Ok(metadata)
    }
}

impl Outcome {
    /// What the head or the end of an answer says, if it has a status.
    pub fn of(headers: &HeaderMap) -> Option<Self> {
        let status = Status::from_header_map(headers)?;
        Some(match status.code() {
            Code::Ok => Self::Made,
            // The service, or the way to it, was lost: it may have done its work.
            Code::Unknown
            | Code::Internal
            | Code::Unavailable
            | Code::DeadlineExceeded
            | Code::Cancelled
            | Code::DataLoss => Self::Unknown,
            // Refused, or rolled back.
            _ => Self::NotMade,
        })
    }
}

fn question(contact: Contact, method: &str) -> ReserveContactRequest {
    let Contact {
        customer,
        customer_field: _,
        channel,
        purpose,
        topic,
        campaign,
        contact_point,
        request_id,
    } = contact;
    let request_id = match request_id.as_str() {
        "" => String::new(),
        id => id_of_repeated(method, id),
    };
    ReserveContactRequest {
        contact: Some(CheckContactRequest {
            customer,
            channel: channel.into(),
            purpose: purpose.into(),
            topic,
            campaign,
            contact_point,
        }),
        ttl: None,
        request_id,
    }
}

/// The permit's own id of a request: callers may use one id for different RPCs.
fn id_of_repeated(method: &str, request_id: &str) -> String {
    let hash = Sha256::new()
        .chain_update(method)
        .chain_update([0])
        .chain_update(request_id)
        .finalize();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash[..16]);
    uuid::Builder::from_custom_bytes(bytes)
        .into_uuid()
        .to_string()
}

fn with<T>(metadata: MetadataMap, message: T) -> Request<T> {
    let mut request = Request::new(message);
    *request.metadata_mut() = metadata;
    request
}

fn fault(error: &dyn std::fmt::Display) -> Refusal {
    tracing::error!(%error, "a contact permit cannot be asked for");
    Refusal::Internal
}

/// Nobody said yes, so it is a no; which one depends on why.
fn refusal(status: Status, customer_field: &str) -> Refusal {
    match status.code() {
        // About the customer: its choice, not there, deleted. The service's own words are the
        // best.
        Code::NotFound | Code::FailedPrecondition => Refusal::Answered(Box::new(status)),
        // It speaks of fields of the question, which the caller did not write.
        Code::InvalidArgument => {
            let why = "must name a customer (`customers/` and a UUID), with a contact point of \
                       this customer and a topic of the purpose, if any";
            Refusal::Invalid(vec![FieldViolation::new(customer_field, why)])
        }
        Code::DeadlineExceeded => Refusal::DeadlineExceeded,
        Code::Unavailable | Code::ResourceExhausted | Code::Aborted | Code::Cancelled => {
            Refusal::Unavailable
        }
        code => {
            tracing::error!(
                ?code,
                "the customer service did not say whether a contact may be made"
            );
            Refusal::Internal
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
            let refusal = refusal(Status::new(code, "secret"), "message.customer");
            assert_eq!(refusal.into_status(Uuid::nil()).code(), expected);
        }
    }

    #[test]
    fn only_a_sure_failure_gives_the_contact_up() {
        let outcome = |code: Code| {
            let mut headers = HeaderMap::new();
            Status::new(code, "").add_header(&mut headers).unwrap();
            Outcome::of(&headers)
        };
        assert_eq!(outcome(Code::Ok), Some(Outcome::Made));
        assert_eq!(outcome(Code::FailedPrecondition), Some(Outcome::NotMade));
        assert_eq!(outcome(Code::Aborted), Some(Outcome::NotMade));
        assert_eq!(outcome(Code::Unavailable), Some(Outcome::Unknown));
        assert_eq!(outcome(Code::DeadlineExceeded), Some(Outcome::Unknown));
        assert_eq!(Outcome::of(&HeaderMap::new()), None);
    }

    #[test]
    fn one_id_used_for_two_rpcs_is_two_requests() {
        let once = id_of_repeated("/a", "1");
        assert_eq!(once, id_of_repeated("/a", "1"));
        assert_ne!(once, id_of_repeated("/b", "1"));
    }
}
