//! The command line from outside.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::process::{Command, Output};

/// Runs `prewarm` with only these variables.
fn prewarm(arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_prewarm"));
    command.env_clear().envs(variables.iter().copied()).args(arguments).output().unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[test]
fn every_command_explains_itself() {
    for command in [
        &[][..],
        &["up"],
        &["api"],
        &["worker"],
        &["migrate"],
        &["roles"],
        &["seed"],
        &["rebuild"],
        &["token"],
        &["dead"],
        &["dead", "list"],
        &["dead", "show"],
        &["dead", "retry"],
        &["dead", "discard"],
    ] {
        let output = prewarm(&[command, &["--help"]].concat(), &[]);
        let help = String::from_utf8(output.stdout).unwrap();
        assert_eq!(output.status.code(), Some(0), "{command:?}");
        let usage = help.lines().find(|line| line.starts_with("Usage: prewarm")).unwrap();
        assert!(command.iter().all(|word| usage.contains(word)), "{usage}");
        assert!(!help.lines().next().unwrap().starts_with("Usage"), "{command:?} says what it does");
    }
}

#[test]
fn bad_usage_is_status_2() {
    for arguments in [
        &[][..],
        &["nonsense"],
        &["up", "--production"],
        &["api", "extra"],
        &["token"],
        &["token", "--org", "not-a-uuid"],
        &["seed", "--contacts", "many"],
        &["rebuild"],
        &["rebuild", "--org", "everybody"],
        &["rebuild", "--all", "--org", "00000000-0000-4000-8000-000000000001"],
        &["rebuild", "--all", "--concurrency", "0"],
        &["dead"],
        &["dead", "show"],
        &["dead", "list", "--limit", "-1"],
    ] {
        let output = prewarm(arguments, &[]);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", stderr(&output));
        assert!(output.stdout.is_empty() && !output.stderr.is_empty(), "{arguments:?}");
    }
}

#[test]
fn a_failure_is_status_1_and_one_line_that_names_the_problem() {
    const ORG: &str = "00000000-0000-4000-8000-000000000001";
    const NOWHERE: (&str, &str) = ("DATABASE_URL", "postgres://nobody@localhost/nothing?host=/nonexistent");
    const SILENT: (&str, &str) = ("DATABASE_URL", "postgres://u:hidden@127.0.0.1:1/x");
    for (arguments, variables, named) in [
        (&["migrate"][..], &[][..], "DATABASE_URL"),
        (&["seed"], &[], "DATABASE_URL"),
        (&["dead", "list"], &[], "DATABASE_URL"),
        (&["rebuild", "--all"], &[], "DATABASE_URL"),
        (
            &["worker"],
            &[("PREWARM_ADMIN_ADDR", "127.0.0.1:0"), ("PREWARM_QUEUE_UI_ADDR", "127.0.0.1:0")],
            "DATABASE_URL",
        ),
        (&["token", "--org", ORG], &[], "SUPABASE_JWT_SECRET"),
        (&["token", "--org", ORG], &[("SUPABASE_URL", "https://x.supabase.co")], "SUPABASE_JWT_SECRET"),
        (&["api"], &[("SUPABASE_JWT_SECRET", "a-secret-of-more-than-thirty-two-bytes")], "VAPI_WEBHOOK_SECRET"),
        (&["api"], &[("PREWARM_ADMIN_ADDR", "here")], "PREWARM_ADMIN_ADDR"),
        (
            &["worker"],
            &[
                ("DATABASE_URL", "postgres://localhost:1/none"),
                ("PREWARM_ADMIN_ADDR", "127.0.0.1:0"),
                ("PREWARM_QUEUE_UI_ADDR", "127.0.0.1:0"),
                ("PREWARM_EVENT_RETENTION", "401"),
            ],
            "PREWARM_EVENT_RETENTION",
        ),
        (&["migrate"], &[("DATABASE_URL", "postgres//user:hidden@host")], "DATABASE_URL"),
        (&["migrate"], &[NOWHERE], "Postgres at /nonexistent:5432/nothing (DATABASE_URL) cannot be used: No such file"),
        (&["dead", "list"], &[NOWHERE], "Postgres at /nonexistent:5432/nothing"),
        (&["migrate"], &[SILENT], "Postgres at 127.0.0.1:1/x (DATABASE_URL) cannot be used: nothing listens there"),
        (&["seed"], &[SILENT], "127.0.0.1:1/x"),
        (&["rebuild", "--all"], &[SILENT], "127.0.0.1:1/x"),
        (&["migrate"], &[("DATABASE_URL", "postgres://u:hidden@prewarm.invalid/x")], "prewarm.invalid:5432/x"),
        (
            &["migrate"],
            &[SILENT, ("DATABASE_DIRECT_URL", "postgres://127.0.0.1:2/y")],
            "127.0.0.1:2/y (DATABASE_DIRECT_URL)",
        ),
        // The demo would seed that database and print tokens for it.
        (&["up", "--demo"], &[SILENT], "DATABASE_URL is set"),
        (&["up"], &[("PREWARM_DATA_DIR", "/dev/null")], "PREWARM_DATA_DIR"),
        (&["up", "--demo"], &[("PREWARM_DATA_DIR", "/dev/null")], "/dev/null/demo-secrets.json (PREWARM_DATA_DIR)"),
    ] {
        let output = prewarm(arguments, variables);
        let stderr = stderr(&output);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {stderr}");
        assert_eq!(stderr.lines().count(), 1, "{arguments:?}: {stderr}");
        assert!(stderr.starts_with("prewarm: ") && stderr.contains(named), "{arguments:?}: {stderr}");
        assert!(!stderr.contains("hidden"), "{stderr}");
    }
}

#[test]
fn a_token_is_one_line_for_a_script_to_read() {
    const ORG: &str = "00000000-0000-4000-8000-000000000001";
    let secret = ("SUPABASE_JWT_SECRET", "a-secret-of-more-than-thirty-two-bytes");
    let output = prewarm(&["token", "--org", ORG], &[secret]);
    assert_eq!((output.status.code(), stderr(&output).as_str()), (Some(0), ""));
    let token = String::from_utf8(output.stdout).unwrap();
    assert_eq!((token.lines().count(), token.matches('.').count()), (1, 2), "{token}");
}

#[test]
fn help_lists_the_settings_and_keeps_the_secrets() {
    let set = [
        ("DATABASE_URL", "postgres://u:hidden@127.0.0.1:1/x"),
        ("VAPI_API_KEY", "hidden"),
        ("VAPI_WEBHOOK_SECRET", "hidden"),
        ("SUPABASE_JWT_SECRET", "hidden"),
        ("PREWARM_HTTP_ADDR", "127.0.0.1:8099"),
    ];
    let help = |argument| String::from_utf8(prewarm(&["api", argument], &set).stdout).unwrap();
    let long = help("--help");
    for listed in
        ["[env: DATABASE_URL]", "[env: VAPI_API_KEY]", "[env: PREWARM_HTTP_ADDR=127.0.0.1:8099]", "[default: 512]"]
    {
        assert!(long.contains(listed), "{listed}: {long}");
    }
    assert!(!long.contains("hidden"), "{long}");
    assert!(!help("-h").contains("DATABASE_URL"));
}

#[test]
fn a_variable_set_to_nothing_counts_as_unset_and_a_flag_goes_before_its_variable() {
    let nothing = prewarm(&["migrate"], &[("DATABASE_URL", " "), ("PREWARM_ADMIN_ADDR", "")]);
    assert!(stderr(&nothing).starts_with("prewarm: DATABASE_URL is not set"), "{}", stderr(&nothing));
    let variables = [("DATABASE_URL", "postgres://127.0.0.1:1/variable")];
    for arguments in [
        ["--database-url", "postgres://127.0.0.1:1/flag", "migrate"],
        ["migrate", "--database-url", "postgres://127.0.0.1:1/flag"],
    ] {
        let flag = prewarm(&arguments, &variables);
        assert!(stderr(&flag).contains("127.0.0.1:1/flag"), "{}", stderr(&flag));
    }
}

#[test]
fn a_secret_is_not_taken_from_the_command_line() {
    for arguments in [["--vapi-api-key", "hidden", "worker"], ["worker", "--supabase-jwt-secret", "hidden"]] {
        let refused = prewarm(&arguments, &[]);
        assert_eq!(refused.status.code(), Some(2), "{arguments:?}");
        let said = stderr(&refused);
        assert!(said.contains("in the environment") && !said.contains("hidden"), "{said}");
    }
}
