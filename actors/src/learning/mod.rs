//! Learning: verdicts of people become versions of what a tenant's classifier knows, and decide which intents act by
//! themselves.
//!
//! A verdict is committed with what it decides. [`Learner::catch_up`] then draws its lesson in a second commit, which
//! also marks it: whoever dies in between, or is slower than somebody else, leaves it unmarked, and the next one to come
//! learns from it. It learns once, because the marking is part of the commit.

mod blame;
mod changes;
mod history;
mod service;

use std::collections::BTreeSet;
use std::sync::OnceLock;

use llm::offline::learn::{Step, Teacher, TeacherError};
use tenants::autonomy::{EarnedMode, WINDOW, review};
use tenants::changes::Changes;
use tenants::clock::Timestamp;
use tenants::ids::TenantId;
use tenants::intent::Intent;
use tenants::ports::StoreError;
use tenants::settings::TenantSettings;
use tenants::tuning::{Learned, Lesson, TuningVersion};
use tenants::verdict::Verdict;

use crate::Ports;

pub use blame::{KeptDecision, find_decision, verdict_of_feedback, verdict_of_take_over};
pub use history::{HistoryError, present, reset, revert};
pub use service::run;

/// Verdicts that one version learns from at most.
const AT_ONCE: u32 = 100;
/// How often somebody else may be first before the rest is left to them.
const TRIES: u32 = 5;

/// Who made the versions that come of verdicts.
const LEARNING: &str = "learning";

/// Draws the lessons.
#[derive(Debug)]
pub struct Learner {
    ports: Ports,
    /// Made when the first verdict comes: many nodes never see one.
    teacher: OnceLock<Teacher>,
}

/// Why nothing was learned. The verdicts stay, and are learned from later.
#[derive(Debug, thiserror::Error)]
pub enum LearnError {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A built-in file is damaged; does not happen in a program whose tests pass.
    #[error(transparent)]
    Teacher(#[from] TeacherError),
}

impl Learner {
    /// A learner on these ports.
    pub fn new(ports: Ports) -> Self {
        Self { ports, teacher: OnceLock::new() }
    }

    /// Learns from every verdict of a tenant that nobody has learned from, and looks anew which intents act by
    /// themselves. Harmless to call at any time, by several at once too.
    ///
    /// # Errors
    /// [`LearnError`]; whatever was not learned is learned by the next call.
    pub async fn catch_up(&self, tenant: &TenantId) -> Result<(), LearnError> {
        let mut refused = 0;
        loop {
            let verdicts = self.ports.store.unlearned_verdicts(tenant, AT_ONCE).await?;
            let settings = self.ports.store.find_settings(tenant).await?.unwrap_or_default();
            let changes = self.changes(tenant, &settings, &verdicts).await?;
            if changes.list.is_empty() {
                return Ok(());
            }
            match self.ports.store.commit(changes).await {
                Ok(()) if verdicts.len() < AT_ONCE as usize => break,
                Ok(()) => {}
                Err(StoreError::Conflict(_)) if refused < TRIES => refused += 1,
                Err(error) => return Err(error.into()),
            }
        }
        self.ports.wake.send(tenants::ports::Hint::TenantChanged(*tenant));
        self.ports.wake.send(tenants::ports::Hint::Audit(*tenant));
        Ok(())
    }

    async fn changes(
        &self,
        tenant: &TenantId,
        settings: &TenantSettings,
        verdicts: &[Verdict],
    ) -> Result<Changes, LearnError> {
        let now = self.ports.clock.now();
        let mut changes = Changes::of_tenant(*tenant);
        if !verdicts.is_empty() {
            let found = self.ports.store.find_tuning(tenant, None).await?;
            let before = found.map(|version| version.learned).unwrap_or_default();
            let lesson = self.lesson(&before, settings, verdicts, now)?;
            changes::learn(&mut changes, &before, lesson, &self.ports.ids);
        }
        let moves = self.moves(tenant, settings, now).await?;
        if !moves.is_empty() {
            let agency = self.ports.store.find_tenant(tenant).await?.map(|found| found.agency);
            for (before, after) in moves {
                changes::move_mode(&mut changes, agency, &before, after, &self.ports.ids);
            }
        }
        Ok(changes)
    }

    /// What is learned from the verdicts: one version more, when there is anything new in them.
    fn lesson(
        &self,
        before: &Learned,
        settings: &TenantSettings,
        verdicts: &[Verdict],
        now: Timestamp,
    ) -> Result<Lesson, LearnError> {
        let mut learned = before.clone();
        let (mut taken, mut held_back) = (0, 0);
        for verdict in verdicts.iter().filter(|_| settings.learning) {
            let (after, step) = self.teacher()?.fold(&learned, verdict);
            learned = after;
            taken += u32::from(step == Step::Taken);
            held_back += u32::from(step == Step::HeldBack);
        }
        let is_new = !learned.tuning.is_like(&before.tuning) || learned.record != before.record;
        learned.tuning.version = before.tuning.version + 1;
        let reason = format!(
            "{} verdicts, of which {taken} moved weights, {held_back} were held back",
            verdicts.len()
        );
        let next = is_new.then(|| TuningVersion { learned, reason, made_by: LEARNING.to_owned(), at: now });
        let verdicts = verdicts.iter().map(|verdict| verdict.id).collect();
        Ok(Lesson { base: before.tuning.version, next, verdicts, back_to: None })
    }

    fn teacher(&self) -> Result<&Teacher, LearnError> {
        if let Some(teacher) = self.teacher.get() {
            return Ok(teacher);
        }
        let teacher = Teacher::new()?;
        Ok(self.teacher.get_or_init(|| teacher))
    }

    /// Intents that begin or cease to act by themselves, before and after.
    async fn moves(
        &self,
        tenant: &TenantId,
        settings: &TenantSettings,
        now: Timestamp,
    ) -> Result<Vec<(EarnedMode, EarnedMode)>, LearnError> {
        let known = self.ports.store.earned_modes(tenant).await?;
        let acting = known.iter().filter(|mode| mode.is_acting()).map(|mode| mode.intent);
        let intents: BTreeSet<Intent> = settings.autonomy.intents.keys().copied().chain(acting).collect();
        let mut moves = Vec::new();
        for intent in intents {
            let present = known.iter().find(|mode| mode.intent == intent).cloned();
            let present = present.unwrap_or_else(|| EarnedMode::nothing(intent));
            let latest = self.ports.store.latest_verdicts(tenant, intent, WINDOW).await?;
            let latest: Vec<Verdict> = latest.into_iter().map(|kept| kept.verdict).collect();
            if let Some(after) = review(settings, &present, &latest, now) {
                moves.push((present, after));
            }
        }
        Ok(moves)
    }
}
