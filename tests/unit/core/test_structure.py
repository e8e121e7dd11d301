"""Record ids made of key values."""

from __future__ import annotations

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop_sync.core.structure import Field, Structure, binary_of, binary_text, decode_record_id, encode_record_id

KEYS = st.lists(st.text(alphabet=st.sampled_from("ab,\\ é'")), min_size=1, max_size=4).map(tuple)


@given(KEYS)
def test_an_id_gives_its_key_values_back(values: tuple[str, ...]) -> None:
    assert decode_record_id(encode_record_id(values), len(values)) == values


@given(KEYS, KEYS)
def test_different_keys_of_one_structure_never_share_an_id(one: tuple[str, ...], two: tuple[str, ...]) -> None:
    if len(one) == len(two):
        assert (encode_record_id(one) == encode_record_id(two)) == (one == two)


def test_a_single_key_value_is_its_own_id() -> None:
    assert encode_record_id(("a,b\\",)) == "a,b\\"
    assert encode_record_id(("a,b", "c")) == "a\\,b,c"


def test_an_id_of_another_number_of_values_is_refused() -> None:
    with pytest.raises(ValueError, match="holds 2 key values, not 3"):
        decode_record_id("a,b", 3)


def test_fields_are_found_by_their_exact_name() -> None:
    structure = Structure("people", (Field("Id"), Field("id")))
    assert structure.field("id") is structure.fields[1]
    assert structure.field("ID") is None
    assert structure.field_names == ("Id", "id")


@given(st.binary(max_size=40))
def test_the_text_of_a_binary_key_is_that_of_the_engine_and_says_just_this_value(value: bytes) -> None:
    text = binary_text(value)
    assert duckdb.execute("SELECT CAST(CAST(? AS BLOB) AS VARCHAR)", [value]).fetchall() == [(text,)]
    assert binary_of(text) == value


@pytest.mark.parametrize("text", ["\\", "\\x", "\\xf0", "\\x41", "'", "é", "a\nb", "\\\\x00"])
def test_what_is_no_text_of_a_binary_key_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"no binary|ascii"):
        binary_of(text)
