"""The echo benchmark's signals, rules and sums; one tiny run of each part."""

import io
import tempfile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from assistant.audio.format import SAMPLE_RATE
from assistant.errors import BadInput
from tests.benchmarks import (
    after_change,
    bench_echo,
    echo_alone,
    engines,
    loudspeakers,
    plots,
    recall_tables,
    reconvergence,
    recorded_echo,
    rooms,
    wake_recall,
)
from tests.benchmarks.aecmos import DOUBLE
from tests.benchmarks.echo_scenes import Scenes, active_level, count, listening_s
from tests.benchmarks.far_ends import far_end
from tests.benchmarks.jobs import HEARING, run_jobs
from tests.data import shared


@pytest.mark.parametrize("kind", loudspeakers.KINDS)
@pytest.mark.parametrize("thd", [0.01, 0.05])
def test_a_loudspeaker_distorts_as_much_as_asked(kind, thd):
    sine = 0.3 * np.sin(2 * np.pi * 250 / SAMPLE_RATE * np.arange(3 * 4096))
    spectrum = np.abs(np.fft.rfft(loudspeakers.distort(sine, thd, kind)[-4096:]))
    harmonics = spectrum[128:2048:64]
    assert np.sqrt(np.sum(harmonics**2)) / spectrum[64] == pytest.approx(thd, rel=0.05)


def test_rooms_are_as_the_table_says():
    for seed in (*range(100, 120), *range(140, 148), *range(200, 210)):
        room = rooms.draw(seed)
        assert 0.2 <= room.rt60_s <= 0.7 and 0.01 <= room.thd <= 0.05
        assert 0.5 <= room.distance_m <= 4.0 and np.all(room.talker < room.size)
        assert 0.01 * SAMPLE_RATE <= room.latency <= 0.2 * SAMPLE_RATE
        for mics in engines.ARRAYS:
            places = rooms.array(mics)
            speaker = room.way * rooms._reach(places, room.way, room.gap)
            nearest = np.linalg.norm(places - speaker, axis=1).min()
            assert nearest == pytest.approx(room.gap) and 0.06 <= room.gap <= 0.15


def test_the_same_room_sounds_the_same_and_an_open_door_keeps_its_direct_sound():
    rooms.paths.cache_clear()
    before = rooms.paths(101, 2)
    rooms.paths.cache_clear()
    assert np.array_equal(before.speaker, rooms.paths(101, 2).speaker)
    moved, door = (rooms.paths(101, 2, change) for change in rooms.CHANGES)
    first = slice(0, int(0.008 * SAMPLE_RATE))
    assert np.allclose(door.speaker[:, first], before.speaker[:, first])
    late = slice(int(0.03 * SAMPLE_RATE), int(0.1 * SAMPLE_RATE))
    alike = np.corrcoef(door.speaker[0, late], before.speaker[0, late])[0, 1]
    assert alike < 0.8
    assert not np.allclose(moved.talker, before.talker)


def test_people_are_as_loud_against_the_echo_as_the_level_says():
    clips = [shared("alexa/1.flac"), shared("alexa/3.flac")]
    scenes = Scenes(101, clips, [])
    parts = scenes.parts(2)
    echo, near, noise = parts
    start, stop = scenes.words[0]
    word = near[0, start : stop + SAMPLE_RATE]
    assert active_level(word) == pytest.approx(np.std(echo[0]), rel=0.05)
    quiet, loud = scenes.at(parts, -20), scenes.at(parts, 0)
    assert np.allclose(quiet.near - noise, 0.1 * (loud.near - noise), atol=1e-6)
    assert np.abs(loud.mics - echo - loud.near).max() <= 1 / 32768


def test_every_kind_of_far_end_is_as_loud():
    for seed in range(100, 104):
        x = far_end(seed, 3 * SAMPLE_RATE, [])
        assert x.dtype == np.float32 and len(x) == 3 * SAMPLE_RATE
        assert np.std(x) == pytest.approx(0.1, rel=1e-3)


def test_tuning_and_reporting_share_no_room_and_tuning_has_every_second_person():
    data = shared("alexa").parent
    report = wake_recall.jobs(data, False, False, ())
    tune = wake_recall.jobs(data, True, False, ())
    assert not {j.seed for j in report} & {j.seed for j in tune}
    assert sum(len(j.clips) for j in report) == 150
    assert all(int(path.stem) % 2 for job in tune for path in job.clips)
    assert not {p for j in report for p in j.people} & {p for j in tune for p in j.people}


def test_a_hit_counts_for_its_word_and_any_other_is_false():
    words = ((16_000, 24_000), (50_000, 60_000))
    heard, stray = count([15_000, 23_000, 25_000, 45_000], words)
    assert heard == [True, False] and stray == 2
    assert listening_s(words, 80_000) == pytest.approx((80_000 - 18_000 - 25_600) / SAMPLE_RATE)


def test_a_score_that_stays_high_is_one_false_hit_unless_it_touches_a_word():
    scores = np.zeros(400)
    scores[10:30] = scores[50:130] = 0.6
    assert wake_recall.stray_runs(scores, ()) == 2
    assert wake_recall.stray_runs(scores, ((20 * 256, 22 * 256),)) == 0  # both within its time
    assert wake_recall.stray_runs(scores, ((120 * 256, 140 * 256),)) == 1


@given(st.integers(1, 500).flatmap(lambda of: st.tuples(st.integers(0, of), st.just(of))))
def test_an_interval_holds_its_proportion(pair):
    heard, of = pair
    low, high = recall_tables.interval(heard, of)
    assert 0 <= low <= heard / of + 1e-9 and heard / of - 1e-9 <= high <= 1


def test_the_interval_is_wilsons():
    assert recall_tables.interval(8, 10) == pytest.approx((0.490, 0.943), abs=0.001)


def heard(engine: str, level: int, words: int) -> wake_recall.Heard:
    """Return a room of 100 people of whom an engine heard ``words``."""
    product = [i < words for i in range(100)]
    return wake_recall.Heard(engine, level, 101, product, product, 1, 0, 1800.0, 20.0)


def test_goals_compare_recall_and_misses_with_what_is_asked():
    pair = engines.name_of(2)
    rows = [heard(engines.SPEEX, -10, 90), heard(pair, -10, 96), heard(engines.SPEEX, -20, 60)]
    result = recall_tables.summarise([*rows, heard(pair, -20, 79)])
    assert result[pair]["recall"][-20]["misses_of_speex"] == pytest.approx(21 / 40)
    assert result[pair]["false_per_hour"] == pytest.approx(2.0)
    reached = {goal["what"]: goal["reached"] for goal in recall_tables.goals(result)}
    assert reached == {
        f"{pair}: recall at -10 dB": True,
        f"{pair}: recall at -20 dB": False,
        f"{pair}: misses / SpeexDSP's at -10 dB": True,
        f"{pair}: misses / SpeexDSP's at -20 dB": False,
    }


def test_a_canceller_is_back_when_it_stays_near_its_end():
    erle = np.full(100, 25.0)
    erle[:20] = np.linspace(5, 15, 20)
    erle[5] = np.nan
    found = reconvergence.back([erle, erle])
    assert found["converged_db"] == pytest.approx(25.0) and found["rooms"] == 2
    assert found["back_s"] == pytest.approx(2.2)  # 300 ms of averaging hold it back by 200
    assert found["dip_db"] == pytest.approx(5.0)
    assert reconvergence.back([np.linspace(30, 0, 100)])["back_s"] == 0.0


def test_erle_is_unknown_where_there_is_no_echo():
    mic = np.concatenate([np.full(8000, 0.1), np.full(8000, 1e-4)])
    mic = np.tile(mic, 2)
    erle = reconvergence.erle_steps(mic, 0.1 * mic, mic)
    assert erle[:5] == pytest.approx(20.0) and np.isnan(erle[5:10]).all()


@pytest.mark.slow
def test_pictures_are_written_and_small(tmp_path):
    pytest.importorskip("matplotlib")
    rng = np.random.default_rng(0)
    plots.plot_latency({"speech to duck": rng.gamma(9, 12, 300)}, tmp_path / "latency.png")
    roc = {"name": "evidence", "false_per_hour": [0, 2, 30], "noticed": [0.6, 0.9, 1], "chosen": 1}
    point = {"name": "VAD alone", "false_per_hour": [400], "noticed": [1.0]}
    plots.plot_roc([roc, point], tmp_path / "roc.png")
    for path in tmp_path.iterdir():
        assert path.read_bytes()[:4] == b"\x89PNG" and path.stat().st_size < plots.LARGEST


def test_an_unknown_part_is_refused():
    with pytest.raises(BadInput, match='did you mean "recall"'):
        bench_echo.run(True, Console(file=io.StringIO()), parts="recal")


def run_part(part: str, only: str) -> dict:
    shared("alexa/1.flac")
    console = Console(file=io.StringIO(), width=120)
    return bench_echo.run(True, console, parts=part, only=only, workers=1)


@pytest.mark.slow
def test_a_room_is_listened_to(tmp_path):
    pytest.importorskip("matplotlib")
    clips = tuple(shared(f"alexa/{n}.flac") for n in (1, 3))
    names = (engines.NEAR, engines.NONE, engines.name_of(2))
    rows = wake_recall.listen(wake_recall.Job(201, clips, (), names, (0,)))
    result = recall_tables.summarise(rows)
    assert result[engines.NEAR]["recall"][0]["heard"] == 2
    assert result[engines.NONE]["recall"][0]["heard"] < 2
    assert result[engines.name_of(2)]["erle_db"] > 10
    from tests.benchmarks.echo_plots import plot_recall

    plot_recall(result, tmp_path / "recall.png")
    assert (tmp_path / "recall.png").stat().st_size < plots.LARGEST


@pytest.mark.slow
def test_recorded_echo_is_rated_as_in_the_challenge():
    shared("echo/double_talk_real")
    ratings = run_part("recorded", engines.NONE)["recorded"]["engines"][engines.NONE]
    assert ratings["far_end_real"]["erle_db"] == pytest.approx(0.0, abs=0.01)
    assert 1.8 < ratings["far_end_real"]["echo_mos"] < 2.8
    assert ratings["double_talk_real"]["other_mos"] == pytest.approx(4.1, abs=0.3)


@pytest.mark.slow
def test_reconvergence_is_followed_through_a_move():
    names = engines.name_of(2), engines.LINEAR
    curves = reconvergence.follow(reconvergence.Job(240, "moved", (), names))
    found = reconvergence.summarise(curves)
    for rows in found.values():
        assert rows["moved"]["before_db"] > 12
        assert rows["moved"]["dip_db"] < rows["moved"]["before_db"] - 6
    filtered, linear = (np.array(found[name]["moved"]["curve_db"]) for name in names)
    moved = len(linear) // 2
    assert filtered[moved + 10] > linear[moved + 10] + 3
    np.testing.assert_array_equal(filtered[moved - 20 : moved], linear[moved - 20 : moved])
    assert {goal["what"].split(":")[0] for goal in reconvergence.goals(found)} == {names[0]}


def test_the_area_is_how_often_a_person_scores_higher():
    low, high = np.array([0.1, 0.2]), np.array([0.3, 0.2])
    assert after_change.area(high, low) == pytest.approx(7 / 8)
    assert after_change.area(low, low) == pytest.approx(0.5)


@pytest.mark.slow
def test_a_person_after_a_change_is_told_from_echo():
    names = engines.NONE, engines.LINEAR, engines.name_of(2)
    people = tuple(sorted(shared("commands").glob("*.flac")))[1::2]
    rows = after_change.listen(after_change.Job(after_change.TUNING_ROOM, people, names))
    found = after_change.summarise(rows)
    assert found[names[2]]["area"]["0"] > found[names[0]]["area"]["0"] + 0.1
    assert len(after_change.goals(found)) == len(after_change.LEVELS)


@pytest.mark.slow
def test_a_speaker_alone_is_listened_to(monkeypatch):
    monkeypatch.setattr(echo_alone, "SIZE", 2 * SAMPLE_RATE)
    monkeypatch.setattr(echo_alone, "READ", 40)
    names = (engines.NONE, engines.name_of(2))
    rows = echo_alone.listen(echo_alone.Job(echo_alone.TUNING_ROOM, (), names))
    assert [row.engine for row in rows] == list(names)
    assert {row.hits for row in rows} == {()}
    scene = echo_alone.scene_of(echo_alone.Job(echo_alone.TUNING_ROOM, (), names), 2)[0]
    assert scene.mics.shape == (2, 2 * SAMPLE_RATE) and np.std(scene.mics) > 0.01


def test_false_wakes_are_counted_where_they_were():
    name = engines.name_of(2)
    rows = [
        echo_alone.Alone(name, 1, "music", "door", 30.0, (1.2, 31.0, 50.0)),
        echo_alone.Alone(name, 2, "music", "", 20.0, (21.0,)),
    ]
    row = echo_alone.summarise(rows)[name]
    assert (row["false_wakes"], row["at_first"], row["after_change"]) == (4, 1, 1)
    assert row["minutes"] == 2 and row["changes"] == 1 and len(row["where"]) == 4
    assert [goal["reached"] for goal in echo_alone.goals({name: row})] == [False]
    assert name in str(echo_alone.table({name: row}).columns[0]._cells)


def test_two_processes_find_what_one_finds_and_a_second_run_reads_it_back(monkeypatch, tmp_path):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    names, todo = (engines.NONE,), []
    for group in ("far_end_real", "double_talk_real"):
        mic = sorted(shared(f"echo/{group}").glob("*_mic.flac"))[0]
        reference = mic.with_name(mic.name.replace("_mic", "_lpb"))
        todo.append((recorded_echo.Job(group, DOUBLE, mic, reference, names, None),))
    screen = Console(file=io.StringIO())
    both = run_jobs("pairs", recorded_echo.rate, todo, screen, HEARING, workers=2)
    assert both == [recorded_echo.rate(job) for (job,) in todo]
    kept = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.pickle")}
    assert len(kept) == 2
    assert run_jobs("pairs", recorded_echo.rate, todo, screen, HEARING, workers=2) == both
    assert kept == {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.pickle")}
