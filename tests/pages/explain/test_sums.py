"""Sums that go into a page: large contributions, and the rest as one number."""

import numpy as np
import pytest

from cnnkit.engine.explain.sum import Sum, Terms
from cnnkit.pages.explain.sums import LISTED, as_facts, short


def window(rng, channels: int, weights=True) -> Terms:
    """A 3x3 window at the upper left corner of a map, one place of it in the padding."""
    n = 9 * channels
    places = [(y - 1, x, c) for y in range(3) for x in range(3) for c in range(channels)]
    inside = np.array([y >= 0 for y, _, _ in places])
    values = np.where(inside, rng.normal(size=n), 0.0)
    w = rng.normal(size=n) if weights else np.ones(n)
    return Terms(4, np.array(places), inside, values, w, (3, 3, channels))


def weighted(terms: Terms) -> Sum:
    total = terms.total + 0.5
    return Sum(5, (0, 0, 2), "conv", "weighted", (terms,), {"bias": 0.5}, None, total, "relu", 0.0, total, total)


def added(facts) -> float:
    """What a page adds up."""
    total = sum(facts["numbers"].values())
    for term in facts["terms"]:
        total += term["rest"]
        for part in term["parts"]:
            total += np.dot(part["values"], part.get("weights", np.ones(len(part["values"]))))
    return float(total)


@pytest.mark.parametrize("channels", [1, 3, 40])
def test_what_is_shown_and_the_rest_add_up_to_the_total(rng, channels):
    sum = weighted(window(rng, channels))
    facts = as_facts(sum, 3)
    # Each of the numbers is rounded to nine digits.
    assert added(facts) == pytest.approx(sum.total, rel=1e-7, abs=1e-7)
    (term,) = facts["terms"]
    assert len(term["parts"]) == min(3, channels) and term["others"] == channels - len(term["parts"])
    assert term["grid"] == [3, 3] and term["source"] == 4


def test_a_part_is_one_channel_as_it_is_under_the_window(rng):
    terms = window(rng, 5)
    part = as_facts(weighted(terms), 1)["terms"][0]["parts"][0]
    rows = np.arange(45).reshape(9, 5)[:, part["channel"]]
    assert part["values"] == [short(value) for value in terms.values[rows]]
    assert part["at"] == terms.places[rows][:, :2].tolist()
    size = np.abs(terms.products.reshape(9, 5)).sum(axis=0)
    assert part["channel"] == size.argmax()


def test_of_a_dense_layer_the_largest_products_are_listed(rng):
    terms = Terms(1, np.arange(50)[:, None], np.ones(50, bool), rng.normal(size=50), rng.normal(size=50), (50,))
    (term,) = as_facts(weighted(terms), 3)["terms"]
    assert len(term["parts"]) == LISTED and term["others"] == 50 - LISTED and "grid" not in term
    products = [part["values"][0] * part["weights"][0] for part in term["parts"]]
    assert np.abs(products).tolist() == sorted(np.abs(products), reverse=True)


def test_a_pool_names_its_winner(rng):
    terms = window(rng, 1, weights=False)
    row = int(np.where(terms.inside, terms.values, -np.inf).argmax())
    value = float(terms.values[row])
    sum = Sum(5, (0, 0, 0), "max pool", "greatest", (terms,), {}, row, value, None, 0.0, value, value)
    facts = as_facts(sum, 3)
    assert facts["winner"] == row and facts["winner_at"] == terms.places[row][:2].tolist()
    assert "weights" not in facts["terms"][0]["parts"][0]


def test_a_whole_map_is_listed_by_its_greatest_numbers(rng):
    """Of a global pool, not by a grid of a thousand numbers; the winner is the first."""
    n = 32 * 32
    places = np.array([(i // 32, i % 32, 7) for i in range(n)])
    terms = Terms(0, places, np.ones(n, bool), rng.normal(size=n) - 5, np.ones(n), (32, 32, 1))
    row = int(terms.values.argmax())
    value = float(terms.values[row])
    sum = Sum(1, (7,), "global max pool", "greatest", (terms,), {}, row, value, None, 0.0, value, value)
    facts = as_facts(sum, 3)
    (term,) = facts["terms"]
    assert len(term["parts"]) == LISTED and term["parts"][0]["values"] == [short(value)]
    assert facts["winner_at"] == places[row][:2].tolist()


def test_a_number_keeps_all_digits_of_a_float32():
    for value in np.random.default_rng(1).normal(size=100).astype(np.float32):
        assert np.float32(short(float(value))) == value
    assert short(float("nan")) is None
