//! The one way to add a route: with its access, or not at all.
//!
//! An [`Endpoint`] says method, path, access and what goes in and out; [`Routes::add`] puts a guard before
//! the handler that enforces it. The list of all of them is the documentation, so neither can lie about
//! the other.

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

use super::app::App;
use super::auth::Category;
use super::guard::{Door, guard};

/// Who may use a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// Anybody.
    Public,
    /// Anybody who is logged in, about themselves.
    Signed,
    /// Anybody who is logged in, about themselves, as far as the row of this action asks for a fresh proof.
    Own {
        /// The kind.
        of: &'static str,
        /// The action.
        action: &'static str,
    },
    /// Whoever may read records of this kind.
    Reads(&'static str),
    /// Whoever may do this action, by the engine's table.
    Action {
        /// The kind, or the part of the host.
        of: &'static str,
        /// The action.
        action: &'static str,
    },
    /// Whoever may do one of these actions; the body says which, and the engine asks again.
    OneOf {
        /// The kind.
        of: &'static str,
        /// The actions.
        actions: &'static [&'static str],
    },
}

impl Access {
    /// Whether this actor may use the route at all. What may be done to which record the engine decides.
    ///
    /// # Errors
    /// `Denied` where not, with the tiers that may; `Unauthenticated` where a proof is too old.
    pub(crate) fn check(self, actor: &Actor, catalog: &Catalog) -> Result<(), Error> {
        let tiers = match self {
            Self::Public | Self::Signed => return Ok(()),
            Self::Own { of, action } => {
                let row = catalog.actions().row(&Name::new(of)?, &Name::new(action)?);
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
                return Self::OneOf { of, actions: &[] }.one(actor, catalog.actions(), &[action]);
            }
            Self::OneOf { actions, .. } => return self.one(actor, catalog.actions(), actions),
        };
        Err(denied(actor, &tiers))
    }

    fn one(self, actor: &Actor, table: &ActionTable, actions: &[&str]) -> Result<(), Error> {
        let (Self::OneOf { of, .. } | Self::Action { of, .. }) = self else { return Ok(()) };
        let of = Name::new(of)?;
        let mut tiers = Vec::new();
        let mut unproven = None;
        for action in actions {
            // An action that the table does not have is nobody's.
            let Some(row) = table.row(&of, &Name::new(action)?) else { continue };
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

    /// As documentation says it.
    pub(crate) fn words(self) -> String {
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

/// The schemas that a document needs, by name.
pub(crate) type Schemas = Vec<(String, RefOr<Schema>)>;
type SchemaOf = fn(&mut Schemas) -> RefOr<Schema>;

/// A route before it has a handler. Schemas are functions: they are worked out when somebody asks for the
/// documentation.
#[derive(Clone)]
pub(crate) struct Endpoint {
    pub(crate) method: Method,
    pub(crate) path: &'static str,
    pub(crate) access: Access,
    pub(crate) says: &'static str,
    pub(crate) status: u16,
    pub(crate) takes: Option<SchemaOf>,
    pub(crate) gives: Option<SchemaOf>,
    /// The media types of its answer, where that is no JSON.
    pub(crate) media: &'static [&'static str],
    /// How it may refuse besides what all of its sort do.
    pub(crate) also: &'static [u16],
    pub(crate) params: Option<fn() -> Vec<Parameter>>,
    /// Whether it changes a record that has a version.
    pub(crate) versioned: bool,
    /// Whether its answers hold secrets, which are not kept to be given again.
    pub(crate) secret: bool,
    /// What its requests are counted under, from one address.
    pub(crate) category: Option<Category>,
    /// Whether its body is a file.
    pub(crate) uploads: bool,
    /// Whether it is open to people who have to set up a second factor first.
    pub(crate) before_factor: bool,
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
        }
    }

    /// A question.
    pub(crate) fn get(path: &'static str, access: Access, says: &'static str) -> Self {
        Self::new(Method::GET, path, access, says)
    }

    /// A request to do something; it takes an `Idempotency-Key`.
    pub(crate) fn post(path: &'static str, access: Access, says: &'static str) -> Self {
        Self::new(Method::POST, path, access, says)
    }

    /// A request to take something away.
    pub(crate) fn delete(path: &'static str, access: Access, says: &'static str) -> Self {
        Self { status: 204, ..Self::new(Method::DELETE, path, access, says) }
    }

    /// A change of a record that the client has seen; it takes `If-Match`.
    pub(crate) fn patch(path: &'static str, access: Access, says: &'static str) -> Self {
        Self { versioned: true, ..Self::new(Method::PATCH, path, access, says) }
    }

    /// It takes this body.
    pub(crate) fn takes<T: ToSchema>(self) -> Self {
        Self { takes: Some(schema_of::<T>), ..self }
    }

    /// It takes these parameters.
    pub(crate) fn asks<T: IntoParams>(self) -> Self {
        let query = || T::into_params(|| Some(utoipa::openapi::path::ParameterIn::Query));
        Self { params: Some(query), ..self }
    }

    /// It answers with this; one that says nothing of the kind has an empty answer.
    pub(crate) fn gives<T: ToSchema>(self) -> Self {
        Self { gives: Some(schema_of::<T>), status: 200, ..self }
    }

    /// It answers with something of one of these media types.
    pub(crate) fn tells(self, media: &'static [&'static str]) -> Self {
        Self { media, status: 200, ..self }
    }

    /// It makes something: its status is 201.
    pub(crate) fn creates<T: ToSchema>(self) -> Self {
        Self { status: 201, ..self.gives::<T>() }
    }

    /// It may refuse with these too.
    pub(crate) fn also(self, statuses: &'static [u16]) -> Self {
        Self { also: statuses, ..self }
    }

    /// Its answers hold secrets: none is kept to be given again.
    pub(crate) fn secret(self) -> Self {
        Self { secret: true, ..self }
    }

    /// Requests from one address are counted: strangers may send it.
    pub(crate) fn counted(self, category: Category) -> Self {
        Self { category: Some(category), ..self }
    }

    /// Its body is a file.
    pub(crate) fn uploads(self) -> Self {
        Self { uploads: true, ..self }
    }

    /// It is open to people who have to set up a second factor first.
    pub(crate) fn before_factor(self) -> Self {
        Self { before_factor: true, ..self }
    }

    fn door(&self) -> Door {
        let Self { access, secret, category, uploads, before_factor, .. } = *self;
        let (lists, page) = (self.params.is_some(), self.media == ["text/html"]);
        Door { access, secret, category, uploads, before_factor, lists, page }
    }

    /// It takes `If-Match`, although it is no `PATCH`.
    pub(crate) fn versioned(self) -> Self {
        Self { versioned: true, ..self }
    }
}

fn schema_of<T: ToSchema>(schemas: &mut Schemas) -> RefOr<Schema> {
    T::schemas(schemas);
    schemas.push((T::name().into_owned(), T::schema()));
    utoipa::openapi::Ref::from_schema_name(T::name()).into()
}

/// The routes of a server while they are being added.
pub(crate) struct Routes {
    app: App,
    router: Router<App>,
    listed: Vec<Endpoint>,
}

impl Routes {
    pub(crate) fn new(app: App) -> Self {
        Self { app, router: Router::new(), listed: Vec::new() }
    }

    /// Adds a route, with a guard before its handler.
    #[must_use]
    pub(crate) fn add<H, T>(mut self, endpoint: Endpoint, handler: H) -> Self
    where
        H: Handler<T, App>,
        T: 'static,
    {
        let filter = match endpoint.method {
            Method::POST => MethodFilter::POST,
            Method::PATCH => MethodFilter::PATCH,
            Method::PUT => MethodFilter::PUT,
            Method::DELETE => MethodFilter::DELETE,
            _ => MethodFilter::GET,
        };
        let guarded = from_fn_with_state((self.app.clone(), endpoint.door()), guard);
        self.router = self.router.route(endpoint.path, on(filter, handler).route_layer(guarded));
        self.listed.push(endpoint);
        self
    }

    /// Every route so far.
    pub(crate) fn listed(&self) -> &[Endpoint] {
        &self.listed
    }

    pub(super) fn router(self) -> Router<App> {
        self.router
    }
}
