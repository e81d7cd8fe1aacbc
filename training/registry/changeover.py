"""Another champion by a person's decision: promote, roll back; what the gate had said of the set counts."""

import getpass
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from customer.errors import FeatureSetMismatchError, ParcoursError
from scoring.engine.model_set import load_model_set
from scoring.engine.spec import UnusableModelSetError, read_spec
from scoring.errors import ModelSetRefusedError
from training.evaluation.gate import Check
from training.registry.model_registry import (
    CHALLENGER,
    CHAMPION,
    RegisteredSet,
    RegistryError,
    connect,
    download_set,
    find_by_alias,
    find_by_set,
    put_in_charge,
)  # fmt: skip
from training.registry.promotion import NotPromotedError
from training.registry.promotion_log import Decision, in_charge_before, read_log, record_decision
from training.settings import TrainingSettings, database_url

if TYPE_CHECKING:
    from mlflow import MlflowClient

_BY_HAND, _ASKED = "by hand", "asked"
_LONGEST_LOG = 10_000  # decisions: a retraining every night for 27 years


class NothingToRollBackError(ParcoursError):
    def __init__(self) -> None:
        super().__init__("there is no earlier model set to go back to; `parcours compare` lists the sets there are")


def promote_set(settings: TrainingSettings, model_set: str | None, *, force: bool) -> RegisteredSet:
    """Puts a registered set, or the challenger, in charge.

    Errors: RegistryError; NotPromotedError when the gate refused it or has not judged it, unless forced.
    """
    client = connect(settings)
    registered = find_by_set(client, model_set) if model_set else find_by_alias(client, CHALLENGER)
    if registered is None:
        raise RegistryError("there is no challenger; `parcours compare` lists the sets there are")
    failed = _failed_checks(settings, registered)
    if failed and not force:
        raise NotPromotedError(failed)
    reason = f"although the gate failed it in {len(failed)} checks" if failed else "the gate had passed it"
    _put_in_charge(settings, client, registered, action="PROMOTION", reason=reason, is_forced=bool(failed))
    return registered


def _failed_checks(settings: TrainingSettings, registered: RegisteredSet) -> Sequence[Check]:
    """What the gate failed when it last judged the set."""
    for line in read_log(database_url(settings), alias=CHAMPION, model_set=registered.model_set):
        checks = [Check(**one) for one in line.reasons]
        if any(check.check != _BY_HAND for check in checks):
            return [check for check in checks if not check.passed and check.check != _ASKED]
    return [Check(check="gate", passed=False, reason="the gate has not judged it, for it was not trained here")]


def roll_back(settings: TrainingSettings) -> RegisteredSet:
    """Puts back the set that the present champion replaced; once more, the one before that.

    Errors: NothingToRollBackError, RegistryError.
    """
    client = connect(settings)
    champion = find_by_alias(client, CHAMPION)
    if champion is None:
        raise NothingToRollBackError
    log = read_log(database_url(settings), alias=CHAMPION, limit=_LONGEST_LOG)
    replaced = in_charge_before(champion.model_set, log)
    if replaced is None:
        raise NothingToRollBackError
    earlier = find_by_set(client, replaced)
    _put_in_charge(settings, client, earlier, action="ROLLBACK", reason="rolled back", is_forced=True)
    return earlier


def fault_of_champion(settings: TrainingSettings) -> str | None:
    """Why this version of the program cannot load the champion; None when it can, or when there is none."""
    client = connect(settings)
    try:
        champion = find_by_alias(client, CHAMPION)
        return _fault(client, champion) if champion else None
    except RegistryError:
        return None


def _fault(client: "MlflowClient", registered: RegisteredSet) -> str | None:
    with tempfile.TemporaryDirectory(prefix="parcours-") as scratch:
        try:
            load_model_set(download_set(client, registered, Path(scratch)))
        except UnusableModelSetError as error:
            return error.problem  # without the temporary folder's name
        except FeatureSetMismatchError as error:
            return str(error)
        except ModelSetRefusedError:  # code that is not allowed here may be where it serves
            pass
    return None


def _put_in_charge(
    settings: TrainingSettings, client: "MlflowClient", registered: RegisteredSet, *, action: str, reason: str,
    is_forced: bool,
) -> None:  # fmt: skip
    if fault := _fault(client, registered):
        raise RegistryError(f"model set {registered.model_set} cannot serve any more: {fault}")
    champion = find_by_alias(client, CHAMPION)
    with tempfile.TemporaryDirectory(prefix="parcours-") as scratch:
        metrics = read_spec(download_set(client, registered, Path(scratch))).metrics
    put_in_charge(client, registered)
    decision = Decision(
        action=action, alias=CHAMPION, registered=registered, replaced=champion.model_set if champion else None,
        is_forced=is_forced, decided_by=getpass.getuser(), metrics=metrics,
        reasons=[Check(check=_BY_HAND, passed=True, reason=reason)],
    )  # fmt: skip
    record_decision(database_url(settings), settings.tenant, decision)
