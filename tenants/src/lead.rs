//! Leads: people who may buy, with what they have said of themselves. Nothing here is guessed: every fact names the
//! message it was read in.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::event::Person;
use crate::ids::{AccountId, ConversationId, EventId, LeadId, NoticeId};
use crate::words::word_enum;

word_enum! {
    /// What is known of a lead.
    pub enum LeadField {
        /// How the person is called.
        Name = "name",
        /// What they want, in their own words.
        Need = "need",
        /// What they want to spend.
        Budget = "budget",
        /// A mail address.
        Email = "email",
        /// A telephone number.
        Phone = "phone",
        /// By when they want it.
        Timeline = "timeline",
    }
}

word_enum! {
    /// How far a lead has come.
    pub enum LeadStage {
        /// Has shown interest.
        New = "new",
        /// Has said more than that.
        Qualifying = "qualifying",
        /// Can be reached, and has named money or time.
        Qualified = "qualified",
        /// Has bought.
        Won = "won",
        /// Will not buy.
        Lost = "lost",
    }
}

/// Something a person has said of themselves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fact {
    /// What.
    pub value: String,
    /// The event in which they said it.
    pub event: EventId,
    /// Instagram's id of the message or comment.
    pub message: Option<String>,
    /// When they said it.
    pub at: Timestamp,
}

/// A part of a score.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScorePart {
    /// What it is for.
    pub what: String,
    /// Points.
    pub points: u32,
}

/// A person who may buy. One per account and person.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Lead {
    /// Its id.
    pub id: LeadId,
    /// The account they wrote to.
    pub account: AccountId,
    /// Where they wrote last.
    pub conversation: ConversationId,
    /// Who.
    pub person: Person,
    /// How far it has come.
    pub stage: LeadStage,
    /// Who has set the stage; from then on only people move it.
    pub staged_by: Option<String>,
    /// What they have said.
    pub facts: BTreeMap<LeadField, Fact>,
    /// How sure it is that they want to buy, 0 to 1; the highest of all their messages.
    pub confidence: f32,
    /// The message that made them a lead.
    pub source: EventId,
    /// A remark of a person.
    pub note: Option<String>,
    /// The person of the brand or agency who takes care of it.
    pub assigned_to: Option<String>,
    /// Row created.
    pub created_at: Timestamp,
    /// Row changed.
    pub updated_at: Timestamp,
}

/// What one message says about a lead. A lead begins only with one that shows interest.
#[derive(Debug, Clone, PartialEq)]
pub struct LeadNote {
    /// The id of the lead, if this is the first word of it.
    pub lead: LeadId,
    /// The id of the notice, if there is something to tell.
    pub notice: NoticeId,
    /// The account.
    pub account: AccountId,
    /// The conversation.
    pub conversation: ConversationId,
    /// Who wrote.
    pub person: Person,
    /// How sure it is that they want to buy; `None` when the message shows no interest.
    pub interest: Option<f32>,
    /// What was read in it.
    pub facts: BTreeMap<LeadField, Fact>,
    /// The event.
    pub event: EventId,
    /// When it was decided.
    pub at: Timestamp,
}

impl LeadNote {
    /// The lead that begins with it; `None` when it shows no interest.
    pub fn begins(&self) -> Option<Lead> {
        let confidence = self.interest?;
        let mut lead = Lead {
            id: self.lead,
            account: self.account,
            conversation: self.conversation,
            person: self.person.clone(),
            stage: LeadStage::New,
            staged_by: None,
            facts: self.facts.clone(),
            confidence,
            source: self.event,
            note: None,
            assigned_to: None,
            created_at: self.at,
            updated_at: self.at,
        };
        lead.restage();
        Some(lead)
    }
}

impl Lead {
    /// Takes in what a further message says; true when that changed anything. Newer words replace older ones, except
    /// the need: the first words of it tell what it is about.
    pub fn take_in(&mut self, note: &LeadNote) -> bool {
        let before = (self.facts.clone(), self.stage, self.confidence);
        for (field, fact) in &note.facts {
            let known = self.facts.get(field);
            let is_news = match field {
                LeadField::Need => known.is_none(),
                _ => known.is_none_or(|known| fact.at >= known.at && fact.value != known.value),
            };
            if is_news {
                self.facts.insert(*field, fact.clone());
            }
        }
        if let Some(confidence) = note.interest {
            self.confidence = self.confidence.max(confidence);
        }
        if note.person.username.is_some() {
            self.person.username.clone_from(&note.person.username);
        }
        self.restage();
        let is_changed = before != (self.facts.clone(), self.stage, self.confidence);
        if is_changed {
            self.conversation = note.conversation;
            self.updated_at = note.at;
        }
        is_changed
    }

    /// Moves the stage on by what is known; what a person has set stays.
    fn restage(&mut self) {
        if self.staged_by.is_some() {
            return;
        }
        let knows = |field| self.facts.contains_key(&field);
        let can_be_reached = knows(LeadField::Email) || knows(LeadField::Phone);
        let is_concrete = knows(LeadField::Budget) || knows(LeadField::Timeline);
        let said_more = self.facts.keys().any(|field| *field != LeadField::Need);
        let reached = if can_be_reached && is_concrete {
            LeadStage::Qualified
        } else if said_more {
            LeadStage::Qualifying
        } else {
            LeadStage::New
        };
        self.stage = self.stage.max(reached);
    }

    /// What the score is made of; at most 100 points together.
    pub fn score_parts(&self) -> Vec<ScorePart> {
        let interest = (self.confidence.clamp(0.0, 1.0) * 25.0).round() as u32;
        let mut parts = vec![ScorePart { what: "interest".to_owned(), points: interest }];
        let worth = [
            (LeadField::Email, 20),
            (LeadField::Phone, 15),
            (LeadField::Budget, 20),
            (LeadField::Timeline, 10),
            (LeadField::Name, 5),
            (LeadField::Need, 5),
        ];
        let known = worth.into_iter().filter(|(field, _)| self.facts.contains_key(field));
        parts.extend(known.map(|(field, points)| ScorePart { what: field.to_string(), points }));
        parts
    }

    /// How promising it is, 0 to 100.
    pub fn score(&self) -> u32 {
        self.score_parts().iter().map(|part| part.points).sum::<u32>().min(100)
    }

    /// What is known of one field.
    pub fn value(&self, field: LeadField) -> Option<&str> {
        self.facts.get(&field).map(|fact| fact.value.as_str())
    }

    /// How the person is called: by their name, their handle or their id.
    pub fn display_name(&self) -> String {
        let handle = self.person.username.as_ref().map(|handle| format!("@{handle}"));
        let name = self.value(LeadField::Name).map(str::to_owned);
        match (name, handle) {
            (Some(name), Some(handle)) => format!("{name} ({handle})"),
            (Some(only), None) | (None, Some(only)) => only,
            (None, None) => self.person.id.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::ManualClock;
    use crate::ids::Ids;
    use std::sync::Arc;

    struct Desk(Ids);

    impl Desk {
        fn new() -> Self {
            Self(Ids::seeded(Arc::new(ManualClock::at(0)), 1))
        }

        fn note(&self, minute: i64, interest: Option<f32>, facts: &[(LeadField, &str)]) -> LeadNote {
            let (event, at) = (EventId::new(&self.0), Timestamp::from_millis(minute * 60_000));
            let fact = |value: &str| Fact {
                value: value.to_owned(),
                event,
                message: Some(format!("m{minute}")),
                at,
            };
            LeadNote {
                lead: LeadId::new(&self.0),
                notice: NoticeId::new(&self.0),
                account: AccountId::new(&self.0),
                conversation: ConversationId::new(&self.0),
                person: Person { id: "p1".into(), username: Some("anna".into()) },
                interest,
                facts: facts.iter().map(|(field, value)| (*field, fact(value))).collect(),
                event,
                at,
            }
        }
    }

    #[test]
    fn a_lead_begins_with_interest_only() {
        let desk = Desk::new();
        assert!(desk.note(0, None, &[(LeadField::Email, "a@b.com")]).begins().is_none());
        let lead = desk.note(0, Some(0.8), &[(LeadField::Need, "a wedding cake")]).begins().unwrap();
        assert_eq!((lead.stage, lead.score()), (LeadStage::New, 25));
    }

    #[test]
    fn a_conversation_qualifies_a_lead_and_every_fact_names_its_message() {
        let desk = Desk::new();
        let mut lead = desk.note(0, Some(0.8), &[(LeadField::Need, "a cake")]).begins().unwrap();
        assert!(lead.take_in(&desk.note(1, None, &[(LeadField::Budget, "500 EUR")])));
        assert_eq!(lead.stage, LeadStage::Qualifying);
        assert!(lead.take_in(&desk.note(2, None, &[(LeadField::Email, "anna@example.com")])));
        assert_eq!(lead.stage, LeadStage::Qualified);
        assert_eq!(lead.facts[&LeadField::Email].message.as_deref(), Some("m2"));
        assert_eq!(lead.score(), lead.score_parts().iter().map(|part| part.points).sum::<u32>());
    }

    #[test]
    fn older_words_do_not_replace_newer_ones_and_the_need_stays_the_first() {
        let desk = Desk::new();
        let mut lead = desk
            .note(5, Some(0.8), &[(LeadField::Need, "a cake"), (LeadField::Budget, "500")])
            .begins()
            .unwrap();
        assert!(!lead.take_in(&desk.note(1, None, &[(LeadField::Budget, "100")])));
        assert!(!lead.take_in(&desk.note(6, None, &[(LeadField::Need, "flowers")])));
        assert!(lead.take_in(&desk.note(7, None, &[(LeadField::Budget, "700")])));
        assert_eq!(lead.value(LeadField::Budget), Some("700"));
    }

    #[test]
    fn what_a_person_has_set_is_not_moved() {
        let desk = Desk::new();
        let mut lead = desk.note(0, Some(0.8), &[]).begins().unwrap();
        (lead.stage, lead.staged_by) = (LeadStage::Lost, Some("ana".into()));
        lead.take_in(&desk.note(1, None, &[(LeadField::Email, "a@b.com"), (LeadField::Budget, "9")]));
        assert_eq!(lead.stage, LeadStage::Lost);
    }
}
