//! A media library, and posts in every state.

use std::time::Duration;

use serde_json::{Value, json};
use tenants::changes::{Change, Changes};
use tenants::clock::Timestamp;
use tenants::ids::{MediaId, PostId};
use tenants::media::MediaUser;
use tenants::ports::UnitOfWork;
use tenants::post::{Post, PostDraft, PostOptions, PostState, PostType};

use super::super::stage::{Brand, Stage};
use super::door::Door;
use super::{ids, pictures};

const HOUR: u64 = 3_600;
const DAY: u64 = 24 * HOUR;
const FILES: [(&str, &str); 4] = [
    ("spring.jpg", "The product of the season on a plain ground"),
    ("studio.jpg", "A still life from the studio"),
    ("evening.jpg", "The same motif in the light of the evening"),
    ("detail.jpg", "A detail, close up"),
];

pub(super) async fn plan(stage: &Stage, door: &Door, brand: &Brand, index: usize) -> anyhow::Result<()> {
    let path = format!("/tenants/{}", brand.tenant.id);
    let mut media = Vec::new();
    for (number, (name, alt)) in FILES.iter().enumerate() {
        let query = [("name", *name), ("alt_text", *alt), ("tags", "studio")];
        let file = pictures::picture(index, number)?;
        media.push(door.upload(&format!("{path}/media"), &query, file).await?);
    }
    for post in planned(brand, &media, stage.node.foundations().clock.now()) {
        door.post(&format!("{path}/posts"), &post).await?;
    }
    before(stage, brand, &media).await
}

fn caption(brand: &Brand, number: usize) -> String {
    let posts = &brand.character.posts;
    posts.get(number % posts.len().max(1)).cloned().unwrap_or_else(|| brand.character.name.clone())
}

/// What is written or waits for its time.
fn planned(brand: &Brand, media: &[String], now: Timestamp) -> Vec<Value> {
    let within = |days: u64, hours: u64| now + Duration::from_secs(days * DAY + hours * HOUR);
    vec![
        json!({ "post_type": "image", "media": [media[0]], "allow_duplicates": true,
            "caption": format!("{} #new", caption(brand, 0)), "scheduled_at": within(0, 5) }),
        json!({ "post_type": "carousel", "media": [media[1], media[2], media[3]], "allow_duplicates": true,
            "caption": caption(brand, 1), "scheduled_at": within(2, 3), "first_comment": "💬" }),
        json!({ "post_type": "image", "media": [media[3]], "allow_duplicates": true,
            "caption": format!("{} · {}", brand.character.name, caption(brand, 0)),
            "scheduled_at": within(4, 1), "recurrence": { "every": "weekly" } }),
        json!({ "post_type": "story", "media": [media[2]], "caption": "", "allow_duplicates": true,
            "scheduled_at": within(1, 2) }),
        json!({ "post_type": "image", "media": [media[1]], "allow_duplicates": true,
            "caption": format!("{} ({})", caption(brand, 1), brand.character.name) }),
    ]
}

/// What was published in the days before, and one post that failed.
async fn before(stage: &Stage, brand: &Brand, media: &[String]) -> anyhow::Result<()> {
    let foundations = stage.node.foundations();
    let now = foundations.clock.now();
    let there = stage.sandbox.media_of(&brand.account.external_id)?;
    let mut changes = Changes::of_tenant(brand.tenant.id);
    for (number, shown) in there.iter().enumerate() {
        let at = now - Duration::from_secs((2 + 4 * number as u64) * DAY + 2 * HOUR);
        let said = shown.caption.clone().unwrap_or_default();
        let mut post = past(stage, brand, said, media.get(number % media.len()), at)?;
        post.state = PostState::Published;
        post.platform_post_id = Some(shown.id.as_str().to_owned());
        post.published_at = Some(at);
        changes = keep(changes, post);
    }
    let at = now - Duration::from_secs(DAY);
    let mut failed = past(stage, brand, caption(brand, 1), media.get(2), at)?;
    failed.state = PostState::Failed;
    failed.retry_count = 3;
    failed.error = Some("Instagram could not fetch the picture (code 9004, subcode 2207052)".to_owned());
    changes = keep(changes, failed);
    Ok(foundations.database.commit(changes).await?)
}

fn keep(changes: Changes, post: Post) -> Changes {
    let uses = Change::SetMediaUses { by: MediaUser::post(post.id), media: post.draft.files(), holds: false };
    changes.with(Change::PutPost { post: Box::new(post), expected: None }).with(uses)
}

fn past(
    stage: &Stage,
    brand: &Brand,
    caption: String,
    media: Option<&String>,
    at: Timestamp,
) -> anyhow::Result<Post> {
    let media =
        media.map(|id| id.parse::<MediaId>()).transpose().map_err(|error| anyhow::anyhow!("{error}"))?;
    let draft = PostDraft {
        post_type: PostType::Image,
        caption,
        media: media.into_iter().collect(),
        first_comment: None,
        options: PostOptions::default(),
    };
    let id = PostId::new(ids(stage));
    let mut post = Post::new(id, brand.tenant.id, brand.account.id, draft, "demo", at);
    post.scheduled_at = Some(at);
    Ok(post)
}
