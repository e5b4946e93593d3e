//! The command line, as somebody uses it who has just installed Troupe. Every command is a process of the real binary.

#![expect(clippy::unwrap_used, reason = "a failed step of a test is a failed test")]

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

/// An installation with an agency and the tenant `acme`. No node runs.
struct Installation {
    folder: TempDir,
    environment: Vec<(&'static str, String)>,
}

impl Installation {
    fn new() -> Self {
        let installation = Self { folder: tempfile::tempdir().unwrap(), environment: Vec::new() };
        installation.done(&["migrate"]);
        installation.done(&["agency", "create", "Agency"]);
        installation.done(&["tenant", "create", "acme", "Acme", "--time-zone", "Europe/Lisbon"]);
        installation
    }

    fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.environment.push((name, value.into()));
        self
    }

    fn file(&self, name: &str, text: &str) -> String {
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    }

    fn data(&self) -> std::path::PathBuf {
        self.folder.path().join("data")
    }

    fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_troupe"));
        // A port of its own: a node of somebody else may be running.
        command.env_clear().env("TROUPE__HTTP__LISTEN", "127.0.0.1:0").arg("--data-dir").arg(self.data());
        command.envs(self.environment.iter().map(|(name, value)| (*name, value)));
        command.args(args);
        command
    }

    /// What a command printed that did what it should.
    fn done(&self, args: &[&str]) -> String {
        let output = self.run(args);
        let (said, error) = (text(&output.stdout), text(&output.stderr));
        assert!(output.status.success(), "{args:?}: {said}{error}");
        said
    }

    /// The same for a command that reads its standard input.
    fn done_with_input(&self, args: &[&str], input: &str) -> String {
        let path = self.file("input", input);
        let mut command = self.command(args);
        command.stdin(std::fs::File::open(path).unwrap());
        let output = command.output().unwrap();
        assert!(output.status.success(), "{args:?}: {}", text(&output.stderr));
        text(&output.stdout)
    }

    /// What a command said that could not.
    fn refused(&self, args: &[&str]) -> String {
        let output = self.run(args);
        assert!(!output.status.success(), "{args:?}: {}", text(&output.stdout));
        text(&output.stderr)
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Commands that ask no model.
const WITHOUT_MODELS: [&[&str]; 11] = [
    &["migrate"],
    &["agency", "list"],
    &["tenant", "suspend", "acme"],
    &["tenant", "resume", "acme"],
    &["key", "list"],
    &["prompt", "list"],
    &["budget", "show", "acme"],
    &["memory", "stats", "acme"],
    &["learning", "show", "acme"],
    &["audit", "verify"],
    &["queue", "list", "acme"],
];

#[test]
fn a_file_of_models_that_makes_no_sense_stops_only_what_uses_models() {
    let installation = Installation::new();
    let wrong = installation.file("models.toml", "tasks.plan.models = ['nowhere/x']");
    let missing = installation.folder.path().join("missing.toml").display().to_string();
    for (file, problem) in [(wrong, "there is no [providers.nowhere]"), (missing, "missing.toml")] {
        let installation = Installation { folder: tempfile::tempdir().unwrap(), environment: Vec::new() };
        installation.done(&["migrate"]);
        installation.done(&["agency", "create", "Agency"]);
        installation.done(&["tenant", "create", "acme", "Acme"]);
        let installation = installation.with("TROUPE__MODELS__FILE", format!("{file:?}"));
        for command in WITHOUT_MODELS {
            installation.done(command);
        }
        for command in
            [&["config", "check"][..], &["replay", "acme", "--from", "2026-03-01", "--to", "2026-03-02"]]
        {
            let said = installation.refused(command);
            assert!(said.contains(problem), "{command:?}: {said}");
        }
        let doctor = text(&installation.run(&["doctor"]).stdout);
        assert!(doctor.contains(problem), "{doctor}");
        assert!(doctor.contains("audit log"), "doctor goes on: {doctor}");
    }
}

#[test]
fn a_key_that_leads_to_no_model_is_told_and_stops_nothing() {
    for (name, problem) in [
        ("TROUPE__MODELS__KEYS__GONE", "the catalogue has no provider of that name"),
        ("TROUPE__MODELS__KEYS__OPENAI", "the key of openai is used by no task"),
    ] {
        let installation = Installation::new().with(name, "sk-test-of-nobody");
        for command in WITHOUT_MODELS {
            installation.done(command);
        }
        let checked = installation.refused(&["config", "check"]);
        assert!(checked.contains(problem), "{checked}");
        let doctor = text(&installation.run(&["doctor"]).stdout);
        assert!(doctor.contains(problem), "{doctor}");
        assert!(!checked.contains("sk-test") && !doctor.contains("sk-test"));
    }
}

#[test]
fn with_the_key_of_anthropic_alone_comments_are_read_and_answered_by_models() {
    let installation = Installation::new().with("TROUPE__MODELS__KEYS__ANTHROPIC", "sk-test");
    installation.done(&["config", "check"]);
    let doctor = text(&installation.run(&["doctor"]).stdout);
    for work in ["classify: anthropic/", "short_reply: anthropic/"] {
        assert!(doctor.contains(work), "{doctor}");
    }
    let installation = Installation::new().with("TROUPE__MODELS__KEYS__MOONSHOT", "sk-test");
    let doctor = text(&installation.run(&["doctor"]).stdout);
    assert!(doctor.contains("no model serves plan, report"), "{doctor}");
}

#[test]
fn a_provider_of_identities_that_does_not_answer_is_found_by_doctor_and_keeps_its_secret() {
    let installation = Installation::new()
        .with("TROUPE__SSO__ISSUER", "http://127.0.0.1:9")
        .with("TROUPE__SSO__CLIENT_ID", "troupe")
        .with("TROUPE__SSO__CLIENT_SECRET", "hidden-from-all");
    let doctor = text(&installation.run(&["doctor"]).stdout);
    let line =
        doctor.lines().find(|line| line.starts_with("single sign-on")).unwrap_or_else(|| panic!("{doctor}"));
    assert!(line.contains("!!") && line.contains("its discovery document cannot be read"), "{line}");
    let printed = installation.done(&["config", "print"]);
    assert!(printed.contains("http://127.0.0.1:9") && !printed.contains("hidden-from-all"), "{printed}");
    installation.done(&["user", "invite", "ana@example.com"]);
    let untied = installation.done(&["user", "unlink", "ana@example.com"]);
    assert!(untied.contains("no provider"), "{untied}");
}

#[test]
fn the_tools_say_what_they_need_before_they_begin() {
    let installation = Installation::new();
    let without_key = installation.refused(&["mcp"]);
    assert!(without_key.contains("TROUPE_API_KEY"), "{without_key}");
    let key = installation.file("key", "troupe_of_nobody");
    let nobody = installation.refused(&["mcp", "--url", "http://127.0.0.1:9", "--key-file", &key]);
    assert!(nobody.contains("does not answer") && !nobody.contains("troupe_of_nobody"), "{nobody}");
}

#[test]
fn a_file_of_models_beside_the_settings_is_found_from_anywhere() {
    let installation = Installation::new();
    installation.file("models.toml", "tasks.plan.models = ['nowhere/x']");
    let settings = installation.file("troupe.toml", "[models]\nfile = \"models.toml\"\n");
    let said = installation.refused(&["--config", &settings, "config", "check"]);
    assert!(said.contains("there is no [providers.nowhere]"), "{said}");
}

#[test]
fn what_is_in_use_is_told_while_an_experiment_runs_and_after_it() {
    let installation = Installation::new();
    let first = installation.file("first.txt", "Write for {{ brand }}.\n");
    let second = installation.file("second.txt", "Write briefly for {{ brand }}.");
    installation.done(&["prompt", "add", "reply", "--file", &first]);
    installation.done(&["prompt", "add", "reply", "--file", &second]);
    assert_eq!(installation.done(&["prompt", "show", "reply@1"]), "Write for {{ brand }}.\n", "byte by byte");
    assert_eq!(installation.done(&["prompt", "show", "reply@2"]), "Write briefly for {{ brand }}.");
    assert_eq!(installation.done(&["prompt", "activate", "reply@1"]), "reply@1 is in use\n");

    let start = ["experiment", "start", "reply", "--name", "brief", "--arm", "1=1", "--arm", "2=1", "--json"];
    let started: Value = serde_json::from_str(&installation.done(&start)).unwrap();
    let id = started["id"].as_str().unwrap();
    let said = installation.done(&["prompt", "activate", "reply@2"]);
    assert!(said.contains(&format!("reply@2 is in use once {id}")), "{said}");
    assert!(said.contains("until then its versions 1 and 2 are"), "{said}");
    let list = installation.done(&["prompt", "list"]);
    assert!(list.contains(&format!("agency (after {id})")), "{list}");

    assert!(installation.done(&["experiment", "stop", id]).contains("reply@2 is in use again"));
    let said = installation.done(&["prompt", "activate", "reply"]);
    assert_eq!(said, "reply is not chosen any more: the built-in reply is in use\n");
}

#[test]
fn two_imported_files_are_one_document_that_tells_what_is_new() {
    let installation = Installation::new();
    let one = installation.file("one.md", "# Do you ship?\nYes.\n\n# Are you open?\nEvery day.\n");
    let other = installation.file("other.txt", "We bake at six.\n");
    let import = ["memory", "import", "acme", &one, &other, "--json"];
    let counts = |said: &str| -> Vec<(u64, u64, u64)> {
        let done: Value = serde_json::from_str(said).expect("one document");
        let count = |file: &Value, name: &str| file[name].as_u64().unwrap();
        let of = |file: &Value| (count(file, "new"), count(file, "unchanged"), count(file, "removed"));
        done.as_array().unwrap().iter().map(of).collect()
    };
    assert_eq!(counts(&installation.done(&import)), [(2, 0, 0), (1, 0, 0)]);
    assert_eq!(counts(&installation.done(&import)), [(0, 2, 0), (0, 1, 0)]);
    installation.file("one.md", "# Do you ship?\nYes.\n");
    let replace = ["memory", "import", "acme", &one, "--replace", "--json"];
    assert_eq!(counts(&installation.done(&replace)), [(0, 1, 1)]);

    let empty = installation.file("empty.csv", "question,answer\nDo you ship?,\n");
    let said = installation.refused(&["memory", "import", "acme", &empty]);
    assert!(said.contains("line 2") && !said.contains("shorten"), "{said}");
}

#[test]
fn what_cannot_be_rehearsed_is_refused() {
    let installation = Installation::new();
    let budget = installation.file("budget.json", r#"{"daily_budget_micro_usd": 0}"#);
    let shares = installation.file("shares.json", r#"{"budget_shares": {"routine": 1}}"#);
    let unknown = installation.file("reply.txt", "Write for {{ customer }}.");
    let prompt = format!("reply={unknown}");
    for (change, problem) in [
        (["--settings", budget.as_str()], "--budget"),
        (["--settings", shares.as_str()], "--budget"),
        (["--prompt", prompt.as_str()], "there is no value `customer`"),
        (["--without-rule", "nope"], "there is no rule `nope`"),
    ] {
        let period = ["replay", "acme", "--from", "2026-03-01", "--to", "2026-03-08T00:00:00Z"];
        let said = installation.refused(&[&period[..], &change[..]].concat());
        assert!(said.contains(problem), "{change:?}: {said}");
    }
    let said = installation.refused(&["replay", "acme", "--from", "soon", "--to", "2026-03-08"]);
    assert!(said.contains("2026-03-01T00:00:00Z"), "{said}");
}

#[test]
fn an_empty_folder_is_told_from_an_old_schema() {
    let installation = Installation { folder: tempfile::tempdir().unwrap(), environment: Vec::new() };
    let said = installation.refused(&["agency", "list"]);
    assert!(said.contains("nothing in the database yet") && said.contains("troupe migrate"), "{said}");
}

#[cfg(unix)]
#[test]
fn the_database_is_readable_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let installation = Installation::new();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&installation.data()), 0o700);
    assert_eq!(mode(&installation.data().join("troupe.db")), 0o600);
}

/// An installation whose tenant has an account, and a picture in its library: the id of that.
fn with_account_and_picture() -> (Installation, String) {
    let installation = Installation::new();
    let account = ["account", "add", "acme", "--external-id", "17841400000000001", "--username", "acme.shop"];
    installation.done_with_input(&[&account[..], &["--unchecked"]].concat(), "a-token");
    let path = installation.folder.path().join("cake.jpg");
    std::fs::write(&path, troupe::media::samples::jpeg(320, 400, 1)).unwrap();
    let added = installation.done(&["--json", "media", "add", "acme", &path.display().to_string()]);
    let added: Value = serde_json::from_str(&added).unwrap();
    let media = added["media"]["id"].as_str().unwrap().to_owned();
    (installation, media)
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn a_post_is_created_listed_and_shown_and_its_like_is_refused() {
    let (installation, media) = with_account_and_picture();
    let create =
        ["--json", "post", "create", "acme", "--type", "image", "--caption", "Fresh cake", "--media"];
    let create = [&create[..], &[media.as_str()]].concat();
    let create = |more: &[&'static str]| [&create[..], more].concat();
    let at = ["--at", "2040-01-01T09:00:00Z", "--account", "@acme.shop"];
    let post = json(&installation.done(&create(&at)));
    assert_eq!(
        (&post["state"], &post["scheduled_at"]),
        (&"approved".into(), &"2040-01-01T09:00:00.000000Z".into())
    );
    let listed = json(&installation.done(&["--json", "post", "list", "acme"]));
    assert_eq!(listed[0]["id"], post["id"]);
    let shown = installation.done(&["post", "show", "acme", post["id"].as_str().unwrap()]);
    assert!(shown.contains("Fresh cake") && shown.contains(&media), "{shown}");

    let said = installation.refused(&create(&at));
    assert!(said.contains("nearly the same caption"), "{said}");
    let said = installation.refused(&create(&["--at", "2020-01-01T09:00:00Z", "--allow-duplicates"]));
    assert!(said.contains("choose a moment to come"), "{said}");
    let said = installation.refused(&create(&["--account", "@nobody"]));
    assert!(said.contains("no such account"), "{said}");
    let settle = ["post", "settle", "acme", post["id"].as_str().unwrap()];
    let said = installation.refused(&[&settle[..], &["--not-up"]].concat());
    assert!(said.contains("not open"), "{said}");
    let said = installation.refused(&settle);
    assert!(said.contains("--up"), "{said}");
}

#[test]
fn posts_are_imported_from_a_file_as_a_whole_or_not_at_all() {
    let (installation, media) = with_account_and_picture();
    let rows = |second: &str| {
        format!(
            "type,media,caption,scheduled_at\nimage,{media},One,2040-01-01T09:00:00Z\nimage,{second},Two,\n"
        )
    };
    let torn = installation.file("torn.csv", &rows("cake.jpg"));
    let output = installation.run(&["--json", "post", "import", "acme", &torn]);
    assert_eq!(output.status.code(), Some(3), "{}", text(&output.stderr));
    let told = json(&text(&output.stdout));
    assert_eq!((&told["imported"], &told["problems"][0]["line"]), (&false.into(), &3.into()), "{told}");

    let right = installation.file("right.csv", &rows(&media));
    let told = json(&installation.done(&["--json", "post", "import", "acme", &right, "--dry-run"]));
    assert_eq!((&told["imported"], &told["rows"]), (&false.into(), &2.into()));
    assert_eq!(json(&installation.done(&["--json", "post", "list", "acme"])), Value::Array(Vec::new()));
    let told = json(&installation.done(&["--json", "post", "import", "acme", &right]));
    assert_eq!(told["posts"].as_array().map(Vec::len), Some(2));
    assert_eq!(
        json(&installation.done(&["--json", "post", "list", "acme"])).as_array().map(Vec::len),
        Some(2)
    );
}
