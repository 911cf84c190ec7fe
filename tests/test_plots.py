"""Figures show what they are given: numbers of groups, units, simulated data said so, no pixel of a photo unless allowed."""

import base64
import io
import re
from html import unescape
from importlib import resources

import matplotlib
import numpy as np
import pandas as pd
import pytest
from PIL import Image

from bp_research import plots
from bp_research.datasets import Photo, PhotoSet
from bp_research.errors import BadTableError
from bp_research.face.geometry import PAIRS, asymmetry, feature_array
from bp_research.face.schemes import EXPRESSIONS, FACE_OUTLINES, FEATURE_GROUPS, FEATURES, REGIONS
from bp_research.measuring.cohort import LANDMARK_COLUMNS
from bp_research.people.group_differences import cliffs_delta, group_overlaps, rank_features
from bp_research.people.maps import components, map_numbers, scaled
from bp_research.people.one_person import ABNORMAL, compare
from bp_research.people.recovery import changes, scores
from bp_research.plots import style
from bp_research.plots.annotating import landmark_scheme
from bp_research.plots.faces import pointed_at

matplotlib.use("Agg")


@pytest.fixture(autouse=True)
def closed_figures():
    yield
    matplotlib.pyplot.close("all")


def face():
    """A schematic symmetric face, (68, 2) px."""
    x = np.linspace(-1, 1, 17)
    parts = [np.c_[60 * x, 90 * np.sqrt(1.05 - x**2) + 5]]
    for side in (-1, 1):
        brow = np.c_[np.linspace(48, 12, 5), [-24, -30, -32, -30, -27]][:: 1 if side < 0 else -1]
        parts.append(brow * (side, 1))
    parts += [np.c_[np.zeros(4), np.linspace(-10, 20, 4)], np.c_[np.linspace(-10, 10, 5), [26, 28, 29, 28, 26]]]
    eye = np.array([[42, 0], [34, -5], [26, -5], [18, 0], [26, 4], [34, 4]])
    parts += [eye * (-1, 1), eye[[3, 2, 1, 0, 5, 4]]]
    angle = np.linspace(np.pi, 3 * np.pi, 13)[:-1]
    parts.append(np.c_[24 * np.cos(angle), 50 + 9 * np.sin(angle)])
    angle = np.linspace(np.pi, 3 * np.pi, 9)[:-1]
    parts.append(np.c_[18 * np.cos(angle), 50 + 3 * np.sin(angle)])
    return np.concatenate(parts) + 200


def cohort(people=12, seed=0):
    """A table of made-up people, the second half with a palsy that grows with severity; (table, landmarks)."""
    rng = np.random.default_rng(seed)
    rows, points = [], []
    for i in range(people):
        severity = 1 if i < people // 2 else 2 + i % 5
        for e in EXPRESSIONS:
            moved = face() + rng.normal(0, 0.5, (68, 2))
            moved[[48, 49, 59, 60], 1] += 2.0 * (severity - 1)
            about = {"dataset": "simulated demo", "patient_id": f"P{i}", "photo_id": f"P{i} {e}", "expression": e}
            about |= {"group": "Normal" if severity == 1 else "Flaccid", "severity": float(severity), "status": "ok"}
            about |= {"gender": "F", "age": 40.0 + i}
            about |= dict(zip(FEATURES, feature_array(moved), strict=True))
            rows.append(about | dict(zip(REGIONS, asymmetry(moved), strict=True)))
            points.append(moved)
    return pd.DataFrame(rows), np.array(points)


def texts(ax):
    """All that is written in a figure."""
    ax.figure.canvas.draw()
    return " | ".join(t.get_text() for t in ax.figure.findobj(matplotlib.text.Text))


def test_cliffs_delta_is_its_definition():
    rng = np.random.default_rng(0)
    a, b = rng.integers(5, size=(30, 2)), rng.integers(6, size=(20, 2))
    expected = np.sign(b[None] - a[:, None]).mean(axis=(0, 1))
    np.testing.assert_allclose(cliffs_delta(a, b), expected)
    assert cliffs_delta([1, 2], [3, 4]) == 1 and cliffs_delta([3], [1]) == -1


def test_overlap_of_normal_samples_is_the_known_one():
    # two unit normals d apart share 2 * Phi(-d / 2) of their area
    rng = np.random.default_rng(0)
    about = {"patient_id": np.arange(4000).astype(str), "group": np.repeat(["Normal", "palsy"], 2000)}
    for distance, known in ((0, 1), (1, 0.617), (2, 0.317), (4, 0.0455)):
        values = rng.normal(size=4000) + distance * np.repeat([0, 1], 2000)
        found = group_overlaps(pd.DataFrame({**about, "f0": values, "f3": np.exp(values)}), "group", ["f0", "f3"], n=2)
        assert found["overlap"].tolist() == pytest.approx([known, known], abs=0.07)


def test_rank_features_puts_the_moved_ones_first_and_needs_both_kinds():
    table, _ = cohort()
    ranking = rank_features(table, n=50)
    assert set(ranking["feature"]) == set(FEATURES)
    assert "f14" in ranking["feature"].tolist()[:6]  # the mouth corner is what was lowered
    assert (ranking["low"] <= ranking["high"]).all()
    assert ranking.attrs["healthy"] == (48, 6)
    with pytest.raises(BadTableError, match="healthy and palsy"):
        rank_features(table[table["group"] == "Normal"])


def test_overlaps_of_neighbours_have_a_baseline_by_people():
    table, _ = cohort()
    found = group_overlaps(table, n=20)
    assert len(found) == 29 * (table["severity"].nunique() - 1)
    assert found[["overlap", "baseline"]].to_numpy().max() <= 1
    last = found[(found["feature"] == "f14") & (found["first"] == 1)].iloc[0]
    assert last["overlap"] < last["baseline"]


def test_every_region_shows_its_features_units_numbers_and_source():
    table, _ = cohort()
    for name, members in FEATURE_GROUPS.items():
        grid = plots.region(table, name)
        assert len(grid) == len(members)
        written = texts(grid[0])
        assert "simulated" in written and "n = 48" in written
        assert all(member in written for member in members)
    assert "[degrees]" in texts(plots.region(table, "nose")[0])


def test_histograms_hold_every_photo_below_the_axis_end():
    table, _ = cohort()
    ax = plots.ridges(table, "f23", "group")
    stairs = [p for p in ax.patches if isinstance(p, matplotlib.patches.StepPatch)]
    assert len(stairs) == 2
    edges = stairs[0].get_data().edges
    assert edges[0] == pytest.approx(table["f23"].min())
    assert edges[-1] == pytest.approx(table["f23"].quantile(0.985))


@pytest.mark.parametrize("by, ticks", [(None, ["a", "b", "a", "b"]), ("model", ["a", "b"])])
def test_forests_put_dots_and_intervals_where_the_numbers_are(by, ticks):
    table = pd.DataFrame({"name": ["a", "b", "a", "b"], "model": ["x", "x", "y", "y"], "value": [1.0, 2, 3, 4]})
    table["low"], table["high"] = table["value"] - 0.5, table["value"] + [1, 1, 1, np.nan]
    ax = plots.forest(table, "value", "low", "high", "name", by=by, reference=2.5)
    assert [t.get_text() for t in ax.get_yticklabels()] == ticks and ax.yaxis_inverted()
    reference, *dots = ax.lines
    assert list(reference.get_xdata()) == [2.5, 2.5]
    dots = dict(sorted(np.vstack([line.get_xydata() for line in dots]).tolist()))
    assert list(dots) == [1, 2, 3, 4] and len(set(dots.values())) == 4
    nearest = [ticks[round(y)] for y in dots.values()]
    assert nearest == ["a", "b", "a", "b"]
    segments = [segment for c in ax.collections for segment in c.get_segments() if len(segment)]
    ends = {start[0] + 0.5: (end[0], start[1]) for start, end in segments}
    assert ends == {x: (x + 1, dots[x]) for x in (1, 2, 3)}


def test_heat_tables_write_every_cell_in_its_place():
    frame = pd.DataFrame([[0.0, 0.5], [1.0, np.nan]], index=["up", "down"], columns=["left", "right"])
    ax = plots.heat_table(frame, vmin=0, vmax=1)
    written = {t.get_text(): t.get_position() for t in ax.texts}
    assert written == {"0.00": (0.5, 0.5), "0.50": (1.5, 0.5), "1.00": (0.5, 1.5)}
    assert len(ax.figure.axes) == 1
    ax = plots.heat_table(frame.fillna(0), text=[["a", "b"], ["c", "d"]], colour_label="shares")
    assert [t.get_text() for t in ax.texts] == list("abcd") and "shares" in texts(ax)


def test_overlaps_write_their_numbers():
    table, _ = cohort()
    found = group_overlaps(table, n=5)
    written = texts(plots.overlap_table(found))
    assert f"{found['overlap'].iloc[0]:.2f}" in written and "chance" in written


def test_people_are_counted_once_and_unknown_traits_left_out():
    table, _ = cohort()
    grid = plots.people(table.drop(columns="gender").assign(gender=None), "made-up grade")
    written = texts(grid[0])
    assert len(grid) == 3 and "made-up grade, n = 12" in written and "age [years]" in written
    assert "measured" in texts(plots.statuses(table))


def test_findings_on_the_face_name_the_abnormal_regions():
    table, points = cohort()
    own = (table["patient_id"] == "P11").to_numpy()
    found = compare(table[own], table)
    grid = plots.on_faces(points[own], found, "simulated person")
    assert len(grid) == 8 and "abnormal" in texts(grid[0])
    mouth = found[(found["quantity"] == "mouth") & (found["expression"] == "at rest")].iloc[0]
    assert mouth["finding"] == ABNORMAL
    number = next(t for t in grid[0].texts if t.get_text() == f"{mouth['value']:.3f}")
    assert number.get_position()[0] < 0  # the subject's right corner was lowered, on the image's left
    ax = plots.percentile_table(found, points[own])
    percentiles = texts(ax)
    assert "open smile" in percentiles and "100" in percentiles
    ((_, cells),), faces = ax.figure.pointed_at
    smile = found.index[(found["quantity"] == "mouth") & (found["expression"] == "open smile")][0]
    names, columns = ([t.get_text() for t in axis.get_ticklabels()] for axis in (ax.yaxis, ax.xaxis))
    column, row = np.floor(cells[smile]).astype(int)
    assert (columns[column], names[row]) == ("open smile", "mouth, left minus right")
    assert "mouth" in faces[smile][1] and f"{found.at[smile, 'value']:.3f}" in faces[smile][1]


def test_arrows_start_at_the_mirror_image_and_vanish_for_a_symmetric_face():
    moved = face()
    moved[54, 1] += 10
    grid = plots.mirror_maps([moved, face(), moved], list("abc"))
    arrows = [next(c for c in ax.collections if isinstance(c, matplotlib.quiver.Quiver)) for ax in grid]
    longest = [np.hypot(one.U, one.V).max() for one in arrows]
    assert longest == pytest.approx([10 / 84, 0, 10 / 84], abs=1e-9)  # px over the inter-ocular distance


def test_maps_show_every_row_and_what_chance_gives():
    table, _ = cohort()
    values, about = scaled(table)
    found = components(values)
    found_there = pd.DataFrame([{"map": "PCA", "label": "severity", "purity": 0.75, "purity_chance": 0.25}])
    landmarks = pd.DataFrame(np.tile(face().ravel(), (len(about), 1)), columns=list(LANDMARK_COLUMNS))
    photos = pd.concat([about, landmarks], axis=1)
    (ax,) = plots.map_grid({"PCA": found.scores[:, :2]}, about, "severity", found_there, photos=photos)
    told = [text.split("\n")[0].split(", ") for _, text in ax.figure.pointed_at[1]]
    grades = [("I", "II", "III", "IV", "V", "VI")[int(severity) - 1] for severity in about["severity"]]
    assert told == [list(row) for row in zip(about["patient_id"], about["expression"], grades, strict=True)]
    assert sum(len(c.get_offsets()) for c in ax.collections) == len(about)
    assert "I, n = 48" in texts(ax) and "purity 0.75, by chance 0.25" in texts(ax)
    numbers = map_numbers(values, about["severity"], about["patient_id"], shuffles=10)
    written = texts(plots.against_chance(pd.DataFrame([{"map": "all", **numbers}])))
    assert "shuffled labels" in written and "purity" in written


def test_courses_mark_detectable_changes_and_the_healthy_band():
    table, _ = cohort(people=2)
    own = table[table["patient_id"] == "P1"].assign(task="2024-01-08")
    later = own.assign(task="2024-02-08", **{name: own[name] / 10 for name in REGIONS})
    found = scores(pd.concat([own, later]))
    since = changes(found, [1e-4] * 3)
    band = pd.DataFrame({"median": 0.01, "limit": 0.02, "n": 7}, index=list(REGIONS))
    grid = plots.courses(found, [1e-4] * 3, since, band, title="simulated person")
    written = texts(grid[0])
    assert "healthy, n = 7" in written and "changed, n = 3" in written and "inter-ocular" in written
    assert since["detectable"].all()


def photo_of(tmp_path):
    """A photo whose every pixel is of a colour that no figure uses."""
    import cv2

    path = tmp_path / "photo.png"
    cv2.imwrite(str(path), np.full((400, 400, 3), (17, 200, 123), np.uint8))
    return Photo("set", "person", "photo", path, expression="open smile")


def rendered(ax):
    ax.figure.canvas.draw()
    return np.asarray(ax.figure.canvas.buffer_rgba())[..., :3].reshape(-1, 3)


def test_no_pixel_of_a_photo_is_drawn_unless_allowed(tmp_path):
    photo = photo_of(tmp_path)
    seen = {}
    for show in (True, False):
        ax = plots.photos_of_person(PhotoSet("set", [photo], pd.DataFrame()), [face()], show)[0]
        seen[show] = (rendered(ax) == (123, 200, 17)).all(axis=1).any()
        assert bool(ax.images) == show
    assert seen == {True: True, False: False}
    photo.path.unlink()
    plots.face(photo, face(), show=False)  # the file is not even read


def test_faces_may_be_shown_by_the_parameter_or_if_simulated():
    assert [plots.may_show(s, True) for s in (None, True, False)] == [True, True, False]
    assert [plots.may_show(s, False) for s in (None, True, False)] == [False, True, False]


def test_an_outline_has_all_points_and_its_top_upwards():
    ax = plots.outline(face())
    assert len(ax.lines) == len(FACE_OUTLINES)
    assert ax.yaxis_inverted()


def test_faces_are_found_where_their_dots_are_drawn():
    plots.use_style()
    grid, places = plots.panels(2), np.array([[0.0, 0.0], [2.0, 5.0], [9.0, 1.0]])
    for ax in grid:
        ax.plot(*places.T, "o", color="#FF0000", markersize=9)
        ax.set(xlabel="a label that is not in the axes", title="two\nlines")
    pointed_at([(ax, places) for ax in grid], [face()] * 3, ["first", "second", "third"])
    encoded, about = style._picture(grid[0].figure)
    picture = np.asarray(Image.open(io.BytesIO(base64.b64decode(encoded))).convert("RGB"))
    spots = about["pointed_at"]["spots"]
    assert [which for *_, which in spots] == [0, 1, 2] * 2
    size = np.array(picture.shape[1::-1])
    for x, y, _ in spots:
        column, row = (np.array([x, 1 - y]) * size).astype(int)
        assert picture[row, column].tolist() == [255, 0, 0]
    lines = np.array(re.findall(r"(-?\d+) (-?\d+)", about["pointed_at"]["faces"][0][0].partition("<path")[2]), float)
    assert lines[:, 0].min() == pytest.approx(-lines[:, 0].max(), abs=2)  # a symmetric face
    assert np.hypot(*np.ptp(lines, axis=0)) > 150  # of which 100 are between the eyes' outer corners


def test_groups_are_ordered_healthy_first_with_their_colours():
    table, _ = cohort()
    assert [level.label for level in plots.levels_of(table, "severity")][0] == "I"
    assert [level.value for level in plots.levels_of(table, "group")] == ["Normal", "Flaccid"]
    assert [level.value for level in plots.levels_of(table, "expression")] == list(EXPRESSIONS)
    assert plots.levels_of(table, "group")[0].colour == plots.COLOURS["blue"]
    with pytest.raises(BadTableError, match="side"):
        plots.levels_of(table, "side")


def test_source_says_simulated_and_counts():
    table, _ = cohort(people=2)
    assert plots.source(table) == "simulated demo, 16 photos of 2 people"
    assert style.count(1, "photo") == "1 photo"
    assert "degrees" in plots.quantity("f14") and "inter-ocular" in plots.quantity("mouth")


def test_every_distance_and_feature_is_drawn_on_the_face_and_in_the_figure_that_the_reports_lead_to():
    figure = landmark_scheme()[0].figure
    drawn = {name for text in figure.findobj(matplotlib.text.Text) for name in re.split(", |\n", text.get_text())}
    assert {*FEATURES, *PAIRS, *map(str, range(68))} <= drawn
    saved = (resources.files("bp_research.reports") / "templates" / "features.svg").read_text(encoding="utf-8")
    assert drawn - {""} <= {name for text in re.findall(r">([^<>]+)</t", saved) for name in unescape(text).split(", ")}


def test_colours_differ_in_lightness_for_severities():
    lightness = [np.dot(matplotlib.colors.to_rgb(c), (0.3, 0.59, 0.11)) for c in style.SEVERITY_COLOURS[1:]]
    assert (np.diff(lightness) < -0.05).all()
