//! `troupe mcp`, as a client of the protocol starts it: a process that speaks on standard input and output and asks a node.

use serde_json::{Value, json};
use storage::testing::TestDatabase;

use crate::installation::Installation;

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_starts_a_program_reaches_the_tools_of_a_running_node() {
    let installation = Installation::new(TestDatabase::sqlite(), 0).await;
    let (refused, answers) = installation.speak_mcp(&[]);
    assert!(refused.contains("does not answer"), "{refused}");
    assert_eq!(answers, Vec::<Value>::new());

    let _node = installation.serve().await;
    let begin = json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": { "protocolVersion": "2025-06-18",
        "capabilities": {}, "clientInfo": { "name": "test", "version": "1" } } });
    let begun = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
    let call = |id: u32, name: &str, arguments: Value| json!({ "jsonrpc": "2.0", "id": id, "method": "tools/call", "params": { "name": name, "arguments": arguments } });
    let wrong = call(3, "get_tenant", json!({ "tenant": "ten_nobody" }));
    let messages = [begin, begun, call(2, "list_agencies", json!({})), wrong];
    let (error, answers) = installation.speak_mcp(&messages);
    let answer = |id: u32| {
        let found = answers.iter().find(|answer| answer["id"] == id);
        found.unwrap_or_else(|| panic!("no answer {id}: {answers:?} {error}"))["result"].clone()
    };
    assert_eq!(answer(1)["serverInfo"]["name"], "troupe");
    assert_eq!(answer(2)["structuredContent"]["items"][0]["name"], "Agency");
    assert_eq!(answer(3)["isError"], true);
}
