//! A mail server beside the suite.

use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::timeout;

const PATIENCE: Duration = Duration::from_secs(30);
const MAIL_SERVER: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../services/customer/src/grpc/tests/delivery/smtpd.py"
);

/// A mail server in a process of its own.
pub struct MailProcess {
    port: u16,
    mails: Lines<BufReader<ChildStdout>>,
    _process: Child,
}

impl MailProcess {
    pub async fn start() -> Self {
        let python = std::env::var("RAPPORT_TOOLS_PYTHON")
            .unwrap_or_else(|_| panic!("set RAPPORT_TOOLS_PYTHON or run `cargo xtask test`"));
        let mut process = Command::new(python)
            .arg(MAIL_SERVER)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut mails = BufReader::new(process.stdout.take().unwrap()).lines();
        let port = mails.next_line().await.unwrap().unwrap().parse().unwrap();
        Self {
            port,
            mails,
            _process: process,
        }
    }

    /// The next mail that it took: `from`, `to`, `content`.
    pub async fn mail(&mut self) -> Value {
        let line = timeout(PATIENCE, self.mails.next_line()).await.unwrap();
        serde_json::from_str(&line.unwrap().unwrap()).unwrap()
    }

    /// What the suite has to be told of it.
    pub fn settings(&self) -> Vec<(String, String)> {
        let of = |name: &str, value: &str| {
            (format!("RAPPORT__CUSTOMER__SMTP__{name}"), value.to_owned())
        };
        vec![
            of("HOST", "127.0.0.1"),
            of("PORT", &self.port.to_string()),
            of("TLS", "none"),
            of("FROM", "Shop <shop@crm.example.com>"),
            of("BOUNCES", "bounces@crm.example.com"),
            // What a process held that was killed is taken up soon.
            (
                "RAPPORT__CUSTOMER__DELIVERY__LEASE".to_owned(),
                "4s".to_owned(),
            ),
            (
                "RAPPORT__CUSTOMER__DELIVERY__FIRST_DELAY".to_owned(),
                "1s".to_owned(),
            ),
        ]
    }
}
