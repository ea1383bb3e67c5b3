//! The body of a form.

use std::borrow::Cow;

use axum::extract::{FromRequest, Request};
use serde::de::DeserializeOwned;

use crate::http::body::{LONGEST, read};
use crate::http::problem::{Code, Problem};

/// A form, as browsers send it (`application/x-www-form-urlencoded`).
pub struct Form<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Form<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let bytes = read(request.into_body(), LONGEST).await?;
        let pairs: Vec<(Cow<'_, str>, Cow<'_, str>)> = form_urlencoded::parse(&bytes).collect();
        // A value of a report may be anything, so an error names the member only.
        let pairs = serde_urlencoded::to_string(pairs);
        let pairs = pairs.map_err(|error| Problem::internal(format!("pairs are always a form: {error}")))?;
        serde_urlencoded::from_str(&pairs)
            .map(Self)
            .map_err(|_| Problem::new(Code::MalformedBody).detail("the form is not the one of this page"))
    }
}
