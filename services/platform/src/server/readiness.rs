//! Checks that say whether a service can do its work now.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures::future::{BoxFuture, join_all};
use tokio::time::timeout;

/// A check that has not answered by then has failed.
const CHECK_TIMEOUT: Duration = Duration::from_secs(1);

/// A named condition for taking calls, such as `customer.database`.
#[derive(Clone)]
pub struct ReadinessCheck {
    name: Arc<str>,
    check: Arc<dyn Fn() -> BoxFuture<'static, Result<(), String>> + Send + Sync>,
}

impl ReadinessCheck {
    /// A condition that holds while `check` succeeds, in less than a second. Its error is
    /// logged and shown to nobody else.
    pub fn new<F, Fut, E>(name: impl Into<Arc<str>>, check: F) -> Self
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), E>> + Send + 'static,
        E: fmt::Display,
    {
        Self {
            name: name.into(),
            check: Arc::new(move || {
                let holds = check();
                Box::pin(async move { holds.await.map_err(|error| error.to_string()) })
            }),
        }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether it holds now.
    pub async fn holds(&self) -> bool {
        let error = match timeout(CHECK_TIMEOUT, (self.check)()).await {
            Ok(Ok(())) => return true,
            Ok(Err(error)) => error,
            Err(_) => "it did not answer in time".to_owned(),
        };
        tracing::warn!(check = self.name(), error, "not ready");
        false
    }
}

impl fmt::Debug for ReadinessCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ReadinessCheck").field(&self.name).finish()
    }
}

/// The names of the checks that fail now; all are asked at the same time.
pub(super) async fn failing(checks: &[ReadinessCheck]) -> Vec<&str> {
    let holds = join_all(checks.iter().map(ReadinessCheck::holds)).await;
    let failed = checks.iter().zip(holds).filter(|(_, holds)| !holds);
    failed.map(|(check, _)| check.name()).collect()
}
