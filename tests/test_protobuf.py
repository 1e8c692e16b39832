"""What is written is read back, and what is cut off is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.protobuf import again, block, fields, text

PARTS = st.lists(
    st.tuples(st.integers(1, 4000), st.integers(0, 2**63) | st.binary(max_size=300)), max_size=8
)


def written(parts) -> bytes:
    return b"".join(again(k, v) for k, v in parts)


@given(PARTS)
def test_fields_are_read_back_in_order(parts):
    assert list(fields(written(parts))) == parts
    views = list(fields(memoryview(written(parts))))
    assert [v if isinstance(v, int) else bytes(v) for _, v in views] == [v for _, v in parts]


@given(st.text(max_size=40))
def test_text_is_utf8(said):
    assert list(fields(text(3, said))) == [(3, said.encode())]


@given(st.binary(min_size=1, max_size=100), st.data())
def test_a_message_that_is_cut_off_is_refused(payload, data):
    whole = block(2, payload)
    with pytest.raises(ValueError):
        list(fields(whole[: data.draw(st.integers(1, len(whole) - 1))]))
