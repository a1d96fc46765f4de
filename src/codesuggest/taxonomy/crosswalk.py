"""From the codes of one taxonomy to those of another: what moves by itself, and what a person decides.

A crosswalk is a TOML file: `from` and `to` name two taxonomies; `codes.AXIS` says, for each old code, its one new code,
the several that it became, or none where it was retired. A code that is not listed keeps itself.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from codesuggest.checked import load_checked
from codesuggest.domain import Axis, Codes, Narrative, Taxonomy
from codesuggest.errors import TaxonomyError, UnknownCodeError
from codesuggest.taxonomy.folder import load_taxonomy


class _CrosswalkFile(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    from_: str = Field(alias="from")
    to: str
    axes: dict[str, str] = {}
    codes: dict[str, dict[str, str | tuple[str, ...]]] = {}


@dataclass(frozen=True, slots=True)
class Open:
    """What a person decides on one axis of the new taxonomy.

    candidates  the codes to choose from; none: any of the axis.
    because     the old codes that do not move by themselves, and why, in words.
    """

    candidates: tuple[str, ...]
    because: str


@dataclass(frozen=True, slots=True)
class Moved:
    """A coding in the new taxonomy: the codes that moved by themselves, and the axes that a person decides."""

    codes: Codes
    unsaid: tuple[str, ...] = ()
    open: Mapping[str, Open] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Kinds:
    """How the codes of a crosswalk move, each as `axis code`."""

    same: tuple[str, ...]
    reworded: tuple[str, ...]
    renamed: tuple[str, ...]
    split: tuple[str, ...]
    retired: tuple[str, ...]
    new: tuple[str, ...]


@dataclass(frozen=True)
class Crosswalk:
    """Two taxonomies and the moves between them.

    axes   old axis to new, where the key changed; to nothing where the axis was given up.
    moves  old axis, old code, and what it became; an old code that is missing keeps itself.
    new_source  where the new taxonomy was loaded from: a shipped name or a folder.
    """

    old: Taxonomy
    new: Taxonomy
    axes: Mapping[str, str] = field(default_factory=dict)
    moves: Mapping[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)
    new_source: str = ""

    @property
    def name(self) -> str:
        """From which taxonomy to which."""
        return f"{self.old.name} to {self.new.name}"

    @cached_property
    def old_axes(self) -> Mapping[str, tuple[str, ...]]:
        """By new axis, the old ones that lead to it."""
        found: dict[str, tuple[str, ...]] = dict.fromkeys(self.new.axis, ())
        for key in self.old.axis:
            if (to := self.axes.get(key, key)) in found:
                found[to] += (key,)
        return found

    def targets(self, axis: str, code: str) -> tuple[str, ...]:
        """What an old code became: nothing where it was retired.

        Raises UnknownCodeError if it is no code of the old taxonomy, or has no place in the new one.
        """
        spelled = self.old.spelling(axis, code) if axis in self.old.axis else None
        if spelled is None:
            raise UnknownCodeError(f"{axis}: '{code[:60]}' is no code of {self.old.name}.")
        if (listed := self.moves.get(axis, {}).get(spelled)) is not None:
            return listed
        to = self.axes.get(axis, axis)
        kept = self.new.spelling(to, spelled) if to in self.new.axis else None
        if to and kept is None:
            raise UnknownCodeError(f"{axis}: '{spelled}' has no place in {self.new.name}. List it in the crosswalk.")
        return (kept,) if kept else ()

    def move(self, codes: Codes, unsaid: Sequence[str] = ()) -> Moved:
        """One coding of the old taxonomy in the new one. Raises UnknownCodeError as `targets` does."""
        known = {self.axes.get(axis, axis) for axis in unsaid} & set(self.new.axis)
        moved: dict[str, tuple[str, ...]] = {}
        undecided: dict[str, Open] = {}
        for axis in self.new.axes:
            given = [(code, self.targets(old, code)) for old in self.old_axes[axis.key] for code in codes.get(old, ())]
            sure = _unique(to[0] for _, to in given if len(to) == 1)
            if axis.key in known and not given:
                continue
            if (needs := _undecided(axis, given, sure, self.new.name)) is not None:
                undecided[axis.key] = needs
            if axis.many or needs is None:
                moved |= {axis.key: sure} if sure else {}
        return Moved(moved, tuple(key for key in self.new.axis if key in known and key not in undecided), undecided)

    def kinds(self) -> Kinds:
        """How every listed code moves, and which of the new codes nothing moves to by itself."""
        pairs = [
            (axis, code, self.targets(axis, code)) for axis, given in self.old.assignable.items() for code in given
        ]
        one = [(axis, code, to[0]) for axis, code, to in pairs if len(to) == 1]
        reached = {(self.axes.get(axis, axis), code) for axis, _, to in pairs for code in to}
        return Kinds(
            same=tuple(f"{axis} {code}" for axis, code, to in one if code == to and not self._is_reworded(axis, code)),
            reworded=tuple(f"{axis} {code}" for axis, code, to in one if code == to and self._is_reworded(axis, code)),
            renamed=tuple(f"{axis} {code} -> {to}" for axis, code, to in one if code != to),
            split=tuple(f"{axis} {code} -> {' or '.join(to)}" for axis, code, to in pairs if len(to) > 1),
            retired=tuple(f"{axis} {code}" for axis, code, to in pairs if not to),
            new=tuple(f"{a} {c}" for a, given in self.new.assignable.items() for c in given if (a, c) not in reached),
        )

    def _is_reworded(self, axis: str, code: str) -> bool:
        old = self.old.by_code[axis][code]
        new = self.new.by_code[self.axes.get(axis, axis)].get(code)
        return new is not None and (old.label, old.definition) != (new.label, new.definition)


def load_crosswalk(path: Path) -> Crosswalk:
    """The crosswalk in a TOML file; its taxonomies are shipped names or folders relative to it.

    Raises TaxonomyError naming the file and the code if anything in it is wrong.
    """
    file = load_checked(path, _CrosswalkFile, TaxonomyError)
    sources = [_source(path.parent, name) for name in (file.from_, file.to)]
    old, new = (load_taxonomy(source) for source in sources)
    if old.name == new.name:
        raise TaxonomyError(f"{path}: 'from' and 'to' are both {old.name}. A changed taxonomy needs a name of its own.")
    moves = {
        axis: {code: (to,) if isinstance(to, str) else tuple(to) for code, to in given.items()}
        for axis, given in file.codes.items()
    }
    crosswalk = Crosswalk(old, new, file.axes, moves, sources[1])
    _check(path, crosswalk)
    return crosswalk


def require_coded_in(narratives: Iterable[Narrative], taxonomy: Taxonomy) -> None:
    """Raises UnknownCodeError if a row says, in a column `taxonomy`, that it is coded in another one."""
    for narrative in narratives:
        said = narrative.details.get("taxonomy", "")
        if said and said != taxonomy.name and narrative.existing_codes:
            raise UnknownCodeError(
                f"Incident {narrative.id} is coded in {said[:60]}, but {taxonomy.name} is in use. Move the codes "
                "(codesuggest taxonomy crosswalk), or use what was made for that taxonomy."
            )


def _source(folder: Path, name: str) -> str:
    return str(folder / name) if (folder / name / "taxonomy.toml").is_file() else name


def _check(path: Path, crosswalk: Crosswalk) -> None:
    old, new = crosswalk.old, crosswalk.new
    named = [(old, axis) for axis in (*crosswalk.axes, *crosswalk.moves)]
    for taxonomy, axis in [*named, *((new, to) for to in crosswalk.axes.values() if to)]:
        if axis not in taxonomy.axis:
            raise TaxonomyError(f"{path}: no axis '{axis}' in {taxonomy.name}; it has {', '.join(taxonomy.axis)}.")
    for axis, given in crosswalk.moves.items():
        _check_moves(f"{path}: codes.{axis}", crosswalk, axis, given)
    try:
        crosswalk.kinds()
    except UnknownCodeError as error:
        raise TaxonomyError(f"{path}: {error}") from error


def _check_moves(where: str, crosswalk: Crosswalk, axis: str, given: Mapping[str, tuple[str, ...]]) -> None:
    to = crosswalk.axes.get(axis, axis)
    for code, targets in given.items():
        if crosswalk.old.spelling(axis, code) != code:
            raise TaxonomyError(f"{where}: '{code}' is no code of {crosswalk.old.name} that incidents are given.")
        for target in targets:
            if to not in crosswalk.new.axis or crosswalk.new.spelling(to, target) != target:
                raise TaxonomyError(f"{where}: '{target}' is no code of {crosswalk.new.name} that incidents are given.")


def _undecided(
    axis: Axis, given: Sequence[tuple[str, tuple[str, ...]]], sure: tuple[str, ...], name: str
) -> Open | None:
    """What a person decides on an axis, if anything: a code that became several, none left, or too many for the axis.

    given  the old codes with what each became; `sure`: the new ones that are certain.
    """
    several = [(code, to) for code, to in given if len(to) > 1]
    if several:
        became = "; ".join(f"{code} became {' or '.join(to)}" for code, to in several)
        more = () if axis.many else sure
        return Open(_unique([*more, *(target for _, to in several for target in to)]), f"{became} in {name}.")
    if len(sure) > 1 and not axis.many:
        return Open(sure, f"{' and '.join(code for code, _ in given)} are several; {name} takes one.")
    if not sure and not axis.optional:
        retired = ", ".join(code for code, _ in given)
        return Open((), f"{retired} was retired in {name}." if retired else f"{name} needs a code here.")
    return None


def _unique(codes: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(codes))


def agreed(moved: Sequence[Moved]) -> Moved:
    """Several codings of one incident as one: what all say stands; where they differ, a person decides."""
    first, *others = moved
    codes, unsaid, undecided = dict(first.codes), list(first.unsaid), dict(first.open)
    for axis in dict.fromkeys(axis for one in moved for axis in (*one.codes, *one.unsaid, *one.open)):
        if all(_on(one, axis) == _on(first, axis) for one in others):
            continue
        candidates = _unique(code for one in moved for code in _candidates(one, axis))
        codes.pop(axis, None)
        unsaid = [key for key in unsaid if key != axis]
        undecided[axis] = Open(candidates, "The codings differ.")
    return Moved(codes, tuple(unsaid), undecided)


def _on(moved: Moved, axis: str) -> tuple[set[str], bool, Open | None]:
    return set(moved.codes.get(axis, ())), axis in moved.unsaid, moved.open.get(axis)


def _candidates(moved: Moved, axis: str) -> Iterator[str]:
    yield from moved.codes.get(axis, ())
    yield from moved.open[axis].candidates if axis in moved.open else ()
