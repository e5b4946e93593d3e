//! Answers by a model: it is shown the newest records, may look further, and is heard sentence by sentence.

use std::sync::Arc;

use chrono_tz::Tz;
use llm::request::{Message, ToolCall};
use llm::{Behalf, OversightRequest, Piece, ReplyStream, Tally};
use serde_json::json;
use tenants::account::Tenant;
use tenants::budget::TenantBudget;
use tenants::ports::TenantContext;

use super::look::{Look, tools};
use super::looker::Looker;
use super::sentences::Sentences;
use super::when::moment_told;
use super::{Answer, AnswerError, Asked, first_entries};
use crate::Ports;

/// Rounds of looking before it must answer.
const ROUNDS: usize = 5;
/// Records that one look shows.
const SHOWN: usize = 25;
/// Earlier questions that are shown.
const EARLIER: usize = 6;

/// Who pays, and from what.
pub(super) struct Context {
    pub behalf: Arc<Behalf>,
}

impl Context {
    /// That of a tenant; without one that can be read nothing may be spent.
    pub fn of(tenant: &Tenant, zone: Tz, context: Option<TenantContext>) -> Self {
        let budget = match &context {
            Some(context) => context.budget(),
            None => {
                TenantBudget { tenant: tenant.id, agency: tenant.agency, zone, ..TenantBudget::default() }
            }
        };
        let behalf = Behalf {
            budget,
            prompts: context.as_ref().map(|it| Arc::clone(&it.prompts)).unwrap_or_default(),
            tuning: context.as_ref().map(|it| Arc::clone(&it.tuning)).unwrap_or_default(),
            event: None,
            conversation: String::new(),
        };
        Self { behalf: Arc::new(behalf) }
    }
}

/// Lets a model answer; false when there is none, or nothing that it said could stand: then the records have to answer by
/// themselves.
pub(super) async fn write(
    ports: &Ports,
    looker: &Looker<'_>,
    context: &Context,
    asked: &Asked,
    answer: &mut Answer<'_>,
) -> Result<bool, AnswerError> {
    let tally = Tally::default();
    let ask = |messages: Vec<Message>, round: usize| OversightRequest {
        behalf: Arc::clone(&context.behalf),
        messages,
        tools: if round + 1 < ROUNDS { tools() } else { Vec::new() },
        tally: tally.clone(),
    };
    let mut messages = earlier(asked);
    let mut is_begun = false;
    for round in 0..ROUNDS {
        // The records are read only where a model is there to read them.
        if !is_begun && !ports.llm.answers_oversight() {
            return Ok(false);
        }
        if !is_begun {
            let records = look(looker, &first_entries(), answer).await?;
            messages.push(Message::User(document(looker, asked, &records)));
            is_begun = true;
        }
        let stream = match ports.llm.oversight(ask(messages.clone(), round)).await {
            Ok(Some(stream)) => stream,
            Ok(None) => return Ok(false),
            Err(error) => {
                answer.note(format!("{error}; the records answer by themselves"));
                break;
            }
        };
        match listen(stream, answer).await? {
            Heard::Ended => break,
            Heard::Broken(why) => {
                answer.note(format!("{why}; the model's answer broke off"));
                break;
            }
            Heard::Wants { text, calls } => {
                messages.push(Message::Assistant { text, tool_calls: calls.clone() });
                for call in calls {
                    messages.push(called(looker, &call, answer).await?);
                }
            }
        }
    }
    answer.said.cost = tally.sums().cost;
    let has_answered = !answer.said.text.is_empty();
    if has_answered {
        answer.said.confidence = confidence(answer);
    }
    Ok(has_answered)
}

/// What came of listening to a model.
enum Heard {
    /// It has said all.
    Ended,
    /// It wants to look into something.
    Wants { text: String, calls: Vec<ToolCall> },
    /// It broke off.
    Broken(String),
}

/// Takes an answer in as it comes and passes on what may stand.
async fn listen(mut stream: ReplyStream, answer: &mut Answer<'_>) -> Result<Heard, AnswerError> {
    let mut sentences = Sentences::default();
    while let Some(piece) = stream.next().await {
        match piece {
            Ok(Piece::Text(text)) => {
                for sentence in sentences.push(&text) {
                    answer.say(&sentence).await?;
                }
            }
            Ok(Piece::Done(reply)) => {
                if let Some(rest) = sentences.finish() {
                    answer.say(&rest).await?;
                }
                answer.said.model = format!("{}/{}", reply.origin.provider, reply.origin.model);
                return Ok(match reply.tool_calls.is_empty() {
                    true => Heard::Ended,
                    false => Heard::Wants { text: reply.text, calls: reply.tool_calls },
                });
            }
            Err(error) => return Ok(Heard::Broken(error.to_string())),
        }
    }
    Ok(Heard::Ended)
}

/// Looks into what the model wants to know; a mistake in its call is told to it.
async fn called(
    looker: &Looker<'_>,
    call: &ToolCall,
    answer: &mut Answer<'_>,
) -> Result<Message, AnswerError> {
    let result = |text: String, is_error: bool| Message::ToolResult {
        call_id: call.id.clone(),
        name: call.name.clone(),
        text,
        is_error,
    };
    match Look::of_call(&call.name, &call.arguments) {
        Ok(wanted) => {
            let records = look(looker, &wanted, answer).await?;
            let text = if records.is_empty() { "no records".to_owned() } else { records.join("\n") };
            Ok(result(text, false))
        }
        Err(error) => Ok(result(error.to_string(), true)),
    }
}

/// Looks, and puts what was found on the shelf; as the model is shown it.
async fn look(
    looker: &Looker<'_>,
    wanted: &Look,
    answer: &mut Answer<'_>,
) -> Result<Vec<String>, AnswerError> {
    let found = looker.look(wanted).await.map_err(AnswerError::Unavailable)?;
    answer.note_look(wanted, found.records.len(), found.is_cut);
    let numbers: Vec<usize> = found.records.into_iter().take(SHOWN).map(|it| answer.shelf.add(it)).collect();
    Ok(numbers.into_iter().filter_map(|number| answer.shelf.shown(number)).collect())
}

fn document(looker: &Looker<'_>, asked: &Asked, records: &[String]) -> String {
    json!({
        "question": llm::disguise::visible(&asked.question),
        "brand": looker.tenant.name,
        "now": moment_told(asked.at, looker.zone),
        "time_zone": looker.tenant.time_zone,
        "records": records,
    })
    .to_string()
}

/// What was asked and answered before. The numbers of its sources are of no use any more.
fn earlier(asked: &Asked) -> Vec<Message> {
    let from = asked.before.len().saturating_sub(EARLIER);
    let turns = asked.before[from..].iter().filter(|turn| !turn.answer.is_empty());
    turns
        .flat_map(|turn| {
            [Message::User(turn.question.clone()), Message::assistant(without_marks(&turn.answer))]
        })
        .collect()
}

fn without_marks(answer: &str) -> String {
    super::sentences::stretches(answer).into_iter().map(|part| part.claim).collect()
}

/// As sure as much of what the model said could stand.
fn confidence(answer: &Answer<'_>) -> f32 {
    let kept = super::sentences::stretches(&answer.said.text).len().max(1) as f32;
    let share = kept / (kept + answer.shelf.refused() as f32);
    if answer.shelf.said_nothing() { 0.6 * share } else { 0.9 * share }
}
