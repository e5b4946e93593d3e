//! A reply: the tenant's own words where it wrote some, else a model's, else the built-in ones.

use serde::Deserialize;
use serde_json::{Value, json};
use tenants::intent::Language;
use tenants::models::Task;
use tenants::prompt::PromptKey;

use super::leak::repeats;
use super::{Cascade, answer, instead, instructions, reckoned, shown};
use crate::budget::Tally;
use crate::error::LlmError;
use crate::offline::signed;
use crate::request::{Input, Reply, Request, Schema};
use crate::router::{Answer, Channel, Formality, Line, LlmRouter, ReplyRequest};

/// Lines of the conversation that a model is shown.
const LINES: usize = 12;
/// Facts that a model is shown.
const FACTS: usize = 40;

/// Longest reply that is looked at, in bytes: four times what Instagram takes. A longer one is none, whatever it says.
const LONGEST_USABLE: usize = 8_800;

/// A model's answer. Its form was checked against [`schema`].
#[derive(Debug, Deserialize)]
struct Written {
    reply: String,
    sure: bool,
}

impl Cascade {
    pub(super) async fn reply_in_turn(&self, request: ReplyRequest) -> Result<Answer<String>, LlmError> {
        let has_models = self.models.has_models(Task::ShortReply);
        if !has_models || self.local.has_own_words(&request) {
            return self.local.reply(request).await;
        }
        let tally = Tally::default();
        let written = match self.write(&request, &tally).await {
            Ok(written) => written,
            Err(error) => match self.local.reply(request).await {
                Ok(local) => instead(error, local)?,
                // The built-in texts have nothing for it: why no model wrote one says more.
                Err(_) => return Err(error),
            },
        };
        Ok(reckoned(written, &tally))
    }

    async fn write(&self, request: &ReplyRequest, tally: &Tally) -> Result<Answer<String>, LlmError> {
        let question = Request { tally: tally.clone(), ..self.reply_question(request)? };
        let instructions = question.input.system.clone();
        let reply = self.models.complete(question).await?;
        let written = read(&reply)?;
        let text = signed_once(written.reply.trim(), request);
        if repeats(&text, &instructions, &own_texts(request)) {
            return Err(LlmError::InvalidOutput { reason: "the answer repeats its instructions".to_owned() });
        }
        Ok(Answer { is_unsure: !written.sure, ..answer(text, reply.origin) })
    }

    fn reply_question(&self, request: &ReplyRequest) -> Result<Request, LlmError> {
        let behalf = &request.behalf;
        let prompt = Self::prompt(behalf, PromptKey::Reply);
        let system = instructions(&prompt, &values(request))?;
        let input = Input { schema: Some(schema()), ..Input::text(system, document(request).to_string()) };
        self.request(behalf, Task::ShortReply, &prompt, input)
    }
}

/// What templates of prompts may use: what the agency has set, and nothing that a customer wrote.
fn values(request: &ReplyRequest) -> Value {
    let voice = &request.voice;
    json!({
        "brand": voice.brand,
        "languages": voice.languages.iter().map(|language| language.as_str()).collect::<Vec<_>>(),
        "formal": voice.formality == Formality::Formal,
        "emoji": voice.emoji,
        "signature": voice.signature.as_deref().unwrap_or(""),
        "language": english_name(request.language),
        "channel": match request.channel {
            Channel::Comment => "public comment",
            Channel::DirectMessage => "direct message",
            Channel::PrivateReply => "private reply to a comment",
        },
        "max_bytes": longest(request.channel),
        "intent": request.intent.as_str(),
        "forbidden_words": voice.forbidden_words,
    })
}

/// What was written by strangers, and what may be said to them.
fn document(request: &ReplyRequest) -> Value {
    let from = |line: &Line| if line.ours { "brand" } else { "customer" };
    let first = request.history.len().saturating_sub(LINES);
    let history: Vec<Value> = request.history[first..]
        .iter()
        .map(|line| json!({ "from": from(line), "text": shown(&line.text) }))
        .collect();
    json!({
        "customer_text": shown(&request.text),
        "author": request.author_name.as_deref().map(shown),
        "history": history,
        "facts": request.facts.iter().take(FACTS).map(|fact| shown(fact)).collect::<Vec<_>>(),
    })
}

/// The form in which a model must answer.
fn schema() -> Schema {
    let schema = json!({
        "type": "object",
        "properties": { "reply": { "type": "string", "minLength": 1 }, "sure": { "type": "boolean" } },
        "required": ["reply", "sure"],
        "additionalProperties": false,
    });
    Schema { name: "reply".to_owned(), schema }
}

fn read(reply: &Reply) -> Result<Written, LlmError> {
    let written = reply.json.as_ref().and_then(|json| Written::deserialize(json).ok());
    if written.as_ref().is_some_and(|written| written.reply.len() > LONGEST_USABLE) {
        let reason = "the reply is far longer than was asked for".to_owned();
        return Err(LlmError::InvalidOutput { reason });
    }
    written
        .filter(|written| !written.reply.trim().is_empty())
        .ok_or_else(|| LlmError::InvalidOutput { reason: "the answer holds no reply".to_owned() })
}

/// Everything the brand has said itself and may be repeated.
fn own_texts(request: &ReplyRequest) -> Vec<String> {
    let mut own = request.facts.clone();
    own.extend(request.voice.signature.clone());
    own
}

/// With the brand's signature, unless the model has signed already.
fn signed_once(text: &str, request: &ReplyRequest) -> String {
    let signature = request.voice.signature.as_deref().map_or("", str::trim);
    if !signature.is_empty() && text.ends_with(signature) {
        text.to_owned()
    } else {
        signed(text.to_owned(), request)
    }
}

/// Bytes of the longest reply that is wanted; Instagram takes 1,000 in a direct message and 2,200 in a comment, and
/// nobody reads that much.
fn longest(channel: Channel) -> usize {
    match channel {
        Channel::Comment => 400,
        Channel::DirectMessage | Channel::PrivateReply => 700,
    }
}

pub(super) fn english_name(language: Language) -> &'static str {
    match language {
        Language::English => "English",
        Language::Spanish => "Spanish",
        Language::Portuguese => "Portuguese",
        Language::German => "German",
        Language::French => "French",
        Language::Italian => "Italian",
    }
}
