//! Hands e-mails to the mail server in the configuration.

use std::error::Error as _;
use std::io;

use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, CertificateStore, Tls, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::transport::smtp::{AsyncSmtpTransportBuilder, Error as SmtpError, PoolConfig};
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Tokio1Executor};
use rapport_platform::error::PlatformError;
use tokio_rustls::rustls::Error as TlsError;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;

use super::config::{SmtpConfig, SmtpTls};
use super::dispatch::Outgoing;
use super::mail::Letterhead;
use super::report::Report;
use super::worker::Connect;
use crate::domain::delivery::{AttemptResult, Connector, FailureClass};

/// Replies that are about us and not about the message: a password that someone mistyped must
/// not fail everything that waits.
const ABOUT_US: [u16; 4] = [530, 534, 535, 538];

/// Sends by SMTP, over connections that it keeps.
pub(crate) struct SmtpConnector {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    letterhead: Letterhead,
}

impl SmtpConnector {
    /// A connector to the server in the settings. It connects when there is something to send.
    ///
    /// # Errors
    /// Names the setting that can't be used.
    pub(crate) fn new(config: &SmtpConfig) -> Result<Self, PlatformError> {
        let letterhead = Letterhead::new(config)?;
        let hello = if config.hello.is_empty() {
            letterhead.domain()
        } else {
            &config.hello
        };
        let mut builder = protected(config)?
            .hello_name(ClientId::Domain(hello.to_owned()))
            .timeout(Some(config.timeout))
            .pool_config(PoolConfig::new().max_size(config.pool_size.max(1)));
        if config.port != 0 {
            builder = builder.port(config.port);
        }
        if !config.user.is_empty() {
            let password = config.password.expose().clone();
            builder = builder.credentials(Credentials::new(config.user.clone(), password));
        }
        Ok(Self {
            transport: builder.build(),
            letterhead,
        })
    }
}

/// A transport with the usual port of its protection.
fn protected(config: &SmtpConfig) -> Result<AsyncSmtpTransportBuilder, PlatformError> {
    let builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(config.host.clone());
    Ok(match config.tls {
        SmtpTls::Starttls => builder.port(587).tls(Tls::Required(trusting(config)?)),
        SmtpTls::Implicit => builder.port(465).tls(Tls::Wrapper(trusting(config)?)),
        SmtpTls::None => builder,
    })
}

/// Whose word is taken for who the server is.
fn trusting(config: &SmtpConfig) -> Result<TlsParameters, PlatformError> {
    let mut parameters = TlsParameters::builder(config.host.clone());
    if !config.ca_file.is_empty() {
        parameters = parameters
            .certificate_store(CertificateStore::None)
            .add_root_certificate(authorities(&config.ca_file)?);
    }
    let parameters = parameters.build();
    parameters
        .map_err(|fault| PlatformError::internal("reading the setting customer.smtp.host", fault))
}

/// The certificates in a file. One without any would leave nobody to trust.
fn authorities(file: &str) -> Result<Certificate, PlatformError> {
    const READING: &str = "reading the setting customer.smtp.ca_file";
    let pem = std::fs::read(file).map_err(|fault| PlatformError::internal(READING, fault))?;
    if CertificateDer::pem_slice_iter(&pem).next().is_none() {
        return Err(PlatformError::internal(
            READING,
            "it holds no certificate in PEM",
        ));
    }
    Certificate::from_pem(&pem).map_err(|fault| PlatformError::internal(READING, fault))
}

impl Connect for SmtpConnector {
    const CONNECTOR: Connector = Connector::Smtp;

    async fn deliver(&self, outgoing: &Outgoing) -> Report {
        let Some(mail) = self.letterhead.compose(outgoing) else {
            let class = FailureClass::known("ADDRESS_UNUSABLE");
            return Report::failed(AttemptResult::FailedPermanently, class);
        };
        // A server that can't be reached has not sent anything. Without this question each
        // outage would make a possible duplicate of all that waits.
        let class = match self.transport.test_connection().await {
            Ok(true) => None,
            Ok(false) => Some(FailureClass::known("SMTP_CONNECTION")),
            Err(error) => Some(class_of(&error)),
        };
        if let Some(class) = class {
            return Report::failed(AttemptResult::FailedTemporarily, class);
        }
        match self.transport.send_raw(&mail.envelope, &mail.bytes).await {
            Ok(_) => Report::sent(mail.message_id),
            Err(error) => Report::failed(result_of(&error), class_of(&error)),
        }
    }
}

/// A reply tells; a connection that broke does not tell whether the message went through.
fn result_of(error: &SmtpError) -> AttemptResult {
    let about_us = error
        .status()
        .is_some_and(|it| ABOUT_US.contains(&it.into()));
    if error.is_permanent() && !about_us {
        AttemptResult::FailedPermanently
    } else if error.is_transient() || about_us || error.is_client() || error.is_tls() {
        AttemptResult::FailedTemporarily
    } else {
        AttemptResult::Unknown
    }
}

fn class_of(error: &SmtpError) -> FailureClass {
    match error.status() {
        Some(status) => FailureClass::status("SMTP", status.into()),
        None if error.is_tls() || is_of_tls(error) => FailureClass::known("SMTP_TLS"),
        None if error.is_client() => FailureClass::known("SMTP_CLIENT"),
        None => FailureClass::known("SMTP_CONNECTION"),
    }
}

/// Whether a connection failed at TLS, such as by a certificate that is not to be trusted. The
/// library tells it as any connection that failed.
fn is_of_tls(error: &SmtpError) -> bool {
    let mut source = error.source();
    while let Some(cause) = source {
        let inner = cause
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref);
        if cause.is::<TlsError>() || inner.is_some_and(|it| it.is::<TlsError>()) {
            return true;
        }
        source = cause.source();
    }
    false
}
