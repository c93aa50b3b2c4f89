//! The worker that searches for duplicates.

use std::time::Duration;

use rapport_platform::db::Lease;
use rapport_platform::error::PlatformError;
use rapport_platform::identity::{Actor, Context};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::domain::identity::CandidateState;
use crate::domain::identity::duplicates::DuplicatePolicy;
use crate::domain::identity::survivorship::Chosen;
use crate::error::Error;
use crate::grpc::Shared;
use crate::grpc::merge::join;
use crate::store::entity::duplicate_candidate::Model as Candidate;
use crate::store::entity::duplicate_scan::Model;
use crate::store::identity::{candidate, merge, policy, scan};

/// How often to look whether somebody asked for a search.
const PAUSE: Duration = Duration::from_secs(1);
/// Outlasts a step, so that the same process goes on.
const LEASE: Duration = Duration::from_secs(30);
/// Pairs of the queue that are read at a time.
const PAIRS_PER_PAGE: u64 = 50;
/// What a merge says that nobody asked for by itself.
const REASON: &str = "found by a search for duplicates";

/// Works on the searches of all tenants. Of all processes of the service one does, by a lease.
pub(crate) struct DuplicateScanner {
    shared: Shared,
    lease: Lease,
}

impl DuplicateScanner {
    /// A worker over the service's rows; [`DuplicateScanner::run`] starts it.
    pub(crate) fn new(shared: &Shared) -> Self {
        Self {
            lease: Lease::new(&shared.db, "duplicates", LEASE),
            shared: shared.clone(),
        }
    }

    /// Works until `stop`. A search that was broken off goes on from its last step.
    pub(crate) async fn run(self, stop: CancellationToken) {
        let rounds = async {
            loop {
                match self.round().await {
                    Ok(true) => {}
                    Ok(false) => sleep(PAUSE).await,
                    Err(error) => {
                        tracing::warn!(%error, "search for duplicates failed");
                        sleep(PAUSE).await;
                    }
                }
            }
        };
        // A step holds much; what waits for it need not.
        let _ = stop.run_until_cancelled(Box::pin(rounds)).await;
        if let Err(error) = self.lease.release().await {
            tracing::warn!(%error, "lease not released");
        }
    }

    /// Takes one search one step further; whether there was one.
    pub(crate) async fn round(&self) -> Result<bool, Error> {
        if !self.lease.acquire().await? {
            return Ok(false);
        }
        let Some(scan) = scan::next_running(self.shared.db.read()).await? else {
            return Ok(false);
        };
        let actor = Actor::parse(&scan.actor)
            .map_err(|fault| PlatformError::internal("reading a search", fault))?;
        let ctx = &Context::new(scan.tenant_id, actor, self.shared.clock.now());
        let policy = policy::get(ctx, self.shared.db.read()).await?;
        let policy = policy::from_row(policy.as_ref());
        let step = self
            .shared
            .db
            .write_txn(|txn| async move { scan::step(ctx, &txn, scan.scan_id, policy).await });
        let (scan, all) = step.await?;
        if all {
            self.finish(ctx, &scan, policy).await?;
        }
        Ok(true)
    }

    /// Merges what the policy has merged, and ends the search. Broken off, it begins again:
    /// what was merged is no pair any more.
    async fn finish(
        &self,
        ctx: &Context,
        scan: &Model,
        policy: DuplicatePolicy,
    ) -> Result<(), Error> {
        let merged = if policy.auto_merge() {
            self.merge_sure(ctx, policy).await?
        } else {
            0
        };
        let end = self
            .shared
            .db
            .write_txn(|txn| async move { scan::complete(ctx, &txn, scan, merged).await });
        end.await?;
        Ok(())
    }

    async fn merge_sure(&self, ctx: &Context, policy: DuplicatePolicy) -> Result<i64, Error> {
        let (mut merged, mut after) = (0, None);
        loop {
            let db = self.shared.db.read();
            let (state, least) = (CandidateState::Open, policy.auto());
            let pairs = candidate::list(ctx, db, state, least, after, PAIRS_PER_PAGE).await?;
            let Some(last) = pairs.last() else {
                return Ok(merged);
            };
            after = Some(candidate::Position::from(last));
            for pair in &pairs {
                self.lease.acquire().await?;
                merged += i64::from(self.merge_pair(ctx, pair).await?);
            }
        }
    }

    /// Merges a pair into the earlier recorded; false when the two can't be one, such as when
    /// one of them was merged or deleted meanwhile: then somebody has to look at it.
    async fn merge_pair(&self, ctx: &Context, pair: &Candidate) -> Result<bool, Error> {
        let merging = self.shared.db.write_txn(|txn| async move {
            let claimed = merge::claim(ctx, &txn, pair.customer_id, pair.other_id).await?;
            let reason = Some(REASON.to_owned());
            join(ctx, &txn, claimed, &Chosen::default(), reason).await
        });
        match merging.await {
            Ok(_) => Ok(true),
            Err(Error::Platform(PlatformError::NotFound(_) | PlatformError::Invalid(_))) => {
                Ok(false)
            }
            Err(error @ Error::Platform(_)) => Err(error),
            Err(_) => Ok(false),
        }
    }
}
