//! What a link says that a customer gets: from what it unsubscribes, or which opt-in it confirms.
//!
//! A link holds all that it needs, so that no row is kept per message and the link in an old
//! message works for as long as anybody may click on it. Even after the customer was erased it
//! still names the address by its digest.

use uuid::Uuid;

use super::consent::entry::Subject;
use super::consent::{ConsentScope, address_id};
use super::policy::TopicId;
use crate::domain::channel::{Channel, Purpose};
use crate::domain::contact_point::AddressKind;

/// Length of an address digest.
const DIGEST_LENGTH: usize = 32;
const UNSUBSCRIBE: u8 = 1;
const CONFIRM: u8 = 2;

/// From what a link unsubscribes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unsubscription {
    /// Who.
    pub customer: Uuid,
    /// The address that the message went to.
    pub contact_point: Uuid,
    /// Keyed hash of that address.
    pub address_digest: [u8; DIGEST_LENGTH],
    /// Whether the message was an e-mail.
    pub by_email: bool,
    /// From which purpose.
    pub purpose: Purpose,
    /// From which of its topics; none: from all.
    pub topic: Option<TopicId>,
}

/// Which opt-in a link confirms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OptInRequest {
    /// Whose.
    pub customer: Uuid,
    /// The entry that waits.
    pub consent_event: Uuid,
}

impl Unsubscription {
    /// Whether a message to such an address is an e-mail.
    pub fn is_by_email(kind: AddressKind) -> bool {
        kind == AddressKind::Email
    }

    /// What the customer opts out of. Who unsubscribes from an e-mail means e-mail, at whichever
    /// address; on another channel nothing more than the address is known.
    pub fn subject(&self) -> Subject {
        self.subject_at(self.contact_point)
    }

    /// The same, as the ledger knows it.
    pub fn known_subject(&self) -> Subject {
        self.subject_at(address_id(&self.address_digest))
    }

    fn subject_at(&self, address: Uuid) -> Subject {
        let scope = match self.by_email {
            true => ConsentScope::Channel(Channel::Email),
            false => ConsentScope::ContactPoint(address),
        };
        Subject {
            scope,
            purpose: Some(self.purpose),
            topic: self.topic.clone(),
        }
    }

    /// The bytes to be sealed.
    pub fn to_bytes(&self) -> Vec<u8> {
        let purpose = u8::try_from(self.purpose.number()).unwrap_or_default();
        let topic = self.topic.as_ref().map_or("", TopicId::as_str);
        [
            &[UNSUBSCRIBE, purpose, u8::from(self.by_email)],
            self.customer.as_bytes().as_slice(),
            self.contact_point.as_bytes(),
            &self.address_digest,
            topic.as_bytes(),
        ]
        .concat()
    }

    /// Reads bytes that were sealed.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (&[kind, purpose, by_email], rest) = bytes.split_first_chunk()?;
        let (&customer, rest) = rest.split_first_chunk()?;
        let (&contact_point, rest) = rest.split_first_chunk()?;
        let (&address_digest, topic) = rest.split_first_chunk()?;
        let topic = match std::str::from_utf8(topic).ok()? {
            "" => None,
            id => Some(TopicId::parse(id).ok()?),
        };
        let purpose = Purpose::try_from(i32::from(purpose)).ok()?;
        (kind == UNSUBSCRIBE && by_email <= 1).then_some(Self {
            customer: Uuid::from_bytes(customer),
            contact_point: Uuid::from_bytes(contact_point),
            address_digest,
            by_email: by_email == 1,
            purpose,
            topic,
        })
    }
}

impl OptInRequest {
    /// The bytes to be sealed.
    pub fn to_bytes(self) -> Vec<u8> {
        [
            [CONFIRM].as_slice(),
            self.customer.as_bytes(),
            self.consent_event.as_bytes(),
        ]
        .concat()
    }

    /// Reads bytes that were sealed.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (&[kind], rest) = bytes.split_first_chunk()?;
        let (&customer, rest) = rest.split_first_chunk()?;
        let consent_event: [u8; 16] = rest.try_into().ok()?;
        (kind == CONFIRM).then_some(Self {
            customer: Uuid::from_bytes(customer),
            consent_event: Uuid::from_bytes(consent_event),
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn unsubscription(topic: Option<&str>, by_email: bool) -> Unsubscription {
        Unsubscription {
            customer: Uuid::from_u128(1),
            contact_point: Uuid::from_u128(2),
            address_digest: [3; 32],
            by_email,
            purpose: Purpose::Marketing,
            topic: topic.map(|id| TopicId::parse(id).unwrap()),
        }
    }

    #[test]
    fn a_link_says_later_what_it_said_when_it_was_made() {
        for topic in [None, Some("product-news")] {
            for by_email in [true, false] {
                let link = unsubscription(topic, by_email);
                assert_eq!(Unsubscription::from_bytes(&link.to_bytes()), Some(link));
            }
        }
        let request = OptInRequest {
            customer: Uuid::from_u128(1),
            consent_event: Uuid::from_u128(2),
        };
        assert_eq!(OptInRequest::from_bytes(&request.to_bytes()), Some(request));
    }

    #[test]
    fn one_kind_of_link_is_not_taken_for_the_other() {
        let bytes = unsubscription(None, true).to_bytes();
        assert_eq!(OptInRequest::from_bytes(&bytes), None);
        assert_eq!(OptInRequest::from_bytes(&bytes[..33]), None);
    }

    #[test]
    fn who_unsubscribes_from_an_email_means_email() {
        let of = |by_email| unsubscription(None, by_email).subject().scope;
        assert_eq!(of(true), ConsentScope::Channel(Channel::Email));
        assert_eq!(of(false), ConsentScope::ContactPoint(Uuid::from_u128(2)));
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..120)) {
            let _ = Unsubscription::from_bytes(&bytes);
            let _ = OptInRequest::from_bytes(&bytes);
        }
    }
}
