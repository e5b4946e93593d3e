//! What would be decided about a text, without storing or sending anything.

use tenants::account::Account;
use tenants::clock::Timestamp;
use tenants::conversation::direct_key;
use tenants::decision::Decision;
use tenants::event::{EventSource, Person};
use tenants::ids::{AccountId, EventId};
use tenants::ports::TenantContext;
use tenants::rule::TriggerKind;

use crate::Ports;

use super::before::said_before;
use super::bookkeeping::{begin, kind_of, take_in};
use super::counters::Counting;
use super::decision::decision_of;
use super::direct_with;
use super::error::DecideError;
use super::heard::{Heard, Place};
use super::judge::judge;
use super::judgement::Case;
use super::moved_on::MovedOn;
use super::rules::RuleSet;
use super::seed::seed_from;
use super::zone::zone_of;

/// Id of everything that a previewed text would have had on Instagram.
const PREVIEWED: &str = "preview";

/// A text that somebody might write.
#[derive(Debug, Clone, PartialEq)]
pub struct PreviewText {
    /// The account it would come to.
    pub account: AccountId,
    /// Where it would be said.
    pub on: TriggerKind,
    /// The media (or story) it would stand under.
    pub media_id: Option<String>,
    /// Who would write it.
    pub author: Person,
    /// What it would say.
    pub text: String,
}

/// Decides about the text as if it had just come in. The trace tells everything, its last step the actions.
///
/// # Errors
/// As [`decide`](super::decide); [`DecideError::Broken`] also when the tenant has no such account.
pub async fn preview(
    ports: &Ports,
    context: &TenantContext,
    incoming: &PreviewText,
) -> Result<Decision, DecideError> {
    let is_wanted = |account: &&Account| account.id == incoming.account;
    let account = context.accounts.iter().find(is_wanted);
    let account = account.ok_or_else(|| DecideError::broken("the tenant has no such account"))?;
    let ports = ports.senses();
    let taken_up_at = ports.clock.now();
    let heard = heard_of(incoming, taken_up_at);
    let known = direct_with(ports, context, account, &incoming.author, 0).await?;
    let (key, is_direct) = (direct_key(&incoming.author.id), heard.is_direct());
    let mut thread = match &known {
        Some(direct) if is_direct => direct.clone(),
        _ => begin(ports.ids, account.id, kind_of(&heard.place), &key, &incoming.author, taken_up_at),
    };
    take_in(&mut thread, &heard, taken_up_at);
    let event = EventId::new(ports.ids);
    let before = said_before(ports, context, &thread, &heard, taken_up_at).await;
    let judgement = judge(&Case {
        ports,
        context,
        rules: &RuleSet::new(context, taken_up_at),
        account,
        heard: &heard,
        thread: &thread,
        direct: if is_direct { Some(&thread) } else { known.as_ref() },
        event,
        source: EventSource::Webhook,
        attempts: 0,
        seed: seed_from([incoming.author.id.as_bytes(), incoming.text.as_bytes()]),
        zone: zone_of(context),
        now: taken_up_at,
        counting: Counting::Look,
        before: &before,
        moved_on: &MovedOn::default(),
    })
    .await?;
    Ok(decision_of(ports, event, taken_up_at, &judgement))
}

fn heard_of(incoming: &PreviewText, now: Timestamp) -> Heard {
    let media_id = incoming.media_id.clone();
    let direct = |story_id, is_story_reply| Place::Direct {
        mid: Some(PREVIEWED.to_owned()),
        story_id,
        is_story_reply,
    };
    let place = match incoming.on {
        TriggerKind::Comment => {
            Place::Comment { comment_id: PREVIEWED.to_owned(), parent_id: None, media_id, is_live: false }
        }
        TriggerKind::Mention => Place::Mention {
            media_id: media_id.unwrap_or_else(|| PREVIEWED.to_owned()),
            comment_id: Some(PREVIEWED.to_owned()),
        },
        TriggerKind::Dm => direct(None, false),
        TriggerKind::StoryReply => direct(media_id, true),
    };
    let (author, text) = (incoming.author.clone(), incoming.text.clone());
    Heard { place, author, text, attachments: Vec::new(), written_at: now }
}
