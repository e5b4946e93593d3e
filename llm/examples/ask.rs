//! Asks one question by hand, as a whole, in pieces, and for JSON:
//! `cargo run -p troupe-llm --example ask -- openai http://127.0.0.1:18080/v1 mock-ok sk-local "Hi"`.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tenants::clock::{Clock, SystemClock};
use tenants::ids::{Ids, TenantId};
use tenants::models::{BudgetLine, BudgetScope, Task};
use tenants::money::MicroUsd;
use tenants::tasks::Tasks;
use troupe_llm::budget::NoWatch;
use troupe_llm::provider::HttpProviders;
use troupe_llm::request::Schema;
use troupe_llm::testing::MemoryLedger;
use troupe_llm::{Catalogue, Input, LlmMetrics, Payer, Piece, Request, Router, RouterParts};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [protocol, address, model, key, question] = arguments.as_slice() else {
        return Err("expected: protocol address model key question".into());
    };
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let (ids, tasks) = (Ids::system(Arc::clone(&clock)), Tasks::default());
    let ledger = Arc::new(MemoryLedger::default());
    let parts = RouterParts {
        ledger: ledger.clone(),
        watch: Arc::new(NoWatch),
        clock: Arc::clone(&clock),
        ids: ids.clone(),
        tasks: tasks.clone(),
        metrics: LlmMetrics::register(&prometheus::Registry::new())?,
    };
    let keys = HashMap::from([("asked".to_owned(), key.as_str().into())]);
    let providers = HttpProviders::new(keys, Duration::from_secs(5), Arc::clone(&clock))?;
    let catalogue = Catalogue::with_overrides(&format!(
        "tasks.caption.models = ['asked/{model}']\n\
         [providers.asked]\nprotocol = '{protocol}'\nbase_url = '{address}'\nconcurrency = 4"
    ))?;
    let router = Router::new(parts, catalogue, &providers)?;

    let tenant = TenantId::new(&ids);
    let line = BudgetLine {
        scope: BudgetScope::Tenant(tenant),
        day: "today".to_owned(),
        limit: MicroUsd(10_000_000),
        resets_at: clock.now() + Duration::from_secs(86_400),
    };
    let payer = Payer::new(tenant, vec![line])?;
    let request = |input| Request::new(payer.clone(), Task::Caption, input);
    let input = Input::text("Answer in one sentence.", question.as_str());

    println!("whole: {:#?}", router.complete(request(input.clone())).await);
    match router.stream(request(input.clone())).await {
        Err(error) => println!("no stream: {error}"),
        Ok(mut stream) => {
            while let Some(piece) = stream.next().await {
                match piece {
                    Ok(Piece::Text(text)) => println!("piece: {text:?}"),
                    other => println!("end: {other:#?}"),
                }
            }
        }
    }
    let schema =
        json!({ "type": "object", "properties": { "answer": { "type": "string" } }, "required": ["answer"] });
    let schema = Some(Schema { name: "answer".to_owned(), schema });
    println!("json: {:#?}", router.complete(request(Input { schema, ..input })).await);

    tasks.shut_down(Duration::from_secs(5)).await;
    for call in ledger.calls() {
        println!("{} {} {} in {} us: {:?}", call.model, call.outcome, call.cost, call.latency_us, call.error);
    }
    Ok(())
}
