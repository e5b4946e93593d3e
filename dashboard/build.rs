//! Makes the folder of the built pages, which may be empty: then the dashboard says how it is built.

fn main() {
    println!("cargo:rerun-if-changed=web/dist");
    if let Err(error) = std::fs::create_dir_all("web/dist") {
        println!("cargo:warning=the folder web/dist cannot be made: {error}");
    }
}
