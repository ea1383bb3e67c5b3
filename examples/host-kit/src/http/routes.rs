//! The only way to add a route, which requires its access.
//!
//! An [`Endpoint`] names method, path, access, input and output; [`Routes::add`] puts a guard before the handler that
//! enforces the access. The documentation is generated from the same list, so it matches the routes.

use axum::Router;
use axum::handler::Handler;
use axum::http::Method;
use axum::middleware::from_fn_with_state;
use axum::routing::{MethodFilter, on};
use eovr_core::access::{ActionTable, Actor, Standing, Tiers};
use eovr_core::kind::Catalog;
use eovr_core::{Error, ErrorKind, Name};
use utoipa::openapi::path::Parameter;
use utoipa::openapi::{RefOr, Schema};
use utoipa::{IntoParams, ToSchema};

use super::auth::Category;
use super::guard::{Rules, guard};
use super::kit::{HostState, Kit};

/// The access to a route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Access {
    /// Everyone, without authentication.
    Public,
    /// Every authenticated caller, about their own data.
    Signed,
    /// Every authenticated caller, about their own data, with a fresh proof if the row of this action requires one.
    Own {
        /// The kind.
        of: Name,
        /// The action.
        action: &'static str,
    },
    /// Callers who may read records of this kind.
    Reads(Name),
    /// Callers who may do this action, by the engine's action table.
    Action {
        /// The kind, or the part of the host.
        of: Name,
        /// The action.
        action: &'static str,
    },
    /// Callers who may do at least one of these actions. The body names the action, and the engine checks it again.
    OneOf {
        /// The kind.
        of: Name,
        /// The actions.
        actions: &'static [&'static str],
    },
}

impl Access {
    /// Whether this actor may use the route at all. The engine decides about the record.
    ///
    /// # Errors
    /// `Denied`, with the tiers that may; `Unauthenticated` if the proof is too old.
    pub fn check(&self, actor: &Actor, catalog: &Catalog) -> Result<(), Error> {
        let tiers = match self {
            Self::Public | Self::Signed => return Ok(()),
            Self::Own { of, action } => {
                let row = catalog.actions().row(of, &Name::new(action)?);
                return row.map_or(Ok(()), |row| row.proven(actor));
            }
            Self::Reads(kind) => {
                let readers = catalog.kind(kind)?.table().readers;
                if matches!(actor.standing(), Standing::System(_))
                    || actor.tier().is_some_and(|tier| readers.contains(tier))
                {
                    return Ok(());
                }
                vec![readers]
            }
            Self::Action { of, action } => {
                return one(of, &[action], actor, catalog.actions());
            }
            Self::OneOf { of, actions } => return one(of, actions, actor, catalog.actions()),
        };
        Err(denied(actor, &tiers))
    }

    /// The access as text for the documentation.
    pub fn words(&self) -> String {
        match self {
            Self::Public => "public".to_owned(),
            Self::Signed => "signed in, about oneself".to_owned(),
            Self::Own { of, action } => format!("signed in, about oneself; {of}: {action}"),
            Self::Reads(kind) => format!("readers of {kind}"),
            Self::Action { of, action } => format!("{of}: {action}"),
            Self::OneOf { of, actions } => format!("{of}: {}", actions.join(", ")),
        }
    }
}

fn one(of: &Name, actions: &[&str], actor: &Actor, table: &ActionTable) -> Result<(), Error> {
    let mut tiers = Vec::new();
    let mut unproven = None;
    for action in actions {
        // An action without a row is allowed to no tier.
        let Some(row) = table.row(of, &Name::new(action)?) else { continue };
        tiers.push(row.tiers);
        if row.allows(actor) {
            match row.proven(actor) {
                Ok(()) => return Ok(()),
                Err(error) => unproven = Some(error),
            }
        }
    }
    Err(unproven.unwrap_or_else(|| denied(actor, &tiers)))
}

fn denied(actor: &Actor, tiers: &[Tiers]) -> Error {
    let ends = tiers.iter().map(|tiers| <(_, _)>::from(*tiers));
    let ends = ends.fold(None, |ends, (low, high)| match ends {
        None => Some((low, high)),
        Some((lowest, highest)) => Some((low.min(lowest), high.max(highest))),
    });
    let error = Error::new(ErrorKind::Denied, format!("`{}` may not do this", actor.capacity()));
    match ends {
        Some((low, high)) => error.with_help(format!("tiers {} to {} may", low.number(), high.number())),
        None => error,
    }
}

/// The schemas of the document, by name.
pub type Schemas = Vec<(String, RefOr<Schema>)>;
type SchemaOf = fn(&mut Schemas) -> RefOr<Schema>;

/// A route without its handler. Schemas are functions, because they are needed only when a client requests the
/// documentation.
#[derive(Clone)]
pub struct Endpoint {
    /// The method.
    pub method: Method,
    /// The path, with its parameters in braces.
    pub path: &'static str,
    /// The access.
    pub access: Access,
    /// What the route does, for the documentation.
    pub says: &'static str,
    /// The status of a successful answer.
    pub status: u16,
    /// The schema of the body.
    pub takes: Option<SchemaOf>,
    /// The schema of the answer.
    pub gives: Option<SchemaOf>,
    /// The media types of an answer that is not JSON.
    pub media: &'static [&'static str],
    /// Error statuses in addition to those of every similar route.
    pub also: &'static [u16],
    /// The query parameters.
    pub params: Option<fn() -> Vec<Parameter>>,
    /// Whether it changes a versioned record.
    pub versioned: bool,
    /// Whether its answers contain secrets, so the server does not keep them for repeated requests.
    pub secret: bool,
    /// The rate limit per address, if any.
    pub category: Option<Category>,
    /// Whether its body is a file.
    pub uploads: bool,
    /// Whether it is open to accounts that must still set up a second factor.
    pub before_factor: bool,
    /// Whether it is a page for browsers, with the session of a cookie.
    pub page: bool,
}

impl Endpoint {
    fn new(method: Method, path: &'static str, access: Access, says: &'static str) -> Self {
        let (takes, gives, params) = (None, None, None);
        Self {
            method,
            path,
            access,
            says,
            status: 204,
            takes,
            gives,
            media: &[],
            also: &[],
            params,
            versioned: false,
            secret: false,
            category: None,
            uploads: false,
            before_factor: false,
            page: false,
        }
    }

    /// A `GET`, which changes nothing.
    pub fn get(path: &'static str, access: Access, says: &'static str) -> Self {
        Self::new(Method::GET, path, access, says)
    }

    /// A page that a browser shows.
    pub fn page(path: &'static str, access: Access, says: &'static str) -> Self {
        Self { page: true, ..Self::get(path, access, says).tells(&["text/html"]) }
    }

    /// A form of a page that a browser sends. Its answer is not kept, because a page has a nonce; a form has a
    /// [key](super::pages::keyed) of its own.
    pub fn form(path: &'static str, access: Access, says: &'static str) -> Self {
        Self { page: true, secret: true, ..Self::post(path, access, says).tells(&["text/html"]) }
    }

    /// A `POST`; it takes an `Idempotency-Key`.
    pub fn post(path: &'static str, access: Access, says: &'static str) -> Self {
        Self::new(Method::POST, path, access, says)
    }

    /// A `DELETE`.
    pub fn delete(path: &'static str, access: Access, says: &'static str) -> Self {
        Self { status: 204, ..Self::new(Method::DELETE, path, access, says) }
    }

    /// A `PATCH` of a record; it takes `If-Match`.
    pub fn patch(path: &'static str, access: Access, says: &'static str) -> Self {
        Self { versioned: true, ..Self::new(Method::PATCH, path, access, says) }
    }

    /// Sets the type of the body.
    pub fn takes<T: ToSchema>(self) -> Self {
        Self { takes: Some(schema_of::<T>), ..self }
    }

    /// Sets the query parameters.
    pub fn asks<T: IntoParams>(self) -> Self {
        let query = || T::into_params(|| Some(utoipa::openapi::path::ParameterIn::Query));
        Self { params: Some(query), ..self }
    }

    /// Sets the type of the answer; without it the answer is empty.
    pub fn gives<T: ToSchema>(self) -> Self {
        Self { gives: Some(schema_of::<T>), status: 200, ..self }
    }

    /// Sets the media types of an answer that is not JSON.
    pub fn tells(self, media: &'static [&'static str]) -> Self {
        Self { media, status: 200, ..self }
    }

    /// Sets the type of the new object; the status is 201.
    pub fn creates<T: ToSchema>(self) -> Self {
        Self { status: 201, ..self.gives::<T>() }
    }

    /// Adds error statuses.
    pub fn also(self, statuses: &'static [u16]) -> Self {
        Self { also: statuses, ..self }
    }

    /// Marks answers as secret: the server does not keep them for repeated requests.
    pub fn secret(self) -> Self {
        Self { secret: true, ..self }
    }

    /// Limits requests per address, because unauthenticated clients may send them.
    pub fn counted(self, category: Category) -> Self {
        Self { category: Some(category), ..self }
    }

    /// Marks the body as a file.
    pub fn uploads(self) -> Self {
        Self { uploads: true, ..self }
    }

    /// Opens the route to accounts that must still set up a second factor.
    pub fn before_factor(self) -> Self {
        Self { before_factor: true, ..self }
    }

    fn rules(&self) -> Rules {
        let Self { secret, category, uploads, before_factor, .. } = *self;
        let access = self.access.clone();
        let lists = self.params.is_some();
        Rules { access, secret, category, uploads, before_factor, lists, page: self.page }
    }

    /// Makes the route take `If-Match`, although it is not a `PATCH`.
    pub fn versioned(self) -> Self {
        Self { versioned: true, ..self }
    }
}

fn schema_of<T: ToSchema>(schemas: &mut Schemas) -> RefOr<Schema> {
    T::schemas(schemas);
    schemas.push((T::name().into_owned(), T::schema()));
    utoipa::openapi::Ref::from_schema_name(T::name()).into()
}

/// Collects the routes of a server.
pub struct Routes<S> {
    kit: Kit,
    router: Router<S>,
    listed: Vec<Endpoint>,
}

impl<S: HostState> Routes<S> {
    /// No routes yet.
    pub fn new(state: &S) -> Self {
        Self { kit: state.kit().clone(), router: Router::new(), listed: Vec::new() }
    }

    /// Adds a route, with a guard before its handler.
    #[must_use]
    pub fn add<H, T>(mut self, endpoint: Endpoint, handler: H) -> Self
    where
        H: Handler<T, S>,
        T: 'static,
    {
        let filter = match endpoint.method {
            Method::POST => MethodFilter::POST,
            Method::PATCH => MethodFilter::PATCH,
            Method::PUT => MethodFilter::PUT,
            Method::DELETE => MethodFilter::DELETE,
            _ => MethodFilter::GET,
        };
        let guarded = from_fn_with_state((self.kit.clone(), endpoint.rules()), guard);
        self.router = self.router.route(endpoint.path, on(filter, handler).route_layer(guarded));
        self.listed.push(endpoint);
        self
    }

    /// The routes added so far.
    pub fn listed(&self) -> &[Endpoint] {
        &self.listed
    }

    /// The routes with their guards.
    pub fn router(self) -> Router<S> {
        self.router
    }
}
