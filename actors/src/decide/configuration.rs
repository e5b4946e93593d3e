//! The configuration that decisions are made with, as it is kept beside them: settings, rules, prompts, what was
//! learned, accounts. It is stored in parts under the hash of their text, so that what did not change is stored once.

use std::collections::{BTreeMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tenants::account::{Account, Tenant};
use tenants::autonomy::EarnedMode;
use tenants::intent::Intent;
use tenants::money::MicroUsd;
use tenants::ports::TenantContext;
use tenants::prompt::{Prompt, PromptArm, PromptChoice, PromptKey, PromptSet};
use tenants::rehearsal::{ConfigurationPart, ConfigurationParts};
use tenants::tuning::Tuning;

/// A configuration on its way into the database.
#[derive(Debug)]
pub(super) struct Configuration {
    /// Its name.
    pub hash: String,
    parts: ConfigurationParts,
    is_kept: AtomicBool,
    /// Recalled facts that are kept beside it.
    kept_facts: Mutex<HashSet<String>>,
}

impl Configuration {
    /// Takes the context apart. Some ten microseconds; done once per context.
    pub fn of(context: &TenantContext) -> Self {
        let mut parts = Vec::new();
        let mut keep = |body: String| {
            let hash = hash_of(&body);
            parts.push(ConfigurationPart { hash: hash.clone(), body });
            hash
        };
        let root = Root {
            settings: keep(written(&context.settings)),
            rules: keep(written(&context.rules)),
            prompts: keep(written(&PromptsDocument::from(&*context.prompts))),
            tuning: keep(written(&*context.tuning)),
            // The version grows with changes that decisions do not see.
            tenant: Tenant { version: 0, ..context.tenant.clone() },
            accounts: context.accounts.clone(),
            agency_budget: context.agency_budget,
            earned: context.earned.clone(),
        };
        let hash = keep(written(&root));
        Self { hash, parts: parts.into(), is_kept: AtomicBool::new(false), kept_facts: Mutex::default() }
    }

    /// The parts, as long as nobody has stored them.
    pub fn to_keep(&self) -> Option<ConfigurationParts> {
        (!self.is_kept.load(Ordering::Relaxed)).then(|| Arc::clone(&self.parts))
    }

    /// A recalled fact under its name, and whether it must still be kept.
    pub fn fact(&self, text: &str) -> (ConfigurationPart, bool) {
        let body = written(&text);
        let part = ConfigurationPart { hash: hash_of(&body), body };
        let kept = self.kept_facts.lock().unwrap_or_else(PoisonError::into_inner);
        let is_new = !kept.contains(&part.hash);
        drop(kept);
        (part, is_new)
    }

    /// These are stored.
    pub fn set_kept(&self, parts: &[ConfigurationPart]) {
        if parts.iter().any(|part| part.hash == self.hash) {
            self.is_kept.store(true, Ordering::Relaxed);
        }
        let others = parts.iter().filter(|part| part.hash != self.hash);
        let mut kept = self.kept_facts.lock().unwrap_or_else(PoisonError::into_inner);
        kept.extend(others.map(|part| part.hash.clone()));
    }
}

/// The names of the parts that a configuration needs beside its root.
pub(crate) fn parts_of(root: &str) -> Option<Vec<String>> {
    let root: Root = serde_json::from_str(root).ok()?;
    Some(vec![root.settings, root.rules, root.prompts, root.tuning])
}

/// The context that was taken apart, without the day's counters; `None` when a part is missing or cannot be read.
pub(crate) fn put_together(root: &str, parts: &[ConfigurationPart]) -> Option<TenantContext> {
    let root: Root = serde_json::from_str(root).ok()?;
    let body = |hash: &str| Some(parts.iter().find(|part| part.hash == hash)?.body.as_str());
    let settings = serde_json::from_str(body(&root.settings)?).ok()?;
    let prompts: PromptsDocument = serde_json::from_str(body(&root.prompts)?).ok()?;
    let tuning: Tuning = serde_json::from_str(body(&root.tuning)?).ok()?;
    Some(TenantContext {
        rules: serde_json::from_str(body(&root.rules)?).ok()?,
        accounts: root.accounts,
        agency_budget: root.agency_budget,
        earned: root.earned,
        prompts: Arc::new(prompts.into()),
        tuning: Arc::new(tuning),
        ..TenantContext::new(root.tenant, settings)
    })
}

fn written(part: &impl Serialize) -> String {
    // Domain words are plain data with words as keys: they can always be written.
    serde_json::to_string(part).unwrap_or_default()
}

fn hash_of(body: &str) -> String {
    Sha256::digest(body.as_bytes()).iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

#[derive(Serialize, Deserialize)]
struct Root {
    settings: String,
    rules: String,
    prompts: String,
    tuning: String,
    tenant: Tenant,
    accounts: Vec<Account>,
    agency_budget: Option<MicroUsd>,
    /// Where intents stand that may act by themselves.
    earned: BTreeMap<Intent, EarnedMode>,
}

#[derive(Serialize, Deserialize)]
struct PromptsDocument(BTreeMap<PromptKey, ChoiceDocument>);

#[derive(Serialize, Deserialize)]
struct ChoiceDocument {
    salt: String,
    arms: Vec<(Prompt, u32)>,
}

impl From<&PromptSet> for PromptsDocument {
    fn from(set: &PromptSet) -> Self {
        let arms = |choice: &PromptChoice| {
            choice.arms.iter().map(|arm| (Prompt::clone(&arm.prompt), arm.weight)).collect()
        };
        let written =
            |choice: &PromptChoice| ChoiceDocument { salt: choice.salt.clone(), arms: arms(choice) };
        Self(set.choices.iter().map(|(key, choice)| (*key, written(choice))).collect())
    }
}

impl From<PromptsDocument> for PromptSet {
    fn from(document: PromptsDocument) -> Self {
        let arm = |(prompt, weight)| PromptArm { prompt: Arc::new(prompt), weight };
        let choice = |document: ChoiceDocument| PromptChoice {
            salt: document.salt,
            arms: document.arms.into_iter().map(arm).collect(),
        };
        Self { choices: document.0.into_iter().map(|(key, it)| (key, choice(it))).collect() }
    }
}

#[cfg(test)]
mod tests {
    use tenants::rule::{RuleAction, TriggerKind};

    use super::super::tests::world::World;
    use super::*;

    fn rich() -> TenantContext {
        let tag = RuleAction::Tag { tag: "vip".into() };
        let world = World::new().rule("vips", TriggerKind::Comment, "vip", vec![tag]);
        let mut context = TenantContext::clone(&world.context);
        let prompt = Arc::new(Prompt { key: PromptKey::Reply, version: 3, body: "be kind".into() });
        let choice = PromptChoice { salt: "exp".into(), arms: vec![PromptArm { prompt, weight: 2 }] };
        context.prompts = Arc::new(PromptSet { choices: [(PromptKey::Reply, choice)].into() });
        context.tuning = Arc::new(Tuning {
            version: 4,
            nudges: [(17, [0.125; Intent::ALL.len()])].into(),
            local_from: [(Intent::Praise, 0.83)].into(),
        });
        context.settings.min_confidence = 0.71;
        context
    }

    #[test]
    fn a_configuration_is_put_together_as_it_was_taken_apart() {
        let mut context = rich();
        let taken = Configuration::of(&context);
        let parts = taken.to_keep().unwrap();
        let root = parts.iter().find(|part| part.hash == taken.hash).unwrap();
        assert!(parts_of(&root.body).unwrap().iter().all(|name| parts.iter().any(|it| it.hash == *name)));
        context.tenant.version = 0;
        assert_eq!(put_together(&root.body, &parts), Some(context));
        assert_eq!(put_together(&root.body, &parts[1..]), None, "a missing part is not made up");
    }

    #[test]
    fn what_changed_has_another_name_and_the_rest_keeps_its_own() {
        let context = rich();
        let first = Configuration::of(&context);
        let mut changed = context.clone();
        changed.tenant.version += 1;
        assert_eq!(Configuration::of(&changed).hash, first.hash);
        changed.settings.min_confidence = 0.5;
        let second = Configuration::of(&changed);
        assert_ne!(second.hash, first.hash);
        let (first, second) = (first.to_keep().unwrap(), second.to_keep().unwrap());
        let new = second.iter().filter(|part| !first.contains(part)).count();
        assert_eq!(new, 2, "the settings and the root");
    }
}
