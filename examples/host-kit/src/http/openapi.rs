//! The OpenAPI document, generated from the routes.

use std::collections::BTreeSet;

use axum::http::{Method, StatusCode};
use serde_json::Value;
use utoipa::ToSchema as _;
use utoipa::openapi::header::Header;
use utoipa::openapi::path::{OperationBuilder, Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{
    ComponentsBuilder, ContentBuilder, HttpMethod, InfoBuilder, Object, ObjectBuilder, OpenApi,
    OpenApiBuilder, PathItem, PathsBuilder, Ref, RefOr, Required, ResponseBuilder, Schema, Type,
};

use super::auth::Category;
use super::problem::{MEDIA, Problem, Written};
use super::repeat;
use super::reply::{self, Answered};
use super::routes::{Access, Endpoint, Schemas};
use super::values;

/// What a host says of its API.
#[derive(Clone, Copy, Debug)]
pub struct Description {
    /// The title of the document.
    pub title: &'static str,
    /// What the API is for.
    pub about: &'static str,
    /// The version of the host.
    pub version: &'static str,
    /// Adds to the document what the types of Rust cannot express.
    pub corrected: fn(&mut Value),
}

/// The OpenAPI document of these routes.
///
/// # Errors
/// None that a host could cause.
pub fn answer(routes: &[Endpoint], description: &Description) -> Answered {
    let document = serde_json::to_value(openapi(routes, description));
    let mut document =
        document.map_err(|error| Problem::internal(format!("the description is no JSON: {error}")))?;
    say_what_may_be_empty(&mut document);
    (description.corrected)(&mut document);
    reply::json(&document)
}

/// Sets `allowEmptyValue` on query parameters, because forms send all their members and the server ignores empty ones.
/// The builder has no method for it.
fn say_what_may_be_empty(document: &mut Value) {
    let paths = document.get_mut("paths").and_then(Value::as_object_mut);
    let operations = paths.into_iter().flat_map(|paths| paths.values_mut()).filter_map(Value::as_object_mut);
    for operation in operations.flat_map(|path| path.values_mut()) {
        let parameters = operation.get_mut("parameters").and_then(Value::as_array_mut);
        for parameter in parameters.into_iter().flatten().filter_map(Value::as_object_mut) {
            if parameter.get("in").is_some_and(|place| place == "query") {
                parameter.insert("allowEmptyValue".to_owned(), true.into());
            }
        }
    }
}

/// The names that two different schemas share; the document would describe one as the other.
pub fn clashes(routes: &[Endpoint]) -> BTreeSet<String> {
    let mut schemas = Schemas::new();
    drop(paths(routes, &mut schemas));
    let known: std::collections::BTreeMap<_, _> = schemas.iter().cloned().collect();
    schemas
        .into_iter()
        .filter(|(name, schema)| known.get(name) != Some(schema))
        .map(|(name, _)| name)
        .collect()
}

fn openapi(routes: &[Endpoint], description: &Description) -> OpenApi {
    let mut schemas = Schemas::new();
    let paths = paths(routes, &mut schemas);
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
    let components = ComponentsBuilder::new()
        .schemas_from_iter(schemas)
        .security_scheme("bearer", SecurityScheme::Http(bearer))
        .build();
    let info = InfoBuilder::new()
        .title(description.title)
        .description(Some(description.about))
        .version(description.version)
        .build();
    OpenApiBuilder::new().info(info).paths(paths.build()).components(Some(components)).build()
}

fn paths(routes: &[Endpoint], schemas: &mut Schemas) -> PathsBuilder {
    Written::schemas(schemas);
    schemas.push((Written::name().into_owned(), <Written<'_> as utoipa::PartialSchema>::schema()));
    let mut paths = PathsBuilder::new();
    for route in routes {
        let method = match route.method {
            Method::POST => HttpMethod::Post,
            Method::PATCH => HttpMethod::Patch,
            Method::PUT => HttpMethod::Put,
            Method::DELETE => HttpMethod::Delete,
            _ => HttpMethod::Get,
        };
        paths = paths.path(route.path, PathItem::new(method, operation(route, schemas)));
    }
    paths
}

fn operation(route: &Endpoint, schemas: &mut Schemas) -> OperationBuilder {
    let mut operation = OperationBuilder::new()
        .summary(Some(route.says))
        .description(Some(format!("Who may: {}.", route.access.words())))
        .tag(tag(route.path))
        .parameters(Some(parameters(route)))
        .response(route.status.to_string(), answered(route, schemas));
    for status in refusals(route) {
        operation = operation.response(status.to_string(), problem(status));
    }
    if let Some(takes) = route.takes {
        let content = ContentBuilder::new().schema(Some(takes(schemas))).build();
        let body =
            RequestBodyBuilder::new().content("application/json", content).required(Some(Required::True));
        operation = operation.request_body(Some(body.build()));
    }
    if route.uploads {
        let file =
            ObjectBuilder::new().schema_type(Type::String).content_media_type("application/octet-stream");
        let content = ContentBuilder::new().schema(Some(Schema::from(file.build()))).build();
        let body = RequestBodyBuilder::new().content("application/octet-stream", content);
        operation = operation.request_body(Some(body.required(Some(Required::True)).build()));
    }
    if route.access != Access::Public {
        operation = operation.security(SecurityRequirement::new("bearer", Vec::<String>::new()));
    }
    operation
}

fn answered(route: &Endpoint, schemas: &mut Schemas) -> ResponseBuilder {
    let mut response = ResponseBuilder::new().description(route.says);
    if let Some(gives) = route.gives {
        let content = ContentBuilder::new().schema(Some(gives(schemas))).build();
        response = response.content("application/json", content);
    }
    for media in route.media {
        let content = ContentBuilder::new().schema(Some(text())).build();
        response = response.content(*media, content);
    }
    // An answer with secrets is not a versioned record, so it has no `ETag`.
    if route.versioned || (route.status == 201 && !route.secret) {
        response = response.header("ETag", Header::new(text()));
    }
    response
}

/// The error statuses, derived from the route's properties, so that no route can forget to list them.
fn refusals(route: &Endpoint) -> BTreeSet<u16> {
    let mut statuses = BTreeSet::from([500, 503]);
    statuses.extend(route.also);
    let public = route.access == Access::Public;
    let named = names(route.path).next().is_some();
    let repeats = route.method == Method::POST && !route.secret;
    if !public {
        statuses.extend([401, 403, 429]);
    }
    match route.category {
        // A login can fail, and the cookie is accepted from our own pages only.
        Some(Category::Login | Category::Renewal) => statuses.extend([401, 403, 429]),
        Some(_) => statuses.extend([404, 429]),
        None => {}
    }
    if named {
        statuses.insert(404);
    }
    if route.params.is_some() {
        statuses.extend([400, 422]);
    }
    if route.takes.is_some() {
        statuses.extend([400, 408, 413, 415, 422]);
    }
    if repeats {
        statuses.extend([400, 408, 409, 413, 422]);
    }
    if route.versioned {
        statuses.extend([409, 422]);
    }
    // The workflow may refuse a change, another change may have come first, or the place may not exist.
    if !public && route.method != Method::GET {
        statuses.extend([400, 404, 409, 422]);
    }
    statuses
}

fn problem(status: u16) -> ResponseBuilder {
    let schema = Ref::from_schema_name(Written::name());
    let content = ContentBuilder::new().schema(Some(schema)).build();
    let status = StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason());
    ResponseBuilder::new().description(status.unwrap_or("Why not")).content(MEDIA, content)
}

fn parameters(route: &Endpoint) -> Vec<Parameter> {
    let one = |name: &str, place, required, says: &str, schema: Object| {
        ParameterBuilder::new()
            .name(name)
            .parameter_in(place)
            .required(required)
            .description(Some(says))
            .schema(Some(schema))
            .build()
    };
    let mut all: Vec<Parameter> = Vec::new();
    for name in names(route.path) {
        all.push(one(name, ParameterIn::Path, Required::True, "Its id", values::record()));
    }
    all.extend(route.params.map(|params| params()).unwrap_or_default());
    if route.method == Method::POST && !route.secret {
        let says = "The same key again is the same request again, and gets the same answer";
        all.push(one(
            repeat::HEADER,
            ParameterIn::Header,
            Required::False,
            says,
            values::repeat_key(route.access == Access::Public),
        ));
    }
    if route.versioned {
        let says = "The `ETag` of the version that you have seen; if the record has changed since, the answer is 409";
        all.push(one("if-match", ParameterIn::Header, Required::False, says, values::seen()));
    }
    all
}

/// The parameters of a path: the names in braces.
fn names(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
}

fn text() -> RefOr<Schema> {
    Schema::from(ObjectBuilder::new().schema_type(Type::String).build()).into()
}

/// The tag that groups a path: its first segment below `/api/`.
fn tag(path: &str) -> &str {
    path.trim_start_matches("/api/").split('/').next().unwrap_or_default().trim_start_matches('/')
}
