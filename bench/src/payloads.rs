//! The webhooks of a run: signed, as whole HTTP requests, in a file that the load generator sends one by one.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::ops::Range;
use std::path::Path;

use anyhow::Context;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use tenants::clock::Timestamp;

/// Signs every webhook; all sides know it.
pub const APP_SECRET: &str = "bench-app-secret";

/// Praise: Troupe decides by itself to answer it in public, so that every event is one Graph call on every side.
pub const TEXTS: &[&str] = &[
    "so pretty, I love it",
    "Love this! 😍",
    "This is the prettiest shop I have ever been to",
    "what a beautiful colour, well done!",
    "You made my birthday unforgettable, thank you all!",
    "literally perfect",
    "This tutorial saved me hours, thank you!!",
    "The best coffee in town, thank you!",
    "Amazing work as always 👏",
    "The sourdough is phenomenal, we bought three loaves",
];

/// The Instagram account of tenant `number`.
pub fn account(number: u32) -> String {
    (17_841_400_000_000_000 + u64::from(number)).to_string()
}

/// Writes the requests with these serial numbers, for the accounts of `tenants` tenants.
pub fn write(path: &Path, serials: Range<u64>, tenants: u32, now: Timestamp) -> anyhow::Result<()> {
    let file = File::create(path).with_context(|| format!("cannot write {}", path.display()))?;
    let mut file = BufWriter::with_capacity(1 << 20, file);
    for serial in serials {
        let request = request(serial, (scatter(serial) % u64::from(tenants)) as u32, now)?;
        write!(file, "{:06}{request}", request.len())?;
    }
    Ok(file.flush()?)
}

/// One signed webhook as an HTTP request.
pub fn request(serial: u64, tenant: u32, now: Timestamp) -> anyhow::Result<String> {
    let body = body(serial, tenant, now);
    Ok(format!(
        "POST /webhooks/instagram HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n\
         X-Hub-Signature-256: {}\r\nContent-Length: {}\r\n\r\n{body}",
        signature(&body)?,
        body.len()
    ))
}

/// A comment: every one by somebody else, under one of many posts.
pub fn body(serial: u64, tenant: u32, now: Timestamp) -> String {
    let dice = scatter(serial);
    let (account, time) = (account(tenant), now.as_millis() / 1_000);
    let text = TEXTS[(dice >> 8) as usize % TEXTS.len()];
    let (comment, person) = (18_000_000_000_000_000 + serial, 1_000_000_000_000_000 + serial);
    let media = 17_900_000_000_000_000 + (dice >> 16) % 5_000;
    format!(
        r#"{{"object":"instagram","entry":[{{"id":"{account}","time":{time},"changes":[{{"field":"comments","value":{{"id":"{comment}","text":"{text}","from":{{"id":"{person}","username":"fan.{serial}"}},"media":{{"id":"{media}","media_product_type":"FEED"}}}}}}]}}]}}"#
    )
}

/// The signature header of a body.
pub fn signature(body: &str) -> anyhow::Result<String> {
    let mut mac = Hmac::<Sha256>::new_from_slice(APP_SECRET.as_bytes())?;
    mac.update(body.as_bytes());
    Ok(format!("sha256={}", hex::encode(mac.finalize().into_bytes())))
}

/// A number that looks like chance and is the same in every run (SplitMix64).
fn scatter(serial: u64) -> u64 {
    let mut mixed = serial.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use llm::{ClassifyRequest, LlmRouter, OfflineProvider};
    use tenants::clock::SystemClock;
    use tenants::intent::Intent;
    use tenants::settings::TenantSettings;

    use super::*;

    #[tokio::test]
    async fn every_text_is_praise_that_is_acted_on() {
        let model = OfflineProvider::new(Arc::new(SystemClock)).unwrap();
        for text in TEXTS {
            let request = ClassifyRequest { text: (*text).to_owned(), ..ClassifyRequest::default() };
            let found = model.classify(request).await.unwrap().value;
            assert_eq!(found.intent, Intent::Praise, "{text}");
            assert!(
                found.confidence >= TenantSettings::default().min_confidence,
                "{text}: {}",
                found.confidence
            );
        }
    }

    #[test]
    fn every_body_is_json_with_an_id_of_its_own() {
        let now = Timestamp::from_millis(1_767_225_600_000);
        let comment = |serial| -> serde_json::Value { serde_json::from_str(&body(serial, 7, now)).unwrap() };
        let id = |body: &serde_json::Value| body["entry"][0]["changes"][0]["value"]["id"].clone();
        assert_ne!(id(&comment(1)), id(&comment(2)));
        assert_eq!(comment(1)["entry"][0]["id"], account(7));
    }
}
