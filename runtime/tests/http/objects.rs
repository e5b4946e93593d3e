//! One thing of each kind that a tenant has.

use serde_json::json;
use tenants::account::{Account, LoginFlavour, SealedSecret, Tenant};
use tenants::alert::{AlertType, NewAlert, Severity};
use tenants::approval::{Approval, ApprovalKind, ApprovalStatus};
use tenants::audit::{Chain, NewAuditEntry};
use tenants::briefing::{Briefing, BriefingKind};
use tenants::changes::{Change, Changes};
use tenants::clock::Timestamp;
use tenants::connect::{ConnectAttempt, ConnectChange, ConnectStatus};
use tenants::conversation::{
    Comment, CommentStatus, Conversation, ConversationKind, Direction, Message, Owner, comment_key,
    direct_key,
};
use tenants::effect::{Action, ActionType, Effect, EffectState, IdempotencyKey, ReplyTarget};
use tenants::event::{CommentBody, EventBody, EventKind, EventSource, NewEvent, Person, Role};
use tenants::ids::{
    AgencyId, AlertId, ApprovalId, AuditId, BriefingId, ChannelId, CommentId, CompetitorId, ConnectId,
    ConversationId, DecisionId, DeliveryId, EffectId, EventId, Ids, LeadId, MediaId, MemoryId, MessageId,
    NoticeId, PostId, RehearsalId, ReportId, RuleId, RunId, TemplateId, TenantId, UploadId, WebhookId,
};
use tenants::insights::{Competitor, IntelChange, Measured, MediaReading};
use tenants::intent::Language;
use tenants::lead::LeadNote;
use tenants::memory::{MemoryItem, MemoryKind, Visibility};
use tenants::notice::{Channel, ChannelKind, ChannelSetup};
use tenants::policy::MESSAGING_WINDOW;
use tenants::ports::{Alerts, CronTick, Delivery, Inbox, PageRequest, TickPlan, Ticks, UnitOfWork, Webhooks};
use tenants::post::{
    ApprovalPolicy, Post, PostApproval, PostDraft, PostOptions, PostState, PostTemplate, PostType,
};
use tenants::rehearsal::{Rehearsal, RehearsalStatus};
use tenants::report::{AnalyticsReport, ReportBody, ReportPeriod, ReportType};
use tenants::rule::{Rule, RuleAction, Trigger, TriggerKind};
use tenants::tuning::{Learned, Lesson, TuningVersion};
use tenants::webhook::{DeliveryState, WebhookChange, WebhookDelivery, WebhookSetup};
use troupe::administration::Act;
use troupe::media::{MediaPatch, NewMedia, samples};

use crate::logins::found;
use crate::rig::Rig;

/// Ids of what was made.
pub struct Objects {
    pub event: EventId,
    pub comment: CommentId,
    pub direct: ConversationId,
    pub approval: ApprovalId,
    pub escalation: ApprovalId,
    /// A decision that left an answer without a person.
    pub decision: DecisionId,
    /// A pending effect.
    pub waiting: EffectId,
    /// An effect in the dead letters.
    pub dead: EffectId,
    pub rule: RuleId,
    pub alert: AlertId,
    /// Something that the tenant remembers of the person.
    pub remembered: MemoryId,
    pub person: String,
    /// A picture of the library.
    pub media: MediaId,
    /// An upload whose bytes are all there.
    pub upload: UploadId,
    /// A draft of a post, with the picture.
    pub post: PostId,
    /// A post that asks for approval.
    pub pending_post: PostId,
    /// A post that was given up.
    pub failed_post: PostId,
    /// Visible on Instagram as 17900000000000001.
    pub published_post: PostId,
    /// A template for posts.
    pub template: TemplateId,
    /// A rehearsal that is done.
    pub rehearsal: RehearsalId,
    /// A channel by mail.
    pub channel: ChannelId,
    pub lead: LeadId,
    pub briefing: BriefingId,
    /// The name of a tick of comms.
    pub tick: String,
    /// An attempt to connect an account, in which one must be chosen.
    pub connect: ConnectId,
    /// Instagram's id of one of the accounts to choose from.
    pub choice: String,
    /// Instagram's id of a media with numbers.
    pub measured_media: String,
    pub report: ReportId,
    pub competitor: CompetitorId,
}

/// A channel by mail, of a tenant or of an agency.
pub async fn channel(rig: &Rig, agency: AgencyId, tenant: Option<TenantId>) -> ChannelId {
    let id = ChannelId::new(&rig.ports.ids);
    let setup = ChannelSetup {
        name: "team".to_owned(),
        kind: ChannelKind::Email,
        to: vec!["ana@example.com".to_owned()],
        kinds: std::collections::BTreeSet::new(),
        min_severity: Severity::Warning,
        quiet_hours: None,
        time_zone: "UTC".to_owned(),
        digest_minutes: 10,
        enabled: true,
    };
    let now = rig.now();
    let channel = Channel {
        id,
        agency,
        tenant,
        setup,
        failures: 0,
        last_sent_at: None,
        approvals_told_at: None,
        created_at: now,
        updated_at: now,
    };
    let list = vec![Change::PutChannel { channel: Box::new(channel.clone()), secret: None }];
    rig.database.commit(Changes { chain: channel.chain(), list }).await.unwrap();
    id
}

/// A webhook of an agency, and an entry of its log on the way to it.
pub async fn webhook(rig: &Rig, agency: AgencyId) -> (WebhookId, DeliveryId) {
    let act = Act { by: "cli".to_owned(), at: rig.now(), ids: &rig.ports.ids };
    let setup = WebhookSetup {
        name: "warehouse".to_owned(),
        url: "https://hooks.example.com/in".to_owned(),
        events: vec!["*".to_owned()],
        tenants: Vec::new(),
    };
    let (webhook, _, changes) = act.create_webhook(agency, setup, true, &rig.vault).unwrap();
    rig.database.commit(changes).await.unwrap();
    let chain = Chain::Agency(agency);
    let after = rig.database.webhook_cursor(&chain).await.unwrap();
    let entry = rig.database.logged_events(&chain, after, 1).await.unwrap().remove(0);
    let delivery = WebhookDelivery {
        id: DeliveryId::new(&rig.ports.ids),
        webhook: webhook.id,
        agency,
        tenant: None,
        seq: entry.seq,
        entry: entry.id,
        event_type: entry.event_type,
        happened_at: entry.at,
        state: DeliveryState::Pending,
        tries: 0,
        failures: 0,
        next_try_at: rig.now(),
        is_under_way: false,
        last_status: None,
        error: None,
        settled_at: None,
        created_at: rig.now(),
    };
    let id = delivery.id;
    let note = WebhookChange::Note { agency, after, upto: entry.seq, deliveries: vec![delivery] };
    rig.database.commit(Changes { chain, list: vec![Change::Webhook(note)] }).await.unwrap();
    (webhook.id, id)
}

fn lead_note(lead: LeadId, thread: &Conversation, event: EventId, ids: &Ids, now: Timestamp) -> LeadNote {
    LeadNote {
        lead,
        notice: NoticeId::new(ids),
        account: thread.account,
        conversation: thread.id,
        person: thread.person.clone(),
        interest: Some(0.9),
        facts: std::collections::BTreeMap::new(),
        event,
        at: now,
    }
}

fn briefing(id: BriefingId, tenant: TenantId, now: Timestamp) -> Briefing {
    Briefing {
        id,
        tenant,
        kind: BriefingKind::Daily,
        from: now,
        until: now,
        language: Language::English,
        subject: "Morning briefing".to_owned(),
        text: "Nothing waits for you.".to_owned(),
        html: "<p>Nothing waits for you.</p>".to_owned(),
        data: json!({ "sections": [] }),
        created_at: now,
    }
}

/// An attempt in which one of two accounts must be chosen.
async fn choosing(rig: &Rig, tenant: &Tenant) -> ConnectAttempt {
    let mut attempt = ConnectAttempt {
        id: ConnectId::new(&rig.ports.ids),
        tenant: tenant.id,
        app: None,
        flavour: LoginFlavour::Instagram,
        account: None,
        started_by: "cli".to_owned(),
        redirect_uri: "http://127.0.0.1:8080/oauth/callback".to_owned(),
        status: ConnectStatus::Choosing,
        message: None,
        found: Vec::new(),
        scopes: Vec::new(),
        granted_by: None,
        connected: None,
        expires_at: rig.now() + std::time::Duration::from_secs(900),
        created_at: rig.now(),
    };
    attempt.found = vec![found(&attempt, 1), found(&attempt, 2)];
    let state_hash = tenant.id.to_string();
    let begin = ConnectChange::Begin { attempt: Box::new(attempt.clone()), state_hash };
    let grant = Some(SealedSecret { key_id: "k1".to_owned(), sealed: vec![1] });
    let from = ConnectStatus::Choosing;
    let keep = ConnectChange::Move { attempt: Box::new(attempt.clone()), from, grant };
    let changes = Changes::of_tenant(tenant.id).with(Change::Connect(begin)).with(Change::Connect(keep));
    rig.database.commit(changes).await.unwrap();
    attempt
}

/// A rehearsal that is done, of a tenant or of all tenants of an agency.
pub async fn rehearsal(rig: &Rig, agency: AgencyId, tenant: Option<TenantId>) -> RehearsalId {
    let rehearsal = Rehearsal {
        id: RehearsalId::new(&rig.ports.ids),
        agency,
        tenant,
        status: RehearsalStatus::Done,
        asked_by: "cli".to_owned(),
        asked: json!({}),
        progress: 0,
        report: Some(json!({ "total": {}, "tenants": [] })),
        error: None,
        created_at: rig.now(),
        finished_at: Some(rig.now()),
    };
    let id = rehearsal.id;
    let chain = tenant.map_or(Chain::Agency(agency), Chain::Tenant);
    let changes = Changes { chain, list: vec![Change::PutRehearsal(Box::new(rehearsal))] };
    rig.database.commit(changes).await.unwrap();
    id
}

/// A plan with one tick.
fn tick_plan(tenant: &Tenant, name: &str, now: Timestamp) -> TickPlan {
    let tick = CronTick {
        tenant: tenant.id,
        role: Role::Comms,
        name: name.to_owned(),
        zone: "UTC".to_owned(),
        last_run: None,
        next_run: now,
        fire_at: Some(now),
        runs: 0,
        last_status: None,
        last_error: None,
        last_status_at: None,
    };
    TickPlan { tenant: tenant.id, catalogue: String::new(), mark: 0, ticks: vec![tick], watches: Vec::new() }
}

/// A picture that no tenant has.
pub fn another_picture() -> Vec<u8> {
    samples::jpeg(64, 64, 200)
}

/// What is uploaded in parts.
pub fn uploaded_picture() -> Vec<u8> {
    samples::jpeg(64, 64, 201)
}

async fn picture(rig: &Rig, tenant: &Tenant) -> MediaId {
    let new = NewMedia {
        tenant: tenant.id,
        by: "cli".to_owned(),
        file_name: "cake.jpg".to_owned(),
        words: MediaPatch::default(),
    };
    let body = futures::stream::iter([Ok::<_, std::io::Error>(samples::jpeg(64, 80, 7).into())]);
    rig.media.receive(new, None, body).await.unwrap().asset.id
}

async fn upload(rig: &Rig, tenant: &Tenant) -> UploadId {
    let file = uploaded_picture();
    let begun = rig.media.begin_upload(tenant.id, "cli".to_owned(), "tart.jpg".to_owned(), file.len() as u64);
    let upload = begun.await.unwrap().upload.id;
    let body = futures::stream::iter([Ok::<_, std::io::Error>(file.into())]);
    rig.media.add_part(&tenant.id, upload, 0, body).await.unwrap();
    upload
}

/// Instagram's id of the comment of each tenant.
pub const COMMENT: &str = "180000000000000001";

impl Objects {
    pub async fn create(rig: &Rig, tenant: &Tenant, account: &Account) -> Self {
        let (ids, now) = (&rig.ports.ids, rig.now());
        let event = comment_event(ids, account, now);
        let person = Person { id: "5550001".to_owned(), username: Some("ana".to_owned()) };
        let thread = conversation(
            ids,
            account,
            ConversationKind::CommentThread,
            comment_key(COMMENT),
            person.clone(),
            now,
        );
        let direct = Conversation {
            window_ends_at: Some(now + MESSAGING_WINDOW),
            ..conversation(
                ids,
                account,
                ConversationKind::Direct,
                direct_key(&person.id),
                person.clone(),
                now,
            )
        };
        let comment = comment(ids, account, &thread, event.id, person, now);
        let approval = approval(ids, account, &thread, event.id, ApprovalKind::Draft, now);
        let escalation = approval_without_draft(ids, account, &thread, event.id, now);
        let waiting = effect(ids, tenant, account, &thread, 0, now);
        let dead = Effect {
            state: EffectState::Dlq,
            retry_count: 5,
            error: Some("gone wrong".to_owned()),
            ..effect(ids, tenant, account, &thread, 1, now)
        };
        let rule = rule(ids, now);
        let connect = choosing(rig, tenant).await;
        let made = Self {
            event: event.id,
            comment: comment.id,
            direct: direct.id,
            approval: approval.id,
            escalation: escalation.id,
            decision: DecisionId::new(ids),
            waiting: waiting.id,
            dead: dead.id,
            rule: rule.id,
            alert: AlertId::new(ids),
            rehearsal: rehearsal(rig, tenant.agency, Some(tenant.id)).await,
            measured_media: format!("media-of-{}", account.external_id),
            report: ReportId::new(ids),
            competitor: CompetitorId::new(ids),
            media: picture(rig, tenant).await,
            upload: upload(rig, tenant).await,
            choice: connect.found[0].external_id.clone(),
            connect: connect.id,
            post: PostId::new(ids),
            pending_post: PostId::new(ids),
            failed_post: PostId::new(ids),
            published_post: PostId::new(ids),
            template: TemplateId::new(ids),
            remembered: MemoryId::new(ids),
            channel: channel(rig, tenant.agency, Some(tenant.id)).await,
            lead: LeadId::new(ids),
            briefing: BriefingId::new(ids),
            tick: format!("briefing_{}", tenant.slug),
            // A person has a different id for every account.
            person: format!("person-of-{}", account.external_id),
        };
        let remembered = MemoryItem {
            person: Some(made.person.clone()),
            ..MemoryItem::new(
                made.remembered,
                tenant.id,
                MemoryKind::Interaction,
                Visibility::Customer,
                "asked for gluten-free bread",
                "test",
                now,
            )
        };
        let message = message(ids, account, &direct, now);
        rig.database.put_plan(tick_plan(tenant, &made.tick, now)).await.unwrap();
        rig.database.accept(Delivery { events: vec![event], ..Delivery::default() }).await.unwrap();
        let alert = NewAlert {
            id: made.alert,
            agency: Some(tenant.agency),
            tenant: Some(tenant.id),
            alert_type: AlertType::DeadLetter,
            severity: None,
            message: "an effect was given up".to_owned(),
            details: json!({}),
            dedup_key: format!("dead:{}", tenant.id),
        };
        let note = lead_note(made.lead, &direct, made.event, ids, now);
        let changes = Changes::of_tenant(tenant.id)
            .with(Change::NoteLead(Box::new(note)))
            .with(Change::PutBriefing(Box::new(briefing(made.briefing, tenant.id, now))))
            .with(Change::Remember(Box::new(remembered)))
            .with(Change::PutConversation(Box::new(thread)))
            .with(Change::PutConversation(Box::new(direct)))
            .with(Change::PutComment(Box::new(comment)))
            .with(Change::PutMessage(Box::new(message)))
            .with(Change::AddApproval(Box::new(approval)))
            .with(Change::AddApproval(Box::new(escalation)))
            .with(Change::AddEffect(Box::new(waiting)))
            .with(Change::AddEffect(Box::new(dead)))
            .with(Change::PutRule(Box::new(rule)))
            .with(Change::RaiseAlert(Box::new(alert), now))
            .with(Change::Audit(Box::new(decision_entry(ids, made.decision, made.event, now))))
            .with(put_post(post(account, &made, made.post, PostState::Draft, now)))
            .with(put_post(post(account, &made, made.pending_post, PostState::Pending, now)))
            .with(put_post(post(account, &made, made.failed_post, PostState::Failed, now)))
            .with(put_post(post(account, &made, made.published_post, PostState::Published, now)))
            .with(Change::PutPostTemplate(Box::new(template(made.template, now))))
            .with(Change::Intel(IntelChange::MediaReadings(vec![media_reading(&made, account, now)])))
            .with(Change::Intel(IntelChange::AddReport(Box::new(report(&made, tenant, ids, now)))))
            .with(Change::Intel(IntelChange::AddCompetitor(Competitor {
                id: made.competitor,
                tenant: tenant.id,
                username: "rival".to_owned(),
                note: None,
                created_at: now,
            })))
            .with(learned(1, now))
            .with(learned(2, now));
        rig.database.commit(changes).await.unwrap();
        let alerts = rig
            .database
            .list_alerts(&tenant.agency, Some(&tenant.id), None, PageRequest::first(1))
            .await
            .unwrap();
        Self { alert: alerts[0].id, ..made }
    }
}

fn put_post(post: Post) -> Change {
    Change::PutPost { post: Box::new(post), expected: None }
}

fn post(account: &Account, made: &Objects, id: PostId, state: PostState, now: Timestamp) -> Post {
    let draft = PostDraft {
        post_type: PostType::Image,
        caption: format!("a cake ({state})"),
        media: vec![made.media],
        first_comment: None,
        options: PostOptions::default(),
    };
    Post {
        state,
        scheduled_at: (state == PostState::Pending).then(|| now + std::time::Duration::from_secs(86_400)),
        approval: PostApproval::new(match state {
            PostState::Pending => ApprovalPolicy::One,
            _ => ApprovalPolicy::Off,
        }),
        platform_post_id: (state == PostState::Published).then(|| "17900000000000001".to_owned()),
        ..Post::new(id, account.tenant, account.id, draft, "cli", now)
    }
}

fn template(id: TemplateId, now: Timestamp) -> PostTemplate {
    PostTemplate {
        id,
        name: "offer".to_owned(),
        post_type: PostType::Image,
        caption: "{product} for {price}".to_owned(),
        hashtags: vec!["cake".to_owned()],
        first_comment: None,
        created_at: now,
        updated_at: now,
    }
}

fn media_reading(made: &Objects, account: &Account, now: Timestamp) -> MediaReading {
    MediaReading {
        account: account.id,
        media: made.measured_media.clone(),
        day: "2026-03-04".to_owned(),
        product: "FEED".to_owned(),
        media_type: "IMAGE".to_owned(),
        caption: "new".to_owned(),
        permalink: None,
        published_at: now,
        metrics: [("likes".to_owned(), Measured::known(3.0))].into(),
        read_at: now,
    }
}

fn report(made: &Objects, tenant: &Tenant, ids: &Ids, now: Timestamp) -> AnalyticsReport {
    AnalyticsReport {
        id: made.report,
        tenant: tenant.id,
        report_type: ReportType::Daily,
        period: ReportPeriod {
            first_day: "2026-03-04".to_owned(),
            last_day: "2026-03-04".to_owned(),
            from: now,
            until: now,
        },
        revision: 1,
        run: RunId::new(ids),
        asked_by: "intel".to_owned(),
        body: ReportBody::default(),
        made_at: now,
    }
}

fn decision_entry(ids: &Ids, decision: DecisionId, event: EventId, now: Timestamp) -> NewAuditEntry {
    let classification = json!({ "intent": "question", "confidence": 0.95, "probabilities": [],
        "sentiment": "neutral", "language": "en", "crisis": false });
    NewAuditEntry {
        id: AuditId::new(ids),
        event_type: "decision.made".to_owned(),
        action: "act".to_owned(),
        resource_type: "decision".to_owned(),
        resource_id: decision.to_string(),
        actor: "engagement".to_owned(),
        success: true,
        error: None,
        details: json!({ "id": decision, "event": event, "outcome": "act", "mode": "A",
            "classification": classification, "reason": "question is answered", "trace": [],
            "model": "offline/intents-1", "prompt_version": null, "tokens_in": 0, "tokens_out": 0,
            "cost_micro_usd": 0, "latency_us": 100, "decided_at": now,
            "incoming_text": "do you ship to Porto?" })
        .into(),
        at: now,
    }
}

/// A version of what the tenant's classifier knows.
fn learned(version: u32, at: Timestamp) -> Change {
    let mut learned = Learned { verdicts: version, ..Learned::default() };
    learned.tuning.version = version;
    let (reason, made_by) = ("1 verdict".to_owned(), "learning".to_owned());
    let next = TuningVersion { learned, reason, made_by, at };
    Change::Learn(Box::new(Lesson {
        base: version - 1,
        next: Some(next),
        verdicts: Vec::new(),
        back_to: None,
    }))
}

fn comment_event(ids: &Ids, account: &Account, now: Timestamp) -> NewEvent {
    NewEvent {
        id: EventId::new(ids),
        tenant: account.tenant,
        account: Some(account.id),
        source: EventSource::Webhook,
        kind: EventKind::Comment,
        external_id: COMMENT.to_owned(),
        conversation_key: comment_key(COMMENT),
        occurred_at: now,
        received_at: now,
        body: EventBody::Comment(CommentBody {
            comment_id: COMMENT.to_owned(),
            parent_id: None,
            media_id: Some("179".to_owned()),
            media_product_type: Some("FEED".to_owned()),
            from: Person { id: "5550001".to_owned(), username: Some("ana".to_owned()) },
            text: "do you ship to Porto?".to_owned(),
        }),
        raw: json!({ "field": "comments" }),
    }
}

fn conversation(
    ids: &Ids,
    account: &Account,
    kind: ConversationKind,
    key: String,
    person: Person,
    now: Timestamp,
) -> Conversation {
    Conversation {
        id: ConversationId::new(ids),
        account: account.id,
        kind,
        key,
        person,
        owner: Owner::Bot,
        owner_since: now,
        window_ends_at: None,
        opted_out_at: None,
        last_inbound_at: Some(now),
        last_outbound_at: None,
        disclosed_at: None,
        assigned_to: None,
        created_at: now,
        updated_at: now,
    }
}

fn comment(
    ids: &Ids,
    account: &Account,
    thread: &Conversation,
    event: EventId,
    author: Person,
    now: Timestamp,
) -> Comment {
    Comment {
        id: CommentId::new(ids),
        account: account.id,
        conversation: thread.id,
        event,
        external_id: COMMENT.to_owned(),
        parent_external_id: None,
        media_external_id: Some("179".to_owned()),
        author,
        text: "do you ship to Porto?".to_owned(),
        intent: None,
        confidence: None,
        sentiment: None,
        language: None,
        status: CommentStatus::AwaitingApproval,
        reply: None,
        tags: Vec::new(),
        assigned_to: None,
        occurred_at: now,
        created_at: now,
    }
}

fn message(ids: &Ids, account: &Account, direct: &Conversation, now: Timestamp) -> Message {
    Message {
        id: MessageId::new(ids),
        account: account.id,
        conversation: direct.id,
        external_id: "mid.1".to_owned(),
        direction: Direction::Inbound,
        text: "hello".to_owned(),
        attachments: Vec::new(),
        attachment_urls: Vec::new(),
        effect: None,
        intent: None,
        confidence: None,
        sentiment: None,
        language: None,
        deleted: false,
        occurred_at: now,
        created_at: now,
    }
}

fn reply(text: &str) -> Action {
    Action::ReplyComment {
        target: ReplyTarget::Comment { comment_id: COMMENT.to_owned() },
        text: text.to_owned(),
    }
}

fn approval(
    ids: &Ids,
    account: &Account,
    thread: &Conversation,
    event: EventId,
    kind: ApprovalKind,
    now: Timestamp,
) -> Approval {
    Approval {
        id: ApprovalId::new(ids),
        kind,
        account: account.id,
        conversation: thread.id,
        event,
        decision: DecisionId::new(ids),
        proposed: vec![reply("yes, we do")],
        reason: "questions are drafted".to_owned(),
        incoming_text: "do you ship to Porto?".to_owned(),
        basis: None,
        status: ApprovalStatus::Pending,
        decided_by: None,
        decided_at: None,
        edited_text: None,
        comment: None,
        expires_at: now + std::time::Duration::from_secs(3_600),
        created_at: now,
    }
}

fn approval_without_draft(
    ids: &Ids,
    account: &Account,
    thread: &Conversation,
    event: EventId,
    now: Timestamp,
) -> Approval {
    Approval { proposed: Vec::new(), ..approval(ids, account, thread, event, ApprovalKind::Escalation, now) }
}

fn effect(
    ids: &Ids,
    tenant: &Tenant,
    account: &Account,
    thread: &Conversation,
    position: u32,
    now: Timestamp,
) -> Effect {
    Effect {
        id: EffectId::new(ids),
        tenant: tenant.id,
        account: account.id,
        conversation: Some(thread.id),
        event: None,
        decision: None,
        action: reply("thank you"),
        idempotency_key: IdempotencyKey::derive(
            &tenant.id,
            "comment",
            "earlier",
            ActionType::ReplyComment,
            position,
        ),
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
        received_at: None,
        created_at: now,
        updated_at: now,
    }
}

fn rule(ids: &Ids, now: Timestamp) -> Rule {
    Rule {
        id: RuleId::new(ids),
        name: "likes".to_owned(),
        trigger: Trigger { on: TriggerKind::Comment, media: Vec::new() },
        conditions: Vec::new(),
        actions: vec![RuleAction::Like],
        priority: 0,
        daily_cap: None,
        enabled: false,
        dry_run: false,
        created_at: now,
        updated_at: now,
    }
}
