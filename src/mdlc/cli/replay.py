"""mdlc replay: replay later data against the real server."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

import mdlc
from mdlc.cli.verb_support import (
    DEFAULT_FILE,
    File,
    Home,
    Json,
    Verbose,
    console,
    handle_errors,
    print_json,
)

EPILOG = "Example: mdlc replay examples/01-flight-delays/lifecycle.yaml --to 2013-07-01"


def replay(
    file: File = DEFAULT_FILE,
    begin: Annotated[datetime | None, typer.Option("--from", help="First moment (UTC).")] = None,
    end: Annotated[datetime | None, typer.Option("--to", help="Last moment (UTC).")] = None,
    monthly: Annotated[
        bool, typer.Option(help="Also replay the alternative of retraining every month.")
    ] = True,
    home: Home = None,
    as_json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Replay later data against the real server.

    With late labels, alerts, retrainings and promotions; then count the money.
    """
    with handle_errors(verbose=verbose):
        lifecycle = mdlc.load(file, home=home)
        life = lifecycle.replay(begin=begin, end=end, monthly=monthly, progress=True)
    if as_json:
        print_json(life)
        return
    from rich.table import Table

    table = Table("policy", "earned", "retrainings", "their cost", "net", box=None, pad_edge=False)
    for policy in life.policies:
        table.add_row(
            policy.title,
            f"{policy.earned:,.0f}",
            str(policy.retrainings),
            f"{policy.retraining_cost:,.0f}",
            f"{policy.net:,.0f} {life.currency}",
        )
    out = console()
    out.print(
        f"{life.decisions:,} decisions, {life.labels:,} labels, "
        f"{life.failed_requests} failed requests, {life.seconds:.0f} s"
    )
    out.print(table)
    out.print(f"next: mdlc report {file}")
