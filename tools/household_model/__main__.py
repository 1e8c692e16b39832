"""Builds and extends the household model: ``python -m tools.household_model --help``.

``graph`` gives the model in the tree the words of the skills as they are now (seconds, no torch:
the sounds are the same, only the words are new). The other stages train it from nothing, with the
``[model]`` extra and the synthesisers espeak-ng, flite and festival.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from assistant.speech.vosk_ import HOUSEHOLD
from tools.household_model.files import write_configuration, write_graph, write_network
from tools.household_model.sentences import Household

SEED = 20240512
STAGES = ("synth", "train", "mmi", "export", "graph")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tools.household_model", description=__doc__)
    parser.add_argument("stages", nargs="*", default=["graph"], help=", ".join(STAGES))
    parser.add_argument("--model", type=Path, default=HOUSEHOLD, help="folder of the model")
    parser.add_argument("--work", type=Path, default=Path("household-work"), help="scratch folder")
    parser.add_argument("--words", type=Path, help="a file of words to add, one a line")
    parser.add_argument("--size", type=float, default=1.0, help="1 is the shipped model's training")
    options = parser.parse_args()
    if wrong := set(options.stages) - set(STAGES):
        parser.error(f"there is no stage {min(wrong)}")
    extra = options.words.read_text(encoding="utf-8").split() if options.words else ()
    household = Household(SEED, tuple(word.lower() for word in extra))
    for stage in options.stages:
        print(f"{stage}: {run(stage, household, options)}", flush=True)


def run(stage: str, household: Household, options: argparse.Namespace) -> str:
    """Do one stage and return what became of it."""
    work: Path = options.work
    if stage == "synth":
        from tools.household_model.synthesis import synthesise

        return f"{synthesise(household, work, options.size)} utterances in {work}"
    if stage == "train":
        from tools.household_model.training import train

        train(work, household.words, options.size)
        return f"{work / 'ce.pt'}"
    if stage == "mmi":
        from tools.household_model.mmi import tune

        tune(work, household.words, max(1, round(2 * options.size)))
        return f"{work / 'am.pt'}"
    if stage == "export":
        write_network(work / "am.pt", options.model)
        write_configuration(options.model)
    return write_graph(household, options.model)


if __name__ == "__main__":
    main()
