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
    pub from: String,
    pub id: String,
    pub kind: Kind,
}

/// What somebody sees in answer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Seen {
    replies: usize,
    messages: usize,
    is_hidden: bool,
    /// Whatever nobody asked for.
    others: usize,
}

impl Item {
    /// What its author must see in the end.
    pub fn expected(&self) -> Seen {
        match self.kind {
            Kind::Praise => Seen { replies: 1, ..Seen::default() },
            Kind::Spam => Seen { is_hidden: true, ..Seen::default() },
            Kind::Message => Seen { messages: 1, ..Seen::default() },
        }
    }
}

impl Seen {
    /// What has become visible.
    pub fn of(effects: &InboundEffects) -> Self {
        let done = usize::from(effects.deleted) + usize::from(effects.liked);
        Self {
            replies: effects.replies.len(),
            messages: effects.messages.len(),
            is_hidden: effects.hidden,
            others: effects.private_replies.len() + effects.reactions.len() + done,
        }
    }
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
    Item { from, id, kind }
}
