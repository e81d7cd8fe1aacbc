"""A database that is not there is told in one sentence, and never with its password."""

import pytest

from customer.errors import DatabaseUnreachableError
from profile_api.store.database import connect
from profile_api.store.migrate import migrate
from tests.ports import free_port

pytestmark = pytest.mark.anyio


async def test_an_address_nobody_answers_at_is_named_without_the_password() -> None:
    port = free_port()
    with pytest.raises(
        DatabaseUnreachableError, match=rf"127\.0\.0\.1:{port} cannot be reached \(.*check DATABASE_URL"
    ) as told:
        await connect(f"postgresql://somebody:secret@127.0.0.1:{port}/shop")
    assert "secret" not in str(told.value)


def test_migrating_what_is_not_there_says_the_same() -> None:
    with pytest.raises(DatabaseUnreachableError, match="the database at /nowhere cannot be reached"):
        migrate("postgresql:///shop?host=/nowhere")
