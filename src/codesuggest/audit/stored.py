"""What the store holds, as an audit reads it: who decided what, on which narratives, and what is settled."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from codesuggest.audit.confirmations import AxisConfirmation, Confirmations, collect
from codesuggest.domain import Caller, Confirmation, RedactedNarrative, RedactedText, Taxonomy
from codesuggest.store.database import Session
from codesuggest.store.history import confirmations, settled_incidents
from codesuggest.store.incidents import readable

Named = Callable[[str, str], str]


@dataclass(frozen=True, slots=True)
class Stored:
    """Incidents go by their reference, with their site before it where the store has several: `north/W-17`.

    confirmations  those that stand.
    narratives     redacted, with the codes that are settled, if they are.
    adjudicated    incidents whose disagreement is settled.
    """

    confirmations: Confirmations
    narratives: tuple[RedactedNarrative, ...]
    adjudicated: frozenset[str]


def read_store(session: Session, caller: Caller, taxonomy: Taxonomy) -> Stored:
    """Everything within the caller's sites that was coded by this taxonomy."""
    incidents = readable(session, caller)
    has_sites = len({incident.site for incident in incidents}) > 1

    def named(site: str, reference: str) -> str:
        return f"{site}/{reference}" if has_sites else reference

    settled = {row.incident_id: row.codes for row in settled_incidents(session, caller)}
    rows = [row for row in confirmations(session, caller) if row.taxonomy == taxonomy.name]
    return Stored(
        collect(_decisions(rows, taxonomy, named)),
        tuple(
            RedactedNarrative(
                named(incident.site, incident.reference),
                RedactedText(incident.text or ""),
                settled.get(incident.id, {}),
            )
            for incident in incidents
        ),
        frozenset(named(i.site, i.reference) for i in incidents if i.state == "adjudicated"),
    )


def split_name(name: str) -> tuple[str, str]:
    """The site, empty where none is named, and the reference of an incident as `Stored` names it."""
    site, slash, reference = name.partition("/")
    return (site, reference) if slash else ("", name)


def _decisions(rows: Sequence[Confirmation], taxonomy: Taxonomy, named: Named) -> Iterator[AxisConfirmation]:
    for row in rows:
        for axis in taxonomy.axis:
            if axis in row.codes or taxonomy.axis[axis].optional:
                given = frozenset(row.codes.get(axis, ()))
                places = [place for place, code in enumerate(row.shown.get(axis, ()), start=1) if code in given]
                yield AxisConfirmation(
                    named(row.site, row.reference),
                    row.coder,
                    axis,
                    given,
                    row.site,
                    row.confirmed_at.date().isoformat(),
                    row.is_blind,
                    min(places, default=None) if not row.is_blind else None,
                )
