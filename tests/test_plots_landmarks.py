"""Figures of landmark accuracy show the numbers that they are given, failures included."""

import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt
from test_dataset_tester import annotated_set, failing_scores, palsy_faces

from bp_research import plots
from bp_research.accuracy.dataset_tester import score_landmarks, summarise
from bp_research.errors import BadTableError
from bp_research.face.geometry import eye_frame, mirror
from bp_research.face.schemes import REGIONS


@pytest.fixture(autouse=True)
def own_figures():
    with plt.style.context("default"):
        yield
    plt.close("all")


def scores_of(keep, n=40, seed=0):
    """Landmarks that keep a share of the asymmetry: drawn towards their mirror average."""
    faces = palsy_faces(n, seed, tilt=0)
    symmetric = (faces + mirror(faces, 601)) / 2
    photoset = annotated_set(faces, group="palsy", task="NSM_KISS")
    return photoset, score_landmarks(photoset, keep * faces + (1 - keep) * symmetric, f"keeps {keep}")


def test_an_error_curve_ends_below_all_by_the_failures():
    ax = plots.error_curves(failing_scores(), limit=10.0)
    x, y = ax.lines[0].get_data()
    assert y[x <= 10][-1] == pytest.approx(0.7) and (np.diff(y) >= 0).all()
    assert "10 frames, 3 failed" in ax.get_legend().texts[0].get_text()
    assert "inter-ocular" in ax.get_xlabel()


def test_a_curve_passes_through_the_median():
    _, scores = scores_of(0.5)
    x, y = plots.error_curves(scores).lines[0].get_data()
    assert np.interp(scores["error"].median(), x, y) == pytest.approx(0.5, abs=0.03)


def test_when_all_frames_fail_the_curve_is_empty_and_the_map_refuses():
    faces = palsy_faces(3)
    blind = score_landmarks(annotated_set(faces), np.full_like(faces, np.nan), "blind")
    ax = plots.error_curves(blind)
    assert (ax.lines[0].get_xdata() > ax.get_xlim()[1]).all()
    with pytest.raises(BadTableError):
        plots.error_map(blind, faces[0])


def test_the_error_map_draws_each_points_mean_error_where_it_lies():
    photoset, scores = scores_of(0.5)
    shape = eye_frame(photoset.landmarks()).mean(axis=0)
    ax = plots.error_map(scores, shape)
    dots = ax.collections[0]
    order = [int(np.argmin(np.linalg.norm(shape - xy, axis=1))) for xy in dots.get_offsets()]
    expected = scores[[f"e{i}" for i in order]].mean()
    np.testing.assert_allclose(dots.get_array(), expected)


def test_the_scatter_tells_the_slope_that_was_put_in():
    _, scores = scores_of(0.3)
    for ax, region in zip(plots.asymmetry_kept(scores), REGIONS, strict=True):
        assert ax.get_title().startswith(f"{region}\nslope 0.30 [")
        assert ax.lines[-1].get_slope() == pytest.approx(0.3, abs=1e-3)
        assert sum(len(dots.get_offsets()) for dots in ax.collections) == len(scores)


def test_interval_charts_have_a_row_per_group_and_a_dot_per_setting():
    scores = pd.concat([scores_of(keep)[1] for keep in (1.0, 0.5)])
    scores["group"] = np.tile(["ALS", "Stroke"], 40)
    summary = summarise(scores, by="group", statistics=[("mouth", "slope")], n=30)
    ax = plots.interval_chart(summary[summary["minus"].isna()], "group")
    assert [tick.get_text() for tick in ax.get_yticklabels()] == [
        "ALS\n20 photos, 20 people",
        "Stroke\n20 photos, 20 people",
    ]
    drawn = np.concatenate([line.get_xdata() for line in ax.lines])
    np.testing.assert_allclose(drawn, [1, 1, 0.5, 0.5], atol=1e-3)


def test_asymmetry_sizes_draw_every_frame_and_the_groups_median():
    _, scores = scores_of(1.0)
    grid = plots.asymmetry_sizes(scores)
    for ax, region in zip(grid, REGIONS, strict=True):
        np.testing.assert_allclose(ax.lines[0].get_xdata(), scores[region].abs())
        assert ax.lines[-1].get_xdata()[0] == pytest.approx(scores[region].abs().median())
