//! The links by which customers unsubscribe and confirm, and the tokens in them.
//!
//! A token is `{tenant}.{sealed}`. The tenant stands in the clear, because the gateway has to know
//! on whose behalf it asks before anybody can open the rest; it is authenticated with the rest.

use rapport_platform::error::PlatformError;
use rapport_platform::identity::{Context, TenantId};
use rapport_platform::key::SecretKey;
use rapport_platform::public_url::PublicUrl;
use rapport_platform::seal::Seal;
use rapport_proto::rapport::customer::v1::UnsubscribeLink;

use crate::domain::contact::link::{OptInRequest, Unsubscription};
use crate::error::Error;

/// What every token is bound to, before the tenant.
const BINDING: &[u8] = b"rapport link 1";
/// Value of `List-Unsubscribe-Post` (RFC 8058, 3.1).
const ONE_CLICK: &str = "List-Unsubscribe=One-Click";

/// Makes and reads links. Clones share the key.
#[derive(Clone)]
pub(crate) struct Links {
    seal: Seal,
    public_url: Option<PublicUrl>,
}

/// A link to one of the gateway's pages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Link {
    /// What the page hands back.
    pub(crate) token: String,
    /// Where the page is; none while nobody said where customers find the gateway.
    pub(crate) uri: Option<String>,
}

impl Links {
    /// Links under `key` to pages at `public_url`.
    pub(crate) fn new(key: &SecretKey, public_url: Option<PublicUrl>) -> Self {
        let seal = Seal::new(key);
        Self { seal, public_url }
    }

    /// The link by which a customer unsubscribes.
    pub(crate) fn to_unsubscribe(
        &self,
        ctx: &Context,
        from: &Unsubscription,
    ) -> Result<Link, PlatformError> {
        self.link(ctx, "/u/", &from.to_bytes())
    }

    /// The link by which a customer confirms an opt-in.
    pub(crate) fn to_confirm(
        &self,
        ctx: &Context,
        request: OptInRequest,
    ) -> Result<Link, PlatformError> {
        self.link(ctx, "/c/", &request.to_bytes())
    }

    /// From what a token unsubscribes.
    pub(crate) fn unsubscription(
        &self,
        ctx: &Context,
        token: &str,
    ) -> Result<Unsubscription, Error> {
        let content = self.open(ctx, token);
        let link = content.and_then(|content| Unsubscription::from_bytes(&content));
        link.ok_or_else(not_ours)
    }

    /// Which opt-in a token confirms.
    pub(crate) fn opt_in(&self, ctx: &Context, token: &str) -> Result<OptInRequest, Error> {
        let content = self.open(ctx, token);
        let request = content.and_then(|content| OptInRequest::from_bytes(&content));
        request.ok_or_else(not_ours)
    }

    fn link(&self, ctx: &Context, page: &str, content: &[u8]) -> Result<Link, PlatformError> {
        let sealed = self.seal.seal(content, &binding(ctx.tenant))?;
        let token = format!("{}.{sealed}", ctx.tenant);
        let at = |url: &PublicUrl| url.at(&format!("{page}{token}"));
        let uri = self.public_url.as_ref().map(at);
        Ok(Link { token, uri })
    }

    fn open(&self, ctx: &Context, token: &str) -> Option<Vec<u8>> {
        let sealed = token
            .strip_prefix(&ctx.tenant.to_string())?
            .strip_prefix('.')?;
        self.seal.open(sealed, &binding(ctx.tenant))
    }
}

/// A link by which `uri` unsubscribes, with the headers that say so in an e-mail (RFC 2369, 3.2;
/// RFC 8058, 3.1).
pub(crate) fn with_headers(token: String, uri: String) -> UnsubscribeLink {
    UnsubscribeLink {
        token,
        list_unsubscribe: format!("<{uri}>"),
        list_unsubscribe_post: ONE_CLICK.to_owned(),
        uri,
    }
}

/// All that is told about a bad token: whoever tries some learns nothing.
pub(crate) fn not_ours() -> Error {
    Error::invalid(
        "token",
        "is none of our tokens: use the link as it was sent",
    )
}

fn binding(tenant: TenantId) -> Vec<u8> {
    [BINDING, tenant.as_uuid().as_bytes()].concat()
}
