"""For which targets reasons are shown."""

from dataclasses import replace

from cnnkit.pages.explain.mattered import targets


def test_of_a_network_that_works_long_fewer_targets_are_looked_at(explained):
    assert len(targets(explained)) == 4
    first, *others = explained.stations
    long = replace(explained, stations=(replace(first, multiply_adds=10**12), *others))
    assert [target.index for target in targets(long)] == [target.index for target in targets(explained)][:2]
    asked = explained.target(targets(explained)[3].index)
    assert [target.index for target in targets(long, asked)] == [asked.index, *(t.index for t in targets(long))]
