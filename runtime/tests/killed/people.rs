//! What people write, and what each of them must see in answer.

use sandbox::{InboundEffects, NewComment, NewMessage, Sandbox};

/// What direct messages are answered with.
pub const GREETINGS: &[&str] = &[
    "Thanks for your message!",
    "Hello, nice to hear from you!",
    "Hi! We are on it.",
    "Good to see you here!",
];

/// What somebody wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A kind comment: one public reply.
    Praise,
    /// A comment nobody wants: hidden, and nothing said.
    Spam,
    /// A direct message: one message back.
    Message,
}

/// Something somebody wrote.
#[derive(Debug, Clone)]
pub struct Item {
    pub id: String,
    pub kind: Kind,
}

/// What a person sees: public replies, messages, whether the comment is hidden, and anything else.
type Seen = (usize, usize, bool, bool);

impl Item {
    /// What must have become visible in the end.
    pub fn expected(&self) -> Seen {
        match self.kind {
            Kind::Praise => (1, 0, false, false),
            Kind::Spam => (0, 0, true, false),
            Kind::Message => (0, 1, false, false),
        }
    }
}

/// What has become visible.
pub fn seen(effects: &InboundEffects) -> Seen {
    let is_odd = effects.deleted
        || effects.liked
        || !effects.reactions.is_empty()
        || !effects.private_replies.is_empty();
    (effects.replies.len(), effects.messages.len(), effects.hidden, is_odd)
}

/// Everything people have written so far.
#[derive(Default)]
pub struct People {
    pub items: Vec<Item>,
}

impl People {
    /// The next `count` people write, to one shop after the other.
    pub fn write(&mut self, sandbox: &Sandbox, shops: &[String], count: usize) {
        for _ in 0..count {
            let number = self.items.len();
            let item = write(sandbox, &shops[number % shops.len()], number);
            self.items.push(item);
        }
    }

    pub fn count(&self, kinds: &[Kind]) -> usize {
        self.items.iter().filter(|item| kinds.contains(&item.kind)).count()
    }
}

/// Of ten people five praise, two are a nuisance, and three write in private.
fn write(sandbox: &Sandbox, shop: &str, number: usize) -> Item {
    let from = format!("person_{number}");
    let comment = |text: &str| {
        let comment = sandbox.comment(shop, NewComment::new(&from, text)).expect("a comment");
        comment.id.as_str().to_owned()
    };
    let (id, kind) = match number % 10 {
        0..=4 => (comment("I love this so much, thank you!"), Kind::Praise),
        5 | 6 => (comment("Earn $5000 a week from home, click the link in my bio"), Kind::Spam),
        _ => {
            let message = sandbox.direct_message(shop, NewMessage::new(&from, "hello there"));
            (message.expect("a message").id.as_str().to_owned(), Kind::Message)
        }
    };
    Item { id, kind }
}
