"""This package's commands. Only typer is imported here; each command imports what it needs when it runs."""

from typing import Annotated

import typer


def register(app: typer.Typer, serve: typer.Typer) -> None:
    """Adds this package's commands to the command tree."""
    app.command("demo")(demo)
    app.command("down")(down)
    app.command("doctor")(doctor)


def demo(
    dataset: Annotated[
        str, typer.Option(help="complete-journey, online-retail-ii, or the path of an order file.")
    ] = "complete-journey",
    port_base: Annotated[int, typer.Option(help="First of the ports to use.", min=1024, max=65000)] = 8000,
    limit_customers: Annotated[
        int | None, typer.Option(help="Load only so many customers, for a quick look.", min=20)
    ] = None,
    keep_dates: Annotated[
        bool, typer.Option("--keep-dates", help="Leave the history at its original dates instead of moving it.")
    ] = False,
    fresh: Annotated[bool, typer.Option("--fresh", help="Drop what an earlier start loaded, and start over.")] = False,
    detach: Annotated[
        bool, typer.Option("--detach", help="Return when all is healthy; `parcours down` stops it.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON; progress goes to stderr.")] = False,
    ready_descriptor: Annotated[int | None, typer.Option(hidden=True)] = None,
) -> None:
    """Run the whole system on this machine: database, real data, trained models, all services."""
    from datetime import UTC, datetime

    from demo.options import DemoOptions

    options = DemoOptions(
        dataset=dataset,
        port_base=port_base,
        limit_customers=limit_customers,
        keep_dates=keep_dates,
        fresh=fresh,
        detach=detach,
        as_json=as_json,
    )
    if detach and ready_descriptor is None:
        from demo.detached import run_detached

        raise typer.Exit(run_detached(options.arguments()))
    from demo.home import DemoSettings
    from demo.run import run_demo

    run_demo(options, DemoSettings(), now=datetime.now(UTC), ready_descriptor=ready_descriptor)


def down(
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Stop what `parcours demo --detach` left running, the embedded database included."""
    from demo.down import stop_everything
    from demo.home import DemoSettings

    stop_everything(DemoSettings(), as_json=as_json)


def doctor(
    port_base: Annotated[int, typer.Option(help="First of the ports the demo would use.", min=1024, max=65000)] = 8000,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Check ports, disk, database, models and services, and say what to do."""
    from demo.doctor import examine, show
    from demo.home import DemoSettings

    findings = examine(DemoSettings(), port_base=port_base)
    show(findings, as_json=as_json)
    if any(finding.is_problem for finding in findings):
        raise typer.Exit(1)
