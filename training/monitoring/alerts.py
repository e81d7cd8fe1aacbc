"""How an alert leaves the process: a log line, a metrics file for a node exporter, a webhook."""

import logging
import os
from pathlib import Path

import httpx
from prometheus_client import CollectorRegistry, Gauge, write_to_textfile

from customer.errors import ParcoursError
from training.monitoring.findings import Status
from training.monitoring.observe import Observation

log = logging.getLogger("parcours.monitoring")
WEBHOOK_TIMEOUT_S = 10.0


class AlertNotDeliveredError(ParcoursError):
    """The webhook did not take the alert; it is still in the log, the report and the database."""

    def __init__(self, what: str) -> None:
        super().__init__(f"the alert could not be delivered to PARCOURS_ALERT_WEBHOOK: {what}; look at the report")


def announce(observation: Observation, *, webhook: str | None, metrics_file: Path | None) -> None:
    """Tells whoever should know. Errors: AlertNotDeliveredError, when everything else is done."""
    if metrics_file is not None:
        write_metrics(observation, metrics_file)
    if not observation.is_alert:
        return
    for finding in observation.alerts:
        log.warning("model set %s %s: %s", observation.model_set, observation.status.lower(), finding.sentence)
    if webhook is not None:
        _deliver(observation, webhook)


def write_metrics(observation: Observation, path: Path) -> None:
    """In the text format, replaced in one step: Prometheus reads it through a node exporter's textfile collector."""
    registry = CollectorRegistry()
    state = Gauge("parcours_model_status", "1 for the status monitoring found", ["status"], registry=registry)
    for status in Status:
        state.labels(status.lower()).set(status is observation.status)
    judged = Gauge("parcours_model_judged_customers", "Customers whose predictions had matured", registry=registry)
    judged.set(observation.judged_customers)
    when = Gauge("parcours_model_observed_timestamp_seconds", "When monitoring looked", registry=registry)
    when.set(observation.observed_at.timestamp())
    measures = Gauge("parcours_model_measure", "A measure of matured predictions", ["measure"], registry=registry)
    for name, found in observation.measures.items():
        measures.labels(name).set(found.value)
    index = Gauge("parcours_model_stability_index", "How far an input has moved", ["input"], registry=registry)
    for drift in observation.drift:
        index.labels(drift.name).set(drift.stability_index)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_to_textfile(os.fspath(path), registry)


def _deliver(observation: Observation, webhook: str) -> None:
    """The body has `text`, which chat systems show, and the same as fields."""
    sentences = [finding.sentence for finding in observation.alerts]
    body = {
        "text": f"Model set {observation.model_set}: {observation.status.lower()}. {'; '.join(sentences)}",
        "model_set": observation.model_set,
        "status": str(observation.status),
        "observed_at": observation.observed_at.isoformat(),
        "alerts": sentences,
    }
    try:
        httpx.post(webhook, json=body, timeout=WEBHOOK_TIMEOUT_S, follow_redirects=False).raise_for_status()
    except httpx.HTTPStatusError as error:
        raise AlertNotDeliveredError(f"it answered {error.response.status_code}") from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise AlertNotDeliveredError(type(error).__name__) from error  # its words may hold the address, a secret
