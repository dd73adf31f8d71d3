"""A dialog belongs to who began it: the numbers of dialogs are counted up, so others guess them."""

from typing import Any

from trytond.pool import Pool
from trytond.transaction import Transaction, without_check_access

from sichern.hosts.tryton.module import rights
from sichern_hooks import N_, UsageError


class DialogOver(UsageError):
    """No dialog of that number, or another user's: the two are not told apart."""

    code = "dialog-over"
    message = N_("this dialog is over")
    hint = N_("open it again")


class OwnDialog:
    """A wizard that goes on only for the user who began it."""

    __slots__ = ()

    @classmethod
    def execute(cls, session_id: int, data: dict[str, Any], state_name: str) -> dict[str, Any]:
        """Go on. Raises UserError for a dialog of somebody else."""
        _demand_own(session_id)
        going_on: dict[str, Any] = super().execute(  # type: ignore[misc]
            session_id, data, state_name
        )
        return going_on

    @classmethod
    def delete(cls, session_id: int) -> str | None:
        """End it. Raises UserError for a dialog of somebody else."""
        _demand_own(session_id)
        action: str | None = super().delete(session_id)  # type: ignore[misc]
        return action


def _demand_own(session_id: int) -> None:
    session = Pool().get("ir.session.wizard")
    with rights.telling(), without_check_access():
        if not session.search(
            [("id", "=", session_id), ("create_uid", "=", Transaction().user)]
        ):
            raise DialogOver
