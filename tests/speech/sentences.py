"""What the recognisers are tested on: commands with their grammar, stop phrases, other speech."""

from __future__ import annotations

from assistant.speech.recogniser import Grammar

GRAMMAR = Grammar(
    {
        "item": "milk | eggs | olive oil | bread | butter | apples | coffee | tea | pasta | rice",
        "number": "one | two | three | four | five | ten | twenty | thirty",
        "items": "[ <number> ] [ the ] <item> ( [ and ] [ <number> ] <item> )*",
        "list": "( the | my ) shopping list",
        "command": "add <items> to <list> | remove <items> from <list> | what is on <list>"
        " | ( read | clear ) <list> | set a timer for <number> ( minutes | hours ) | stop [ it ]"
        " | cancel | pause | never mind | yes | no | repeat [ that ] | turn ( up | down ) the"
        " volume | turn the volume ( up | down ) | what time is it | what is the date [ today ]",
    }
)
COMMANDS = (
    "add milk and eggs to the shopping list", "add two apples and bread to my shopping list",
    "add olive oil to the shopping list", "remove the milk from my shopping list",
    "what is on my shopping list", "read my shopping list", "clear the shopping list",
    "set a timer for twenty minutes", "set a timer for five minutes", "what time is it",
    "what is the date today", "turn up the volume", "turn the volume down", "repeat that", "stop",
    "cancel", "pause", "never mind", "yes", "no",
)  # fmt: skip
STOPS = (
    "stop", "stop it", "please stop", "be quiet", "cancel", "never mind", "pause", "quiet please",
)  # fmt: skip
OTHER = (
    "the weather is nice today", "shall we eat in the garden tonight", "where did you put my keys",
    "i think the dog wants to go out", "dinner will be ready in ten minutes",
    "can you close the kitchen window", "she is coming home on saturday",
    "did you pay the electricity bill", "the soup needs a little more salt",
    "i have a meeting at nine tomorrow", "please pass me the butter", "how was school today",
    "we should call grandma later", "there is a parcel at the door", "my phone needs charging",
    "turn left at the next corner", "what are we watching tonight", "i left my coat at the office",
    "the bus stops near our house", "he paused for a moment and laughed",
    "do not cancel the appointment yet", "my mind is made up", "it is quite cold in here",
    "are the children asleep", "the shop is closed on sunday", "bring me a glass of water",
    "i would like some more coffee", "where is the remote control", "let us go for a walk",
    "this song is beautiful", "the cat sleeps on the sofa", "we need new batteries",
    "i never said that", "the top shelf is full", "take your shoes off", "a quiet evening at home",
    "who is at the door", "keep going you are doing fine", "the train leaves at noon",
    "put the plates on the table",
)  # fmt: skip
