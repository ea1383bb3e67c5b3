//! The OpenAPI document, made from the routes as they are.

use axum::http::Method;
use utoipa::ToSchema as _;
use utoipa::openapi::header::Header;
use utoipa::openapi::path::{OperationBuilder, Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{
    ComponentsBuilder, ContentBuilder, HttpMethod, InfoBuilder, ObjectBuilder, OpenApi, OpenApiBuilder,
    PathItem, PathsBuilder, Ref, RefOr, Required, ResponseBuilder, Schema, Type,
};

use super::problem::{MEDIA, Written};
use super::repeat;
use super::reply::{Answered, json};
use super::routes::{Access, Endpoint, Schemas};

/// The document of these routes.
pub(super) fn answer(routes: &[Endpoint]) -> Answered {
    json(&openapi(routes))
}

fn openapi(routes: &[Endpoint]) -> OpenApi {
    let mut schemas: Schemas = Vec::new();
    Written::schemas(&mut schemas);
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
        paths = paths.path(route.path, PathItem::new(method, operation(route, &mut schemas)));
    }
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
    let components = ComponentsBuilder::new()
        .schemas_from_iter(schemas)
        .security_scheme("bearer", SecurityScheme::Http(bearer))
        .build();
    let info = InfoBuilder::new()
        .title("eovr")
        .description(Some("Incident reporting for hospitals."))
        .version(env!("CARGO_PKG_VERSION"))
        .build();
    OpenApiBuilder::new().info(info).paths(paths.build()).components(Some(components)).build()
}

fn operation(route: &Endpoint, schemas: &mut Schemas) -> OperationBuilder {
    let mut operation = OperationBuilder::new()
        .summary(Some(route.says))
        .description(Some(format!("Who may: {}.", route.access.words())))
        .tag(tag(route.path))
        .parameters(Some(parameters(route)))
        .response(route.status.to_string(), answered(route, schemas))
        .response("default", problem());
    if let Some(takes) = route.takes {
        let content = ContentBuilder::new().schema(Some(takes(schemas))).build();
        let body =
            RequestBodyBuilder::new().content("application/json", content).required(Some(Required::True));
        operation = operation.request_body(Some(body.build()));
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
    if route.versioned || route.status == 201 {
        response = response.header("ETag", Header::new(text()));
    }
    response
}

fn problem() -> ResponseBuilder {
    let schema = Ref::from_schema_name(Written::name());
    let content = ContentBuilder::new().schema(Some(schema)).build();
    ResponseBuilder::new().description("Why not").content(MEDIA, content)
}

fn parameters(route: &Endpoint) -> Vec<Parameter> {
    let one = |name: &str, place, required, says: &str| {
        ParameterBuilder::new()
            .name(name)
            .parameter_in(place)
            .required(required)
            .description(Some(says))
            .schema(Some(text()))
            .build()
    };
    let mut all: Vec<Parameter> = Vec::new();
    for name in route.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')) {
        all.push(one(name, ParameterIn::Path, Required::True, "Its id"));
    }
    all.extend(route.params.map(|params| params()).unwrap_or_default());
    if route.method == Method::POST {
        let says = "The same key again is the same request again, and gets the same answer";
        all.push(one(repeat::HEADER, ParameterIn::Header, Required::False, says));
    }
    if route.versioned {
        let says = "The `ETag` of what you have seen: if somebody was faster, the answer is 409";
        all.push(one("if-match", ParameterIn::Header, Required::False, says));
    }
    all
}

fn text() -> RefOr<Schema> {
    Schema::from(ObjectBuilder::new().schema_type(Type::String).build()).into()
}

/// The part of the API that a path belongs to.
fn tag(path: &str) -> &str {
    path.trim_start_matches("/api/").split('/').next().unwrap_or_default().trim_start_matches('/')
}
