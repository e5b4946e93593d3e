//! Mail over the installation's SMTP server.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use anyhow::Context;
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use secrecy::ExposeSecret;
use serde::Deserialize;
use tenants::clock::{Clock, Timestamp};
use tenants::ports::{CourierError, Letter};

use crate::settings::Secret;

/// The mail server of the installation.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MailSettings {
    /// Its host; empty sends no mail.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is secured.
    pub security: MailSecurity,
    /// User name; empty does not sign in.
    pub username: String,
    /// Password.
    pub password: Secret,
    /// Who the mail is from, such as `Troupe <troupe@agency.example>`.
    pub from: String,
}

/// How a connection is secured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MailSecurity {
    /// TLS from the first byte (port 465).
    Tls,
    /// STARTTLS, and nothing without it (port 587).
    Starttls,
    /// In the clear: for a server on the same machine.
    None,
}

/// Sends mail.
pub(super) struct Mail {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    clock: Arc<dyn Clock>,
}

impl fmt::Debug for Mail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Mail({})", self.from)
    }
}

impl Mail {
    /// `None` when no server is set.
    pub(super) fn new(
        settings: &MailSettings,
        clock: Arc<dyn Clock>,
        timeout: Duration,
    ) -> anyhow::Result<Option<Self>> {
        if settings.host.is_empty() {
            return Ok(None);
        }
        let from: Mailbox = settings
            .from
            .parse()
            .context("mail.from must be a mail address, such as Troupe <troupe@agency.example>")?;
        let tls = |host: &str| TlsParameters::new(host.to_owned()).context("no TLS for mail");
        let security = match settings.security {
            MailSecurity::Tls => Tls::Wrapper(tls(&settings.host)?),
            MailSecurity::Starttls => Tls::Required(tls(&settings.host)?),
            MailSecurity::None => Tls::None,
        };
        // The name says only who greets; the machine's own is nobody's business.
        let hello = ClientId::Domain(from.email.domain().to_owned());
        let mut transport = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&settings.host)
            .port(settings.port)
            .tls(security)
            .hello_name(hello)
            .timeout(Some(timeout));
        if !settings.username.is_empty() {
            let password = settings.password.expose_secret().to_owned();
            transport = transport.credentials(Credentials::new(settings.username.clone(), password));
        }
        Ok(Some(Self { transport: transport.build(), from, clock }))
    }

    pub(super) async fn send(&self, to: &[String], letter: &Letter) -> Result<(), CourierError> {
        self.deliver(self.message(to, letter)?).await
    }

    async fn deliver(&self, message: Message) -> Result<(), CourierError> {
        match self.transport.send(message).await {
            Ok(_) => Ok(()),
            Err(error) if error.is_permanent() => {
                Err(CourierError::Never(format!("the mail server refuses: {error}")))
            }
            Err(error) => Err(CourierError::Later(format!("the mail server: {error}"))),
        }
    }

    /// Sends plain text to one person.
    pub(super) async fn send_text(&self, to: &str, subject: &str, text: &str) -> Result<(), CourierError> {
        let never =
            |error: &dyn fmt::Display| CourierError::Never(format!("the mail cannot be written: {error}"));
        let to: Mailbox = to.parse().map_err(|error| never(&error))?;
        let subject: String = subject.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        let begun = Message::builder().from(self.from.clone()).to(to).subject(subject);
        let message = begun.date(moment(self.clock.now())).message_id(None).body(text.to_owned());
        self.deliver(message.map_err(|error| never(&error))?).await
    }

    fn message(&self, to: &[String], letter: &Letter) -> Result<Message, CourierError> {
        let never = |problem: String| CourierError::Never(problem);
        let receivers: Result<Vec<Mailbox>, _> = to.iter().map(|to| to.parse::<Mailbox>()).collect();
        let receivers = receivers.map_err(|error| never(format!("an address cannot be used: {error}")))?;
        let subject: String =
            letter.subject.chars().map(|c| if c.is_control() { ' ' } else { c }).take(200).collect();
        let id = format!("<{}@{}>", letter.id.simple(), self.from.email.domain());
        let auto =
            HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".to_owned());
        let begun = Message::builder().from(self.from.clone());
        receivers
            .into_iter()
            .fold(begun, |message, to| message.to(to))
            .subject(subject)
            .date(moment(self.clock.now()))
            .message_id(Some(id))
            .raw_header(auto)
            .multipart(MultiPart::alternative_plain_html(letter.text.clone(), letter.html.clone()))
            .map_err(|error| never(format!("the mail cannot be written: {error}")))
    }
}

fn moment(at: Timestamp) -> SystemTime {
    let micros = u64::try_from(at.as_micros()).unwrap_or(0);
    SystemTime::UNIX_EPOCH + Duration::from_micros(micros)
}
