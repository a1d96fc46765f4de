"""A service that follows the model in use: when `in-use` names another, that one is loaded beside and takes over.

Requests under way go on with the model they began with; nothing waits and nothing is dropped. What cannot be loaded, or
codes in another taxonomy, is left alone and said in the log, and the model at hand goes on answering.
"""

import logging
import threading
from collections.abc import Callable
from pathlib import Path

from codesuggest.embed import make_embedder
from codesuggest.errors import CodesuggestError, ModelError, StoreError
from codesuggest.promotion import Shelf
from codesuggest.registry import load_model
from codesuggest.suggest import Suggester

log = logging.getLogger("codesuggest.following")

EVERY_S = 2.0
"""How often `in-use` is looked at."""


class Follower:
    """Looks at `in-use` from a thread of its own, and hands a new suggester to `take_over`, which may refuse it by
    an error of ours."""

    def __init__(
        self,
        shelf: Shelf,
        suggester: Suggester,
        take_over: Callable[[Suggester], None],
        *,
        embedder_dir: Path | None = None,
        every_s: float = EVERY_S,
    ) -> None:
        self._shelf, self._suggester, self._take_over = shelf, suggester, take_over
        self._embedder_dir, self._every_s = embedder_dir, every_s
        self._refused = ""
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="following", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def stop(self) -> None:
        """Look no more; a load under way is left to end by itself."""
        self._stopping.set()

    def look(self) -> None:
        """Look once, and take over if another model is in use."""
        wanted, current = self._shelf.in_use, self._suggester.model.manifest.name
        if not wanted or wanted in (current, self._refused):
            return
        try:
            suggester = self._loaded(wanted)
            self._take_over(suggester)
        except CodesuggestError as error:
            self._refused = "" if isinstance(error, StoreError) else wanted  # a store that is away is asked again
            log.error("model %s is in use but cannot be followed, %s goes on answering: %s", wanted, current, error)
            return
        self._suggester, self._refused = suggester, ""
        log.info("model %s took over from %s", wanted, current)

    def _run(self) -> None:
        while not self._stopping.wait(self._every_s):
            self.look()

    def _loaded(self, name: str) -> Suggester:
        """The suggester of a model, with the embedder and the redactor at hand where they serve."""
        model, current = load_model(self._shelf.folder / name), self._suggester
        if model.taxonomy.fingerprint != current.model.taxonomy.fingerprint:
            raise ModelError(
                f"it codes in {model.taxonomy.name}, not {current.model.taxonomy.name}. Restart the service."
            )
        is_same = model.manifest.embedder == current.embedder.identity
        embedder = current.embedder if is_same else make_embedder(model.manifest.embedder, self._embedder_dir)
        return Suggester(model, embedder, current.redactor, coverage=current.coverage)
