//! What a person can do about a refusal that no retry mends. Instagram's own words seldom say it.

/// The next step for a person, where there is one. `words` are Instagram's.
pub(super) fn advice(code: i64, subcode: Option<i64>, words: &str) -> Option<&'static str> {
    subcode.and_then(by_subcode).or_else(|| by_code(code, subcode, words))
}

fn by_subcode(subcode: i64) -> Option<&'static str> {
    Some(match subcode {
        2534041 => {
            "ask the account's owner to switch on \"Allow access to messages\" (connected tools) in the Instagram app"
        }
        2534077 | 2534013 => {
            "link the Facebook Page to the Instagram account anew and check its second factor"
        }
        2534066 => "automatic messages are switched off for this post; answer it in public or from the phone",
        2534037 => "another app has the conversation; take it back in that app or in the inbox of the Page",
        2534029 => "the account may not send messages; look at its account status in the Instagram app",
        2207028 => "a carousel takes 2 to 10 files",
        2207004 => "use an image of at most 8 MiB",
        2207009 => "crop the image to a ratio between 4:5 and 1.91:1",
        2207010 => "shorten the caption to 2,200 characters and 30 hashtags",
        2207050 | 2207051 => {
            "sign in to Instagram, confirm what it asks for, and post less often for a while"
        }
        2207026 | 2207076 | 2207082 | 2207085 => {
            "export the video anew (H.264 or HEVC, AAC sound, 23 to 60 pictures a second) and try again"
        }
        _ => return None,
    })
}

fn by_code(code: i64, subcode: Option<i64>, words: &str) -> Option<&'static str> {
    // A missing role or review has no code of its own. With a subcode these words mean an object that is gone.
    if subcode.is_none() && words.to_ascii_lowercase().contains("unsupported") && matches!(code, 3 | 100) {
        return Some(
            "check that the account has a role in the Meta app, or that the app is live and reviewed for this permission",
        );
    }
    Some(match code {
        3 => "ask for the missing capability in the Meta app's review",
        10 | 200..=299 if code != 230 => {
            "connect the account anew and give every permission that is asked for"
        }
        368 => {
            "sign in to Instagram and look at the account status; sending goes on by itself after the block"
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::advice;

    #[test]
    fn an_unsupported_request_points_to_role_and_review() {
        let words = "Unsupported request - method type: get";
        assert!(advice(100, None, words).is_some_and(|told| told.contains("role in the Meta app")));
        assert_eq!(advice(100, Some(33), "Unsupported post request. Object does not exist"), None);
        assert_eq!(advice(100, None, "Invalid parameter"), None);
    }

    #[test]
    fn switched_off_message_access_points_to_the_owner() {
        let told = advice(200, Some(2_534_041), "").expect("advice");
        assert!(told.contains("Allow access to messages"));
    }

    #[test]
    fn a_window_that_closed_needs_nobody() {
        assert_eq!(advice(551, Some(1_545_041), ""), None);
    }
}
