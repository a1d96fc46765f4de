"""The tables. Confirmations, adjudications, erasures and the audit log are append-only, held so by triggers.

No column holds raw text: `text`, `comment` and `reason` are redacted before they come here.
"""

import datetime as dt
import json
from typing import Any

from sqlalchemy import (
    Boolean,
    Date,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Text,
    TypeDecorator,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class JsonText(TypeDecorator[Any]):
    """JSON kept as text: in the order it was written, and comparable by a trigger on every database."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:  # noqa: ARG002
        """See SQLAlchemy."""
        return None if value is None else json.dumps(value, ensure_ascii=False)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:  # noqa: ARG002
        """See SQLAlchemy."""
        return None if value is None else json.loads(value)


class Moment(TypeDecorator[dt.datetime]):
    """A moment in UTC, the same on every database."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: dt.datetime | None, dialect: Dialect) -> dt.datetime | None:  # noqa: ARG002
        """See SQLAlchemy."""
        return None if value is None else value.astimezone(dt.UTC).replace(tzinfo=None)

    def process_result_value(self, value: dt.datetime | None, dialect: Dialect) -> dt.datetime | None:  # noqa: ARG002
        """See SQLAlchemy."""
        return None if value is None else value.replace(tzinfo=dt.UTC)


class Table(DeclarativeBase):
    """What all tables share."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class Coder(Table):
    """A person who signs in. One whose `site` is empty sees every site."""

    __tablename__ = "coders"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(64), unique=True)
    display_name: Mapped[str] = mapped_column(String(100))
    role: Mapped[str] = mapped_column(String(16))
    site: Mapped[str] = mapped_column(String(64), default="")
    password_hash: Mapped[str] = mapped_column(String(255), default="")
    failed_logins: Mapped[int] = mapped_column(Integer, default=0)
    locked_until: Mapped[dt.datetime | None] = mapped_column(Moment)
    is_active: Mapped[bool] = mapped_column(Boolean, default=True)
    created_at: Mapped[dt.datetime] = mapped_column(Moment)


class Session(Table):
    """A log-in. The cookie's value is kept as a hash only."""

    __tablename__ = "sessions"

    id: Mapped[int] = mapped_column(primary_key=True)
    coder_id: Mapped[int] = mapped_column(ForeignKey("coders.id"), index=True)
    secret_hash: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[dt.datetime] = mapped_column(Moment)
    expires_at: Mapped[dt.datetime] = mapped_column(Moment)


class Token(Table):
    """A machine's key to the interface, kept as a hash only. Revoked, never removed."""

    __tablename__ = "tokens"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(64))
    secret_hash: Mapped[str] = mapped_column(String(64), unique=True)
    scopes: Mapped[list[str]] = mapped_column(JsonText)
    site: Mapped[str] = mapped_column(String(64), default="")
    created_by: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[dt.datetime] = mapped_column(Moment)
    expires_at: Mapped[dt.datetime | None] = mapped_column(Moment)
    revoked_at: Mapped[dt.datetime | None] = mapped_column(Moment)


class Incident(Table):
    """An incident to code, redacted.

    state        waiting, coded, disagreed (or to be decided by a lead for another taxonomy), adjudicated, withdrawn
                 (a redaction miss is being mended) or erased.
    version      goes up when what a coder decides on changes: the text, or whether a coding is still wanted.
    n_wanted     how many coders code it independently: 1 or 2.
    is_blind     coders commit their own codes before any suggestion is shown.
    uncertainty  1 less the mean score of the first suggestions, in [0, 1]; 1 where nothing was suggested yet.
    draw         a number drawn at intake, for the queue's random share.
    """

    __tablename__ = "incidents"
    __table_args__ = (
        UniqueConstraint("site", "reference"),
        Index("ix_incidents_uncertain", "state", "uncertainty"),
        Index("ix_incidents_drawn", "state", "draw"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    reference: Mapped[str] = mapped_column(String(64))
    site: Mapped[str] = mapped_column(String(64), default="")
    text: Mapped[str | None] = mapped_column(Text)
    occurred: Mapped[dt.date | None] = mapped_column(Date)
    reported: Mapped[dt.date | None] = mapped_column(Date)
    existing_codes: Mapped[dict[str, list[str]]] = mapped_column(JsonText)
    redactor: Mapped[str] = mapped_column(String(100))
    received_at: Mapped[dt.datetime] = mapped_column(Moment)
    state: Mapped[str] = mapped_column(String(16), default="waiting")
    version: Mapped[int] = mapped_column(Integer, default=1)
    n_wanted: Mapped[int] = mapped_column(Integer, default=1)
    is_blind: Mapped[bool] = mapped_column(Boolean, default=False)
    uncertainty: Mapped[float] = mapped_column(Float, default=1.0)
    draw: Mapped[float] = mapped_column(Float)


class ShownSuggestion(Table):
    """The suggestions for one incident as one model made them, in the documented shape of `incident_json`."""

    __tablename__ = "suggestions"

    id: Mapped[int] = mapped_column(primary_key=True)
    incident_id: Mapped[int] = mapped_column(ForeignKey("incidents.id"), index=True)
    content: Mapped[dict[str, Any] | None] = mapped_column(JsonText)
    model: Mapped[str] = mapped_column(String(200))
    taxonomy: Mapped[str] = mapped_column(String(100))
    redactor: Mapped[str] = mapped_column(String(100))
    made_at: Mapped[dt.datetime] = mapped_column(Moment)


class Assignment(Table):
    """An incident given to a coder. Open while `ended_at` is empty and `expires_at` has not come.

    strategy  what of the protocol's queue picked it, or `search` where the coder opened it.
    outcome   confirmed, skipped, flagged or expired.
    """

    __tablename__ = "assignments"
    __table_args__ = (
        Index("ix_assignments_coder", "coder_id", "ended_at"),
        Index(
            "ix_assignments_held",
            "incident_id",
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    incident_id: Mapped[int] = mapped_column(ForeignKey("incidents.id"), index=True)
    coder_id: Mapped[int] = mapped_column(ForeignKey("coders.id"))
    strategy: Mapped[str] = mapped_column(String(16))
    assigned_at: Mapped[dt.datetime] = mapped_column(Moment)
    expires_at: Mapped[dt.datetime] = mapped_column(Moment)
    ended_at: Mapped[dt.datetime | None] = mapped_column(Moment)
    outcome: Mapped[str] = mapped_column(String(16), default="")
    reason: Mapped[str] = mapped_column(Text, default="")


class Confirmation(Table):
    """One coder's decision on every axis. A correction is a new row that supersedes this one.

    position  1 for the incident's first coder, 2 for the second; a correction keeps it.
    unsaid    axes on which the coder found that the narrative does not say.
    shown     axis to the codes shown, in the order shown; empty where coded blind.
    changed   axes on which the codes differ from the first suggestion shown, or from the row superseded.
    """

    __tablename__ = "confirmations"
    __table_args__ = (
        Index(
            "uq_confirmations_first",
            "incident_id",
            "position",
            unique=True,
            sqlite_where=text("supersedes_id IS NULL"),
            postgresql_where=text("supersedes_id IS NULL"),
        ),
        Index(
            "uq_confirmations_coder",
            "incident_id",
            "coder_id",
            unique=True,
            sqlite_where=text("supersedes_id IS NULL"),
            postgresql_where=text("supersedes_id IS NULL"),
        ),
        UniqueConstraint("coder_id", "idempotency_key"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    incident_id: Mapped[int] = mapped_column(ForeignKey("incidents.id"), index=True)
    coder_id: Mapped[int] = mapped_column(ForeignKey("coders.id"))
    assignment_id: Mapped[int | None] = mapped_column(ForeignKey("assignments.id"))
    suggestion_id: Mapped[int | None] = mapped_column(ForeignKey("suggestions.id"))
    supersedes_id: Mapped[int | None] = mapped_column(ForeignKey("confirmations.id"), unique=True)
    position: Mapped[int] = mapped_column(Integer)
    taxonomy: Mapped[str] = mapped_column(String(100))
    codes: Mapped[dict[str, list[str]]] = mapped_column(JsonText)
    unsaid: Mapped[list[str]] = mapped_column(JsonText)
    changed: Mapped[list[str]] = mapped_column(JsonText)
    is_blind: Mapped[bool] = mapped_column(Boolean)
    time_on_screen_ms: Mapped[int] = mapped_column(Integer)
    idempotency_key: Mapped[str] = mapped_column(String(64))
    confirmed_at: Mapped[dt.datetime] = mapped_column(Moment, index=True)
    shown: Mapped[dict[str, list[str]] | None] = mapped_column(JsonText)
    comment: Mapped[str | None] = mapped_column(Text)


class Adjudication(Table):
    """A lead's settling of a disagreement. `confirmations`: the rows that were side by side."""

    __tablename__ = "adjudications"
    __table_args__ = (
        Index(
            "uq_adjudications_first",
            "incident_id",
            unique=True,
            sqlite_where=text("supersedes_id IS NULL"),
            postgresql_where=text("supersedes_id IS NULL"),
        ),
        UniqueConstraint("lead_id", "idempotency_key"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    incident_id: Mapped[int] = mapped_column(ForeignKey("incidents.id"), index=True)
    lead_id: Mapped[int] = mapped_column(ForeignKey("coders.id"))
    supersedes_id: Mapped[int | None] = mapped_column(ForeignKey("adjudications.id"), unique=True)
    confirmations: Mapped[list[int]] = mapped_column(JsonText)
    taxonomy: Mapped[str] = mapped_column(String(100))
    codes: Mapped[dict[str, list[str]]] = mapped_column(JsonText)
    unsaid: Mapped[list[str]] = mapped_column(JsonText)
    idempotency_key: Mapped[str] = mapped_column(String(64))
    adjudicated_at: Mapped[dt.datetime] = mapped_column(Moment)
    reason: Mapped[str | None] = mapped_column(Text)


class RedactionMiss(Table):
    """Personal data that redaction left, found by a coder.

    template  the narrative with a slot wherever personal data was or is: gold for the redactor, holding no value.
    types     what was missed, by type. Empty, like the template, until somebody has marked where it stood.
    """

    __tablename__ = "redaction_misses"

    id: Mapped[int] = mapped_column(primary_key=True)
    incident_id: Mapped[int] = mapped_column(ForeignKey("incidents.id"), index=True)
    coder_id: Mapped[int] = mapped_column(ForeignKey("coders.id"))
    template: Mapped[str | None] = mapped_column(Text)
    types: Mapped[list[str]] = mapped_column(JsonText)
    flagged_at: Mapped[dt.datetime] = mapped_column(Moment)


class Erasure(Table):
    """Why and by whom words of an incident were erased. Only where such a row exists may words of a confirmation go."""

    __tablename__ = "erasures"

    id: Mapped[int] = mapped_column(primary_key=True)
    incident_id: Mapped[int] = mapped_column(ForeignKey("incidents.id"), index=True)
    actor: Mapped[str] = mapped_column(String(100))
    cause: Mapped[str] = mapped_column(String(32))
    erased_at: Mapped[dt.datetime] = mapped_column(Moment)


class ServerSecret(Table):
    """The one secret of this store's service, made with the store: what pages send back is signed with it."""

    __tablename__ = "server_secrets"

    id: Mapped[int] = mapped_column(primary_key=True)
    value: Mapped[str] = mapped_column(String(64))


class LogEntry(Table):
    """Who did what to what, when. `detail` holds ids, names of fields and counts, never words of a narrative."""

    __tablename__ = "audit_log"

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[dt.datetime] = mapped_column(Moment, index=True)
    actor: Mapped[str] = mapped_column(String(100))
    action: Mapped[str] = mapped_column(String(32), index=True)
    subject: Mapped[str] = mapped_column(String(100))
    detail: Mapped[dict[str, Any]] = mapped_column(JsonText)
