//! Step 4: what the text wants.

use llm::{ClassifyRequest, LlmError, fingerprint};
use serde_json::json;
use tenants::decision::Step;
use tenants::intent::Classification;

use super::error::DecideError;
use super::judgement::Case;
use super::rules_step::brand_of;
use super::work::{Workings, answerer, percent};

/// After this many failed tries (half a minute) a person is asked instead of waiting on for a model.
pub(super) const MODEL_TRIES: u32 = 5;

/// Classifies the text, once per decision. `None` when no model can say: then a person must.
pub(super) async fn classify<'w>(
    case: &Case<'_>,
    work: &'w mut Workings,
) -> Result<Option<&'w Classification>, DecideError> {
    if work.classification.is_none() {
        let request = ClassifyRequest {
            text: case.words().to_owned(),
            brand: brand_of(case).to_owned(),
            language_hint: case.context.settings.languages.first().copied(),
            behalf: case.behalf(),
        };
        let asked = fingerprint::of_classification(&request);
        match case.ports.llm.classify(request).await {
            Ok(answer) => {
                work.classified_by = Some(answerer(&answer));
                let (found, label) = work.account_for(answer);
                work.note(
                    Step::Classify,
                    describe(&found),
                    json!({ "asked": asked, "found": found, "by": label }),
                );
                work.classification = Some(found);
            }
            Err(error) => note_failure(error, asked, case.attempts, Step::Classify, work)?,
        }
    }
    Ok(work.classification.as_ref())
}

/// Asks for another try while that may help; afterwards writes down that no model could do it.
pub(super) fn note_failure(
    error: LlmError,
    asked: String,
    attempts: u32,
    step: Step,
    work: &mut Workings,
) -> Result<(), DecideError> {
    let summary = format!("no model could do it: {error}");
    let details = json!({ "asked": asked, "failed": error });
    if let Some(retry) = DecideError::from_llm(error, attempts).filter(|_| attempts < MODEL_TRIES) {
        return Err(retry);
    }
    work.note(step, summary, details);
    Ok(())
}

fn describe(found: &Classification) -> String {
    let language = found.language.map_or("no known language", |language| language.as_str());
    let crisis = if found.crisis { ", crisis" } else { "" };
    format!("{} ({}), {}, {language}{crisis}", found.intent, percent(found.confidence), found.sentiment)
}
