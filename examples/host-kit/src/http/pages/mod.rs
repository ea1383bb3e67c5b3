//! Pages for browsers: the session of a browser, the reader of a page, refusals as pages, the pages to sign in, and those of the
//! own account.
//!
//! A page is a route that [`Endpoint::page`](super::routes::Endpoint::page) or
//! [`Endpoint::form`](super::routes::Endpoint::form) declares. Its guard takes the session from a cookie, refuses forms of other
//! sites, and shows a refusal as a page.

mod account;
mod browser;
mod files;
mod form;
mod login;
mod reader;
mod refusal;
mod resource;
mod showcase;

use axum::extract::Path;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use eovr_core::Eovr;
use eovr_core::access::Actor;

pub(super) use self::browser::{arrival, comes_from_our_pages, give};
pub use self::files::Files;
pub use self::form::{Form, keyed};
pub use self::login::sign_in;
pub use self::reader::Reader;
pub(super) use self::reader::seconds_left;
pub(super) use self::refusal::{Shown, nowhere, shown};
pub use self::resource::Resource;
pub use self::showcase::showcase;
use super::kit::HostState;
use super::problem::{Code, Problem};
use super::routes::{Access, Endpoint, Routes};
use crate::ui::assets;
use crate::ui::{Entry, Language};

/// What a host says on each of its pages.
#[derive(Clone, Copy, Debug)]
pub struct Pages {
    /// The name of its product.
    pub product: fn(Language) -> &'static str,
    /// The main menu of one actor: the pages that the actor may open.
    pub menu: fn(&Eovr, &Actor, Language) -> Vec<Entry<'static>>,
}

impl Default for Pages {
    fn default() -> Self {
        Self { product: |_| "eovr", menu: |_, _, _| Vec::new() }
    }
}

/// Adds the pages that every host has.
pub fn routes<S: HostState>(routes: Routes<S>) -> Routes<S> {
    let file = Endpoint::get("/assets/{name}", Access::Public, "Gives a file of the pages")
        .tells(&["text/javascript"]);
    account::routes(login::routes(routes)).add(file, asset)
}

/// A file of the pages, which browsers keep: its name changes with its content.
async fn asset(Path(name): Path<String>) -> Result<Response, Problem> {
    let asset = assets::find(&name).ok_or_else(|| Problem::new(Code::NoSuchRoute))?;
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(asset.media)),
        (header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable")),
    ];
    Ok((headers, asset.bytes).into_response())
}
