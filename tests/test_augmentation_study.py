"""The judging of many looks: numbers equal those computed by hand from the tester."""

import numpy as np
import pytest
from matplotlib import pyplot as plt

from bp_research import LandmarkTester, plots
from bp_research.datasets import load_meei
from bp_research.datasets.records import Photo, PhotoSet
from bp_research.errors import BadTableError
from bp_research.face.geometry import feature_array, interocular, point_error
from bp_research.measuring.intervals import COLUMNS, cross_calibrate
from bp_research.measuring.study import Trial, interval_table, sweep, try_tests


@pytest.fixture(scope="module")
def photos(tiny_demo):
    photoset = load_meei(tiny_demo)
    first = photoset.to_frame().groupby("patient_id").head(1)["photo_id"]
    return photoset.select(list(first)[:6])


@pytest.fixture(scope="module")
def tried(photos):
    trials = [Trial("run", "run", {"num_test": 6}), Trial("noise", "test_noises", {"scale": 30, "num_test": 3}, 30)]
    return try_tests(photos, trials, counts=(1, 3), processes=2, progress=False, model="iBUG")


def test_rows_are_what_the_tester_gives(photos, tried):
    photo = photos[2]
    tester = LandmarkTester(photo.path, "iBUG").run(6)
    rows = tried[(tried["photo_id"] == photo.photo_id) & (tried["trial"] == "run")].set_index("copies")
    for count in (1, 3):
        points = tester.test_landmarks[:count]
        assert rows.loc[count, "error"] == point_error(np.median(points, axis=0), photo.landmarks_gt)
        assert rows.loc[count, "one_copy"] == pytest.approx(
            np.mean([point_error(one, photo.landmarks_gt) for one in points])
        )
    assert (rows["single"] == point_error(tester.single.landmarks, photo.landmarks_gt)).all()
    tester.run(3)
    inner = tester.spread[17:].mean() / interocular(photo.landmarks_gt)
    assert rows.loc[3, "spread"] == pytest.approx(inner)
    assert rows.loc[1, "spread"] == 0


def test_every_photo_and_trial_has_its_rows(photos, tried):
    assert tried["photo_id"].unique().tolist() == [photo.photo_id for photo in photos]
    assert tried.groupby(["trial", "copies"]).size().to_dict() == {
        (trial, count): len(photos) for trial in ("run", "noise") for count in (1, 3)
    }


def test_levelled_trials_turn_the_photo(photos):
    trials = [Trial(str(level), "test_no_rotation", {"num_test": 1}, level=level) for level in (False, True)]
    table = try_tests(photos, trials, processes=1, progress=False, model="iBUG")
    errors = table.pivot(index="photo_id", columns="trial", values="error")
    assert (errors["True"] != errors["False"]).any()


def test_the_sweep_covers_three_kinds_from_weak_to_strong():
    trials = sweep(num_test=4)
    kinds = {trial.name: [t.strength for t in trials if t.name == trial.name] for trial in trials}
    assert set(kinds) == {"rotation", "noise", "brightness"}
    assert all(strengths == sorted(strengths) and len(strengths) >= 4 for strengths in kinds.values())
    assert all(trial.parameters["num_test"] == 4 for trial in trials)


def test_intervals_stand_beside_the_truth(photos):
    table = interval_table(photos, "iBUG", levels=(0.5,), num_test=5, processes=1, progress=False)
    assert set(COLUMNS) <= set(table.columns)
    assert len(table) == len(photos) * 32
    photo = photos[1]
    rows = table[table["photo_id"] == photo.photo_id].set_index("quantity")
    expected = LandmarkTester(photo.path, "iBUG").run(5).feature_intervals(0.5)
    for column in ("value", "low", "high", "spread"):
        np.testing.assert_allclose(rows[column], expected[column])
    np.testing.assert_allclose(rows["truth"].iloc[:29].astype(float), feature_array(photo.landmarks_gt))
    assert len(cross_calibrate(table, folds=6)) == len(table)


def test_photos_without_annotation_or_face_are_refused(photos, tmp_path):
    bare = PhotoSet("bare", [Photo("bare", "a", "a", photos[0].path)], photos.problems)
    with pytest.raises(BadTableError, match="1 of 1"):
        try_tests(bare, sweep(), model="iBUG")
    (tmp_path / "empty.png").write_bytes(b"")
    blind = Photo("blind", "a", "a", tmp_path / "empty.png", landmarks_gt=photos[0].landmarks_gt.copy())
    with pytest.raises(BadTableError, match="no face"):
        interval_table(PhotoSet("blind", [blind], photos.problems), "iBUG", processes=1, progress=False)


def test_figures_show_every_point(photos, tried):
    grown = tried[tried["copies"] == 3].assign(strength=1.0)
    for ax in plots.growth(grown):
        shown = {"error of one copy", "error of the median", "spread of the copies", "error of the photo"}
        assert set(ax.get_legend_handles_labels()[1]) == shown
    ax = plots.enough_copies(tried)
    assert ax.get_xscale() == "log" and "6 photos of 6 people" in ax.get_title()
    part = tried[(tried["trial"] == "run") & (tried["copies"] == 3)]
    ax = plots.spread_and_error(part)
    assert sum(len(dots.get_offsets()) for dots in ax.collections) == len(part)
    rho, low, high = plots.rank_correlation(part)
    assert low <= rho <= high
    table = interval_table(photos, "iBUG", levels=(0.5,), num_test=5, processes=1, progress=False)
    (ax,) = plots.coverages(table, cross_calibrate(table, folds=6))
    dots = {line.get_label(): len(line.get_ydata()) for line in ax.lines[1:]}
    assert dots == {"copies alone": 32, "calibrated": 32}
    plots.copies(LandmarkTester(photos[0].path, "iBUG").run(3))
    differences = part.iloc[:2].assign(
        model="iBUG", group=["a", "b"], estimate=[-0.01, 0.0], low=-0.02, high=0.01, n_frames=3, n_people=2
    )
    assert len(plots.interval_chart(differences, "group", hue="model").get_yticklabels()) == 2
    plt.close("all")
