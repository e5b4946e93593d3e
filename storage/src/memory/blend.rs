//! How well something fits: where it stands in each list that was found, what it weighs, and how old it is. Pure.

use std::collections::HashMap;

use tenants::ids::MemoryId;
use tenants::memory::{MemoryItem, MemoryKind, Recall, Recalled};

/// How quickly a place in a list loses worth: the usual value of reciprocal rank fusion for short lists.
const RANK_OFFSET: f64 = 2.0;
/// What an item of the asking person is worth that shares no word with the question: it is good to know, and stands
/// behind everything that answers.
const BACKGROUND: f64 = 0.05;

/// What an index found, best first, in the lists that it searched. An index that keeps notes apart from what customers
/// may see has several lists of each sort; they are blended, not appended, because their numbers cannot be compared.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) by_words: Vec<Vec<MemoryId>>,
    pub(crate) by_meaning: Vec<Vec<MemoryId>>,
}

impl Found {
    /// Every id, once.
    pub(crate) fn ids(&self) -> Vec<MemoryId> {
        let mut ids: Vec<_> = self.by_words.iter().chain(&self.by_meaning).flatten().copied().collect();
        ids.sort_unstable();
        ids.dedup();
        ids
    }
}

/// Puts what was found and read into the order in which it is told.
pub(crate) fn blend(found: &Found, items: Vec<MemoryItem>, recall: &Recall) -> Vec<Recalled> {
    let words = ranks(&found.by_words);
    let meanings = ranks(&found.by_meaning);
    // With one sort of list, the first place in it is worth 1; with two, each gives a half.
    let sorts = 1.0 + f64::from(u8::from(!found.by_meaning.is_empty()));
    let mut recalled: Vec<Recalled> = items
        .into_iter()
        .map(|item| {
            let words_rank = words.get(&item.id).copied();
            let meaning_rank = meanings.get(&item.id).copied();
            let fit = [words_rank, meaning_rank].into_iter().flatten().map(worth).sum::<f64>() / sorts;
            let fit = if fit > 0.0 { fit } else { BACKGROUND };
            let decay = item.kind.decay(recall.now.since(item.updated_at));
            let score = fit * decay * f64::from(item.weight);
            Recalled { item, score, words_rank, meaning_rank, decay }
        })
        .collect();
    recalled.sort_by(|a, b| {
        let newest_first = || b.item.updated_at.cmp(&a.item.updated_at);
        b.score.total_cmp(&a.score).then_with(newest_first).then_with(|| a.item.id.cmp(&b.item.id))
    });
    keep(recalled, recall.limit)
}

/// The best, but at most half of them talk with the person, so that facts have room.
fn keep(recalled: Vec<Recalled>, limit: usize) -> Vec<Recalled> {
    let mut room_for_talk = limit.div_ceil(2);
    let has_facts = recalled.iter().any(|it| !it.item.kind.is_personal());
    let fits = |it: &Recalled| {
        if !has_facts || it.item.kind != MemoryKind::Interaction || it.words_rank.is_some() {
            return true;
        }
        let has_room = room_for_talk > 0;
        room_for_talk = room_for_talk.saturating_sub(1);
        has_room
    };
    recalled.into_iter().filter(fits).take(limit).collect()
}

/// The place, from 1, of every id in the best list that holds it.
fn ranks(lists: &[Vec<MemoryId>]) -> HashMap<MemoryId, usize> {
    let mut ranks = HashMap::new();
    for (place, id) in lists.iter().flat_map(|list| list.iter().enumerate()) {
        let rank = ranks.entry(*id).or_insert(place + 1);
        *rank = (*rank).min(place + 1);
    }
    ranks
}

fn worth(rank: usize) -> f64 {
    (RANK_OFFSET + 1.0) / (RANK_OFFSET + rank as f64)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use super::*;
    use tenants::clock::{ManualClock, Timestamp};
    use tenants::ids::{Ids, TenantId};
    use tenants::memory::Visibility;

    const DAY: Duration = Duration::from_secs(86_400);

    struct Shelf {
        ids: Ids,
        now: Timestamp,
    }

    impl Shelf {
        fn new() -> Self {
            let now = Timestamp::from_micros(1_763_690_000_000_000);
            Self { ids: Ids::seeded(Arc::new(ManualClock::at(now.as_micros())), 5), now }
        }

        fn item(&self, kind: MemoryKind, days_old: u32) -> MemoryItem {
            let id = MemoryId::new(&self.ids);
            let tenant = TenantId(uuid::Uuid::nil());
            let at = self.now - DAY * days_old;
            MemoryItem::new(id, tenant, kind, Visibility::Customer, "text", "test", at)
        }

        fn recall(&self) -> Recall {
            Recall::for_customer("text", None, self.now)
        }
    }

    #[test]
    fn of_two_answers_that_fit_alike_the_younger_is_told_first() {
        let shelf = Shelf::new();
        let (old, new) =
            (shelf.item(MemoryKind::ApprovedAnswer, 400), shelf.item(MemoryKind::ApprovedAnswer, 1));
        let found = Found { by_words: vec![vec![old.id, new.id]], by_meaning: Vec::new() };
        let told = blend(&found, vec![old.clone(), new.clone()], &shelf.recall());
        assert_eq!(told.iter().map(|it| it.item.id).collect::<Vec<_>>(), [new.id, old.id]);
        assert!(told[1].decay < 0.6, "{told:?}");
    }

    #[test]
    fn an_old_fact_is_worth_as_much_as_a_new_one() {
        let shelf = Shelf::new();
        let (old, new) = (shelf.item(MemoryKind::BrandFact, 4_000), shelf.item(MemoryKind::BrandFact, 0));
        let found = Found { by_words: vec![vec![old.id, new.id]], by_meaning: Vec::new() };
        let told = blend(&found, vec![new, old.clone()], &shelf.recall());
        assert_eq!(told[0].item.id, old.id);
    }

    #[test]
    fn what_fits_by_words_and_by_meaning_stands_before_what_fits_by_one() {
        let shelf = Shelf::new();
        let all: Vec<_> = (0..3).map(|_| shelf.item(MemoryKind::BrandFact, 0)).collect();
        let [words, both, meaning] = [all[0].id, all[1].id, all[2].id];
        let found = Found { by_words: vec![vec![words, both]], by_meaning: vec![vec![meaning, both]] };
        let told = blend(&found, all, &shelf.recall());
        assert_eq!(told[0].item.id, both);
        assert_eq!((told[0].words_rank, told[0].meaning_rank), (Some(2), Some(2)));
    }

    #[test]
    fn talk_that_shares_no_word_stands_behind_and_leaves_room() {
        let shelf = Shelf::new();
        let fact = shelf.item(MemoryKind::BrandFact, 0);
        let talk: Vec<_> = (0..20).map(|_| shelf.item(MemoryKind::Interaction, 0)).collect();
        let found = Found { by_words: vec![vec![fact.id]], by_meaning: Vec::new() };
        let mut items = talk;
        items.push(fact.clone());
        let told = blend(&found, items, &shelf.recall());
        assert_eq!(told[0].item.id, fact.id);
        assert_eq!(told.len(), 6);
    }

    #[test]
    fn a_weight_moves_an_item_up() {
        let shelf = Shelf::new();
        let usual = shelf.item(MemoryKind::BrandFact, 0);
        let heavy = MemoryItem { weight: 3.0, ..shelf.item(MemoryKind::BrandFact, 0) };
        let found = Found { by_words: vec![vec![usual.id, heavy.id]], by_meaning: Vec::new() };
        let told = blend(&found, vec![usual, heavy.clone()], &shelf.recall());
        assert_eq!(told[0].item.id, heavy.id);
    }
}
