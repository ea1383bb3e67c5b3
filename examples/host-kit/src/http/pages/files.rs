//! Files of a form.

use std::convert::Infallible;

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::header;
use eovr_core::attachment::LARGEST;
use futures_util::stream;

use crate::http::body::read;
use crate::http::problem::{Code, Problem};

/// The most bytes of a form: as many files as an incident takes would fill the memory, so a form takes what one may have.
/// Pages with script send one file at a time.
const LONGEST: usize = LARGEST + (64 << 10);

/// The files of a form (`multipart/form-data`), each with the name that the person's device gave it. A field that stayed empty
/// is no file.
pub struct Files(pub Vec<(String, Bytes)>);

impl<S: Send + Sync> FromRequest<S> for Files {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let media = request.headers().get(header::CONTENT_TYPE).and_then(|media| media.to_str().ok());
        let boundary = media.and_then(|media| multer::parse_boundary(media).ok());
        let boundary = boundary.ok_or_else(|| Problem::new(Code::UnsupportedType))?;
        let body = read(request.into_body(), LONGEST).await?;
        let mut parts = multer::Multipart::new(stream::iter([Ok::<_, Infallible>(body)]), boundary);
        let broken = |_| Problem::new(Code::MalformedBody).detail("the form with the files is not whole");
        let mut files = Vec::new();
        while let Some(part) = parts.next_field().await.map_err(broken)? {
            let Some(name) = part.file_name().map(str::to_owned) else { continue };
            let bytes = part.bytes().await.map_err(broken)?;
            if !bytes.is_empty() {
                files.push((name, bytes));
            }
        }
        Ok(Self(files))
    }
}
