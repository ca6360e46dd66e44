from cnnkit.errors import MOST_NAMES, unknown_name


def test_of_many_known_names_the_likely_one_and_some_are_told():
    names = [f"layer{number}" for number in range(40)]
    message = str(unknown_name("layer", "leyer3", names))
    assert "Did you mean 'layer" in message and message.endswith(f"layer{MOST_NAMES - 1} and {40 - MOST_NAMES} more.")


def test_a_single_one_that_is_left_is_named_not_counted():
    names = [f"layer{number}" for number in range(MOST_NAMES + 1)]
    assert str(unknown_name("layer", "leyer3", names)).endswith(f"layer{MOST_NAMES - 1}, layer{MOST_NAMES}.")
    assert str(unknown_name("layer", "leyer3", [*names, "last"])).endswith(f"layer{MOST_NAMES - 1} and 2 more.")


def test_where_nothing_is_likely_all_are_told():
    message = str(unknown_name("layer", "qqq", [f"layer{number}" for number in range(40)]))
    assert "Did you mean" not in message and message.endswith("layer39.")
