//! Swagger UI as a page that loads everything from this server.

use std::io::{Cursor, Read as _};
use std::sync::LazyLock;

use axum::extract::RawPathParams;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse as _, Response};
use utoipa_swagger_ui_vendored::SWAGGER_UI_VENDORED;
use zip::ZipArchive;

use super::headers::Nonce;
use super::problem::{Code, PAGE, Problem};

/// `GET /api/docs`: the page. It replaces the one of Swagger UI, whose inline script has no nonce.
pub async fn page(nonce: axum::Extension<Nonce>) -> Response {
    let nonce = nonce.0.as_str();
    let html = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>eovr</title>\
         <link rel=\"stylesheet\" href=\"/api/docs/swagger-ui.css\"></head>\
         <body><div id=\"ui\"></div>\
         <script nonce=\"{nonce}\" src=\"/api/docs/swagger-ui-bundle.js\"></script>\
         <script nonce=\"{nonce}\">SwaggerUIBundle({{url: '/api/openapi.json', dom_id: '#ui'}})</script>\
         </body></html>"
    );
    ([(header::CONTENT_TYPE, HeaderValue::from_static(PAGE))], html).into_response()
}

/// `GET /api/docs/{file}`: the files that the page loads.
pub async fn file(params: RawPathParams) -> Result<Response, Problem> {
    let name = params.iter().next().map(|(_, name)| name).unwrap_or_default();
    let (media, file) = match name {
        "swagger-ui.css" => ("text/css", &STYLE),
        "swagger-ui-bundle.js" => ("text/javascript", &SCRIPT),
        _ => return Err(Problem::new(Code::NoSuchRoute)),
    };
    Ok(([(header::CONTENT_TYPE, HeaderValue::from_static(media))], file.as_slice()).into_response())
}

/// The two files of Swagger UI, unpacked once.
static STYLE: LazyLock<Vec<u8>> = LazyLock::new(|| unpacked("/dist/swagger-ui.css").unwrap_or_default());
static SCRIPT: LazyLock<Vec<u8>> =
    LazyLock::new(|| unpacked("/dist/swagger-ui-bundle.js").unwrap_or_default());

/// A file of the archive of a release, which the crate carries.
fn unpacked(path: &str) -> Option<Vec<u8>> {
    let mut archive = ZipArchive::new(Cursor::new(SWAGGER_UI_VENDORED)).ok()?;
    for at in 0..archive.len() {
        let mut file = archive.by_index(at).ok()?;
        if file.name().is_ok_and(|name| name.ends_with(path)) {
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes).ok()?;
            return Some(bytes);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_crate_has_both_files() {
        assert!(STYLE.starts_with(b".swagger-ui"));
        assert!(SCRIPT.windows(15).any(|part| part == b"SwaggerUIBundle"));
    }
}
