//! Webhooks: what is on its way to them is noted once, tried by one, and tells nothing by itself.

use std::time::Duration;

use tenants::account::SealedSecret;
use tenants::audit::Chain;
use tenants::changes::{Change, Changes};
use tenants::ids::{AuditId, DeliveryId, SecretId, TenantId, WebhookId};
use tenants::memory::Forgetting;
use tenants::ports::{
    Connections, PageRequest, SecretOwner, SecretPlace, StoreError, Trimmed, UnitOfWork, Watches, Webhooks,
};
use tenants::webhook::{
    Attempted, DeliveryState, Disabled, DisabledReason, Webhook, WebhookAttempt, WebhookChange,
    WebhookDelivery, WebhookSetup,
};
use troupe_storage::testing::TestDatabase;

use crate::contract;
use crate::world::{World, is_conflict};

contract! {
    a_webhook_begins_at_the_ends_of_all_logs_of_its_agency
    what_is_noted_moves_the_place_and_is_noted_once
    tenants_are_unread_until_their_place_is_at_the_end_of_their_log
    a_delivery_is_tried_by_one_until_that_counts_as_lost
    what_came_of_a_try_is_kept_with_it_and_a_late_word_changes_nothing
    a_disabled_webhook_is_not_tried_and_goes_on_when_it_is_enabled
    a_webhook_is_changed_only_in_the_version_that_was_read
    secrets_end_when_they_are_to_and_are_sealed_anew
    what_is_ordered_anew_keeps_its_id_and_begins_its_tries_again
    a_removed_webhook_takes_everything_with_it
    webhooks_of_another_agency_are_out_of_reach
    words_of_receivers_go_with_a_forgotten_person_and_old_rows_with_their_time
}

const PAGE: PageRequest = PageRequest { before: None, limit: 10 };

fn webhook(world: &World) -> Webhook {
    Webhook {
        id: WebhookId::new(&world.ids),
        agency: world.agency,
        setup: WebhookSetup {
            name: "warehouse".into(),
            url: "https://hooks.example.com/in".into(),
            events: vec!["*".into()],
            tenants: vec![world.tenant],
        },
        disabled: None,
        failing_since: None,
        delivered_at: None,
        old_secret_until: None,
        version: 1,
        created_at: world.now(),
        updated_at: world.now(),
    }
}

fn sealed(key: &str, byte: u8) -> SealedSecret {
    SealedSecret { key_id: key.into(), sealed: vec![byte; 4] }
}

async fn commit(world: &World, change: WebhookChange) -> Result<(), StoreError> {
    let list = vec![Change::Webhook(change)];
    world.store.commit(Changes { chain: Chain::Agency(world.agency), list }).await
}

async fn add(world: &World) -> Webhook {
    let webhook = webhook(world);
    let id = SecretId::new(&world.ids);
    let change = WebhookChange::Add { webhook: Box::new(webhook.clone()), id, secret: sealed("old", 1) };
    commit(world, change).await.unwrap();
    webhook
}

fn delivery(world: &World, webhook: &Webhook, seq: i64) -> WebhookDelivery {
    WebhookDelivery {
        id: DeliveryId::new(&world.ids),
        webhook: webhook.id,
        agency: webhook.agency,
        tenant: Some(world.tenant),
        seq,
        entry: AuditId::new(&world.ids),
        event_type: "decision.made".into(),
        happened_at: world.now(),
        state: DeliveryState::Pending,
        tries: 0,
        failures: 0,
        next_try_at: world.now(),
        is_under_way: false,
        last_status: None,
        error: None,
        settled_at: None,
        created_at: world.now(),
    }
}

async fn note(
    world: &World,
    after: i64,
    upto: i64,
    deliveries: &[WebhookDelivery],
) -> Result<(), StoreError> {
    let note = WebhookChange::Note { agency: world.agency, after, upto, deliveries: deliveries.to_vec() };
    world.commit([Change::Webhook(note)]).await
}

/// A delivery that waits.
async fn noted(world: &World, webhook: &Webhook) -> WebhookDelivery {
    let place = world.store.webhook_cursor(&world.chain()).await.unwrap();
    let delivery = delivery(world, webhook, place + 1);
    note(world, place, place + 1, std::slice::from_ref(&delivery)).await.unwrap();
    delivery
}

async fn due(world: &World, webhook: &Webhook) -> Vec<DeliveryId> {
    let found = world.store.due_deliveries(&webhook.id, world.now(), 10).await.unwrap();
    found.into_iter().map(|it| it.id).collect()
}

async fn claim(world: &World, delivery: &WebhookDelivery) -> Result<(), StoreError> {
    let (at, until) = (world.now(), world.now() + Duration::from_secs(60));
    commit(
        world,
        WebhookChange::Claim { webhook: delivery.webhook, deliveries: vec![delivery.id], at, until },
    )
    .await
}

fn ended(world: &World, delivery: &WebhookDelivery, number: u32, state: DeliveryState) -> Attempted {
    let is_taken = state == DeliveryState::Delivered;
    Attempted {
        webhook: delivery.webhook,
        delivery: delivery.id,
        tenant: delivery.tenant,
        attempt: WebhookAttempt {
            number,
            at: world.now(),
            took_ms: 12,
            status: Some(if is_taken { 204 } else { 500 }),
            error: (!is_taken).then(|| "it answered 500".to_owned()),
            response: Some("maria was here".to_owned()),
        },
        state,
        failures: u32::from(!is_taken),
        next_try_at: world.now() + Duration::from_secs(5),
        at: world.now(),
    }
}

async fn end(
    world: &World,
    delivery: &WebhookDelivery,
    number: u32,
    state: DeliveryState,
) -> Result<(), StoreError> {
    commit(world, WebhookChange::Attempted(Box::new(ended(world, delivery, number, state)))).await
}

async fn read(world: &World, it: &WebhookDelivery) -> (WebhookDelivery, Vec<WebhookAttempt>) {
    world.store.find_delivery(&it.agency, &it.webhook, &it.id).await.unwrap().unwrap()
}

async fn found(world: &World, webhook: &Webhook) -> Webhook {
    world.store.find_webhook(&world.agency, &webhook.id).await.unwrap().unwrap()
}

async fn a_webhook_begins_at_the_ends_of_all_logs_of_its_agency(database: TestDatabase) {
    let world = World::new(&database).await;
    let foreign = world.another_agency().await;
    for it in [&world, &foreign] {
        it.commit([it.audit("decision.made"), it.audit("effect.sent")]).await.unwrap();
    }
    let webhook = add(&world).await;
    assert_eq!(world.store.webhook_cursor(&world.chain()).await.unwrap(), 2, "what was before is not told");
    assert_eq!(world.store.webhook_cursor(&foreign.chain()).await.unwrap(), 0, "nobody reads a foreign log");
    let newcomer = world.tenant_named("newcomer").await;
    assert_eq!(world.store.webhook_cursor(&newcomer.chain()).await.unwrap(), 0, "all of it is news");
    world.commit([world.audit("post.published")]).await.unwrap();
    let news = world.store.logged_events(&world.chain(), 2, 10).await.unwrap();
    assert_eq!(
        news.iter().map(|it| (it.seq, it.event_type.as_str())).collect::<Vec<_>>(),
        [(3, "post.published")]
    );
    assert_eq!(world.store.list_webhooks(&world.agency).await.unwrap(), std::slice::from_ref(&webhook));
    assert_eq!(world.store.all_webhooks().await.unwrap(), [webhook]);
}

async fn what_is_noted_moves_the_place_and_is_noted_once(database: TestDatabase) {
    let world = World::new(&database).await;
    let webhook = add(&world).await;
    let (one, two) = (delivery(&world, &webhook, 1), delivery(&world, &webhook, 2));
    note(&world, 0, 2, &[one.clone(), two.clone()]).await.unwrap();
    assert_eq!(world.store.webhook_cursor(&world.chain()).await.unwrap(), 2);
    // Another node that has read the same comes too late, and nothing of it is kept.
    let again = WebhookDelivery { id: DeliveryId::new(&world.ids), ..one.clone() };
    assert!(is_conflict(&note(&world, 0, 3, &[again.clone(), delivery(&world, &webhook, 3)]).await));
    // Nor would the same entry be told twice if somebody read it again.
    note(&world, 2, 4, &[again]).await.unwrap();
    let all = world.store.list_deliveries(&world.agency, &webhook.id, None, PAGE).await.unwrap();
    assert_eq!(all.iter().map(|it| it.id).collect::<Vec<_>>(), [two.id, one.id]);
    assert_eq!(all[1], one);
}

async fn tenants_are_unread_until_their_place_is_at_the_end_of_their_log(database: TestDatabase) {
    let world = World::new(&database).await;
    let neighbour = world.neighbour().await;
    let foreign = world.another_agency().await;
    add(&world).await;
    let unread =
        async |after: Option<TenantId>| world.store.unread_tenants(&world.agency, after, 10).await.unwrap();
    assert!(unread(None).await.is_empty());
    for it in [&world, &neighbour, &foreign] {
        it.commit([it.audit("decision.made")]).await.unwrap();
    }
    assert_eq!(unread(None).await, [world.tenant, neighbour.tenant]);
    assert_eq!(unread(Some(world.tenant)).await, [neighbour.tenant]);
    note(&world, 0, 1, &[]).await.unwrap();
    assert_eq!(unread(None).await, [neighbour.tenant]);
}

async fn a_delivery_is_tried_by_one_until_that_counts_as_lost(database: TestDatabase) {
    let world = World::new(&database).await;
    let webhook = add(&world).await;
    let delivery = noted(&world, &webhook).await;
    assert_eq!(due(&world, &webhook).await, [delivery.id]);
    assert_eq!(world.store.webhooks_due(world.now()).await.unwrap(), std::slice::from_ref(&webhook));
    claim(&world, &delivery).await.unwrap();
    assert!(is_conflict(&claim(&world, &delivery).await), "somebody has it");
    assert!(due(&world, &webhook).await.is_empty());
    assert!(world.store.webhooks_due(world.now()).await.unwrap().is_empty());
    let (under_way, _) = read(&world, &delivery).await;
    assert!(under_way.is_under_way && under_way.tries == 1);
    world.pass(Duration::from_secs(61));
    claim(&world, &delivery).await.unwrap();
    assert_eq!(read(&world, &delivery).await.0.tries, 2);
    // Whoever had it first comes too late.
    assert!(is_conflict(&end(&world, &delivery, 1, DeliveryState::Delivered).await));
    end(&world, &delivery, 2, DeliveryState::Delivered).await.unwrap();
    let (done, attempts) = read(&world, &delivery).await;
    assert_eq!((done.state, done.is_under_way), (DeliveryState::Delivered, false));
    assert_eq!(attempts.iter().map(|it| it.number).collect::<Vec<_>>(), [2], "the lost one tells nothing");
}

async fn what_came_of_a_try_is_kept_with_it_and_a_late_word_changes_nothing(database: TestDatabase) {
    let world = World::new(&database).await;
    let webhook = add(&world).await;
    let delivery = noted(&world, &webhook).await;
    claim(&world, &delivery).await.unwrap();
    end(&world, &delivery, 1, DeliveryState::Pending).await.unwrap();
    assert_eq!(found(&world, &webhook).await.failing_since, Some(world.now()));
    let (waits, attempts) = read(&world, &delivery).await;
    assert_eq!((waits.failures, waits.last_status, waits.settled_at), (1, Some(500), None));
    assert_eq!(attempts, [ended(&world, &delivery, 1, DeliveryState::Pending).attempt]);
    assert!(due(&world, &webhook).await.is_empty());
    let began_failing = world.now();
    world.pass(Duration::from_secs(5));
    claim(&world, &delivery).await.unwrap();
    end(&world, &delivery, 2, DeliveryState::Failed).await.unwrap();
    assert_eq!(found(&world, &webhook).await.failing_since, Some(began_failing), "since the first failure");
    assert!(is_conflict(&end(&world, &delivery, 2, DeliveryState::Delivered).await), "it is settled");
    let failed =
        world.store.list_deliveries(&world.agency, &webhook.id, Some(DeliveryState::Failed), PAGE).await;
    assert_eq!(failed.unwrap().len(), 1);
    let taken = noted(&world, &webhook).await;
    claim(&world, &taken).await.unwrap();
    end(&world, &taken, 1, DeliveryState::Delivered).await.unwrap();
    let works = found(&world, &webhook).await;
    assert_eq!((works.failing_since, works.delivered_at), (None, Some(world.now())));
}

async fn a_disabled_webhook_is_not_tried_and_goes_on_when_it_is_enabled(database: TestDatabase) {
    let world = World::new(&database).await;
    let webhook = add(&world).await;
    let (waits, begun) = (noted(&world, &webhook).await, noted(&world, &webhook).await);
    claim(&world, &waits).await.unwrap();
    end(&world, &waits, 1, DeliveryState::Pending).await.unwrap();
    let disabled = Disabled { reason: DisabledReason::Gone, since: world.now() };
    let disable = || WebhookChange::Disable { webhook: webhook.id, disabled };
    commit(&world, disable()).await.unwrap();
    assert!(is_conflict(&commit(&world, disable()).await), "it is disabled, and told of, once");
    let off = found(&world, &webhook).await;
    assert_eq!((off.disabled, off.version), (Some(disabled), 2));
    assert!(world.store.webhooks_due(world.now()).await.unwrap().is_empty());
    assert!(is_conflict(&claim(&world, &begun).await), "whoever saw it before it was disabled does not try");
    let on = Webhook { disabled: None, version: 3, updated_at: world.now(), ..off };
    commit(&world, WebhookChange::Set { webhook: Box::new(on), resumes: true }).await.unwrap();
    let mut all = due(&world, &webhook).await;
    all.sort();
    assert_eq!(all, [waits.id, begun.id], "also what would have waited longer");
    let now = found(&world, &webhook).await;
    assert_eq!((now.disabled, now.failing_since), (None, None));
    assert_eq!(read(&world, &waits).await.0.failures, 0, "all tries are before it");
}

async fn a_webhook_is_changed_only_in_the_version_that_was_read(database: TestDatabase) {
    let world = World::new(&database).await;
    let webhook = add(&world).await;
    let set = |name: &str, version| {
        let setup = WebhookSetup { name: name.into(), ..webhook.setup.clone() };
        let webhook = Webhook { setup, version, ..webhook.clone() };
        WebhookChange::Set { webhook: Box::new(webhook), resumes: false }
    };
    commit(&world, set("second", 2)).await.unwrap();
    assert!(is_conflict(&commit(&world, set("lost", 2)).await));
    assert_eq!(found(&world, &webhook).await.setup.name, "second");
}

async fn secrets_end_when_they_are_to_and_are_sealed_anew(database: TestDatabase) {
    let world = World::new(&database).await;
    let webhook = add(&world).await;
    let secrets = async || {
        let found = world.store.webhook_secrets(&webhook.id, world.now()).await.unwrap();
        found.into_iter().map(|it| it.sealed[0]).collect::<Vec<_>>()
    };
    let hour = Duration::from_secs(3_600);
    let rotate = async |version, byte, overlap| {
        let next = Webhook { version, updated_at: world.now(), ..webhook.clone() };
        let (id, secret) = (SecretId::new(&world.ids), sealed("old", byte));
        let old_until = world.now() + overlap;
        commit(&world, WebhookChange::Rotate { webhook: Box::new(next), id, secret, old_until }).await
    };
    rotate(2, 2, hour).await.unwrap();
    assert_eq!(secrets().await, [2, 1], "the new one first");
    assert_eq!(found(&world, &webhook).await.old_secret_until, Some(world.now() + hour));
    assert!(is_conflict(&rotate(2, 9, hour).await), "of two who rotate at once one does");
    world.pass(hour);
    assert_eq!(secrets().await, [2]);
    rotate(3, 3, hour * 24).await.unwrap();
    rotate(4, 4, Duration::ZERO).await.unwrap();
    assert_eq!(secrets().await, [4], "without an overlap every older one ends");

    let old = world.store.sealed_by("old", 10).await.unwrap();
    assert_eq!(old.len(), 1, "ended ones are gone");
    let SecretPlace::Webhook(agency, id) = old[0].place else { panic!("another place") };
    assert_eq!((agency, &old[0].owner), (world.agency, &SecretOwner::Webhook(webhook.id)));
    let reseal = WebhookChange::Reseal { id, old: old[0].sealed.clone(), new: sealed("new", 5) };
    commit(&world, reseal.clone()).await.unwrap();
    commit(&world, WebhookChange::Reseal { id, old: sealed("old", 4), new: sealed("new", 6) }).await.unwrap();
    assert_eq!(secrets().await, [5], "what was changed meanwhile stays");
    let uses = world.store.key_uses(world.now()).await.unwrap();
    assert_eq!(uses.iter().find(|it| it.key_id == "new").unwrap().channels, 1);
}

async fn what_is_ordered_anew_keeps_its_id_and_begins_its_tries_again(database: TestDatabase) {
    let world = World::new(&database).await;
    let webhook = add(&world).await;
    let delivery = noted(&world, &webhook).await;
    let again = |ids: Vec<DeliveryId>| WebhookChange::Redeliver {
        webhook: webhook.id,
        deliveries: ids,
        at: world.now(),
    };
    claim(&world, &delivery).await.unwrap();
    assert!(is_conflict(&commit(&world, again(vec![delivery.id])).await), "it is being sent");
    end(&world, &delivery, 1, DeliveryState::Failed).await.unwrap();
    let failed = world.store.failed_deliveries(&webhook.id, delivery.created_at, 10).await.unwrap();
    assert_eq!(failed, [delivery.id]);
    let later = delivery.created_at + Duration::from_secs(1);
    assert!(world.store.failed_deliveries(&webhook.id, later, 10).await.unwrap().is_empty());
    commit(&world, again(failed)).await.unwrap();
    let (waits, attempts) = read(&world, &delivery).await;
    assert_eq!((waits.state, waits.failures, waits.settled_at), (DeliveryState::Pending, 0, None));
    assert_eq!((waits.id, attempts.len()), (delivery.id, 1), "what was tried before is not forgotten");
    claim(&world, &delivery).await.unwrap();
    end(&world, &delivery, 2, DeliveryState::Delivered).await.unwrap();
    assert_eq!(read(&world, &delivery).await.1.len(), 2);
}

async fn a_removed_webhook_takes_everything_with_it(database: TestDatabase) {
    let world = World::new(&database).await;
    let webhook = add(&world).await;
    let delivery = noted(&world, &webhook).await;
    claim(&world, &delivery).await.unwrap();
    end(&world, &delivery, 1, DeliveryState::Pending).await.unwrap();
    commit(&world, WebhookChange::Delete(webhook.id)).await.unwrap();
    assert!(is_conflict(&commit(&world, WebhookChange::Delete(webhook.id)).await));
    assert_eq!(world.store.find_webhook(&world.agency, &webhook.id).await.unwrap(), None);
    assert_eq!(world.store.find_delivery(&world.agency, &webhook.id, &delivery.id).await.unwrap(), None);
    assert!(world.store.webhook_secrets(&webhook.id, world.now()).await.unwrap().is_empty());
    assert_eq!(world.store.webhook_cursor(&world.chain()).await.unwrap(), 0, "nobody reads the log any more");
}

async fn webhooks_of_another_agency_are_out_of_reach(database: TestDatabase) {
    let world = World::new(&database).await;
    let foreign = world.another_agency().await;
    let webhook = add(&world).await;
    let delivery = noted(&world, &webhook).await;
    assert_eq!(world.store.find_webhook(&foreign.agency, &webhook.id).await.unwrap(), None);
    let listed = world.store.list_deliveries(&foreign.agency, &webhook.id, None, PAGE).await.unwrap();
    assert!(listed.is_empty());
    let read = world.store.find_delivery(&foreign.agency, &webhook.id, &delivery.id).await.unwrap();
    assert_eq!(read, None);
    let set = Webhook { version: 2, ..webhook.clone() };
    let disabled = Disabled { reason: DisabledReason::ByHand, since: world.now() };
    let secret = sealed("old", 9);
    let old_until = world.now();
    let acts = [
        WebhookChange::Set { webhook: Box::new(set.clone()), resumes: false },
        WebhookChange::Rotate { webhook: Box::new(set), id: SecretId::new(&world.ids), secret, old_until },
        WebhookChange::Disable { webhook: webhook.id, disabled },
        WebhookChange::Delete(webhook.id),
    ];
    for act in acts {
        assert!(is_conflict(&commit(&foreign, act).await));
    }
    assert_eq!(found(&world, &webhook).await, webhook);
    assert_eq!(world.store.webhook_secrets(&webhook.id, world.now()).await.unwrap(), [sealed("old", 1)]);
}

async fn words_of_receivers_go_with_a_forgotten_person_and_old_rows_with_their_time(database: TestDatabase) {
    let world = World::new(&database).await;
    let neighbour = world.neighbour().await;
    let webhook = add(&world).await;
    let (own, other) = (noted(&world, &webhook).await, noted(&neighbour, &webhook).await);
    for it in [&own, &other] {
        claim(&world, it).await.unwrap();
        end(&world, it, 1, DeliveryState::Delivered).await.unwrap();
    }
    world.commit([Change::Forget(Forgetting::Person("77".into()))]).await.unwrap();
    assert_eq!(read(&world, &own).await.1[0].response, None);
    assert!(read(&world, &other).await.1[0].response.is_some(), "another tenant's is no matter of theirs");

    world.pass(Duration::from_secs(86_400));
    let young = noted(&world, &webhook).await;
    let before = world.now() - Duration::from_secs(3_600);
    assert_eq!(world.store.trim(Trimmed::Deliveries, before, 10).await.unwrap(), 2);
    assert_eq!(world.store.find_delivery(&world.agency, &webhook.id, &own.id).await.unwrap(), None);
    assert_eq!(read(&world, &young).await.0.state, DeliveryState::Pending);
}
