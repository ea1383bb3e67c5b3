//! Swagger UI as a page that loads everything from this server.

use axum::extract::RawPathParams;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse as _, Response};

use super::headers::Nonce;
use super::problem::{Code, PAGE, Problem};

/// `GET /api/docs`: the page. It replaces the one of Swagger UI, whose inline script has no nonce.
pub(super) async fn page(nonce: axum::Extension<Nonce>) -> Response {
    if cfg!(not(feature = "swagger-ui")) {
        let text = "This program was built without the feature `swagger-ui`: the description is at /api/openapi.json\n";
        return text.into_response();
    }
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
pub(super) async fn file(params: RawPathParams) -> Result<Response, Problem> {
    let missing = || Problem::new(Code::NoSuchRoute);
    let name = params.iter().next().map(|(_, name)| name.to_owned()).ok_or_else(missing)?;
    let (media, bytes) = asset(&name)?.ok_or_else(missing)?;
    let media = HeaderValue::try_from(media).map_err(|_| missing())?;
    Ok(([(header::CONTENT_TYPE, media)], bytes).into_response())
}

/// A file of Swagger UI: its media type and its bytes.
#[cfg(feature = "swagger-ui")]
fn asset(name: &str) -> Result<Option<(String, Vec<u8>)>, Problem> {
    let config = std::sync::Arc::new(utoipa_swagger_ui::Config::default());
    utoipa_swagger_ui::serve(name, config)
        .map(|file| file.map(|file| (file.content_type, file.bytes.into_owned())))
        .map_err(|error| Problem::internal(format!("a file of the documentation: {error}")))
}

#[cfg(not(feature = "swagger-ui"))]
fn asset(_: &str) -> Result<Option<(String, Vec<u8>)>, Problem> {
    Ok(None)
}
