//! A small plain page for people. It loads nothing, runs nothing, and is kept by nobody.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

const STYLE: &str = "body{font:1rem/1.5 system-ui,sans-serif;max-width:36rem;margin:4rem auto;padding:0 1rem;\
                     color:#222;background:#fff}h1{font-size:1.4rem}li{margin:.3rem 0}\
                     @media(prefers-color-scheme:dark){body{color:#eee;background:#181818}}";

/// A page with a heading, sentences, and perhaps a list.
pub struct Page {
    pub status: StatusCode,
    pub title: String,
    pub sentences: Vec<String>,
    pub list: Vec<String>,
    /// Whether it leads back to the sign-in page.
    pub to_sign_in: bool,
}

impl Page {
    pub fn new(status: StatusCode, title: impl Into<String>, sentences: &[&str]) -> Self {
        let sentences = sentences.iter().map(|sentence| (*sentence).to_owned()).collect();
        Self { status, title: title.into(), sentences, list: Vec::new(), to_sign_in: false }
    }

    /// With a link to the sign-in page.
    pub fn leading_to_sign_in(mut self) -> Self {
        self.to_sign_in = true;
        self
    }
}

impl IntoResponse for Page {
    fn into_response(self) -> Response {
        let title = escaped(&self.title);
        let sentences: String =
            self.sentences.iter().map(|sentence| format!("<p>{}</p>\n", escaped(sentence))).collect();
        let items: String = self.list.iter().map(|item| format!("<li>{}</li>\n", escaped(item))).collect();
        let list = if items.is_empty() { String::new() } else { format!("<ul>\n{items}</ul>\n") };
        let link = if self.to_sign_in { "<p><a href=\"/\">To the sign-in page</a></p>\n" } else { "" };
        let html = format!(
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width\">\n<title>{title}</title>\n\
             <style>{STYLE}</style>\n</head>\n<body>\n<main>\n<h1>{title}</h1>\n{sentences}{list}{link}</main>\n</body>\n\
             </html>\n"
        );
        let policy = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'";
        let headers = [
            (header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
            (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy)),
        ];
        (self.status, headers, html).into_response()
    }
}

fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            other => safe.push(other),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_bring_markup_into_the_page() {
        assert_eq!(escaped("<b a='\"'>&"), "&lt;b a=&#39;&quot;&#39;&gt;&amp;");
    }
}
