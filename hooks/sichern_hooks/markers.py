"""The two pluggy markers of the project."""

import pluggy

PROJECT = "sichern"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)
