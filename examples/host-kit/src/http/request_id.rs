//! The request id, which links a request, its answer and its log line.

use axum::http::{HeaderMap, HeaderValue};

/// The header with the request id.
pub const HEADER: &str = "x-request-id";

/// The request id: the client's, if it is well-formed, or a new one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestId(String);

impl RequestId {
    /// The id that the request brings, or a new one.
    pub fn of(headers: &HeaderMap) -> Self {
        let given = headers.get(HEADER).and_then(|value| value.to_str().ok()).filter(|text| sane(text));
        Self(given.map_or_else(drawn, str::to_owned))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The id as the value of a header.
    pub fn to_value(&self) -> Option<HeaderValue> {
        HeaderValue::try_from(&self.0).ok()
    }
}

/// The id goes into logs and headers, so it must be short and need no escaping.
fn sane(text: &str) -> bool {
    (8..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
}

/// 128 random bits in hex.
pub fn drawn() -> String {
    let mut random = [0; 16];
    // Without randomness ids repeat; nothing else breaks.
    let _ = getrandom::fill(&mut random);
    format!("{:032x}", u128::from_be_bytes(random))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_well_formed_id_is_accepted() {
        let id = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(HEADER, HeaderValue::from_str(text).unwrap());
            RequestId::of(&headers).as_str().to_owned()
        };
        assert_eq!(id("trace-0042"), "trace-0042");
        for odd in ["short", "has a space", "quote\"quote", "a".repeat(65).as_str()] {
            assert_ne!(id(odd), odd);
            assert_eq!(id(odd).len(), 32);
        }
        assert_ne!(drawn(), drawn());
    }
}
