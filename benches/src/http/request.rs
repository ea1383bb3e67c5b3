//! The requests, the same for both sides.

use std::sync::Arc;

use eovr_core::ports::Clock as _;
use eovr_core::service::SystemClock;
use serde_json::json;

use crate::world;

/// The request of a caller, by its number.
pub(super) type Ask = Arc<dyn Fn(u64) -> Vec<u8> + Send + Sync>;

/// A report with every field that a nurse usually fills in. One report of eight is high-risk and causes more
/// notifications.
pub(super) fn submit(token: Option<&str>) -> Ask {
    let (ordinary, grave) =
        (report(token, world::ORDINARY, "mild"), report(token, world::NARRATIVE, "severe"));
    Arc::new(move |turn| {
        let (text, number) = if turn % GRAVE == 0 { &grave } else { &ordinary };
        let mut request = text.clone().into_bytes();
        let digits = format!("{:0width$}", turn % 100_000_000, width = FILE_NUMBER.len());
        let place = request.iter_mut().skip(*number);
        place.zip(digits.bytes()).for_each(|(place, digit)| *place = digit);
        request
    })
}

/// One report of this many is high-risk.
const GRAVE: u64 = 8;

/// The request, and the position of the file number in it.
fn report(token: Option<&str>, description: &str, potential_harm: &str) -> (String, usize) {
    let report = world::report(0);
    let mut body = json!({
        "category": report.category,
        "description": description,
        "specific_error": report.specific_error,
        "occurred_at": SystemClock.now().plus_seconds(-7200),
        "location": report.location,
        "involved_person": report.involved_person,
        "medical_file_number": "",
        "immediate_action": report.immediate_action,
        "responsible_manager": "head nurse, ward 3",
        "disclosed": report.disclosed,
        "factors": report.factors,
        "actual_harm": "mild",
        "potential_harm": potential_harm,
    })
    .to_string();
    let place = "\"medical_file_number\":\"";
    let at = body.find(place).map_or(0, |at| at + place.len());
    body.insert_str(at, FILE_NUMBER);
    let head = head("POST /api/incidents", token);
    let length = body.len();
    let text = format!("{head}content-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}");
    let number = text.find(FILE_NUMBER).unwrap_or_default();
    (text, number)
}

/// The file number changes from report to report.
const FILE_NUMBER: &str = "00000000";

/// The newest fifty incidents.
pub(super) fn list(token: Option<&str>) -> Ask {
    get("/api/incidents?limit=50", token)
}

pub(super) fn get(path: &str, token: Option<&str>) -> Ask {
    let text = format!("{}\r\n", head(&format!("GET {path}"), token)).into_bytes();
    Arc::new(move |_| text.clone())
}

/// One request after the other, then from the start again.
pub(super) fn in_turn(asks: Vec<Ask>) -> Ask {
    Arc::new(move |turn| {
        let at = usize::try_from(turn).unwrap_or_default() % asks.len().max(1);
        asks.get(at).map(|ask| ask(turn)).unwrap_or_default()
    })
}

/// A login with address and password.
pub(super) fn login(email: &str, password: &str) -> Vec<u8> {
    let body = json!({"email": email, "password": password}).to_string();
    let head = head("POST /api/auth/login", None);
    let length = body.len();
    let text = format!("{head}content-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}");
    text.into_bytes()
}

fn head(line: &str, token: Option<&str>) -> String {
    let token = token.map(|token| format!("authorization: Bearer {token}\r\n")).unwrap_or_default();
    format!("{line} HTTP/1.1\r\nhost: 127.0.0.1\r\n{token}")
}
