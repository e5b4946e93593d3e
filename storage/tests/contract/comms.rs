//! Channels, notices and leads: told once, kept with their owner, forgotten with the person.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::json;
use tenants::account::SealedSecret;
use tenants::alert::Severity;
use tenants::audit::Chain;
use tenants::briefing::{Briefing, BriefingKind};
use tenants::changes::{Change, Changes, Expected};
use tenants::clock::Timestamp;
use tenants::connect::ConnectChange;
use tenants::event::Person;
use tenants::ids::{BriefingId, ChannelId, ConversationId, EventId, LeadId, NoticeId, NotificationId};
use tenants::intent::Language;
use tenants::lead::{Fact, LeadField, LeadNote, LeadStage};
use tenants::memory::Forgetting;
use tenants::notice::{
    Channel, ChannelKind, ChannelSetup, DeliveryEvent, Notice, NoticeKind, Notification, NotificationMove,
    NotificationStatus, Routing,
};
use tenants::ports::{
    Alerts, Briefings, Connections, Leads, Notices, NotificationFilter, PageRequest, Period, SecretOwner,
    SecretPlace, UnitOfWork,
};
use troupe_storage::testing::TestDatabase;
use uuid::Uuid;

use crate::contract;
use crate::world::{World, is_conflict};

contract! {
    a_lead_is_kept_once_per_person_and_its_news_are_noticed
    two_messages_of_a_new_lead_at_once_make_one
    what_a_person_sets_of_a_lead_is_theirs
    leads_and_notices_of_a_forgotten_person_are_gone
    channels_and_their_secrets_stay_with_their_owner
    what_channels_need_is_sealed_anew_unless_it_changed
    an_alert_is_routed_once_and_again_only_when_it_is_raised_anew
    a_channel_takes_a_notice_once
    a_message_is_taken_by_one_deliverer
    a_removed_channel_takes_what_waits_with_it
    a_briefing_is_kept_once
    a_briefing_counts_what_lies_in_its_period
    waiting_drafts_are_counted_for_the_tenant_and_the_agency
}

const PAGE: PageRequest = PageRequest { before: None, limit: 10 };

fn note(world: &World, person: &str, interest: Option<f32>, facts: &[(LeadField, &str)]) -> LeadNote {
    let event = EventId::new(&world.ids);
    let fact = |value: &str| Fact { value: value.into(), event, message: Some("m".into()), at: world.now() };
    LeadNote {
        lead: LeadId::new(&world.ids),
        notice: NoticeId::new(&world.ids),
        account: world.account,
        conversation: ConversationId::new(&world.ids),
        person: Person { id: person.into(), username: None },
        interest,
        facts: facts.iter().map(|(field, value)| (*field, fact(value))).collect::<BTreeMap<_, _>>(),
        event,
        at: world.now(),
    }
}

fn noted(note: LeadNote) -> Change {
    Change::NoteLead(Box::new(note))
}

fn channel(world: &World, of_tenant: bool) -> Channel {
    Channel {
        id: ChannelId::new(&world.ids),
        agency: world.agency,
        tenant: of_tenant.then_some(world.tenant),
        setup: ChannelSetup {
            name: "team".into(),
            kind: ChannelKind::Email,
            to: vec!["ana@example.com".into()],
            kinds: BTreeSet::new(),
            min_severity: Severity::Info,
            quiet_hours: None,
            time_zone: "UTC".into(),
            digest_minutes: 10,
            enabled: true,
        },
        failures: 0,
        last_sent_at: None,
        approvals_told_at: None,
        created_at: world.now(),
        updated_at: world.now(),
    }
}

async fn put(world: &World, channel: &Channel) {
    let list = vec![Change::PutChannel { channel: Box::new(channel.clone()), secret: None }];
    world.store.commit(Changes { chain: channel.chain(), list }).await.unwrap();
}

fn notification(world: &World, channel: &Channel, key: &str) -> Notification {
    Notification {
        id: NotificationId::new(&world.ids),
        channel: channel.id,
        agency: world.agency,
        tenant: Some(world.tenant),
        channel_tenant: channel.tenant,
        kind: NoticeKind::Alert,
        severity: Severity::Warning,
        person: None,
        dedup_key: key.into(),
        subject: "something".into(),
        text: "happened".into(),
        html: None,
        data: json!({ "a": 1 }),
        status: NotificationStatus::Pending,
        message: None,
        tries: 0,
        error: None,
        next_try_at: world.now(),
        sent_at: None,
        created_at: world.now(),
    }
}

async fn send(world: &World, notifications: Vec<Notification>) {
    let routing = Routing { notifications, ..Routing::default() };
    world.commit([Change::RouteNotices(Box::new(routing))]).await.unwrap();
}

fn moved(channel: &Channel, ids: &[NotificationId], event: DeliveryEvent, at: Timestamp) -> Change {
    let moved = NotificationMove { channel: channel.id, notifications: ids.to_vec(), event, at };
    Change::MoveNotifications(Box::new(moved))
}

async fn a_lead_is_kept_once_per_person_and_its_news_are_noticed(database: TestDatabase) {
    let world = World::new(&database).await;
    world.commit([noted(note(&world, "anna", None, &[(LeadField::Email, "a@b.com")]))]).await.unwrap();
    assert!(world.store.list_leads(&world.tenant, None, PAGE).await.unwrap().is_empty());

    world.commit([noted(note(&world, "anna", Some(0.9), &[(LeadField::Need, "a cake")]))]).await.unwrap();
    world.pass(Duration::from_secs(60));
    let more = note(&world, "anna", None, &[(LeadField::Email, "a@b.com"), (LeadField::Budget, "500 €")]);
    world.commit([noted(more)]).await.unwrap();
    // The same again is no news.
    world.pass(Duration::from_secs(60));
    world.commit([noted(note(&world, "anna", None, &[(LeadField::Email, "a@b.com")]))]).await.unwrap();

    let leads = world.store.list_leads(&world.tenant, Some(LeadStage::Qualified), PAGE).await.unwrap();
    assert_eq!(leads.len(), 1);
    assert_eq!(leads[0].value(LeadField::Budget), Some("500 €"));
    let found = world.store.find_lead(&world.tenant, &leads[0].id).await.unwrap().unwrap();
    assert_eq!(found, leads[0]);
    let neighbour = world.neighbour().await;
    assert!(world.store.find_lead(&neighbour.tenant, &found.id).await.unwrap().is_none());

    let notices = world.store.unrouted_notices(10).await.unwrap();
    let kinds: Vec<NoticeKind> = notices.iter().map(|it| it.kind).collect();
    assert_eq!(kinds, [NoticeKind::Lead, NoticeKind::LeadChanged]);
    assert!(notices.iter().all(|it| it.agency == world.agency && it.tenant == Some(world.tenant)));
}

async fn two_messages_of_a_new_lead_at_once_make_one(database: TestDatabase) {
    let world = World::new(&database).await;
    let units = (0..8).map(|_| {
        let change = noted(note(&world, "anna", Some(0.8), &[]));
        let world = world.clone();
        async move { world.commit([change]).await }
    });
    for done in futures::future::join_all(units).await {
        done.unwrap();
    }
    assert_eq!(world.store.list_leads(&world.tenant, None, PAGE).await.unwrap().len(), 1);
}

async fn what_a_person_sets_of_a_lead_is_theirs(database: TestDatabase) {
    let world = World::new(&database).await;
    world.commit([noted(note(&world, "anna", Some(0.9), &[]))]).await.unwrap();
    let lead = world.store.list_leads(&world.tenant, None, PAGE).await.unwrap().remove(0);
    let set = |stage: Option<(LeadStage, String)>, note: Option<&str>, to: Option<&str>| Change::SetLead {
        lead: lead.id,
        stage,
        note: note.map(str::to_owned),
        assigned_to: to.map(str::to_owned),
        at: world.now(),
    };
    world.commit([set(Some((LeadStage::Lost, "ana".into())), Some("too far"), Some("eva"))]).await.unwrap();
    world.commit([set(None, None, Some(""))]).await.unwrap();
    let more = note(&world, "anna", Some(0.99), &[(LeadField::Email, "a@b.com"), (LeadField::Budget, "9 €")]);
    world.commit([noted(more)]).await.unwrap();
    let found = world.store.find_lead(&world.tenant, &lead.id).await.unwrap().unwrap();
    assert_eq!((found.stage, found.staged_by.as_deref()), (LeadStage::Lost, Some("ana")));
    assert_eq!((found.note.as_deref(), found.assigned_to.as_deref()), (Some("too far"), None));
    let neighbour = world.neighbour().await;
    assert!(is_conflict(&neighbour.commit([set(None, Some("x"), None)]).await));

    let expecting = |at| Change::Expect(Expected::Lead(lead.id, at));
    let another = found.updated_at + Duration::from_micros(1);
    let stale = world.commit([expecting(another), set(None, Some("stale"), None)]).await;
    assert!(is_conflict(&stale));
    world.commit([expecting(found.updated_at), set(None, Some("fresh"), None)]).await.unwrap();
}

async fn leads_and_notices_of_a_forgotten_person_are_gone(database: TestDatabase) {
    let world = World::new(&database).await;
    let neighbour = world.neighbour().await;
    for tenant in [&world, &neighbour] {
        tenant
            .commit([noted(note(tenant, "anna", Some(0.9), &[(LeadField::Email, "a@b.com")]))])
            .await
            .unwrap();
    }
    let mail = channel(&world, true);
    put(&world, &mail).await;
    let about = Notification { person: Some("anna".into()), ..notification(&world, &mail, "lead") };
    send(&world, vec![about]).await;
    let traces = |tenant: &World| {
        let tenant = tenant.clone();
        async move { tenant.store.knows_person(&tenant.tenant, "anna").await.unwrap() }
    };
    assert!(traces(&world).await && traces(&neighbour).await);
    world.commit([Change::Forget(Forgetting::Person("anna".into()))]).await.unwrap();
    assert!(!traces(&world).await && traces(&neighbour).await);
    assert!(world.store.list_leads(&world.tenant, None, PAGE).await.unwrap().is_empty());
    assert_eq!(world.store.list_leads(&neighbour.tenant, None, PAGE).await.unwrap().len(), 1);
    let notices = world.store.unrouted_notices(10).await.unwrap();
    assert_eq!(notices.iter().map(|it| it.tenant).collect::<Vec<_>>(), [Some(neighbour.tenant)]);
    assert!(world.store.due_notifications(world.now(), 10).await.unwrap().is_empty());
}

async fn channels_and_their_secrets_stay_with_their_owner(database: TestDatabase) {
    let world = World::new(&database).await;
    let neighbour = world.neighbour().await;
    let mine = channel(&world, true);
    let secret = SealedSecret { key_id: "k1".into(), sealed: vec![1, 2, 3] };
    let change = Change::PutChannel { channel: Box::new(mine.clone()), secret: Some(secret.clone()) };
    world.commit([change.clone()]).await.unwrap();
    assert!(is_conflict(&neighbour.commit([change]).await));
    // A change without a secret leaves the stored one.
    put(&world, &mine).await;
    assert_eq!(world.store.channel_secret(&mine.id).await.unwrap(), Some(secret));
    assert_eq!(world.store.find_channel(&world.chain(), &mine.id).await.unwrap(), Some(mine.clone()));
    for other in [neighbour.chain(), Chain::Agency(world.agency)] {
        assert!(world.store.find_channel(&other, &mine.id).await.unwrap().is_none());
        assert!(world.store.list_channels(&other).await.unwrap().is_empty());
    }
    assert!(is_conflict(&neighbour.commit([Change::DeleteChannel(mine.id)]).await));
    let of_agency = channel(&world, false);
    put(&world, &of_agency).await;
    assert_eq!(world.store.channels_in_use().await.unwrap().len(), 2);
    let off = Channel { setup: ChannelSetup { enabled: false, ..mine.setup.clone() }, ..mine };
    put(&world, &off).await;
    assert_eq!(world.store.channels_in_use().await.unwrap(), [of_agency]);
}

async fn what_channels_need_is_sealed_anew_unless_it_changed(database: TestDatabase) {
    let world = World::new(&database).await;
    let neighbour = world.neighbour().await;
    let sealed = |key: &str, byte: u8| SealedSecret { key_id: key.into(), sealed: vec![byte] };
    let (mine, of_agency) = (channel(&world, true), channel(&world, false));
    for it in [&mine, &of_agency] {
        let change = Change::PutChannel { channel: Box::new(it.clone()), secret: Some(sealed("old", 1)) };
        world.store.commit(Changes { chain: it.chain(), list: vec![change] }).await.unwrap();
    }
    let found = world.store.sealed_by("old", 10).await.unwrap();
    let places: Vec<SecretPlace> = found.iter().map(|it| it.place.clone()).collect();
    assert_eq!(
        places,
        [SecretPlace::Channel(mine.chain(), mine.id), SecretPlace::Channel(of_agency.chain(), of_agency.id)]
    );
    assert!(
        found.iter().all(|it| matches!(it.owner, SecretOwner::Channel(_)) && it.sealed == sealed("old", 1))
    );

    let reseal = |chain, channel, old| {
        let change = ConnectChange::ResealChannel { channel, old: sealed("old", old), new: sealed("new", 2) };
        Changes { chain, list: vec![Change::Connect(change)] }
    };
    world.store.commit(reseal(neighbour.chain(), mine.id, 1)).await.unwrap();
    world.store.commit(reseal(mine.chain(), mine.id, 9)).await.unwrap();
    assert_eq!(world.store.sealed_by("old", 10).await.unwrap().len(), 2, "not theirs; and it had changed");
    for it in [&mine, &of_agency] {
        world.store.commit(reseal(it.chain(), it.id, 1)).await.unwrap();
        assert_eq!(world.store.channel_secret(&it.id).await.unwrap(), Some(sealed("new", 2)));
    }
    let uses = world.store.key_uses(world.now()).await.unwrap();
    let channels: Vec<_> = uses.iter().filter(|key| key.channels > 0).collect();
    assert_eq!(
        channels.iter().map(|key| (key.key_id.as_str(), key.channels)).collect::<Vec<_>>(),
        [("new", 2)]
    );
}

async fn an_alert_is_routed_once_and_again_only_when_it_is_raised_anew(database: TestDatabase) {
    let world = World::new(&database).await;
    for _ in 0..5 {
        world.store.raise_alert(world.alert("auth"), world.now()).await.unwrap();
    }
    let found = world.store.unrouted_alerts(10).await.unwrap();
    assert_eq!((found.len(), found[0].occurrences), (1, 5));
    let routed = |world: &World| {
        let routing = Routing { alerts: vec![found[0].id], ..Routing::default() };
        Changes { chain: world.chain(), list: vec![Change::RouteNotices(Box::new(routing))] }
    };
    let neighbour = world.neighbour().await;
    world.store.commit(routed(&neighbour)).await.unwrap();
    assert_eq!(world.store.unrouted_alerts(10).await.unwrap().len(), 1, "a stranger marks nothing");
    world.store.commit(routed(&world)).await.unwrap();
    world.store.raise_alert(world.alert("auth"), world.now()).await.unwrap();
    assert!(world.store.unrouted_alerts(10).await.unwrap().is_empty(), "a repetition is no news");

    let resolve = Change::ResolveAlert { dedup_key: "auth".into(), by: "ana".into(), at: world.now() };
    world.commit([resolve]).await.unwrap();
    world.store.raise_alert(world.alert("auth"), world.now()).await.unwrap();
    assert_eq!(world.store.unrouted_alerts(10).await.unwrap().len(), 1);
}

async fn a_channel_takes_a_notice_once(database: TestDatabase) {
    let world = World::new(&database).await;
    let notice = Notice {
        id: NoticeId::new(&world.ids),
        agency: world.agency,
        tenant: Some(world.tenant),
        kind: NoticeKind::TakeOver,
        severity: Severity::Info,
        person: None,
        dedup_key: "owner:1".into(),
        subject: "s".into(),
        text: "t".into(),
        html: Some("<p>t</p>".into()),
        data: json!({}),
        created_at: world.now(),
    };
    let again = Notice { id: NoticeId::new(&world.ids), ..notice.clone() };
    world
        .commit([Change::AddNotice(Box::new(notice.clone())), Change::AddNotice(Box::new(again))])
        .await
        .unwrap();
    assert_eq!(world.store.unrouted_notices(10).await.unwrap(), std::slice::from_ref(&notice));
    let neighbour = world.neighbour().await;
    assert!(is_conflict(&neighbour.commit([Change::AddNotice(Box::new(notice))]).await));

    let mail = channel(&world, true);
    put(&world, &mail).await;
    send(&world, vec![notification(&world, &mail, "owner:1")]).await;
    send(&world, vec![notification(&world, &mail, "owner:1"), notification(&world, &mail, "owner:2")]).await;
    assert_eq!(world.store.due_notifications(world.now(), 10).await.unwrap().len(), 2);
}

async fn a_message_is_taken_by_one_deliverer(database: TestDatabase) {
    let world = World::new(&database).await;
    let mail = channel(&world, true);
    put(&world, &mail).await;
    send(&world, vec![notification(&world, &mail, "a"), notification(&world, &mail, "b")]).await;
    let ids: Vec<NotificationId> =
        world.store.due_notifications(world.now(), 10).await.unwrap().iter().map(|it| it.id).collect();
    let message = Uuid::from_u128(7);
    let until = world.now() + Duration::from_secs(30);
    world.commit([moved(&mail, &ids, DeliveryEvent::Begun { message, until }, world.now())]).await.unwrap();
    assert!(world.store.due_notifications(world.now(), 10).await.unwrap().is_empty(), "it is under way");
    let second = DeliveryEvent::Begun { message: Uuid::from_u128(8), until };
    assert!(is_conflict(&world.commit([moved(&mail, &ids, second, world.now())]).await), "somebody has it");
    world.pass(Duration::from_secs(31));
    let lost = world.store.due_notifications(world.now(), 10).await.unwrap();
    assert!(lost.iter().all(|it| it.message == Some(message) && it.tries == 1), "it keeps its id");

    let refused = DeliveryEvent::Refused { error: "busy".into(), next_try_at: world.now() };
    world.commit([moved(&mail, &ids, refused, world.now())]).await.unwrap();
    assert_eq!(world.store.find_channel(&world.chain(), &mail.id).await.unwrap().unwrap().failures, 1);
    world.commit([moved(&mail, &ids, DeliveryEvent::Taken, world.now())]).await.unwrap();
    let found = world.store.find_channel(&world.chain(), &mail.id).await.unwrap().unwrap();
    assert_eq!((found.failures, found.last_sent_at), (0, Some(world.now())));
    let again = moved(&mail, &ids, DeliveryEvent::Taken, world.now());
    assert!(is_conflict(&world.commit([again]).await), "nobody takes it twice");
    let filter =
        NotificationFilter { status: Some(NotificationStatus::Sent), ..NotificationFilter::default() };
    assert_eq!(world.store.list_notifications(&world.chain(), &filter, PAGE).await.unwrap().len(), 2);
    let neighbour = world.neighbour().await;
    assert!(world.store.list_notifications(&neighbour.chain(), &filter, PAGE).await.unwrap().is_empty());
}

async fn a_removed_channel_takes_what_waits_with_it(database: TestDatabase) {
    let world = World::new(&database).await;
    let mail = channel(&world, true);
    put(&world, &mail).await;
    send(&world, vec![notification(&world, &mail, "a")]).await;
    world.commit([Change::DeleteChannel(mail.id)]).await.unwrap();
    assert!(world.store.due_notifications(world.now(), 10).await.unwrap().is_empty());
    assert!(is_conflict(&world.commit([Change::DeleteChannel(mail.id)]).await));
}

fn briefing(world: &World, until: Timestamp) -> Briefing {
    Briefing {
        id: BriefingId::new(&world.ids),
        tenant: world.tenant,
        kind: BriefingKind::Daily,
        from: until - Duration::from_secs(86_400),
        until,
        language: Language::German,
        subject: "Morgenübersicht".into(),
        text: "t".into(),
        html: "<p>t</p>".into(),
        data: json!({ "sections": [] }),
        created_at: world.now(),
    }
}

async fn a_briefing_is_kept_once(database: TestDatabase) {
    let world = World::new(&database).await;
    let until = world.now();
    let first = briefing(&world, until);
    for it in [first.clone(), briefing(&world, until)] {
        world.commit([Change::PutBriefing(Box::new(it))]).await.unwrap();
    }
    let found = world.store.list_briefings(&world.tenant, Some(BriefingKind::Daily), PAGE).await.unwrap();
    assert_eq!(found, std::slice::from_ref(&first));
    assert!(
        world.store.list_briefings(&world.tenant, Some(BriefingKind::Weekly), PAGE).await.unwrap().is_empty()
    );
    let neighbour = world.neighbour().await;
    assert!(world.store.find_briefing(&neighbour.tenant, &first.id).await.unwrap().is_none());
    assert!(is_conflict(&neighbour.commit([Change::PutBriefing(Box::new(first))]).await));
}

async fn a_briefing_counts_what_lies_in_its_period(database: TestDatabase) {
    let world = World::new(&database).await;
    let day = Duration::from_secs(86_400);
    let begin = world.now();
    world.commit([noted(note(&world, "early", Some(0.9), &[]))]).await.unwrap();
    world.pass(day);
    let from = world.now();
    world.commit([noted(note(&world, "anna", Some(0.9), &[]))]).await.unwrap();
    world.pass(day);
    let count = |period| {
        let world = world.clone();
        async move {
            let numbers = world.store.briefing_numbers(&world.tenant, period).await.unwrap();
            numbers.leads.iter().map(|(_, count)| count).sum::<i64>()
        }
    };
    assert_eq!(count(Period { from, until: world.now() }).await, 1);
    assert_eq!(count(Period { from: begin, until: world.now() }).await, 2);
    let neighbour = world.neighbour().await;
    let theirs = Period { from: begin, until: world.now() };
    let numbers = world.store.briefing_numbers(&neighbour.tenant, theirs).await.unwrap();
    assert_eq!(numbers, tenants::briefing::BriefingNumbers::default());
}

async fn waiting_drafts_are_counted_for_the_tenant_and_the_agency(database: TestDatabase) {
    let world = World::new(&database).await;
    let neighbour = world.neighbour().await;
    let came = Period { from: world.now(), until: world.now() + Duration::from_secs(60) };
    let of_tenant = world.store.waiting_for_people(&world.agency, Some(&world.tenant), came).await.unwrap();
    assert!(of_tenant.is_empty());
    for tenant in [&world, &neighbour] {
        let thread = tenant.direct();
        tenant.commit([Change::PutConversation(Box::new(thread.clone()))]).await.unwrap();
        tenant.commit([Change::AddApproval(Box::new(tenant.approval(thread.id)))]).await.unwrap();
    }
    let of_tenant = world.store.waiting_for_people(&world.agency, Some(&world.tenant), came).await.unwrap();
    assert_eq!(of_tenant.iter().map(|it| (it.tenant, it.drafts)).collect::<Vec<_>>(), [(world.tenant, 1)]);
    let of_agency = world.store.waiting_for_people(&world.agency, None, came).await.unwrap();
    assert_eq!(of_agency.len(), 2);
    let later = Period { from: came.until, until: came.until + Duration::from_secs(60) };
    assert!(world.store.waiting_for_people(&world.agency, None, later).await.unwrap().is_empty());
}
