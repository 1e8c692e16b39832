"""A smart speaker you can interrupt. From here a skill author imports what a skill needs.

    from assistant import Items, Skill, Speaker

Nothing is loaded before it is used.
"""

from __future__ import annotations

import importlib
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from assistant.language.quantities import Quantity
    from assistant.language.slots import Item, Items, Needs, Ordinal
    from assistant.messages import Policy
    from assistant.skill import Again, Ask, Reply, Segment, Skill, SkillError
    from assistant.speaker import Speaker

# ONNX Runtime's wheels report to Microsoft unless this is set before they are loaded; their own
# function to turn that off comes too late for the first report (its Privacy.md).
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

_HOMES = {
    "Again": "skill",
    "Ask": "skill",
    "Item": "language.slots",
    "Items": "language.slots",
    "Needs": "language.slots",
    "Ordinal": "language.slots",
    "Policy": "messages",
    "Quantity": "language.quantities",
    "Reply": "skill",
    "Segment": "skill",
    "Skill": "skill",
    "SkillError": "skill",
    "Speaker": "speaker",
}
__all__ = [
    "Again",
    "Ask",
    "Item",
    "Items",
    "Needs",
    "Ordinal",
    "Policy",
    "Quantity",
    "Reply",
    "Segment",
    "Skill",
    "SkillError",
    "Speaker",
]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'assistant' has no attribute {name!r}")
    value = getattr(importlib.import_module(f"assistant.{_HOMES[name]}"), name)
    globals()[name] = value
    return value
