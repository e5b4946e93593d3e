//! The real binary, set up through its own command line, killed and starved while people write: nothing is lost,
//! nothing is doubled. Instagram (the sandbox) lives on in this process, as the real one would.

mod books;
mod dice;
mod faults;
mod installation;
mod kills;
mod mcp;
mod media;
mod outages;
mod people;
mod posts;
mod webhooks;
