//! The rows that tests decide on, and what changes do to them.

use std::collections::{BTreeMap, HashMap};

use tenants::alert::NewAlert;
use tenants::approval::{Approval, ApprovalKind, ApprovalStatus};
use tenants::audit::NewAuditEntry;
use tenants::changes::Change;
use tenants::conversation::{Comment, Conversation, Message};
use tenants::effect::Effect;
use tenants::ids::{AccountId, ConversationId, EventId};
use tenants::ports::StoreError;
use tenants::rehearsal::ConfigurationPart;
use tenants::rule::RuleHit;
use tenants::verdict::Verdict;

/// All rows.
#[derive(Debug, Default)]
pub struct Rows {
    pub conversations: BTreeMap<(AccountId, String), Conversation>,
    /// By Instagram's id.
    pub comments: HashMap<String, Comment>,
    /// By Instagram's id.
    pub messages: HashMap<String, Message>,
    pub effects: Vec<Effect>,
    pub approvals: Vec<Approval>,
    pub verdicts: Vec<Verdict>,
    pub hits: Vec<RuleHit>,
    pub alerts: Vec<NewAlert>,
    pub audit: Vec<NewAuditEntry>,
    pub parts: Vec<ConfigurationPart>,
    pub done: Vec<EventId>,
}

impl Rows {
    pub fn conversation_by_id(&self, id: Option<ConversationId>) -> Option<&Conversation> {
        self.conversations.values().find(|known| Some(known.id) == id)
    }

    pub fn apply(&mut self, change: Change) -> Result<(), StoreError> {
        match change {
            Change::PutConversation(new) => {
                let key = (new.account, new.key.clone());
                let id = self.conversations.get(&key).map_or(new.id, |known| known.id);
                self.conversations.insert(key, Conversation { id, ..*new });
            }
            Change::PutComment(comment) => {
                self.comments.insert(comment.external_id.clone(), *comment);
            }
            Change::MarkComment { external_id, status, reply, .. } => {
                if let Some(comment) = self.comments.get_mut(&external_id) {
                    comment.status = status;
                    comment.reply = reply.or(comment.reply.take());
                }
            }
            Change::PutMessage(message) => {
                self.messages.entry(message.external_id.clone()).or_insert(*message);
            }
            Change::ForgetMessage { external_id, .. } => {
                if let Some(message) = self.messages.get_mut(&external_id) {
                    message.text.clear();
                    message.deleted = true;
                }
            }
            Change::EditMessage { external_id, text, .. } => {
                if let Some(message) = self.messages.get_mut(&external_id) {
                    message.text = text;
                }
            }
            Change::AddEffect(effect) => {
                if self.effects.iter().all(|known| known.idempotency_key != effect.idempotency_key) {
                    self.effects.push(*effect);
                }
            }
            Change::AddApproval(approval) => self.approvals.push(*approval),
            Change::DecideApproval { approval, status, .. } => {
                let is_it =
                    |known: &&mut Approval| known.id == approval && known.status == ApprovalStatus::Pending;
                let Some(known) = self.approvals.iter_mut().find(is_it) else {
                    return Err(StoreError::Conflict("the approval is not pending".to_owned()));
                };
                known.status = status;
            }
            Change::ExpireDrafts { conversation, .. } => {
                for approval in &mut self.approvals {
                    let is_draft =
                        approval.kind == ApprovalKind::Draft && approval.status == ApprovalStatus::Pending;
                    if is_draft && approval.conversation == conversation {
                        approval.status = ApprovalStatus::Expired;
                    }
                }
            }
            Change::AddVerdict(verdict) => self.verdicts.push(*verdict),
            Change::AddRuleHit { hit, .. } => self.hits.push(hit),
            Change::RaiseAlert(alert, _) => self.alerts.push(*alert),
            Change::KeepConfiguration(parts) => self.parts.extend(parts.iter().cloned()),
            Change::Audit(entry) => self.audit.push(*entry),
            Change::EventDone { event, .. } => self.done.push(event),
            // What is remembered, and what is noted of leads and told to people, has its own stories.
            Change::Remember(_) | Change::NoteLead(_) | Change::AddNotice(_) => {}
            other => panic!("deciding must not make this change: {other:?}"),
        }
        Ok(())
    }
}
