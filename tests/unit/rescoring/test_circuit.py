"""The circuit breaker's states, told the time."""

from profile_api.rescoring.circuit import CircuitBreaker


def _breaker() -> CircuitBreaker:
    return CircuitBreaker(failures=3, rest_s=2.0)


def test_it_opens_only_after_failures_in_a_row() -> None:
    breaker = _breaker()
    breaker.failed(0.0)
    breaker.failed(0.0)
    breaker.succeeded()
    breaker.failed(0.0)
    breaker.failed(0.0)
    assert breaker.allows(0.0)
    breaker.failed(0.0)
    assert not breaker.allows(0.0)


def test_after_its_rest_it_lets_exactly_one_attempt_through() -> None:
    breaker = _breaker()
    for _ in range(3):
        breaker.failed(10.0)
    assert not breaker.allows(11.999)
    assert breaker.allows(12.0)
    assert not breaker.allows(12.0)


def test_a_failed_attempt_starts_another_rest_and_a_good_one_closes_it() -> None:
    breaker = _breaker()
    for _ in range(3):
        breaker.failed(0.0)
    assert breaker.allows(2.0)
    breaker.failed(2.5)
    assert not breaker.allows(4.4)
    assert breaker.allows(4.5)
    breaker.succeeded()
    assert breaker.allows(4.5)
    assert not breaker.is_open
