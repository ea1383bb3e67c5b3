//! `/r/{link}`: the page that a poster's code leads to. It works without a script, and is the plainest one that takes a
//! report: what it sends goes the way of `POST /api/report/{link}`.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, Request, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use eovr_core::incident::taxonomy;

use super::app::App;
use super::auth::Category;
use super::body::{LONGEST, Poster, read};
use super::headers::Nonce;
use super::problem::{PAGE, Problem};
use super::repeat::HEADER;
use super::request_id::drawn;
use super::routes::{Access, Endpoint, Routes};
use super::visitors::{self, Thanks, Told};

const PATH: &str = "/r/{link}";

pub(super) fn routes(routes: Routes) -> Routes {
    routes
        .add(
            Endpoint::get(PATH, Access::Public, "Shows a visitor where and how to report")
                .tells(&["text/html"])
                .counted(Category::Visit),
            form,
        )
        .add(
            Endpoint::post(PATH, Access::Public, "Takes a visitor's report from that page")
                .tells(&["text/html"])
                .counted(Category::Visit),
            sent,
        )
}

async fn form(State(app): State<App>, nonce: axum::Extension<Nonce>, Poster(link): Poster) -> Response {
    let place = match visitors::place(&app, link).await {
        Ok(place) => place,
        Err(problem) => return refused(&nonce, &problem),
    };
    let title = app.eovr.org().title(&place.facility);
    let (english, arabic) = title.map_or(("", ""), |title| (title.en.as_str(), title.ar.as_str()));
    let mut choices = String::new();
    for category in taxonomy::CATEGORIES {
        let taxonomy::Category { code, title_en, title_ar, .. } = category;
        // Writing to a string does not fail.
        let _ = write!(choices, "<option value=\"{code}\">{title_en} · {title_ar}</option>");
    }
    let (english, arabic, key) = (escaped(english), escaped(arabic), drawn());
    let body = format!(
        "<section lang=\"en\"><h1>Tell us what went wrong · {english}</h1>\
         <p>This page belongs to a poster in this hospital. What you write goes to its quality department. You need no account, \
         and you need not say who you are. In an emergency call the staff: nobody reads this at once.</p></section>\
         <section lang=\"ar\" dir=\"rtl\"><h1>أخبرنا بما حدث · {arabic}</h1>\
         <p>هذه الصفحة تابعة لملصق في هذا المستشفى. ما تكتبه يصل إلى قسم الجودة. لا تحتاج إلى حساب، ولا يلزم أن تذكر من أنت. \
         في الحالات الطارئة نادِ الطاقم: لن يُقرأ هذا فورًا.</p></section>\
         <form method=\"post\"><input type=\"hidden\" name=\"key\" value=\"{key}\">\
         <p><label for=\"category\">What kind of event · <span lang=\"ar\">نوع الحدث</span></label>\
         <select id=\"category\" name=\"category\" required><option value=\"\"></option>{choices}</select></p>\
         <p><label for=\"description\">What happened (at least 10 letters) · <span lang=\"ar\">ماذا حدث (10 أحرف على الأقل)</span></label>\
         <textarea id=\"description\" name=\"description\" dir=\"auto\" rows=\"8\" minlength=\"10\" maxlength=\"60000\" required>\
         </textarea></p>\
         <p><label><input type=\"checkbox\" name=\"anonymous\" value=\"true\"> I do not say whether I am the patient · \
         <span lang=\"ar\">لا أذكر إن كنت المريض</span></label></p>\
         <p><button>Send · <span lang=\"ar\">إرسال</span></button></p></form>"
    );
    page(StatusCode::OK, &nonce, &body)
}

async fn sent(
    State(app): State<App>,
    nonce: axum::Extension<Nonce>,
    Poster(link): Poster,
    request: Request<Body>,
) -> Response {
    match take(&app, link, request).await {
        Ok(thanks) => thanked(&nonce, &thanks),
        Err(problem) => refused(&nonce, &problem),
    }
}

async fn take(
    app: &App,
    link: Option<eovr_core::identity::facility::Link>,
    request: Request<Body>,
) -> Result<Thanks, Problem> {
    let (parts, body) = request.into_parts();
    let body = read(body, LONGEST).await?;
    let mut fields: BTreeMap<_, _> = form_urlencoded::parse(&body).into_owned().collect();
    let mut field = |name: &str| fields.remove(name).unwrap_or_default();
    let told = Told {
        category: field("category"),
        description: field("description"),
        anonymous: field("anonymous") == "true",
        location: None,
    };
    // The page drew it: a visitor who presses twice, or sends a page again that did not come, has sent one report.
    let mut headers = HeaderMap::new();
    if let Ok(key) = HeaderValue::try_from(field("key")) {
        headers.insert(HEADER, key);
    }
    let seed = app.repeats.seed(&headers, "", PATH, &[&body, parts.uri.path().as_bytes()])?;
    visitors::take(app, link, seed, told).await
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

/// What to do about it, by its status.
fn refused(nonce: &Nonce, problem: &Problem) -> Response {
    let status = problem.status();
    if let Some(cause) = problem.cause() {
        tracing::error!(cause, "a page of a poster failed");
    }
    let (english, arabic) = match status {
        StatusCode::NOT_FOUND => (
            "Nothing is taken at this address. Ask at the desk.",
            "لا تُستقبل البلاغات على هذا العنوان. اسأل في الاستقبال.",
        ),
        StatusCode::UNPROCESSABLE_ENTITY => (
            "The report was not taken. Go back, choose what kind of event it was, and write at least ten letters. What was \
             sent already cannot be changed.",
            "لم يُستلم البلاغ. ارجع واختر نوع الحدث واكتب عشرة أحرف على الأقل. ما أُرسل من قبل لا يمكن تغييره.",
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
    let body = format!(
        "<section lang=\"en\"><p>{english}</p></section><section lang=\"ar\" dir=\"rtl\"><p>{arabic}</p></section>"
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

/// Text of an organisation, where HTML would be read as such.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
