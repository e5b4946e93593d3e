//! The migrations are embedded by a macro, which the compiler runs again only when told that they changed.

fn main() {
    println!("cargo:rerun-if-changed=../migrations");
}
