//! Users with tokens of a real OpenID provider, `tests/provider`.

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::served::{Found, Server, ask};
use crate::support::{Folder, Tested, run};

const AUDIENCE: &str = "https://ovr.example.org";
const REPORT: &str = r#"{"category": "medication", "description":
    "The patient was given ten times the dose and stopped breathing."}"#;

/// A provider with new keys at each start. It ends with its test, even after a panic.
struct Provider {
    child: Child,
    address: String,
}

impl Provider {
    /// Starts it on this port, or on any if 0.
    fn start(port: &str) -> Found<Self> {
        let how = "run this test by `tests/run server`, or after `. tests/tools; need_provider`";
        let named = |name| std::env::var_os(name).ok_or_else(|| format!("{name} is not set: {how}"));
        let mut child = Command::new(named("EOVR_NODE")?)
            .arg(named("EOVR_PROVIDER")?)
            .arg(port)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let mut said = String::new();
        BufReader::new(child.stdout.take().ok_or("standard output is a pipe")?).read_line(&mut said)?;
        let address = said.trim().strip_prefix("issuer http://").map(str::to_owned);
        let provider = Self { child, address: address.clone().unwrap_or_default() };
        address.map(|_| provider).ok_or_else(|| "the provider did not start".into())
    }

    fn port(&self) -> &str {
        self.address.rsplit(':').next().unwrap_or_default()
    }

    /// Requests an access token for a client and a resource.
    fn token_for(&self, client: &str, resource: &str) -> Found<String> {
        let form = "POST /token HTTP/1.1\r\ncontent-type: application/x-www-form-urlencoded";
        let resource = resource.replace(':', "%3A").replace('/', "%2F");
        let body = format!(
            "grant_type=client_credentials&client_id={client}&client_secret=for+tests+only&resource={resource}"
        );
        let answer = json_of(&ask(&self.address, form, &body)?)?;
        let token = answer.get("access_token").and_then(Value::as_str);
        Ok(token.ok_or_else(|| format!("no token: {answer}"))?.to_owned())
    }

    fn token(&self, client: &str) -> Found<String> {
        self.token_for(client, AUDIENCE)
    }

    /// Kills it.
    fn end(mut self) -> Found<String> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(self.port().to_owned())
    }

    /// Our server, configured for the provider.
    fn server(&self, folder: &Folder) -> Found<Server> {
        let file = settings(folder, &format!("http://{}", self.address))?;
        Server::start(folder.command("serve").arg("--identity-provider").arg(file))
    }
}

fn settings(folder: &Folder, issuer: &str) -> Found<PathBuf> {
    let file = folder.file("provider.json");
    let roles = json!({"ovr-staff": "staff", "ovr-quality": "quality_admin"});
    std::fs::write(&file, json!({"issuer": issuer, "audience": AUDIENCE, "roles": roles}).to_string())?;
    Ok(file)
}

fn json_of(answer: &str) -> Found<Value> {
    let (_, body) = answer.split_once("\r\n\r\n").ok_or("an answer has a body")?;
    Ok(serde_json::from_str(body)?)
}

/// Status and body of the server's response to this token.
fn answer(server: &Server, request: &str, token: &str, body: &str) -> Found<(u16, Value)> {
    let head =
        format!("{request} HTTP/1.1\r\ncontent-type: application/json\r\nauthorization: Bearer {token}");
    let answer = server.ask(&head, body)?;
    let status = answer.split(' ').nth(1).unwrap_or_default().parse()?;
    Ok((status, json_of(&answer)?))
}

fn health(server: &Server) -> Found<Value> {
    json_of(&server.ask("GET /health HTTP/1.1", "")?)
}

#[test]
fn people_of_a_provider_report_and_read_and_its_keys_may_change() -> Tested {
    let provider = Provider::start("0")?;
    let folder = Folder::new()?;
    let server = provider.server(&folder)?;
    assert_eq!(health(&server)?["identity_provider"], "ok");

    // RS256 and ES256: the provider signs with both.
    let (nurse, quality) = (provider.token("nurse")?, provider.token("quality")?);
    let (status, made) = answer(&server, "POST /api/incidents", &nurse, REPORT)?;
    assert_eq!(status, 201, "{made}");
    let (status, me) = answer(&server, "GET /api/auth/me", &nurse, "")?;
    assert_eq!((status, &me["role"], &me["facilities"]), (200, &json!("staff"), &json!(["WN-E-1"])));
    let listed = |token: &str| -> Found<Vec<Value>> {
        let (status, list) = answer(&server, "GET /api/incidents", token, "")?;
        assert_eq!(status, 200, "{list}");
        Ok(list["items"].as_array().into_iter().flatten().map(|item| item["id"].clone()).collect())
    };
    assert_eq!(listed(&quality)?, std::slice::from_ref(&made["id"]));
    assert_eq!(listed(&provider.token("elsewhere")?)?, Vec::<Value>::new());

    let status = |token: &str| {
        Ok::<_, Box<dyn std::error::Error>>(answer(&server, "GET /api/incidents", token, "")?.0)
    };
    assert_eq!(status(&provider.token("stranger")?)?, 403);
    assert_eq!(status(&provider.token_for("quality", "https://payroll.example.org")?)?, 401);
    assert_eq!(status("")?, 401);

    // While the provider is down, existing tokens work. After its restart with new keys, the server loads them.
    let port = provider.end()?;
    assert_eq!(status(&quality)?, 200);
    let provider = Provider::start(&port)?;
    let fresh = provider.token("quality")?;
    wait_for("the new keys", || Ok(status(&fresh)? == 200))?;
    assert_eq!(listed(&fresh)?, std::slice::from_ref(&made["id"]));
    assert_eq!(status(&quality)?, 401, "its key is gone");
    let nurse_again = provider.token("nurse")?;
    let (status, again) = answer(&server, "POST /api/incidents", &nurse_again, REPORT)?;
    assert_eq!(status, 201, "{again}");
    assert_eq!(listed(&fresh)?.len(), 2);

    server.terminate()?;
    let (ended, log) = server.end()?;
    assert!(ended.success(), "{ended}");
    let names = [&nurse, &quality, &fresh].map(|token| token.split('.').nth(1).unwrap_or("a token"));
    assert!(names.iter().all(|part| !log.contains(part)), "a token is in the log");
    Ok(())
}

#[test]
fn an_unavailable_identity_provider_at_start_is_reported_and_retried() -> Tested {
    let provider = Provider::start("0")?;
    let folder = Folder::new()?;
    let address = provider.address.clone();
    let early = provider.token("quality")?;
    let port = provider.end()?;
    let file = settings(&folder, &format!("http://{address}"))?;
    let server = Server::start(folder.command("serve").arg("--identity-provider").arg(file))?;
    let unwell = health(&server)?;
    assert_eq!((&unwell["status"], &unwell["identity_provider"]), (&json!("ok"), &json!("unavailable")));
    assert_eq!(answer(&server, "GET /api/incidents", &early, "")?.0, 503);
    // A token without that issuer goes to our own login, which works.
    assert_eq!(answer(&server, "GET /api/incidents", "nonsense", "")?.0, 401);

    let provider = Provider::start(&port)?;
    // Without any request, the server retries by itself.
    wait_for("the provider", || Ok(health(&server)?["identity_provider"] == "ok"))?;
    let (status, list) = answer(&server, "GET /api/incidents", &provider.token("quality")?, "")?;
    assert_eq!(status, 200, "{list}");
    server.terminate()?;
    let (ended, log) = server.end()?;
    assert!(ended.success(), "{ended}");
    let line = log.lines().find(|line| line.contains("the identity provider gives no keys"));
    let line = line.ok_or_else(|| format!("it is not in the log: {log}"))?;
    assert!(line.contains("WARN") && line.contains("cannot connect") && line.contains(&address), "{line}");
    assert!(log.contains("the identity provider gives keys again"), "{log}");
    Ok(())
}

/// A mistake in the file ends the program before it serves.
#[test]
fn a_file_that_describes_no_provider_is_refused() -> Tested {
    let folder = Folder::new()?;
    let file = folder.file("provider.json");
    let check = |certificates: bool, expected: &[&str]| -> Tested {
        let mut command = folder.command("serve");
        command.args(["--listen", "127.0.0.1:0"]).arg("--identity-provider").arg(&file);
        if certificates {
            command.arg("--identity-provider-ca").arg(&file);
        }
        let refused = run(&mut command)?;
        assert_eq!(refused.code, Some(2), "{}", refused.said);
        let complained = refused.complained.split_whitespace().collect::<Vec<_>>().join(" ");
        for part in expected {
            assert!(complained.contains(part), "{part}: {complained}");
        }
        Ok(())
    };
    let with = |issuer: &str| json!({"issuer": issuer, "audience": "a", "roles": {"a": "staff"}});
    let other = |name: &str, value: Value| {
        let mut all = with("https://login.example.org");
        all[name] = value;
        all
    };
    for (text, expected) in [
        (json!("https://login.example.org"), "invalid type"),
        (with("http://login.example.org"), "`https://`"),
        (with("login.example.org"), "URL"),
        (other("audience", json!("")), "without an `audience`"),
        (other("roles", json!({})), "`roles` names none"),
        (other("roles", json!({"a": "boss"})), "`staff`"),
        (other("role", json!({})), "`role`"),
    ] {
        std::fs::write(&file, text.to_string())?;
        check(false, &["does not describe an identity provider", expected])?;
    }
    std::fs::write(&file, with("https://login.example.org").to_string())?;
    check(true, &["there is no certificate in PEM", "name another with --identity-provider-ca"])?;
    std::fs::remove_file(&file)?;
    check(false, &["cannot read", "name another with --identity-provider"])
}

fn wait_for(what: &str, is_there: impl Fn() -> Found<bool>) -> Tested {
    let started = Instant::now();
    while !is_there()? {
        if started.elapsed() > Duration::from_secs(60) {
            return Err(format!("{what} did not come").into());
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}

impl Drop for Provider {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
