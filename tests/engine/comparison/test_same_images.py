"""Which images several networks may be compared on."""

from cnnkit.engine.comparison.same_images import same_images


def test_images_are_matched_by_their_digests_whatever_their_order():
    found = same_images([["a", "b", "c"], ["c", "x", "a"]], learned=())
    assert found.rows == ((0, 2), (2, 0)) and len(found) == 2
    assert found.alone == (1, 1) and found.learned == 0


def test_what_any_of_them_learned_from_is_left_out_and_counted():
    found = same_images([["a", "b", "c"], ["a", "b", "c"]], learned={"b", "z"})
    assert found.rows == ((0, 2), (0, 2)) and found.learned == 1 and found.alone == (0, 0)


def test_copies_count_as_often_as_in_the_part_that_has_the_fewest():
    found = same_images([["a", "a", "b", "a"], ["a", "b", "a"]], learned=())
    assert found.rows == ((0, 1, 2), (0, 2, 1)) and found.alone == (1, 0)


def test_of_three_parts_the_images_of_all_are_taken():
    found = same_images([["a", "b", "c"], ["b", "c", "d"], ["c", "b"]], learned=())
    assert found.rows == ((1, 2), (0, 1), (1, 0)) and found.alone == (1, 1, 0)


def test_parts_without_a_common_image_have_none():
    assert len(same_images([["a"], ["b"]], learned=())) == 0
