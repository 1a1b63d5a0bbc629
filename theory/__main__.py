"""The command line: ``python -m theory``; ``python -m theory --help`` lists what it can print."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

EXAMPLES = """examples:
  python -m theory                         statements, slack and mutants, about half a minute
  python -m theory statements lars         one theorem, sharp and published
  python -m theory slack                   how near the bounds are to what is measured
  python -m theory rates                   slopes over T with b = T, about half a minute
  python -m theory mutants                 every wrong bound and algorithm, and who kills it
  python -m theory counterexamples         the bounds without each assumption, and with it
  python -m theory derivation lars         every step of a proof, with its reason (Markdown)
  python -m theory report --out DIR        all of it in DIR/report.html, with figures
"""


class OneLineParser(argparse.ArgumentParser):
    """argparse, but an error is one line: what is wrong and where help is."""

    def error(self, message: str) -> NoReturn:
        """Print one line and leave with exit code 2."""
        self.exit(2, f"theory: {message} (see: {self.prog} --help)\n")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit code (0 done, 2 wrong input, 130 interrupted)."""
    args = build_parser().parse_args(argv)
    try:
        args.command(args)
    except (ValueError, OSError, ImportError) as e:
        print(f"theory: {' '.join(str(e).split())}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\ntheory: stopped", file=sys.stderr)
        return 130
    return 0


def build_parser() -> argparse.ArgumentParser:
    """Describe all commands and options."""
    parser = OneLineParser(
        prog="python -m theory",
        description="Convergence bounds of SGD, LARS and LAMB: what they say, how tight they are.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(command=run_all, theorems=[])
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")

    def add(name: str, command: Any, about: str) -> Any:
        made = commands.add_parser(name, help=about, description=about)
        made.set_defaults(command=command)
        return made

    statements = add("statements", run_statements, "what the theorems say, sharp and published")
    statements.add_argument("theorems", nargs="*", metavar="THEOREM", help="default: all")
    add("slack", run_slack, "measured over bound, on near-tight instances and on ordinary problems")
    add("rates", run_rates, "slopes over T with b = T, and where a bound is vacuous")
    add("mutants", run_mutants, "wrong bounds and algorithms, and the witnesses that kill them")
    add("counterexamples", run_counterexamples, "the bounds without each assumption, and with it")
    derivation = add("derivation", run_derivation, "every step of a theorem's proof, as Markdown")
    derivation.add_argument("theorem", metavar="THEOREM")
    derivation.add_argument("--published", action="store_true", help="with the paper's constants")
    docs = add("docs", run_docs, "write docs/theory/statements.md again")
    docs.add_argument("--out", type=Path, default=Path("docs/theory"), help="(%(default)s)")
    report = add("report", run_report, "tables and figures in one HTML file")
    report.add_argument("--out", type=Path, default=Path("results/theory"), help="(%(default)s)")
    return parser


def run_all(args: argparse.Namespace) -> None:
    """Print statements, slack table and mutant table."""
    for title, command in (
        ("STATEMENTS: sharp beside published", run_statements),
        ("SLACK: measured / bound", run_slack),
        ("MUTANTS: wrong bounds and algorithms", run_mutants),
    ):
        print(f"\n{title}\n")
        command(args)


def run_statements(args: argparse.Namespace) -> None:
    """Print the theorems asked for."""
    from theory.report_statements import entries, text

    print("\n\n".join(text(entry) for entry in entries(tuple(args.theorems))))


def run_slack(args: argparse.Namespace) -> None:
    """Print the ratios of the witnesses and of ordinary problems."""
    from theory import report_slack as slack
    from theory.report_text import aligned

    print("near-tight instances (share: the term's part of the sharp bound)\n")
    print(aligned(slack.text_rows(list(slack.witness_rows()))))
    print("\nordinary problems, b = T = 64, best step size, beta2 = 0.999\n")
    print(aligned(slack.ordinary_text(slack.ordinary_rows())))


def run_rates(args: argparse.Namespace) -> None:
    """Print slopes, ratios and where the bounds are vacuous."""
    from theory import rates

    print(rates.table(rates.rates(replicates=16)))


def run_mutants(args: argparse.Namespace) -> None:
    """Print every mutant with who kills it, and the changes that nobody can notice."""
    from theory import report_mutants as mutants
    from theory.report_text import aligned

    found = mutants.fates(progress=progress)
    print(aligned(mutants.text_rows(found)))
    print(f"\n{mutants.summary(found)}\n")
    print(aligned(mutants.survivor_rows()))


def run_counterexamples(args: argparse.Namespace) -> None:
    """Print every contrast."""
    from theory.counterexamples import COUNTEREXAMPLES, table

    print("\n\n".join(f"{name}\n{table(run())}" for name, run in COUNTEREXAMPLES.items()))


def run_derivation(args: argparse.Namespace) -> None:
    """Print the derivation of one theorem."""
    from theory.kernel import derivation_markdown
    from theory.report_statements import entries, published_of

    module = entries((args.theorem,))[0].module
    made = published_of(module) if args.published else module.derivation()
    if made is None:
        raise ValueError(f"theorem {args.theorem!r} has no published form")
    print(derivation_markdown(made))


def run_docs(args: argparse.Namespace) -> None:
    """Write the generated page of statements."""
    from theory.report_statements import page

    args.out.mkdir(parents=True, exist_ok=True)
    path = args.out / "statements.md"
    path.write_text(page(), encoding="utf-8")
    print(path)


def run_report(args: argparse.Namespace) -> None:
    """Write the report."""
    from theory.report import write

    print(write(args.out, progress=progress))


def progress(count: int) -> None:
    """Show on a terminal that something is going on."""
    if sys.stderr.isatty():
        print(f"\r{count} mutants judged", end="\r", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
