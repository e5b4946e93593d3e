//! What a report's numbers mean, in sentences. Whoever writes them, a sentence may hold no number that the report does
//! not: code checks that (`numbers`), not a model.

mod findings;
mod numbers;

use std::sync::Arc;

use tenants::report::{FindingLine, PostLine, ReportFact};

pub use findings::from_numbers;
pub use numbers::Numbers;

use crate::router::Behalf;

/// Asks what numbers mean.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ReportRequest {
    /// Name of the brand; may be empty.
    pub brand: String,
    /// English name of the language to write in; the built-in rules write English.
    pub language: String,
    /// What the numbers are about, such as `the day 2026-03-04`.
    pub period: String,
    /// The numbers.
    pub facts: Vec<ReportFact>,
    /// Posts of the period, the best first.
    pub posts: Vec<PostLine>,
    /// Numbers that are missing, and why, one sentence each.
    pub missing: Vec<String>,
    /// For whom.
    pub behalf: Arc<Behalf>,
}

/// Sentences about numbers.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Written {
    /// What the numbers say.
    pub findings: Vec<FindingLine>,
    /// What to do.
    pub recommendations: Vec<String>,
    /// What is out of the ordinary.
    pub anomalies: Vec<FindingLine>,
    /// Sentences that were left out because of a number that is not in the report.
    pub left_out: u32,
}

impl Written {
    /// Without the sentences that hold a number, or name a metric, which the request does not.
    #[must_use]
    pub fn held_to(mut self, request: &ReportRequest) -> Self {
        let numbers = Numbers::of(request);
        let before = self.len();
        let is_known = |metric: &String| request.facts.iter().any(|fact| fact.metric == *metric);
        for lines in [&mut self.findings, &mut self.anomalies] {
            lines.retain(|line| numbers.cover(&line.text));
            for line in lines.iter_mut() {
                line.metrics.retain(is_known);
            }
        }
        self.recommendations.retain(|text| numbers.cover(text));
        self.left_out += u32::try_from(before - self.len()).unwrap_or(u32::MAX);
        self
    }

    fn len(&self) -> usize {
        self.findings.len() + self.recommendations.len() + self.anomalies.len()
    }

    /// Whether there is a sentence at all.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
