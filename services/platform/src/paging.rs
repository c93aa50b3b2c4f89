//! Pages of a list by key (AIP-158). A token says where the next page starts; only we can
//! read or write one, and it fits only the list it came from.

use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest as _, Sha256};

use crate::config::Secret;
use crate::error::PlatformError;
use crate::identity::Context;
use crate::key::SecretKey;
use crate::seal::Seal;

/// Longest token we read, in characters. Keys are a few ids and texts.
const MAX_TOKEN_LENGTH: usize = 4_096;

/// Seals and opens page tokens. Every replica has the same key, so that any of them serves
/// the next page.
#[derive(Clone)]
pub struct PageTokens {
    seal: Seal,
}

/// What identifies a list: a token from another one is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fingerprint([u8; 32]);

impl Fingerprint {
    /// Of all parts of the request that choose and order the rows: parent, filter, order.
    pub fn of(parts: &[&str]) -> Self {
        let mut hash = Sha256::new();
        for part in parts {
            // With its length, so that no two different lists of parts look alike.
            hash.update(part.len().to_be_bytes());
            hash.update(part);
        }
        Self(hash.finalize().into())
    }
}

/// How many rows a page has when the caller does not say, and at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageSizes {
    /// For a `page_size` of 0.
    pub default: u32,
    /// A larger `page_size` is lowered to this.
    pub max: u32,
}

/// The paging part of a list request.
#[derive(Clone, Copy, Debug)]
pub struct ListRequest<'a> {
    /// The list's RPC, such as `rapport.customer.v1.CustomerService/ListCustomers`.
    pub method: &'static str,
    /// The rest of the request.
    pub query: Fingerprint,
    /// As sent.
    pub page_size: i32,
    /// As sent.
    pub page_token: &'a str,
}

/// A page to be read: from where, and how many rows.
#[derive(Clone)]
pub struct Page<K> {
    /// Rows on the page, at least 1.
    pub size: u32,
    /// Read what comes after this key; from the start without one.
    pub after: Option<K>,
    tokens: PageTokens,
    binding: Vec<u8>,
}

impl PageTokens {
    /// Tokens sealed with the key of a setting, base64 of 32 random bytes. When it is empty, one
    /// is made, and tokens end with the process.
    ///
    /// # Errors
    /// `Internal`, with what was being read, when it holds no key.
    pub fn configured(reading: &'static str, key: &Secret<String>) -> Result<Self, PlatformError> {
        Ok(Self::new(&SecretKey::configured(reading, key)?))
    }

    /// Tokens sealed with `key`.
    pub fn new(key: &SecretKey) -> Self {
        Self {
            seal: Seal::new(key),
        }
    }

    /// The page that the caller asks for.
    ///
    /// # Errors
    /// `Invalid` for a negative page size; `PageTokenInvalid` for a token that was altered
    /// or comes from another tenant, method or query.
    pub fn open<K: DeserializeOwned>(
        &self,
        ctx: &Context,
        list: &ListRequest<'_>,
        sizes: PageSizes,
    ) -> Result<Page<K>, PlatformError> {
        let size = page_size(list.page_size, sizes)?;
        let binding = binding(ctx, list);
        let after = match list.page_token {
            "" => None,
            token => Some(
                self.unseal(token, &binding)
                    .ok_or(PlatformError::PageTokenInvalid)?,
            ),
        };
        Ok(Page {
            size,
            after,
            tokens: self.clone(),
            binding,
        })
    }

    fn unseal<K: DeserializeOwned>(&self, token: &str, binding: &[u8]) -> Option<K> {
        if token.len() > MAX_TOKEN_LENGTH {
            return None;
        }
        let key = self.seal.open(token, binding)?;
        serde_json::from_slice(&key).ok()
    }

    fn seal<K: Serialize>(&self, key: &K, binding: &[u8]) -> Result<String, PlatformError> {
        let fault = |cause: String| PlatformError::internal("sealing a page token", cause);
        let key = serde_json::to_vec(key).map_err(|error| fault(error.to_string()))?;
        let token = self.seal.seal(&key, binding)?;
        if token.len() > MAX_TOKEN_LENGTH {
            return Err(fault(format!("{} characters", token.len())));
        }
        Ok(token)
    }
}

impl<K: Serialize> Page<K> {
    /// How many rows to fetch: one more than the page has tells whether another follows.
    pub fn limit(&self) -> u64 {
        u64::from(self.size) + 1
    }

    /// Cuts the fetched rows to the page and makes the next page's token from the `key` of
    /// its last row; the token is empty on the last page.
    pub fn finish<R>(
        &self,
        mut rows: Vec<R>,
        key: impl FnOnce(&R) -> K,
    ) -> Result<(Vec<R>, String), PlatformError> {
        let size = usize::try_from(self.size).unwrap_or(usize::MAX);
        if rows.len() <= size {
            return Ok((rows, String::new()));
        }
        rows.truncate(size);
        let token = match rows.last() {
            Some(last) => self.next_token(&key(last))?,
            None => String::new(),
        };
        Ok((rows, token))
    }

    /// The token of the page that starts after `key`.
    pub fn next_token(&self, key: &K) -> Result<String, PlatformError> {
        self.tokens.seal(key, &self.binding)
    }
}

fn page_size(asked: i32, sizes: PageSizes) -> Result<u32, PlatformError> {
    let asked = u32::try_from(asked).map_err(|_| {
        let why = format!(
            "must not be negative; 0 means {}, at most {}",
            sizes.default, sizes.max
        );
        PlatformError::invalid("page_size", why)
    })?;
    let size = if asked == 0 { sizes.default } else { asked };
    Ok(size.min(sizes.max).max(1))
}

/// What a token is bound to, authenticated but not stored in it.
fn binding(ctx: &Context, list: &ListRequest<'_>) -> Vec<u8> {
    // The parts before the method have a fixed length, so the whole is unambiguous.
    [
        b"rapport page token 1".as_slice(),
        ctx.tenant.as_uuid().as_bytes(),
        &list.query.0,
        list.method.as_bytes(),
    ]
    .concat()
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;
    use crate::identity::{Actor, TenantId};
    use crate::time::Timestamp;

    const SIZES: PageSizes = PageSizes { default: 2, max: 3 };

    fn context(tenant: u128) -> Context {
        let actor = Actor::parse("users/ada").unwrap();
        Context::new(
            TenantId::new(Uuid::from_u128(tenant)),
            actor,
            Timestamp::EPOCH,
        )
    }

    fn list(page_size: i32, page_token: &str) -> ListRequest<'_> {
        let query = Fingerprint::of(&["customers/-", "kind = PERSON"]);
        ListRequest {
            method: "Customers/List",
            query,
            page_size,
            page_token,
        }
    }

    fn open(tokens: &PageTokens, list: &ListRequest<'_>) -> Result<Page<u32>, PlatformError> {
        tokens.open(&context(1), list, SIZES)
    }

    /// Reads page after page of `rows` as a store would.
    fn walk(tokens: &PageTokens, rows: &[u32]) -> Vec<Vec<u32>> {
        let mut pages = Vec::new();
        let mut token = String::new();
        loop {
            let page = open(tokens, &list(0, &token)).unwrap();
            let fetched = rows
                .iter()
                .copied()
                .filter(|row| page.after.is_none_or(|after| *row > after))
                .take(page.limit() as usize)
                .collect();
            let (rows, next) = page.finish(fetched, |row| *row).unwrap();
            pages.push(rows);
            if next.is_empty() {
                return pages;
            }
            token = next;
        }
    }

    #[test]
    fn every_row_is_on_one_page_and_the_last_has_no_token() {
        let tokens = PageTokens::new(&SecretKey::generate());
        assert_eq!(walk(&tokens, &[1, 2, 3, 4]), [[1, 2], [3, 4]]);
        assert_eq!(walk(&tokens, &[1, 2, 3]), [vec![1, 2], vec![3]]);
        assert_eq!(walk(&tokens, &[]), [vec![0; 0]]);
    }

    #[test]
    fn the_size_is_defaulted_lowered_or_refused() {
        let tokens = PageTokens::new(&SecretKey::generate());
        let size = |asked| open(&tokens, &list(asked, "")).map(|page| page.size);
        assert_eq!(size(0).unwrap(), 2);
        assert_eq!(size(1).unwrap(), 1);
        assert_eq!(size(i32::MAX).unwrap(), 3);
        let refused = size(-1).unwrap_err();
        assert!(matches!(refused, PlatformError::Invalid(v) if v[0].field == "page_size"));
    }

    #[test]
    fn a_token_fits_only_its_own_list() {
        let key = SecretKey::generate();
        let tokens = PageTokens::new(&key);
        let token = open(&tokens, &list(0, "")).unwrap().next_token(&7).unwrap();
        assert_eq!(
            open(&PageTokens::new(&key), &list(3, &token))
                .unwrap()
                .after,
            Some(7)
        );

        let own = list(0, &token);
        let other_query = ListRequest {
            query: Fingerprint::of(&["customers/-", ""]),
            ..own
        };
        let other_method = ListRequest {
            method: "Roles/List",
            ..own
        };
        let refused =
            |page: Result<Page<u32>, _>| matches!(page, Err(PlatformError::PageTokenInvalid));
        assert!(refused(open(&tokens, &other_query)));
        assert!(refused(open(&tokens, &other_method)));
        assert!(refused(tokens.open(&context(2), &own, SIZES)));
        assert!(refused(open(
            &PageTokens::new(&SecretKey::generate()),
            &own
        )));
    }

    #[test]
    fn tokens_are_text_for_urls_and_never_repeat() {
        let page = open(&PageTokens::new(&SecretKey::generate()), &list(0, "")).unwrap();
        let (first, second) = (page.next_token(&1).unwrap(), page.next_token(&1).unwrap());
        assert_ne!(first, second);
        assert!(
            first
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
        );
    }

    #[test]
    fn parts_of_a_query_do_not_run_together() {
        assert_ne!(Fingerprint::of(&["ab", "c"]), Fingerprint::of(&["a", "bc"]));
        assert_ne!(Fingerprint::of(&["a"]), Fingerprint::of(&["a", ""]));
    }

    #[test]
    fn a_key_too_long_for_a_token_is_our_fault_and_not_a_broken_list() {
        let tokens = PageTokens::new(&SecretKey::generate());
        let page: Page<String> = tokens.open(&context(1), &list(0, ""), SIZES).unwrap();
        let refused = page.next_token(&"x".repeat(MAX_TOKEN_LENGTH)).unwrap_err();
        assert!(matches!(refused, PlatformError::Internal(..)));
    }

    proptest! {
        #[test]
        fn an_altered_token_is_refused(at: prop::sample::Index, bit in 0..8u8) {
            let tokens = PageTokens::new(&SecretKey::generate());
            let token = open(&tokens, &list(0, "")).unwrap().next_token(&7).unwrap();
            let mut bytes = URL_SAFE_NO_PAD.decode(&token).unwrap();
            let at = at.index(bytes.len());
            bytes[at] ^= 1 << bit;
            let altered = URL_SAFE_NO_PAD.encode(bytes);
            prop_assert!(open(&tokens, &list(0, &altered)).is_err());
        }

        #[test]
        fn no_token_panics(token in "\\PC{0,200}") {
            let tokens = PageTokens::new(&SecretKey::generate());
            prop_assert_eq!(open(&tokens, &list(0, &token)).is_ok(), token.is_empty());
        }
    }
}
