//! What a rehearsal changes about the configuration.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;
use tenants::intent::Intent;
use tenants::money::MicroUsd;
use tenants::ports::TenantContext;
use tenants::prompt::{Prompt, PromptArm, PromptChoice, PromptKey, PromptSet};
use tenants::reading::{Unreadable, read};
use tenants::rule::Rule;
use tenants::settings::{InvalidSetting, TenantSettings};
use tenants::tuning::Tuning;

/// What is changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Base {
    /// The configuration with which each event was decided.
    #[default]
    Recorded,
    /// The tenant's present configuration.
    Present,
}

/// A changed configuration. What is left out stays as it was.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Changed {
    /// What is changed.
    pub base: Base,
    /// All rules there are. One with the name of a known rule takes its place and its id.
    pub rules: Option<Vec<Rule>>,
    /// Rules added, or put in the place of those with the same name.
    pub put_rules: Vec<Rule>,
    /// Names or ids of rules that are left out.
    pub without_rules: Vec<String>,
    /// A JSON merge patch (RFC 7396) over the settings.
    pub settings: Option<Value>,
    /// Other instructions, for all conversations.
    pub prompts: BTreeMap<PromptKey, String>,
    /// Another daily budget for language models.
    pub budget: Option<MicroUsd>,
    /// From which confidence (0 to 1) a local answer with this intent is believed.
    pub local_from: BTreeMap<Intent, f32>,
    /// Other models are in use: what a paid model answered is no answer any more.
    pub models: bool,
}

impl Changed {
    /// Says what is wrong when the changes cannot be made to this configuration.
    ///
    /// # Errors
    /// Names the field.
    pub fn check(&self, context: &TenantContext) -> Result<(), InvalidSetting> {
        self.apply(context).map(drop)
    }

    /// The context with the changes in it.
    ///
    /// # Errors
    /// When the settings or a rule cannot be used; the text names the field.
    pub(super) fn apply(&self, context: &TenantContext) -> Result<TenantContext, InvalidSetting> {
        let mut settings = patched(&context.settings, self.settings.as_ref())?;
        if let Some(budget) = self.budget {
            settings.daily_budget = budget;
        }
        settings.validate()?;
        let rules = self.rules_after(&context.rules);
        for rule in &rules {
            rule.validate()?;
        }
        Ok(TenantContext {
            settings,
            rules: rules.into_iter().filter(|rule| rule.enabled).collect(),
            prompts: self.prompts_after(&context.prompts),
            tuning: self.tuning_after(&context.tuning)?,
            ..context.clone()
        })
    }

    fn rules_after(&self, known: &[Rule]) -> Vec<Rule> {
        let settled = |new: &Rule| match known.iter().find(|rule| rule.name == new.name) {
            Some(rule) => Rule { id: rule.id, created_at: rule.created_at, ..new.clone() },
            None => new.clone(),
        };
        let mut rules = match &self.rules {
            Some(rules) => rules.iter().map(settled).collect(),
            None => known.to_vec(),
        };
        for new in &self.put_rules {
            rules.retain(|rule| rule.name != new.name);
            rules.push(settled(new));
        }
        let is_left_out =
            |rule: &Rule| self.without_rules.iter().any(|it| *it == rule.name || *it == rule.id.to_string());
        rules.retain(|rule| !is_left_out(rule));
        rules
    }

    fn prompts_after(&self, known: &Arc<PromptSet>) -> Arc<PromptSet> {
        if self.prompts.is_empty() {
            return Arc::clone(known);
        }
        let mut prompts = PromptSet::clone(known);
        for (&key, body) in &self.prompts {
            let prompt = Arc::new(Prompt { key, version: Prompt::REHEARSED, body: body.clone() });
            let arms = vec![PromptArm { prompt, weight: 1 }];
            prompts.choices.insert(key, PromptChoice { salt: String::new(), arms });
        }
        Arc::new(prompts)
    }

    fn tuning_after(&self, known: &Arc<Tuning>) -> Result<Arc<Tuning>, InvalidSetting> {
        if self.local_from.is_empty() {
            return Ok(Arc::clone(known));
        }
        let mut tuning = Tuning::clone(known);
        for (&intent, &from) in &self.local_from {
            if !(0.0..=1.0).contains(&from) {
                let field = format!("local_from.{intent}");
                return Err(InvalidSetting { field, problem: "must lie between 0 and 1".to_owned() });
            }
            tuning.local_from.insert(intent, from);
        }
        Ok(Arc::new(tuning))
    }
}

fn patched(settings: &TenantSettings, patch: Option<&Value>) -> Result<TenantSettings, InvalidSetting> {
    let Some(patch) = patch else { return Ok(settings.clone()) };
    let invalid = |field: &str, problem: String| {
        let field = if field.is_empty() { "settings".to_owned() } else { format!("settings.{field}") };
        InvalidSetting { field, problem }
    };
    let mut document = serde_json::to_value(settings).map_err(|error| invalid("", error.to_string()))?;
    merge(&mut document, patch);
    read(document).map_err(|Unreadable { field, problem }| invalid(&field, problem))
}

/// RFC 7396: members of an object are merged, `null` removes one, everything else replaces.
fn merge(document: &mut Value, patch: &Value) {
    let Value::Object(members) = patch else {
        *document = patch.clone();
        return;
    };
    if !document.is_object() {
        *document = Value::Object(serde_json::Map::new());
    }
    let Value::Object(known) = document else { return };
    for (name, value) in members {
        if value.is_null() {
            known.remove(name);
        } else {
            merge(known.entry(name.clone()).or_insert(Value::Null), value);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use tenants::rule::{RuleAction, TriggerKind};

    use super::*;
    use crate::decide::testing::World;

    fn context() -> TenantContext {
        let world = World::new()
            .rule("hide scams", TriggerKind::Comment, "scam", vec![RuleAction::Hide])
            .rule("tag vips", TriggerKind::Comment, "vip", vec![RuleAction::Tag { tag: "vip".into() }]);
        TenantContext::clone(&world.context)
    }

    #[test]
    fn nothing_changed_is_the_same_context() {
        let known = context();
        assert_eq!(Changed::default().apply(&known).unwrap(), known);
    }

    #[test]
    fn settings_are_merged_and_what_cannot_be_used_is_named() {
        let known = context();
        let patch = |value: Value| Changed { settings: Some(value), ..Changed::default() }.apply(&known);
        let after = patch(json!({ "min_confidence": 0.9, "voice": { "emoji": false } })).unwrap();
        assert_eq!((after.settings.min_confidence, after.settings.voice.emoji), (0.9, false));
        assert_eq!(after.settings.stop_words, known.settings.stop_words);
        assert_eq!(patch(json!({ "min_confidence": 2 })).unwrap_err().field, "min_confidence");
        assert!(patch(json!({ "confidence": 1 })).unwrap_err().to_string().contains("confidence"));
    }

    #[test]
    fn a_rule_of_the_same_name_takes_the_place_of_the_known_one() {
        let known = context();
        let changed =
            Rule { actions: vec![RuleAction::Delete], id: known.rules[1].id, ..known.rules[0].clone() };
        let put = Changed { put_rules: vec![changed.clone()], ..Changed::default() };
        let after = put.apply(&known).unwrap().rules;
        let scams = after.iter().find(|rule| rule.name == "hide scams").unwrap();
        assert_eq!((scams.id, &scams.actions), (known.rules[0].id, &changed.actions));
        let without = Changed { without_rules: vec!["tag vips".into()], ..put }.apply(&known).unwrap();
        assert_eq!(without.rules.len(), 1);
        let none = Changed { rules: Some(Vec::new()), ..Changed::default() }.apply(&known).unwrap();
        assert!(none.rules.is_empty());
    }
}
