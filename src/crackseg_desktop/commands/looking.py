"""Commands that look once: the machine, the runs, their curves, the rules, a trace."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from crackseg_desktop.clock import SystemClock
from crackseg_desktop.commands.common import (
    USAGE,
    CommandError,
    data_dir_of,
    find_run,
    folders_of,
    look_at_all,
    print_document,
    print_json,
    settings_of,
)
from crackseg_desktop.units import printable

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable

    from crackseg_desktop.survey import Look


def status(options: argparse.Namespace) -> int:
    """Print one reading: GPUs, host, active runs, firing alerts."""
    import time

    from crackseg_desktop.export import text

    while True:
        document = look_at_all(options, []).status()
        if options.watch is not None and not options.json:
            sys.stdout.write(text.page_break(sys.stdout))
        print_document(document, options.json, text.status_lines)
        if options.watch is None:
            return 0
        sys.stdout.flush()
        time.sleep(options.watch)


def runs(options: argparse.Namespace) -> int:
    """List the runs found, newest first."""
    from crackseg_desktop.export import text

    looks = _look_at_runs(options)
    if options.json:
        documents = [document for look in looks for document in look.run_documents()]
        print_json(sorted(documents, key=lambda run: (run["started"] or 0.0, run["name"]), reverse=True))
        return 0
    for line in text.runs_lines(look.run_documents() for look in looks):
        print(printable(line), flush=True)
    return 0


def _look_at_runs(options: argparse.Namespace) -> Iterable[Look]:
    from crackseg_desktop.survey import look_at_demo, look_at_runs

    chosen = settings_of(options).settings
    if options.demo:
        return [look_at_demo(chosen, SystemClock())]
    return look_at_runs(chosen, data_dir_of(options), folders_of(options, options.folders), SystemClock())


def check(options: argparse.Namespace) -> int:
    """Make one pass over all rules and exit as a monitoring plugin does."""
    from crackseg_desktop.export import text

    verdict = look_at_all(options, options.folders).check()
    print_document(verdict.document(), options.json, lambda _: text.check_lines(verdict))
    return verdict.code


def curves(options: argparse.Namespace) -> int:
    """Print every point of a run's curves."""
    from crackseg_desktop.export import documents, tables

    found = find_run(options)
    chosen = tables.choose(found.curves, options.tag, normalised=options.normalised, superseded=options.superseded)
    if options.format == "json":
        print_json(documents.curves_document(found.facts.name, chosen))
    else:
        tables.write_curves(sys.stdout, found.facts.name, chosen)
    return 0


def trace(options: argparse.Namespace) -> int:
    """Sum up a PyTorch profiler trace."""
    from crackseg_desktop.export.trace import trace_document, trace_lines
    from crackseg_desktop.training.formats.trace import summarise
    from crackseg_desktop.training.formats.trace_stream import NotATraceError

    if options.file.exists() and not options.file.is_file():
        raise CommandError(f"{options.file} is no file", USAGE)
    try:
        summary = summarise(options.file)
    except NotATraceError as error:
        raise CommandError(f"{options.file} is no profiler trace: {error}") from error
    except OSError as error:
        raise CommandError(f"{options.file} cannot be read: {error.strerror or error}") from error
    print_document(trace_document(str(options.file), summary), options.json, trace_lines)
    return 0
