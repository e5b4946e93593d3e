//! The Instagram platform: webhooks in, Graph API out. The only holder of tokens.
