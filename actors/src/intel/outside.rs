//! Reads for programs outside: they name an account, and this asks Instagram on their behalf. The gate is one of their
//! own, so that what they ask takes nothing from what intel reads by itself; usage headers come with every answer, so
//! neither need know the other.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tenants::account::{Account, AccountStatus};
use tenants::clock::{Clock, Timestamp};
use tenants::effect::ErrorCategory;
use tenants::ports::{
    AccountQuestion, AskError, InsightsReader, MetricForm, Reading, SendError, ShownPage, ShownProfile,
    ShownReader, Told,
};

use super::catalogue::{self, ACCOUNT};
use super::gate::Gate;
use super::settings::IntelSettings;

/// Why a read has no answer, and what to do.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ReadRefused {
    /// The question makes no sense.
    #[error("{0}")]
    Wrong(String),
    /// Instagram will not tell it, as things are.
    #[error("Instagram does not tell this: {0}")]
    NotAvailable(String),
    /// The account cannot be used until somebody connects it anew.
    #[error("the account must be connected anew before Instagram can be asked: {0}")]
    Disconnected(String),
    /// Too much was asked; later it may be asked again.
    #[error("{reason}")]
    Limited {
        /// Why.
        reason: String,
        /// How long to wait.
        wait: Duration,
    },
    /// Instagram does not answer.
    #[error("{reason}")]
    NoAnswer {
        /// Why.
        reason: String,
        /// How long to wait.
        wait: Duration,
    },
}

/// How long to wait when nobody says.
const A_MOMENT: Duration = Duration::from_secs(10);

/// Numbers that were asked for.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Numbers {
    /// What Instagram told. What it has no data for is missing.
    pub readings: Vec<Reading>,
}

/// Asks Instagram on behalf of programs outside.
pub struct OutsideReads {
    insights: Arc<dyn InsightsReader>,
    shown: Arc<dyn ShownReader>,
    settings: IntelSettings,
    gate: Gate,
}

impl OutsideReads {
    pub(super) fn new(
        insights: Arc<dyn InsightsReader>,
        shown: Arc<dyn ShownReader>,
        settings: &IntelSettings,
    ) -> Self {
        let settings = IntelSettings { calls_per_hour: settings.outside_calls_per_hour, ..settings.clone() };
        let gate = Gate::new(&settings);
        Self { insights, shown, settings, gate }
    }

    /// The account as it shows itself.
    ///
    /// # Errors
    /// [`ReadRefused`].
    pub async fn profile(&self, account: &Account, clock: &dyn Clock) -> Result<ShownProfile, ReadRefused> {
        self.call(account, clock, self.shown.profile(account)).await
    }

    /// Posts and reels of the account.
    ///
    /// # Errors
    /// [`ReadRefused`].
    pub async fn own_media(
        &self,
        account: &Account,
        clock: &dyn Clock,
        after: Option<&str>,
        limit: u32,
    ) -> Result<ShownPage, ReadRefused> {
        self.call(account, clock, self.shown.own_media(account, after, limit)).await
    }

    /// Posts of others in which the account is tagged.
    ///
    /// # Errors
    /// [`ReadRefused`].
    pub async fn tagged_media(
        &self,
        account: &Account,
        clock: &dyn Clock,
        after: Option<&str>,
        limit: u32,
    ) -> Result<ShownPage, ReadRefused> {
        self.call(account, clock, self.shown.tagged_media(account, after, limit)).await
    }

    /// Public posts with a hashtag: the newest of the last 24 hours, or the most liked. Two calls.
    ///
    /// # Errors
    /// [`ReadRefused`].
    pub async fn hashtag_media(
        &self,
        account: &Account,
        clock: &dyn Clock,
        name: &str,
        newest: bool,
        limit: u32,
    ) -> Result<ShownPage, ReadRefused> {
        let hashtag = self.call(account, clock, self.shown.hashtag(account, name)).await?;
        self.call(account, clock, self.shown.hashtag_media(account, &hashtag, newest, limit)).await
    }

    /// Metrics of the account between two moments; all totals when none are named. One call for each form.
    ///
    /// # Errors
    /// [`ReadRefused`].
    pub async fn account_numbers(
        &self,
        account: &Account,
        clock: &dyn Clock,
        metrics: &[String],
        (since, until): (Timestamp, Timestamp),
    ) -> Result<Numbers, ReadRefused> {
        let mut numbers = Numbers::default();
        for (form, metrics) in by_form(metrics)? {
            let question = AccountQuestion { metrics, form, breakdown: None, since, until };
            let call = self.insights.account_insights(account, &question);
            numbers.readings.extend(self.call(account, clock, call).await?);
        }
        Ok(numbers)
    }

    /// Metrics of a post or reel of the account; those that every kind has when none are named.
    ///
    /// # Errors
    /// [`ReadRefused`].
    pub async fn media_numbers(
        &self,
        account: &Account,
        clock: &dyn Clock,
        media: &str,
        metrics: &[String],
    ) -> Result<Numbers, ReadRefused> {
        let metrics = media_metrics(metrics)?;
        let call = self.insights.media_insights(account, media, &metrics);
        Ok(Numbers { readings: self.call(account, clock, call).await? })
    }

    async fn call<T>(
        &self,
        account: &Account,
        clock: &dyn Clock,
        call: impl Future<Output = Result<Told<T>, AskError>>,
    ) -> Result<T, ReadRefused> {
        if account.status != AccountStatus::Active {
            return Err(ReadRefused::Disconnected(format!("it is {}", account.status)));
        }
        let _place = self.gate.places.acquire().await;
        let now = clock.now();
        self.gate.take(account, now, &self.settings).map_err(|closed| {
            let (reason, wait) = (closed.reason, closed.until.since(now));
            match closed.is_limit {
                true => ReadRefused::Limited { reason, wait },
                false => ReadRefused::NoAnswer { reason, wait },
            }
        })?;
        match call.await {
            Ok(Told { value, usage }) => {
                self.gate.answered(account, &usage, clock.now(), &self.settings);
                Ok(value)
            }
            Err(AskError::NotAvailable { reason, usage, .. }) => {
                self.gate.answered(account, &usage, clock.now(), &self.settings);
                Err(ReadRefused::NotAvailable(reason))
            }
            Err(AskError::Failed(error)) => {
                self.gate.failed(account, &error, clock.now(), &self.settings);
                Err(refused(error))
            }
        }
    }
}

/// What a failed call means for who asked.
fn refused(error: SendError) -> ReadRefused {
    let (reason, wait) = (error.message, error.retry_after.unwrap_or(A_MOMENT));
    match error.category {
        ErrorCategory::AuthFailure => ReadRefused::Disconnected(reason),
        ErrorCategory::RateLimit => ReadRefused::Limited { reason, wait },
        ErrorCategory::Transient | ErrorCategory::Unknown => ReadRefused::NoAnswer { reason, wait },
        ErrorCategory::Permanent => ReadRefused::Wrong(reason),
        ErrorCategory::Forbidden => ReadRefused::NotAvailable(reason),
    }
}

/// Metrics that can be asked for without a breakdown, by the form in which Instagram tells them.
fn by_form(names: &[String]) -> Result<Vec<(MetricForm, Vec<&'static str>)>, ReadRefused> {
    let known = || ACCOUNT.iter().filter(|group| group.breakdown.is_none());
    if names.is_empty() {
        return Ok(known().take(1).map(|group| (group.form, group.metrics.to_vec())).collect());
    }
    let mut asked: Vec<(MetricForm, Vec<&'static str>)> = Vec::new();
    for name in names {
        let found = known().find_map(|group| {
            group.metrics.iter().find(|metric| *metric == name).map(|metric| (group.form, *metric))
        });
        let all = || known().flat_map(|group| group.metrics).copied().collect::<Vec<_>>().join(" ");
        let unknown = || ReadRefused::Wrong(format!("metrics: `{name}` is none of an account: {}", all()));
        let (form, metric) = found.ok_or_else(unknown)?;
        match asked.iter_mut().find(|(known, _)| *known == form) {
            Some((_, metrics)) if metrics.contains(&metric) => {}
            Some((_, metrics)) => metrics.push(metric),
            None => asked.push((form, vec![metric])),
        }
    }
    Ok(asked)
}

/// Metrics of media by their names.
fn media_metrics(names: &[String]) -> Result<Vec<&'static str>, ReadRefused> {
    const PRODUCTS: [&str; 3] = ["FEED", "REELS", "STORY"];
    let all = || PRODUCTS.into_iter().flat_map(catalogue::of_media).copied();
    if names.is_empty() {
        let is_common = |metric: &&'static str| {
            PRODUCTS.into_iter().all(|product| catalogue::of_media(product).contains(metric))
        };
        return Ok(catalogue::of_media("FEED").iter().copied().filter(is_common).collect());
    }
    let find = |name: &String| {
        let unknown = || {
            let mut known: Vec<&str> = all().collect();
            known.sort_unstable();
            known.dedup();
            ReadRefused::Wrong(format!("metrics: `{name}` is none of media: {}", known.join(" ")))
        };
        all().find(|metric| metric == name).ok_or_else(unknown)
    };
    names.iter().map(find).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(list: &[&str]) -> Vec<String> {
        list.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn only_metrics_that_instagram_knows_are_asked_for_and_each_form_travels_alone() {
        let asked = by_form(&names(&["views", "follower_count", "reach", "views"])).unwrap();
        assert_eq!(
            asked,
            [(MetricForm::Total, vec!["views", "reach"]), (MetricForm::Series, vec!["follower_count"])]
        );
        assert!(matches!(by_form(&names(&["impressions"])), Err(ReadRefused::Wrong(_))));
        assert_eq!(by_form(&[]).unwrap().len(), 1);
        assert!(matches!(media_metrics(&names(&["plays"])), Err(ReadRefused::Wrong(_))));
        assert!(media_metrics(&[]).unwrap().contains(&"reach"));
    }
}
