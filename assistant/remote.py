"""The commands that talk to a running speaker, through its control socket."""

from __future__ import annotations

import argparse
import json

from assistant.errors import AssistantError, BadInput
from assistant.settings import Settings


def status(arguments: argparse.Namespace, settings: Settings) -> int:
    answer = tell({"do": "status"}, needed=True)
    answer.pop("ok")
    if arguments.json:
        print(json.dumps(answer, indent=1))
        return 0
    muted = ", microphone muted" if answer["muted"] else ""
    print(f"{answer['mode']}{muted}; up {answer['up_s']:.0f} s, heard {answer['listened_s']:.0f} s")
    print("\n".join(answer["engines"]))
    if priority := answer["real_time_priority"]:
        print(f"The audio thread goes first (real-time priority {priority}).")
    else:
        print("The audio thread waits its turn (no real-time priority): speech may stutter.")
    sound = answer["sound"]
    if sound["trouble"]:
        print(f"waiting for the sound card: {sound['trouble']}")
    print(
        f"sound card: lost {sound['outages']} times, {sound['lost_samples']} samples not heard, "
        f"dry {sound['dry']} times, delay jumped {sound['delay_jumps']} times, "
        f"{sound['late_hops']} hops late"
    )
    return 0


def stop(arguments: argparse.Namespace, settings: Settings) -> int:
    tell({"do": "stop"}, needed=True)
    return 0


def mute(arguments: argparse.Namespace, settings: Settings) -> int:
    tell({"do": "mute", "on": not arguments.off}, needed=True)
    print("The microphone is on." if arguments.off else "The microphone is muted.")
    return 0


def tell(request: dict, needed: bool = False) -> dict | None:
    """Return the running speaker's answer; None where none runs, unless one is ``needed``."""
    from assistant import control

    refused = None
    for folder in control.folders():
        try:
            answer = control.ask(folder / control.NAME, request)
        except PermissionError:
            refused = "sudo usermod -aG assistant $USER, then log in again"
        except (OSError, ValueError):
            continue
        else:
            if not answer.get("ok"):
                raise AssistantError(str(answer.get("problem", "the speaker refused")))
            return answer
    if refused:
        raise BadInput("the speaker", "does not listen to you", refused)
    if needed:
        raise BadInput("assistant", "no speaker is running", "start it with: assistant run")
    return None


def refuse_while_running(command: str) -> None:
    """Raise BadInput where a speaker runs: it has the sound card, the lights and the button."""
    if tell({"do": "status"}) is not None:
        raise BadInput(command, "the speaker is running", "first sudo systemctl stop assistant")
