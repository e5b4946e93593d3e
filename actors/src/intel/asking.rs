//! Asking Instagram for numbers: through the gate, group by group, and one by one where a group is refused.

use std::future::Future;

use tenants::account::Account;
use tenants::clock::Timestamp;
use tenants::effect::ErrorCategory;
use tenants::ports::{AccountQuestion, AskError, InsightsReader, Reading, SendError, Told};

use super::Intel;
use super::catalogue::Group;
use crate::Ports;

/// Why nothing more is asked of an account for now.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Stop {
    /// Its token was refused.
    TokenRefused(SendError),
    /// Limits, outages, or enough for this hour: the next tick goes on.
    NotNow(String),
}

/// Why a question has no answer.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum NoAnswer {
    /// It has none as things are.
    NotAvailable {
        /// Why.
        reason: String,
        /// Whether one of the metrics may be the cause.
        names_metric: bool,
    },
    /// Nothing more is asked.
    Stop(Stop),
}

/// What came of asking for some metrics: numbers, and why others are missing.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Answers {
    pub readings: Vec<Reading>,
    pub missing: Vec<(&'static str, String)>,
}

/// Asks on behalf of one account.
pub(super) struct Asking<'a> {
    intel: &'a Intel,
    ports: &'a Ports,
    pub account: &'a Account,
}

impl<'a> Asking<'a> {
    pub fn new(ports: &'a Ports, account: &'a Account) -> Self {
        Self { intel: &ports.intel, ports, account }
    }

    pub fn reader(&self) -> &'a dyn InsightsReader {
        self.intel.reader()
    }

    pub fn now(&self) -> Timestamp {
        self.ports.clock.now()
    }

    /// Makes one call through the gate.
    pub async fn call<T>(
        &self,
        call: impl Future<Output = Result<Told<T>, AskError>>,
    ) -> Result<T, NoAnswer> {
        let (gate, settings) = (self.intel.gate(), self.intel.settings());
        let _place = gate.places.acquire().await;
        let not_now = |reason| NoAnswer::Stop(Stop::NotNow(reason));
        gate.take(self.account, self.now(), settings).map_err(|closed| not_now(closed.reason))?;
        match call.await {
            Ok(Told { value, usage }) => {
                gate.answered(self.account, &usage, self.now(), settings);
                Ok(value)
            }
            Err(AskError::NotAvailable { reason, names_metric, usage }) => {
                gate.answered(self.account, &usage, self.now(), settings);
                Err(NoAnswer::NotAvailable { reason, names_metric })
            }
            Err(AskError::Failed(error)) => {
                gate.failed(self.account, &error, self.now(), settings);
                Err(NoAnswer::Stop(match error.category {
                    ErrorCategory::AuthFailure => Stop::TokenRefused(error),
                    _ => Stop::NotNow(error.message),
                }))
            }
        }
    }

    /// Asks for a group of the account's metrics.
    pub async fn account_group(
        &self,
        group: &Group,
        since: Timestamp,
        until: Timestamp,
    ) -> Result<Answers, Stop> {
        let of = format!("account/{}", group.breakdown.unwrap_or_default());
        self.metrics(&of, group.metrics, |metrics| {
            let question =
                AccountQuestion { metrics, form: group.form, breakdown: group.breakdown, since, until };
            async move { self.reader().account_insights(self.account, &question).await }
        })
        .await
    }

    /// Asks for a media's metrics.
    pub async fn media_metrics(
        &self,
        media: &str,
        product: &str,
        metrics: &'static [&'static str],
    ) -> Result<Answers, Stop> {
        self.metrics(product, metrics, |metrics| async move {
            self.reader().media_insights(self.account, media, &metrics).await
        })
        .await
    }

    /// Asks for all at once; where that is refused, one by one. One metric that Instagram refuses fails a whole call, and
    /// the others are as good as ever; it is not asked for again for a day.
    async fn metrics<F>(
        &self,
        of: &str,
        metrics: &'static [&'static str],
        ask: impl Fn(Vec<&'static str>) -> F,
    ) -> Result<Answers, Stop>
    where
        F: Future<Output = Result<Told<Vec<Reading>>, AskError>>,
    {
        let (gate, now) = (self.intel.gate(), self.now());
        let mut answers = Answers::default();
        let mut open = Vec::new();
        for metric in metrics {
            match gate.refusal(&self.account.id, of, metric, now) {
                Some(reason) => answers.missing.push((*metric, reason)),
                None => open.push(*metric),
            }
        }
        if open.is_empty() {
            return Ok(answers);
        }
        match self.call(ask(open.clone())).await {
            Ok(readings) => answers.take(&open, readings),
            Err(NoAnswer::Stop(stop)) => return Err(stop),
            Err(NoAnswer::NotAvailable { reason, names_metric: false }) => {
                answers.missing.extend(open.into_iter().map(|metric| (metric, reason.clone())));
            }
            Err(NoAnswer::NotAvailable { reason, .. }) if open.len() == 1 => {
                self.refused(of, open[0], reason, &mut answers);
            }
            Err(NoAnswer::NotAvailable { .. }) => {
                for metric in open {
                    match self.call(ask(vec![metric])).await {
                        Ok(readings) => answers.take(&[metric], readings),
                        Err(NoAnswer::Stop(stop)) => return Err(stop),
                        Err(NoAnswer::NotAvailable { reason, names_metric: false }) => {
                            answers.missing.push((metric, reason));
                        }
                        Err(NoAnswer::NotAvailable { reason, .. }) => {
                            self.refused(of, metric, reason, &mut answers);
                        }
                    }
                }
            }
        }
        Ok(answers)
    }

    fn refused(&self, of: &str, metric: &'static str, reason: String, answers: &mut Answers) {
        let until = self.now() + self.intel.settings().refused_for();
        self.intel.gate().refuse(&self.account.id, of, metric, &reason, until);
        answers.missing.push((metric, reason));
    }
}

impl Answers {
    /// Metrics that an answer leaves out have no data: that is not zero.
    fn take(&mut self, asked: &[&'static str], readings: Vec<Reading>) {
        for metric in asked {
            if !readings.iter().any(|reading| reading.metric == *metric) {
                self.missing.push((*metric, "Instagram has no data for it".to_owned()));
            }
        }
        self.readings.extend(readings);
    }
}
