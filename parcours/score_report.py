"""How a batch scoring is told: a few lines for people, one object for machines."""

import json

from rich.console import Console

from profile_api.rescoring.batch import BatchReport


def print_report(report: BatchReport, *, seconds: float, as_json: bool) -> None:
    """Prints the counts, the model sets that answered, and every reason for a missing prediction."""
    if as_json:
        Console(soft_wrap=True, highlight=False).print_json(json.dumps(as_object(report, seconds=seconds)))
        return
    console = Console(highlight=False)
    rate = report.stored / seconds if seconds else 0.0
    console.print(
        f"{report.stored} customers scored as of {report.as_of:%Y-%m-%d %H:%M %Z} in {seconds:.1f} s "
        f"({rate:.0f} a second) by model set {', '.join(sorted(report.model_sets)) or 'none'}"
    )
    for reason, count in report.not_scored.most_common():
        console.print(f"  {count} not scored: {reason}")
    for gap, count in report.unavailable.most_common():
        console.print(f"  {count} without {gap}")


def as_object(report: BatchReport, *, seconds: float) -> dict[str, object]:
    """The report as plain JSON values."""
    return {
        "as_of": report.as_of.isoformat(),
        "stored": report.stored,
        "seconds": round(seconds, 3),
        "model_sets": sorted(report.model_sets),
        "not_scored": dict(report.not_scored),
        "unavailable": dict(report.unavailable),
        "examples": {
            str(customer_id): {"code": reason.code, "message": reason.message}
            for customer_id, reason in report.examples.items()
        },
    }
