"""The command line: what can be asked for, and how every failure ends.

A command is one function in ``assistant.commands``; this module names it, explains it and calls
it. Wrong input ends in one sentence and exit status 2, any other failure in one sentence and 1.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
import tempfile
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from assistant import commands, remote
from assistant.errors import AssistantError, BadInput, did_you_mean
from assistant.settings import load


class Parser(argparse.ArgumentParser):
    """Reports wrong arguments as ``BadInput``, not with argparse's own two lines."""

    def error(self, message: str) -> NoReturn:
        unknown = re.search(r"unrecognized arguments: (--\w\S*)", message)
        hint = ""
        if unknown:
            options = (option for action in self._actions for option in action.option_strings)
            hint = did_you_mean(unknown[1], options) + " "
        raise BadInput(self.prog, message, f"{hint}see {self.prog} --help")


@dataclass(frozen=True)
class Command:
    """One verb of the command line."""

    body: Callable[..., int]  # body(arguments, settings) -> exit status
    summary: str
    examples: str
    arguments: Callable[[Parser], None] = lambda parser: None


def _demo(parser: Parser) -> None:
    parser.add_argument(
        "--out",
        metavar="DIR",
        type=Path,
        default=Path("demo-out"),
        help="folder for the report, the picture and the sounds (default: demo-out)",
    )
    _play(parser)


def _simulate(parser: Parser) -> None:
    parser.add_argument("scene", metavar="SCENE.toml", type=Path, help="the scene to play through")
    parser.add_argument("--out", metavar="DIR", type=Path, required=True, help="folder for results")
    _play(parser)


def _play(parser: Parser) -> None:
    parser.add_argument(
        "--play", action="store_true", help="also play it on this machine's sound card"
    )
    parser.add_argument(
        "--fixed-costs",
        action="store_true",
        help="charge fixed computing times, so that two runs give the same report",
    )


def _replay(parser: Parser) -> None:
    parser.add_argument("mic", metavar="MIC.wav", type=Path, help="WAV or FLAC of the microphones")
    parser.add_argument(
        "--reference", metavar="REF.wav", type=Path, help="what the speaker played meanwhile"
    )
    parser.add_argument(
        "--clean", metavar="OUT.wav", type=Path, help="write what the wake word hears after AEC"
    )


def _ask(parser: Parser) -> None:
    parser.add_argument("text", nargs="+", metavar="TEXT", help="what you would say")


def _say(parser: Parser) -> None:
    parser.add_argument("text", nargs="+", metavar="TEXT", help="what it should say")
    parser.add_argument("--wav", metavar="FILE", type=Path, help="write a WAV instead of playing")


def _config(parser: Parser) -> None:
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--describe", action="store_true", help="explain every setting in a table")
    which.add_argument("--write", metavar="FILE", type=Path, help="write a settings file to edit")


def _bench(parser: Parser) -> None:
    parser.add_argument("names", nargs="*", metavar="NAME", help="benchmarks; none lists them")
    parser.add_argument("--quick", action="store_true", help="fewer examples, rougher figures")
    parser.add_argument("--json", metavar="FILE", type=Path, help="also write the figures here")
    parser.add_argument("--plots", metavar="DIR", type=Path, help="also draw the figures here")
    parser.add_argument(
        "--parts", metavar="A,B", default="",
        help="echo: only some of recall, reconvergence, after, recorded, alone, cost",
    )  # fmt: skip
    parser.add_argument("--only", metavar="A,B", default="", help="echo: engines; teach: words")
    parser.add_argument("--tune", action="store_true", help="echo: the rooms meant for tuning")
    parser.add_argument("--workers", metavar="N", type=int, default=2, help="echo: processes")


def _status(parser: Parser) -> None:
    parser.add_argument("--json", action="store_true", help="print it as JSON")


def _mute(parser: Parser) -> None:
    parser.add_argument("--off", action="store_true", help="listen again")


def _backup(parser: Parser) -> None:
    parser.add_argument("--to", metavar="FILE", type=Path, help="write this one copy instead")
    parser.add_argument("--quiet", action="store_true", help="nothing stored yet is no failure")


def _doctor(parser: Parser) -> None:
    parser.add_argument("--json", action="store_true", help="print the findings as JSON")
    parser.add_argument(
        "--hardware",
        action="store_true",
        help="try the board's lights, button and mute switch instead (stop the speaker first)",
    )


def _calibrate(parser: Parser) -> None:
    parser.add_argument(
        "--scene", metavar="SCENE.toml", type=Path, help="measure the simulated room of a scene"
    )
    parser.add_argument(
        "--out", metavar="FILE.png", type=Path, default=Path("calibration.png"),
        help="the picture of the result (default: calibration.png)",
    )  # fmt: skip
    parser.add_argument("--dry-run", action="store_true", help="measure, and write no settings")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")


def _lights(parser: Parser) -> None:
    parser.add_argument("--mood", metavar="MOOD", help="one mood (default: all, one after another)")
    parser.add_argument(
        "--count", metavar="N", type=int, default=12, help="LEDs: 12 is a ring, 3 a row"
    )
    parser.add_argument("--once", action="store_true", help="print one moment and end")
    parser.add_argument(
        "--board", action="store_true", help="also on this computer's board (stop the speaker)"
    )
    parser.add_argument(
        "--updating", choices=("on", "off"), help="let the running speaker show that it is updated"
    )
    parser.add_argument(
        "--out", metavar="FILE", type=Path, help="write a .png or .gif instead of drawing here"
    )


def _models(parser: Parser) -> None:
    parser.add_argument(
        "action", nargs="?", choices=("list", "fetch", "remove"), default="list",
        help="what to do (default: list)",
    )  # fmt: skip
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help="models; fetch without one gets what is needed"
    )
    parser.add_argument(
        "--from", dest="source", metavar="PATH", type=Path,
        help="fetch from this folder, archive or USB stick instead of the network",
    )  # fmt: skip
    parser.add_argument("--check", action="store_true", help="list: read every byte again")
    parser.add_argument("--json", action="store_true", help="list: print it as JSON")
    parser.add_argument(
        "--forget", action="store_true", help="remove: also forget what was first fetched"
    )


def _teach(parser: Parser) -> None:
    parser.add_argument("phrase", nargs="*", metavar="PHRASE", help="the wake word")
    parser.add_argument(
        "--verify", action="store_true", help="learn the household's voices for the word in use"
    )
    parser.add_argument(
        "--recordings", metavar="DIR", type=Path, help="WAVs of people saying it (default: record)"
    )
    parser.add_argument(
        "--takes", metavar="N", type=whole, default=8, help="recordings to make; 0 for none"
    )
    parser.add_argument(
        "--negatives", metavar="DIR", type=Path, help="sounds of your home without the word"
    )
    parser.add_argument(
        "--synthetic", metavar="N", type=whole, default=1000, help="synthetic words (default 1000)"
    )
    parser.add_argument("--out", metavar="FILE", type=Path, help="the file to write")
    parser.add_argument("--use", action="store_true", help="write it into the settings file")


def whole(text: str) -> int:
    number = int(text)
    if not 0 <= number <= 20_000:
        raise ValueError
    return number


COMMANDS = {
    "run": Command(commands.run, "listen and answer on the sound card", "assistant run"),
    "demo": Command(
        commands.demo,
        "hear a household evening in a simulated room",
        "assistant demo\nassistant demo --out /tmp/evening --play",
        _demo,
    ),
    "simulate": Command(
        commands.simulate,
        "play a scene of your own through the whole speaker",
        "assistant simulate kitchen.toml --out kitchen\n"
        "assistant simulate kitchen.toml --out kitchen --set wake.word=alexa",
        _simulate,
    ),
    "replay": Command(
        commands.replay,
        "show what the speaker would have done at a recording, as JSON lines",
        "assistant replay mic.wav\nassistant replay mic.wav --reference ref.wav --clean clean.wav",
        _replay,
    ),
    "ask": Command(
        commands.ask,
        "use a skill from text, without any sound",
        'assistant ask "add two litres of milk to the shopping list"\n'
        'assistant ask "what\'s on my shopping list"',
        _ask,
    ),
    "say": Command(
        commands.say,
        "say a text with the voice in use",
        'assistant say "Dinner is ready."\nassistant say "Dinner is ready." --wav dinner.wav',
        _say,
    ),
    "status": Command(
        remote.status, "ask the running speaker how it is", "assistant status", _status
    ),
    "stop": Command(remote.stop, "silence the running speaker", "assistant stop"),
    "mute": Command(
        remote.mute,
        "mute the running speaker's microphone",
        "assistant mute\nassistant mute --off",
        _mute,
    ),
    "backup": Command(
        commands.backup,
        "copy what the speaker remembers, and keep the newest seven copies",
        "assistant backup\nassistant backup --to /media/stick/assistant.db",
        _backup,
    ),
    "doctor": Command(
        commands.doctor,
        "check this machine, with a remedy for whatever is wrong",
        "assistant doctor\nassistant doctor --json\nassistant doctor --hardware",
        _doctor,
    ),
    "calibrate": Command(
        commands.calibrate,
        "measure loudspeaker and microphones with a quiet sweep, and set what follows",
        "assistant calibrate\nassistant calibrate --dry-run --out kitchen.png\n"
        "assistant calibrate --scene kitchen.toml",
        _calibrate,
    ),
    "lights": Command(
        commands.lights,
        "see the lights in the terminal, or as a picture",
        "assistant lights\nassistant lights --mood thinking --count 3\n"
        "assistant lights --out moods.png",
        _lights,
    ),
    "models": Command(
        commands.models,
        "show, fetch and remove the models that make it hear and speak better",
        "assistant models\nassistant models fetch\nassistant models fetch en_GB-alan-medium\n"
        "assistant models fetch --from /media/pi/STICK\nassistant models remove en_GB-alan-medium",
        _models,
    ),
    "skills": Command(
        commands.skills, "list the skills and the sentences they understand", "assistant skills"
    ),
    "config": Command(
        commands.config,
        "show the settings in force, explain them, or write a file to edit",
        "assistant config --describe\nassistant config --write assistant.toml\n"
        "assistant config --set wake.threshold=0.6",
        _config,
    ),
    "teach": Command(
        commands.teach,
        "make a wake word of your own, or learn the household's voices",
        'assistant teach "hey pumpkin"\n'
        'assistant teach "hey pumpkin" --recordings our-voices --use\n'
        "assistant teach --verify --recordings our-voices",
        _teach,
    ),
    "bench": Command(
        commands.bench,
        "measure the speaker beside its peers on this machine",
        "assistant bench\nassistant bench echo wake --quick",
        _bench,
    ),
}


def main_parser() -> Parser:
    """Return the parser that explains the commands; it parses nothing else."""
    verbs = "\n".join(f"  {name:10}{command.summary}" for name, command in COMMANDS.items())
    return Parser(
        prog="assistant",
        usage="assistant COMMAND [ARGUMENTS]",
        description="A smart speaker you can interrupt.",
        epilog=f"commands:\n{verbs}\n\nassistant COMMAND --help explains one, with examples.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def parser_of(name: str) -> Parser:
    """Return the parser of one command."""
    command = COMMANDS[name]
    examples = "\n".join(f"  {line}" for line in command.examples.splitlines())
    parser = Parser(
        prog=f"assistant {name}",
        description=command.summary[0].upper() + command.summary[1:] + ".",
        epilog=f"examples:\n{examples}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    command.arguments(parser)
    _common(parser)
    return parser


def _common(parser: Parser) -> None:
    parser.add_argument("--config", metavar="FILE", type=Path, help="settings file (TOML)")
    parser.add_argument(
        "--set",
        metavar="section.key=value",
        action="append",
        default=[],
        help="change one setting for this time; may be repeated",
    )
    parser.add_argument("--debug", action="store_true", help="show where a failure comes from")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status: 0, 1 failure, 2 wrong input, 130 Ctrl-C."""
    argv = list(sys.argv[1:] if argv is None else argv)
    debug = "--debug" in argv
    try:
        status = _run(argv)
        sys.stdout.flush()  # here, where a reader that has gone is still an exception
        return status
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # The reader of our output went away (`assistant config | head`): say nothing more.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except AssistantError as error:
        if debug:
            traceback.print_exc()
        sentence = " ".join(str(error).split())
        print(sentence if sentence.startswith("assistant") else f"assistant: {sentence}",
              file=sys.stderr)  # fmt: skip
        return 2 if isinstance(error, BadInput) else 1
    except Exception as error:
        if debug:
            traceback.print_exc()
        print(f"assistant: a bug in the speaker ({type(error).__name__}); {_write_log()}",
              file=sys.stderr)  # fmt: skip
        return 1


def _run(argv: Sequence[str]) -> int:
    if not argv:
        main_parser().print_help()
        return 0
    name = argv[0]
    if name.startswith("-"):
        main_parser().parse_args(argv)
    if name not in COMMANDS:
        raise BadInput("assistant", f'there is no "{name}"', did_you_mean(name, COMMANDS))
    arguments = parser_of(name).parse_args(argv[1:])
    settings = load(arguments.config, arguments.set)
    return COMMANDS[name].body(arguments, settings)


def _write_log() -> str:
    """Write the traceback of the current exception where its owner finds it; say where."""
    state = os.environ.get("XDG_STATE_HOME") or os.path.expanduser("~/.local/state")
    for folder in (Path(state) / "assistant", Path(tempfile.gettempdir())):
        log = folder / "assistant-crash.log"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            log.write_text(traceback.format_exc(), encoding="utf-8")
        except OSError:
            continue
        return f"please report it with {log}"
    return "run it again with --debug and please report what it prints"
