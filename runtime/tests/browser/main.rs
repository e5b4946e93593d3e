//! What people do with the dashboard, in a browser, against the real binary with the sandbox in Instagram's place. The
//! stories are written in `dashboard/web/scripts/stories`; this starts what they need and tells what came of each.
//!
//! `STORY="dead letter" cargo test -p troupe --test browser` runs what has these words in its name.

mod installation;
mod tools;

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

use installation::Installation;
use tools::Tools;

#[test]
fn people_do_their_work_in_a_browser() {
    let tools = match Tools::find() {
        Ok(tools) => tools,
        Err(missing) => {
            assert!(std::env::var_os("REQUIRE_SERVICES").is_none(), "{missing}");
            tell(&format!("{missing}: stories in the browser left out"));
            return;
        }
    };
    let installation = Installation::start();
    let mut stories = Command::new(&tools.node)
        .arg("scripts/stories.mjs")
        .args(std::env::var_os("STORY"))
        .current_dir(&tools.web)
        .env("CHROMIUM", &tools.chromium)
        .env("TROUPE_URL", installation.url())
        .env("SANDBOX_URL", installation.sandbox_url())
        .env("SET_UP_CODE", installation.set_up_code())
        .stdout(Stdio::piped())
        .spawn()
        .expect("node starts");
    let mut refused = Vec::new();
    for line in BufReader::new(stories.stdout.take().expect("its output")).lines() {
        let line = line.expect("text");
        tell(&line);
        if let Some(name) = line.strip_prefix("FAIL") {
            refused.push(name.trim().to_owned());
        }
    }
    let ended = stories.wait().expect("node ends");
    assert!(refused.is_empty(), "not as told: {refused:#?}\n{}", installation.log());
    assert!(ended.success(), "the stories broke off: {ended}\n{}", installation.log());
}

/// Says something now, also when the test passes: how a story went is of interest either way.
fn tell(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}
