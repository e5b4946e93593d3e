//! The sandbox: a local Instagram.
//!
//! It answers like `graph.instagram.com` and `graph.facebook.com` on one port, sends signed webhooks, misbehaves
//! on request, and remembers which visible effects every comment and message got. State is drawn from a seed
//! and lives in memory and, if wished, in a file from which the next sandbox goes on. It depends on no other crate of the workspace, so it judges the product from outside.
//!
//! ```no_run
//! # async fn story() -> Result<(), Box<dyn std::error::Error>> {
//! use troupe_sandbox::{NewAccount, NewComment, Sandbox, SandboxOptions};
//!
//! let sandbox = Sandbox::start(SandboxOptions::default()).await?;
//! let shop = sandbox.create_account(NewAccount::new("acme"))?;
//! let token = sandbox.token(&shop)?;
//! let comment = sandbox.comment(&shop, NewComment::new("fan", "love it"))?;
//! // … a client with `sandbox.base_url()` and `token` replies …
//! let effects = sandbox.effects_of(&comment.id);
//! sandbox.stop().await;
//! # Ok(())
//! # }
//! ```
//!
//! The control API is described in `README.md` and, when it runs, at `GET /_sandbox`.

mod calls;
mod clock;
mod control;
mod core;
mod errors;
mod faults;
mod graph;
mod ids;
mod json;
mod limits;
mod oauth;
mod options;
mod play;
mod sandbox;
mod saving;
mod server;
mod state;
mod state_file;
mod webhooks;

pub use calls::CallRecord;
pub use clock::{SandboxClock, SystemClock};
pub use control::{
    reports::{ClockReport, Counts, StateReport},
    requests::{
        AccountChange, Login, MediaProduct, MediaType, NewAccount, NewApp, NewComment, NewEvent, NewMedia,
        NewMention, NewMessage, NewPerson, NewPostback, NewReaction, OwnComment, OwnMessage, RelationChange,
        Subscription, TokenDeath,
    },
};
pub use errors::{ControlError, SandboxError, StillPending};
pub use faults::{
    ActiveFault, FaultId,
    kinds::{Batching, Fault, FaultKind},
};
pub use graph::endpoint::Endpoint;
pub use ids::{AccountId, AppId, CommentId, ConversationId, Igsid, MediaId, MessageId, Username};
pub use options::{DeliveryOptions, LimitOptions, PublishingOptions, Quota, SandboxOptions};
pub use sandbox::Sandbox;
pub use state::{
    accounts::Account,
    apps::App,
    comments::{Author, Comment},
    containers::Container,
    effects::{
        Doubled, Effect, EffectKind, EffectsQuery, EffectsReport, Inbound, InboundEffects, InboundKind,
        SentText,
    },
    media::{Media, MediaOwner},
    messages::{Conversation, Message, Origin, Reaction},
    people::{Person, Relation},
    tokens::TokenState,
};
pub use webhooks::{
    Envelope,
    log::{Delivery, DeliveryOutcome},
};
