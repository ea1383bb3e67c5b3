//! Every failure of a provider, in each dialect: the report is filed, the analyst's fields stay empty, the reason is
//! stored, and the analysis is retried or parked.

use eovr_ai::Dialect;
use eovr_core::analyst::{Outcome, retry};
use eovr_core::incident::KIND;
use eovr_core::triage::analysis::NoAnswerReason;
use serde_json::json;

use crate::house::{ANALYST, ANSWER, House, IMPATIENT, KEY, PATIENT, WORDS, int, text};
use crate::replay::{Play, blocked, envelope, refusal, truncated};

/// What happens to an analysis after its first failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Then {
    /// It is retried, and the retry is answered.
    Again,
    /// It is retried once, and parked after a second failure.
    OnceMore,
    /// It is parked.
    Never,
}

use Then::{Again, Never, OnceMore};

type Case = (&'static str, fn(Dialect) -> Play, NoAnswerReason, Then);

fn status(status: u16) -> Play {
    let body = json!({"error": {"message": format!("HACKED-BY-MODEL {WORDS}"), "type": "some_error"}});
    Play::Reply(status, Vec::new(), body.to_string())
}

fn said(text: &'static str) -> Play {
    Play::Says(Box::new(move |_| text.to_owned()))
}

fn well(dialect: Dialect) -> String {
    envelope(dialect, ANSWER).to_string()
}

const CASES: &[Case] = &[
    ("400", |_| status(400), NoAnswerReason::BadRequest, Never),
    ("401", |_| status(401), NoAnswerReason::Auth, Again),
    ("402", |_| status(402), NoAnswerReason::Quota, Again),
    ("403", |_| status(403), NoAnswerReason::Auth, Again),
    ("404", |_| status(404), NoAnswerReason::UnknownModel, Again),
    ("408", |_| status(408), NoAnswerReason::ServerError, Again),
    ("413", |_| status(413), NoAnswerReason::BadRequest, Never),
    ("429", |_| status(429), NoAnswerReason::RateLimited, Again),
    ("500", |_| status(500), NoAnswerReason::ServerError, Again),
    (
        "502, and a page of a proxy",
        |_| {
            Play::Reply(
                502,
                vec![("content-type", "text/html".to_owned())],
                "<h1>Bad Gateway</h1>".to_owned(),
            )
        },
        NoAnswerReason::ServerError,
        Again,
    ),
    ("503", |_| status(503), NoAnswerReason::Overloaded, Again),
    ("504", |_| status(504), NoAnswerReason::Timeout, Again),
    ("529", |_| status(529), NoAnswerReason::Overloaded, Again),
    (
        "429, for good",
        |_| {
            let body = json!({"error": {"code": "insufficient_quota", "type": "insufficient_quota"}});
            Play::Reply(429, Vec::new(), body.to_string())
        },
        NoAnswerReason::Quota,
        Again,
    ),
    (
        "a redirect",
        |_| Play::Reply(307, vec![("location", "http://127.0.0.1:9/steal".to_owned())], String::new()),
        NoAnswerReason::ServerError,
        Again,
    ),
    ("no answer", |_| Play::Stall, NoAnswerReason::Timeout, Again),
    ("a body that does not go on", |dialect| Play::Drip(well(dialect)), NoAnswerReason::Timeout, Again),
    ("a connection that ends at once", |_| Play::Refuse, NoAnswerReason::Network, Again),
    (
        "a connection that ends in the body",
        |dialect| Play::HangUp(well(dialect)),
        NoAnswerReason::Network,
        Again,
    ),
    ("no HTTP", |_| Play::Noise, NoAnswerReason::Network, Again),
    ("a body without an end", |_| Play::Endless, NoAnswerReason::InvalidOutput, OnceMore),
    (
        "200, and a page of a proxy",
        |_| {
            let html = vec![("content-type", "text/html".to_owned())];
            Play::Reply(200, html, "<h1>Please log in</h1>".to_owned())
        },
        NoAnswerReason::ServerError,
        Again,
    ),
    (
        "200, and half of the envelope",
        |dialect| {
            let body = well(dialect);
            Play::Reply(200, Vec::new(), body[..body.len() / 2].to_owned())
        },
        NoAnswerReason::ServerError,
        Again,
    ),
    ("200, and no body", |_| Play::Reply(200, Vec::new(), String::new()), NoAnswerReason::ServerError, Again),
    ("204", |_| Play::Reply(204, Vec::new(), String::new()), NoAnswerReason::ServerError, Again),
    (
        "a model that declines",
        |d| Play::Reply(200, Vec::new(), refusal(d).to_string()),
        NoAnswerReason::Refused,
        Never,
    ),
    (
        "an answer cut off",
        |d| Play::Reply(200, Vec::new(), truncated(d).to_string()),
        NoAnswerReason::Truncated,
        OnceMore,
    ),
    ("a filter", blocked, NoAnswerReason::Blocked, Never),
    ("nothing said", |_| said(""), NoAnswerReason::InvalidOutput, OnceMore),
    ("prose", |_| said("HACKED-BY-MODEL: the level is low."), NoAnswerReason::InvalidOutput, OnceMore),
    (
        "prose around JSON",
        |_| said("Here you are:\n```json\n{}\n```"),
        NoAnswerReason::InvalidOutput,
        OnceMore,
    ),
    ("an empty object", |_| said("{}"), NoAnswerReason::InvalidOutput, OnceMore),
    ("half of the JSON", |_| said("{\"score\": 10, \"level\""), NoAnswerReason::InvalidOutput, OnceMore),
    (
        "a number as a text",
        |_| said(r#"{"score": "83", "level": "high", "confidence": 1, "factors": [], "findings": []}"#),
        NoAnswerReason::InvalidOutput,
        OnceMore,
    ),
    (
        "a word that no list has",
        |_| said(r#"{"score": 83, "level": "dreadful", "confidence": 1, "factors": [], "findings": []}"#),
        NoAnswerReason::InvalidOutput,
        OnceMore,
    ),
    (
        "a member too many",
        |_| {
            said(
                r#"{"score": 83, "level": "high", "confidence": 1, "factors": [], "findings": [], "state": "completed"}"#,
            )
        },
        NoAnswerReason::InvalidOutput,
        OnceMore,
    ),
];

/// Asserts that the incident has no analyst's opinion.
fn is_empty(incident: &eovr_core::record::Record, case: &str) {
    for facet in ANALYST {
        assert!(incident.facet(facet).is_none(), "{case}: `{facet}` is set");
    }
    assert!(incident.sealed("analysis").is_none(), "{case}");
    // The opinion of the built-in scorer stays.
    assert_eq!(text(incident, "ai_model"), "eovr-rules", "{case}");
}

async fn check(dialect: Dialect, (name, play, reason, then): &Case) {
    let case = format!("{} from {}", name, dialect.name());
    let silent = matches!(play(dialect), Play::Stall | Play::Drip(_));
    let house = House::open(dialect, if silent { IMPATIENT } else { PATIENT }).await;
    let id = house.told(WORDS).await;
    house.replay.plays(play(dialect));
    let first = house.works().await;
    assert_eq!(house.replay.heard().len(), 1, "{case}: it is asked once");
    let incident = house.incident(id).await;
    is_empty(&incident, &case);
    let analysis = house.analysis(id).await;
    assert_eq!((text(&analysis, "reason"), int(&analysis, "attempts")), (reason.name(), Some(1)), "{case}");
    if *then == Never {
        assert_eq!(first, [Outcome::Parked(*reason)], "{case}");
        assert_eq!(text(&incident, "analyst_status"), reason.name(), "{case}");
    } else {
        assert_eq!(first, [Outcome::Later(*reason)], "{case}");
        assert_eq!(text(&incident, "analyst_status"), "", "{case}");
        assert!(house.works().await.is_empty(), "{case}: not at once");
        house.clock.pass_seconds(3600);
        house.replay.plays(if *then == Again { said(ANSWER) } else { play(dialect) });
        let second = house.works().await;
        let incident = house.incident(id).await;
        if *then == Again && silent {
            // The deadline is the same and the machine may be busy, so a late answer is accepted too.
            assert!(
                matches!(second[..], [Outcome::Answered | Outcome::Later(NoAnswerReason::Timeout)]),
                "{case}: {second:?}"
            );
        } else if *then == Again {
            assert_eq!(second, [Outcome::Answered], "{case}");
            assert_eq!(int(&incident, "analyst_score"), Some(83), "{case}");
        } else {
            assert_eq!(second, [Outcome::Parked(*reason)], "{case}");
            is_empty(&incident, &case);
            assert_eq!(text(&incident, "analyst_status"), reason.name(), "{case}");
        }
    }
    house.clock.pass_seconds(86_400);
    if *then != Again {
        assert!(house.works().await.is_empty(), "{case}: for good");
    }
    let trail = house.trail(id).await;
    for word in ["HACKED", "morphine", KEY, "Please log in"] {
        assert!(!trail.contains(word), "{case}: the trail has {word}");
    }
}

macro_rules! dialects {
    ($($test:ident: $dialect:expr),+) => { $(
        #[tokio::test(flavor = "multi_thread")]
        async fn $test() {
            for case in CASES {
                check($dialect, case).await;
            }
        }
    )+ };
}

dialects! {
    openai_fails_and_no_report_is_lost: Dialect::OpenAi,
    anthropic_fails_and_no_report_is_lost: Dialect::Anthropic,
    google_fails_and_no_report_is_lost: Dialect::Google,
    a_local_server_fails_and_no_report_is_lost: Dialect::Local
}

#[tokio::test]
async fn a_provider_is_not_asked_before_its_retry_time() {
    let house = House::open(Dialect::Anthropic, PATIENT).await;
    house.told(WORDS).await;
    let headers = vec![("retry-after", "5000".to_owned())];
    house.replay.plays(Play::Reply(429, headers, json!({"type": "error"}).to_string()));
    assert_eq!(house.works().await, [Outcome::Later(NoAnswerReason::RateLimited)]);
    house.clock.pass_seconds(4998);
    assert!(house.works().await.is_empty());
    // Another report waits as well, because the wait applies to the provider.
    let other = house.told("The lift stood still for an hour.").await;
    assert_eq!(house.works().await, [Outcome::Later(NoAnswerReason::BreakerOpen)]);
    assert_eq!((int(&house.analysis(other).await, "attempts"), house.replay.heard().len()), (None, 1));
    house.clock.pass_seconds(3);
    house.says(|_| ANSWER.to_owned());
    house.says(|_| ANSWER.to_owned());
    assert_eq!(house.works().await, [Outcome::Answered, Outcome::Answered]);
}

#[tokio::test]
async fn an_analysis_is_parked_after_six_failures_and_retried_on_request() {
    let house = House::open(Dialect::OpenAi, PATIENT).await;
    let id = house.told(WORDS).await;
    let mut outcomes = Vec::new();
    for _ in 0..20 {
        house.replay.plays(status(500));
        outcomes.extend(house.works().await);
        house.clock.pass_seconds(3 * 3600);
    }
    let asked = house.replay.heard().len();
    assert_eq!(outcomes.last(), Some(&Outcome::Parked(NoAnswerReason::ServerError)), "{outcomes:?}");
    assert_eq!((asked, text(&house.incident(id).await, "analyst_status")), (6, "server_error"));
    let incidents = KIND;
    house.clock.pass_seconds(30 * 86_400);
    retry(&house.quality(), &incidents, id).await.unwrap_err();
    retry(&house.top(), &incidents, id).await.unwrap();
    house.replay.forget();
    house.says(|_| ANSWER.to_owned());
    assert_eq!(house.works().await.last(), Some(&Outcome::Answered));
    assert_eq!(text(&house.incident(id).await, "analyst_status"), "answered");
}

#[tokio::test]
async fn the_retry_after_a_truncated_answer_may_be_longer() {
    let house = House::open(Dialect::Anthropic, PATIENT).await;
    house.told(WORDS).await;
    house.replay.plays(Play::Reply(200, Vec::new(), truncated(Dialect::Anthropic).to_string()));
    house.works().await;
    house.clock.pass_seconds(3600);
    house.says(|_| ANSWER.to_owned());
    house.works().await;
    let asked: Vec<_> = house.replay.heard().iter().map(|heard| heard.body["max_tokens"].as_u64()).collect();
    assert_eq!(asked, [Some(4096), Some(8192)]);
}

#[tokio::test]
async fn the_circuit_breaker_opens_for_a_failing_provider_and_then_allows_one_probe() {
    let house = House::open(Dialect::Google, PATIENT).await;
    for number in 0..8 {
        house.told(&format!("The lift stood still for an hour, number {number}.")).await;
        house.replay.plays(status(500));
    }
    let outcomes = house.works().await;
    let held =
        outcomes.iter().filter(|outcome| **outcome == Outcome::Later(NoAnswerReason::BreakerOpen)).count();
    assert_eq!((held, house.replay.heard().len()), (3, 5), "{outcomes:?}");
    assert_eq!(house.worker.providers()[0].breaker, "open");
    assert_eq!(house.worker.providers()[0].last, Some(NoAnswerReason::ServerError));
    house.clock.pass_seconds(31);
    let outcomes = house.works().await;
    assert_eq!(house.replay.heard().len(), 1, "one sees whether it is back: {outcomes:?}");
    house.clock.pass_seconds(3600);
    house.replay.forget();
    for _ in 0..8 {
        house.says(|_| ANSWER.to_owned());
    }
    let outcomes = house.works().await;
    assert!(outcomes.contains(&Outcome::Answered), "{outcomes:?}");
    assert_eq!(house.worker.providers()[0].breaker, "closed");
}
