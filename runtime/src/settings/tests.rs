//! What settings say, and what is said of those that cannot be used.

use super::*;

fn environment(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn the_embedded_defaults_are_complete_and_valid() {
    let settings = Settings::load(None, []).unwrap();
    assert_eq!(settings.database_url().expose_secret(), "sqlite:data/troupe.db");
}

#[test]
fn the_environment_wins_over_the_file() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "[http]\nlisten = \"127.0.0.1:9001\"\n[data]\ndir = \"elsewhere\"\n")
        .unwrap();
    let env = environment(&[("TROUPE__HTTP__LISTEN", "127.0.0.1:9002"), ("HOME", "/root")]);
    let settings = Settings::load(Some(file.path()), env).unwrap();
    assert_eq!(settings.http.listen.port(), 9002);
    assert_eq!(settings.data.dir, Path::new("elsewhere"));
}

#[test]
fn a_file_of_models_is_looked_for_beside_the_settings_file_that_names_it() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("troupe.toml");
    let models_file = |text: &str, env: &[(&str, &str)]| {
        std::fs::write(&file, text).unwrap();
        Settings::load(Some(&file), environment(env)).unwrap().models.file
    };
    let relative = "[models]\nfile = \"conf/models.toml\"\n";
    assert_eq!(models_file(relative, &[]), folder.path().join("conf/models.toml"));
    assert_eq!(models_file("[models]\nfile = \"/etc/models.toml\"\n", &[]), Path::new("/etc/models.toml"));
    assert_eq!(models_file("[models]\nfile = \"\"\n", &[]), Path::new(""));
    let env = [("TROUPE__MODELS__FILE", "here.toml")];
    assert_eq!(models_file(relative, &env), Path::new("here.toml"), "a shell means the folder it is in");
}

#[test]
fn media_are_fetched_from_the_public_address_unless_they_have_one_of_their_own() {
    let media_url = |overrides| Settings::with(overrides).unwrap().media_url();
    let public = "[http]\npublic_url = \"https://troupe.example.com/\"\n";
    assert_eq!(media_url(""), None);
    assert_eq!(media_url(public).as_deref(), Some("https://troupe.example.com"));
    let both = format!("{public}[media]\npublic_url = \"https://cdn.example.com\"\n");
    let settings = Settings::with(&both).unwrap();
    assert_eq!(settings.media_url().as_deref(), Some("https://cdn.example.com"));
    assert_eq!(settings.people_url().as_deref(), Some("https://troupe.example.com"));
}

#[test]
fn videos_are_sent_where_instagram_cannot_fetch_them_unless_somebody_says_otherwise() {
    let sent = |overrides: &str| Settings::with(overrides).unwrap().sent_videos();
    let at = |url: &str| format!("[http]\npublic_url = \"{url}\"\n");
    let sandbox = "[instagram]\ninstagram_base_url = \"http://127.0.0.1:8090\"\n";
    assert_eq!(sent(""), SentVideos::WhereDocumented);
    assert_eq!(sent(&at("https://troupe.example.com")), SentVideos::None);
    for private in
        ["http://localhost:8080", "http://192.168.1.7:8080", "http://[::1]:80", "https://nas.local"]
    {
        assert_eq!(sent(&at(private)), SentVideos::WhereDocumented, "{private}");
        assert_eq!(sent(&(at(private) + sandbox)), SentVideos::None, "a sandbox reaches {private}");
    }
    assert_eq!(sent("[media.bucket]\nname = \"b\"\npresign = true\n"), SentVideos::None);
    assert_eq!(sent("[media]\nvideos = \"fetch\"\n"), SentVideos::None);
    assert_eq!(sent(&(at("https://troupe.example.com") + "[media]\nvideos = \"push\"\n")), SentVideos::All);
}

#[test]
fn an_unknown_key_is_named() {
    let error = Settings::load(None, environment(&[("TROUPE__HTTP__LISTN", "x")])).unwrap_err();
    assert!(error.to_string().contains("listn"), "{error}");
}

#[test]
fn a_variable_with_too_few_underscores_is_told_and_those_of_others_are_not() {
    for (found, meant) in [
        ("TROUPE_HTTP_LISTEN", "TROUPE__HTTP__LISTEN"),
        ("TROUPE_DATA_DIR", "TROUPE__DATA__DIR"),
        ("TROUPE_HTTP__PUBLIC_URL", "TROUPE__HTTP__PUBLIC_URL"),
    ] {
        let error = Settings::load(None, environment(&[(found, "x")])).unwrap_err().to_string();
        assert!(error.contains(found) && error.contains(meant), "{error}");
    }
    let of_others =
        [("TROUPE_URL", "x"), ("TROUPE_SERVICE_HOST", "x"), ("TROUPE_PORT_8080_TCP", "x"), ("PATH", "x")];
    Settings::load(None, environment(&of_others)).unwrap();
}

#[test]
fn a_secret_in_the_wrong_form_is_not_repeated() {
    for key in ["TROUPE__INSTAGRAM__APP__SECRETS", "TROUPE__MODELS__KEYS", "TROUPE__MEDIA__MAX_BYTES"] {
        let error = Settings::load(None, environment(&[(key, "hunter2")])).unwrap_err().to_string();
        assert!(!error.contains("hunter2") && error.contains("it should be"), "{error}");
    }
}

#[test]
fn a_value_that_cannot_be_read_is_told_with_its_key() {
    let error = Settings::load(None, environment(&[("TROUPE__HTTP__LISTEN", "banana")])).unwrap_err();
    assert!(error.to_string().contains("http.listen"), "{error}");
}

#[test]
fn a_file_that_is_no_toml_is_named_with_the_line_but_not_what_stands_there() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "[mail]\npassword = \"hunter2\nport = 25\n").unwrap();
    let error = Settings::load(Some(file.path()), []).unwrap_err().to_string();
    assert!(error.contains(&file.path().display().to_string()) && error.contains("line 2"), "{error}");
    assert!(!error.contains("hunter2"), "{error}");
}

#[test]
fn what_looks_like_a_number_is_a_text_where_a_text_is_meant() {
    let settings = Settings::load(
        None,
        environment(&[
            ("TROUPE__INSTAGRAM__APP__ID", "937114054005398"),
            ("TROUPE__INSTAGRAM__APP__VERIFY_TOKEN", "\"0123\""),
            ("TROUPE__MAIL__PASSWORD", "1e3"),
            ("TROUPE__MAIL__PORT", "2525"),
        ]),
    )
    .unwrap();
    let app = &settings.instagram.app;
    assert_eq!((app.id.as_str(), app.verify_token.expose_secret()), ("937114054005398", "0123"));
    assert_eq!((settings.mail.password.expose_secret(), settings.mail.port), ("1e3", 2525));
}

#[test]
fn secrets_show_neither_in_debug_nor_in_print() {
    let env = environment(&[
        ("TROUPE__DATABASE__URL", "postgres://u:hunter2@h/d"),
        ("TROUPE__INSTAGRAM__APP__SECRETS", "[\"hunter2\"]"),
        ("TROUPE__MODELS__KEYS__ANTHROPIC", "hunter2"),
        ("TROUPE__MAIL__PASSWORD", "hunter2"),
        ("TROUPE__MEDIA__BUCKET__SECRET_ACCESS_KEY", "hunter2"),
    ]);
    assert!(!format!("{:?}", Settings::load(None, env.clone()).unwrap()).contains("hunter2"));
    assert!(!format!("{:?}", printable(None, env).unwrap()).contains("hunter2"));
}
