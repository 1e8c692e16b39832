from hypothesis import given
from hypothesis import strategies as st

from assistant.speech.segments import CLAUSE_BACK, interpolate_words, resume_point

TEXTS = st.lists(st.text("abcdefgh,.", min_size=1, max_size=9), max_size=12).map(" ".join)


@given(TEXTS, st.integers(0, 10_000), st.integers(0, 100_000))
def test_interpolated_words_are_in_order_and_fill_the_clip(text, start, length):
    words = interpolate_words(text, start, start + length)
    assert [w.text for w in words] == text.split()
    edges = [start, *(w.end for w in words)]
    assert all(a.end == b.start for a, b in zip(words, words[1:], strict=False))
    assert edges == sorted(edges) and edges[-1] <= start + length


@given(TEXTS, st.integers(1, 100_000), st.integers(0, 120_000))
def test_a_reply_resumes_at_a_word_not_after_the_duck(text, length, sample):
    words = interpolate_words(text, 0, length)
    point = resume_point(words, sample)
    assert 0 <= point <= max(sample, 0)
    assert point == 0 or point in {w.start for w in words}


def test_a_short_clause_is_repeated_whole_and_a_long_one_from_the_word():
    words = interpolate_words("one, two three four", 0, 60_000)
    assert resume_point(words, words[2].start + 10) == words[1].start
    late = words[3].start + 10
    assert late - words[1].start > CLAUSE_BACK
    assert resume_point(words, late) == words[3].start


def test_a_clip_without_words_starts_again():
    assert resume_point((), 5000) == 0
