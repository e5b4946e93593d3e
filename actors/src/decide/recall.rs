//! Step 3: what the tenant's memory knows about a text, and what is remembered of it afterwards.
//!
//! Whatever comes from memory is data. It is asked for on behalf of the customer who will read the reply, so notes
//! and other people's conversations cannot come up here.

use std::time::Duration;

use serde_json::json;
use tenants::changes::Change;
use tenants::decision::{Outcome, Step};
use tenants::effect::Action;
use tenants::ids::MemoryId;
use tenants::memory::{MemoryItem, MemoryKind, Recall, Recalled, Visibility};

use super::guards::speaks_to_machines;
use super::judgement::{Case, Judgement};
use super::said::Text;
use super::work::Workings;

/// A memory that takes longer is gone on without: it is there to make replies better, not late.
const PATIENCE: Duration = Duration::from_millis(500);
/// Characters of an item that the trace shows.
pub(crate) const SHOWN: usize = 120;
/// Characters of a text that are remembered of an interaction.
const REMEMBERED: usize = 400;

/// Something recalled that a reply may be made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RecalledFact {
    pub text: String,
    /// The brand stated it as true for everybody: its links and numbers are the brand's own. An answer that was
    /// approved once was approved for one case.
    pub is_stated: bool,
}

/// Recalls what may be said, and writes into the trace what came up.
pub(super) async fn recall(case: &Case<'_>, work: &mut Workings) {
    let stated = case.context.settings.voice.facts.len();
    let stated_facts = match stated {
        0 => "the settings state no facts".to_owned(),
        1 => "the settings state 1 fact".to_owned(),
        _ => format!("the settings state {stated} facts"),
    };
    let author = &case.heard.author;
    let person = (!author.id.is_empty()).then(|| author.id.clone());
    let question = Recall::for_customer(case.words(), person, case.now);
    let tenant = &case.context.tenant.id;
    let answered = tokio::select! {
        biased;
        answered = case.ports.memory.recall(tenant, &question) => Some(answered),
        () = case.ports.clock.sleep(PATIENCE) => None,
    };
    let problem = match answered {
        Some(Ok(recalled)) => {
            let summary = match recalled.len() {
                0 => format!("nothing was recalled; {stated_facts}"),
                1 => format!("1 item was recalled; {stated_facts}"),
                many => format!("{many} items were recalled; {stated_facts}"),
            };
            let items: Vec<_> = recalled.iter().map(shown).collect();
            work.recalled = facts_of(&recalled);
            let left_out = leave_out_orders(&mut work.recalled);
            let mut details = json!({ "facts": stated, "recalled": items });
            let summary = if left_out.is_empty() {
                summary
            } else {
                details["left_out"] = json!(left_out);
                format!("{summary}; {} left out, as they read like instructions to a machine", left_out.len())
            };
            work.note(Step::Memory, summary, details);
            return;
        }
        Some(Err(error)) => error.to_string(),
        None => format!("it took longer than {} ms", PATIENCE.as_millis()),
    };
    let summary = format!("decided without memory: {problem}; {stated_facts}");
    work.note(Step::Memory, summary, json!({ "facts": stated, "problem": problem }));
}

/// One item for the trace: enough to see why something was said.
fn shown(recalled: &Recalled) -> serde_json::Value {
    let item = &recalled.item;
    let text: String = item.as_fact().chars().take(SHOWN).collect();
    json!({
        "id": item.id,
        "kind": item.kind,
        "score": (recalled.score * 1_000.0).round() / 1_000.0,
        "words_rank": recalled.words_rank,
        "meaning_rank": recalled.meaning_rank,
        "text": text,
    })
}

/// What a reply may be made of: facts, answers and posts that were found for this text. What was said before is no
/// fact.
fn facts_of(recalled: &[Recalled]) -> Vec<RecalledFact> {
    let is_fact = |it: &&Recalled| !it.item.kind.is_personal() && it.item.visibility == Visibility::Customer;
    let fact = |it: &Recalled| RecalledFact {
        text: it.item.as_fact(),
        is_stated: it.item.kind == MemoryKind::BrandFact,
    };
    recalled.iter().filter(is_fact).map(fact).collect()
}

/// Leaves out what reads like instructions to a machine, whoever brought it into the memory; the beginnings of what was
/// left out.
fn leave_out_orders(facts: &mut Vec<RecalledFact>) -> Vec<String> {
    let (orders, kept) = std::mem::take(facts).into_iter().partition(|fact| speaks_to_machines(&fact.text));
    *facts = kept;
    let orders: Vec<RecalledFact> = orders;
    orders.iter().map(|fact| fact.text.chars().take(SHOWN).collect()).collect()
}

/// Everything that the reply may be made of: what was recalled for this text, most fitting first, then what the
/// settings state; each once.
pub(super) fn facts_for_reply(case: &Case<'_>, work: &Workings) -> Vec<String> {
    let mut facts: Vec<String> = work.recalled.iter().map(|fact| fact.text.clone()).collect();
    for stated in &case.context.settings.voice.facts {
        if !facts.contains(stated) {
            facts.push(stated.clone());
        }
    }
    facts
}

/// What a text that is answered at once leaves in memory: a line about it, under the person who wrote it.
pub(super) fn interaction(text: &Text<'_>, judgement: &Judgement) -> Option<Change> {
    let author = &text.heard.author;
    let said = text.heard.text.trim();
    if judgement.outcome != Outcome::Act || author.id.is_empty() || said.is_empty() {
        return None;
    }
    let reply = judgement.queued.iter().find_map(|queued| Action::text(&queued.action))?;
    let cut = |text: &str| text.trim().chars().take(REMEMBERED).collect::<String>();
    let item = MemoryItem {
        title: Some(cut(said)),
        person: Some(author.id.clone()),
        account: Some(text.thread.account),
        conversation: Some(text.thread.id),
        media: text.heard.media().map(str::to_owned),
        language: judgement.work.spoken_language(),
        ..MemoryItem::new(
            MemoryId::new(text.ports.ids),
            text.situation.event.tenant,
            MemoryKind::Interaction,
            Visibility::Customer,
            cut(reply),
            "decision",
            text.now,
        )
    };
    item.check().is_ok().then(|| Change::Remember(Box::new(item)))
}
