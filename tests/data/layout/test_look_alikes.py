import unicodedata

import pytest

from cnnkit.data.layout.look_alikes import as_known, difference, look_alikes, nearest

NFC, NFD = "caf\u00e9", unicodedata.normalize("NFD", "caf\u00e9")


def test_a_name_is_known_however_its_accents_are_stored():
    assert as_known([NFC, "tea"], [NFD, "Tea"]) == {NFC: NFD}
    assert difference(NFC, NFD) == "" and look_alikes([NFC, NFD]) == []


@pytest.mark.parametrize(
    ("one", "other", "how"),
    [
        ("cat", "Cat", "upper and lower case"),
        ("cat", "cat ", "blank at the beginning or the end"),
        ("cat", "\u00a0cat", "blank at the beginning or the end"),
        ("ice cream", "ice_cream", "blanks, underscores, hyphens"),
        ("ice-cream", "ice  cream", "blanks, underscores, hyphens"),
        ("cat", "c\u0430t", "letters that look alike, U+0061 LATIN SMALL LETTER A and U+0430 CYRILLIC SMALL LETTER A"),
        ("cat", "ca\u200bt", "a character that cannot be seen"),
        ("cat", "\ufeffcat", "a character that cannot be seen"),
        ("cat", "\uff43at", "letters that look alike, U+0063"),
        ("ice_cream", "Ice Cream ", "case, blanks or characters"),
        (NFD, NFC.upper(), "upper and lower case"),
    ],
)
def test_names_that_look_alike_are_told_apart(one, other, how):
    assert how in difference(one, other) and how in look_alikes([one, "dog", other])[0]
    assert repr(one) in nearest(other, ["dog", one])


@pytest.mark.parametrize(
    ("one", "other"),
    [("cat", "car"), ("1.0", "10"), ("-1", "1"), ("1-2", "12"), ("0", "O"), ("cat", "cats"), ("a", "")],
)
def test_other_names_do_not_look_alike(one, other):
    assert difference(one, other) == "" and look_alikes([one, other]) == [] and nearest(one, [other]) == ""
