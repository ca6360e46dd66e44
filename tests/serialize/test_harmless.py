"""Text from outside."""

from cnnkit.serialize.harmless import harmless


def test_what_would_move_the_cursor_or_turn_the_writing_is_spelt_out():
    assert harmless("a\x1b[2Jb\r\x07\x9b\u202e") == r"a\x1b[2Jb\r\x07\x9b\u202e"
    assert harmless("a\nb\tc") == "a\nb\tc" and harmless("a\nb\tc", lines=False) == r"a\nb\tc"
    # A cat, and a family that is one sign of several joined.
    assert harmless("äöü 猫 🐈 👨\u200d👩\u200d👧", lines=False) == "äöü 猫 🐈 👨\u200d👩\u200d👧"
