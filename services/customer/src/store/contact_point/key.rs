//! Digests of addresses.

use rapport_platform::key::SecretKey;

use crate::domain::contact_point::Address;

/// Makes the digests by which addresses are recognised. Keyed, because the addresses of the world
/// are few enough to be tried one by one: without the key, what is kept of an address after its
/// owner was erased leads to nobody.
///
/// The key stays for as long as the data: under another one no address would be recognised.
#[derive(Clone, Debug)]
pub(crate) struct AddressKey(SecretKey);

impl AddressKey {
    /// Digests under `key`.
    pub(crate) fn new(key: SecretKey) -> Self {
        Self(key)
    }

    /// What is the same for two spellings of one address.
    pub(crate) fn digest(&self, address: &Address) -> Vec<u8> {
        let identity = format!("{} {}", address.kind(), address.identity());
        self.0.authenticate(identity.as_bytes()).to_vec()
    }
}
