//! `…/attachments`: the files attached to an incident.

use axum::extract::State;
use axum::http::{HeaderValue, header};
use eovr_core::attachment::{self, Attachments};
use eovr_core::incident::ATTACHMENT;
use eovr_core::record::{Record, RecordId};
use eovr_core::{Error, ErrorKind, Session, Timestamp};
use eovr_host::http::body::{Json, Params, Upload};
use eovr_host::http::caller::Caller;
use eovr_host::http::problem::Problem;
use eovr_host::http::repeat::{Keyed, Seed};
use eovr_host::http::reply::{Answered, Changed, created, held, page};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use zeroize::Zeroizing;

use super::super::app::App;
use super::super::values;
use super::readable;
use crate::http::path::{AttachedFile, Incident};

/// What a file is called.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(crate) struct Named {
    /// Its name, for people: 255 characters of it are kept. What it is, its bytes say.
    name: Option<String>,
}

/// Why a file is taken away.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Removal {
    #[schema(value_type = values::Reason)]
    reason: String,
}

/// The files of an incident, newest first.
#[derive(Serialize, ToSchema)]
#[schema(as = Attachments)]
pub(crate) struct Files<'a> {
    items: Vec<Item<'a>>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = Attachment)]
struct Item<'a> {
    #[schema(value_type = String, format = "uuid")]
    id: RecordId,
    version: u64,
    /// `kept` or `removed`.
    state: &'a str,
    /// None where its key was destroyed.
    #[schema(value_type = Option<String>)]
    name: Option<Zeroizing<String>>,
    /// `image/jpeg`, `image/png` or `application/pdf`.
    media: Option<&'a str>,
    bytes: Option<i64>,
    /// Who added it.
    author: &'a str,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

pub(super) async fn list(
    State(app): State<App>,
    Caller(session): Caller,
    Incident(id): Incident,
) -> Answered {
    // For an incident out of scope the answer is 404, not an empty list.
    session.incidents().load(id).await?;
    let records = of(&session, &app).list(id).await?;
    let items = records.iter().map(|record| item(&app, &session, record)).collect::<Result<_, Problem>>()?;
    page(records.len(), &Files { items })
}

pub(super) async fn attach(
    State(app): State<App>,
    Caller(session): Caller,
    Incident(id): Incident,
    Params(named): Params<Named>,
    Keyed(seed): Keyed,
    Upload(bytes): Upload,
) -> Answered {
    let files = of(&session, &app);
    let name = named.name.unwrap_or_default();
    let attached = match &seed {
        None => files.attach(id, &name, &bytes).await,
        Some(seed) => files.attach_as(id, seed.record(), &name, &bytes).await,
    };
    let file = match (attached, seed) {
        (Err(error), Some(seed)) if error.kind() == ErrorKind::Conflict => {
            again(&files, id, &seed, &bytes, error).await?
        }
        (attached, _) => attached?.id,
    };
    created(1, &format!("/api/incidents/{id}/attachments/{file}"), &Changed::first(file))
}

/// The id of an attachment that this request already created, if the content is the same.
async fn again(
    files: &Attachments<'_>,
    incident: RecordId,
    seed: &Seed,
    bytes: &[u8],
    lost: Error,
) -> Result<RecordId, Problem> {
    match files.holds(incident, seed.record(), bytes).await {
        Ok(true) => Ok(seed.record()),
        Ok(false) => Err(Seed::other_body()),
        // The conflict has another cause than a repeated request, or the attachment was removed since.
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::Refused) => Err(lost.into()),
        Err(error) => Err(error.into()),
    }
}

/// The header `Content-Disposition: attachment` makes the browser save the file, so uploaded content never runs as a
/// page of this site.
pub(in crate::http) async fn read(
    State(app): State<App>,
    Caller(session): Caller,
    Incident(id): Incident,
    AttachedFile(file): AttachedFile,
) -> Answered {
    let record = session.load(&ATTACHMENT, file).await?;
    let bytes = record.int("bytes").and_then(|bytes| u64::try_from(bytes).ok());
    let transfer = app.kit.downloads.begin(session.actor().id().as_str(), bytes)?;
    let file = of(&session, &app).read(id, file).await?;
    let name = disposition(&file.name)?;
    let mut response = held(file.bytes.to_vec(), transfer.worked());
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(file.media.name()));
    headers.insert(header::CONTENT_DISPOSITION, name);
    Ok(response)
}

pub(super) async fn remove(
    State(app): State<App>,
    Caller(session): Caller,
    Incident(id): Incident,
    AttachedFile(file): AttachedFile,
    Json(removal): Json<Removal>,
) -> Answered {
    Changed::answer(of(&session, &app).remove(id, file, &removal.reason).await?)
}

pub(in crate::http) fn of<'a>(session: &'a Session, app: &'a App) -> Attachments<'a> {
    Attachments::of(session, ATTACHMENT, &*app.kit.files)
}

fn item<'a>(app: &App, session: &Session, record: &'a Record) -> Result<Item<'a>, Problem> {
    let envelope = record.envelope();
    let name = readable(app, attachment::name(session, record))?;
    Ok(Item {
        id: envelope.id,
        version: envelope.version,
        state: envelope.state.as_str(),
        name,
        media: record.text("media"),
        bytes: record.int("bytes"),
        author: envelope.author.as_str(),
        created_at: envelope.created_at,
    })
}

/// The header value that carries a name in any script (RFC 6266, RFC 8187).
fn disposition(name: &str) -> Result<HeaderValue, Error> {
    let mut text = "attachment; filename*=UTF-8''".to_owned();
    for byte in name.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'.' | b'-' | b'_' => text.push(char::from(byte)),
            byte => text.push_str(&format!("%{byte:02X}")),
        }
    }
    HeaderValue::try_from(text)
        .map_err(|error| Error::bug("an ASCII name is a valid header value").because(error))
}
