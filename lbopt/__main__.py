"""The command line: ``python -m lbopt COMMAND``; ``python -m lbopt --help`` lists them."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from lbopt.arguments import add_out, add_workers, names, number, positive, rates
from lbopt.conformance.command import add_conformance

EXAMPLES = """examples:
  python -m lbopt demo                      the main experiment, about two minutes on two cores
  python -m lbopt demo --tune               choose its learning rates again, about half an hour
  python -m lbopt letters                   LAMB on real text, about ten minutes
  python -m lbopt letters --parts setting   one of its three parts (see: python -m lbopt list)
  python -m lbopt bert                      a small BERT, about a quarter of an hour
  python -m lbopt landscape                 curvature and noise, about four minutes
  python -m lbopt list                      tasks and optimizers that sweep knows
  python -m lbopt sweep --task mlp --optimizers nesterov,lars --batch-sizes 32,full \\
      --grid 0.01:0.3:7 --seeds 3 --out results/mine
  python -m lbopt report results/mine       table, figures and report.html of any sweep
  python -m lbopt conformance mine:make --claims lamb     is it LAMB? which law does it break?
"""


class OneLineParser(argparse.ArgumentParser):
    """argparse, but an error is one line: what is wrong and where help is."""

    def error(self, message: str) -> NoReturn:
        """Print one line and leave with exit code 2."""
        self.exit(2, f"lbopt: {message} (see: {self.prog} --help)\n")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit code (0 done, 2 wrong input, 130 interrupted)."""
    args = build_parser().parse_args(argv)
    try:
        return args.command(args)
    except (ValueError, OSError, ImportError) as e:
        print(f"lbopt: {' '.join(str(e).split())}", file=sys.stderr)
        return 2
    except KeyboardInterrupt as e:
        print(f"\nlbopt: {e or 'stopped'}", file=sys.stderr)
        return 130


def build_parser() -> argparse.ArgumentParser:
    """Describe all commands and options."""
    parser = OneLineParser(
        prog="python -m lbopt",
        description="Large-batch optimization on real data: experiments with LARS and its rivals.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    add_experiments(commands)
    add_sweep(commands)
    add_conformance(commands)

    report = commands.add_parser(
        "report",
        help="table, figures and report.html of a sweep's folder",
        description="Read DIR/runs.jsonl, choose learning rates on validation, report the test; "
        "one table for each task and each choice of epochs, warm-up and power.",
    )
    report.add_argument("dir", type=Path, metavar="DIR")
    report.set_defaults(command=run_report)

    listing = commands.add_parser("list", help="the tasks, optimizers and studies by name")
    listing.set_defaults(command=run_list)
    return parser


def add_experiments(commands: Any) -> None:
    """Describe the kept experiments."""
    demo = commands.add_parser(
        "demo",
        help="the main experiment: LARS against tuned baselines, batch 32 to full",
        description="Train at learning rates chosen beforehand (--tune chooses them again), print "
        "the tables, write figures and report.html. An interrupted demo goes on where it stopped.",
    )
    add_out(demo, Path("results/demo"))
    demo.add_argument(
        "--tune", action="store_true", help="repeat the learning-rate search, about half an hour"
    )
    demo.add_argument("--seeds", type=positive, default=5, help="seeds per point (%(default)s)")
    demo.add_argument(
        "--studies",
        type=names,
        help="some of the tables only, comma-separated (see `python -m lbopt list`)",
    )
    add_workers(demo)
    demo.set_defaults(command=run_demo)

    letters = commands.add_parser(
        "letters",
        help="LAMB against tuned baselines on real text, batch 64 to 8192",
        description="Train at learning rates chosen beforehand (--tune chooses them again), print "
        "the tables, write figures and report.html. An interrupted experiment goes on where it "
        "stopped.",
    )
    add_out(letters, Path("results/letters"))
    letters.add_argument(
        "--tune", action="store_true", help="repeat the learning-rate search, about an hour"
    )
    letters.add_argument("--seeds", type=positive, default=5, help="seeds per point (%(default)s)")
    letters.add_argument(
        "--parts",
        type=names,
        help="some of batches, setting, schedules, comma-separated (`python -m lbopt list` says "
        "what they are); default: all",
    )
    add_workers(letters)
    letters.set_defaults(command=run_letters)

    add_study(
        commands,
        "bert",
        run_bert,
        "AdamW, LARS and LAMB on a small BERT, at a small and a large batch",
        "Train a small BERT on real text: five learning rates each with one seed, then the chosen "
        "ones with all; about a quarter of an hour. It goes on where it was interrupted",
    )
    add_study(
        commands,
        "landscape",
        run_landscape,
        "curvature, gradient noise and unlike layers at four moments of a training",
        "Measure the largest Hessian eigenvalue, the gradient noise scale and the ratios of the "
        "layers at four moments of a training; about four minutes",
    )


def add_sweep(commands: Any) -> None:
    """Describe the sweep of one's own."""
    sweep = commands.add_parser(
        "sweep",
        help="optimizers x batch sizes x learning rates x seeds",
        description="Run a grid in parallel processes. A task is data with its model, so there is "
        "no option for the model. Results are appended to OUT/runs.jsonl as "
        "runs finish; the same command continues an interrupted sweep.",
    )
    sweep.add_argument(
        "--task", required=True, help="data and model in one: see `python -m lbopt list`"
    )
    sweep.add_argument("--optimizers", required=True, type=names, help="comma-separated names")
    sweep.add_argument(
        "--batch-sizes",
        required=True,
        type=names,
        help="comma-separated; `full` is all training examples",
    )
    sweep.add_argument(
        "--grid",
        required=True,
        type=rates,
        help="learning rates: FIRST:LAST:COUNT in equal ratios, or a comma-separated list",
    )
    sweep.add_argument("--seeds", type=positive, default=5, help="seeds per point (%(default)s)")
    sweep.add_argument("--epochs", type=positive, default=30, help="(%(default)s)")
    sweep.add_argument(
        "--warmup", type=number, default=0.1, help="share of the steps that warm up (%(default)s)"
    )
    sweep.add_argument(
        "--power", type=number, default=2.0, help="of the polynomial decay (%(default)s)"
    )
    add_out(sweep)
    add_workers(sweep)
    sweep.set_defaults(command=run_sweep)


def add_study(commands: Any, name: str, run: Any, what: str, how: str) -> None:
    """Describe a study that has no options but the common ones."""
    study = commands.add_parser(
        name, help=what, description=f"{how}. Prints tables, writes figures and report.html."
    )
    add_out(study, Path("results") / name)
    study.add_argument("--seeds", type=positive, default=3, help="seeds per point (%(default)s)")
    add_workers(study)
    study.set_defaults(command=run)


def run_demo(args: argparse.Namespace) -> int:
    """Do, or continue, the main experiment."""
    from lbopt.observe.demo_report import write_demo_report
    from lbopt.train.headline import do_demo

    result = do_demo(
        args.out,
        tune=args.tune,
        seeds=args.seeds,
        workers=args.workers,
        only=args.studies,
    )
    print(write_demo_report(result, args.out))
    return 0


def run_letters(args: argparse.Namespace) -> int:
    """Do, or continue, LAMB's experiment."""
    from lbopt.observe.letters_report import write_letters_report
    from lbopt.train.letters import do_letters

    result = do_letters(
        args.out, tune=args.tune, seeds=args.seeds, workers=args.workers, only=args.parts
    )
    print(write_letters_report(result, args.out))
    return 0


def run_bert(args: argparse.Namespace) -> int:
    """Do, or continue, the study of the small BERT."""
    from lbopt.observe.bert_report import write_bert_report
    from lbopt.train.bert_study import do_bert_study

    study = do_bert_study(args.out, seeds=args.seeds, workers=args.workers)
    print(write_bert_report(study, args.out))
    return 0


def run_landscape(args: argparse.Namespace) -> int:
    """Look around in some trainings."""
    from lbopt.observe.landscape import survey, the_courses
    from lbopt.observe.landscape_report import write_landscape_report

    points = survey(the_courses(), seeds=args.seeds, workers=args.workers)
    print(write_landscape_report(points, args.out, seeds=args.seeds))
    return 0


def run_sweep(args: argparse.Namespace) -> int:
    """Do, or continue, a grid; then report it."""
    from lbopt.observe.sweep_report import write_sweep_report
    from lbopt.train.experiment import sweep
    from lbopt.train.run import Run
    from lbopt.train.tasks import TASKS, check_name

    check_name("task", args.task, TASKS)
    examples = TASKS[args.task].examples
    sizes = [examples if size == "full" else size for size in args.batch_sizes]
    for size in sizes:
        if not str(size).isdigit():
            raise ValueError(f"batch size {size!r} is not an integer or `full`")
    runs = [
        Run(args.task, optimizer, int(size), rate, seed, args.epochs, args.warmup, args.power)
        for optimizer in args.optimizers
        for size in sizes
        for rate in args.grid
        for seed in range(args.seeds)
    ]
    records = sweep(runs, args.out / "runs.jsonl", workers=args.workers, progress=True)
    print(write_sweep_report(args.out, records))
    return 0


def run_report(args: argparse.Namespace) -> int:
    """Report all that a folder holds."""
    from lbopt.observe.sweep_report import write_sweep_report

    print(write_sweep_report(args.dir))
    return 0


def run_list(args: argparse.Namespace) -> int:
    """Print the names that the other commands take."""
    from lbopt.train.headline import STUDIES
    from lbopt.train.letters import PARTS
    from lbopt.train.tasks import RECIPES, TASKS

    for title, table in (("tasks", TASKS), ("optimizers", RECIPES)):
        print(f"{title}:")
        for name, entry in table.items():
            print(f"  {name:16} {entry.about}")
    print(f"studies of demo: {', '.join(STUDIES)}")
    print("parts of letters:")
    for name, about in PARTS.items():
        print(f"  {name:16} {about}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
