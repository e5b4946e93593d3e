//! A post for people.

use tenants::post::Post;

/// Everything about a post, a line each; what is not there is left out.
pub(super) fn text(post: &Post) -> String {
    let media: Vec<String> = post.draft.media.iter().map(ToString::to_string).collect();
    let moment = |at: Option<tenants::clock::Timestamp>| at.map(|at| at.to_string());
    let mut lines = vec![
        ("id", Some(post.id.to_string())),
        ("type", Some(post.draft.post_type.to_string())),
        ("state", Some(post.state.to_string())),
        ("account", Some(post.account.to_string())),
        ("scheduled", moment(post.scheduled_at)),
        ("repeats", post.recurrence.as_ref().map(|it| format!("{} × {}", it.interval, it.every))),
        ("media", Some(media.join(" "))),
        ("cover", post.draft.options.cover_media.map(|media| media.to_string())),
        ("cover at", post.draft.options.thumb_offset_ms.map(|ms| format!("{ms} ms"))),
        ("sound", post.draft.options.audio_name.clone()),
        ("caption", Some(post.draft.caption.clone()).filter(|text| !text.is_empty())),
        ("first comment", post.draft.first_comment.clone()),
        ("needs approval", Some(post.approval.policy.to_string())),
        ("published", moment(post.published_at)),
        ("seen at", post.permalink.clone()),
        ("instagram id", post.platform_post_id.clone()),
        ("waits for", post.progress.waits_for.clone()),
        ("problem", post.error.clone()),
        ("made by", Some(post.created_by.clone())),
    ];
    lines.extend(post.approval.opinions.iter().map(|opinion| {
        let verdict = if opinion.approved { "approved" } else { "rejected" };
        let remark = opinion.comment.as_ref().map(|comment| format!(": {comment}")).unwrap_or_default();
        (
            "opinion",
            Some(format!("{verdict} by {} ({}) at {}{remark}", opinion.by, opinion.approver, opinion.at)),
        )
    }));
    let told: Vec<String> = lines
        .into_iter()
        .filter_map(|(name, value)| {
            Some(format!("{name:<15} {}", value?.replace('\n', "\n                ")))
        })
        .collect();
    told.join("\n")
}
