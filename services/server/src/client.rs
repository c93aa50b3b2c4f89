//! How the command line reaches a running suite.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::service::Interceptor;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Status};

/// Where the suite is and who is calling.
#[derive(Clone, Debug, clap::Args)]
pub struct Connection {
    /// Address of the gateway.
    #[arg(
        long,
        env = "RAPPORT_ADDRESS",
        default_value = "http://127.0.0.1:50051"
    )]
    pub address: String,
    /// File with the bearer token; the suite writes one for local callers.
    #[arg(long, env = "RAPPORT_TOKEN_FILE", default_value = "data/local.token")]
    pub token_file: PathBuf,
}

/// Time for a call that streams a file of any length, the longest that a suite allows by default.
/// The gateway's own for streams would break long files off.
const WHOLE_FILE: Duration = Duration::from_secs(24 * 60 * 60);

/// A request whose stream lasts as long as its file.
pub fn whole_file<T>(messages: T) -> Request<T> {
    let mut request = Request::new(messages);
    request.set_timeout(WHOLE_FILE);
    request
}

/// A connection on which every call carries the caller's token.
pub type Caller = InterceptedService<Channel, Bearer>;

impl Connection {
    /// Connects, so that a suite that is not running is noticed at once.
    pub async fn open(&self) -> anyhow::Result<Caller> {
        let token = std::fs::read_to_string(&self.token_file).with_context(|| {
            format!(
                "can't read the token file {}; start the suite first, or pass --token-file",
                self.token_file.display()
            )
        })?;
        let channel = Endpoint::from_shared(self.address.clone())?
            .connect_timeout(Duration::from_secs(5))
            .tcp_nodelay(true)
            .connect()
            .await
            .with_context(|| {
                format!(
                    "no suite answers at {}; start one with `rapport serve`",
                    self.address
                )
            })?;
        Ok(InterceptedService::new(channel, Bearer::new(token.trim())?))
    }
}

/// Adds the bearer token to each call.
#[derive(Clone)]
pub struct Bearer(MetadataValue<Ascii>);

impl Bearer {
    /// Calls as the holder of this token.
    pub fn new(token: &str) -> anyhow::Result<Self> {
        let value = format!("Bearer {token}").parse();
        Ok(Self(value.context("the token is not printable ASCII")?))
    }
}

impl Interceptor for Bearer {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        request
            .metadata_mut()
            .insert("authorization", self.0.clone());
        Ok(request)
    }
}
