//! Maps a failed reply to a reason. The dialects write the same errors in different formats.

use eovr_core::triage::analysis::{NoAnswer, NoAnswerReason};
use jiff::fmt::rfc2822;
use reqwest::header::{DATE, HeaderMap, RETRY_AFTER};
use serde_json::Value;

use crate::client::Reply;

/// The longest `retry-after` that we accept, in seconds.
const LONGEST_WAIT: u32 = 7 * 86_400;

/// The reason for a status that is not 200.
pub(crate) fn failure(reply: &Reply) -> NoAnswer {
    let body: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
    // Google sometimes wraps its one error in a list.
    let error = body.get(0).unwrap_or(&body).get("error").cloned().unwrap_or_default();
    let word = |name: &str| error.get(name).and_then(Value::as_str).unwrap_or_default();
    let never_again = reply.headers.get("x-should-retry").is_some_and(|value| value == "false");
    let reason = match reply.status {
        400 if word("code") == "content_filter" => NoAnswerReason::Blocked,
        // Google reports an unknown key as a bad request.
        400 if detail(&error, "reason") == Some("API_KEY_INVALID") => NoAnswerReason::Auth,
        401 | 403 => NoAnswerReason::Auth,
        402 => NoAnswerReason::Quota,
        404 => NoAnswerReason::UnknownModel,
        429 if word("code") == "insufficient_quota"
            || word("type") == "insufficient_quota"
            || never_again =>
        {
            NoAnswerReason::Quota
        }
        429 if by_the_day(&error) => NoAnswerReason::Quota,
        429 => NoAnswerReason::RateLimited,
        504 => NoAnswerReason::Timeout,
        503 | 529 => NoAnswerReason::Overloaded,
        408 | 409 | 425 | 499 | 500..=599 => NoAnswerReason::ServerError,
        // A redirect, or a reply of a proxy. It may be temporary.
        100..=399 => NoAnswerReason::ServerError,
        _ => NoAnswerReason::BadRequest,
    };
    let wait_seconds = wait(&reply.headers).or_else(|| google_wait(&error));
    NoAnswer { reason, wait_seconds: wait_seconds.filter(|_| reason.is_of_the_provider()) }
}

/// The wait that the headers ask for, in seconds, rounded up.
fn wait(headers: &HeaderMap) -> Option<u32> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(millis) = text("retry-after-ms").and_then(|millis| millis.trim().parse::<f64>().ok()) {
        return seconds(millis / 1000.0);
    }
    let after = text(RETRY_AFTER.as_str())?.trim();
    if let Ok(asked) = after.parse::<f64>() {
        return seconds(asked);
    }
    // A date is relative to the provider's own clock, which is in the header `date`.
    let at = |text: &str| rfc2822::parse(text).ok().map(|moment| moment.timestamp().as_second());
    let (until, now) = (at(after)?, at(text(DATE.as_str())?)?);
    u32::try_from(until.saturating_sub(now)).ok().map(|wait| wait.min(LONGEST_WAIT))
}

fn seconds(asked: f64) -> Option<u32> {
    (asked.is_finite() && asked >= 0.0).then(|| asked.ceil().min(f64::from(LONGEST_WAIT)) as u32)
}

/// Google puts the wait into the body: `"retryDelay": "1.5s"`.
fn google_wait(error: &Value) -> Option<u32> {
    let delay = detail(error, "retryDelay")?;
    seconds(delay.strip_suffix('s')?.parse().ok()?)
}

/// Whether the daily quota is exhausted.
fn by_the_day(error: &Value) -> bool {
    let violations =
        details(error).filter_map(|detail| detail.get("violations").and_then(Value::as_array)).flatten();
    violations.filter_map(|one| one.get("quotaId").and_then(Value::as_str)).any(|id| id.contains("PerDay"))
}

fn detail<'a>(error: &'a Value, name: &str) -> Option<&'a str> {
    details(error).find_map(|detail| detail.get(name).and_then(Value::as_str))
}

fn details(error: &Value) -> impl Iterator<Item = &Value> {
    error.get("details").and_then(Value::as_array).into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(
        status: u16,
        headers: &[(&'static str, &str)],
        body: &Value,
        reason: NoAnswerReason,
        wait: Option<u32>,
    ) {
        let headers = headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
        let reply = Reply { status, headers: headers.collect(), body: body.to_string().into_bytes() };
        let found = failure(&reply);
        assert_eq!((found.reason, found.wait_seconds), (reason, wait), "{status} {body}");
    }

    #[test]
    fn each_status_has_its_reason() {
        let none = json!({});
        for (status, reason) in [
            (301, NoAnswerReason::ServerError),
            (400, NoAnswerReason::BadRequest),
            (401, NoAnswerReason::Auth),
            (402, NoAnswerReason::Quota),
            (403, NoAnswerReason::Auth),
            (404, NoAnswerReason::UnknownModel),
            (408, NoAnswerReason::ServerError),
            (409, NoAnswerReason::ServerError),
            (413, NoAnswerReason::BadRequest),
            (422, NoAnswerReason::BadRequest),
            (429, NoAnswerReason::RateLimited),
            (499, NoAnswerReason::ServerError),
            (500, NoAnswerReason::ServerError),
            (503, NoAnswerReason::Overloaded),
            (504, NoAnswerReason::Timeout),
            (529, NoAnswerReason::Overloaded),
        ] {
            check(status, &[], &none, reason, None);
        }
    }

    #[test]
    fn the_body_of_a_429_says_what_it_means() {
        let code = |code: &str| json!({"error": {"code": code, "message": "you exceeded"}});
        check(429, &[], &code("rate_limit_exceeded"), NoAnswerReason::RateLimited, None);
        check(429, &[], &code("insufficient_quota"), NoAnswerReason::Quota, None);
        check(429, &[("x-should-retry", "false")], &json!({}), NoAnswerReason::Quota, None);
        let google = |details: Value| json!({"error": {"code": 429, "status": "RESOURCE_EXHAUSTED", "details": details}});
        let info = json!([{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "1.5s"}]);
        check(429, &[], &google(info.clone()), NoAnswerReason::RateLimited, Some(2));
        check(429, &[], &json!([google(info)]), NoAnswerReason::RateLimited, Some(2));
        let day = json!([{"@type": "type.googleapis.com/google.rpc.QuotaFailure",
            "violations": [{"quotaId": "GenerateRequestsPerDayPerProjectPerModel"}]}]);
        check(429, &[], &google(day), NoAnswerReason::Quota, None);
    }

    #[test]
    fn a_wait_is_given_in_seconds_in_milliseconds_or_as_a_date() {
        let wait = |headers: &[(&'static str, &str)], wait| {
            check(429, headers, &json!({}), NoAnswerReason::RateLimited, wait)
        };
        wait(&[("retry-after", "7")], Some(7));
        wait(&[("retry-after", "0.2")], Some(1));
        wait(&[("retry-after-ms", "1500"), ("retry-after", "60")], Some(2));
        let now = ("date", "Fri, 27 Nov 2026 10:00:00 GMT");
        wait(&[now, ("retry-after", "Fri, 27 Nov 2026 10:02:00 GMT")], Some(120));
        wait(&[now, ("retry-after", "Fri, 27 Nov 2026 09:00:00 GMT")], None);
        wait(&[("retry-after", "Fri, 27 Nov 2026 10:02:00 GMT")], None);
        for bad in ["", "soon", "-1", "NaN", "inf"] {
            wait(&[("retry-after", bad)], None);
        }
        wait(&[("retry-after", "1e300")], Some(LONGEST_WAIT));
        // An invalid request stays invalid; a wait does not help.
        check(400, &[("retry-after", "7")], &json!({}), NoAnswerReason::BadRequest, None);
    }

    #[test]
    fn a_key_that_google_does_not_know_is_an_authentication_error() {
        let body = json!({"error": {"code": 400, "status": "INVALID_ARGUMENT", "details": [
            {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID"}]}});
        check(400, &[], &body, NoAnswerReason::Auth, None);
        check(400, &[], &json!({"error": {"code": "content_filter"}}), NoAnswerReason::Blocked, None);
        check(400, &[], &json!("text"), NoAnswerReason::BadRequest, None);
    }
}
