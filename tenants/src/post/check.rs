//! What Instagram accepts of a post's words and shape; media are checked by [`crate::media`].

use serde::Serialize;

use super::{PostDraft, PostType};

/// Most characters of a caption.
pub const MAX_CAPTION_CHARS: usize = 2_200;
/// Most hashtags of a caption.
pub const MAX_HASHTAGS: usize = 30;
/// Most mentions of a caption.
pub const MAX_MENTIONS: usize = 20;
/// Most items of a carousel.
pub const MAX_ITEMS: usize = 10;
/// Most collaborators.
const MAX_COLLABORATORS: usize = 3;
/// Longest name of a sound, in characters; more is surely a mistake.
const MAX_AUDIO_NAME: usize = 200;
/// Most people tagged in one file.
const MAX_TAGS_OF_ITEM: usize = 20;

/// Something that keeps a post from being published.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PostProblem {
    /// Which part of the post, such as `caption` or `media[2]`.
    pub field: String,
    /// What is wrong and what is allowed.
    pub problem: String,
}

impl PostProblem {
    /// A problem of a part.
    pub fn new(field: impl Into<String>, problem: impl Into<String>) -> Self {
        Self { field: field.into(), problem: problem.into() }
    }
}

/// Every problem of words and shape.
pub fn check_text(draft: &PostDraft) -> Vec<PostProblem> {
    let mut problems = Vec::new();
    let mut say = |field: &str, problem: String| problems.push(PostProblem::new(field, problem));
    let (caption, items) = (&draft.caption, draft.media.len());
    let chars = caption.chars().count();
    if chars > MAX_CAPTION_CHARS {
        say(
            "caption",
            format!("has {chars} characters, at most {MAX_CAPTION_CHARS} are allowed: shorten it"),
        );
    }
    let tags = hashtags(caption).count();
    if tags > MAX_HASHTAGS {
        say("caption", format!("has {tags} hashtags, at most {MAX_HASHTAGS} are allowed: remove some"));
    }
    let names = mentions(caption).count();
    if names > MAX_MENTIONS {
        say("caption", format!("mentions {names} handles, at most {MAX_MENTIONS} are allowed: remove some"));
    }
    match draft.post_type {
        PostType::Carousel if !(2..=MAX_ITEMS).contains(&items) => {
            say("media", format!("a carousel has 2 to {MAX_ITEMS} items, this one has {items}"));
        }
        PostType::Image | PostType::Reel | PostType::Story if items != 1 => {
            say(
                "media",
                format!("needs exactly one file for this type ({}), this one has {items}", draft.post_type),
            );
        }
        _ => {}
    }
    if draft.post_type == PostType::Story {
        if !caption.is_empty() {
            say("caption", "a story shows no caption: leave it empty".to_owned());
        }
        if draft.first_comment.is_some() {
            say("first_comment", "a story has no comments: leave it out".to_owned());
        }
        if !draft.options.collaborators.is_empty() {
            say("options.collaborators", "a story has no collaborators: leave them out".to_owned());
        }
    }
    check_first_comment(draft, &mut say);
    check_options(draft, &mut say);
    check_user_tags(draft, &mut say);
    problems
}

fn check_first_comment(draft: &PostDraft, say: &mut impl FnMut(&str, String)) {
    let Some(comment) = &draft.first_comment else { return };
    let chars = comment.chars().count();
    if comment.trim().is_empty() {
        say("first_comment", "is empty: leave it out".to_owned());
    } else if chars > MAX_CAPTION_CHARS {
        say("first_comment", format!("has {chars} characters, at most {MAX_CAPTION_CHARS} are allowed"));
    }
    let tags = hashtags(comment).count() + hashtags(&draft.caption).count();
    if hashtags(comment).next().is_some() && tags > MAX_HASHTAGS {
        let problem =
            format!("caption and first comment have {tags} hashtags together, {MAX_HASHTAGS} count");
        say("first_comment", problem);
    }
}

fn check_options(draft: &PostDraft, say: &mut impl FnMut(&str, String)) {
    let options = &draft.options;
    if options.collaborators.len() > MAX_COLLABORATORS {
        say("options.collaborators", format!("at most {MAX_COLLABORATORS} are allowed"));
    }
    for (index, name) in options.collaborators.iter().enumerate() {
        if let Some(problem) = no_handle(name) {
            say(&format!("options.collaborators[{index}]"), problem);
        }
    }
    let is_reel = draft.post_type == PostType::Reel;
    if !is_reel && options.share_to_feed.is_some() {
        say("options.share_to_feed", "only reels have it: leave it out".to_owned());
    }
    if !is_reel && options.thumb_offset_ms.is_some() {
        say("options.thumb_offset_ms", "only reels have a cover: leave it out".to_owned());
    }
    if !is_reel && options.cover_media.is_some() {
        say("options.cover_media", "only reels have a cover: leave it out".to_owned());
    }
    if options.cover_media.is_some() && options.thumb_offset_ms.is_some() {
        let problem = "the picture of options.cover_media would be shown instead: leave one of the two out";
        say("options.thumb_offset_ms", problem.to_owned());
    }
    if let Some(name) = &options.audio_name {
        check_audio_name(name, is_reel, say);
    }
    if options.location_id.as_ref().is_some_and(|id| id.is_empty() || !id.bytes().all(|b| b.is_ascii_digit()))
    {
        say("options.location_id", "is the number of a Facebook Page with a place".to_owned());
    }
}

fn check_audio_name(name: &str, is_reel: bool, say: &mut impl FnMut(&str, String)) {
    let chars = name.chars().count();
    if !is_reel {
        say("options.audio_name", "only the sound of reels has a name: leave it out".to_owned());
    }
    if name.trim().is_empty() {
        say("options.audio_name", "is empty: leave it out".to_owned());
    }
    if chars > MAX_AUDIO_NAME {
        say("options.audio_name", format!("has {chars} characters, at most {MAX_AUDIO_NAME} are allowed"));
    }
}

fn check_user_tags(draft: &PostDraft, say: &mut impl FnMut(&str, String)) {
    let needs_place = matches!(draft.post_type, PostType::Image | PostType::Carousel);
    let tags = &draft.options.user_tags;
    for (index, tag) in tags.iter().enumerate() {
        let field = format!("options.user_tags[{index}]");
        if let Some(problem) = no_handle(&tag.username) {
            say(&format!("{field}.username"), problem);
        }
        match (tag.x, tag.y) {
            (Some(x), Some(y)) if x <= 100 && y <= 100 => {}
            (None, None) if !needs_place => {}
            _ => {
                say(&field, "needs x and y, each 0 to 100: percent from the left and from the top".to_owned())
            }
        }
        if tag.item as usize >= draft.media.len().max(1) {
            say(&format!("{field}.item"), format!("there is no item {}: they count from 0", tag.item));
        }
        let earlier = tags.iter().take(index).filter(|other| other.item == tag.item);
        if earlier.clone().any(|other| other.username.eq_ignore_ascii_case(&tag.username)) {
            say(&format!("{field}.username"), format!("{} is tagged there already", tag.username));
        }
        if earlier.count() == MAX_TAGS_OF_ITEM {
            say(&field, format!("at most {MAX_TAGS_OF_ITEM} people are tagged in one file"));
        }
    }
}

fn no_handle(name: &str) -> Option<String> {
    let is_handle = !name.is_empty() && name.len() <= 30 && name.chars().all(is_handle_char);
    let shown: String = name.chars().take(40).collect();
    (!is_handle).then(|| format!("`{shown}` is no handle: write it without @"))
}

/// Hashtags of a text, without `#`.
pub fn hashtags(text: &str) -> impl Iterator<Item = &str> {
    marked(text, '#', |c| c.is_alphanumeric() || c == '_')
        .filter(|tag| !tag.chars().all(|c| c.is_ascii_digit()))
}

/// Handles that a text mentions, without `@`.
pub fn mentions(text: &str) -> impl Iterator<Item = &str> {
    marked(text, '@', is_handle_char)
}

fn is_handle_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == '.'
}

/// What follows a mark that stands at the beginning or behind something that is no part of a word.
fn marked(text: &str, mark: char, belongs: fn(char) -> bool) -> impl Iterator<Item = &str> {
    text.match_indices(mark).filter_map(move |(at, _)| {
        let before = text[..at].chars().next_back();
        let rest = &text[at + mark.len_utf8()..];
        let end = rest.find(|c| !belongs(c)).unwrap_or(rest.len());
        let word = &rest[..end];
        (!before.is_some_and(|c| c.is_alphanumeric() || c == '_') && !word.is_empty()).then_some(word)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::MediaId;
    use crate::post::UserTag;
    use uuid::Uuid;

    fn draft(post_type: PostType, items: usize) -> PostDraft {
        PostDraft {
            post_type,
            caption: String::new(),
            media: vec![MediaId(Uuid::nil()); items],
            first_comment: None,
            options: super::super::PostOptions::default(),
        }
    }

    fn fields(draft: &PostDraft) -> Vec<String> {
        check_text(draft).into_iter().map(|problem| problem.field).collect()
    }

    #[test]
    fn the_limits_of_a_caption_are_exact() {
        let mut post = draft(PostType::Image, 1);
        let tags = |count: usize| (0..count).map(|n| format!("#t{n} ")).collect::<String>();
        let names = |count: usize| (0..count).map(|n| format!("@n{n} ")).collect::<String>();
        for (caption, problems) in [
            ("ä".repeat(2_200), 0),
            ("ä".repeat(2_201), 1),
            (tags(30), 0),
            (tags(31), 1),
            (names(20), 0),
            (names(21), 1),
            (tags(31) + &names(21), 2),
        ] {
            post.caption = caption;
            assert_eq!(fields(&post), vec!["caption"; problems]);
        }
    }

    #[test]
    fn every_type_knows_how_many_files_it_takes() {
        for (post_type, allowed) in [
            (PostType::Image, 1..=1),
            (PostType::Reel, 1..=1),
            (PostType::Story, 1..=1),
            (PostType::Carousel, 2..=10),
        ] {
            for items in 0..=11 {
                let is_fine = fields(&draft(post_type, items)).is_empty();
                assert_eq!(is_fine, allowed.contains(&items), "{post_type} {items}");
            }
        }
    }

    #[test]
    fn all_problems_are_named_at_once() {
        let mut post = draft(PostType::Story, 0);
        post.caption = "x".repeat(3_000);
        post.first_comment = Some(" ".to_owned());
        post.options.collaborators = vec!["@me".to_owned()];
        post.options.thumb_offset_ms = Some(1);
        let found = fields(&post);
        for field in
            ["caption", "media", "first_comment", "options.collaborators[0]", "options.thumb_offset_ms"]
        {
            assert!(found.iter().any(|it| it == field), "{field} in {found:?}");
        }
    }

    #[test]
    fn cover_and_sound_belong_to_reels_and_a_reel_has_one_cover() {
        let mut post = draft(PostType::Reel, 1);
        post.options.cover_media = Some(MediaId(Uuid::from_u128(7)));
        post.options.audio_name = Some("Rain on the roof".to_owned());
        assert!(fields(&post).is_empty());
        assert_eq!(post.files().len(), 2, "the cover is held, too");
        post.options.thumb_offset_ms = Some(0);
        post.options.audio_name = Some(" ".repeat(201));
        assert_eq!(fields(&post), ["options.thumb_offset_ms", "options.audio_name", "options.audio_name"]);
        post.post_type = PostType::Story;
        post.options.audio_name = Some("Rain".to_owned());
        let found = fields(&post);
        for field in ["options.thumb_offset_ms", "options.cover_media", "options.audio_name"] {
            assert!(found.iter().any(|it| it == field), "{field} in {found:?}");
        }
    }

    #[test]
    fn people_are_tagged_at_a_place_of_an_item_that_there_is_and_once() {
        let tag = |username: &str, place: Option<(u8, u8)>, item| UserTag {
            username: username.to_owned(),
            x: place.map(|place| place.0),
            y: place.map(|place| place.1),
            item,
        };
        let mut post = draft(PostType::Carousel, 2);
        post.options.user_tags = vec![tag("ana", Some((0, 100)), 1), tag("ana", Some((5, 5)), 0)];
        assert!(fields(&post).is_empty());
        post.options.user_tags = vec![
            tag("@ana", Some((1, 1)), 0),
            tag("bea", None, 0),
            tag("Bea", Some((101, 1)), 0),
            tag("eva", Some((1, 1)), 2),
        ];
        let found = fields(&post).join(" ");
        assert_eq!(
            found.replace("options.user_tags", ""),
            "[0].username [1] [2] [2].username [3].item",
            "each with what is wrong with it"
        );
        let mut film = draft(PostType::Reel, 1);
        film.options.user_tags = (0..21).map(|n| tag(&format!("n{n}"), None, 0)).collect();
        assert_eq!(fields(&film), ["options.user_tags[20]"], "a video has no places, and no more than 20");
    }

    #[test]
    fn marks_inside_words_and_numbers_are_no_tags() {
        let text = "#Spring sale#2 mail@shop.example #2024 (#été) @acme.shop, ##x";
        assert_eq!(hashtags(text).collect::<Vec<_>>(), ["Spring", "été", "x"]);
        assert_eq!(mentions(text).collect::<Vec<_>>(), ["acme.shop"]);
    }
}
