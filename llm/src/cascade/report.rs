//! What a report's numbers mean: a model's words as far as their numbers are the report's, else those of the built-in
//! rules.

use serde::Deserialize;
use serde_json::{Value, json};
use tenants::models::Task;
use tenants::report::FindingLine;

use super::{Cascade, answer, instead, reckoned, shown};
use crate::budget::{Payer, Tally};
use crate::error::LlmError;
use crate::report::{ReportRequest, Written};
use crate::request::{Input, Request, Schema};
use crate::router::{Answer, LlmRouter};

/// What a model is told to do. It holds nothing of the tenant's.
const INSTRUCTIONS: &str = include_str!("../../../config/prompts/report.md");
/// The name of these instructions on calls and reports.
const PROMPT: &str = "report@0";
/// Most sentences of each kind.
const SENTENCES: usize = 6;

/// A model's answer. Its form was checked against [`schema`].
#[derive(Debug, Deserialize)]
struct Said {
    findings: Vec<FindingLine>,
    recommendations: Vec<String>,
    anomalies: Vec<FindingLine>,
}

impl Cascade {
    pub(super) async fn report_in_turn(&self, request: ReportRequest) -> Result<Answer<Written>, LlmError> {
        if !self.models.has_models(Task::Report) {
            return self.local.report(request).await;
        }
        let tally = Tally::default();
        let written = match self.ask_for_report(&request, &tally).await {
            Ok(written) => written,
            Err(error) => instead(error, self.local.report(request).await?)?,
        };
        Ok(reckoned(written, &tally))
    }

    async fn ask_for_report(
        &self,
        request: &ReportRequest,
        tally: &Tally,
    ) -> Result<Answer<Written>, LlmError> {
        let behalf = &request.behalf;
        let lines = behalf.budget.lines(Task::Report, self.clock.now());
        let payer = Payer::new(behalf.budget.tenant, lines)
            .map_err(|error| LlmError::Unavailable { retry_after: None, reason: error.to_string() })?;
        let input =
            Input { schema: Some(schema()), ..Input::text(INSTRUCTIONS, document(request).to_string()) };
        let reply = self
            .models
            .complete(Request {
                event: behalf.event,
                prompt: Some(PROMPT.to_owned()),
                tally: tally.clone(),
                ..Request::new(payer, Task::Report, input)
            })
            .await?;
        let said = reply.json.as_ref().and_then(|json| Said::deserialize(json).ok());
        let said = said.ok_or_else(|| invalid("the answer holds no findings"))?;
        let written = Written {
            findings: said.findings.into_iter().take(SENTENCES).collect(),
            recommendations: said.recommendations.into_iter().take(SENTENCES).collect(),
            anomalies: said.anomalies.into_iter().take(SENTENCES).collect(),
            left_out: 0,
        };
        let written = written.held_to(request);
        if written.findings.is_empty() {
            return Err(invalid("every finding held a number that is not in the report"));
        }
        Ok(answer(written, reply.origin))
    }
}

fn invalid(reason: &str) -> LlmError {
    LlmError::InvalidOutput { reason: reason.to_owned() }
}

/// The numbers. Captions were written by people and are data.
fn document(request: &ReportRequest) -> Value {
    let posts: Vec<Value> = request
        .posts
        .iter()
        .map(|post| {
            json!({ "kind": post.kind, "caption": shown(&post.caption), "engagement": post.engagement,
                "reach": post.reach })
        })
        .collect();
    json!({
        "brand": request.brand,
        "language": request.language,
        "period": request.period,
        "numbers": request.facts,
        "posts": posts,
        "missing": request.missing,
    })
}

/// The form in which a model must answer.
fn schema() -> Schema {
    let line = json!({
        "type": "object",
        "properties": {
            "text": { "type": "string", "minLength": 1, "maxLength": 400 },
            "metrics": { "type": "array", "items": { "type": "string" } },
        },
        "required": ["text", "metrics"],
        "additionalProperties": false,
    });
    let schema = json!({
        "type": "object",
        "properties": {
            "findings": { "type": "array", "items": line },
            "recommendations": { "type": "array", "items": { "type": "string", "minLength": 1, "maxLength": 400 } },
            "anomalies": { "type": "array", "items": line },
        },
        "required": ["findings", "recommendations", "anomalies"],
        "additionalProperties": false,
    });
    Schema { name: "report".to_owned(), schema }
}
