//! The world of one recorded event: everything is read from the record, and nothing can be done to it.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use tenants::account::Account;
use tenants::autonomy::EarnedMode;
use tenants::clock::{Clock, Sleep, Timestamp};
use tenants::conversation::{Comment, Conversation, Message};
use tenants::effect::Effect;
use tenants::ids::{AccountId, ConversationId, Ids, TenantId};
use tenants::intent::Intent;
use tenants::ports::{CommentFilter, EffectFilter, MentionText, PageRequest, SendError, StoreError};

use tenants::memory::{MemoryItem, Recall, Recalled, Visibility};
use tenants::ports::MemoryError;
use tenants::verdict::Verdict;

use super::case::{Case, Recollection};
use crate::decide::{Before, DecisionReads, MemoryReads, MentionReads};

/// A clock that stands still. Whoever sleeps on it wakes at once.
#[derive(Debug, Clone, Copy)]
pub(super) struct StandingClock(pub Timestamp);

impl Clock for StandingClock {
    fn now(&self) -> Timestamp {
        self.0
    }

    fn sleep(&self, _duration: std::time::Duration) -> Sleep {
        Box::pin(std::future::ready(()))
    }
}

/// The rows and the texts of one record.
#[derive(Clone, Copy)]
pub(super) struct Stage<'a>(pub &'a Case);

#[async_trait]
impl DecisionReads for Stage<'_> {
    /// The direct messages with the author of a mention, the only ones that are read while deciding.
    async fn load_conversations(
        &self,
        _tenant: &TenantId,
        keys: &[(AccountId, String)],
    ) -> Result<Vec<Conversation>, StoreError> {
        let direct = self.0.circumstances.direct(&self.0.event);
        let is_asked = |it: &Conversation| keys.contains(&(it.account, it.key.clone()));
        Ok(direct.into_iter().filter(is_asked).collect())
    }

    /// Everything that was said before is in the record, or models did not want to know it.
    fn recorded_before(&self) -> Option<Before> {
        Some(self.0.circumstances.before.clone().unwrap_or_default())
    }

    async fn list_messages(
        &self,
        _tenant: &TenantId,
        _conversation: &ConversationId,
        _page: PageRequest,
    ) -> Result<Vec<Message>, StoreError> {
        Ok(Vec::new())
    }

    async fn list_comments(
        &self,
        _tenant: &TenantId,
        _filter: &CommentFilter,
        _page: PageRequest,
    ) -> Result<Vec<Comment>, StoreError> {
        Ok(Vec::new())
    }

    /// Tells whose thread our own words began. The person has no influence on what is decided.
    async fn find_comment_by_external_id(
        &self,
        _tenant: &TenantId,
        _account: &AccountId,
        _external_id: &str,
    ) -> Result<Option<Comment>, StoreError> {
        Ok(None)
    }

    /// Own words are recorded when a person wrote them, and only then.
    async fn find_effect_behind(
        &self,
        _tenant: &TenantId,
        _account: &AccountId,
        _conversation_key: &str,
        _instagram_id: &str,
        _text: &str,
    ) -> Result<Option<Effect>, StoreError> {
        Ok(None)
    }

    async fn list_effects(
        &self,
        _tenant: &TenantId,
        _filter: &EffectFilter,
        _page: PageRequest,
    ) -> Result<Vec<Effect>, StoreError> {
        Ok(Vec::new())
    }

    /// A verdict is no part of a decision: it was given when the event came.
    async fn verdict_of_take_over(
        &self,
        _tenant: &TenantId,
        _taken: (&ConversationId, &'static str, Timestamp),
        _earned: &BTreeMap<Intent, EarnedMode>,
        _ids: &Ids,
    ) -> Result<Option<Verdict>, StoreError> {
        Ok(None)
    }
}

/// What memory gave, with the whole texts.
pub(super) struct Recollections<'a> {
    pub case: &'a Case,
    /// Whole texts by their names.
    pub wholes: &'a HashMap<String, String>,
    /// Set when memory is asked although it was not when the event was decided.
    pub is_missed: AtomicBool,
}

#[async_trait]
impl MemoryReads for Recollections<'_> {
    async fn recall(&self, tenant: &TenantId, recall: &Recall) -> Result<Vec<Recalled>, MemoryError> {
        match &self.case.recalled {
            None => {
                self.is_missed.store(true, Ordering::Relaxed);
                Err(MemoryError::Absent("it was not asked when this event was decided"))
            }
            // A conflict says nothing but its words.
            Some(Err(problem)) => Err(MemoryError::Store(StoreError::Conflict(problem.clone()))),
            Some(Ok(recalled)) => Ok(recalled.iter().map(|it| self.item(it, *tenant, recall.now)).collect()),
        }
    }
}

impl Recollections<'_> {
    fn item(&self, it: &Recollection, tenant: TenantId, now: Timestamp) -> Recalled {
        let whole = it.whole.as_ref().and_then(|name| self.wholes.get(name));
        let text = whole.unwrap_or(&it.text).clone();
        let item = MemoryItem::new(it.id, tenant, it.kind, Visibility::Customer, text, "record", now);
        Recalled {
            item,
            score: it.score,
            words_rank: it.words_rank,
            meaning_rank: it.meaning_rank,
            decay: 1.0,
        }
    }
}

#[async_trait]
impl MentionReads for Stage<'_> {
    async fn read_mention(
        &self,
        _account: &Account,
        _media_id: &str,
        _comment_id: Option<&str>,
    ) -> Result<Option<MentionText>, SendError> {
        Ok(self.0.mention.clone())
    }
}
