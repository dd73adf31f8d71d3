"""Protocols of imports that are kept on this machine: the pair cannot hold them."""

import logging
import os
from pathlib import Path

from sichern.archive.checked import state_folder
from sichern.report.mail import protocol_json
from sichern_hooks import Report

FOLDER = "imports"

logger = logging.getLogger(__name__)


def keep_protocol(report: Report) -> Path | None:
    """Write the protocol of an import below the state folder, for its owner only.

    None, with a line in the log, where that does not work: the import is done all the same.
    """
    folder = state_folder(os.environ, Path.home()) / FOLDER
    name = f"{report.started.strftime('%Y-%m-%dT%H%M%SZ')}_{report.run[:8]}.json"
    path = folder / name
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.writelines(protocol_json(entry) for entry in report.tenants)
    except OSError as error:
        logger.error("the protocol of run %s could not be kept: %s", report.run, error)
        return None
    return path
