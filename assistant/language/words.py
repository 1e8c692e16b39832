"""Singular and plural of household words (English), enough to know that "egg" is "eggs"."""

from __future__ import annotations

_IRREGULAR = {
    "loaf": "loaves",
    "knife": "knives",
    "leaf": "leaves",
    "half": "halves",
    "shelf": "shelves",
    "potato": "potatoes",
    "tomato": "tomatoes",
    "mango": "mangoes",
    "child": "children",
    "toothbrush": "toothbrushes",
    "radish": "radishes",
    "box": "boxes",
}
_IRREGULAR_BACK = {many: one for one, many in _IRREGULAR.items()}
_IE = str.split("cookie brownie pie smoothie tie veggie movie pixie")  # plural "ies", not from y
_PLURAL_ONLY = str.split("scissors tongs leggings jeans pants trousers shorts glasses oats greens")
_NOT_PLURAL = str.split(
    "hummus couscous asparagus molasses swiss swede citrus gas bus plus cactus lens tennis "
    "christmas always this its"
)
MASS = frozenset(
    str.split(
        "milk butter cheese rice pasta sugar salt flour coffee tea water juice beer wine "
        "chicken fish soap paper oil cereal yogurt chocolate toothpaste food bread pepper "
        "honey jam ham bacon beef pork lamb salmon tuna shrimp cream garlic ginger lettuce "
        "spinach celery broccoli corn fruit meat tofu soup sauce ketchup mustard mayonnaise "
        "vinegar bleach shampoo conditioner detergent deodorant foil wrap film cling popcorn "
        "candy vodka gin rum whisky ice bran dust fuel cinnamon vanilla basil parsley "
        "coriander thyme mint yeast syrup stock gravy lemonade soda cola"
    )
)


def singular(name: str) -> str:
    """Return the name with its last word in the singular: "light bulbs" is "light bulb"."""
    head, _, word = name.rpartition(" ")
    return f"{head} {_one(word)}".strip()


def plural(name: str) -> str:
    """Return the name with its last word in the plural; what is not counted stays."""
    head, _, word = name.rpartition(" ")
    return f"{head} {_many(_one(word))}".strip()


def _one(word: str) -> str:
    if word in _IRREGULAR_BACK:
        return _IRREGULAR_BACK[word]
    if word in _NOT_PLURAL or word in _PLURAL_ONLY or not word.endswith("s"):
        return word
    if len(word) < 4 or word.endswith(("ss", "us", "is")):
        return word
    if word.endswith("ies"):
        return word[:-1] if word[:-1] in _IE else word[:-3] + "y"
    if word.endswith(("ches", "shes", "sses", "xes", "zes")):
        return word[:-2]
    return word[:-1]


def _many(word: str) -> str:
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if word in MASS or word in _NOT_PLURAL or word in _PLURAL_ONLY:
        return word
    if word.endswith("y") and word[-2:-1] not in tuple("aeiou") and len(word) > 2:
        return word[:-1] + "ies"
    if word.endswith(("ch", "sh", "ss", "x", "z")):
        return word + "es"
    return word if word.endswith("s") else word + "s"
