"""From words to meaning: text, numbers, amounts, slots, sentence templates and their grammar."""
