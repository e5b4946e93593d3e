//! Keys that providers reject and models they do not know: an alert for as long as that lasts. Only calls bring it to
//! light, and only people can mend it.

use std::collections::BTreeSet;
use std::time::Duration;

use llm::catalogue::ModelRef;
use llm::{Mistake, Router};
use serde_json::json;
use tenants::alert::{AlertType, NewAlert, Severity};
use tenants::audit::Chain;
use tenants::changes::{Change, Changes};
use tenants::clock::Timestamp;
use tenants::ids::{AgencyId, AlertId, Ids};
use tenants::ports::UnitOfWork;
use tracing::warn;

use super::Foundations;

/// Time between two looks.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// Who resolves such alerts.
const RESOLVED_BY: &str = "models";

/// Looks now and then, until the node stops.
pub(super) fn watch(foundations: &Foundations, router: Router) {
    let foundations = foundations.clone();
    let (tasks, clock) = (foundations.tasks.clone(), foundations.clock.clone());
    foundations.tasks.clone().spawn("model_mistakes", async move {
        // What an earlier run raised may have been mended since; what was not comes to light again.
        let mut raised = router.possible_mistakes();
        loop {
            let found = router.mistakes();
            let changes = changes(&raised, &found, clock.now(), &foundations.ids);
            if !changes.list.is_empty() {
                match foundations.database.commit(changes).await {
                    Ok(()) => raised = found,
                    Err(error) => warn!(%error, "an alert about models is stored later"),
                }
            }
            tokio::select! {
                () = tasks.stopping() => return,
                () = clock.sleep(LOOK_EVERY) => {}
            }
        }
    });
}

/// Raises what is new and resolves what is gone.
fn changes(raised: &BTreeSet<Mistake>, found: &BTreeSet<Mistake>, at: Timestamp, ids: &Ids) -> Changes {
    let new = found.difference(raised).map(|mistake| {
        let alert = NewAlert {
            id: AlertId::new(ids),
            agency: None,
            tenant: None,
            alert_type: AlertType::AuthFailure,
            severity: Some(Severity::Error),
            message: format!("{mistake}; until then other models answer, or the built-in one"),
            details: match mistake {
                Mistake::Key(provider) => json!({ "provider": provider }),
                Mistake::Model(ModelRef { provider, model }) => {
                    json!({ "provider": provider, "model": model })
                }
            },
            dedup_key: key(mistake),
        };
        Change::RaiseAlert(Box::new(alert), at)
    });
    let gone = raised.difference(found).map(|mistake| Change::ResolveAlert {
        dedup_key: key(mistake),
        by: RESOLVED_BY.to_owned(),
        at,
    });
    Changes { chain: Chain::Agency(AgencyId::INSTALLATION), list: new.chain(gone).collect() }
}

fn key(mistake: &Mistake) -> String {
    match mistake {
        Mistake::Key(provider) => format!("models:key:{provider}"),
        Mistake::Model(model) => format!("models:model:{model}"),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tenants::clock::ManualClock;

    use super::*;

    #[test]
    fn an_alert_comes_with_a_mistake_and_goes_with_it() {
        let ids = Ids::seeded(Arc::new(ManualClock::at(0)), 1);
        let now = Timestamp::from_micros(7);
        let (key, model) = (Mistake::Key("near".into()), Mistake::Model("near/small".parse().unwrap()));
        let (before, after) = (BTreeSet::from([key]), BTreeSet::from([model]));
        let list = changes(&before, &after, now, &ids).list;
        let [Change::RaiseAlert(raised, _), Change::ResolveAlert { dedup_key, .. }] = list.as_slice() else {
            panic!("{list:?}")
        };
        assert!(raised.message.contains("`small`") && raised.message.contains("models.file"), "{raised:?}");
        assert_eq!(dedup_key, "models:key:near");
        assert!(changes(&after, &after, now, &ids).list.is_empty());
    }
}
