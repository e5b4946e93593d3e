//! One case per row of the table.

use reqwest::Method;
use serde_json::{Value, json};
use tenants::account::LoginFlavour;

use super::*;
use crate::gateway::call::Body;

fn call(purpose: Purpose, target: Target) -> Call {
    let (method, flavour) = (Method::POST, LoginFlavour::Instagram);
    Call { method, flavour, path: "1".into(), query: Vec::new(), body: Body::Empty, purpose, target }
}

fn answer(status: u16, body: Option<Value>) -> Answer {
    Answer { status, usage: Usage::default(), retry_after: None, body }
}

fn graph(code: i64, subcode: Option<i64>) -> Value {
    let mut error = json!({"message": "no", "type": "OAuthException", "code": code, "fbtrace_id": "A"});
    if let Some(subcode) = subcode {
        error["error_subcode"] = json!(subcode);
    }
    json!({ "error": error })
}

/// The error of a send to a person.
fn send(code: i64, subcode: Option<i64>) -> SendError {
    from_answer(&answer(400, Some(graph(code, subcode))), &call(Purpose::Write, Target::Account))
}

/// The error of a write to a comment.
fn on_comment(code: i64, subcode: Option<i64>) -> SendError {
    from_answer(&answer(400, Some(graph(code, subcode))), &call(Purpose::Write, Target::Thing))
}

/// The error of a read.
fn read(code: i64, subcode: Option<i64>) -> SendError {
    from_answer(&answer(400, Some(graph(code, subcode))), &call(Purpose::Read, Target::Thing))
}

#[test]
fn every_general_code_has_its_category() {
    use ErrorCategory::{AuthFailure, Permanent, RateLimit, Unknown};
    let rows: &[(i64, Option<i64>, ErrorCategory)] = &[
        (-1, None, Unknown),
        (1, None, Unknown),
        (1, Some(99), AuthFailure),
        (2, None, Unknown),
        (2, Some(1545133), ErrorCategory::Transient),
        (3, None, Permanent),
        (4, None, RateLimit),
        (4, Some(1349210), RateLimit),
        (9, None, RateLimit),
        (10, None, AuthFailure),
        (17, None, RateLimit),
        (32, None, RateLimit),
        (100, None, Permanent),
        (100, Some(33), Permanent),
        (102, None, AuthFailure),
        (104, None, AuthFailure),
        (110, Some(2207013), Permanent),
        (190, None, AuthFailure),
        (190, Some(458), AuthFailure),
        (190, Some(459), AuthFailure),
        (190, Some(460), AuthFailure),
        (190, Some(463), AuthFailure),
        (190, Some(464), AuthFailure),
        (190, Some(467), AuthFailure),
        (190, Some(492), AuthFailure),
        (200, None, AuthFailure),
        (299, None, AuthFailure),
        (200, Some(2534041), Permanent),
        (200, Some(1545041), Permanent),
        (551, Some(1545041), Permanent),
        (551, None, Permanent),
        (230, None, Permanent),
        (368, None, RateLimit),
        (506, None, Permanent),
        (613, None, RateLimit),
        (613, Some(1996), RateLimit),
        (613, Some(2534040), RateLimit),
        (613, Some(2018338), RateLimit),
        (803, None, Permanent),
        (2022, None, Permanent),
        (2500, None, Permanent),
        (9000001, None, Permanent),
        (9010, None, Permanent),
        (9005, None, Permanent),
        (36103, None, Permanent),
        (36104, None, Permanent),
        (1609005, None, Permanent),
        (2018300, None, Permanent),
        (80001, None, RateLimit),
        (80002, None, RateLimit),
        (80006, None, RateLimit),
        (4242, None, Permanent),
    ];
    for (code, subcode, category) in rows {
        assert_eq!(send(*code, *subcode).category, *category, "{code}/{subcode:?}");
    }
}

#[test]
fn every_messaging_code_has_its_category() {
    use ErrorCategory::{AuthFailure, Forbidden, Permanent, RateLimit, Transient};
    let rows: &[(i64, i64, ErrorCategory)] = &[
        (10, 2534022, Forbidden),
        (10, 2018278, Forbidden),
        (10, 2018108, Permanent),
        (10, 1893063, RateLimit),
        (10, 2534077, Permanent),
        (100, 2018001, Permanent),
        (100, 2018008, Transient),
        (100, 2018047, Permanent),
        (100, 2018074, Permanent),
        (100, 2018109, Permanent),
        (100, 2018294, Transient),
        (100, 2534013, Permanent),
        (100, 2534014, Permanent),
        (100, 2534015, Permanent),
        (100, 2534023, Forbidden),
        (-1, 2534023, Forbidden),
        (100, 2534025, Forbidden),
        (200, 2534066, Permanent),
        (100, 2534029, Permanent),
        (100, 2534037, Permanent),
        (100, 2534001, Permanent),
        (100, 2534068, Permanent),
        (4, 2207051, RateLimit),
        (9, 2207042, RateLimit),
        (25, 2207050, RateLimit),
        (200, 4711, AuthFailure),
    ];
    for (code, subcode, category) in rows {
        assert_eq!(send(*code, Some(*subcode)).category, *category, "{code}/{subcode}");
    }
}

#[test]
fn rules_of_the_platform_name_their_reason() {
    let reason = |code, subcode| send(code, Some(subcode)).skip_reason;
    assert_eq!(reason(10, 2534022), Some(SkipReason::WindowClosed));
    assert_eq!(reason(10, 2018278), Some(SkipReason::WindowClosed));
    assert_eq!(reason(100, 2534023), Some(SkipReason::AlreadyReplied));
    assert_eq!(reason(100, 2534025), Some(SkipReason::PrivateReplyExpired));
    assert_eq!(reason(100, 2018001), None);
}

#[test]
fn what_does_not_exist_is_gone_when_it_is_a_comment_and_a_mistake_when_it_is_the_account() {
    for (code, subcode) in [(100, Some(33)), (803, None), (9000001, None)] {
        let gone = on_comment(code, subcode);
        assert_eq!(
            (gone.category, gone.skip_reason),
            (ErrorCategory::Forbidden, Some(SkipReason::TargetGone))
        );
        let mistake = send(code, subcode);
        assert_eq!((mistake.category, mistake.skip_reason), (ErrorCategory::Permanent, None));
    }
}

#[test]
fn trouble_of_instagram_is_unknown_for_writes_and_passing_for_reads() {
    for code in [-1, 1, 2] {
        assert_eq!(send(code, None).category, ErrorCategory::Unknown);
        assert_eq!(read(code, None).category, ErrorCategory::Transient);
    }
}

#[test]
fn only_the_limit_of_the_app_holds_everybody_back() {
    assert!(send(4, None).app_wide);
    for code in [9, 17, 32, 613, 80002, 80006, 368] {
        assert!(!send(code, None).app_wide, "{code}");
    }
    assert!(!send(4, Some(2207051)).app_wide, "a block for spam concerns one account");
}

#[test]
fn every_limit_has_a_wait_and_headers_know_better() {
    let minutes = |error: SendError| error.retry_after.map(|wait| wait.as_secs() / 60);
    for (code, expected) in
        [(4, 15), (17, 15), (32, 15), (9, 60), (613, 5), (80001, 60), (80002, 60), (80006, 60)]
    {
        assert_eq!(minutes(send(code, None)), Some(expected), "{code}");
    }
    assert_eq!(minutes(send(613, Some(2534040))), Some(1));

    let mut told = answer(403, Some(graph(80002, None)));
    told.retry_after = Some(Duration::from_secs(120));
    let call = call(Purpose::Write, Target::Account);
    assert_eq!(minutes(from_answer(&told, &call)), Some(2));
    told.usage.regain_after = Some(Duration::from_secs(7 * 60));
    let error = from_answer(&told, &call);
    assert_eq!(error.usage, told.usage);
    assert_eq!(minutes(error), Some(7));
}

#[test]
fn a_block_for_content_is_flagged_and_lasts_for_hours() {
    for (code, subcode) in [(368, None), (4, Some(2207051)), (25, Some(2207050))] {
        let error = send(code, subcode);
        assert!(error.message.starts_with("content_violation: "), "{}", error.message);
        assert!(error.retry_after >= Some(Duration::from_secs(6 * 3_600)));
    }
    let mut told = answer(400, Some(graph(368, None)));
    told.retry_after = Some(Duration::from_secs(1));
    let error = from_answer(&told, &call(Purpose::Write, Target::Account));
    assert_eq!(
        error.retry_after,
        Some(Duration::from_secs(6 * 3_600)),
        "a short hint does not shorten a block"
    );
}

#[test]
fn the_code_decides_whatever_the_status_says() {
    let write = call(Purpose::Write, Target::Account);
    for status in [200, 400, 401, 403, 500, 503] {
        let category =
            |code, subcode| from_answer(&answer(status, Some(graph(code, subcode))), &write).category;
        assert_eq!(category(190, None), ErrorCategory::AuthFailure, "{status}");
        assert_eq!(category(4, None), ErrorCategory::RateLimit, "{status}");
        assert_eq!(category(10, Some(2534022)), ErrorCategory::Forbidden, "{status}");
        assert_eq!(category(2500, None), ErrorCategory::Permanent, "{status}");
    }
}

#[test]
fn an_unknown_code_is_judged_by_transience_and_status() {
    let write = call(Purpose::Write, Target::Account);
    let category = |status, body: Value| from_answer(&answer(status, Some(body)), &write).category;
    assert_eq!(category(400, graph(4242, None)), ErrorCategory::Permanent);
    assert_eq!(category(500, graph(4242, None)), ErrorCategory::Unknown);
    assert_eq!(category(429, graph(4242, None)), ErrorCategory::RateLimit);
    for code in [4242, 100] {
        let mut transient = graph(code, None);
        transient["error"]["is_transient"] = json!(true);
        assert_eq!(category(400, transient), ErrorCategory::Unknown);
    }
    let mut limit = graph(4, None);
    limit["error"]["is_transient"] = json!(true);
    assert_eq!(category(403, limit), ErrorCategory::RateLimit);
}

#[test]
fn answers_without_an_error_object_leave_a_write_open() {
    let (write, read) = (call(Purpose::Write, Target::Account), call(Purpose::Read, Target::Account));
    for status in [200, 302, 400, 404, 500, 502, 503] {
        for body in [None, Some(json!("text")), Some(json!({"error": "text"})), Some(json!([1]))] {
            let answer = answer(status, body);
            assert_eq!(from_answer(&answer, &write).category, ErrorCategory::Unknown, "{answer:?}");
            assert_eq!(from_answer(&answer, &read).category, ErrorCategory::Transient, "{answer:?}");
        }
    }
    let limited = from_answer(&answer(429, None), &write);
    assert_eq!(
        (limited.category, limited.retry_after),
        (ErrorCategory::RateLimit, Some(Duration::from_secs(60)))
    );
}

#[test]
fn codes_come_as_text_and_in_the_envelope_of_the_login_hosts() {
    let write = call(Purpose::Write, Target::Account);
    let text = json!({"error": {"message": "no", "code": "10", "error_subcode": "2534022"}});
    let error = from_answer(&answer(403, Some(text)), &write);
    assert_eq!((error.code, error.subcode), (Some(10), Some(2534022)));
    assert_eq!(error.skip_reason, Some(SkipReason::WindowClosed));

    let login = json!({"error_type": "OAuthException", "code": 190, "error_message": "expired"});
    let error = from_answer(&answer(400, Some(login)), &write);
    assert_eq!(error.category, ErrorCategory::AuthFailure);
    assert!(error.message.ends_with("expired"));
}

#[test]
fn a_long_message_is_cut() {
    let mut body = graph(100, None);
    body["error"]["message"] = json!("ä".repeat(10_000));
    let error = from_answer(&answer(400, Some(body)), &call(Purpose::Write, Target::Account));
    assert!(error.message.chars().count() < 400);
}

#[test]
fn a_missing_answer_is_passing_before_the_request_left_and_open_after() {
    let category = |fault: Fault, purpose| from_fault(fault, purpose).category;
    let (not_sent, lost) = (Fault::NotSent("x".into()), Fault::Lost("x".into()));
    assert_eq!(category(not_sent.clone(), Purpose::Write), ErrorCategory::Transient);
    assert_eq!(category(not_sent, Purpose::Read), ErrorCategory::Transient);
    assert_eq!(category(lost.clone(), Purpose::Write), ErrorCategory::Unknown);
    assert_eq!(category(lost, Purpose::Read), ErrorCategory::Transient);
    assert_eq!(category(Fault::UnusableToken, Purpose::Write), ErrorCategory::AuthFailure);
}
