//! Routes for incidents: report, list, show and act.

pub(super) mod attachments;
mod edit;
mod follow_up;
mod jci;
mod list;
mod report;
mod risk;
mod show;
mod trail;
mod transition;

use eovr_core::incident::{ATTACHMENT, FOLLOW_UP, KIND};

pub(super) use self::report::{own_facility, take as reported};
pub(super) use self::transition::ACTIONS as STEPS;
use super::app::App;
use eovr_host::http::problem::Problem;
use eovr_host::http::reply::Changed;
use eovr_host::http::routes::{Access, Endpoint, Routes};

pub(super) fn routes(routes: Routes<App>) -> Routes<App> {
    let does = |action| Access::Action { of: KIND, action };
    let edits = Access::OneOf { of: KIND, actions: &["correct", "amend"] };
    let moves = Access::OneOf { of: KIND, actions: transition::ACTIONS };
    let tends = Access::OneOf { of: FOLLOW_UP, actions: &["revise", "finish", "cancel"] };
    let reads = || Access::Reads(KIND);
    routes
        .add(
            Endpoint::post("/api/incidents", does("report"), "Reports what happened")
                .takes::<report::NewIncident>()
                .creates::<report::Receipt>(),
            report::report,
        )
        .add(
            Endpoint::get("/api/incidents", reads(), "Lists incidents in scope, newest first")
                .asks::<list::Filters>()
                .gives::<list::Page<'_>>(),
            list::list,
        )
        .add(
            Endpoint::get("/api/incidents/{id}", reads(), "Shows an incident and what may be done with it")
                .gives::<show::View<'_>>(),
            show::show,
        )
        .add(
            Endpoint::patch(
                "/api/incidents/{id}",
                edits,
                "Corrects a report; later, with a reason, amends it",
            )
            .takes::<edit::Edit>()
            .gives::<Changed>(),
            edit::edit,
        )
        .add(
            Endpoint::post("/api/incidents/{id}/transition", moves, "Does an action of the workflow")
                .versioned()
                .takes::<transition::Transition>()
                .gives::<transition::Moved<'_>>(),
            transition::transition,
        )
        .add(
            Endpoint::post(
                "/api/incidents/{id}/reopen",
                does("reopen"),
                "Lets a closed one go on in a new report",
            )
            .takes::<report::Reopening>()
            .creates::<report::Receipt>(),
            report::reopen,
        )
        .add(
            Endpoint::patch("/api/incidents/{id}/risk", does("assess"), "Rates severity and probability")
                .takes::<risk::Rating>()
                .gives::<Changed>(),
            risk::rate,
        )
        .add(
            Endpoint::patch("/api/incidents/{id}/jci-fields", does("edit_jci"), "Fills in the JCI panel")
                .takes::<jci::Panel>()
                .gives::<Changed>(),
            jci::fill,
        )
        .add(
            Endpoint::post(
                "/api/incidents/{id}/ai-review",
                does("review_ai"),
                "Accepts or overrides what the scorer suggested",
            )
            .versioned()
            .takes::<risk::Review>()
            .gives::<Changed>(),
            risk::review,
        )
        .add(
            Endpoint::get(
                "/api/incidents/{id}/audit",
                reads(),
                "Gives the audit trail, and whether it is whole",
            )
            .gives::<trail::Audit<'_>>(),
            trail::audit,
        )
        .add(
            Endpoint::get("/api/incidents/{id}/attachments", Access::Reads(ATTACHMENT), "Lists files")
                .gives::<attachments::Files<'_>>(),
            attachments::list,
        )
        .add(
            Endpoint::post(
                "/api/incidents/{id}/attachments",
                does("attach"),
                "Adds a photograph or a document",
            )
            .asks::<attachments::Named>()
            .uploads()
            .creates::<Changed>()
            .also(&[413]),
            attachments::attach,
        )
        .add(
            Endpoint::get(
                "/api/incidents/{id}/attachments/{file}",
                Access::Reads(ATTACHMENT),
                "Gives a file",
            )
            .tells(&["image/jpeg", "image/png", "application/pdf"])
            // The file was removed.
            .also(&[400]),
            attachments::read,
        )
        .add(
            Endpoint::post(
                "/api/incidents/{id}/attachments/{file}/remove",
                Access::Action { of: ATTACHMENT, action: "remove" },
                "Takes a file away for good",
            )
            .takes::<attachments::Removal>()
            .gives::<Changed>(),
            attachments::remove,
        )
        .add(
            Endpoint::get("/api/incidents/{id}/actions", Access::Reads(FOLLOW_UP), "Lists follow-up actions")
                .gives::<follow_up::FollowUps<'_>>(),
            follow_up::list,
        )
        .add(
            Endpoint::post("/api/incidents/{id}/actions", does("open_follow_up"), "Adds a follow-up action")
                .takes::<follow_up::NewFollowUp>()
                .creates::<Changed>(),
            follow_up::add,
        )
        .add(
            Endpoint::patch(
                "/api/incidents/{id}/actions/{action}",
                tends,
                "Revises, finishes or cancels a follow-up action",
            )
            .takes::<follow_up::FollowUpChange>()
            .gives::<Changed>(),
            follow_up::change,
        )
}

/// The value of a sealed field; `None` if its key was destroyed, because that erases the value and keeps the record.
/// For a damaged value the alarm notifies tier 5.
pub(super) fn readable<T>(app: &App, opened: eovr_core::Result<T>) -> Result<Option<T>, Problem> {
    match opened {
        Err(error) if error.is_unreadable() => {
            app.kit.auth.alarm.of(&error);
            Ok(None)
        }
        opened => Ok(Some(opened?)),
    }
}
