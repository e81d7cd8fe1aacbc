"""The figures the scoring service tells of itself, in Prometheus' terms."""

import os
from collections import Counter as Tally
from collections.abc import Sequence
from functools import cache

import numpy as np
import numpy.typing as npt
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest, multiprocess

_SECONDS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5)
_DIFFERENCES = (-0.5, -0.2, -0.1, -0.05, -0.02, -0.01, 0.0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5)


class ScoringMetrics:
    """One set of instruments per application, so that two applications in one process do not collide."""

    def __init__(self) -> None:
        self.collectors = CollectorRegistry()
        self.requests = Counter(
            "parcours_scoring_requests", "Requests answered", ["endpoint", "status"], registry=self.collectors
        )
        self.seconds = Histogram(
            "parcours_scoring_request_seconds",
            "Time from request to answer",
            ["endpoint"],
            buckets=_SECONDS,
            registry=self.collectors,
        )
        self.rows = Counter("parcours_scoring_rows", "Feature vectors scored", registry=self.collectors)
        self.missing_values = Counter(
            "parcours_scoring_missing_values", "Missing values among the features scored", registry=self.collectors
        )
        self.repository_errors = Counter(
            "parcours_scoring_model_repository_errors", "Failed looks at the model repository", registry=self.collectors
        )
        self.model_sets_refused = Counter(
            "parcours_scoring_model_sets_refused", "Model sets that must not serve", registry=self.collectors
        )
        self._variants = Counter(
            "parcours_scoring_experiment_rows", "Feature vectors scored in the running experiment", ["variant"],
            registry=self.collectors,
        )  # fmt: skip
        self._shadow = Histogram(
            "parcours_scoring_shadow_churn_difference",
            "Churn probability of the challenger in shadow, less the champion's",
            ["challenger"],
            buckets=_DIFFERENCES,
            registry=self.collectors,
        )
        self._model_set = Gauge(
            "parcours_scoring_model_set_info",
            "1 for the model set that serves",
            ["model_set"],
            registry=self.collectors,
            multiprocess_mode="livemax",
        )
        self._served: str | None = None
        self._instruments = cache(self._labelled)  # finding them by their labels takes longer than counting

    def scored(self, matrix: npt.NDArray[np.float64]) -> None:
        """Counts a matrix that was scored."""
        self.rows.inc(len(matrix))
        self.missing_values.inc(float(np.isnan(matrix).sum()))

    def answered(self, endpoint: str, status: int, seconds: float) -> None:
        """Counts one answered request."""
        counter, histogram = self._instruments(endpoint, status)
        counter.inc()
        histogram.observe(seconds)

    def assigned(self, variants: Sequence[str]) -> None:
        """Counts the customers of a request by the variant of the experiment that answered."""
        for variant, rows in Tally(variants).items():
            self._variants.labels(str(variant)).inc(rows)

    def shadowed(self, challenger: str, differences: list[float]) -> None:
        """Records how far a challenger in shadow is from the champion, one value per row."""
        for difference in differences:
            self._shadow.labels(challenger).observe(difference)

    def _labelled(self, endpoint: str, status: int) -> tuple[Counter, Histogram]:
        return self.requests.labels(endpoint, str(status)), self.seconds.labels(endpoint)

    def model_set_served(self, key: str) -> None:
        """Marks the model set that answers from now on."""
        if self._served is not None:
            self._model_set.labels(self._served).set(0)
        self._model_set.labels(key).set(1)
        self._served = key

    def exposition(self) -> bytes:
        """The text format; with several worker processes, the sum over all of them."""
        if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
            return generate_latest(self.collectors)
        together = CollectorRegistry()
        multiprocess.MultiProcessCollector(together)  # type: ignore[no-untyped-call]
        return generate_latest(together)
