//! Tells people that a program answers, before the first automatic direct message, after a long pause, and when a person
//! hands a conversation back. It is part of the message: Instagram allows only one answer to a comment, and a message of
//! its own could be lost alone.

use tenants::effect::Action;
use tenants::settings::Disclosure;

use super::generate::language_of_reply;
use super::judgement::{Case, Judgement};
use super::plan::PlannedAction;
use super::work::Workings;

/// Puts the disclosure before the first direct message of a plan, when it is due.
pub(super) fn disclose<'p>(
    case: &Case<'_>,
    work: &Workings,
    planned: impl IntoIterator<Item = &'p mut PlannedAction>,
) {
    let Some(disclosure) = &case.context.settings.comms.disclosure else { return };
    let language = language_of_reply(case, work.spoken_language());
    let Some(said) = disclosure.due(case.direct, language, case.now) else { return };
    let first = planned.into_iter().find(|planned| is_direct(&planned.action));
    if let Some(planned) = first
        && let Some(text) = planned.action.text()
    {
        let text = format!("{said}\n\n{text}");
        planned.action = planned.action.clone().with_text(&text);
        if let Some(own_words) = &mut planned.own_words {
            *own_words = format!("{said}\n\n{own_words}");
        }
    }
}

/// True for words that land in direct messages.
pub(super) fn is_direct(action: &Action) -> bool {
    matches!(
        action,
        Action::SendDm { .. } | Action::AskDm { .. } | Action::ReplyDm { .. } | Action::PrivateReply { .. }
    )
}

/// True when something that leaves by itself says it.
pub(super) fn discloses(disclosure: Option<&Disclosure>, judgement: &Judgement) -> bool {
    let texts = || judgement.queued.iter().filter(|queued| is_direct(&queued.action));
    disclosure
        .is_some_and(|it| texts().filter_map(|queued| queued.action.text()).any(|text| it.is_said_in(text)))
}
