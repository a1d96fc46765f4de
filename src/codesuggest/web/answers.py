"""What is answered: rows of the store in their documented shapes."""

from typing import Any

from codesuggest.domain import Caller, Confirmation, SettledIncident
from codesuggest.intake import within_site
from codesuggest.review import Progress, may_see_codings, may_see_suggestions
from codesuggest.store import tables
from codesuggest.store.database import Session
from codesuggest.store.decisions import pending_move, standing_adjudication
from codesuggest.store.history import confirmations


def incident_answer(incident: tables.Incident, *, with_codes: bool = True) -> dict[str, Any]:
    """One incident; codes that it came with are left out where it is coded blind."""
    return {
        "id": incident.id,
        "reference": incident.reference,
        "site": incident.site,
        "text": incident.text,
        "occurred": incident.occurred,
        "reported": incident.reported,
        "state": incident.state,
        "version": incident.version,
        "is_blind": incident.is_blind,
        "n_wanted": incident.n_wanted,
        "existing_codes": incident.existing_codes if with_codes else {},
    }


def suggestions_answer(session: Session, row: tables.ShownSuggestion, caller: Caller) -> dict[str, Any]:
    """Kept suggestions, in the shape of `/v1/suggest`, within the caller's site."""
    return {"suggestion": row.id, **within_site(session, row.content or {}, caller)}


def confirmation_answer(row: Confirmation) -> dict[str, Any]:
    """One confirmation."""
    return {
        "id": row.id,
        "incident": row.incident_id,
        "reference": row.reference,
        "site": row.site,
        "coder": row.coder,
        "position": row.position,
        "codes": row.codes,
        "unsaid": row.unsaid,
        "is_blind": row.is_blind,
        "shown": row.shown,
        "changed": row.changed,
        "time_on_screen_ms": row.time_on_screen_ms,
        "confirmed_at": row.confirmed_at,
        "taxonomy": row.taxonomy,
        "model": row.model,
        "is_superseded": row.is_superseded,
    }


def adjudication_answer(row: tables.Adjudication) -> dict[str, Any]:
    """One adjudication."""
    return {
        "id": row.id,
        "incident": row.incident_id,
        "confirmations": row.confirmations,
        "codes": row.codes,
        "unsaid": row.unsaid,
        "reason": row.reason or "",
        "taxonomy": row.taxonomy,
        "adjudicated_at": row.adjudicated_at,
    }


def history_answer(session: Session, incident: tables.Incident, caller: Caller) -> dict[str, Any]:
    """One incident with its decisions, as far as the caller may know them without being led by them."""
    may_know = may_see_codings(incident, caller)
    rows = confirmations(
        session,
        caller,
        incidents=[incident.id],
        coder_id=None if may_know else caller.coder_id or 0,
        with_superseded=True,
    )
    settled = standing_adjudication(session, incident.id)
    return {
        **incident_answer(incident, with_codes=may_see_suggestions(session, incident, caller)),
        "confirmations": [confirmation_answer(row) for row in rows],
        "adjudication": adjudication_answer(settled) if settled and may_know else None,
        "move": _move_answer(pending_move(session, incident.id)) if may_know else None,
    }


def _move_answer(row: tables.ShownSuggestion | None) -> dict[str, Any] | None:
    """What waits to be decided for another taxonomy: the codes that moved by themselves, and the axes left open."""
    if row is None:
        return None
    content = row.content or {}
    reasons = {axis: unsettled["reason"] for axis, unsettled in content.get("unsettled", {}).items()}
    return {"taxonomy": row.taxonomy, "codes": content.get("existing_codes", {}), "open": reasons}


def progress_answer(progress: Progress) -> dict[str, int]:
    """A coder's day so far."""
    return {"done_today": progress.done_today, "waiting": progress.waiting}


def settled_answer(row: SettledIncident, *, with_text: bool) -> dict[str, Any]:
    """One settled incident, for an export."""
    content = {
        "id": row.incident_id,
        "reference": row.reference,
        "site": row.site,
        "occurred": row.occurred,
        "reported": row.reported,
        "codes": row.codes,
        "unsaid": row.unsaid,
        "settled_by": row.settled_by,
        "settled_at": row.settled_at,
        "coders": row.coders,
        "taxonomy": row.taxonomy,
    }
    return content | {"text": row.text} if with_text else content


def coder_answer(row: tables.Coder) -> dict[str, Any]:
    """One coder."""
    return {
        "name": row.name,
        "display_name": row.display_name,
        "role": row.role,
        "site": row.site,
        "is_active": row.is_active,
        "locked_until": row.locked_until,
    }


def token_answer(row: tables.Token) -> dict[str, Any]:
    """One token, without its secret, which nobody has any more."""
    return {
        "id": row.id,
        "name": row.name,
        "scopes": row.scopes,
        "site": row.site,
        "created_by": row.created_by,
        "created_at": row.created_at,
        "expires_at": row.expires_at,
        "revoked_at": row.revoked_at,
    }
