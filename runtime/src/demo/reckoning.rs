//! The reckoning: what people wrote, what was decided, what became visible, and whether anything was lost or doubled.
//!
//! Two books are compared that know nothing of each other: the sandbox's, of what was written and what became visible,
//! and the node's, of what was decided and sent.

use std::collections::{BTreeMap, HashSet};

use hdrhistogram::Histogram;
use sandbox::{EffectKind, EffectsReport, InboundKind};
use serde::Serialize;
use tenants::audit::Chain;
use tenants::effect::{Action, Effect, EffectState, LikeTarget, ReplyTarget};
use tenants::event::EventKind;
use tenants::ids::EffectId;
use tenants::ports::{AuditLog, EffectFilter, Inbox, Outbox, PageRequest};

use super::stage::Stage;

/// What a run came to.
#[derive(Debug, Clone, Default, Serialize)]
pub(super) struct Reckoning {
    /// What people wrote.
    pub events: u64,
    /// Written but not decided, sent but not visible, or neither sent nor settled.
    pub lost: u64,
    /// Visible more often than sent.
    pub doubled: u64,
    /// Decisions by mode and intent.
    pub decisions: BTreeMap<String, u64>,
    /// Effects by action and state.
    pub effects: BTreeMap<String, u64>,
    /// Time from the webhook's arrival to Instagram's answer, in milliseconds, half of all effects.
    pub p50_ms: f64,
    /// The same, 99 of 100 effects.
    pub p99_ms: f64,
    /// The particulars of what was lost or doubled, at most twenty.
    pub problems: Vec<String>,
}

impl Reckoning {
    /// Compares the books.
    pub(super) async fn of(stage: &Stage) -> anyhow::Result<Self> {
        let mut reckoning = Reckoning::default();
        let visible = stage.sandbox.effects();
        reckoning.events = visible.items.len() as u64;
        reckoning.count_undecided(stage, &visible).await?;
        let mut times = Histogram::<u64>::new_with_bounds(1, 3_600_000_000, 3)?;
        let mut sent = Vec::new();
        for brand in &stage.brands {
            for effect in effects_of(stage, brand.tenant.id).await? {
                reckoning.count_effect(&effect, &mut times);
                if effect.state == EffectState::Sent {
                    sent.push(effect);
                }
            }
            reckoning.count_decisions(stage, Chain::Tenant(brand.tenant.id)).await?;
        }
        reckoning.compare(&sent, &visible);
        reckoning.p50_ms = times.value_at_quantile(0.50) as f64 / 1_000.0;
        reckoning.p99_ms = times.value_at_quantile(0.99) as f64 / 1_000.0;
        Ok(reckoning)
    }

    /// True when nothing was lost or doubled.
    pub(super) fn is_clean(&self) -> bool {
        self.lost == 0 && self.doubled == 0
    }

    fn problem(&mut self, text: String) {
        if self.problems.len() < 20 {
            self.problems.push(text);
        }
    }

    async fn count_undecided(&mut self, stage: &Stage, visible: &EffectsReport) -> anyhow::Result<()> {
        let wanted = |kinds: &[InboundKind]| {
            visible.items.iter().filter(|item| kinds.contains(&item.inbound.kind)).count() as i64
        };
        let counts = stage.node.foundations().database.event_counts().await?;
        let done = |kinds: &[EventKind]| -> i64 {
            counts.iter().filter(|(kind, ..)| kinds.contains(kind)).map(|(_, _, done)| done).sum()
        };
        let comments = wanted(&[InboundKind::Comment]) - done(&[EventKind::Comment, EventKind::LiveComment]);
        let messages = wanted(&[InboundKind::Message]) - done(&[EventKind::Message]);
        for (what, missing) in [("comments", comments), ("messages", messages)] {
            if missing > 0 {
                self.lost += missing as u64;
                self.problem(format!("{missing} {what} were written but not decided"));
            } else if missing < 0 {
                self.doubled += missing.unsigned_abs();
                self.problem(format!("{} {what} were decided more than once", missing.unsigned_abs()));
            }
        }
        Ok(())
    }

    fn count_effect(&mut self, effect: &Effect, times: &mut Histogram<u64>) {
        let name = format!("{}::{}", effect.action.action_type(), effect.state);
        *self.effects.entry(name).or_default() += 1;
        if !effect.state.is_settled() || effect.state == EffectState::Dlq {
            self.lost += 1;
            self.problem(format!(
                "{} is {}: {}",
                effect.id,
                effect.state,
                effect.error.as_deref().unwrap_or("-")
            ));
        }
        if let (Some(received), Some(sent), false) =
            (effect.received_at, effect.sent_at, effect.approved_by_person)
        {
            times.saturating_record(sent.since(received).as_micros() as u64);
        }
    }

    async fn count_decisions(&mut self, stage: &Stage, chain: Chain) -> anyhow::Result<()> {
        let database = &stage.node.foundations().database;
        let mut after = 0;
        loop {
            let entries = database.audit_since(&chain, after, 1_000).await?;
            let Some(last) = entries.last() else { return Ok(()) };
            after = last.seq;
            for entry in entries.iter().filter(|entry| entry.event_type == "decision.made") {
                let details = entry.details.value();
                let intent = details["classification"]["intent"].as_str().unwrap_or("-");
                let mode = details["mode"].as_str().unwrap_or("-");
                let outcome = details["outcome"].as_str().unwrap_or("-");
                *self.decisions.entry(format!("{mode} {intent} {outcome}")).or_default() += 1;
            }
        }
    }

    /// Every effect the node calls sent must be visible once, and nothing else may be.
    fn compare(&mut self, sent: &[Effect], visible: &EffectsReport) {
        let mut seen: HashSet<Trace> = HashSet::new();
        for effect in &visible.effects {
            let repeats_harmlessly =
                matches!(effect.kind, EffectKind::Hide | EffectKind::Like | EffectKind::Reaction);
            let trace = Trace::visible(effect);
            if !seen.insert(trace) && !repeats_harmlessly {
                self.doubled += 1;
                self.problem(format!("{:?} of {} is there twice", effect.kind, effect.target));
            }
        }
        let mut claimed: HashSet<Trace> = HashSet::new();
        for effect in sent {
            let Some(trace) = Trace::claimed(effect) else { continue };
            if !seen.contains(&trace) {
                self.lost += 1;
                self.problem(format!("{} is sent but not visible", effect.id));
            }
            if !claimed.insert(trace) {
                self.lost += 1;
                self.problem(format!("{} claims what another effect claims", effect.id));
            }
        }
        let surplus = seen.difference(&claimed).count() as u64;
        if surplus > 0 {
            self.doubled += surplus;
            self.problem(format!("{surplus} visible effects were never recorded as sent"));
        }
    }
}

/// What identifies an effect in both books: what it made, or else what it was done to.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Trace(&'static str, String);

impl Trace {
    fn visible(effect: &sandbox::Effect) -> Self {
        let made = || effect.result.clone().unwrap_or_else(|| effect.target.clone());
        match effect.kind {
            EffectKind::Hide | EffectKind::Unhide => Trace("hide", effect.target.clone()),
            EffectKind::Delete => Trace("delete", effect.target.clone()),
            EffectKind::Like | EffectKind::Unlike => Trace("like", effect.target.clone()),
            EffectKind::Reaction | EffectKind::Unreaction => Trace("like", effect.target.clone()),
            EffectKind::Reply | EffectKind::Comment | EffectKind::MentionReply => Trace("text", made()),
            EffectKind::PrivateReply | EffectKind::Message => Trace("text", made()),
        }
    }

    fn claimed(effect: &Effect) -> Option<Self> {
        Some(match &effect.action {
            Action::HideComment { comment_id } => Trace("hide", comment_id.clone()),
            Action::DeleteComment { comment_id } => Trace("delete", comment_id.clone()),
            Action::Like { target: LikeTarget::Comment { comment_id } } => Trace("like", comment_id.clone()),
            Action::Like { target: LikeTarget::Message { mid, .. } } => Trace("like", mid.clone()),
            Action::ReplyComment {
                target: ReplyTarget::Comment { .. } | ReplyTarget::Mention { .. },
                ..
            }
            | Action::PrivateReply { .. }
            | Action::SendDm { .. }
            | Action::AskDm { .. }
            | Action::ReplyDm { .. }
            | Action::FirstComment { .. } => Trace("text", effect.instagram_id.clone()?),
            // Handing a file over is not visible, and posts are reckoned by themselves.
            Action::CreateContainer { .. } | Action::PublishPost { .. } => return None,
        })
    }
}

async fn effects_of(stage: &Stage, tenant: tenants::ids::TenantId) -> anyhow::Result<Vec<Effect>> {
    let database = &stage.node.foundations().database;
    let mut all: Vec<Effect> = Vec::new();
    let mut page = PageRequest::first(1_000);
    loop {
        let next = database.list_effects(&tenant, &EffectFilter::default(), page).await?;
        let Some(EffectId(last)) = next.last().map(|effect| effect.id) else { return Ok(all) };
        page.before = Some(last);
        all.extend(next);
    }
}
