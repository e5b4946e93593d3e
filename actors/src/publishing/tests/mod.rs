//! Publishing on a bulletin board: nothing here knows Instagram.

mod crashes;
mod stage;
mod stories;
