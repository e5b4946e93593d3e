//! The stage: a world, an Instagram, a dispatcher, and words to arrange and look at them.

use std::sync::Arc;
use std::time::Duration;

use prometheus::Registry;
use tenants::account::AccountStatus;
use tenants::clock::{Clock, Timestamp};
use tenants::conversation::{Comment, CommentStatus, Conversation, ConversationKind, Owner};
use tenants::effect::{Action, Effect, EffectState, IdempotencyKey, ReplyTarget};
use tenants::event::Person;
use tenants::ids::{CommentId, ConversationId, EffectId, EventId};
use tenants::ports::Hint;
use tenants::settings::TenantSettings;

use super::instagram::Instagram;
use crate::dispatcher::{Dispatcher, DispatcherSettings};
use crate::testing::{Shop, Steps, World};

/// See the module.
pub(super) struct Stage {
    pub world: World,
    pub instagram: Instagram,
    pub settings: DispatcherSettings,
    pub dispatcher: Dispatcher,
}

impl Stage {
    pub(super) fn new() -> Self {
        Self::with(DispatcherSettings::default())
    }

    pub(super) fn with(settings: DispatcherSettings) -> Self {
        let mut world = World::new();
        let instagram = Instagram::new(world.ports.clock.clone(), Arc::default());
        world.ports.messenger = Arc::new(instagram.clone());
        let dispatcher = begin(&world, &settings);
        Self { world, instagram, settings, dispatcher }
    }

    /// Ends the process between two steps and begins another one, with which these steps go as they say.
    pub(super) fn restart(&mut self, steps: Steps) -> Arc<Steps> {
        let steps = self.world.reopen(steps);
        self.world.ports.messenger = Arc::new(self.instagram.seen_with(Arc::clone(&steps)));
        self.dispatcher = begin(&self.world, &self.settings);
        steps
    }

    pub(super) fn shop(&self) -> Shop {
        self.world.shop()
    }

    pub(super) fn shop_with(&self, settings: TenantSettings) -> Shop {
        self.world.shop_with(settings)
    }

    pub(super) fn now(&self) -> Timestamp {
        self.world.clock.now()
    }

    /// A conversation of the shop; direct messages have an open window.
    pub(super) fn conversation(&self, shop: Shop, kind: ConversationKind, key: &str) -> ConversationId {
        let now = self.now();
        let id = ConversationId::new(&self.world.ports.ids);
        let direct = kind == ConversationKind::Direct;
        let row = Conversation {
            id,
            account: shop.account,
            kind,
            key: key.to_owned(),
            person: Person { id: format!("person-of-{key}"), username: None },
            owner: Owner::Bot,
            owner_since: now,
            window_ends_at: direct.then(|| now + Duration::from_secs(24 * 3_600)),
            opted_out_at: None,
            last_inbound_at: Some(now),
            last_outbound_at: None,
            disclosed_at: None,
            assigned_to: None,
            created_at: now,
            updated_at: now,
        };
        self.world.store.data().conversations.insert((shop.tenant, shop.account, key.to_owned()), row);
        id
    }

    pub(super) fn change_conversation(&self, id: ConversationId, change: impl FnOnce(&mut Conversation)) {
        let mut data = self.world.store.data();
        change(data.conversations.values_mut().find(|row| row.id == id).unwrap());
    }

    /// A comment under the shop's media that waits for an answer.
    pub(super) fn comment(&self, shop: Shop, external_id: &str, conversation: ConversationId) {
        let now = self.now();
        let row = Comment {
            id: CommentId::new(&self.world.ports.ids),
            account: shop.account,
            conversation,
            event: EventId::new(&self.world.ports.ids),
            external_id: external_id.to_owned(),
            parent_external_id: None,
            media_external_id: None,
            author: Person::default(),
            text: String::new(),
            intent: None,
            confidence: None,
            sentiment: None,
            language: None,
            status: CommentStatus::Queued,
            reply: None,
            tags: Vec::new(),
            assigned_to: None,
            occurred_at: now,
            created_at: now,
        };
        self.world.store.data().comments.insert((shop.tenant, shop.account, external_id.to_owned()), row);
    }

    pub(super) fn comment_status(&self, shop: Shop, external_id: &str) -> CommentStatus {
        self.world.store.data().comments[&(shop.tenant, shop.account, external_id.to_owned())].status
    }

    /// Queues an effect without telling anybody.
    pub(super) fn put(&self, shop: Shop, action: Action, change: impl FnOnce(&mut Effect)) -> EffectId {
        let now = self.now();
        let id = EffectId::new(&self.world.ports.ids);
        let mut effect = Effect {
            id,
            tenant: shop.tenant,
            account: shop.account,
            conversation: None,
            event: None,
            decision: None,
            action,
            idempotency_key: IdempotencyKey(id.to_string()),
            state: EffectState::Pending,
            approved_by_person: false,
            retry_count: 0,
            error: None,
            error_category: None,
            skip_reason: None,
            instagram_id: None,
            next_retry_at: now,
            deadline: None,
            first_attempt_at: None,
            sent_at: None,
            received_at: Some(now),
            created_at: now,
            updated_at: now,
        };
        change(&mut effect);
        self.world.store.data().effects.insert(id, effect);
        id
    }

    /// Queues an effect and says so.
    pub(super) fn queue(&self, shop: Shop, action: Action) -> EffectId {
        let id = self.put(shop, action, |_| {});
        self.hint(Hint::Effects(shop.tenant));
        id
    }

    pub(super) fn queue_in(&self, shop: Shop, conversation: ConversationId, action: Action) -> EffectId {
        let id = self.put(shop, action, |effect| effect.conversation = Some(conversation));
        self.hint(Hint::Effects(shop.tenant));
        id
    }

    pub(super) fn hint(&self, hint: Hint) {
        self.world.ports.wake.send(hint);
    }

    /// The account works again, and everybody is told.
    pub(super) fn reconnect(&self, shop: Shop) {
        self.world.reconnect(shop);
    }

    pub(super) fn account_status(&self, shop: Shop) -> AccountStatus {
        self.world.account_status(shop)
    }

    pub(super) fn effect(&self, id: EffectId) -> Effect {
        self.world.store.data().effects[&id].clone()
    }

    pub(super) fn state(&self, id: EffectId) -> EffectState {
        self.effect(id).state
    }

    pub(super) fn states(&self, ids: &[EffectId]) -> Vec<EffectState> {
        ids.iter().map(|id| self.state(*id)).collect()
    }

    /// Types of the audit entries about an effect, in order.
    pub(super) fn history(&self, id: EffectId) -> Vec<String> {
        let data = self.world.store.data();
        let about = data.audit.iter().filter(|entry| entry.resource_id == id.to_string());
        about.map(|entry| entry.event_type.clone()).collect()
    }

    /// Keys of the alerts that were raised, and of those that were resolved.
    pub(super) fn alerts(&self) -> (Vec<String>, Vec<String>) {
        let data = self.world.store.data();
        let raised = data.alerts.iter().map(|alert| alert.dedup_key.clone()).collect();
        (raised, data.resolved_alerts.clone())
    }

    /// Gives everybody turns until nothing happens any more.
    pub(super) async fn rest(&self) {
        self.world.rest().await;
    }

    /// Lets time pass, then rests.
    pub(super) async fn pass(&self, time: Duration) {
        self.world.pass(time).await;
    }
}

fn begin(world: &World, settings: &DispatcherSettings) -> Dispatcher {
    let dispatcher = Dispatcher::start(world.ports.clone(), settings.clone(), &Registry::new()).unwrap();
    let running = dispatcher.clone();
    drop(world.ports.tasks.spawn("dispatcher", async move { running.run().await }));
    dispatcher
}

/// A public reply.
pub(super) fn reply(comment_id: &str, text: &str) -> Action {
    let target = ReplyTarget::Comment { comment_id: comment_id.to_owned() };
    Action::ReplyComment { target, text: text.to_owned() }
}

/// A direct message.
pub(super) fn message(person: &str, text: &str) -> Action {
    Action::SendDm { recipient_id: person.to_owned(), text: text.to_owned() }
}

/// A private reply.
pub(super) fn private_reply(comment_id: &str, text: &str) -> Action {
    Action::PrivateReply { comment_id: comment_id.to_owned(), text: text.to_owned() }
}

/// Hides a comment.
pub(super) fn hide(comment_id: &str) -> Action {
    Action::HideComment { comment_id: comment_id.to_owned() }
}

/// Minutes, as a duration.
pub(super) fn minutes(count: u64) -> Duration {
    Duration::from_secs(60 * count)
}

/// Seconds, as a duration.
pub(super) fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}
