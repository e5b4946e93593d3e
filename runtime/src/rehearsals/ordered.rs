//! What a rehearsal is asked for, as it is sent to the API and read from files by the command line.

use std::collections::BTreeMap;

use actors::rehearsal::{Base, Changed};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tenants::clock::Timestamp;
use tenants::ids::{Ids, RuleId};
use tenants::intent::Intent;
use tenants::models::Task;
use tenants::money::MicroUsd;
use tenants::prompt::PromptKey;
use tenants::rehearsal::Period;
use tenants::rule::Rule;
use tenants::settings::InvalidSetting;
use utoipa::ToSchema;

pub use crate::http::RuleDocument;
use crate::http::schema;

/// Models per task.
pub type TaskModels = BTreeMap<Task, Vec<String>>;

/// Most events of one tenant.
const MOST_EVENTS: u64 = 100_000;
const USUAL_EVENTS: u64 = 10_000;
const MOST_RULES: usize = 500;
/// Most rules that are named to be left out: those a tenant has, and as many that it had.
const MOST_LEFT_OUT: usize = 1_000;
/// Most bytes of an order: it is kept with its result.
const LONGEST_ORDER: usize = 256 << 10;

/// What is to be rehearsed.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RehearsalOrder)]
pub struct Order {
    /// First moment of the period.
    #[schema(value_type = schema::Moment)]
    pub from: Timestamp,
    /// First moment after the period.
    #[schema(value_type = schema::Moment)]
    pub until: Timestamp,
    /// At most so many events of a tenant, the earliest of the period; 1 to 100000.
    #[serde(default = "usual_events")]
    #[schema(minimum = 1, maximum = 100_000)]
    pub max_events: u64,
    /// What is changed; nothing when left out.
    #[serde(default)]
    pub changed: ChangesDocument,
    /// Ask models what the record does not answer. It costs money; when left out, the built-in offline provider answers.
    #[serde(default)]
    pub ask_models: Option<AskModels>,
}

fn usual_events() -> u64 {
    USUAL_EVENTS
}

/// Leave to ask models.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AskModels {
    /// The most that the whole rehearsal may cost, in millionths of a US dollar; its last answer may go beyond it.
    #[schema(minimum = 0)]
    pub max_cost_micro_usd: i64,
}

/// The configuration to which the changes are made.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = RehearsalBase)]
pub enum BaseWord {
    /// The one with which each event was decided.
    #[default]
    Recorded,
    /// The present one of the tenant.
    Present,
}

/// A changed configuration. What is left out stays as it was.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[schema(as = RehearsalChanges)]
pub struct ChangesDocument {
    /// To what the changes are made.
    pub base: BaseWord,
    /// All rules there are.
    pub rules: Option<Vec<RuleDocument>>,
    /// Rules added, or put in the place of those with the same name.
    pub put_rules: Vec<RuleDocument>,
    /// Names or ids of rules that are left out.
    pub without_rules: Vec<String>,
    /// A JSON merge patch over the settings, in the form of `/tenants/{tenant}/settings`.
    #[schema(value_type = Option<Object>)]
    pub settings: Option<Value>,
    /// Prompt (`classify`, `reply` or `crisis`) → its instructions, for all conversations.
    #[schema(value_type = BTreeMap<String, String>)]
    pub prompts: BTreeMap<PromptKey, String>,
    /// Another daily budget for language models, in millionths of a US dollar.
    #[schema(minimum = 0)]
    pub daily_budget_micro_usd: Option<i64>,
    /// Intent → confidence (0 to 1) from which a local answer is believed.
    #[schema(value_type = BTreeMap<String, f32>)]
    pub local_from: BTreeMap<Intent, f32>,
    /// Task → models (`provider/model`, as in the catalogue) in the order in which they are asked.
    #[schema(value_type = BTreeMap<String, Vec<String>>)]
    pub models: TaskModels,
}

impl Order {
    /// The order as it is kept.
    ///
    /// # Errors
    /// When it is too large for that.
    pub fn to_document(&self) -> Result<Value, InvalidSetting> {
        let document = serde_json::to_value(self).unwrap_or_default();
        let length = document.to_string().len();
        if length > LONGEST_ORDER {
            let problem =
                format!("has {length} bytes, allowed are {LONGEST_ORDER}: leave out what is not changed");
            return Err(invalid("changed", &problem));
        }
        Ok(document)
    }

    /// The period.
    ///
    /// # Errors
    /// Names the field that makes no sense.
    pub fn period(&self) -> Result<Period, InvalidSetting> {
        if self.from >= self.until {
            return Err(invalid("until", "must lie after `from`"));
        }
        if !(1..=MOST_EVENTS).contains(&self.max_events) {
            return Err(invalid("max_events", "must lie between 1 and 100000"));
        }
        if self.ask_models.is_some_and(|ask| ask.max_cost_micro_usd < 0) {
            return Err(invalid("ask_models.max_cost_micro_usd", "must not be negative"));
        }
        Ok(Period { from: self.from, until: self.until })
    }
}

impl ChangesDocument {
    /// The changes in domain words.
    ///
    /// # Errors
    /// Names the field that cannot be used.
    pub fn into_changed(self, ids: &Ids, now: Timestamp) -> Result<Changed, InvalidSetting> {
        let to_rules = |documents: Vec<RuleDocument>| {
            if documents.len() > MOST_RULES {
                return Err(invalid("rules", "at most 500"));
            }
            let to_rule = |rule: RuleDocument| rule.into_rule(RuleId::new(ids), now, now);
            documents.into_iter().map(to_rule).collect::<Result<Vec<_>, _>>()
        };
        for (key, body) in &self.prompts {
            // What could not be kept cannot be rehearsed either.
            llm::prompts::check(*key, body)
                .map_err(|error| invalid(&format!("prompts.{key}"), &error.to_string()))?;
        }
        if self.without_rules.len() > MOST_LEFT_OUT {
            return Err(invalid("without_rules", "at most 1000"));
        }
        if self.daily_budget_micro_usd.is_some_and(|budget| budget < 0) {
            return Err(invalid("daily_budget_micro_usd", "must not be negative"));
        }
        self.settings.as_ref().map_or(Ok(()), check_patch)?;
        Ok(Changed {
            base: match self.base {
                BaseWord::Recorded => Base::Recorded,
                BaseWord::Present => Base::Present,
            },
            rules: self.rules.map(to_rules).transpose()?,
            put_rules: to_rules(self.put_rules)?,
            without_rules: self.without_rules,
            settings: self.settings,
            prompts: self.prompts,
            budget: self.daily_budget_micro_usd.map(MicroUsd),
            local_from: self.local_from,
            models: !self.models.is_empty(),
        })
    }
}

/// Refuses a patch over the settings that would change nothing: what was spent on a day depends on its budget, which is
/// therefore a change of its own.
fn check_patch(patch: &Value) -> Result<(), InvalidSetting> {
    let members = patch.as_object().ok_or_else(|| invalid("settings", "must be an object"))?;
    for name in ["daily_budget_micro_usd", "daily_budget"] {
        if members.contains_key(name) {
            let problem = "change the budget with `daily_budget_micro_usd` beside `settings` (--budget on the command \
                           line), not in them";
            return Err(invalid(&format!("settings.{name}"), problem));
        }
    }
    if members.contains_key("budget_shares") {
        let problem = "shares of the budget cannot be rehearsed: leave them out, and change the budget as a whole with \
                       `daily_budget_micro_usd` beside `settings` (--budget on the command line)";
        return Err(invalid("settings.budget_shares", problem));
    }
    Ok(())
}

/// Refuses names of rules to be left out that no rule has; the id of one that is there no more is accepted.
///
/// # Errors
/// Names the first unknown one.
pub fn check_left_out(left_out: &[String], known: &[Rule]) -> Result<(), InvalidSetting> {
    let is_known =
        |wanted: &String| wanted.parse::<RuleId>().is_ok() || known.iter().any(|rule| rule.name == *wanted);
    let Some(unknown) = left_out.iter().find(|wanted| !is_known(wanted)) else { return Ok(()) };
    let names: Vec<String> = known.iter().map(|rule| format!("`{}`", rule.name)).collect();
    let problem = match names.is_empty() {
        true => format!("there is no rule `{unknown}`, and no other"),
        false => format!("there is no rule `{unknown}`: leave out {}", names.join(", ")),
    };
    Err(invalid("without_rules", &problem))
}

fn invalid(field: &str, problem: &str) -> InvalidSetting {
    InvalidSetting { field: field.to_owned(), problem: problem.to_owned() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn order(changes: Value) -> Result<Order, serde_json::Error> {
        let period = json!({ "from": "2026-03-01T00:00:00Z", "until": "2026-03-08T00:00:00Z" });
        let mut whole = period;
        whole["changed"] = changes;
        serde_json::from_value(whole)
    }

    #[test]
    fn an_order_is_read_as_the_api_and_files_write_it() {
        let order = order(json!({
            "put_rules": [{ "name": "n", "trigger": { "on": "comment" }, "actions": [{ "do": "hide" }] }],
            "settings": { "min_confidence": 0.8 },
            "daily_budget_micro_usd": 7,
            "prompts": { "reply": "Be brief." },
            "local_from": { "praise": 0.7 },
            "models": { "short_reply": ["openai/gpt-5"] },
        }))
        .unwrap();
        assert_eq!(order.max_events, 10_000);
        let clock = std::sync::Arc::new(tenants::clock::ManualClock::at(0));
        let ids = Ids::seeded(clock, 1);
        let changed = order.changed.into_changed(&ids, Timestamp::from_micros(0)).unwrap();
        assert_eq!(changed.settings, Some(json!({ "min_confidence": 0.8 })));
        assert_eq!(changed.budget, Some(MicroUsd(7)));
        assert!(changed.models && changed.put_rules.len() == 1);
    }

    #[test]
    fn an_order_without_end_is_refused() {
        let ids = Ids::seeded(std::sync::Arc::new(tenants::clock::ManualClock::at(0)), 1);
        let many = order(json!({ "without_rules": vec!["r"; 1_001] })).unwrap();
        assert!(many.to_document().is_ok());
        let refused = many.changed.into_changed(&ids, Timestamp::from_micros(0)).unwrap_err();
        assert_eq!(refused.field, "without_rules");
        let long = order(json!({ "without_rules": ["r".repeat(300_000)] })).unwrap();
        assert_eq!(long.to_document().unwrap_err().field, "changed");
        let fat = order(json!({ "settings": { "facts": vec!["fact"; 50_000] } })).unwrap();
        assert_eq!(fat.to_document().unwrap_err().field, "changed");
    }

    #[test]
    fn what_would_be_ignored_or_could_not_be_kept_is_refused() {
        let ids = Ids::seeded(std::sync::Arc::new(tenants::clock::ManualClock::at(0)), 1);
        let refused = |changes: Value| {
            let changes = order(changes).unwrap().changed;
            changes.into_changed(&ids, Timestamp::from_micros(0)).unwrap_err().to_string()
        };
        for name in ["daily_budget_micro_usd", "daily_budget", "budget_shares"] {
            let problem = refused(json!({ "settings": { name: 0 } }));
            assert!(problem.contains(name) && problem.contains("--budget"), "{problem}");
        }
        let problem = refused(json!({ "prompts": { "reply": "Write.\n{{ customer }}" } }));
        assert!(problem.contains("prompts.reply") && problem.contains("line 2"), "{problem}");
    }

    #[test]
    fn a_rule_that_nobody_has_cannot_be_left_out() {
        let clock = std::sync::Arc::new(tenants::clock::ManualClock::at(0));
        let id = RuleId::new(&Ids::seeded(clock, 1));
        let check = |left_out: &str| check_left_out(&[left_out.to_owned()], &[]);
        assert!(check("nope").unwrap_err().to_string().contains("no rule `nope`"));
        assert!(check(&id.to_string()).is_ok(), "a rule that was removed since had an id");
    }

    #[test]
    fn what_makes_no_sense_is_named() {
        assert!(order(json!({ "prompt": "?" })).unwrap_err().to_string().contains("prompt"));
        let mut backwards = order(json!({})).unwrap();
        std::mem::swap(&mut backwards.from, &mut backwards.until);
        assert_eq!(backwards.period().unwrap_err().field, "until");
        let endless = Order { max_events: 0, ..order(json!({})).unwrap() };
        assert_eq!(endless.period().unwrap_err().field, "max_events");
    }
}
