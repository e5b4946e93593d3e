//! The morning briefing and the weekly report: what came in, what was done, what waits for a person, leads, alerts and
//! spending, in the tenant's language and by its clock. Kept for the dashboard, and told through the channels.
//!
//! The briefing, the notice of it and the end of its tick are one unit of work, so it is made exactly once.
//!
//! **One more section.** A function that gives a `Section` in `sections.rs`, its words in `words.rs`, and a line in
//! `sections_of`.

mod page;
mod sections;
#[cfg(test)]
mod tests;
mod words;

use chrono::{Days, TimeZone};
use chrono_tz::Tz;
use serde_json::json;
use tenants::alert::{Alert, Severity};
use tenants::briefing::{Briefing, BriefingKind, BriefingNumbers};
use tenants::changes::Change;
use tenants::clock::Timestamp;
use tenants::event::TickBody;
use tenants::ids::{BriefingId, NoticeId, TenantId};
use tenants::intent::Language;
use tenants::money::MicroUsd;
use tenants::notice::{Notice, NoticeKind};
use tenants::ports::{CostKeys, PageRequest, Period, StoreError, TenantContext};
use tenants::post::{Post, PostState};

use crate::Ports;

/// Most alerts that are counted.
const ALERTS: u32 = 200;
/// Most posts that are counted, of those behind and of those ahead.
const POSTS: u32 = 200;

/// Posts, behind and ahead.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct PostNumbers {
    /// Published in the period.
    pub published: i64,
    /// Planned for as long after it.
    pub planned: i64,
    /// Of the planned ones, those that wait for an approval.
    pub to_approve: i64,
    /// Of all, those that failed or missed their time.
    pub stuck: i64,
}

/// Everything that a briefing is made of.
pub(crate) struct Material {
    pub tenant_name: String,
    pub zone: Tz,
    pub language: Language,
    pub kind: BriefingKind,
    pub period: Period,
    pub numbers: BriefingNumbers,
    /// The numbers of the period before; in reports of a week.
    pub before: Option<BriefingNumbers>,
    /// Alerts that nobody has resolved.
    pub alerts: Vec<Alert>,
    /// What language models have cost in the period.
    pub spent: MicroUsd,
    /// Posts.
    pub posts: PostNumbers,
}

/// What the tick of a briefing changes.
///
/// # Errors
/// When the database does not answer; the tick can be taken again.
pub(crate) async fn briefing(
    ports: &Ports,
    context: &TenantContext,
    tick: &TickBody,
    kind: BriefingKind,
) -> Result<Vec<Change>, StoreError> {
    let material = gather(ports, context, tick.due_at, kind).await?;
    let sections = sections::sections_of(&material);
    let page = page::page_of(&material, &sections);
    let now = ports.clock.now();
    let data = json!({
        "kind": kind,
        "tenant": context.tenant.id,
        "from": material.period.from,
        "until": material.period.until,
        "sections": sections,
    });
    let briefing = Briefing {
        id: BriefingId::new(&ports.ids),
        tenant: context.tenant.id,
        kind,
        from: material.period.from,
        until: material.period.until,
        language: material.language,
        subject: page.title.clone(),
        text: page.text.clone(),
        html: page.html.clone(),
        data: data.clone(),
        created_at: now,
    };
    let notice = Notice {
        id: NoticeId::new(&ports.ids),
        agency: context.tenant.agency,
        tenant: Some(context.tenant.id),
        kind: match kind {
            BriefingKind::Daily => NoticeKind::DailyBriefing,
            BriefingKind::Weekly => NoticeKind::WeeklyReport,
        },
        severity: Severity::Info,
        person: None,
        dedup_key: format!("briefing:{kind}:{}", material.period.until.as_micros()),
        subject: page.title,
        text: page.text,
        html: Some(page.html),
        data,
        created_at: now,
    };
    Ok(vec![Change::PutBriefing(Box::new(briefing)), Change::AddNotice(Box::new(notice))])
}

async fn gather(
    ports: &Ports,
    context: &TenantContext,
    until: Timestamp,
    kind: BriefingKind,
) -> Result<Material, StoreError> {
    let (tenant, zone) = (&context.tenant, context.budget().zone);
    let days = match kind {
        BriefingKind::Daily => 1,
        BriefingKind::Weekly => 7,
    };
    let period = Period { from: days_before(until, days, zone), until };
    let numbers = ports.comms.briefing_numbers(&tenant.id, period).await?;
    let before = match kind {
        BriefingKind::Daily => None,
        BriefingKind::Weekly => {
            let earlier = Period { from: days_before(period.from, days, zone), until: period.from };
            Some(ports.comms.briefing_numbers(&tenant.id, earlier).await?)
        }
    };
    let page = PageRequest::first(ALERTS);
    let alerts = ports.store.list_alerts(&tenant.agency, Some(&tenant.id), Some(false), page).await?;
    let costs = ports.ledger.tenant_costs(&tenant.id, period, CostKeys::default()).await?;
    let settings = &context.settings;
    let first = settings.languages.first().copied().unwrap_or(Language::English);
    Ok(Material {
        tenant_name: tenant.name.clone(),
        zone,
        language: settings.comms.briefing_language.unwrap_or(first),
        kind,
        period,
        numbers,
        before,
        alerts,
        spent: costs.first().map_or(MicroUsd(0), |sum| sum.cost),
        posts: posts(ports, &tenant.id, period).await?,
    })
}

/// What was published, and what is planned for as long as the period was.
async fn posts(ports: &Ports, tenant: &TenantId, period: Period) -> Result<PostNumbers, StoreError> {
    let behind = ports.posts.posts_between(tenant, period.from, period.until, POSTS).await?;
    let end = period.until + period.until.since(period.from);
    let ahead = ports.posts.posts_between(tenant, period.until, end, POSTS).await?;
    let count = |posts: &[Post], states: &[PostState]| -> i64 {
        posts.iter().map(|post| i64::from(states.contains(&post.state))).sum()
    };
    let stuck = [PostState::Failed, PostState::NeedsPerson];
    Ok(PostNumbers {
        published: count(&behind, &[PostState::Published]),
        planned: count(&ahead, &[PostState::Pending, PostState::Approved, PostState::Publishing]),
        to_approve: count(&ahead, &[PostState::Pending]),
        stuck: count(&behind, &stuck) + count(&ahead, &stuck),
    })
}

/// The same time of day by the tenant's clock, so many days before; also over a change of clocks.
fn days_before(at: Timestamp, days: u64, zone: Tz) -> Timestamp {
    let local = at.to_utc().with_timezone(&zone).naive_local();
    let earlier = local.checked_sub_days(Days::new(days));
    let found = earlier.and_then(|earlier| zone.from_local_datetime(&earlier).earliest());
    let day = std::time::Duration::from_secs(86_400);
    found.map_or(at - day * u32::try_from(days).unwrap_or(1), |found| found.to_utc().into())
}
