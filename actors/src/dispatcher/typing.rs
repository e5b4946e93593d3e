//! Seen and typing: what a person sees before our direct message comes, where the tenant wants that.
//!
//! It says nothing and may be shown twice or not at all, so nothing of it is stored: what is lost with a process is shown
//! again, and a failure keeps no message back.

use std::collections::HashMap;
use std::time::Duration;

use tenants::account::Account;
use tenants::clock::Timestamp;
use tenants::effect::{ActionType, Effect};
use tenants::ids::{ConversationId, EffectId};
use tenants::ports::{Signal, TenantContext};

use super::account_limits::Readiness;
use super::desk::Desk;
use super::engine::Engine;
use super::picking::{Look, Task};
use super::settings::DispatcherSettings;

/// Signals are sent as reactions are, and counted with them.
pub(super) const COUNTS_AS: ActionType = ActionType::Like;
/// A message whose typing was shown so long ago is forgotten: it has been withdrawn.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(3_600);

/// Messages for which typing is shown, and until when.
#[derive(Debug, Default)]
pub(super) struct Typing {
    until: HashMap<EffectId, Timestamp>,
    in_conversation: HashMap<ConversationId, Timestamp>,
}

impl Typing {
    /// Typing is shown until then.
    pub fn show(&mut self, effect: &Effect, until: Timestamp) {
        self.until.insert(effect.id, until);
        self.in_conversation.extend(effect.conversation.map(|conversation| (conversation, until)));
    }

    /// Until when typing is shown in a conversation.
    fn until_in(&self, conversation: Option<ConversationId>) -> Option<Timestamp> {
        self.in_conversation.get(&conversation?).copied()
    }

    /// The message goes out, or will not.
    pub fn end(&mut self, effect: &EffectId) {
        self.until.remove(effect);
    }

    /// Forgets messages that never went out.
    pub fn tidy(&mut self, now: Timestamp) {
        self.until.retain(|_, until| now.since(*until) < FORGOTTEN_AFTER);
        self.in_conversation.retain(|_, until| now < *until);
    }
}

impl Desk {
    /// What to do with an effect that may be called for: typing is shown before a message where the tenant wants it and
    /// the account has room for that.
    pub(super) fn type_or_call(
        &mut self,
        effect: &Effect,
        context: &TenantContext,
        now: Timestamp,
        settings: &DispatcherSettings,
    ) -> Look {
        if context.settings.comms.typing_seconds == 0 || effect.action.written_to().is_none() {
            return Look::Go(Task::Call);
        }
        match self.typing.until.get(&effect.id) {
            Some(until) if now < *until => return Look::Drop(Some(*until)),
            Some(_) => return Look::Go(Task::Call),
            None => {}
        }
        let has_room = [
            self.limits.quota(&effect.account, COUNTS_AS, now),
            self.limits.rate(&effect.account, COUNTS_AS, now, settings),
        ]
        .iter()
        .all(|readiness| matches!(readiness, Readiness::Ready));
        if has_room {
            return Look::Go(Task::Type);
        }
        // Without typing of its own it must not overtake a message before it in the same conversation.
        let before = self.typing.until_in(effect.conversation).filter(|until| now < *until);
        before.map_or(Look::Go(Task::Call), |until| Look::Drop(Some(until)))
    }
}

impl Engine {
    /// Shows that a message was seen and that we write, and lets the effect wait as long as the tenant wants.
    pub(super) async fn show_typing(&self, effect: &Effect, context: &TenantContext, account: &Account) {
        if let Some(recipient) = effect.action.written_to() {
            for signal in [Signal::Seen, Signal::Typing] {
                self.send_signal(account, recipient, signal).await;
            }
        }
        let now = self.now();
        let until = now + Duration::from_secs(context.settings.comms.typing_seconds.into());
        let mut desk = self.desk();
        desk.typing.show(effect, until);
        desk.alarms.set(effect.tenant, until);
    }

    async fn send_signal(&self, account: &Account, recipient: &str, signal: Signal) {
        let limit = Duration::from_millis(self.settings.call_timeout_ms);
        let answer = tokio::select! {
            biased;
            answer = self.ports.messenger.signal(account, recipient, signal) => answer,
            () = self.ports.clock.sleep(limit) => return,
        };
        match answer {
            Ok(usage) => self.desk().limits.learn(&account.id, &usage, self.now(), &self.settings),
            // The message itself meets the same refusal, and there it counts.
            Err(error) => {
                tracing::debug!(account.id = %account.id, %error, ?signal, "a signal was not shown")
            }
        }
    }
}
