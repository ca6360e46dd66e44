"""Data that changed after a training: judged is what the run set aside, or nothing; never what it was trained on."""

import csv
import json
import os
import shutil

import numpy as np
import pytest
from PIL import Image

from cnnkit.engine.evaluate import evaluate
from cnnkit.engine.fit import fit, resume
from cnnkit.engine.records.events import EvaluateFinished, Finished, Note
from cnnkit.engine.records.options import FitOptions
from cnnkit.engine.records.results import DataChanges
from cnnkit.engine.use.load import load
from cnnkit.errors import DataError, UsageError
from cnnkit.serialize import safe

COLOURS = {"cat": (200, 60, 60), "dog": (60, 200, 60), "fox": (60, 60, 200)}


def picture(seed, kind):
    noise = np.random.default_rng([seed, *COLOURS[kind]]).normal(0, 60, (32, 32, 3))
    return (noise + np.array(COLOURS[kind])).clip(0, 255).astype(np.uint8)


def fill(folder, seeds=range(20), name="{:03d}.png"):
    for kind in COLOURS:
        (folder / kind).mkdir(parents=True, exist_ok=True)
        for seed in seeds:
            Image.fromarray(picture(seed, kind)).save(folder / kind / name.format(seed))
    return folder


def with_parts(folder):
    fill(folder / "train", range(12))
    fill(folder / "test", range(12, 16))
    return folder


def listed(folder):
    fill(folder)
    rows = [(f"{path.parent.name}/{path.name}", path.parent.name) for path in sorted(folder.rglob("*.png"))]
    write_list(folder, rows)
    return folder / "list.csv"


def write_list(folder, rows):
    with open(folder / "list.csv", "w", newline="") as file:
        csv.writer(file).writerows([("path", "label"), *rows])


def arrays(path, seeds=range(20), changed=(), **more):
    """Changed: positions whose picture is another one now."""
    kinds = list(COLOURS)
    images = [picture(seed, kind) for seed in seeds for kind in kinds]
    for place in changed:
        images[place] = images[place] ^ 1
    np.savez(path, images=np.array(images), labels=np.array(kinds * len(seeds)), **more)
    return path


def train(run, data, **choices):
    plain = {"model": "lenet5", "epochs": 1, "batch_size": 8, "augment": "none", "image_size": [28, 28]}
    if str(data).endswith(".npz"):
        del plain["image_size"]
    *_, last = fit(FitOptions.from_values({**plain, "data": str(data), "output": str(run), **choices}))
    assert isinstance(last, Finished)
    return last.result


def judged(run, data=None, **choices):
    """(result, what was said)."""
    *events, last = evaluate(load(run), data, **choices)
    assert isinstance(last, EvaluateFinished)
    return last.result, " ".join(event.text for event in events if isinstance(event, Note))


def names(run, part):
    with open(run / "parts.csv", newline="") as file:
        return [row["item"] for row in csv.DictReader(file) if row["part"] == part]


def old(run, copy):
    """The run as a version that noted no parts left it."""
    shutil.copytree(run, copy)
    (copy / "parts.csv").unlink()
    for path in (copy / "weights").iterdir():
        arrays, record = safe.load(path)
        safe.save(path, arrays, {name: value for name, value in record.items() if name != "parts_sha256"})
    return copy


def test_a_run_notes_which_picture_was_in_which_part(tmp_path):
    result = train(tmp_path / "run", fill(tmp_path / "d"))
    parts = {part: names(tmp_path / "run", part) for part in ("train", "val", "test")}
    everything = sorted(str(path.relative_to(tmp_path / "d")) for path in (tmp_path / "d").rglob("*.png"))
    assert sorted(name for part in parts.values() for name in part) == everything
    assert len(parts["test"]) == result.test_images
    found, said = judged(tmp_path / "run")
    assert (found.top1, found.n, found.changes) == (result.top1, result.test_images, DataChanges())
    assert "the test part that the run recorded: 12 images" in said


def test_a_folder_that_grew_is_judged_on_the_old_test_part(tmp_path):
    result = train(tmp_path / "run", fill(tmp_path / "d"))
    # Copies of trained pictures under names that come first: every part would be drawn anew.
    for kind in COLOURS:
        for i in range(7):
            shutil.copy(tmp_path / "d" / kind / f"{i:03d}.png", tmp_path / "d" / kind / f"0000_new{i}.png")
    for given in (None, tmp_path / "d"):
        found, said = judged(tmp_path / "run", given)
        assert (found.top1, found.loss, found.n) == (result.top1, pytest.approx(result.test_loss), result.test_images)
        assert found.changes == DataChanges(new=21) and "because new since the training: 21 images" in said


def test_a_grown_copy_elsewhere_is_told_too(tmp_path):
    train(tmp_path / "run", fill(tmp_path / "d"))
    shutil.move(tmp_path / "d", tmp_path / "moved")
    fill(tmp_path / "moved", range(50, 60), "000_{}.png")
    found, _ = judged(tmp_path / "run", tmp_path / "moved")
    assert (found.n, found.changes) == (12, DataChanges(new=30))


def test_classes_that_came_or_went_since_are_no_obstacle(tmp_path):
    result = train(tmp_path / "run", fill(tmp_path / "d"))
    shutil.copytree(tmp_path / "d" / "fox", tmp_path / "d" / "ape")
    found, _ = judged(tmp_path / "run")
    assert (found.top1, found.loss, found.n) == (result.top1, pytest.approx(result.test_loss), 12)
    assert found.classes == ("cat", "dog", "fox") and found.changes == DataChanges(new=20)
    shutil.rmtree(tmp_path / "d" / "dog")
    found, _ = judged(tmp_path / "run")
    assert (found.n, found.changes) == (8, DataChanges(gone=4, new=20))


def test_gone_changed_and_moved_pictures_are_told(tmp_path):
    train(tmp_path / "run", fill(tmp_path / "d"))
    gone, changed, moved, *_ = (tmp_path / "d" / name for name in names(tmp_path / "run", "test"))
    gone.unlink()
    Image.fromarray(picture(99, "cat")).save(changed)
    moved.rename(moved.with_name("another name.png"))
    found, said = judged(tmp_path / "run")
    assert (found.n, found.changes) == (10, DataChanges(gone=1, changed=1))
    assert "Of the 12 images of the test part, 1 is gone and 1 has changed: these are left out." in said


def test_nothing_is_judged_where_nothing_is_left(tmp_path):
    train(tmp_path / "run", fill(tmp_path / "d"))
    for name in names(tmp_path / "run", "test"):
        (tmp_path / "d" / name).unlink()
    with pytest.raises(DataError, match=r"None of the 12 images of the run's test part can be used: 12 are gone"):
        judged(tmp_path / "run")


def test_a_changed_picture_in_a_test_folder_is_told(tmp_path):
    train(tmp_path / "run", with_parts(tmp_path / "d"))
    Image.fromarray(picture(99, "dog")).save(tmp_path / "d" / "test" / "dog" / "012.png")
    fill(tmp_path / "d" / "test", [70])
    found, _ = judged(tmp_path / "run")
    assert (found.n, found.changes) == (11, DataChanges(changed=1, new=3))


def test_a_list_whose_rows_moved(tmp_path):
    result = train(tmp_path / "run", listed(tmp_path / "d"))
    with open(tmp_path / "d" / "list.csv", newline="") as file:
        rows = list(csv.reader(file))[1:]
    fill(tmp_path / "d", [50])
    write_list(tmp_path / "d", [(f"{kind}/050.png", kind) for kind in COLOURS] + rows[::-1])
    found, _ = judged(tmp_path / "run")
    assert (found.top1, found.n, found.changes) == (result.top1, 12, DataChanges(new=3))
    # Another label is another sample.
    label = {"cat": "dog", "dog": "fox", "fox": "cat"}
    first = names(tmp_path / "run", "test")[0]
    write_list(tmp_path / "d", [(path, label[kind] if path == first else kind) for path, kind in rows])
    assert judged(tmp_path / "run")[0].changes == DataChanges(changed=1)


@pytest.mark.parametrize("seeds", [range(25), [30, *range(20)]])
def test_arrays_that_grew_at_their_end_or_beginning(tmp_path, seeds):
    result = train(tmp_path / "run", arrays(tmp_path / "d.npz"))
    arrays(tmp_path / "d.npz", seeds)
    found, _ = judged(tmp_path / "run")
    assert (found.top1, found.n) == (result.top1, result.test_images)
    assert found.changes == DataChanges(new=3 * (len(seeds) - 20))


def test_a_changed_image_in_an_array(tmp_path):
    train(tmp_path / "run", arrays(tmp_path / "d.npz"))
    place = int(names(tmp_path / "run", "test")[0].removeprefix("train[").removesuffix("]"))
    arrays(tmp_path / "d.npz", changed=[place])
    assert judged(tmp_path / "run")[0].changes == DataChanges(changed=1)


def test_arrays_with_a_test_part_of_their_own(tmp_path):
    split = ["train"] * 45 + ["test"] * 15
    train(tmp_path / "run", arrays(tmp_path / "d.npz", split=np.array(split)))
    assert names(tmp_path / "run", "test") == [f"test[{i}]" for i in range(15)]
    arrays(tmp_path / "d.npz", changed=[50], split=np.array(split))
    found, _ = judged(tmp_path / "run")
    assert (found.n, found.changes) == (14, DataChanges(changed=1))


def test_other_data_are_judged_without_what_was_trained_on(tmp_path):
    train(tmp_path / "run", fill(tmp_path / "d"))
    fill(tmp_path / "other" / "train", range(100, 140))
    fill(tmp_path / "other" / "test", range(140, 145))
    found, said = judged(tmp_path / "run", tmp_path / "other")
    assert (found.n, found.changes) == (15, None) and "left out" not in said
    name = next(name for name in names(tmp_path / "run", "train") if name.startswith("dog/"))
    shutil.copy(tmp_path / "d" / name, tmp_path / "other" / "test" / "dog" / "copy.png")
    found, said = judged(tmp_path / "run", tmp_path / "other")
    assert found.n == 15 and "because used for training: 1 image" in said


def test_an_old_run_is_judged_where_the_checksum_is_its_own_and_else_refused(tmp_path):
    result = train(tmp_path / "run", fill(tmp_path / "d"))
    run = old(tmp_path / "run", tmp_path / "old")
    assert judged(run)[0].top1 == judged(run, tmp_path / "d")[0].top1 == result.top1
    fill(tmp_path / "d", [50])
    for given in (None, tmp_path / "d"):
        with pytest.raises(DataError, match=r"is not recorded \(runs of version 0\.2 and later record it"):
            judged(run, given)
    # Going on is refused as before; with the old data back, the list is made.
    with pytest.raises(DataError, match="have changed"):
        list(resume(run, {"epochs": 2}))
    for kind in COLOURS:
        (tmp_path / "d" / kind / "050.png").unlink()
    list(resume(run, {"epochs": 2}))
    assert names(run, "test") == names(tmp_path / "run", "test")
    fill(tmp_path / "d", [50])
    assert judged(run)[0].changes == DataChanges(new=3)


def test_an_old_run_on_a_folder_with_a_test_part_may_be_asked_about_that(tmp_path):
    train(tmp_path / "run", with_parts(tmp_path / "d"))
    run = old(tmp_path / "run", tmp_path / "old")
    fill(tmp_path / "d" / "test", [50])
    with pytest.raises(DataError, match="have changed"):
        judged(run)
    found, said = judged(run, tmp_path / "d")
    assert (found.n, found.changes) == (15, None) and "have changed since the training" in said


def test_weights_without_their_folder_go_by_the_checksum(tmp_path):
    result = train(tmp_path / "run", fill(tmp_path / "d"))
    shutil.copy(tmp_path / "run" / "weights" / "best.safetensors", tmp_path / "alone.safetensors")
    assert judged(tmp_path / "alone.safetensors")[0].top1 == result.top1
    fill(tmp_path / "d", [50])
    with pytest.raises(DataError, match="the run folder has that list"):
        judged(tmp_path / "alone.safetensors")
    assert judged(tmp_path / "run" / "weights" / "last.safetensors")[0].changes == DataChanges(new=3)


@pytest.mark.parametrize("damage", [b"", b"part,item,digest\ntrain,cat/000.png,0000000000000000\n", b"\xff\0", None])
def test_a_list_that_is_not_that_of_the_weights_is_not_believed(tmp_path, damage):
    train(tmp_path / "run", fill(tmp_path / "d"))
    place = tmp_path / "run" / "parts.csv"
    place.unlink()
    if damage is None:
        os.mkfifo(place)
    else:
        place.write_bytes(damage)
    assert judged(tmp_path / "run")[0].n == 12
    fill(tmp_path / "d", [50])
    with pytest.raises(DataError, match="have changed"):
        judged(tmp_path / "run")


def test_images_learned_by_heart_are_judged_as_the_run_judged_them(tmp_path):
    result = train(tmp_path / "run", fill(tmp_path / "d"), overfit=6, epochs=2)
    found, _ = judged(tmp_path / "run")
    assert (found.n, found.top1) == (6, result.top1)
    found, _ = judged(old(tmp_path / "run", tmp_path / "old"))
    assert (found.n, found.top1) == (6, result.top1)


def test_a_command_that_is_none_says_nothing_of_the_images(tmp_path):
    result = train(tmp_path / "run", fill(tmp_path / "d"))
    copy = old(tmp_path / "run", tmp_path / "old")
    path = copy / "weights" / "best.safetensors"
    arrays, record = safe.load(path)
    safe.save(path, arrays, {**record, "command": "cnnkit train --overfit 'six"})
    assert judged(copy)[0].n == result.test_images


def test_every_part_can_be_asked_for(tmp_path):
    train(tmp_path / "run", fill(tmp_path / "d"))
    fill(tmp_path / "d", [50], "000_{}.png")
    for part in ("train", "val", "test"):
        found, _ = judged(tmp_path / "run", split=part)
        assert found.n == len(names(tmp_path / "run", part))
        json.dumps(found.to_json(), allow_nan=False)


def test_names_that_are_no_text_are_noted(tmp_path):
    folder = fill(tmp_path / "d")
    os.rename(folder / "cat" / "000.png", os.fsencode(folder / "cat") + b'/a\xff,\n".png')
    train(tmp_path / "run", folder)
    assert judged(tmp_path / "run")[0].changes == DataChanges()


def test_all_of_other_data_are_judged_but_for_what_was_trained_on(tmp_path):
    data, other = fill(tmp_path / "mine"), fill(tmp_path / "other", range(40, 60))
    train(tmp_path / "run", data)
    result, notes = judged(tmp_path / "run", other, split="all")
    assert (result.n, result.split) == (60, "all") and "evaluated on all 60 images." in notes
    # Five pictures of each class that the run may have learned from come in; those of its test part still count.
    fill(other, range(5))
    learned = {name for part in ("train", "val") for name in names(tmp_path / "run", part)}
    known = sum(f"{kind}/{seed:03d}.png" in learned for kind in COLOURS for seed in range(5))
    result, notes = judged(tmp_path / "run", other, split="all")
    assert result.n == 75 - known and f"Left out, because used for training: {known} images." in notes
    for again in (None, data, shutil.copytree(data, tmp_path / "copy")):
        with pytest.raises(UsageError, match=r"was trained on images of .* --split test"):
            judged(tmp_path / "run", again, split="all")


def test_of_data_without_parts_it_is_told_that_some_were_drawn(tmp_path):
    data, other = fill(tmp_path / "mine"), fill(tmp_path / "other", range(40, 60))
    train(tmp_path / "run", data)
    result, notes = judged(tmp_path / "run", other)
    assert result.n == 12
    assert "The data have no parts, so 12 images were drawn at random. To judge all of them: --split all." in notes
    assert "drawn at random" not in judged(tmp_path / "run")[1]


def test_data_too_few_for_parts_are_judged_as_a_whole(tmp_path):
    data, other = fill(tmp_path / "mine"), fill(tmp_path / "other", [40])
    train(tmp_path / "run", data)
    with pytest.raises(DataError, match=r"too few images to draw a test part from. Judge all of them: --split all"):
        judged(tmp_path / "run", other)
    assert judged(tmp_path / "run", other, split="all")[0].n == 3
