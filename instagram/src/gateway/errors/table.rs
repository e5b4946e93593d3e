//! The table of error codes: general ones and those of messaging.
//!
//! Subcodes come first: they are unique, and the same refusal is seen under several codes.

use std::time::Duration;

use tenants::effect::SkipReason;

/// What a code says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Instagram had trouble; a write may have been done.
    MayHaveHappened,
    /// Nothing was done and a later try may work.
    TryAgain,
    /// Nothing was done, and a try after this time may work.
    TryAgainIn { after: Duration },
    /// What was handed over is of no use any more: hand it over anew.
    NewContainer,
    /// Too many calls. `default` holds when no header tells more.
    Wait { default: Duration, app_wide: bool },
    /// Blocked for what was sent or how often: silence for hours.
    Blocked { default: Duration },
    /// Token or permission must be renewed by a person.
    Reconnect,
    /// Will never work.
    Never,
    /// The object in question does not exist.
    Gone,
    /// Forbidden by a rule of the platform.
    Rule(SkipReason),
}

const HALF_A_MINUTE: Duration = Duration::from_secs(30);
const MINUTE: Duration = Duration::from_secs(60);
const FIVE_MINUTES: Duration = Duration::from_secs(300);
const QUARTER: Duration = Duration::from_secs(15 * 60);
const HOUR: Duration = Duration::from_secs(3_600);
const SIX_HOURS: Duration = Duration::from_secs(6 * 3_600);

/// The verdict on a code; `None` when it is not in the table.
pub(super) fn verdict(code: i64, subcode: Option<i64>) -> Option<Verdict> {
    let by_both =
        subcode.and_then(|subcode| by_code_and_subcode(code, subcode).or_else(|| by_subcode(subcode)));
    by_both.or_else(|| by_code(code))
}

/// Subcodes that mean something only together with their code.
fn by_code_and_subcode(code: i64, subcode: i64) -> Option<Verdict> {
    match (code, subcode) {
        // A missing permission that shows as an unknown error.
        (1, 99) => Some(Verdict::Reconnect),
        (100, 33) => Some(Verdict::Gone),
        _ => None,
    }
}

fn by_subcode(subcode: i64) -> Option<Verdict> {
    use Verdict::{Blocked, MayHaveHappened, Never, NewContainer, Rule, TryAgain, TryAgainIn, Wait};
    Some(match subcode {
        // The window of 24 hours has closed.
        2534022 | 2018278 => Rule(SkipReason::WindowClosed),
        // The comment has its private reply: after a lost answer this is the proof that it was delivered.
        2534023 => Rule(SkipReason::AlreadyReplied),
        // The comment is older than 7 days or deleted.
        2534025 => Rule(SkipReason::PrivateReplyExpired),
        // The network of Instagram could not fetch or digest an attachment, or a template went to a stranger.
        2018008 | 2018294 | 1545133 => TryAgain,
        // Restricted for a while from this kind of message.
        1893063 => Wait { default: HOUR, app_wide: false },
        // Rate of direct messages, bursts into a thread.
        2534040 | 1996 | 2018338 => Wait { default: MINUTE, app_wide: false },
        // A file could not be fetched, in practice often only for a moment; fetching took too long; creating failed.
        2207052 | 2207003 | 2207032 => TryAgain,
        // Not ready yet, also seen after the container was said to be ready.
        2207027 => TryAgainIn { after: HALF_A_MINUTE },
        // Instagram does not find the container: at first often only for a moment.
        2207008 => TryAgainIn { after: MINUTE },
        // The container or its file has expired, or the upload broke.
        2207020 | 2207053 => NewContainer,
        // Instagram's server had trouble.
        2207001 => MayHaveHappened,
        // The file or the request is not acceptable: not found, cover outside the video, unknown type, number of items,
        // product tags, mentions, format of video, size, format, ratio, caption.
        2207006 | 2207057 | 2207023 | 2207028 | 2207035..=2207037 | 2207040 | 2207026 => Never,
        2207004 | 2207005 | 2207009 | 2207010 => Never,
        // A collaborator that cannot be tagged, processing that failed, a download, trial reels, product tags, deletion.
        2207018 | 2207076 | 2207082 | 2207085 | 2207081 | 2207073 => Never,
        2207077 => TryAgain,
        // The day's allowance for publishing.
        2207042 => Wait { default: SIX_HOURS, app_wide: false },
        // Restricted account, suspected spam.
        2207050 | 2207051 => Blocked { default: SIX_HOURS },
        // The person cannot be written to.
        2018108 | 1545041 | 2018001 | 2534014 => Never,
        // Message access switched off by the owner, Page link or second factor broken, automation blocked for the post.
        2534041 | 2534077 | 2534066 | 2534013 | 2534029 => Never,
        // Another app has the thread, or the thread is gone.
        2534037 | 2018300 | 2534001 => Never,
        // The message itself is not acceptable.
        2018047 | 2018074 | 2018109 | 2534015 | 2534068 => Never,
        _ => return None,
    })
}

fn by_code(code: i64) -> Option<Verdict> {
    use Verdict::{Blocked, Gone, MayHaveHappened, Never, Reconnect, Wait};
    Some(match code {
        -1 | 1 | 2 => MayHaveHappened,
        // Dead token, lost session, missing proof, missing permission.
        190 | 102 | 104 | 10 | 200..=299 if code != 230 => Reconnect,
        4 => Wait { default: QUARTER, app_wide: true },
        17 | 32 => Wait { default: QUARTER, app_wide: false },
        9 => Wait { default: HOUR, app_wide: false },
        613 => Wait { default: FIVE_MINUTES, app_wide: false },
        80000..=80099 => Wait { default: HOUR, app_wide: false },
        368 => Blocked { default: SIX_HOURS },
        // A message that was deleted or is not among the newest 20; an alias that does not exist.
        9000001 | 803 => Gone,
        // Capability, parameters, discovery, consent, duplicates, commerce, paths, people, fields, links, threads.
        3 | 100 | 110 | 230 | 506 | 551 | 2022 | 2500 => Never,
        9010 | 9005 | 36103 | 36104 | 1609005 | 2018300 | 2534068 => Never,
        _ => return None,
    })
}
