"""Grading an answer: right, wrong with its law, not yet; and what must not stop or fool it."""

import subprocess
import sys
import time

import pytest

from tests.notebooks.copies import FIRST, GOOD, NAME, STUB, WRONG, called, hand_in
from tests.notebooks.notebook_files import FOLDER, NAMES, read, solutions, stubs

from grading import course, find  # isort: skip  (notebook_files puts notebooks on the path)
from grading.judge import Judge  # isort: skip


def cells(*sources):
    return find.code_cells([("code", f"x-{i}", source) for i, source in enumerate(sources)])


def graded(judge, code, number=1, limit=60.0):
    exercise = next(e for e in course.exercises(judge.checks[-2:]) if e.number == number)
    answer = find.find(code, number, exercise.name, exercise.stub_id)
    if answer.verdict:
        return answer.verdict, answer.message
    return judge.ask(number, answer, limit)


@pytest.fixture(scope="module")
def judge(tmp_path_factory):
    judge = Judge("03", tmp_path_factory.mktemp("copy"))
    yield judge
    judge.stop()


QUICK = (NAME, "05_lamb")


@pytest.mark.parametrize(
    "name", [n if n in QUICK else pytest.param(n, marks=pytest.mark.slow) for n in NAMES]
)
def test_solutions_put_into_a_copy_are_all_right(name, tmp_path):
    source = (FOLDER / "solutions" / f"{name[:2]}_solutions.py").read_text()
    exercises = course.exercises(name[:2])
    assert all(hasattr(solutions(name), e.name) for e in exercises)
    sources = {e.number: f"{source}\n\ncheck_{e.number}({e.name})" for e in exercises}
    path = hand_in(tmp_path / "copy.ipynb", sources, name)
    code, judge = find.code_cells(course.cells_of(path)), Judge(name[:2], tmp_path)
    said = {e.number: graded(judge, code, e.number) for e in exercises}
    judge.stop()
    assert said == {n: ("right", f"exercise {n}: right") for n in said}
    assert set(said) == set(stubs(read(name)))


@pytest.mark.parametrize("name", NAMES)
def test_an_untouched_copy_is_not_yet_and_needs_no_process(name):
    code = find.code_cells(course.cells_of(FOLDER / f"{name}.ipynb"))
    for e in course.exercises(name[:2]):
        answer = find.find(code, e.number, e.name, e.stub_id)
        assert (answer.verdict, answer.message) == ("not yet", f"{e.name} is still the stub")
        assert code[0].place < answer.place <= code[-1].place


@pytest.mark.parametrize("name", NAMES)
def test_every_exercise_has_stars_a_hint_and_a_section_to_read(name):
    for e in course.exercises(name[:2]):
        assert 1 <= e.stars <= 3
        assert e.hint
        assert e.asked.startswith(f"`{e.name}(")
        assert e.section, f"no section of {name} begins with the words in SECTIONS ({e.number})"
        assert e.stub_id.startswith(f"nb{name[:2]}-")


@pytest.mark.parametrize("number", WRONG)
def test_a_wrong_answer_is_told_its_law(judge, number):
    source, law = WRONG[number]
    verdict, said = graded(judge, cells(called(source, number)), number)
    assert verdict == "wrong"
    assert said.startswith(f"exercise {number}: ")
    assert f"{law} fails: " in said


@pytest.mark.parametrize(
    "sources",
    [
        ["import numpy as np", FIRST.format(f"np.float64({GOOD})")],
        ["def noise(s, n, b):\n    return s / b * (n - b) / (n - 1)\n\n\ncheck_1(noise)"],
        ["check_1(lambda s, N, B: s / B * (N - B) / (N - 1))"],
        [
            "from functools import partial",
            "def f(k, s, N, B):\n    return s/B*(N-B)/(N-k)",
            "check_1(partial(f, 1))",
        ],
        ["two = 1", "two += 1", FIRST.format(f"{GOOD} * two / 2")],
        ["kept = {}", "kept['a'] = 2", FIRST.format(f"{GOOD} * kept['a'] / 2")],
        ["kept = []", "for i in range(2):\n    kept.append(i)", FIRST.format(f"{GOOD} * kept[1]")],
        ["a = 5", "def f():\n    return a", "a = 1", FIRST.format(f"{GOOD} * f()")],
        ["one = __import__('time').sleep(60)", "one = 1", FIRST.format(f"{GOOD} * one")],
        ["a = 1", "b = a", "a = 0", FIRST.format(f"{GOOD} * b")],
        ["try:\n    one = lost\nexcept NameError:\n    one = 1", FIRST.format(f"{GOOD} * one")],
        ["from math import *", FIRST.format(f"{GOOD} * cos(0)")],
        ["class One:\n    value = 1", FIRST.format(f"{GOOD} * One.value")],
        ["%matplotlib inline\none = 1\n!ls\nfiles = !ls\none?", FIRST.format(f"{GOOD} * one")],
        ["%%time\none = 1", "%%bash\nfor f in *; do echo $f; done", FIRST.format(f"{GOOD} * one")],
        ["one = 7 \\\n  % 2", FIRST.format(f"{GOOD} * one")],
        ["raise ValueError", "1 / 0", FIRST.format(GOOD)],
        ["def broken(:", "while True:\n    pass", "import os\nos._exit(1)", FIRST.format(GOOD)],
        [FIRST.format(GOOD).replace("check_1(batch_noise)", "")],
        [FIRST.format("0"), FIRST.format(GOOD)],
        [
            FIRST.format("..."),
            FIRST.format(GOOD),
            FIRST.split("    ")[0] + "    ...\ncheck_1(batch_noise)",
        ],
        [
            "display(1)\nprint('exercise 1: the law fails')",
            FIRST.format(GOOD) + "\ncheck_1(print)" * 0,
        ],
    ],
)
def test_an_answer_finds_what_it_needs_and_nothing_else_is_run(judge, sources):
    verdict, said = graded(judge, cells(*sources), limit=20)
    assert verdict == "right", said


LATER = [STUB, "def batch_noise(s, N, B):\n    return s / N"]
PATCHED = "__import__('checks_03').__dict__.update(demand=print, check_1=print) or 0"
NO_NAME = "name 'lost' is not defined, in line 2 of cell 1: return lost"
AT = "division by zero, in line 2 of cell 1: return N / 0"
BEFORE = "before that, ZeroDivisionError: division by zero, in line 1 of cell 1: a = 1 / 0"


@pytest.mark.parametrize(
    ("sources", "words"),
    [
        (
            ["check_1(batch_noise)\ndef noise(s):\n    ..."],
            "no cell defines; its cell defines noise",
        ),
        (["check_1(batch_noise)", FIRST.format("0")[:-21]], "further down, in cell 2"),
        (["x = 1"], "no cell calls check_1 or defines batch_noise"),
        ([FIRST.format("0 +")], "its cell 1 does not run: line 2 is not Python"),
        ([FIRST.format("0").replace("    ", "\t \t")[:-21] + "  x"], "no cell calls check_1"),
        ([FIRST.format("N / 0")], f"batch_noise raised ZeroDivisionError: {AT}"),
        ([FIRST.format("lost")], f"batch_noise raised NameError: {NO_NAME}"),
        (["a = 1 / 0", FIRST.format("a")], BEFORE),
        ([FIRST.format("'text'")], "the check cannot use what batch_noise returns: "),
        ([FIRST.format("None")], "batch_noise returns None: is a `return` missing?"),
        (["check_1(abs(1))"], "the check wants a function, and abs(1) is a int"),
        ([FIRST.format("batch_noise(sigma2, N, B)")], "RecursionError"),
        (["import sys", FIRST.format("sys.exit()")], "raised SystemExit, in line 2 of cell 2"),
        (["check_1 = lambda f: True", FIRST.format("0 * N")], "the single-example law fails"),
        ([FIRST.format(PATCHED)], "the single-example law fails"),
        ([FIRST.format("print('exercise 1: right') or 0")], "the single-example law fails"),
        ([FIRST.format(GOOD), FIRST.format("0")], "the single-example law fails"),
        (LATER, "the whole-data law fails"),
    ],
)
def test_a_wrong_answer_says_what_is_wrong(judge, sources, words):
    verdict, said = graded(judge, cells(*sources), limit=20)
    assert verdict == "wrong"
    assert words in said


def test_of_several_attempts_the_last_counts_and_the_message_says_so():
    code = cells(FIRST.format(GOOD), "1", FIRST.format("0"))
    answer = find.find(code, 1, "batch_noise", "")
    assert (answer.place, answer.verdict) == (3, "")
    assert answer.note == " (of the attempts in cells 1 and 3 the last counts)"


ENDLESS = "def endless():\n    while True:\n        pass"
UNITS = "what batch_noise builds on (cells 1) took longer than 2 s"


@pytest.mark.parametrize(
    ("sources", "words"),
    [
        (["import os", FIRST.format("os._exit(3)")], "ended Python itself (exit status 3)"),
        ([ENDLESS, FIRST.format("endless()")], "exercise 1: batch_noise took longer than 2 s"),
        (["import time\none = time.sleep(600)", FIRST.format("one")], UNITS),
        (["one = 1\nwhile one:\n    one += 1", FIRST.format("one")], UNITS),
    ],
)
def test_a_crash_or_an_endless_loop_ends_one_answer_only(judge, sources, words):
    graded(judge, cells(FIRST.format(GOOD)))  # the imports are not what is timed
    began = time.perf_counter()
    verdict, said = graded(judge, cells(*sources), limit=2)
    assert time.perf_counter() - began < 200  # it does not wait for the sleep
    assert verdict == "wrong"
    assert words in said
    assert graded(judge, cells(FIRST.format(GOOD))) == ("right", "exercise 1: right")


def test_a_process_that_was_started_by_an_answer_is_ended_too(judge, tmp_path):
    beat = tmp_path / "beat"
    code = (
        f"import time\nwhile True:\n    open({str(beat)!r}, 'a').write('.')\n    time.sleep(0.05)"
    )
    start = f"import subprocess, sys\nchild = subprocess.Popen([sys.executable, '-c', {code!r}])"
    endless = "while not __import__('os').path.exists(PATH) or True:\n        pass"
    source = f"def batch_noise(s, N, B):\n    child\n    {endless.replace('PATH', repr(str(beat)))}"
    graded(judge, cells(start, f"{source}\n\ncheck_1(batch_noise)"), limit=3)
    size = beat.stat().st_size
    subprocess.run([sys.executable, "-c", "import time; time.sleep(0.5)"], check=True)
    assert beat.stat().st_size == size
