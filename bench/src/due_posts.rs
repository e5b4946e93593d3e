//! `due-posts`: how long after its moment a post is picked up and published, when thousands are due within a minute.
//!
//! The platform answers at once, so what is measured is our own time.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::Context;
use async_trait::async_trait;
use clap::Args;
use hdrhistogram::Histogram;
use runtime::administration::Act;
use runtime::boot::{BootOptions, Node};
use runtime::settings::{Secret, Settings};
use storage::Database;
use tenants::account::{Account, AccountStatus, LoginFlavour};
use tenants::changes::{Change, Changes};
use tenants::clock::{Clock, SystemClock, Timestamp};
use tenants::ids::{AccountId, MediaId, PostId, TenantId};
use tenants::media::{MediaAsset, MediaFormat, MediaKind};
use tenants::ports::{
    Capabilities, Finding, Hint, OwnPost, PageRequest, PlatformAdapter, PostFilter, Posts, Published,
    PublishingQuota, Readiness, Receipt, SendError, UnitOfWork, Upload, Usage, VisiblePost, Wake,
};
use tenants::post::{Post, PostDraft, PostOptions, PostProblem, PostState, PostType};
use tenants::settings::{HourlyCaps, TenantSettings};

use crate::report::{self, Table};

/// Posts of one commit.
const AT_ONCE: usize = 500;
/// Longest wait for the last post, beyond its moment.
const PATIENCE: Duration = Duration::from_secs(600);

/// How many.
#[derive(Debug, Args)]
pub struct DuePostsArgs {
    /// Posts.
    #[arg(long, default_value_t = 10_000)]
    posts: usize,
    /// Tenants they belong to.
    #[arg(long, default_value_t = 500)]
    tenants: usize,
    /// Seconds within which all are due, evenly.
    #[arg(long, default_value_t = 60)]
    within: u64,
    /// Page whose section `due-posts` is rewritten.
    #[arg(long, value_name = "FILE")]
    write: Option<PathBuf>,
}

/// A platform that does everything at once.
#[derive(Default)]
struct AtOnce(AtomicU64);

impl AtOnce {
    fn receipt(&self) -> Result<Receipt, SendError> {
        let id = self.0.fetch_add(1, Ordering::Relaxed);
        Ok(Receipt { instagram_id: Some(format!("1790{id:013}")), usage: Usage::default() })
    }
}

#[async_trait]
impl PlatformAdapter for AtOnce {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            platform: "bench".to_owned(),
            post_types: PostType::ALL.to_vec(),
            first_comments: true,
            posts_per_day: None,
        }
    }

    fn check(&self, _: &PostDraft, _: &[MediaAsset]) -> Vec<PostProblem> {
        Vec::new()
    }

    async fn create(&self, _: &Account, _: &Upload) -> Result<Receipt, SendError> {
        self.receipt()
    }

    async fn readiness(&self, _: &Account, _: &str) -> Result<Readiness, SendError> {
        Ok(Readiness::Ready)
    }

    async fn publish(&self, _: &Account, _: &str) -> Result<Receipt, SendError> {
        self.receipt()
    }

    async fn find_published(
        &self,
        _: &Account,
        _: &Published<'_>,
        _: Timestamp,
        _: &[String],
    ) -> Result<Finding, SendError> {
        Ok(Finding::NotDone)
    }

    async fn read_post(&self, _: &Account, media_id: &str) -> Result<VisiblePost, SendError> {
        Ok(VisiblePost { permalink: Some(format!("https://bench.example/{media_id}")) })
    }

    async fn find_own_post(&self, _: &Account, _: PostType, _: &str) -> Result<Option<OwnPost>, SendError> {
        Ok(None)
    }

    async fn comment(&self, _: &Account, _: &str, _: &str) -> Result<Receipt, SendError> {
        self.receipt()
    }

    async fn find_comment(
        &self,
        _: &Account,
        _: &str,
        _: &str,
        _: Timestamp,
        _: &[String],
    ) -> Result<Finding, SendError> {
        Ok(Finding::NotDone)
    }

    async fn quota(&self, _: &Account) -> Result<Option<PublishingQuota>, SendError> {
        Ok(None)
    }
}

/// Measures, prints, and writes the page.
pub async fn run(args: DuePostsArgs) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let mut settings = Settings::with("")?;
    settings.data.dir = folder.path().to_owned();
    settings.database.url = Secret::from(String::new());
    settings.http.listen.set_port(0);
    settings.media.public_url = "http://127.0.0.1:9".to_owned();
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let options = BootOptions { platform: Some(Arc::new(AtOnce::default())), ..BootOptions::new(clock) };
    let node = Node::start(settings, options).await?;
    let database = node.foundations().database.clone();
    let shops = open_shops(&node, args.tenants).await?;
    let begin = SystemClock.now() + Duration::from_secs(5 + args.posts as u64 / 2_000);
    let within = Duration::from_secs(args.within.max(1));
    plan(&node, &shops, args.posts, begin, within).await?;
    anyhow::ensure!(SystemClock.now() < begin, "planning took too long: plan fewer posts");
    node.foundations().wake.send(Hint::DirectoryChanged);

    let (pickup, visible) = watch(&database, &shops, args.posts, begin + within + PATIENCE).await?;
    let mut table = Table::new(["what", "median ms", "p99 ms", "longest ms"]);
    for (what, times) in [("picked up after its moment", &pickup), ("visible after its moment", &visible)] {
        let ms = |micros: u64| format!("{:.1}", micros as f64 / 1_000.0);
        let row = [times.value_at_quantile(0.5), times.value_at_quantile(0.99), times.max()];
        table.row([what.to_owned(), ms(row[0]), ms(row[1]), ms(row[2])]);
    }
    let text = format!(
        "{} posts of {} tenants, due within {} s, on a platform that answers at once; SQLite.\n\n{}",
        args.posts,
        args.tenants,
        args.within,
        table.to_markdown()
    );
    println!("{text}");
    node.shut_down().await;
    match &args.write {
        Some(page) => report::write_section(page, "due-posts", &text),
        None => Ok(()),
    }
}

/// A tenant with an account and a picture.
struct Shop {
    tenant: TenantId,
    account: AccountId,
    media: MediaId,
}

async fn open_shops(node: &Node, count: usize) -> anyhow::Result<Vec<Shop>> {
    let foundations = node.foundations();
    let (database, ids) = (&foundations.database, &foundations.ids);
    let at = SystemClock.now();
    let act = Act { by: "bench".to_owned(), at, ids };
    let (agency, changes) = act.create_agency("Bench").context("a name")?;
    database.commit(changes).await?;
    let hourly_caps = HourlyCaps { posts: 100_000, ..HourlyCaps::default() };
    let shop_settings = TenantSettings { hourly_caps, ..TenantSettings::default() };
    let mut shops = Vec::with_capacity(count);
    for number in 0..count.max(1) {
        let slug = format!("shop-{number}");
        let (tenant, changes) =
            act.create_tenant(agency.id, &slug, &slug, "UTC", &shop_settings).context("a tenant")?;
        database.commit(changes).await?;
        let account = Account {
            id: AccountId::new(ids),
            tenant: tenant.id,
            external_id: format!("1784140{number:010}"),
            scoped_id: None,
            page_id: None,
            username: slug,
            flavour: LoginFlavour::Instagram,
            app: None,
            status: AccountStatus::Active,
            token_expires_at: None,
            created_at: at,
        };
        let media = picture(tenant.id, MediaId::new(ids), at);
        let shop = Shop { tenant: tenant.id, account: account.id, media: media.id };
        let changes = Changes::of_tenant(tenant.id)
            .with(Change::PutAccount { account: Box::new(account), token: None })
            .with(Change::PutMedia(Box::new(media)));
        database.commit(changes).await?;
        shops.push(shop);
    }
    Ok(shops)
}

fn picture(tenant: TenantId, id: MediaId, at: Timestamp) -> MediaAsset {
    MediaAsset {
        id,
        tenant,
        file_name: "cake.jpg".to_owned(),
        kind: MediaKind::Image,
        content_type: MediaFormat::Jpeg,
        bytes: 1,
        width: 1_080,
        height: 1_080,
        duration: None,
        video: None,
        publish_copy: None,
        has_thumbnail: false,
        sha256: id.to_string(),
        alt_text: None,
        tags: Vec::new(),
        created_by: "bench".to_owned(),
        created_at: at,
    }
}

async fn plan(
    node: &Node,
    shops: &[Shop],
    count: usize,
    begin: Timestamp,
    within: Duration,
) -> anyhow::Result<()> {
    let foundations = node.foundations();
    let now = SystemClock.now();
    let posts_of = |index: usize, shop: &Shop| -> Vec<Change> {
        let own = (index..count).step_by(shops.len());
        let due = |number: usize| begin + within.mul_f64(number as f64 / count as f64);
        own.map(|number| {
            let post = post(shop, PostId::new(&foundations.ids), due(number), now);
            Change::PutPost { post: Box::new(post), expected: None }
        })
        .collect()
    };
    for (index, shop) in shops.iter().enumerate() {
        let changes = posts_of(index, shop);
        for piece in changes.chunks(AT_ONCE) {
            let unit = Changes { list: piece.to_vec(), ..Changes::of_tenant(shop.tenant) };
            foundations.database.commit(unit).await?;
        }
    }
    Ok(())
}

fn post(shop: &Shop, id: PostId, due: Timestamp, now: Timestamp) -> Post {
    let draft = PostDraft {
        post_type: PostType::Image,
        caption: "Fresh from the oven".to_owned(),
        media: vec![shop.media],
        first_comment: None,
        options: PostOptions::default(),
    };
    Post::new(id, shop.tenant, shop.account, draft, "bench", now).due_at(due)
}

/// Waits for the last post; from their notes, how long after its moment each was picked up and visible, in microseconds.
async fn watch(
    database: &Database,
    shops: &[Shop],
    count: usize,
    until: Timestamp,
) -> anyhow::Result<(Histogram<u64>, Histogram<u64>)> {
    loop {
        SystemClock.sleep(Duration::from_secs(2)).await;
        let open = open_posts(database, shops).await?;
        if open == 0 {
            break;
        }
        anyhow::ensure!(SystemClock.now() < until, "{open} posts are not published yet");
    }
    let (mut pickup, mut visible) = (Histogram::new(3)?, Histogram::new(3)?);
    for shop in shops {
        let filter = PostFilter::default();
        let posts = database.list_posts(&shop.tenant, &filter, PageRequest::first(count as u32 + 1)).await?;
        for post in posts {
            let due = post.scheduled_at.context("every post has its moment")?;
            let logs = database.job_logs(&shop.tenant, &post.id).await?;
            let first = logs.first().context("every attempt is noted")?;
            pickup.record(first.at.since(due).as_micros() as u64)?;
            let shown = post.published_at.context("every post is published")?;
            visible.record(shown.since(due).as_micros() as u64)?;
        }
    }
    anyhow::ensure!(visible.len() == count as u64, "{} of {count} posts are published", visible.len());
    Ok((pickup, visible))
}

/// Posts that are not published; only the first tenant with one is counted, since all must be.
async fn open_posts(database: &Database, shops: &[Shop]) -> anyhow::Result<usize> {
    for shop in shops.iter().rev() {
        for state in [PostState::Approved, PostState::Publishing] {
            let filter = PostFilter { state: Some(state), ..PostFilter::default() };
            let open = database.list_posts(&shop.tenant, &filter, PageRequest::first(100)).await?;
            if !open.is_empty() {
                return Ok(open.len());
            }
        }
    }
    Ok(0)
}
