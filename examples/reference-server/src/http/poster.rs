//! `/r/{link}`: the page behind the QR code of a poster. It is a plain form without scripts. The server treats the form
//! like `POST /api/report/{link}`.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use std::pin::Pin;

use axum::body::Body;
use axum::extract::State;
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method, Request, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use eovr_core::identity::facility::ReportLink;
use eovr_core::incident::taxonomy;
use eovr_host::http::auth::Category;
use eovr_host::http::body::{LONGEST, read};
use eovr_host::http::guard::LINGERING;
use eovr_host::http::headers::Nonce;
use eovr_host::http::problem::{PAGE, Problem};
use eovr_host::http::repeat::HEADER;
use eovr_host::http::request_id::drawn;
use eovr_host::http::routes::{Access, Endpoint, Routes};
use tokio::time::timeout;

use super::app::App;
use super::visitors::{self, Thanks, VisitorReport};
use crate::http::path::Poster;

const PATH: &str = "/r/{link}";

pub(super) fn routes(routes: Routes<App>) -> Routes<App> {
    routes
        .add(
            Endpoint::get(PATH, Access::Public, "Shows a visitor where and how to report")
                .tells(&["text/html"])
                .refuses_by(turned_away)
                .counted(Category::Visit),
            form,
        )
        .add(
            Endpoint::post(PATH, Access::Public, "Takes a visitor's report from that page")
                .tells(&["text/html"])
                .refuses_by(turned_away)
                // The answer is not stored. A repeated form gets a new page, by the key of the form.
                .secret()
                .counted(Category::Visit),
            sent,
        )
}

/// The fields of the form.
struct Sheet {
    key: String,
    category: String,
    description: String,
    anonymous: bool,
}

async fn form(State(app): State<App>, nonce: axum::Extension<Nonce>, Poster(link): Poster) -> Response {
    let place = match visitors::place(&app, link).await {
        Ok(place) => place,
        Err(problem) => return refused(&nonce, &problem, None),
    };
    let org = app.kit.eovr.org();
    let title = org.title(&place.facility);
    let (english, arabic) = title.map_or(("", ""), |title| (title.en.as_str(), title.ar.as_str()));
    let (english, arabic, form) = (escaped(english), escaped(arabic), Sheet::blank().form());
    let body = format!(
        "<section lang=\"en\"><h1>Tell us what went wrong · {english}</h1>\
         <p>This page belongs to a poster in this hospital. What you write goes to its quality department. You need no account, \
         and you need not say who you are. In an emergency call the staff, because the department does not read this at once.</p></section>\
         <section lang=\"ar\" dir=\"rtl\"><h1>أخبرنا بما حدث · {arabic}</h1>\
         <p>هذه الصفحة تابعة لملصق في هذا المستشفى. ما تكتبه يصل إلى قسم الجودة. لا تحتاج إلى حساب، ولا يلزم أن تذكر من أنت. \
         في الحالات الطارئة نادِ الطاقم: لن يُقرأ هذا فورًا.</p></section>{form}"
    );
    page(StatusCode::OK, &nonce, &body)
}

async fn sent(
    State(app): State<App>,
    nonce: axum::Extension<Nonce>,
    Poster(link): Poster,
    request: Request<Body>,
) -> Response {
    let (parts, body) = request.into_parts();
    let body = match read(body, LONGEST).await {
        Ok(body) => body,
        Err(problem) => return refused(&nonce, &problem, None),
    };
    let sheet = Sheet::sent(&body);
    match take(&app, link, &parts, &body, &sheet).await {
        Ok(thanks) => thanked(&nonce, &thanks),
        Err(problem) => refused(&nonce, &problem, Some(sheet)),
    }
}

/// The page for a visitor whose request the guard has refused because of a rate limit.
fn turned_away<'a>(
    parts: &'a Parts,
    body: Body,
    problem: &'a Problem,
) -> Pin<Box<dyn Future<Output = Response> + Send + 'a>> {
    Box::pin(async move {
        let nonce = parts.extensions.get().cloned().unwrap_or_else(Nonce::drawn);
        let sheet = match parts.method == Method::POST {
            // A client that waits for `100 Continue` has sent no body.
            true if !parts.headers.contains_key(header::EXPECT) => {
                let body = timeout(LINGERING, read(body, LONGEST)).await;
                body.ok().and_then(Result::ok).map(|body| Sheet::sent(&body))
            }
            _ => None,
        };
        refused(&nonce, problem, sheet)
    })
}

async fn take(
    app: &App,
    link: Option<ReportLink>,
    parts: &Parts,
    body: &[u8],
    sheet: &Sheet,
) -> Result<Thanks, Problem> {
    // The page contains a random key, so a form that is sent twice is one report.
    let mut headers = parts.headers.clone();
    if !sheet.key.is_empty() {
        let key = HeaderValue::try_from(sheet.key.as_str());
        // A key that is not a valid header value becomes an invalid key.
        headers.insert(HEADER, key.unwrap_or_else(|_| HeaderValue::from_static("")));
    }
    let seed = app.kit.repeats.seed(&headers, None, PATH, &[body, parts.uri.path().as_bytes()])?;
    let told = VisitorReport {
        category: sheet.category.clone(),
        description: sheet.description.clone(),
        anonymous: sheet.anonymous,
        location: None,
    };
    visitors::take(app, link, seed, told).await
}

impl Sheet {
    fn blank() -> Self {
        Self { key: drawn(), category: String::new(), description: String::new(), anonymous: false }
    }

    fn sent(body: &[u8]) -> Self {
        let mut fields: BTreeMap<_, _> = form_urlencoded::parse(body).into_owned().collect();
        let mut field = |name: &str| fields.remove(name).unwrap_or_default();
        let (key, category, description) = (field("key"), field("category"), field("description"));
        Self { key, category, description, anonymous: field("anonymous") == "true" }
    }

    fn form(&self) -> String {
        let mut choices = String::new();
        for taxonomy::Category { code, title_en, title_ar, .. } in taxonomy::CATEGORIES {
            let selected = if *code == self.category { " selected" } else { "" };
            // Writing to a string does not fail.
            let _ = write!(choices, "<option value=\"{code}\"{selected}>{title_en} · {title_ar}</option>");
        }
        let (key, description) = (escaped(&self.key), escaped(&self.description));
        let checked = if self.anonymous { " checked" } else { "" };
        // A browser drops the line end right after the `textarea` tag.
        format!(
            "<form method=\"post\"><input type=\"hidden\" name=\"key\" value=\"{key}\">\
             <p><label for=\"category\">What kind of event · <span lang=\"ar\">نوع الحدث</span></label>\
             <select id=\"category\" name=\"category\" required><option value=\"\"></option>{choices}</select></p>\
             <p><label for=\"description\">What happened (at least 10 letters) · <span lang=\"ar\">ماذا حدث (10 أحرف على الأقل)</span></label>\
             <textarea id=\"description\" name=\"description\" dir=\"auto\" rows=\"8\" minlength=\"10\" maxlength=\"60000\" required>\
             \n{description}</textarea></p>\
             <p><label><input type=\"checkbox\" name=\"anonymous\" value=\"true\"{checked}> I do not say whether I am the patient · \
             <span lang=\"ar\">لا أذكر إن كنت المريض</span></label></p>\
             <p><button>Send · <span lang=\"ar\">إرسال</span></button></p></form>"
        )
    }
}

fn thanked(nonce: &Nonce, Thanks { number, receipt }: &Thanks) -> Response {
    let number = number.as_deref().unwrap_or_default();
    let body = format!(
        "<section lang=\"en\"><h1>Thank you</h1><p>Your report was taken: <bdi>{number}</bdi>. Keep this code. It is shown \
         this once, and with it you can ask how the report stands and add to it.</p></section>\
         <section lang=\"ar\" dir=\"rtl\"><h1>شكرًا لك</h1><p>تم استلام بلاغك: <bdi>{number}</bdi>. احتفظ بهذا الرمز، فلن يظهر مرة أخرى، \
         وبه يمكنك السؤال عن البلاغ والإضافة إليه.</p></section><p><code dir=\"ltr\">{receipt}</code></p>"
    );
    page(StatusCode::CREATED, nonce, &body)
}

/// The page for a refused report: advice by status, and the form with its content.
fn refused(nonce: &Nonce, problem: &Problem, sheet: Option<Sheet>) -> Response {
    let status = problem.status();
    if let Some(cause) = problem.cause() {
        tracing::error!(cause, "a page of a poster failed");
    }
    let of_key = problem.is_about(HEADER);
    let (english, arabic) = match status {
        StatusCode::NOT_FOUND => (
            "Nothing is taken at this address. Ask at the desk.",
            "لا تُستقبل البلاغات على هذا العنوان. اسأل في الاستقبال.",
        ),
        StatusCode::UNPROCESSABLE_ENTITY if of_key => (
            "This was not taken. If you have sent it before in other words, that report stands as it was. If this is \
             another report, send it now.",
            "لم يُستلم هذا. إن كنت قد أرسلته من قبل بكلمات أخرى فسيبقى ذلك البلاغ كما كان. وإن كان هذا بلاغًا آخر فأرسله الآن.",
        ),
        StatusCode::UNPROCESSABLE_ENTITY => (
            "The report was not taken. Choose what kind of event it was, and write at least ten letters.",
            "لم يُستلم البلاغ. اختر نوع الحدث واكتب عشرة أحرف على الأقل.",
        ),
        StatusCode::TOO_MANY_REQUESTS => (
            "Many reports have come from here. Wait some minutes and send it again.",
            "وردت بلاغات كثيرة من هنا. انتظر بضع دقائق ثم أرسله مرة أخرى.",
        ),
        _ => (
            "The report may not have been taken. Send this page again: it is taken once.",
            "ربما لم يُستلم البلاغ. أعد إرسال هذه الصفحة، وسيُستلم مرة واحدة فقط.",
        ),
    };
    // If the key belongs to another report, the form gets a new key; otherwise it keeps its key.
    let again = sheet.filter(|_| status != StatusCode::NOT_FOUND).map(|sheet| match of_key {
        true => Sheet { key: drawn(), ..sheet },
        false => sheet,
    });
    let form = again.map(|sheet| sheet.form()).unwrap_or_default();
    let body = format!(
        "<section lang=\"en\"><p role=\"alert\">{english}</p></section>\
         <section lang=\"ar\" dir=\"rtl\"><p role=\"alert\">{arabic}</p></section>{form}"
    );
    page(status, nonce, &body)
}

fn page(status: StatusCode, nonce: &Nonce, body: &str) -> Response {
    const STYLE: &str = "body{font:1.1rem/1.6 sans-serif;max-width:40rem;margin:auto;padding:1rem}\
        label,select,textarea{display:block;width:100%;font:inherit}input{width:auto}button{font:inherit;padding:.5rem 2rem}";
    let nonce = nonce.as_str();
    let html = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>Report · بلاغ</title>\
         <style nonce=\"{nonce}\">{STYLE}</style></head><body>{body}</body></html>"
    );
    let media = HeaderValue::from_static(PAGE);
    (status, [(header::CONTENT_TYPE, media)], html).into_response()
}

/// Escapes text for HTML.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
