"""Movements over time, against films whose movements are known."""

from functools import lru_cache

import numpy as np
import pandas as pd
import pytest

from bp_research import measure_video
from bp_research.demo import clips
from bp_research.errors import BadSettingError, BadTableError
from bp_research.face.measures import QUANTITIES, measure
from bp_research.people import movement

MM = 85.0  # between the outer eye corners of the simulated people
FRAME = 1 / clips.RATE
SMILE, PUCKER, CLOSURE = (clips.MOVES.iloc[i] for i in (1, 3, 4))
BLINKS = clips.MOVES.iloc[[0, 2, 5]]
MEASURES = [i for i, name in enumerate(QUANTITIES) if name.endswith(("right", "left"))]


@lru_cache
def truth(name):
    """Times and true landmarks of a film, of finer steps than are painted."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clips, "_LEVELS", 10**6)
        return clips.true_landmarks(name)


@pytest.fixture(scope="module")
def films():
    """The simulated films as tables of their true landmarks' measures, mm."""
    tables = {}
    for name in clips.FILMS:
        times, points = truth(name)
        values = MM * measure(points)[:, MEASURES]
        tables[name] = pd.DataFrame(values, columns=[QUANTITIES[i] for i in MEASURES]).assign(time=times)
    return tables


def noisy(table, sd, seed=0):
    noise = np.random.default_rng(seed).normal(0, sd, table.shape)
    return table + noise * (table.columns != "time")


def rise(expression, name):
    """How far each side truly goes, mm: the film's frame in the middle of the movement against its first one."""
    times, points = truth(name)
    at = np.argmin(abs(times - (expression.start + expression.end) / 2))
    change = MM * (measure(points[at]) - measure(points[0]))
    return {side: change[QUANTITIES.index(f"commissure excursion {side}")] for side in ("right", "left")}


def check(row, expression, name, sign, frames=1.0):
    """Peaks within 5 %, times within a frame (a raised cosine passes a tenth of its height at .1024 of its length)."""
    length = expression.end - expression.start
    for side, peak in rise(expression, name).items():
        assert row[f"peak {side}"] == pytest.approx(sign * peak, rel=0.05)
        assert abs(row[f"onset {side}"] - (expression.start + 0.1024 * length)) < frames * FRAME
        assert abs(row[f"time to peak {side}"] - (0.5 - 0.1024) * length) < frames * FRAME
        assert row[f"velocity {side}"] == pytest.approx(sign * peak * np.pi / length, rel=0.08)


@pytest.mark.parametrize("name", ["healthy", "palsy"])
def test_smile_and_pucker_as_simulated(films, name):
    for expression, made, sign in (("smile", SMILE, 1), ("pucker", PUCKER, -1)):
        (row,) = movement.movements(films[name], expression, affected=clips.filmed(name).side).to_dict("records")
        check(row, made, name, sign)
        peak = rise(made, name)
        wanted = peak["left"] / peak["right"]  # the palsied side of the film is the left one
        assert row["ratio"] == pytest.approx(wanted, rel=0.05) and row["finding"] == "moves"
        assert abs(row["lag"]) < FRAME and row["correlation"] > 0.99


def test_variable_frame_rate_and_lost_frames(films):
    kept = np.random.default_rng(0).random(len(films["healthy"])) > 0.4
    table = films["healthy"].where(pd.Series(kept | (films["healthy"].index < 2)), np.nan)
    table["time"] = films["healthy"]["time"]
    for uneven in (table, table.dropna()):
        (row,) = movement.movements(uneven, "smile").to_dict("records")
        check(row, SMILE, "healthy", 1)
        assert len(movement.blinks(uneven)) == len(BLINKS)


def test_half_the_frames_tell_the_same_but_not_how_fast_a_blink_is(films):
    table = movement.blinks(films["healthy"][::2])
    assert len(table) == len(BLINKS) and table[["velocity right", "velocity left", "delay"]].isna().all(axis=None)
    assert "30 frames per second" in table.attrs[movement.CANNOT_TELL]
    assert movement.CANNOT_TELL not in movement.blinks(films["healthy"]).attrs


def test_blinks_are_counted_and_the_palsied_eye_does_not_close(films):
    for name, incomplete in (("healthy", {"right": 0, "left": 0}), ("palsy", {"right": 0, "left": 1})):
        for table in (films[name], noisy(films[name], 0.1)):
            found = movement.blinks(table)
            np.testing.assert_allclose(found["start"], BLINKS["start"], atol=1.5 * FRAME)
            summary = movement.blink_summary(found)
            assert summary.loc["share incomplete"].to_dict() == incomplete
            assert summary.loc["blinks per minute", "right"] == pytest.approx(60 * 3 / clips.SECONDS, rel=0.01)
        # and the closing that is long is a closure of the eyes
        (row,) = movement.movements(films[name], "eye closure").to_dict("records")
        assert abs(row["start"] - CLOSURE.start) < 0.15 and abs(row["end"] - CLOSURE.end) < 0.15


def test_delay_of_an_eye_and_lag_of_a_side(films):
    table = films["healthy"].copy()
    late = [name for name in table if name.endswith("left")]
    table[late] = np.stack([np.interp(table["time"] - 0.05, table["time"], table[name]) for name in late], axis=1)
    assert movement.blinks(table)["delay"].to_numpy() == pytest.approx(0.05, abs=FRAME / 2)
    assert movement.movements(table, "smile")["lag"].item() == pytest.approx(0.05, abs=FRAME / 2)


def test_synkinesis_has_the_simulated_sign_and_size(films):
    times, points = truth("synkinesis")
    side, values = clips.filmed("synkinesis").side, measure(points)
    found = movement.synkinesis(films["synkinesis"], side, lid_shift=0).set_index("expression")
    for name, expression in (("smile", SMILE), ("pucker", PUCKER), ("eye closure", CLOSURE)):
        what = "commissure excursion" if name == "eye closure" else "palpebral fissure height"
        at = np.argmin(abs(times - (expression.start + expression.end) / 2))
        for eye in movement.SIDES:
            column = values[:, QUANTITIES.index(f"{what} {eye}")]
            change = 100 * (column[at] / column[0] - 1) if name != "eye closure" else MM * (column[at] - column[0])
            # the mean of the top fifth of the movement is a little less than its peak
            assert found.loc[name, eye] == pytest.approx(change, rel=0.15, abs=0.5)
    assert (found["difference"] * [1, 1, -1] < 0).all()
    assert found["finding"].tolist() == [f"affected side {how}" for how in ("narrower", "narrower", "further out")]
    healthy = movement.synkinesis(noisy(films["healthy"], 0.15), "left")
    assert (healthy["finding"] == movement.CANNOT_TELL).all()


def test_a_still_face_tells_nothing():
    still = pd.DataFrame(8 + np.zeros((600, len(MEASURES))), columns=[QUANTITIES[i] for i in MEASURES])
    still = noisy(still.assign(time=np.arange(600) / 60), 0.2)
    assert all(movement.movements(still, e).empty for e in ("smile", "pucker", "brow raise", "eye closure"))
    assert movement.blinks(still).empty
    (row,) = movement.movements(still, "smile", [(3, 4)]).to_dict("records")
    assert row["finding"] == movement.CANNOT_TELL and np.isnan(row["peak right"]) and np.isnan(row["ratio"])
    assert (movement.synkinesis(still)["finding"] == movement.CANNOT_TELL).all()


def test_noise_of_another_film_of_a_still_face_counts(films):
    still = noisy(films["healthy"] * 0 + 8, 3).assign(time=films["healthy"]["time"])
    row = movement.movements(films["palsy"], "smile", [(SMILE.start, SMILE.end)], still=still).iloc[0]
    assert np.isnan(row["peak left"]) and row["peak right"] > row["floor right"]


def test_bad_input_is_named(films):
    with pytest.raises(BadSettingError, match="wink"):
        movement.movements(films["healthy"], "wink")
    with pytest.raises(BadSettingError, match="both"):
        movement.movements(films["healthy"], "smile", affected="both")
    with pytest.raises(BadTableError, match="9 frames"):
        movement.movements(films["healthy"][:9], "smile")
    with pytest.raises(BadTableError, match="growing"):
        movement.blinks(films["healthy"].assign(time=0.0))


def test_a_film_measured_from_its_pictures(tmp_path, monkeypatch):
    monkeypatch.setattr(clips, "SECONDS", 3)
    clips.make_clips(tmp_path, ["synkinesis"], processes=1)
    frames = measure_video(tmp_path / "synkinesis.avi", progress=False)
    assert (frames["status"] == "ok").all() and len(frames) == 180 and (tmp_path / "SIMULATED.txt").is_file()
    side = clips.filmed("synkinesis").side
    assert side == "right"
    blinks = movement.blinks(frames)
    np.testing.assert_allclose(blinks["start"] + blinks["end"], (BLINKS["start"] + BLINKS["end"])[:2], atol=2 * FRAME)
    assert blinks["incomplete right"].all() and not blinks["incomplete left"].any()
    (row,) = movement.movements(frames, "smile", affected=side).to_dict("records")
    assert abs(row["onset left"] + row["time to peak left"] - (SMILE.start + SMILE.end) / 2) < FRAME and row["ratio"] < 0.5
    assert movement.synkinesis(frames, side).set_index("expression").loc["smile", "finding"] == "affected side narrower"
