"""`sichern.toml`: which host, which destinations, whom to call."""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from marshmallow import INCLUDE, Schema, ValidationError, fields, post_load
from marshmallow.validate import OneOf

from sichern.i18n import LANGUAGES
from sichern_hooks import N_, Destination, UsageError

DEFAULT = Path("sichern.toml")


class ConfigMissing(UsageError):
    """There is no configuration file."""

    code = "config-missing"
    message = N_("there is no configuration %(path)s")
    hint = N_("write one (the README has an example), or name it with --config")


class ConfigInvalid(UsageError):
    """The configuration cannot be understood."""

    code = "config-invalid"
    message = N_("the configuration %(path)s cannot be read: %(reason)s")
    hint = N_("correct the file; the README has an example")


class ConfigUnfit(UsageError):
    """The configuration is TOML, but not one of ours."""

    code = "config-unfit"
    message = N_("settings in %(path)s are missing, unknown or of a wrong kind: %(settings)s")
    hint = N_("correct the file; the README has an example")


@dataclass(frozen=True, kw_only=True)
class Config:
    """The configuration; relative paths in it are relative to its own folder.

    `host` is the whole `[host]` table: `name` chooses the host, the rest is the host's own.
    """

    path: Path
    host: Mapping[str, Any]
    destinations: tuple[Destination, ...] = ()
    contact: str = ""
    language: str | None = None


class _HostSchema(Schema):
    """The host says itself what it needs beyond its name."""

    class Meta:
        unknown = INCLUDE

    name = fields.Str(required=True)


class _DestinationSchema(Schema):
    path = fields.Str(required=True)
    label = fields.Str()
    marker = fields.Str()
    mounted = fields.Bool()

    @post_load
    def make(self, data: dict[str, Any], **_: object) -> Destination:
        return Destination(**data)


class _ConfigSchema(Schema):
    host = fields.Nested(_HostSchema, required=True)
    destinations = fields.List(fields.Nested(_DestinationSchema))
    contact = fields.Str()
    language = fields.Str(validate=OneOf(LANGUAGES))


def load_config(path: Path) -> Config:
    """Read and check the configuration.

    Raises ConfigMissing, ConfigInvalid, ConfigUnfit.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ConfigMissing(path=str(path)) from None
    except OSError as error:
        raise ConfigInvalid(path=str(path), reason=error.strerror or "") from error
    except ValueError as error:
        raise ConfigInvalid(path=str(path), reason=str(error)) from error
    try:
        loaded = _ConfigSchema().load(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise ConfigInvalid(path=str(path), reason=str(error)) from error
    except ValidationError as error:
        settings = ", ".join(sorted(_names(error.messages_dict)))
        raise ConfigUnfit(path=str(path), settings=settings) from error
    folder = path.resolve().parent
    host = dict(loaded["host"])
    for name in ("config", "path"):
        if isinstance(host.get(name), str):
            host[name] = str(folder / host[name])
    destinations = tuple(
        replace(destination, path=str(folder / destination.path))
        for destination in loaded.get("destinations", ())
    )
    return Config(
        path=path,
        host=host,
        destinations=destinations,
        contact=loaded.get("contact", ""),
        language=loaded.get("language"),
    )


def _names(messages: Mapping[Any, Any], above: str = "") -> Iterator[str]:
    """Name the settings that marshmallow complains of: `destinations.0.path`."""
    for name, below in messages.items():
        if isinstance(below, Mapping):
            yield from _names(below, f"{above}{name}.")
        else:
            yield above.rstrip(".") if name == "_schema" else f"{above}{name}"
