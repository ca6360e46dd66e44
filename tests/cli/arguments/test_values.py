import click
import pytest

from cnnkit.cli.arguments.values import Name, Names, Numbers, Real, Share, Size, Whole


@pytest.mark.parametrize("text", ["0", "-3", "x", "1.5", "", "9"])
def test_a_whole_number_out_of_bounds_is_refused_with_value_and_example(text):
    with pytest.raises(click.BadParameter) as caught:
        Whole(1, 8, example="--epochs 5").convert(text, None, None)
    assert repr(text) in str(caught.value)
    assert "a whole number, 1 to 8" in str(caught.value)
    assert "--epochs 5" in str(caught.value)


@pytest.mark.parametrize("text", ["0", "-1", "nan", "inf", "fast", "1.5"])
def test_a_number_out_of_bounds_is_refused_with_value_and_example(text):
    with pytest.raises(
        click.BadParameter, match=r"is not a number above 0 and at most 1\. Correct would be --lr 0\.05\."
    ):
        Real(above=0, most=1, example="--lr 0.05").convert(text, None, None)


@pytest.mark.parametrize(
    ("text", "size"),
    [("32", (32, 32)), ("32x48", (32, 48)), ("32X48", (32, 48)), ([32, 48], (32, 48)), ((7, 9), (7, 9)), (5, (5, 5))],
)
def test_a_size_is_one_or_two_sides_height_first(text, size):
    assert Size("--image-size 32").convert(text, None, None) == size


@pytest.mark.parametrize("text", ["0", "32x", "x", "1x2x3", "32x-4", "99999999"])
def test_a_size_that_cannot_be_is_refused(text):
    with pytest.raises(click.BadParameter, match="32x48"):
        Size("--image-size 32").convert(text, None, None)


def test_numbers_are_parted_by_commas():
    numbers = Numbers("--mean 0.5")
    assert numbers.convert("0.5,-1, 2e-3", None, None) == (0.5, -1.0, 0.002)
    assert numbers.convert([0.5, 1], None, None) == (0.5, 1.0)


@pytest.mark.parametrize("text", ["", "a", "1,", "nan", "1,inf", "0.5;0.5"])
def test_numbers_that_are_none_are_refused(text):
    with pytest.raises(click.BadParameter, match=r"separated by commas\. Correct would be --mean 0\.5"):
        Numbers("--mean 0.5").convert(text, None, None)


def test_a_misspelt_name_gets_the_likely_one():
    with pytest.raises(click.BadParameter, match="did you mean cosine"):
        Name(("constant", "cosine"), example="--schedule cosine").convert("cosin", None, None)


def test_names_are_parted_by_commas():
    names = Names(("torch", "onnxruntime"), example="--against torch")
    assert names.convert("torch, onnxruntime", None, None) == ("torch", "onnxruntime")
    assert names.convert(["torch"], None, None) == ("torch",)
    with pytest.raises(click.BadParameter, match="did you mean torch"):
        names.convert("torhc", None, None)


@pytest.mark.parametrize(("text", "hint"), [("90", "90 per cent is 0.9"), ("99.5%", "99.5 per cent is 0.995")])
def test_a_share_in_per_cent_is_told_how_to_write_it(text, hint):
    with pytest.raises(click.BadParameter) as caught:
        Share(example="--min-top1 0.9").convert(text, None, None)
    assert f"{text!r} is not a number at least 0 and at most 1: {hint}. Correct would be" in str(caught.value)


@pytest.mark.parametrize("text", ["-0.1", "101", "nan", "high", "inf", ""])
def test_a_share_that_is_none_gets_no_hint(text):
    with pytest.raises(click.BadParameter, match=r"at most 1\. Correct would be --min-top1 0\.9\."):
        Share(example="--min-top1 0.9").convert(text, None, None)


def test_a_share_goes_from_0_to_1():
    assert [Share(example="--x 1").convert(text, None, None) for text in ("0", "0.9", "1")] == [0, 0.9, 1]
