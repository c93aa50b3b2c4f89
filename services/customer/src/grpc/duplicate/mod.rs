//! `DuplicateService`.

mod scanner;

use rapport_platform::etag::Etag;
use rapport_platform::identity::Context;
use rapport_platform::paging::{Fingerprint, ListRequest, PageSizes};
use rapport_platform::rpcs;
use rapport_proto::rapport::customer::v1 as proto;
use rapport_proto::rapport::customer::v1::find_duplicates_request::Of;
use uuid::Uuid;

pub(crate) use scanner::DuplicateScanner;

use super::Shared;
use super::convert::{customer as convert_customer, duplicate as convert};
use crate::domain::identity::CandidateState;
use crate::domain::identity::duplicates::{DuplicatePolicy, Score, Traits};
use crate::error::{Error, faults_of};
use crate::resource::{self, CUSTOMER, DUPLICATE_CANDIDATE, DUPLICATE_SCAN};
use crate::store::customer;
use crate::store::identity::{candidate, find, index, policy, scan};

const MATCHES: PageSizes = PageSizes {
    default: 10,
    max: 100,
};
const QUEUE: PageSizes = PageSizes {
    default: 50,
    max: 1_000,
};
/// The name of the only policy of a tenant.
const POLICY: &str = "duplicatePolicy";

/// Finds customers that were recorded more than once.
pub(crate) struct Duplicates(pub(crate) Shared);

rpcs! {
    "rapport.customer.v1.DuplicateService" for Duplicates {
        find_duplicates(proto::FindDuplicatesRequest) -> proto::FindDuplicatesResponse = find;
        start_duplicate_scan(proto::StartDuplicateScanRequest) -> proto::DuplicateScan = start_scan;
        get_duplicate_scan(proto::GetDuplicateScanRequest) -> proto::DuplicateScan = get_scan;
        list_duplicate_candidates(proto::ListDuplicateCandidatesRequest)
            -> proto::ListDuplicateCandidatesResponse = list;
        dismiss_duplicate_candidate(proto::DismissDuplicateCandidateRequest)
            -> proto::DuplicateCandidate = dismiss;
        get_duplicate_policy(proto::GetDuplicatePolicyRequest)
            -> proto::DuplicatePolicy = get_policy;
        set_duplicate_policy(proto::SetDuplicatePolicyRequest)
            -> proto::DuplicatePolicy = set_policy;
    }
}

impl Duplicates {
    async fn find(
        &self,
        ctx: Context,
        request: proto::FindDuplicatesRequest,
    ) -> Result<proto::FindDuplicatesResponse, Error> {
        let (limit, ctx, db) = (limit(request.page_size)?, &ctx, self.0.db.read());
        let least = match request.min_score {
            0.0 => policy::from_row(policy::get(ctx, db).await?.as_ref()).review(),
            score => Score::parse(score).map_err(|fault| fault.at("min_score"))?,
        };
        let (traits, own) = match request.of {
            Some(Of::Customer(name)) => self.recorded(ctx, &name).await?,
            Some(Of::Traits(new)) => {
                let region = self.0.region_of_tenant(ctx, db).await?;
                let traits = convert::traits(ctx, &new, region);
                (traits.map_err(faults_of("traits"))?, None)
            }
            None => return Err(Error::missing("customer")),
        };
        let found = find::find(ctx, db, &traits, own, least, limit).await?;
        let ids: Vec<Uuid> = found.iter().map(|it| it.customer).collect();
        let mut records = customer::get_records(ctx, db, &ids).await?;
        let matches = found.into_iter().filter_map(|it| {
            let record = records.remove(&it.customer)?;
            let customer = convert_customer::to_proto(record);
            Some(customer.map(|customer| convert::matched(customer, &it.matched)))
        });
        Ok(proto::FindDuplicatesResponse {
            matches: matches.collect::<Result<_, _>>()?,
        })
    }

    /// What is recorded of a customer.
    async fn recorded(&self, ctx: &Context, name: &str) -> Result<(Traits, Option<Uuid>), Error> {
        let [id] = CUSTOMER.parse("customer", name)?;
        let db = self.0.db.read();
        let id = customer::get(ctx, db, id).await?.customer_id;
        let traits = index::traits(ctx, db, &[id]).await?.remove(&id);
        let traits = traits.ok_or_else(|| Error::not_found(resource::customer(id)))?;
        Ok((traits, Some(id)))
    }

    async fn start_scan(
        &self,
        ctx: Context,
        request: proto::StartDuplicateScanRequest,
    ) -> Result<proto::DuplicateScan, Error> {
        let ctx = &ctx;
        self.0
            .once(ctx, &request, |txn| async move {
                Ok(convert::scan(scan::start(ctx, &txn).await?))
            })
            .await
    }

    async fn get_scan(
        &self,
        ctx: Context,
        request: proto::GetDuplicateScanRequest,
    ) -> Result<proto::DuplicateScan, Error> {
        let [id] = DUPLICATE_SCAN.parse("name", &request.name)?;
        Ok(convert::scan(scan::get(&ctx, self.0.db.read(), id).await?))
    }

    async fn list(
        &self,
        ctx: Context,
        request: proto::ListDuplicateCandidatesRequest,
    ) -> Result<proto::ListDuplicateCandidatesResponse, Error> {
        let proto::ListDuplicateCandidatesRequest {
            state,
            min_score,
            page_size,
            page_token,
        } = request;
        let wanted = match state {
            0 => CandidateState::Open,
            state => CandidateState::try_from(state).map_err(|fault| fault.at("state"))?,
        };
        let least = Score::parse(min_score).map_err(|fault| fault.at("min_score"))?;
        let list = ListRequest {
            method: "rapport.customer.v1.DuplicateService/ListDuplicateCandidates",
            query: Fingerprint::of(&[wanted.label(), &least.code().to_string()]),
            page_size,
            page_token: &page_token,
        };
        let page = self.0.page_tokens.open(&ctx, &list, QUEUE)?;
        let db = self.0.db.read();
        let rows = candidate::list(&ctx, db, wanted, least, page.after, page.limit()).await?;
        let (rows, next_page_token) = page.finish(rows, |row| candidate::Position::from(row))?;
        let duplicate_candidates = rows.into_iter().map(convert::candidate);
        Ok(proto::ListDuplicateCandidatesResponse {
            duplicate_candidates: duplicate_candidates.collect::<Result<_, _>>()?,
            next_page_token,
        })
    }

    async fn dismiss(
        &self,
        ctx: Context,
        request: proto::DismissDuplicateCandidateRequest,
    ) -> Result<proto::DuplicateCandidate, Error> {
        let [id] = DUPLICATE_CANDIDATE.parse("name", &request.name)?;
        let (ctx, name) = (&ctx, &request.name);
        self.0
            .once(ctx, &request, |txn| async move {
                let row = candidate::get(ctx, &*txn, id).await?;
                let one = customer::get(ctx, &*txn, row.customer_id).await?;
                let other = customer::get(ctx, &*txn, row.other_id).await?;
                if one.customer_id == other.customer_id {
                    return Err(Error::InvalidState {
                        resource: name.clone(),
                        state: "MERGED",
                        why: "can't be dismissed: the two are merged. Undo the merge first.",
                    });
                }
                convert::candidate(candidate::dismiss(ctx, &txn, row).await?)
            })
            .await
    }

    async fn get_policy(
        &self,
        ctx: Context,
        request: proto::GetDuplicatePolicyRequest,
    ) -> Result<proto::DuplicatePolicy, Error> {
        if request.name != POLICY {
            return Err(Error::invalid("name", "must be `duplicatePolicy`"));
        }
        let row = policy::get(&ctx, self.0.db.read()).await?;
        Ok(convert::policy(POLICY, row.as_ref()))
    }

    async fn set_policy(
        &self,
        ctx: Context,
        request: proto::SetDuplicatePolicyRequest,
    ) -> Result<proto::DuplicatePolicy, Error> {
        let sent = request.duplicate_policy.as_ref();
        let sent = sent.ok_or_else(|| Error::missing("duplicate_policy"))?;
        let wanted = DuplicatePolicy::parse(sent.review_score, sent.auto_score, sent.auto_merge)
            .map_err(faults_of("duplicate_policy"))?;
        let ctx = &ctx;
        self.0
            .once(ctx, &request, |txn| async move {
                let before = policy::get(ctx, &*txn).await?;
                let version = before.as_ref().map_or(0, |row| row.version);
                Etag::check(POLICY, &sent.etag, version)?;
                let row = policy::set(ctx, &txn, before, wanted).await?;
                Ok(convert::policy(POLICY, Some(&row)))
            })
            .await
    }
}

/// How many matches to answer.
fn limit(page_size: i32) -> Result<usize, Error> {
    let why = "must not be negative; 0 means 10, at most 100";
    let asked = u32::try_from(page_size).map_err(|_| Error::invalid("page_size", why))?;
    let size = if asked == 0 { MATCHES.default } else { asked };
    Ok(usize::try_from(size.min(MATCHES.max)).unwrap_or(usize::MAX))
}
