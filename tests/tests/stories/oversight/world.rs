//! Two days of a brand, made by the real program, so that everything asked about is really recorded.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use chrono::TimeDelta;
use kit::{Api, TestApp, TestTenant};
use sandbox::{Endpoint, Fault, FaultKind};
use serde_json::{Value, json};
use tenants::clock::Clock;
use tenants::ids::{CallId, ReservationId};
use tenants::models::{CallOutcome, LlmCall, Task};
use tenants::money::MicroUsd;
use tenants::ports::BudgetLedger;
use tenants::post::PostState;

use crate::publishing::{picture, until};

/// What tells one generated brand from another.
#[derive(Debug, Clone)]
pub struct Cast {
    pub slug: &'static str,
    pub spammer: &'static str,
    pub second_spammer: &'static str,
    pub shipper: &'static str,
    pub doubter: &'static str,
    pub sleeper: &'static str,
    pub fan: &'static str,
    pub burned: &'static str,
    pub unlucky: &'static str,
    pub lucky: &'static str,
    pub product: &'static str,
    pub country: &'static str,
    pub caption: &'static str,
    pub called_off: &'static str,
    pub coming: &'static str,
    pub rival: &'static str,
    pub captions_micro_usd: i64,
    pub replies_micro_usd: i64,
}

pub const CASTS: [Cast; 3] = [
    Cast {
        slug: "lumen",
        spammer: "growth.guru",
        second_spammer: "lucky_prizes",
        shipper: "ana.prado",
        doubter: "tom_berger",
        sleeper: "iris.lane",
        fan: "maja.k",
        burned: "celia_ruiz",
        unlucky: "nadia_f",
        lucky: "paul.ames",
        product: "serum",
        country: "Portugal",
        caption: "Glow season has begun",
        called_off: "Half price on Friday",
        coming: "Meet the new night cream",
        rival: "velvetglow",
        captions_micro_usd: 1_250_000,
        replies_micro_usd: 310_000,
    },
    Cast {
        slug: "northwind",
        spammer: "follow4follow",
        second_spammer: "cryptobean",
        shipper: "jonas.h",
        doubter: "lena_vo",
        sleeper: "marco.b",
        fan: "beanlover",
        burned: "sofia.hot",
        unlucky: "yara.m",
        lucky: "hugo.beck",
        product: "espresso",
        country: "Norway",
        caption: "Fresh roast is out today",
        called_off: "Free mugs for everybody",
        coming: "Our winter blend returns",
        rival: "darkroasters",
        captions_micro_usd: 2_040_000,
        replies_micro_usd: 90_000,
    },
    Cast {
        slug: "casaverde",
        spammer: "cheaplikes",
        second_spammer: "winbig.now",
        shipper: "pilar.t",
        doubter: "gregor_s",
        sleeper: "amelie.d",
        fan: "plantmum",
        burned: "dario_v",
        unlucky: "boris.k",
        lucky: "wanda.li",
        product: "monstera",
        country: "Spain",
        caption: "Spring is coming home",
        called_off: "Everything must go",
        coming: "Ferns for dark corners",
        rival: "leafandco",
        captions_micro_usd: 760_000,
        replies_micro_usd: 420_000,
    },
];

/// A brand with its two days behind it.
pub struct Brand {
    pub cast: Cast,
    pub shop: TestTenant,
    pub records: Records,
    /// The second day, `2026-11-28`.
    pub today: String,
    pub yesterday: String,
}

/// Who wrote the only direct message.
pub const WAITER: &str = "the one who waits";

/// Who asks on the second day, and waits.
pub const LATE_ASKER: &str = "late.asker";

/// Ids of what happened, by labels such as `decision:ana.prado`, `effect:ana.prado`, `rule`, `post:published`.
#[derive(Debug, Default)]
pub struct Records(BTreeMap<String, BTreeSet<String>>);

impl Records {
    pub fn of(&self, label: &str) -> BTreeSet<String> {
        self.0.get(label).cloned().unwrap_or_default()
    }

    fn note(&mut self, label: impl Into<String>, id: impl Into<String>) {
        self.0.entry(label.into()).or_default().insert(id.into());
    }
}

/// People with keys of their own.
pub struct People {
    pub marta: Api,
    pub ben: Api,
}

impl People {
    pub async fn of(app: &TestApp) -> Self {
        Self { marta: named(app, "Marta").await, ben: named(app, "Ben").await }
    }
}

async fn named(app: &TestApp, name: &str) -> Api {
    let made = app.api.post(&format!("/agencies/{}/keys", app.agency.id), json!({ "name": name })).await.ok();
    app.api.with_key(made["text"].as_str().unwrap_or_else(|| panic!("{made}")))
}

/// The first day of all brands, then the second.
pub async fn brands(app: &TestApp, casts: &[Cast]) -> Vec<Brand> {
    app.go_on_to_noon();
    let people = People::of(app).await;
    let mut shops = Vec::new();
    for cast in casts {
        shops.push(first_day(app, &people, cast).await);
    }
    app.clock.advance(Duration::from_secs(86_400));
    app.settle().await;
    let day = |back: i64| (app.clock.now().to_utc() - TimeDelta::days(back)).date_naive().to_string();
    let (today, yesterday) = (day(0), day(1));
    let mut brands = Vec::new();
    for (cast, (shop, made)) in casts.iter().zip(shops) {
        second_day(app, &people, cast, &shop, &made).await;
        let records = records(app, &shop, made).await;
        brands.push(Brand {
            cast: cast.clone(),
            shop,
            records,
            today: today.clone(),
            yesterday: yesterday.clone(),
        });
    }
    brands
}

/// Ids that only the acts themselves tell.
struct Made {
    rule: String,
    published: String,
    called_off: String,
    coming: String,
    memory: String,
}

fn id_of(made: &Value) -> String {
    made["id"].as_str().unwrap_or_else(|| panic!("{made}")).to_owned()
}

async fn first_day(app: &TestApp, people: &People, cast: &Cast) -> (TestTenant, Made) {
    let shop = app.tenant(cast.slug).create().await;
    let (marta, ben) = (&people.marta, &people.ben);
    let rule = json!({ "name": "no spam", "trigger": { "on": "comment" },
        "conditions": [{ "if": "keywords_any", "words": ["followers"] }], "actions": [{ "do": "hide" }] });
    let rule = id_of(&marta.post(&shop.path("/rules"), rule).await.ok());
    app.settle().await;

    app.comment(&shop, cast.spammer, "Get 10k followers today, cheap and fast!");
    app.comment(&shop, cast.shipper, &format!("Do you ship to {}?", cast.country));
    app.comment(&shop, cast.doubter, &format!("Is the {} vegan?", cast.product));
    app.comment(&shop, cast.sleeper, "What are your opening hours on Sunday?");
    app.comment(&shop, cast.fan, "I love this so much!");
    app.comment(&shop, "idle.friend", "@somebody 😂");
    app.settle().await;
    verdict(app, marta, &shop, cast.shipper, "approve", json!({})).await;
    let remark = json!({ "comment": "we do not know that yet" });
    verdict(app, ben, &shop, cast.doubter, "reject", remark).await;
    verdict(app, marta, &shop, cast.sleeper, "edit", json!({ "text": "We open at nine on Sundays." })).await;
    app.comment(&shop, cast.burned, "I got a terrible rash from this and went to the hospital");
    app.message(
        &shop,
        "somebody.waiting",
        "Where is my parcel? I have been waiting for three weeks and nobody answers!",
    );
    app.settle().await;
    let alerts = app.api.get(&shop.path("/alerts?resolved=false")).await.ok();
    let crisis = alerts["items"].as_array().unwrap().iter().find(|it| it["alert_type"] == "crisis");
    let crisis = id_of(crisis.unwrap_or_else(|| panic!("{alerts}")));
    ben.post(&shop.path(&format!("/alerts/{crisis}/resolve")), json!({})).await.ok();

    for name in [cast.unlucky, cast.lucky] {
        let refusal =
            Fault::new(FaultKind::PermissionRefused { code: 3 }).on(Endpoint::ReplyToComment).times(1);
        app.sandbox.fault(refusal);
        app.comment(&shop, name, "Such a lovely colour, I love it!");
        app.settle().await;
    }
    let dead = app.api.get(&shop.path("/queue/dlq")).await.ok();
    let newest = id_of(&dead["items"][0]);
    marta.post(&shop.path(&format!("/queue/{newest}/retry")), json!({})).await.ok();

    let mut settings = ben.get(&shop.path("/settings")).await.ok();
    settings["blocked_words"] = json!(["cheapest"]);
    settings["quiet_hours"] = json!({ "from": "22:30", "until": "06:30" });
    ben.call(reqwest::Method::PUT, &shop.path("/settings"), Some(settings)).await.ok();
    let budget = json!({ "daily_micro_usd": 5_000_000 });
    ben.call(reqwest::Method::PUT, &shop.path("/budget"), Some(budget)).await.ok();
    let fact = json!({ "visibility": "customer", "text": "Returns are free within 30 days." });
    let memory = id_of(&marta.post(&shop.path("/memory"), fact).await.ok());
    spend(app, &shop, Task::Caption, cast.captions_micro_usd, 2).await;
    spend(app, &shop, Task::ShortReply, cast.replies_micro_usd, 3).await;

    let due = app.clock.now() + Duration::from_secs(60);
    let published = post(app, marta, &shop, (cast.caption, 1), due).await;
    until(app, &shop, &published, PostState::Published).await;
    let later = app.clock.now() + Duration::from_secs(5 * 86_400);
    let called_off = post(app, ben, &shop, (cast.called_off, 2), later).await;
    ben.post(&shop.path(&format!("/posts/{called_off}/cancel")), json!({})).await.ok();
    let coming = post(app, marta, &shop, (cast.coming, 3), later).await;
    app.settle().await;
    (shop, Made { rule, published, called_off, coming, memory })
}

async fn second_day(app: &TestApp, people: &People, cast: &Cast, shop: &TestTenant, made: &Made) {
    app.comment(shop, LATE_ASKER, "Is there a smaller size of this?");
    app.settle().await;
    app.comment(shop, cast.second_spammer, "Need more followers? Message me now");
    app.settle().await;
    people.ben.post(&shop.path(&format!("/rules/{}/disable", made.rule)), json!({})).await.ok();
    people.marta.post(&shop.path("/competitors"), json!({ "username": cast.rival })).await.ok();
    people.ben.post(&shop.path("/suspend"), json!({})).await.ok();
    people.ben.post(&shop.path("/resume"), json!({})).await.ok();
    app.settle().await;
}

async fn verdict(app: &TestApp, by: &Api, shop: &TestTenant, author: &str, verb: &str, body: Value) {
    let list = app.api.get(&shop.path("/approvals?status=pending&limit=200")).await.ok();
    let decisions = decisions(app, shop).await;
    let of = &decisions[author];
    let approval = list["items"].as_array().unwrap().iter().find(|it| it["decision"] == of.as_str());
    let approval = id_of(approval.unwrap_or_else(|| panic!("nothing to decide for {author}: {list}")));
    by.post(&shop.path(&format!("/approvals/{approval}/{verb}")), body).await.ok();
    app.settle().await;
}

/// Decisions by who had written.
async fn decisions(app: &TestApp, shop: &TestTenant) -> BTreeMap<String, String> {
    let entries = app.audit(shop).await.into_iter().filter(|entry| entry.event_type == "decision.made");
    // Instagram tells no name of somebody who writes directly.
    let name = |details: &Value| match details["event_kind"] == "message" {
        true => Some(WAITER.to_owned()),
        false => details["author"].as_str().map(str::to_owned),
    };
    entries.filter_map(|entry| Some((name(&entry.details.value())?, entry.resource_id))).collect()
}

async fn post(
    app: &TestApp,
    by: &Api,
    shop: &TestTenant,
    (caption, seed): (&str, u8),
    at: tenants::clock::Timestamp,
) -> String {
    let media = picture(app, shop, seed).await;
    let document = json!({ "post_type": "image", "caption": caption, "media": [media], "scheduled_at": at });
    id_of(&by.post(&shop.path("/posts"), document).await.ok())
}

/// Calls to a model that cost so much together.
async fn spend(app: &TestApp, shop: &TestTenant, task: Task, micro_usd: i64, calls: i64) {
    let (node, at) = (app.node().foundations(), app.clock.now());
    let call = |_| LlmCall {
        id: CallId::new(&node.ids),
        tenant: shop.id,
        task,
        event: None,
        provider: "somebody".to_owned(),
        model: "large".to_owned(),
        prompt: None,
        tokens_in: 100,
        tokens_cached: 0,
        tokens_out: 10,
        cost: MicroUsd(micro_usd / calls),
        is_estimate: false,
        latency_us: 1_000,
        attempt: 1,
        fallback_reason: None,
        outcome: CallOutcome::Answered,
        error: None,
        at,
    };
    let calls: Vec<LlmCall> = (0..calls).map(call).collect();
    // Nothing was set aside under this id: only the calls are stored.
    node.database.settle(&ReservationId::new(&node.ids), calls).await.unwrap();
}

async fn records(app: &TestApp, shop: &TestTenant, made: Made) -> Records {
    let mut records = Records::default();
    let entries = app.audit(shop).await;
    let authors: BTreeMap<String, String> =
        decisions(app, shop).await.into_iter().map(|(author, decision)| (decision, author)).collect();
    for entry in &entries {
        let details = entry.details.value();
        let decision = details["decision"].as_str().unwrap_or(&entry.resource_id);
        if let Some(author) = authors.get(decision) {
            let kind = entry.event_type.split('.').next().unwrap_or_default();
            records.note(format!("{kind}:{author}"), &entry.resource_id);
            records.note(format!("all:{author}"), &entry.resource_id);
        }
        records.note(&entry.event_type, &entry.resource_id);
    }
    for approval in app.api.get(&shop.path("/approvals?limit=200")).await.ok()["items"].as_array().unwrap() {
        if let Some(author) = approval["decision"].as_str().and_then(|it| authors.get(it)) {
            records.note(format!("approval:{author}"), id_of(approval));
            records.note(format!("all:{author}"), id_of(approval));
        }
    }
    for alert in app.api.get(&shop.path("/alerts?limit=200")).await.ok()["items"].as_array().unwrap() {
        records.note(format!("alert:{}", alert["alert_type"].as_str().unwrap()), id_of(alert));
        records.note("alerts", id_of(alert));
    }
    records.note("rule", made.rule);
    records.note("post:published", made.published);
    records.note("post:called_off", made.called_off);
    records.note("post:coming", made.coming);
    records.note("memory", made.memory);
    records.note("tenant", shop.id.to_string());
    records.note("account", shop.account.id.to_string());
    records
}
