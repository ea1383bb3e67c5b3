//! What a path of this server names: incidents and what belongs to them.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use eovr_core::Error;
use eovr_core::analyst::MODEL;
use eovr_core::identity::facility::ReportLink;
use eovr_core::incident::{ATTACHMENT, FOLLOW_UP, KIND};
use eovr_core::record::RecordId;
use eovr_host::http::body::read_path;
use eovr_host::http::problem::Problem;
use eovr_host::named;

named! {
    /// The incident that a path names.
    Incident = "id", KIND;
    /// The follow-up action that a path names.
    FollowUpAction = "action", FOLLOW_UP;
    /// The file that a path names.
    AttachedFile = "file", ATTACHMENT;
    /// The model that a path names.
    Model = "id", MODEL;
}

/// The incident whose report a path names: its id and `.pdf`.
pub(crate) struct ReportFile(pub(crate) RecordId);

impl<S: Send + Sync> FromRequestParts<S> for ReportFile {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let name: Option<String> = read_path(parts, state, "file").await;
        let id = name.as_deref().and_then(|name| name.strip_suffix(".pdf")?.parse().ok());
        id.map(Self).ok_or_else(|| Error::not_found(KIND).into())
    }
}

/// The poster link that a path names; none if it is not valid.
pub(crate) struct Poster(pub(crate) Option<ReportLink>);

impl<S: Send + Sync> FromRequestParts<S> for Poster {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        Ok(Self(read_path(parts, state, "link").await))
    }
}
