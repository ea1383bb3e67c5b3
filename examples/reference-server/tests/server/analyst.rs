//! A model outside, for operators and users: it is off until three decisions are made, it runs beside the requests, and
//! its absence costs no user anything.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::hospital::{Hospital, text};
use crate::served::Found;
use crate::support::{Folder, Tested, run};

const PATIENCE: Duration = Duration::from_secs(30);
const WORDS: &str = "Mr Hassan was given ten times the dose of morphine from the wrong pump.";
const KEY: &str = "sk-for-tests-only";

/// A server with OpenAI's Chat Completions API; yields the questions that it receives.
fn model() -> Found<(String, Receiver<(String, Value)>)> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = format!("http://{}/v1", listener.local_addr()?);
    let (tell, told) = channel();
    std::thread::spawn(move || -> std::io::Result<()> {
        loop {
            let (mut stream, _) = listener.accept()?;
            let (mut bytes, mut one) = (Vec::new(), [0]);
            while !bytes.ends_with(b"\r\n\r\n") && stream.read(&mut one)? == 1 {
                bytes.push(one[0]);
            }
            let head = String::from_utf8_lossy(&bytes).to_lowercase();
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            let mut body = vec![0; length.and_then(|length| length.trim().parse().ok()).unwrap_or(0)];
            stream.read_exact(&mut body)?;
            let answer = r#"{"score": 91, "level": "extreme", "confidence": 80, "factors": [
                {"code": "equipment", "quote": "wrong pump"}], "findings": []}"#;
            let answer =
                json!({"choices": [{"finish_reason": "stop", "message": {"content": answer}}]}).to_string();
            let length = answer.len();
            write!(
                stream,
                "HTTP/1.1 200 OK\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{answer}"
            )?;
            if tell.send((head, serde_json::from_slice(&body).unwrap_or_default())).is_err() {
                return Ok(());
            }
        }
    });
    Ok((address, told))
}

fn get(hospital: &Hospital, path: &str, token: &str) -> Found<Value> {
    let head = format!("GET {path} HTTP/1.1\r\nauthorization: Bearer {token}");
    let answer = hospital.server.ask(&head, "")?;
    let (_, body) = answer.split_once("\r\n\r\n").ok_or("an answer has a body")?;
    serde_json::from_str(body).map_err(|error| format!("{error}: {answer}").into())
}

/// Posts a request whose response has no body.
fn done(hospital: &Hospital, path: &str, token: &str, body: &Value) -> Tested {
    let head =
        format!("POST {path} HTTP/1.1\r\nauthorization: Bearer {token}\r\ncontent-type: application/json");
    let answer = hospital.server.ask(&head, &body.to_string())?;
    if answer.starts_with("HTTP/1.1 204") { Ok(()) } else { Err(answer.into()) }
}

fn report(hospital: &Hospital) -> Found<String> {
    let nurse = hospital.known("staff.wn-e-1@eovr.test")?;
    let made =
        hospital.post("/api/incidents", &nurse, &json!({"category": "medication", "description": WORDS}))?;
    text(&made, "id")
}

/// The incident's analysis, as soon as it has one.
fn analysed(hospital: &Hospital, id: &str, token: &str) -> Found<Value> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let incident = get(hospital, &format!("/api/incidents/{id}"), token)?;
        let analyst = incident.get("analyst").cloned().unwrap_or_default();
        if analyst.get("status").is_some_and(Value::is_string) {
            return Ok(analyst);
        }
        assert!(Instant::now() < deadline, "no analysis arrived: {incident}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn a_model_is_asked_only_after_three_decisions() -> Tested {
    let (address, asked) = model()?;
    let hospital = Hospital::open(|serve| {
        serve
            .env("EOVR_AI_PROVIDER", "local")
            .env("EOVR_AI_MODEL", "house-1")
            .env("EOVR_AI_BASE_URL", &address);
        serve.env("EOVR_AI_KEY", KEY);
    })?;
    let (top, quality) = (hospital.known("top@eovr.test")?, hospital.known("quality.wn-e-1@eovr.test")?);
    let status = get(&hospital, "/api/ai/status", &quality)?;
    assert_eq!((&status["remote"], &status["provider"]), (&json!(false), &Value::Null), "{status}");
    let models = get(&hospital, "/api/ai/models", &top)?;
    assert_eq!(models["items"][0]["state"], "candidate", "{models}");
    let model = format!("/api/ai/models/{}", text(&models["items"][0], "id")?);
    let because = json!({"reason": "it is better on our own reports"});
    assert!(
        done(&hospital, &format!("{model}/activate"), &top, &because).is_err(),
        "the model was not evaluated"
    );
    assert!(done(&hospital, &format!("{model}/try"), &quality, &because).is_err(), "it is not for tier 2");
    let figures =
        json!({"cases": 400, "gain": 90, "gain_low": 40, "against": "rules", "report": "ab".repeat(32)});
    done(&hospital, &format!("{model}/examine"), &top, &figures)?;
    done(&hospital, &format!("{model}/activate"), &top, &because)?;
    let facilities = get(&hospital, "/api/facilities?limit=100", &top)?;
    let here =
        facilities["items"].as_array().and_then(|all| all.iter().find(|one| one["facility"] == "WN-E-1"));
    let here = text(here.ok_or("the facility is there")?, "id")?;
    let allow = json!({"processors": ["local"], "reason": "it stands in our own cellar"});
    done(&hospital, &format!("/api/facilities/{here}/processors"), &top, &allow)?;

    let id = report(&hospital)?;
    let (head, question) = loop {
        let (head, question) = asked.recv_timeout(PATIENCE)?;
        // Questions about the demonstration's own incidents may come first.
        if question.to_string().contains("wrong pump") {
            break (head, question);
        }
    };
    assert!(head.starts_with("post /v1/chat/completions http/1.1"), "{head}");
    assert!(head.contains(&format!("authorization: bearer {KEY}")), "{head}");
    let question = question.to_string();
    assert!(!question.contains("Hassan"), "{question}");
    let said = analysed(&hospital, &id, &quality)?;
    assert_eq!((&said["status"], &said["score"]), (&json!("answered"), &json!(91)), "{said}");
    assert_eq!((&said["model"], &said["band"]), (&json!("local/house-1"), &json!("extreme")), "{said}");
    let status = get(&hospital, "/api/ai/status", &quality)?;
    assert_eq!(status["remote"], true, "{status}");
    assert!(status["budget_left"].as_u64().is_some_and(|left| left < 500), "{status}");
    assert_eq!(status["providers"][0]["breaker"], "closed", "{status}");
    let months = get(&hospital, &model, &top)?;
    assert!(months["months"][0]["answered"].as_u64().is_some_and(|count| count > 0), "{months}");

    done(&hospital, &format!("{model}/retire"), &top, &because)?;
    assert_eq!(get(&hospital, "/api/ai/status", &quality)?["remote"], false);
    hospital.server.terminate()?;
    let (_, log) = hospital.server.end()?;
    for secret in [KEY, "Hassan", "morphine"] {
        assert!(!log.contains(secret), "{log}");
    }
    Ok(())
}

#[test]
fn an_unavailable_model_provider_blocks_nothing_and_is_reported() -> Tested {
    // A port without a listener.
    let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    let hospital = Hospital::open(|serve| {
        serve.args(["--ai-provider", "openai", "--ai-model", "m-1"]);
        serve.args(["--ai-base-url", &format!("http://127.0.0.1:{port}")]).env("EOVR_AI_KEY", KEY);
    })?;
    let top = hospital.known("top@eovr.test")?;
    let models = get(&hospital, "/api/ai/models", &top)?;
    let model = format!("/api/ai/models/{}", text(&models["items"][0], "id")?);
    done(&hospital, &format!("{model}/try"), &top, &json!({"reason": "we want to know"}))?;
    let facilities = get(&hospital, "/api/facilities?limit=100", &top)?;
    for facility in facilities["items"].as_array().ok_or("a list")? {
        let allow = json!({"processors": ["openai"], "reason": "the data protection officer agrees"});
        done(&hospital, &format!("/api/facilities/{}/processors", text(facility, "id")?), &top, &allow)?;
    }
    for _ in 0..6 {
        report(&hospital)?;
    }
    let deadline = Instant::now() + PATIENCE;
    loop {
        let answer = hospital.server.ask("GET /health HTTP/1.1", "")?;
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        if answer.contains(r#""ai":"failing""#) {
            break;
        }
        assert!(Instant::now() < deadline, "no report of the unavailable provider");
        std::thread::sleep(Duration::from_millis(50));
    }
    let status = get(&hospital, "/api/ai/status", &top)?;
    assert_eq!(status["providers"][0]["last_error"], "network", "{status}");
    report(&hospital)?;
    Ok(())
}

#[test]
fn wrong_model_settings_are_reported_before_anything_is_sent() -> Tested {
    let cases: [(&[&str], Option<&str>, &str); 4] = [
        (&["--ai-provider", "openai", "--ai-model", "m"], None, "EOVR_AI_KEY is not set"),
        (
            &["--ai-provider", "openia", "--ai-model", "m"],
            Some(KEY),
            "`openai`, `anthropic`, `google`, `local`",
        ),
        (&["--ai-provider", "openai"], Some(KEY), "--ai-model"),
        (
            &["--ai-provider", "openai", "--ai-model", "m", "--ai-base-url", "http://ai.example.org"],
            Some(KEY),
            "is not encrypted",
        ),
    ];
    for (options, key, wanted) in cases {
        let folder = Folder::new()?;
        std::fs::create_dir_all(folder.data())?;
        let mut command = folder.command("check");
        command.env_remove("EOVR_AI_KEY").args(options).envs(key.map(|key| ("EOVR_AI_KEY", key)));
        let run = run(&mut command)?;
        assert_ne!(run.code, Some(0), "{options:?}: {}", run.said);
        run.says(&[wanted])?;
        assert!(!run.said.contains(KEY) && !run.complained.contains(KEY), "{}", run.said);
    }
    Ok(())
}

/// Trains a model of these levels with `train`.
fn trained(folder: &Folder, levels: &[&str]) -> Found<std::path::PathBuf> {
    let mut table = "text,level,part\n".to_owned();
    for number in 0..200 {
        let level = levels.get(number % levels.len()).ok_or("a level")?;
        let part = if number % 5 == 0 { "valid" } else { "train" };
        table.push_str(&format!("\"what happened in room {number} was {level} for us\",{level},{part}\n"));
    }
    let (data, model) = (folder.file("told.csv"), folder.file("wards.model"));
    std::fs::write(&data, table)?;
    let mut train = std::process::Command::new(env!("CARGO_BIN_EXE_eovr-server"));
    train.args([
        "train",
        "--text",
        "text",
        "--label",
        "level",
        "--split",
        "part",
        "--ordinal",
        &levels.join(","),
    ]);
    let made = run(train.arg("--data").arg(&data).arg("--out").arg(&model))?;
    if made.code == Some(0) { Ok(model) } else { Err(made.complained.into()) }
}

#[test]
fn a_model_of_the_house_s_own_is_asked_here_and_a_learner_follows_the_reviews() -> Tested {
    let folder = Folder::new()?;
    let model = trained(&folder, &["low", "medium", "high", "extreme"])?;
    let hospital = Hospital::open(|serve| {
        serve.arg("--learn").env("EOVR_AI_HOUSE_MODEL", &model);
    })?;
    let (top, quality) = (hospital.known("top@eovr.test")?, hospital.known("quality.wn-e-1@eovr.test")?);
    let models = get(&hospital, "/api/ai/models", &top)?;
    assert_eq!(
        (&models["items"][0]["provider"], &models["items"][0]["state"]),
        (&json!("house"), &json!("candidate"))
    );
    let model = format!("/api/ai/models/{}", text(&models["items"][0], "id")?);
    let figures =
        json!({"cases": 400, "gain": 90, "gain_low": 40, "against": "rules", "report": "ab".repeat(32)});
    done(&hospital, &format!("{model}/examine"), &top, &figures)?;
    done(&hospital, &format!("{model}/activate"), &top, &json!({"reason": "better on our own reports"}))?;
    let facilities = get(&hospital, "/api/facilities?limit=100", &top)?;
    let here =
        facilities["items"].as_array().and_then(|all| all.iter().find(|one| one["facility"] == "WN-E-1"));
    let here = text(here.ok_or("the facility is there")?, "id")?;
    let allow = json!({"processors": ["house"], "reason": "nothing leaves"});
    done(&hospital, &format!("/api/facilities/{here}/processors"), &top, &allow)?;

    let id = report(&hospital)?;
    let said = analysed(&hospital, &id, &quality)?;
    assert!(said["model"].as_str().is_some_and(|model| model.starts_with("house/")), "{said}");
    let status = get(&hospital, "/api/ai/status", &quality)?;
    assert_eq!((&status["remote"], &status["provider"]), (&json!(false), &json!("house")), "{status}");
    assert_eq!((&status["scorer"], &status["learner"]["in_charge"]), (&json!("eovr-rules"), &json!(false)));

    let verdict = json!({"verdict": "accepted"});
    let reviewed = hospital.post(&format!("/api/incidents/{id}/ai-review"), &quality, &verdict)?;
    assert!(reviewed["version"].is_u64(), "{reviewed}");
    let deadline = Instant::now() + PATIENCE;
    while get(&hospital, "/api/ai/status", &quality)?["learner"]["reviews"].as_u64() < Some(1) {
        assert!(Instant::now() < deadline, "nothing was learned");
        std::thread::sleep(Duration::from_millis(100));
    }
    assert_eq!(
        get(&hospital, "/api/ai/status", &top)?["learner"],
        Value::Null,
        "only the facility sees its learner"
    );
    Ok(())
}

#[test]
fn a_model_of_other_labels_is_refused_before_the_server_starts() -> Tested {
    let folder = Folder::new()?;
    let model = trained(&folder, &["low", "high"])?;
    let refused = run(folder.command("serve").env("EOVR_AI_HOUSE_MODEL", &model))?;
    assert_ne!(refused.code, Some(0));
    refused.says(&["the model's labels are not the four bands", "low, medium, high, extreme"])
}
