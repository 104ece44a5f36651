"""Words: one key for what is stored and what is typed, in every script."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reelm.kit.words import bigrams, fold, is_ideographic, mentions_in, runs, tag_key, tags_in


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("Crème Brûlée!", "creme brulee"),
        (
            "\N{LATIN SMALL LIGATURE FI}ne \N{ROMAN NUMERAL FOUR} \N{FULLWIDTH LATIN SMALL LETTER W}ide",
            "fine iv wide",
        ),
        ("İSTANBUL Straße ΣΊΣΥΦΟΣ", "istanbul strasse σισυφοσ"),
        ("#été @anna_b don't", "ete anna_b don t"),
        ("हिन्दी फिल्म", "हिन्दी फिल्म"),
        ("ไทยแลนด์", "ไทยแลนด์"),
        ("مُحَمَّد", "محمد"),
        ("שָׁלוֹם", "שלום"),
        ("ガラス と カラス", "ガラス と カラス"),
        ("日本の空 Sunset", "日本の空 sunset"),
        ("한국어", "한국어"),
        ("  …!?  ", ""),
        ("❤️ love 👩‍👩‍👧", "love"),
    ],
)
def test_folding(text, key):
    assert fold(text) == key


@given(st.text(max_size=200))
def test_folding_settles_and_leaves_single_gaps(text):
    key = fold(text)
    assert fold(key) == key
    assert "  " not in key
    assert key == key.strip()
    assert not {"#", "@"} & set(key)


@given(st.text(max_size=60))
def test_runs_put_a_key_together_again(text):
    key = fold(text)
    cut = runs(key)
    assert "".join(run for run, _ in cut) == key.replace(" ", "")
    assert all({is_ideographic(c) for c in run} == {marked} for run, marked in cut)


def test_runs_part_scripts_within_a_word():
    assert runs("sunset海边 去2次") == [
        ("sunset", False),
        ("海边", True),
        ("去", True),
        ("2", False),
        ("次", True),
    ]


def test_ideographs_are_found_singly_and_in_pairs():
    assert bigrams("猫咪 cat") == sorted(["猫", "咪", "猫咪"])
    assert bigrams("猫 咪") == sorted(["猫", "咪"])
    assert bigrams("cat") == []


def test_tags_keep_accents_and_marks_and_come_once():
    assert tags_in("#Été #été #हिन्दी #日本 a#b &#39; #ok_1") == ["été", "हिन्दी", "日本", "ok_1"]
    assert tag_key("\N{FULLWIDTH LATIN CAPITAL LETTER W}IDE") == "wide"
    assert len(tags_in(" ".join(f"#t{n}" for n in range(50)))) == 30


def test_mentions_are_handles_once():
    assert mentions_in("@Anna @anna hi@there.com (@ben.k.) @@x @a @_z") == ["anna", "ben.k"]
