//! What is going to be done about a text, collected from rules and the model, without contradictions.

use tenants::effect::{Action, ActionType};

/// An action, and the tenant's own words in it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct PlannedAction {
    pub action: Action,
    /// The tenant wrote these words (a rule's variation): what stands in them is allowed, in any language.
    pub own_words: Option<String>,
}

/// What is going to be done.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Plan {
    pub actions: Vec<PlannedAction>,
    /// Why a person must look at it; one reason per source.
    pub escalations: Vec<String>,
    pub tags: Vec<String>,
    pub assigned_to: Option<String>,
    /// Rules have settled the matter.
    pub is_settled: bool,
    /// What was planned and gave way to something that was added later, and why.
    pub given_way: Vec<(Action, &'static str)>,
}

const DELETED: &str = "the comment is going to be deleted";
const HIDDEN: &str = "a hidden comment cannot be answered in public";

impl Plan {
    /// Adds an action unless it contradicts or repeats one that is planned; then says why not.
    pub fn add(&mut self, planned: PlannedAction) -> Result<(), &'static str> {
        let new_type = planned.action.action_type();
        let has = |wanted: ActionType| self.actions.iter().any(|known| known.action.action_type() == wanted);
        if has(new_type) {
            return Err("an action of this kind is planned already");
        }
        if has(ActionType::DeleteComment) {
            return Err(DELETED);
        }
        if has(ActionType::HideComment) && new_type == ActionType::ReplyComment {
            return Err(HIDDEN);
        }
        match new_type {
            ActionType::DeleteComment => self.give_way(DELETED, |_| true),
            ActionType::HideComment => self.give_way(HIDDEN, |kind| kind == ActionType::ReplyComment),
            _ => {}
        }
        self.actions.push(planned);
        Ok(())
    }

    fn give_way(&mut self, why: &'static str, gives_way: impl Fn(ActionType) -> bool) {
        let gone = self.actions.extract_if(.., |known| gives_way(known.action.action_type()));
        self.given_way.extend(gone.map(|known| (known.action, why)));
    }

    /// Keeps only what says nothing to anybody: hiding and deleting.
    pub fn keep_moderation(&mut self) {
        self.actions.retain(|planned| is_moderation(&planned.action));
        self.escalations.clear();
        self.tags.clear();
        self.assigned_to = None;
    }
}

/// True for hiding and deleting.
pub(super) fn is_moderation(action: &Action) -> bool {
    matches!(action, Action::HideComment { .. } | Action::DeleteComment { .. })
}

#[cfg(test)]
mod tests {
    use super::*;
    use tenants::effect::ReplyTarget;

    fn reply() -> PlannedAction {
        let target = ReplyTarget::Comment { comment_id: "1".into() };
        PlannedAction { action: Action::ReplyComment { target, text: "hi".into() }, own_words: None }
    }

    fn hide() -> PlannedAction {
        PlannedAction { action: Action::HideComment { comment_id: "1".into() }, own_words: None }
    }

    fn delete() -> PlannedAction {
        PlannedAction { action: Action::DeleteComment { comment_id: "1".into() }, own_words: None }
    }

    #[test]
    fn one_action_of_a_kind_and_nothing_for_a_comment_that_goes_away() {
        let mut plan = Plan::default();
        assert!(plan.add(reply()).is_ok());
        assert!(plan.add(reply()).is_err(), "two replies to one comment");
        assert!(plan.add(hide()).is_ok());
        assert_eq!(plan.actions, [hide()], "the reply went with the comment's visibility");
        assert_eq!(plan.given_way, [(reply().action, HIDDEN)], "and that is told");
        assert!(plan.add(reply()).is_err());
        assert!(plan.add(delete()).is_ok());
        assert_eq!(plan.actions, [delete()]);
        assert!(plan.add(hide()).is_err());
    }
}
