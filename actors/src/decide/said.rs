//! A text from somebody else, from bookkeeping to changes.

use serde_json::json;
use tenants::account::Account;
use tenants::alert::{AlertType, NewAlert};
use tenants::changes::{Change, Changes};
use tenants::clock::Timestamp;
use tenants::conversation::Conversation;
use tenants::decision::{Decision, Outcome};
use tenants::ids::AlertId;
use tenants::policy::SilenceReason;
use tenants::settings::local_day;

use super::audit::{conversation_changed, decision_made, keep_configuration, keep_facts};
use super::before::{Before, said_before};
use super::bookkeeping::{begin, kind_of, opt_in, opt_out, take_in};
use super::circumstances::Circumstances;
use super::counters::Counting;
use super::decision::decision_of;
use super::disclosure::discloses;
use super::effects::{Origin, effects_of};
use super::error::DecideError;
use super::heard::{Heard, Place};
use super::judge::judge;
use super::judgement::{Case, Judgement};
use super::leads_step::lead_note;
use super::recall::interaction;
use super::rows::{Asking, approval_row, comment_row, message_row};
use super::seed::seed_of;
use super::senses::Senses;
use super::situation::{Decided, Situation};
use super::zone::zone_of;

/// Decides about a text. `direct` is the direct conversation with its author, unless the thread is that.
pub(super) async fn decide_text(
    ports: Senses<'_>,
    situation: &Situation,
    account: &Account,
    heard: &Heard,
    direct: Option<Conversation>,
) -> Result<Decided, DecideError> {
    let now = ports.clock.now();
    let event = &situation.event;
    let mut thread = situation.thread.clone().unwrap_or_else(|| {
        begin(ports.ids, account.id, kind_of(&heard.place), &event.conversation_key, &heard.author, now)
    });
    take_in(&mut thread, heard, now);
    let before = said_before(ports, &situation.context, &thread, heard, now).await;
    let case = Case {
        ports,
        context: &situation.context,
        rules: &situation.rules,
        account,
        heard,
        thread: &thread,
        direct: if heard.is_direct() { Some(&thread) } else { direct.as_ref() },
        event: event.id,
        source: event.source,
        attempts: event.attempts,
        seed: seed_of(event),
        zone: zone_of(&situation.context),
        now,
        counting: Counting::Count,
        before: &before,
        moved_on: &situation.moved_on,
    };
    let judgement = judge(&case).await?;
    let decision = decision_of(ports, event.id, situation.taken_up_at, &judgement);
    let command = obey(&mut thread, heard, judgement.silence);
    if heard.is_direct() && discloses(situation.context.settings.comms.disclosure.as_ref(), &judgement) {
        thread.disclosed_at = Some(now);
    }
    let text = Text { ports, situation, heard, thread: &thread, direct: direct.as_ref(), before, now };
    let changes = text.changes(&judgement, &decision, command);
    Ok(Decided { decision: Some(decision), changes, thread: Some(thread), direct })
}

/// Does what STOP and START say; the name of what changed, for the audit log.
fn obey(
    thread: &mut Conversation,
    heard: &Heard,
    silence: Option<SilenceReason>,
) -> Option<(&'static str, &'static str)> {
    match silence? {
        SilenceReason::StopWord => {
            opt_out(thread, heard.written_at);
            Some(("conversation.opted_out", "opt_out"))
        }
        SilenceReason::StartWord => {
            opt_in(thread, heard.written_at).then_some(("conversation.opted_in", "opt_in"))
        }
        _ => None,
    }
}

/// A judged text on its way to rows.
pub(super) struct Text<'a> {
    pub ports: Senses<'a>,
    pub situation: &'a Situation,
    pub heard: &'a Heard,
    pub thread: &'a Conversation,
    direct: Option<&'a Conversation>,
    before: Before,
    pub now: Timestamp,
}

impl Text<'_> {
    fn changes(
        &self,
        judgement: &Judgement,
        decision: &Decision,
        command: Option<(&'static str, &'static str)>,
    ) -> Changes {
        let (event, ids, now) = (&self.situation.event, self.ports.ids, self.now);
        let mut changes = Changes::of_tenant(event.tenant);
        let circumstances = self.circumstances(judgement, &mut changes);
        changes.push(Change::PutConversation(Box::new(self.thread.clone())));
        if self.overtakes_drafts(judgement) {
            changes.push(Change::ExpireDrafts { conversation: self.thread.id, at: now });
        }
        if let Some(comment) = comment_row(event, self.heard, self.thread, judgement, ids, now) {
            changes.push(Change::PutComment(Box::new(comment)));
        }
        if let Some(message) = message_row(event, self.heard, self.thread, judgement, ids, now) {
            changes.push(Change::PutMessage(Box::new(message)));
        }
        self.add_effects(judgement, decision, &mut changes);
        if let Some(question) = &judgement.question {
            let asking = Asking {
                event,
                heard: self.heard,
                thread: self.thread,
                decision: decision.id,
                question,
                work: &judgement.work,
                settings: &self.situation.context.settings,
                now,
            };
            let approval = approval_row(&asking, ids);
            changes.push(Change::AddApproval(Box::new(approval)));
        }
        for hit in &judgement.hits {
            changes.push(Change::AddRuleHit { event: event.id, hit: hit.clone() });
        }
        if judgement.is_crisis() && judgement.silence.is_none() {
            changes.push(Change::RaiseAlert(Box::new(self.crisis_alert()), now));
        }
        if let Some(names) = command {
            changes.push(Change::Audit(Box::new(conversation_changed(event, self.thread, names, ids, now))));
        }
        changes.list.extend(interaction(self, judgement));
        changes.list.extend(lead_note(self, judgement));
        let author = self.heard.author.username.as_deref().unwrap_or(&self.heard.author.id);
        let said = Some((author, self.heard.text.as_str()));
        let entry = decision_made(event, decision, Some(self.thread), said, &circumstances, ids);
        changes.push(Change::Audit(Box::new(entry)));
        changes.with(Change::EventDone { event: event.id, at: now })
    }

    /// What the decision depended on beside its event.
    fn circumstances(&self, judgement: &Judgement, changes: &mut Changes) -> Circumstances {
        let with = keep_configuration(self.situation, changes);
        let (situation, event) = (self.situation, &self.situation.event);
        let today = local_day(self.now, zone_of(&situation.context));
        let mut circumstances = Circumstances::new(self.now, with, situation.thread.as_ref(), self.direct);
        circumstances.hits = situation.rules.hits_beside(&today, event.id);
        circumstances.author =
            matches!(self.heard.place, Place::Mention { .. }).then(|| self.heard.author.clone());
        circumstances.facts = keep_facts(situation, &judgement.work.recalled, changes);
        circumstances.before = (self.before != Before::default()).then(|| self.before.clone());
        circumstances
    }

    fn add_effects(&self, judgement: &Judgement, decision: &Decision, changes: &mut Changes) {
        let origin = Origin {
            event: &self.situation.event,
            account: self.thread.account,
            thread: self.thread,
            direct: if self.heard.is_direct() { Some(self.thread) } else { self.direct },
            decision: decision.id,
            approved_by_person: false,
            now: self.now,
        };
        let actions = judgement.queued.iter().map(|queued| (&queued.action, queued.not_before));
        for effect in effects_of(&origin, actions, 0, self.ports.ids) {
            changes.push(Change::AddEffect(Box::new(effect)));
        }
    }

    /// A draft answers the last thing that was said. It is overtaken when the same person says something new that
    /// gets an answer (or a question to a person) of its own; a lone emoji after a question leaves the draft alive.
    fn overtakes_drafts(&self, judgement: &Judgement) -> bool {
        let is_same_person = self.thread.person.id == self.heard.author.id;
        is_same_person && judgement.outcome != Outcome::Ignore
    }

    fn crisis_alert(&self) -> NewAlert {
        let context = &self.situation.context;
        let place = if self.heard.is_direct() { "direct message" } else { "comment" };
        let message =
            format!("a {place} may speak of danger or legal action: read it and answer it yourself now");
        NewAlert {
            id: AlertId::new(self.ports.ids),
            agency: Some(context.tenant.agency),
            tenant: Some(context.tenant.id),
            alert_type: AlertType::Crisis,
            severity: None,
            message,
            details: json!({ "event": self.situation.event.id, "conversation": self.thread.id }),
            dedup_key: format!("crisis:{}", self.thread.id),
        }
    }
}
