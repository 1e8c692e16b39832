"""What people and the speaker say at home that is no wake word: the negatives, as text."""

from __future__ import annotations

import re

import numpy as np

from assistant.errors import BadInput

# The speaker's own voice reaches its microphones: what it says must never wake it.
REPLIES = (
    "I added milk and two eggs to the shopping list.",
    "Sorry, I didn't understand that.",
    "Sorry, something went wrong there.",
    "There are five things on your shopping list: bread, butter, coffee, apples and rice.",
    "It is twenty to nine.",
    "Today is Wednesday, the third of March.",
    "Should I remove all of them?",
    "The volume is at thirty percent.",
    "Removed olive oil. The list is empty now.",
    "Sorry, was that a yes or a no?",
)
COMMANDS = (
    "what's on my shopping list", "add two litres of milk and a dozen eggs", "remove the butter",
    "set a timer for ten minutes", "turn the volume down please", "what time is it",
    "could you make me a large coffee with two sugars", "stop", "go on", "yes please",
    "no thank you", "can I get a cappuccino with oat milk", "I want an espresso", "play the radio",
    "how is the weather tomorrow", "make it a double shot", "put bread on the list",
    "create a hardware list", "who called this morning", "what is the capital of Peru",
)  # fmt: skip

_WHO = """I|you|we|they|my sister|the neighbour|your father|somebody|the children|our teacher|Peter
the doctor|a friend of mine|nobody|the man next door|grandmother|the postman|her brother|Julia
the computer|everybody at work|the cat|that woman""".replace("\n", "|").split("|")
_DID = """saw|bought|wanted|forgot|will bring|should have kept|cannot find|has sold|was looking for
is cooking|might need|never liked|always takes|asked about|put away|heard|opened|painted|repaired
is thinking about|lost|watched|told me about|washed|borrowed|would rather have""".replace(
    "\n", "|"
).split("|")
_WHAT = """the blue jacket|some potatoes|a new bicycle|three packets of butter|the last episode
an umbrella|the kitchen table|a glass of water|all those pictures|the garden fence|our holiday
a coffee with milk|the big green box|something for dinner|the evening paper|a piece of chocolate
the washing machine|good news|half a pound of cheese|the wrong bus|a loud noise|my telephone
the football match|an interesting book|her birthday party|a bowl of soup|the front door key
a bunch of flowers|the electricity bill|jam and pickles|lemons|a hot bath""".replace(
    "\n", "|"
).split("|")
_WHEN = """yesterday|in the summer|before breakfast|at the station|when it rained|on Thursday
for the second time|with the others|in Chicago|without asking|a long time ago|after the concert
next to the bank|around seven|because of the weather|if you don't mind|somehow|under the bed
in January|for your mother|quickly|at half past eleven|by mistake|behind the shed""".replace(
    "\n", "|"
).split("|")


def _plain(text: str) -> str:
    return re.sub(r"[^a-z' ]", "", text.lower())


def refuse_everyday(phrase: str) -> None:
    """Raise ``BadInput`` when the speaker or its owner says ``phrase`` anyway."""
    for text in (*REPLIES, *COMMANDS):
        if f" {phrase} " in f" {_plain(text)} ":
            problem = f'it is part of "{text}", which is said anyway'
            raise BadInput(f'wake word "{phrase}"', problem, "choose words said for nothing else")


def sentence(rng: np.random.Generator) -> str:
    """Return something somebody might say at home."""
    if rng.random() < 0.25:
        return str(rng.choice(COMMANDS))
    return " ".join(str(rng.choice(part)) for part in (_WHO, _DID, _WHAT, _WHEN))
