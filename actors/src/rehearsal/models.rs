//! Who answers for the language models: the record where the same is asked, else a model that the caller pays for,
//! else the offline provider.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use llm::offline::PROVIDER as OFFLINE;
use llm::{Answer, Behalf, ClassifyRequest, LlmError, LlmRouter, ReplyRequest, fingerprint};
use serde::{Deserialize, Serialize};
use tenants::ids::TenantId;
use tenants::intent::Classification;
use tenants::money::MicroUsd;

use super::case::{Case, Recorded};
use super::payer::Payers;
use super::run::RehearsalError;

/// Who may be asked.
#[derive(Clone)]
pub struct ModelsOf {
    /// The built-in provider: always there, free.
    pub offline: Arc<dyn LlmRouter>,
    /// True when the installation uses other models beside it: what it answers to a new question is a stopgap then.
    pub has_others: bool,
    /// Whether others are asked.
    pub asking: Asking,
}

/// Whether models are asked what the record does not answer.
#[derive(Clone, Default)]
pub enum Asking {
    /// No: it costs nothing.
    #[default]
    Never,
    /// Yes, until the answers of the whole rehearsal have cost so much.
    UpTo {
        /// Who is asked. What it spends is spent, on the tenant's budget.
        router: Arc<dyn LlmRouter>,
        /// Says what that budget is, whenever a model is asked.
        payers: Arc<dyn Payers>,
        /// The most that may be spent; the last answer may go beyond it.
        limit: MicroUsd,
    },
}

/// Where an answer came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// The same was asked, and this was answered.
    Record,
    /// It was asked anew.
    Model,
    /// The offline provider, as it would have.
    Offline,
    /// The offline provider, in the place of a model that was not asked.
    Stopgap,
    /// The offline provider, because the changed budget would have been spent.
    Degraded,
    /// Nobody: the model that was asked failed.
    Failed,
}

/// What a rehearsal has spent, really and by its changed budget. Shared by its cases.
#[derive(Debug, Default)]
pub(super) struct Purse {
    spent: Mutex<i64>,
    by_day: Mutex<HashMap<String, i64>>,
}

impl Purse {
    /// Micro-dollars that models were really paid.
    pub fn spent(&self) -> i64 {
        *self.spent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The models of one case.
pub(super) struct CaseModels<'a> {
    pub case: &'a Case,
    pub models: &'a ModelsOf,
    pub purse: &'a Purse,
    /// Other models are in use.
    pub others_in_use: bool,
    /// Who pays.
    pub tenant: TenantId,
    /// The changed budget of a day, and the day.
    pub budget: Option<(MicroUsd, String)>,
    pub sources: Mutex<Vec<Source>>,
    /// Why no model may be asked any more: the whole rehearsal ends with it.
    pub stopped: Mutex<Option<RehearsalError>>,
}

/// How a question goes on.
enum Way {
    Model(Arc<dyn LlmRouter>, Arc<dyn Payers>),
    Offline(Source),
}

impl CaseModels<'_> {
    /// Where the answers came from, in their order.
    ///
    /// # Errors
    /// Why no model may be asked any more.
    pub fn sources(self) -> Result<Vec<Source>, RehearsalError> {
        match self.stopped.into_inner().unwrap_or_else(PoisonError::into_inner) {
            Some(error) => Err(error),
            None => Ok(self.sources.into_inner().unwrap_or_else(PoisonError::into_inner)),
        }
    }

    fn note(&self, source: Source) {
        self.sources.lock().unwrap_or_else(PoisonError::into_inner).push(source);
    }

    /// The recorded answer to this question, when there is one and the changed models and budget let it stand.
    fn recall<T: Clone>(&self, recorded: Option<&Recorded<T>>, asked: &str) -> Recall<T> {
        let Some(recorded) = recorded.filter(|it| it.asked == asked) else { return Recall::Nothing };
        let answer = recorded.answer.clone();
        let is_paid = !matches!(&answer, Ok(answer) if answer.provider == OFFLINE);
        let is_stopgap = matches!(&answer, Ok(answer) if answer.degraded.is_some())
            || matches!(&answer, Err(LlmError::OutOfBudget { .. }));
        if (self.others_in_use && is_paid) || (self.budget.is_some() && is_stopgap) {
            return Recall::Nothing;
        }
        let cost = answer.as_ref().map_or(0, |answer| answer.cost_micro_usd);
        if !self.can_pay(cost) {
            return Recall::TooDear;
        }
        self.pay(cost);
        self.note(Source::Record);
        Recall::Answer(answer)
    }

    /// Whether the changed budget of the day has room.
    fn can_pay(&self, cost: i64) -> bool {
        let Some((budget, day)) = &self.budget else { return true };
        let by_day = self.purse.by_day.lock().unwrap_or_else(PoisonError::into_inner);
        cost == 0 || by_day.get(day).copied().unwrap_or_default().saturating_add(cost) <= budget.0
    }

    fn pay(&self, cost: i64) {
        let Some((_, day)) = &self.budget else { return };
        let mut by_day = self.purse.by_day.lock().unwrap_or_else(PoisonError::into_inner);
        *by_day.entry(day.clone()).or_default() += cost;
    }

    fn way(&self) -> Way {
        match &self.models.asking {
            // A micro-dollar stands for a price that nobody knows before.
            Asking::UpTo { .. } if !self.can_pay(1) => Way::Offline(Source::Degraded),
            Asking::UpTo { router, payers, limit } if self.purse.spent() < limit.0 => {
                Way::Model(Arc::clone(router), Arc::clone(payers))
            }
            _ if self.models.has_others => Way::Offline(Source::Stopgap),
            _ => Way::Offline(Source::Offline),
        }
    }

    /// Reckons what a model has answered.
    fn asked<T>(&self, answer: Result<Answer<T>, LlmError>) -> Result<Answer<T>, LlmError> {
        match &answer {
            Ok(answer) => {
                *self.purse.spent.lock().unwrap_or_else(PoisonError::into_inner) += answer.cost_micro_usd;
                self.pay(answer.cost_micro_usd);
                let is_local = answer.provider == OFFLINE && answer.degraded.is_none();
                self.note(if is_local { Source::Offline } else { Source::Model });
            }
            Err(error) if error.is_transient() => self.note(Source::Failed),
            Err(_) => self.note(Source::Model),
        }
        answer
    }

    fn stopgap<T>(&self, answer: Result<Answer<T>, LlmError>, source: Source) -> Result<Answer<T>, LlmError> {
        self.note(source);
        let degraded = match source {
            Source::Degraded => Some("the changed budget of the day would be spent".to_owned()),
            _ => None,
        };
        answer.map(|answer| Answer { degraded: degraded.or(answer.degraded), ..answer })
    }
}

enum Recall<T> {
    Answer(Result<Answer<T>, LlmError>),
    TooDear,
    Nothing,
}

impl CaseModels<'_> {
    /// The event was paid for when it came in: what a rehearsal asks is none of its costs. It is paid from the budget
    /// that there really is at this moment, because neither a changed nor an earlier one must become that.
    async fn paid_now(&self, behalf: &Arc<Behalf>, payers: &dyn Payers) -> Result<Arc<Behalf>, LlmError> {
        let problem = match payers.payer(&self.tenant).await {
            Ok(Some(budget)) => return Ok(Arc::new(Behalf { event: None, budget, ..Behalf::clone(behalf) })),
            Ok(None) => RehearsalError::Suspended(self.tenant),
            Err(error) => RehearsalError::Store(error),
        };
        let reason = problem.to_string();
        *self.stopped.lock().unwrap_or_else(PoisonError::into_inner) = Some(problem);
        Err(LlmError::Unavailable { retry_after: None, reason })
    }
}

#[async_trait]
impl LlmRouter for CaseModels<'_> {
    async fn classify(&self, request: ClassifyRequest) -> Result<Answer<Classification>, LlmError> {
        let asked = fingerprint::of_classification(&request);
        let way = match self.recall(self.case.classified.as_ref(), &asked) {
            Recall::Answer(answer) => return answer,
            Recall::TooDear => Way::Offline(Source::Degraded),
            Recall::Nothing => self.way(),
        };
        match way {
            Way::Model(router, payers) => {
                let behalf = self.paid_now(&request.behalf, &*payers).await?;
                self.asked(router.classify(ClassifyRequest { behalf, ..request }).await)
            }
            Way::Offline(source) => self.stopgap(self.models.offline.classify(request).await, source),
        }
    }

    async fn reply(&self, request: ReplyRequest) -> Result<Answer<String>, LlmError> {
        if self.case.is_overtaken {
            // As long as it took, the person was quicker.
            return std::future::pending().await;
        }
        let asked = fingerprint::of_reply(&request);
        let way = match self.recall(self.case.written.as_ref(), &asked) {
            Recall::Answer(answer) => return answer,
            Recall::TooDear => Way::Offline(Source::Degraded),
            Recall::Nothing => self.way(),
        };
        match way {
            Way::Model(router, payers) => {
                let behalf = self.paid_now(&request.behalf, &*payers).await?;
                self.asked(router.reply(ReplyRequest { behalf, ..request }).await)
            }
            Way::Offline(source) => self.stopgap(self.models.offline.reply(request).await, source),
        }
    }
}
